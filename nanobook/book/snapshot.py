"""A picture of the book at one moment: levels, best first, and what they say."""

import struct
from typing import NamedTuple

from nanobook.book.sweep import price_sweep
from nanobook.book.trade import dollars
from nanobook.panel.arrays import as_count
from nanobook.types.side import Side

__all__ = ["BookSnapshot", "LevelSnapshot"]


class _Fields(NamedTuple):
    price: int
    quantity: int
    order_count: int


class LevelSnapshot(tuple):
    """A price and what rests there: a tuple of price, quantity and number of orders.

    Parameters
    ----------
    iterable : iterable of int, default ()
        The three; without them there's no level to read.
    """

    # A tuple without a constructor of its own is made in half the time of a named one.
    __slots__ = ()
    price, quantity, order_count = _Fields.price, _Fields.quantity, _Fields.order_count

    @property
    def price_float(self):
        """The price in currency units of a hundred."""
        return self[0] / 100.0

    def __repr__(self):
        return f"Level(price={dollars(self.price)}, qty={self.quantity}, orders={self.order_count})"


_ROW = struct.Struct("qqq")


class BookSnapshot:
    """The best levels of both sides; changes of the book don't reach it.

    Parameters
    ----------
    bids, asks : iterable of (price, quantity, order_count), default ()
        Levels, best first.
    """

    __slots__ = ("_bids", "_levels")  # how many bids, and all levels packed, bids first

    def __init__(self, bids=(), asks=()):
        bids, asks = list(bids), list(asks)
        self._levels = b"".join(_ROW.pack(*level) for level in (*bids, *asks))
        self._bids = len(bids)

    @classmethod
    def _of(cls, levels, bids):
        """Take packed levels, and how many of them are bids."""
        snapshot = object.__new__(cls)
        snapshot._levels, snapshot._bids = levels, bids
        return snapshot

    @property
    def bids(self):
        """Levels to sell to, the highest price first: a new list of LevelSnapshot."""
        return list(map(LevelSnapshot, _ROW.iter_unpack(self._levels[: self._bids * _ROW.size])))

    @property
    def asks(self):
        """Levels to buy from, the lowest price first: a new list of LevelSnapshot."""
        return list(map(LevelSnapshot, _ROW.iter_unpack(self._levels[self._bids * _ROW.size :])))

    def best_bid(self):
        """Return the highest price bid.

        Returns
        -------
        int or None
            None without bids.
        """
        bids = self.bids
        return bids[0].price if bids else None

    def best_ask(self):
        """Return the lowest price asked.

        Returns
        -------
        int or None
            None without asks.
        """
        asks = self.asks
        return asks[0].price if asks else None

    def total_bid_quantity(self):
        """Return what rests on the levels of bids in this snapshot.

        Returns
        -------
        int
            A sum of quantities.
        """
        return sum(level.quantity for level in self.bids)

    def total_ask_quantity(self):
        """Return what rests on the levels of asks in this snapshot.

        Returns
        -------
        int
            A sum of quantities.
        """
        return sum(level.quantity for level in self.asks)

    def spread(self):
        """Return the best ask less the best bid.

        Returns
        -------
        int or None
            None if a side is empty.
        """
        bids, asks = self.bids, self.asks
        return asks[0].price - bids[0].price if bids and asks else None

    def mid_price(self):
        """Return the middle between the best bid and the best ask.

        Returns
        -------
        float or None
            None if a side is empty.
        """
        bids, asks = self.bids, self.asks
        return (asks[0].price + bids[0].price) / 2 if bids and asks else None

    def imbalance(self):
        """Return the excess of bids over asks as a fraction of both.

        It counts the levels in this snapshot, and so depends on how many were asked for.

        Returns
        -------
        float or None
            From -1, nothing but asks, to 1; None if nothing rests.
        """
        bid, ask = self.total_bid_quantity(), self.total_ask_quantity()
        return (bid - ask) / (bid + ask) if bid + ask else None

    def weighted_mid(self):
        """Return the mid price weighted by the best levels' quantities.

        It leans to the side where less rests, where the price is more likely to go.

        Returns
        -------
        float or None
            None if a side is empty.
        """
        bids, asks = self.bids, self.asks
        if not (bids and asks):
            return None
        bid, ask = bids[0], asks[0]
        weighted = float(ask.quantity) * bid.price + float(bid.quantity) * ask.price
        return weighted / (bid.quantity + ask.quantity)

    def microprice(self, levels=1):
        """Return the mid price weighted by the imbalance of several levels.

        Parameters
        ----------
        levels : int, default 1
            How many levels of each side are counted; with 1 it's `weighted_mid`.

        Returns
        -------
        float or None
            ``I * ask + (1 - I) * bid``, where I is the bids' share of the quantity on the levels
            counted; None if a side is empty.

        Raises
        ------
        RangeError
            If `levels` is below 1.
        ArgumentTypeError
            If it's no integer.

        References
        ----------
        .. [1] Stoikov (2018), "The micro-price: a high-frequency estimator of future prices",
           Quantitative Finance 18(12), section 2: the weighted mid price.
        """
        levels = as_count("levels", levels, least=1)
        bids, asks = self.bids, self.asks
        if not (bids and asks):
            return None
        bid = sum(level.quantity for level in bids[:levels])
        ask = sum(level.quantity for level in asks[:levels])
        weighted = float(ask) * bids[0].price + float(bid) * asks[0].price
        return weighted / (bid + ask)

    def sweep_cost(self, side, quantity):
        """Return what a market order would pay or get on the levels of this snapshot.

        Parameters
        ----------
        side : str or Side
            Of the order: a buy takes asks.
        quantity : int
            How much it's for.

        Returns
        -------
        SweepCost
            Exact sums; less than `quantity` is filled where the levels don't suffice.

        Raises
        ------
        ValidationError
            If `side` names no side.
        ArgumentTypeError
            If an argument is of another kind.
        RangeError
            If `quantity` is below 0.
        """
        side, quantity = Side.parse(side), as_count("quantity", quantity)
        taken = []
        for level in self.asks if side is Side.BUY else self.bids:
            if quantity == 0:
                break
            taken.append((level.price, min(quantity, level.quantity), 0))
            quantity -= taken[-1][1]
        return price_sweep(taken)

    def to_frame(self):
        """Return the levels side by side.

        Returns
        -------
        DataFrame
            A row for each level, the best first, with columns bid_orders, bid_quantity,
            bid_price, ask_price, ask_quantity and ask_orders, of pandas' Int64: missing where one
            side has fewer levels.
        """
        import pandas as pd

        columns = {}
        for name, levels in (("bid", self.bids), ("ask", self.asks)):
            for at, what in enumerate(("price", "quantity", "orders")):
                values = [level[at] for level in levels]
                columns[f"{name}_{what}"] = pd.Series(values, dtype="Int64")
        order = ["bid_orders", "bid_quantity", "bid_price", "ask_price", "ask_quantity"]
        frame = pd.DataFrame(columns)[[*order, "ask_orders"]]
        return frame.rename_axis("level")

    def __eq__(self, other):
        if not isinstance(other, BookSnapshot):
            return NotImplemented
        return self._bids == other._bids and self._levels == other._levels

    def __hash__(self):
        return hash((self._bids, bytes(self._levels)))

    def __getstate__(self):
        return self._bids, bytes(self._levels)

    def __setstate__(self, state):
        self._bids, self._levels = state

    def __repr__(self):
        asks = len(self._levels) // _ROW.size - self._bids
        return f"BookSnapshot(bids={self._bids}, asks={asks})"
