"""What a rebuilt feed was seen to be: samples of books, trades, and what was counted."""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.itch.handover import exchange_of
from nanobook.itch.messages import add_times, categories
from nanobook.itch.statistics import statistics_frame
from nanobook.panel.arrays import as_integer

__all__ = ["ItchReplay"]

_PRICE_UNIT = 1e4
_COLUMNS = ("bid_price", "bid_quantity", "ask_price", "ask_quantity")
_TRADE_COLUMNS = ("quantity", "aggressor_side", "reference", "match")


class ItchReplay:
    """Samples of books, and the trades, of a feed that was replayed; `replay_itch` makes them.

    Parameters
    ----------
    taken, whole : dict of ndarray
        samples, levels, trades and orders that were written, and the arrays they're views of.
    names : ndarray of shape (65536,)
        Symbols by locate code, as far as they are known.
    symbols, live : ndarray
        What was counted of each symbol, and how many of its orders rest.
    outcome : Outcome
        How reading went; its fields are attributes here: counts, malformed, packets, times, status.
    date : Timestamp, optional
        The day, if it's known.

    Attributes
    ----------
    orders : ndarray
        Where all orders were asked for, those that rested at each sample: row (of the samples),
        side (+1 or -1), price, reference, quantity; bids first, the next to trade first.
    trades : ndarray
        message, timestamp_ns, locate, price (1/10000), quantity, aggressor_side (+1 a buyer, -1 a
        seller, 0 where the feed doesn't say: trades against orders that weren't shown, and
        crosses), reference of the order that rested, match number, printable (0 where the
        exchange leaves it out of its volume), broken (1 if it was taken back later), kind: the
        message's letter.
    """

    def __init__(self, taken, whole, names, symbols, live, outcome, date=None):
        self._samples, self._levels = taken["samples"], taken["levels"]
        self.orders, self.trades = taken["orders"], taken["trades"]
        self._whole, self._names, self._date = whole, names, date
        self._symbols, self._live = symbols, live
        self.counts, self.malformed, self.packets, self.times, self.status = outcome

    @property
    def statistics(self):
        """What was counted since the books were made: a frame with a row for each symbol seen.

        Columns are locate, messages by type's letter (``?`` for those of no type known, or too
        short for theirs), what was passed over (``unknown_references``, ``duplicate_references``,
        ``malformed``), after how many messages the book was ``locked`` or ``crossed``, and how
        many ``orders`` rest at the end.
        """
        return statistics_frame(self._names, self._symbols, self._live)

    @property
    def message(self):
        """The last message of each sample, counted from 0: shape (M,)."""
        return self._samples["message"]

    @property
    def timestamp_ns(self):
        """When each was taken, in nanoseconds since midnight: shape (M,)."""
        return self._samples["timestamp_ns"]

    @property
    def locate(self):
        """Whose book each shows, as the feed's code: shape (M,)."""
        return self._samples["locate"]

    @property
    def bid_price(self):
        """Prices of bids in 1/10000, best first, 0 where there's none: shape (M, levels)."""
        return self._levels[:, 0]

    @property
    def bid_quantity(self):
        """Shares that rest at them: shape (M, levels)."""
        return self._levels[:, 1]

    @property
    def ask_price(self):
        """Prices of asks in 1/10000, best first, 0 where there's none: shape (M, levels)."""
        return self._levels[:, 2]

    @property
    def ask_quantity(self):
        """Shares that rest at them: shape (M, levels)."""
        return self._levels[:, 3]

    @property
    def symbols(self):
        """Symbols by locate code, as far as the feed has said them: a dict."""
        known = np.flatnonzero(self._names)
        return {int(code): self._names[code].decode("ascii", "replace") for code in known}

    def to_frame(self, currency=False):
        """Return the samples as a frame.

        Parameters
        ----------
        currency : bool, default False
            Whether prices are floats in currency units, NaN where there's none, instead of
            integers in 1/10000, 0 where there's none.

        Returns
        -------
        DataFrame
            A row for each, indexed by time, with message, symbol, bid_price_1, bid_quantity_1,
            ask_price_1, ask_quantity_1, and those of further levels.
        """
        import pandas as pd

        columns = {
            "message": self.message,
            "timestamp_ns": self.timestamp_ns,
            "symbol": categories(self._names, self.locate),
        }
        for level in range(self._levels.shape[2]):
            for name in _COLUMNS:
                values = getattr(self, name)[:, level]
                if currency and name.endswith("price"):
                    none = getattr(self, name.replace("price", "quantity"))[:, level] == 0
                    values = np.where(none, np.nan, values / _PRICE_UNIT)
                columns[f"{name}_{level + 1}"] = values
        return add_times(pd.DataFrame(columns), self._date)

    def trades_frame(self):
        """Return the trades as a frame.

        Returns
        -------
        DataFrame
            A row for each, indexed by time: message, symbol, price (1/10000), price_float,
            quantity, aggressor_side, reference, match, printable, broken, kind.
        """
        import pandas as pd

        trades = self.trades
        columns = {
            "message": trades["message"],
            "timestamp_ns": trades["timestamp_ns"],
            "symbol": categories(self._names, trades["locate"]),
            "price": trades["price"],
            "price_float": trades["price"] / _PRICE_UNIT,
            **{name: trades[name] for name in _TRADE_COLUMNS},
            "printable": trades["printable"] != 0,
            "broken": trades["broken"] != 0,
            "kind": pd.Categorical(trades["kind"].astype("U1")),
        }
        return add_times(pd.DataFrame(columns), self._date)

    def to_exchange(self, row, **options):
        """Return an exchange in which the orders of a sample rest.

        Parameters
        ----------
        row : int
            Of the samples; negative ones count from the end.
        **options
            What `Exchange` takes.

        Returns
        -------
        Exchange
            Prices in 1/10000; each order's tag is the feed's reference, as an int64.

        Raises
        ------
        ArgumentTypeError
            If `row` isn't an integer.
        RangeError
            If there's no such sample.
        ValidationError
            If the orders weren't asked for, or the book is locked or crossed.
        """
        count = len(self)
        row = as_integer("row", row, least=-count, most=count - 1) % max(count, 1)
        if "orders" not in self._whole or not len(self._whole["orders"]):
            raise ValidationError("to_exchange needs the orders: replay with orders=True")
        return exchange_of(self.orders[self.orders["row"] == row], **options)

    def _give_back(self):
        """Give the arrays away; what's left is an empty replay."""
        whole, self._whole = self._whole, {}
        self._samples, self._levels = self._samples[:0].copy(), self._levels[:0].copy()
        self.orders, self.trades = self.orders[:0].copy(), self.trades[:0].copy()
        return whole

    def __len__(self):
        return len(self._samples)

    def __eq__(self, other):
        if not isinstance(other, ItchReplay):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("_samples", "_levels", "orders", "trades", "_symbols", "_live")
        )

    __hash__ = None

    def __repr__(self):
        return (
            f"ItchReplay({len(self)} samples x {self._levels.shape[2]} levels,"
            f" {len(self.trades)} trades; {self.status})"
        )
