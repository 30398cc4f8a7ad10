"""Whole streams of messages: one compiled call, results and trades as arrays."""

import numpy as np

from nanobook.book.arrays import copied
from nanobook.book.batch import run
from nanobook.book.messages import as_messages
from nanobook.book.rules import check_messages
from nanobook.errors import ValidationError
from nanobook.panel.arrays import as_count
from nanobook.types.codes import ERRORS
from nanobook.types.order_status import OrderStatus
from nanobook.types.records import MESSAGE, ORDER_RESULT

__all__ = ["BookSamples", "Plan", "ProcessResult", "process", "trades_frame"]

#: Resting orders and levels that a stream is given room for before it needs it; a stream of fewer
#: than so many messages rather waits for the little it needs.
_FORESEEN, _MANY = 2_048, 16

_SIDES = np.array(["sell", "", "buy"], object)

#: Words for the statuses of results: code -1 first.
_STATUSES = ("Rejected", *(OrderStatus.from_code(code).display_name for code in range(6)))


class BookSamples:
    """The best levels of a book after every so many messages.

    Attributes
    ----------
    message : ndarray of shape (M,)
        The message each row was taken after, counted from 0.
    bid_price, bid_quantity, ask_price, ask_quantity : ndarray of shape (M, levels)
        Integers, the best level first; 0 where there's none.
    """

    __slots__ = ("_table", "message")

    def __init__(self, message, table):
        """Wrap what a kernel sampled; `Exchange.process` does that.

        Parameters
        ----------
        message : ndarray of shape (M,)
            The message each row was taken after, counted from 0.
        table : ndarray of shape (M, 4, levels)
            Prices and quantities of bids, then of asks.
        """
        self.message = message
        self._table = table

    @property
    def bid_price(self):
        """Prices of bids, best first."""
        return self._table[:, 0]

    @property
    def bid_quantity(self):
        """What rests at them."""
        return self._table[:, 1]

    @property
    def ask_price(self):
        """Prices of asks, best first."""
        return self._table[:, 2]

    @property
    def ask_quantity(self):
        """What rests at them."""
        return self._table[:, 3]

    @property
    def imbalance(self):
        """Excess of bids over asks as a fraction of both, on the levels sampled; NaN if empty."""
        bid = self.bid_quantity.sum(axis=1, dtype=np.float64)
        ask = self.ask_quantity.sum(axis=1, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            return (bid - ask) / (bid + ask)

    def __len__(self):
        return len(self.message)

    def __eq__(self, other):
        if not isinstance(other, BookSamples):
            return NotImplemented
        return np.array_equal(self.message, other.message) and np.array_equal(
            self._table, other._table
        )

    __hash__ = None

    def to_frame(self):
        """Return the samples as a frame.

        Returns
        -------
        DataFrame
            A row for each, indexed by message, with bid_price_1, bid_quantity_1, ask_price_1 and
            ask_quantity_1, then those of further levels, and imbalance.
        """
        import pandas as pd

        columns = {
            f"{name}_{level + 1}": getattr(self, name)[:, level]
            for level in range(self._table.shape[2])
            for name in ("bid_price", "bid_quantity", "ask_price", "ask_quantity")
        }
        columns["imbalance"] = self.imbalance
        return pd.DataFrame(columns, index=pd.Index(self.message, name="message"))

    def __repr__(self):
        return f"BookSamples({len(self)} x {self._table.shape[2]} levels)"


class ProcessResult:
    """What a stream of messages came to.

    Parameters
    ----------
    results : ndarray of ORDER_RESULT or None
        A row for each message; None if they weren't asked for.
    trades : ndarray of TRADE
        All trades made, in the order of execution.
    samples : BookSamples, optional
        What was sampled.
    """

    __slots__ = ("results", "samples", "trades")

    def __init__(self, results, trades, samples=None):
        self.results, self.trades, self.samples = results, trades, samples

    def __len__(self):
        return len(self.results) if self.results is not None else 0

    def __eq__(self, other):
        if not isinstance(other, ProcessResult):
            return NotImplemented
        return (
            np.array_equal(self.results, other.results)
            and np.array_equal(self.trades, other.trades)
            and self.samples == other.samples
        )

    __hash__ = None

    def to_frame(self):
        """Return the results as a frame.

        Returns
        -------
        DataFrame
            A row for each message, with order_id, status and error in words, trade_count,
            filled, resting and cancelled.

        Raises
        ------
        ValidationError
            If results weren't asked for.
        """
        import pandas as pd

        if self.results is None:
            raise ValidationError("results must have been asked for: process(..., results=True)")
        columns = {name: self.results[name] for name in ORDER_RESULT.names}
        status = self.results["status"].astype(np.int64) + 1
        columns["status"] = pd.Categorical.from_codes(status, _STATUSES)
        columns["error"] = pd.Categorical.from_codes(self.results["error"], ERRORS)
        return pd.DataFrame(columns).rename_axis("message")

    def trades_frame(self):
        """Return the trades as a frame.

        Returns
        -------
        DataFrame
            A row for each, indexed by trade_id, with the side of the aggressor as a word.
        """
        return trades_frame(self.trades)

    def __repr__(self):
        return f"ProcessResult(messages={len(self)}, trades={len(self.trades)})"


def trades_frame(trades):
    """Return rows of TRADE as a frame.

    Parameters
    ----------
    trades : ndarray of TRADE
        Trades.

    Returns
    -------
    DataFrame
        A row for each, indexed by trade_id, with the side of the aggressor as a word.
    """
    import pandas as pd

    columns = {name: trades[name] for name in trades.dtype.names if name != "trade_id"}
    columns["aggressor_side"] = _SIDES[trades["aggressor_side"] + 1]
    return pd.DataFrame(columns, index=pd.Index(trades["trade_id"], name="trade_id"))


class Plan:
    """A stream that has been looked through, and the arrays that take what it comes to.

    Kernels are told of it in numbers: `numbers` are address, size and count of the messages and
    the address of the results, 0 for none; `sampling` says after how many messages a sample is
    taken, 0 for never, how many levels it has, and where it goes.
    """

    def __init__(self, messages, strict, results, every, levels):
        self.messages = as_messages(messages)
        self.every = 0 if every is None else as_count("every", every, least=1)
        levels = as_count("levels", levels, least=1)
        self.ids, self.quantity = check_messages(self.messages, strict)
        count = len(self.messages)
        self.results = np.empty(count, ORDER_RESULT) if results else None
        rows = count // self.every if self.every else 0
        self.sampled = np.empty((rows, 4, levels), np.int64)
        results_at = self.results.ctypes.data if results else 0
        self.numbers = self.messages.ctypes.data, self.messages.itemsize, count, results_at
        self.sampling = self.every, levels, self.sampled.ctypes.data if self.every else 0

    def prepare(self, store):
        """Give a store the room that can be foreseen.

        Parameters
        ----------
        store : Store
            The one that the stream is to run through.
        """
        if len(self.messages) < _MANY:
            return
        rows = self.messages.itemsize // MESSAGE.itemsize
        store.make_room(
            ids=max(1, self.ids),
            events=2 + rows * len(self.messages),
            resting=min(_FORESEEN, 1 + self.ids),
        )

    def act(self, store, start=0, stop=None):
        """Run messages through a store, which gets the room that they wait for.

        Parameters
        ----------
        store : Store
            The book.
        start : int, default 0
            The first message.
        stop : int, optional
            The one behind the last; all are run by default.
        """
        place, size, count, results_at = self.numbers
        at, stop = start, count if stop is None else stop
        while True:
            at = run(store.address, place, size, at, stop, results_at, *self.sampling)
            if at == stop:
                return
            store.give_room()

    def result(self, trades):
        """Return what it came to.

        Parameters
        ----------
        trades : ndarray of TRADE
            The trades made.

        Returns
        -------
        ProcessResult
            They, with the results and samples that kernels wrote here.
        """
        samples = None
        if self.every:
            message = np.arange(1, len(self.sampled) + 1, dtype=np.int64) * self.every - 1
            samples = BookSamples(message, self.sampled)
        return ProcessResult(self.results, trades, samples)


def process(store, messages, strict, results, every, levels):
    """Run a stream of messages through a store.

    Parameters
    ----------
    store : Store
        The book.
    messages : ndarray of MESSAGE or EXTENDED_MESSAGE, or DataFrame
        As `as_messages` takes them.
    strict : bool
        Whether zero quantities and prices that aren't positive are refused.
    results : bool
        Whether a result for each message is wanted.
    every : int or None
        Sample the best levels after each so many messages; None for no samples.
    levels : int
        How many levels of each side a sample has.

    Returns
    -------
    ProcessResult
        What it came to.

    Raises
    ------
    ArgumentTypeError
        If an argument is of another kind.
    RangeError
        If a number is out of its range.
    ValidationError
        If a message breaks a rule; nothing has been done then.
    """
    plan = Plan(messages, strict, results, every, levels)
    plan.prepare(store)
    first = int(store.header["trades"])
    plan.act(store)
    return plan.result(copied(store.trades[first:]))
