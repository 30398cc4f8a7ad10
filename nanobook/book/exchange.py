"""The exchange: one order book with its history, a method at a time or a stream at once."""

import struct
from collections.abc import Sequence
from functools import cache

import numpy as np

from nanobook.book.alone import (
    BAD_ID,
    CANCEL_WAITS,
    HIT_SHIFT,
    WAITS,
    cancel_alone,
    modify_alone,
    submit_alone,
)
from nanobook.book.arguments import (
    as_bar_trades,
    as_limit_order,
    as_owner,
    as_period,
    as_policy,
    as_price,
    as_quantity,
    as_trail,
    as_trail_value,
    check_strictly,
    check_text,
    too_much,
)
from nanobook.book.arrays import copied
from nanobook.book.bars import read_average
from nanobook.book.batch import run
from nanobook.book.events import events_of, messages_of_events
from nanobook.book.files import load_store, save_store
from nanobook.book.groups import refresh_stops
from nanobook.book.header import ASKS, AVERAGE, BIDS, HEADER
from nanobook.book.messages import as_messages, messages_frame
from nanobook.book.order import Order, QueuePosition, stop_words, stops_frame
from nanobook.book.process import process, trades_frame
from nanobook.book.replay import run_log, unpack
from nanobook.book.results import (
    CancelAllResult,
    CancelResult,
    ModifyResult,
    StopSubmitResult,
    SubmitResult,
)
from nanobook.book.snapshot import BookSnapshot
from nanobook.book.store import Store
from nanobook.book.sweep import price_sweep
from nanobook.book.trade import dollars, trades_of
from nanobook.book.views import (
    LEVEL_ROW,
    look,
    place_in_queue,
    write_depth,
    write_levels,
    write_sweep,
)
from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.jit import entry_point
from nanobook.panel.arrays import as_count, as_integer
from nanobook.panel.frames import is_frame
from nanobook.types.codes import (
    BARS,
    CANCEL_ALL,
    FOK,
    GTC,
    IOC,
    LIMIT,
    MARKET,
    NO_OWNER,
    PENDING,
    POLICIES,
    POLICY,
    POST_ONLY,
    QUANTITY_OVERFLOW,
    REDUCE,
    STOP_LIMIT,
    STOP_MARKET,
    TRAILING_STOP_LIMIT,
    TRAILING_STOP_MARKET,
)
from nanobook.types.records import EXTENDED_MESSAGE, ORDER_STATE
from nanobook.types.side import Side
from nanobook.types.time_in_force import TimeInForce

__all__ = ["Exchange"]

# Plain ints: what they are compared with and passed to wants no NumPy scalars.
_LIMIT, _MARKET, _IOC = int(LIMIT), int(MARKET), int(IOC)
_WAITS, _CANCEL_WAITS, _BAD_ID = int(WAITS), int(CANCEL_WAITS), int(BAD_ID)
_OVERFLOW = int(QUANTITY_OVERFLOW)
_SIDES = {word: side.code for word, side in (("buy", Side.BUY), ("sell", Side.SELL))}
_TIFS = {"gtc": int(GTC), "ioc": int(IOC), "fok": int(FOK)}
_MARKET_PRICES = {1: np.iinfo(np.int64).max, -1: np.iinfo(np.int64).min}
_MARKET_PRICES = {side: int(price) for side, price in _MARKET_PRICES.items()}
_MOST_ID = np.iinfo(np.int64).max

#: In place of an answer: an argument isn't as it mostly is, and is to be looked at properly.
_LOOK_AGAIN = (0,)

#: Where the header has what is read without a kernel, in words.
_HAS, _LAST_PRICE, _TRADED = (HEADER.fields[n][1] // 8 for n in ("has", "last_price", "traded"))
_BID = (HEADER.fields["sides"][1] + 8) // 8
_ASK = _BID + HEADER["sides"].subdtype[0].itemsize // 8

#: An ORDER_STATE as a tuple.
_ORDER = struct.Struct(f"{len(ORDER_STATE)}q")

_new, _LEVEL_SIZE, _LOW_HALF = object.__new__, LEVEL_ROW.itemsize, 0xFFFF_FFFF

#: Levels of both sides that an exchange's own scratch memory takes.
_SCRATCH = 32


@cache
def _entry_points():
    """Load or compile the kernels behind single calls."""
    kernels = (submit_alone, 6), (cancel_alone, 2), (modify_alone, 4), (write_depth, 3), (look, 3)
    return [entry_point(kernel, count) for kernel, count in kernels]


class Exchange:
    """A limit order book with price-time priority, and everything that happened in it.

    Prices are integers in the smallest unit of currency; anything in the range of int64 will do.
    Quantities are integers from 0 to 2**63 - 1, and so is the sum of all that rests. Time is
    logical: every order and every trade takes a tick. An exchange isn't safe to change from
    two threads at once; it can be copied, pickled and compared (logs aren't compared).

    Parameters
    ----------
    strict : bool, default False
        Whether orders of quantity 0 and limit prices below 1 are refused.
    record_events : bool, default True
        Whether every message is kept in a log.
    self_trade_prevention : str, default "off"
        What happens when an order would trade with one of the same owner: ``"off"``,
        ``"cancel_newest"``, ``"cancel_oldest"`` or ``"decrement_and_cancel"``.
    bar_trades : int, optional
        How many consecutive trades make a bar, for average true ranges, from the first trade on.
        If it's left out no bars are built until a trailing stop of type ``"true_atr"`` is
        submitted; from there on 100 trades make one.

    Raises
    ------
    ArgumentTypeError
        If `bar_trades` isn't an integer.
    RangeError
        If it's below 1.
    ValidationError
        If `self_trade_prevention` names no policy.

    Examples
    --------
    >>> exchange = Exchange()
    >>> exchange.submit_limit("sell", 101_00, 50)
    SubmitResult(order_id=1, status='New', filled=0, resting=50, cancelled=0, trades=0)
    >>> exchange.submit_market("buy", 20)
    SubmitResult(order_id=2, status='Filled', filled=20, resting=0, cancelled=0, trades=1)
    >>> exchange.best_bid_ask()
    (None, 10100)
    """

    __slots__ = (
        "_book",
        "_cancel",
        "_look",
        "_modify",
        "_scratch",
        "_scratch_at",
    )
    __slots__ += ("_store", "_submit", "_words", "_write_depth", "__weakref__")

    def __init__(
        self, *, strict=False, record_events=True, self_trade_prevention="off", bar_trades=None
    ):
        bar_trades = None if bar_trades is None else as_bar_trades(bar_trades)
        self._take(Store(bool(record_events), bool(strict)))
        if as_policy(self_trade_prevention) != 0:
            self.self_trade_prevention = self_trade_prevention
        if bar_trades is not None:
            self._act(kind=BARS, quantity=bar_trades)

    def _take(self, store):
        """Take a store as this exchange's own."""
        self._store, self._book = store, store.address
        self._words = memoryview(store.header.reshape(1).view(np.int64))
        self._scratch = bytearray(max(2 * _SCRATCH * _LEVEL_SIZE, _ORDER.size))
        self._scratch_at = np.frombuffer(self._scratch, np.uint8).ctypes.data
        points = _entry_points()
        self._submit, self._cancel, self._modify, self._write_depth, self._look = points

    # ---- orders ------------------------------------------------------------------------------

    def submit_limit(self, side, price, quantity, tif="gtc", owner=None, tag=0, post_only=False):
        """Submit a limit order.

        Parameters
        ----------
        side : str or Side
            ``"buy"`` or ``"sell"``, or their first letters, in any case.
        price : int
            The worst price it may trade at.
        quantity : int
            How much; 0 counts as filled at once.
        tif : str or TimeInForce, default "gtc"
            ``"gtc"`` rests until cancelled; ``"ioc"`` trades what it can at once; ``"fok"``
            trades whole at once or not at all.
        owner : int, optional
            Whose it is, from 0 on, for the prevention of self-trades.
        tag : int, default 0
            What the client calls it.
        post_only : bool, default False
            Whether it's cancelled rather than trade at once.

        Returns
        -------
        SubmitResult
            Its id, status, quantities and own trades.

        Raises
        ------
        ArgumentTypeError
            If an argument is of another kind.
        RangeError
            If a number is out of its range, or more would rest than the range of int64 holds.
        ValidationError
            If a word isn't known, or `post_only` comes with another `tif` than gtc.

        References
        ----------
        .. [1] The original's order book, sections 4 and 5 of its specification.
        """
        if owner is None and tag == 0 and not post_only:
            if price.__class__ is int and quantity.__class__ is int:
                try:
                    numbers = self._submit(
                        self._book, _LIMIT, _SIDES[side], price, quantity, _TIFS[tif]
                    )
                except (KeyError, TypeError, OverflowError):
                    numbers = _LOOK_AGAIN
                if numbers[0] > 0:
                    result = SubmitResult()
                    result._numbers = numbers
                    if numbers[6]:
                        result._tape = self._store.arrays["trades"]
                    return result
            side, price, quantity, tif = as_limit_order(side, price, quantity, tif)
            return self._submit_slowly(_LIMIT, side, price, quantity, tif)
        side, price, quantity, tif = as_limit_order(side, price, quantity, tif)
        if post_only and tif != GTC:
            raise ValidationError("post_only must come with tif 'gtc': nothing else can rest")
        return self._submit_labelled(_LIMIT, side, price, quantity, tif, owner, tag, post_only)

    def submit_market(self, side, quantity, owner=None, tag=0):
        """Submit a market order: it trades what it can at any price, and the rest is cancelled.

        Parameters
        ----------
        side : str or Side
            ``"buy"`` or ``"sell"``, or their first letters, in any case.
        quantity : int
            How much.
        owner : int, optional
            Whose it is, for the prevention of self-trades.
        tag : int, default 0
            What the client calls it.

        Returns
        -------
        SubmitResult
            Its id, status, quantities and own trades.

        Raises
        ------
        ArgumentTypeError
            If an argument is of another kind.
        RangeError
            If a number is out of its range.
        ValidationError
            If `side` isn't known.
        """
        if owner is None and tag == 0 and quantity.__class__ is int:
            try:
                sign = _SIDES[side]
                price = _MARKET_PRICES[sign]
                numbers = self._submit(self._book, _MARKET, sign, price, quantity, _IOC)
            except (KeyError, TypeError, OverflowError):
                numbers = _LOOK_AGAIN
            if numbers[0] > 0:
                result = SubmitResult()
                result._numbers = numbers
                if numbers[6]:
                    result._tape = self._store.arrays["trades"]
                return result
        check_text("side", side)
        quantity = as_quantity(quantity)
        side = Side.parse(side).code
        if owner is None and tag == 0:
            return self._submit_slowly(_MARKET, side, _MARKET_PRICES[side], quantity, _IOC)
        return self._submit_labelled(_MARKET, side, 0, quantity, _IOC, owner, tag, False)

    def try_submit_limit(self, side, price, quantity, tif="gtc"):
        """Submit a limit order whose quantity and price must be positive.

        Parameters
        ----------
        side : str or Side
            ``"buy"`` or ``"sell"``.
        price : int
            The worst price it may trade at, at least 1.
        quantity : int
            How much, at least 1.
        tif : str or TimeInForce, default "gtc"
            As in `submit_limit`.

        Returns
        -------
        SubmitResult
            Its id, status, quantities and own trades.

        Raises
        ------
        ArgumentTypeError
            If an argument is of another kind.
        RangeError
            If a number is out of the range of its kind.
        ValidationError
            If `quantity` or `price` isn't positive, or a word isn't known; nothing is recorded.
        """
        sign, price, quantity, _ = as_limit_order(side, price, quantity, tif)
        check_strictly(quantity, price)
        return self.submit_limit(Side.from_code(sign), price, quantity, tif)

    def try_submit_market(self, side, quantity):
        """Submit a market order whose quantity must be positive.

        Parameters
        ----------
        side : str or Side
            ``"buy"`` or ``"sell"``.
        quantity : int
            How much, at least 1.

        Returns
        -------
        SubmitResult
            Its id, status, quantities and own trades.

        Raises
        ------
        ArgumentTypeError
            If an argument is of another kind.
        RangeError
            If `quantity` is out of the range of its kind.
        ValidationError
            If `quantity` isn't positive, or `side` isn't known; nothing is recorded.
        """
        check_text("side", side)
        quantity = as_quantity(quantity)
        side = Side.parse(side)
        check_strictly(quantity)
        return self.submit_market(side, quantity)

    def cancel(self, order_id):
        """Cancel a resting order.

        Parameters
        ----------
        order_id : int
            Its id.

        Returns
        -------
        CancelResult
            What remained of it; or OrderNotFound, OrderNotActive.

        Raises
        ------
        ArgumentTypeError
            If `order_id` isn't an integer.
        RangeError
            If it's negative.
        """
        if order_id.__class__ is not int:
            order_id = as_count("order_id", order_id)
        try:
            number = self._cancel(self._book, order_id)
        except OverflowError:
            number = _BAD_ID
        if number <= _CANCEL_WAITS:
            as_count("order_id", order_id)
            while number == _CANCEL_WAITS:
                self._store.give_room()
                number = self._cancel(self._book, order_id)
        result = CancelResult()
        result._number = number
        return result

    def modify(self, order_id, new_price, new_quantity):
        """Cancel a resting order and submit another in its place, at the back of the queue.

        Parameters
        ----------
        order_id : int
            Its id.
        new_price : int
            The price of the replacement.
        new_quantity : int
            The whole quantity of the replacement, whatever the old order has traded.

        Returns
        -------
        ModifyResult
            The new id, what remained of the old order, and the replacement's own trades; or
            InvalidQuantity, OrderNotFound, OrderNotActive.

        Raises
        ------
        ArgumentTypeError
            If an argument isn't an integer.
        RangeError
            If a number is out of its range, or more would rest than the range of int64 holds.

        See Also
        --------
        reduce : Makes an order smaller and keeps its place.
        """
        if not (order_id.__class__ is new_price.__class__ is new_quantity.__class__ is int):
            order_id, new_price = as_count("order_id", order_id), as_price(new_price, "new_price")
            new_quantity = as_quantity(new_quantity, "new_quantity")
        try:
            numbers = self._modify(self._book, order_id, new_price, new_quantity)
            while numbers[0] == _WAITS:
                self._store.give_room()
                numbers = self._modify(self._book, order_id, new_price, new_quantity)
        except OverflowError:
            numbers = (0, 0)
        if numbers[0] == 0 and numbers[1] in (0, _OVERFLOW):
            as_count("order_id", order_id)
            as_price(new_price, "new_price")
            as_quantity(new_quantity, "new_quantity")
            self._check_strictly(1, new_price)
            raise too_much("new_quantity", new_quantity, self._store)
        result = ModifyResult()
        result._numbers = (*numbers, order_id)
        if numbers[6]:
            result._tape = self._store.arrays["trades"]
        return result

    def reduce(self, order_id, quantity):
        """Take some quantity off a resting order, which keeps its place in the queue.

        Parameters
        ----------
        order_id : int
            Its id.
        quantity : int
            How much less it shall be; what remains or more cancels it.

        Returns
        -------
        CancelResult
            What was taken off; or InvalidQuantity for 0, OrderNotFound, OrderNotActive.

        Raises
        ------
        ArgumentTypeError
            If an argument isn't an integer.
        RangeError
            If one is negative.
        """
        order_id, quantity = as_count("order_id", order_id), as_quantity(quantity)
        numbers = self._act(kind=REDUCE, order_id=order_id, quantity=quantity)
        return CancelResult._of(-1 - numbers[7] if numbers[7] else numbers[4])

    def cancel_all(self, side=None, owner=None):
        """Cancel all resting orders of a side and an owner.

        Parameters
        ----------
        side : str or Side, optional
            Only this side's.
        owner : int, optional
            Only this owner's.

        Returns
        -------
        CancelAllResult
            How many orders, and what remained of them.

        Raises
        ------
        ArgumentTypeError
            If an argument is of another kind.
        RangeError
            If `owner` is out of its range.
        ValidationError
            If `side` isn't known.
        """
        sign = 0 if side is None else Side.parse(side).code
        numbers = self._act(kind=CANCEL_ALL, side=sign, owner=as_owner(owner))
        return CancelAllResult(numbers[6], numbers[4])

    @property
    def self_trade_prevention(self):
        """What happens when an order would trade with one of the same owner; can be set.

        ``"off"``: they trade. ``"cancel_newest"``: what is left of the incoming order is
        cancelled. ``"cancel_oldest"``: the resting order is cancelled and the incoming one goes
        on. ``"decrement_and_cancel"``: as cancel_newest where the incoming order is the smaller,
        otherwise as cancel_oldest (and, as in the original, nothing is decremented).
        """
        return POLICIES[int(self._store.header["policy"])]

    @self_trade_prevention.setter
    def self_trade_prevention(self, policy):
        self._act(kind=POLICY, quantity=as_policy(policy))

    @property
    def bar_trades(self):
        """How many consecutive trades make a bar; None as long as no bars are built."""
        return int(self._store.header["bar_trades"]) or None

    def process(self, messages, *, results=True, every=None, levels=1):
        """Run a stream of messages in one compiled call.

        It does what the methods would do if called one by one, and so it doesn't matter how a
        stream is cut. What a method would refuse because too much would rest is a result with the
        error QuantityOverflow.

        Parameters
        ----------
        messages : ndarray of MESSAGE or EXTENDED_MESSAGE, or DataFrame
            With columns kind (limit, market, cancel, modify, reduce, cancel_all, policy), side,
            price, quantity, tif, order_id, and maybe owner, tag and post_only; stop orders' kinds
            have columns of their own, and kind bars, with the trades of one as its quantity,
            begins anew with bars.
        results : bool, default True
            Whether a result for each message is wanted.
        every : int, optional
            Sample the best levels after each so many messages.
        levels : int, default 1
            How many levels of each side a sample has.

        Returns
        -------
        ProcessResult
            Results, trades and samples, as struct arrays and as frames.

        Raises
        ------
        ArgumentTypeError
            If an argument is of another kind.
        RangeError
            If a number is out of its range.
        ValidationError
            If a message breaks a rule; the text names the row, and nothing has been done.

        Examples
        --------
        >>> import pandas as pd
        >>> messages = pd.DataFrame(
        ...     {"kind": ["limit", "market"], "side": ["sell", "buy"], "price": [100, 0],
        ...      "quantity": [5, 3]}
        ... )
        >>> result = Exchange().process(messages)
        >>> result
        ProcessResult(messages=2, trades=1)
        >>> result.to_frame()[["status", "filled", "resting"]].to_numpy().tolist()
        [['New', 0, 5], ['Filled', 3, 0]]
        """
        strict = bool(self._store.header["strict"])
        return process(self._store, messages, strict, bool(results), every, levels)

    def _submit_slowly(self, kind, side, price, quantity, tif):
        """Submit what the first attempt found no room for, or raise what it was refused for."""
        numbers = self._submit(self._book, kind, side, price, quantity, tif)
        while numbers[0] == _WAITS:
            self._store.give_room()
            numbers = self._submit(self._book, kind, side, price, quantity, tif)
        if numbers[0] == 0:
            self._check_strictly(quantity, price if kind == _LIMIT else 1)
            raise too_much("quantity", quantity, self._store)
        return SubmitResult._of(numbers, self._store.arrays["trades"])

    def _submit_labelled(self, kind, side, price, quantity, tif, owner, tag, post_only):
        """Submit an order that has an owner, a tag or flags."""
        owner, tag = as_owner(owner), as_integer("tag", tag)
        self._check_strictly(quantity, price if kind == _LIMIT else 1)
        flags = POST_ONLY if post_only else 0
        message = {"kind": kind, "side": side, "price": price, "quantity": quantity, "tif": tif}
        numbers = self._act(**message, owner=owner, tag=tag, flags=flags)
        if numbers[0] == 0:
            raise too_much("quantity", quantity, self._store)
        return SubmitResult._of(numbers[:7], self._store.arrays["trades"])

    def _check_strictly(self, quantity, price):
        if self._store.header["strict"]:
            check_strictly(quantity, price)

    def _act(self, **fields):
        """Do what a message with these fields says."""
        message = np.zeros(1, EXTENDED_MESSAGE)
        message["owner"] = NO_OWNER
        for name, value in fields.items():
            message[name] = value
        place, size = message.ctypes.data, message.itemsize
        first = int(self._store.header["trades"])
        while run(self._book, place, size, 0, 1, 0, 0, 1, 0) == 0:
            self._store.give_room()
        result = self._store.header["result"]
        status = int(result["status"]) + (int(result["cascade_limit_hit"]) << HIT_SHIFT)
        quantities = (int(result[name]) for name in ("filled", "resting", "cancelled"))
        counts = first, int(result["trade_count"]), int(result["error"])
        return (int(result["order_id"]), int(status), *quantities, *counts)

    # ---- stop orders -------------------------------------------------------------------------

    def submit_stop_market(self, side, stop_price, quantity, owner=None, tag=0):
        """Submit a stop order that becomes a market order.

        Parameters
        ----------
        side : str or Side
            ``"buy"`` or ``"sell"``, or their first letters, in any case.
        stop_price : int
            A buy is triggered when the last price is here or above, a sell when here or below.
        quantity : int
            How much.
        owner : int, optional
            Whose it is, for the prevention of self-trades.
        tag : int, default 0
            What the client calls it.

        Returns
        -------
        StopSubmitResult
            Its id, and whether it was triggered at once.

        Raises
        ------
        ArgumentTypeError
            If an argument is of another kind.
        RangeError
            If a number is out of its range, or with it more would wait and rest than the range of
            int64 holds.
        ValidationError
            If `side` isn't known.

        References
        ----------
        .. [1] The original's order book, section 8 of its specification.
        """
        check_text("side", side)
        numbers = {
            "stop_price": as_price(stop_price, "stop_price"),
            "quantity": as_quantity(quantity),
        }
        return self._submit_stop(STOP_MARKET, side, None, owner, tag, **numbers)

    def submit_stop_limit(
        self, side, stop_price, limit_price, quantity, tif="gtc", owner=None, tag=0
    ):
        """Submit a stop order that becomes a limit order.

        Parameters
        ----------
        side : str or Side
            ``"buy"`` or ``"sell"``, or their first letters, in any case.
        stop_price : int
            A buy is triggered when the last price is here or above, a sell when here or below.
        limit_price : int
            The worst price it may then trade at.
        quantity : int
            How much.
        tif : str or TimeInForce, default "gtc"
            Of the limit order.
        owner : int, optional
            Whose it is, for the prevention of self-trades.
        tag : int, default 0
            What the client calls it.

        Returns
        -------
        StopSubmitResult
            Its id, and whether it was triggered at once.

        Raises
        ------
        ArgumentTypeError
            If an argument is of another kind.
        RangeError
            If a number is out of its range, or with it more would wait and rest than the range of
            int64 holds.
        ValidationError
            If a word isn't known.
        """
        check_text("side", side)
        numbers = {
            "stop_price": as_price(stop_price, "stop_price"),
            "price": as_price(limit_price, "limit_price"),
            "quantity": as_quantity(quantity),
        }
        return self._submit_stop(STOP_LIMIT, side, tif, owner, tag, **numbers)

    def submit_trailing_stop_market(
        self,
        side,
        initial_stop_price,
        quantity,
        trail_type,
        trail_value,
        atr_period=None,
        owner=None,
        tag=0,
    ):
        """Submit a stop order that follows the price and becomes a market order.

        Parameters
        ----------
        side : str or Side
            ``"buy"`` or ``"sell"``, or their first letters, in any case.
        initial_stop_price : int
            Where it begins; it only ever moves towards the price.
        quantity : int
            How much.
        trail_type : str
            How its distance from the best price since is measured: ``"fixed"``, in ticks;
            ``"percentage"`` or ``"pct"``, as a fraction; ``"sma_abs_change"`` or ``"atr"``, as a
            multiple of the mean absolute change between trading messages; ``"true_atr"``, as a
            multiple of the average true range of bars (see `average_true_range`).
        trail_value : float
            The distance, the fraction or the multiple; finite.
        atr_period : int, optional
            How many changes or bars are averaged; needed for ``"sma_abs_change"`` and
            ``"true_atr"``, for the latter at least 1.
        owner : int, optional
            Whose it is, for the prevention of self-trades.
        tag : int, default 0
            What the client calls it.

        Returns
        -------
        StopSubmitResult
            Its id; it's never triggered at once.

        Raises
        ------
        ArgumentTypeError
            If an argument is of another kind.
        RangeError
            If a number is out of its range, or with it more would wait and rest than the range of
            int64 holds.
        ValidationError
            If a word isn't known, `trail_value` isn't finite, or `atr_period` is missing.
        """
        check_text("side", side)
        price, quantity = as_price(initial_stop_price, "initial_stop_price"), as_quantity(quantity)
        numbers = {"stop_price": price, "quantity": quantity}
        trail = trail_type, trail_value, atr_period
        return self._submit_stop(TRAILING_STOP_MARKET, side, None, owner, tag, trail, **numbers)

    def submit_trailing_stop_limit(
        self,
        side,
        initial_stop_price,
        limit_price,
        quantity,
        trail_type,
        trail_value,
        tif="gtc",
        atr_period=None,
        owner=None,
        tag=0,
    ):
        """Submit a stop order that follows the price and becomes a limit order.

        Parameters
        ----------
        side : str or Side
            ``"buy"`` or ``"sell"``, or their first letters, in any case.
        initial_stop_price : int
            Where it begins; it only ever moves towards the price.
        limit_price : int
            The worst price it may then trade at; it doesn't move.
        quantity : int
            How much.
        trail_type : str
            As for `submit_trailing_stop_market`.
        trail_value : float
            The distance, the fraction or the multiple; finite.
        tif : str or TimeInForce, default "gtc"
            Of the limit order.
        atr_period : int, optional
            How many changes or bars are averaged; needed for ``"sma_abs_change"`` and
            ``"true_atr"``, for the latter at least 1.
        owner : int, optional
            Whose it is, for the prevention of self-trades.
        tag : int, default 0
            What the client calls it.

        Returns
        -------
        StopSubmitResult
            Its id; it's never triggered at once.

        Raises
        ------
        ArgumentTypeError
            If an argument is of another kind.
        RangeError
            If a number is out of its range, or with it more would wait and rest than the range of
            int64 holds.
        ValidationError
            If a word isn't known, `trail_value` isn't finite, or `atr_period` is missing.
        """
        check_text("side", side)
        numbers = {
            "stop_price": as_price(initial_stop_price, "initial_stop_price"),
            "price": as_price(limit_price, "limit_price"),
            "quantity": as_quantity(quantity),
        }
        trail = trail_type, trail_value, atr_period
        return self._submit_stop(TRAILING_STOP_LIMIT, side, tif, owner, tag, trail, **numbers)

    def _submit_stop(self, kind, side, tif, owner, tag, trail=None, **numbers):
        """Submit a stop order, of which the prices and the quantity are known to be numbers."""
        if trail is not None:
            trail_type, trail_value, atr_period = trail
            check_text("trail_type", trail_type)
            trail_value = as_trail_value(trail_value)
        if kind in (STOP_LIMIT, TRAILING_STOP_LIMIT):
            check_text("tif", tif)
        if trail is not None:
            atr_period = as_period(atr_period)
        numbers |= {"owner": as_owner(owner), "tag": as_integer("tag", tag)}
        numbers["side"] = Side.parse(side).code
        if kind in (STOP_LIMIT, TRAILING_STOP_LIMIT):
            numbers["tif"] = TimeInForce.parse(tif).code
        if trail is not None:
            numbers |= as_trail(trail_type, trail_value, atr_period)
        if self._store.header["strict"]:
            check_strictly(numbers["quantity"], numbers["stop_price"], "stop_price")
            check_strictly(1, numbers.get("price", 1), "limit_price")
        answer = self._act(kind=kind, **numbers)
        if answer[0] == 0:
            raise too_much("quantity", numbers["quantity"], self._store)
        return StopSubmitResult._of(answer)

    def get_stop_order(self, order_id):
        """Return how a stop order stands.

        Parameters
        ----------
        order_id : int
            Its id.

        Returns
        -------
        dict or None
            With id, side, stop_price (where it is now), limit_price, quantity, status, timestamp,
            time_in_force, trail_type, trail_value, atr_period, watermark (the best price since),
            child_id (of the order it became), owner and tag, None where there's no such thing;
            or None if there's no stop order of this id.

        Raises
        ------
        ArgumentTypeError
            If `order_id` isn't an integer.
        RangeError
            If it's negative.
        """
        order_id = as_count("order_id", order_id)
        stops = self._store.stops
        at = int(np.searchsorted(stops["order_id"], order_id))
        if at == len(stops) or stops["order_id"][at] != order_id:
            return None
        refresh_stops(self._book, at, at + 1)
        return stop_words(stops[at])

    def pending_stop_count(self):
        """Return how many stop orders wait.

        Returns
        -------
        int
            Of all kinds.
        """
        return int(self._store.header["pending"])

    def stops(self):
        """Return the stop orders as an array.

        Returns
        -------
        ndarray of STOP
            Those that wait and those that have ended, by id; a copy.
        """
        return copied(self._store.stops_now())

    def average_true_range(self, period):
        """Return Wilder's average of the true ranges of bars, as trailing stops use it.

        A bar is `bar_trades` consecutive trades. Its true range is that of its prices and the
        close of the bar before. The average is the mean of the first `period` true ranges, and
        with every bar from then on ``(average * (period - 1) + true range) / period``. It goes
        back to the first bar of the exchange, or for a period that no stop order has asked for
        yet, to the oldest of the last 4,096.

        Parameters
        ----------
        period : int
            How many bars it's over, at least 1.

        Returns
        -------
        float or None
            None while fewer bars are complete.

        Raises
        ------
        ArgumentTypeError
            If `period` isn't an integer.
        RangeError
            If it's below 1.

        References
        ----------
        .. [1] Wilder (1978), "New Concepts in Technical Trading Systems", section III.
        """
        out = np.zeros(1, AVERAGE)
        read_average(self._book, as_count("period", period, least=1), out.ctypes.data)
        average = out[0]
        return float(average["value"]) if average["count"] == average["period"] else None

    def stops_frame(self, ended=False):
        """Return the stop orders as a frame.

        Parameters
        ----------
        ended : bool, default False
            Whether those that were triggered or cancelled are among them.

        Returns
        -------
        DataFrame
            A row for each, indexed by order_id, with what `get_stop_order` says of it; missing
            where there's no such thing.
        """
        stops = self.stops()
        return stops_frame(stops if ended else stops[stops["status"] == PENDING])

    # ---- the touch ---------------------------------------------------------------------------

    def best_bid_ask(self):
        """Return the best prices.

        Returns
        -------
        tuple of (int or None, int or None)
            The highest bid and the lowest ask, None where a side is empty.
        """
        words = self._words
        has = words[_HAS]
        if has == 3:
            return words[_BID], words[_ASK]
        return words[_BID] if has & 1 else None, words[_ASK] if has & 2 else None

    def best_bid(self):
        """Return the highest price bid.

        Returns
        -------
        int or None
            None without bids.
        """
        words = self._words
        return words[_BID] if words[_HAS] & 1 else None

    def best_ask(self):
        """Return the lowest price asked.

        Returns
        -------
        int or None
            None without asks.
        """
        words = self._words
        return words[_ASK] if words[_HAS] & 2 else None

    def spread(self):
        """Return the best ask less the best bid.

        Returns
        -------
        int or None
            None if a side is empty.
        """
        words = self._words
        return words[_ASK] - words[_BID] if words[_HAS] == 3 else None

    def last_trade_price(self):
        """Return the price of the last trade; clearing trades doesn't forget it.

        Returns
        -------
        int or None
            None before the first trade.
        """
        words = self._words
        return words[_LAST_PRICE] if words[_TRADED] else None

    # ---- the book ----------------------------------------------------------------------------

    def depth(self, levels=10):
        """Return the best levels of both sides.

        Parameters
        ----------
        levels : int, default 10
            How many of each side at most.

        Returns
        -------
        BookSnapshot
            A copy.

        Raises
        ------
        ArgumentTypeError
            If `levels` isn't an integer.
        RangeError
            If it's negative.
        """
        if type(levels) is not int or not 0 <= levels <= _SCRATCH:
            levels = as_count("levels", levels)
            if levels > _SCRATCH:
                return self._depth(levels)
        counts = self._write_depth(self._book, levels, self._scratch_at)
        snapshot = _new(BookSnapshot)
        snapshot._bids = bids = counts & _LOW_HALF
        snapshot._levels = self._scratch[: _LEVEL_SIZE * (bids + (counts >> 32))]
        return snapshot

    def full_book(self):
        """Return all levels of both sides.

        Returns
        -------
        BookSnapshot
            A copy.
        """
        return self._depth(int(self._store.header["level_count"]))

    def _depth(self, levels):
        levels = min(levels, int(self._store.header["level_count"]))
        out = np.empty(2 * levels, LEVEL_ROW)
        place = out.ctypes.data
        bids = write_levels(self._book, BIDS, levels, place)
        asks = write_levels(self._book, ASKS, levels, place + bids * LEVEL_ROW.itemsize)
        return BookSnapshot._of(out[: bids + asks].tobytes(), int(bids))

    def get_order(self, order_id):
        """Return how an order stands.

        Parameters
        ----------
        order_id : int
            Its id.

        Returns
        -------
        Order or None
            None if there's none of this id: never was, was an FOK order that couldn't be filled,
            is a stop order, or has been cleared.

        Raises
        ------
        ArgumentTypeError
            If `order_id` isn't an integer.
        RangeError
            If it's negative.
        """
        if order_id.__class__ is not int or not 0 <= order_id <= _MOST_ID:
            order_id = as_count("order_id", order_id)
        if not self._look(self._book, order_id, self._scratch_at):
            return None
        order = Order()
        order._row = _ORDER.unpack_from(self._scratch)
        return order

    def orders(self):
        """Return how all orders stand that are known, resting or ended.

        Returns
        -------
        ndarray of ORDER_STATE
            By id; a copy.
        """
        return self._store.orders()

    def open_orders(self, side=None, owner=None):
        """Return the resting orders.

        Parameters
        ----------
        side : str or Side, optional
            Only this side's.
        owner : int, optional
            Only this owner's.

        Returns
        -------
        list of Order
            By id.

        Raises
        ------
        ArgumentTypeError
            If an argument is of another kind.
        RangeError
            If `owner` is out of its range.
        ValidationError
            If `side` isn't known.
        """
        rows = self._store.orders()
        rows = rows[rows["active"] == 1]
        if side is not None:
            rows = rows[rows["side"] == Side.parse(side).code]
        if owner is not None:
            rows = rows[rows["owner"] == as_owner(owner)]
        return [Order._of(row) for row in rows.tolist()]

    def queues(self, side=None):
        """Return the book order by order (L3).

        Parameters
        ----------
        side : str or Side, optional
            Only this side's.

        Returns
        -------
        ndarray of BOOK_ORDER
            Bids, then asks; of each the next to trade first. A copy.

        Raises
        ------
        ArgumentTypeError
            If `side` isn't a string.
        ValidationError
            If it isn't known.
        """
        rows = (BIDS, ASKS) if side is None else ((BIDS, ASKS)[Side.parse(side) is Side.SELL],)
        return np.concatenate([self._store.queues(row) for row in rows])

    def queue_position(self, order_id):
        """Return where a resting order stands in its queue.

        Parameters
        ----------
        order_id : int
            Its id.

        Returns
        -------
        QueuePosition or None
            Orders and quantity ahead of it; None if no such order rests.

        Raises
        ------
        ArgumentTypeError
            If `order_id` isn't an integer.
        RangeError
            If it's negative.
        """
        values = place_in_queue(self._book, as_count("order_id", order_id))
        return None if values[0] < 0 else QueuePosition(*values)

    def sweep_cost(self, side, quantity):
        """Return what a market order would pay or get now; nothing is traded.

        Parameters
        ----------
        side : str or Side
            Of the order: a buy takes asks.
        quantity : int
            How much it's for.

        Returns
        -------
        SweepCost
            Exact sums; less than `quantity` is filled where the book doesn't suffice.

        Raises
        ------
        ArgumentTypeError
            If an argument is of another kind.
        RangeError
            If `quantity` is out of its range.
        ValidationError
            If `side` isn't known.
        """
        quantity, side = as_quantity(quantity), Side.parse(side)
        out = np.empty(int(self._store.header["level_count"]), LEVEL_ROW)
        row = ASKS if side is Side.BUY else BIDS
        count = write_sweep(self._book, row, quantity, out.ctypes.data)
        return price_sweep(out[:count].tolist())

    # ---- history -----------------------------------------------------------------------------

    def trades(self):
        """Return the trades since the last clearing.

        Returns
        -------
        list of Trade
            Oldest first; a new list.
        """
        return trades_of(self._store.trades)

    def trades_array(self, since=1):
        """Return the trades as an array.

        Parameters
        ----------
        since : int, default 1
            The first trade id wanted.

        Returns
        -------
        ndarray of TRADE
            Oldest first; a copy.

        Raises
        ------
        ArgumentTypeError
            If `since` isn't an integer.
        RangeError
            If it's negative.
        """
        trades, since = self._store.trades, as_count("since", since)
        first = int(trades["trade_id"][0]) if len(trades) else 1
        return copied(trades[max(0, since - first) :])

    def trades_frame(self):
        """Return the trades as a frame.

        Returns
        -------
        DataFrame
            A row for each, indexed by trade_id.
        """
        return trades_frame(self._store.trades)

    def vwap(self):
        """Return the average price of the trades since the last clearing, weighted by quantity.

        Returns
        -------
        float or None
            None without trades.
        """
        trades = self._store.trades
        quantity = sum(trades["quantity"].tolist())
        if not quantity:
            return None
        pairs = zip(trades["price"].tolist(), trades["quantity"].tolist(), strict=True)
        return sum(price * of for price, of in pairs) / quantity

    def clear_trades(self):
        """Forget the trades; ids go on."""
        self._store.clear_trades()

    def clear_order_history(self):
        """Forget the orders that have ended.

        Returns
        -------
        int
            How many.
        """
        return self._store.clear_ended()

    def compact(self):
        """Do nothing: there is nothing to compact, for a cancelled order leaves no trace."""

    # ---- events and files --------------------------------------------------------------------

    def events(self):
        """Return what was asked of the exchange, as objects.

        Returns
        -------
        list of Event
            Oldest first; a new list. Stop orders' children and clearings aren't among them.
        """
        return events_of(self.event_log())

    def event_log(self):
        """Return what was asked of the exchange, as messages.

        Returns
        -------
        ndarray of EXTENDED_MESSAGE
            Oldest first, a row for each; a copy. `process` and `replay` take it.
        """
        return unpack(self._store.events)

    def events_frame(self):
        """Return what was asked of the exchange, as a frame.

        Returns
        -------
        DataFrame
            A row for each, with words in place of codes; `process` and `replay` take it.
        """
        return messages_frame(self.event_log())

    @staticmethod
    def replay(events):
        """Return a new exchange of which the same was asked as of another.

        It's equal to the other, with the same ids and ticks, but for what the other has cleared:
        clearings aren't events. What was chosen when the other was made, but for its policy on
        self-trades, isn't an event either: the new one isn't strict, and records its events.

        Parameters
        ----------
        events : sequence of Event, ndarray of MESSAGE or EXTENDED_MESSAGE, or DataFrame
            A log, as `events`, `event_log` and `events_frame` give it.

        Returns
        -------
        Exchange
            The new one.

        Raises
        ------
        ArgumentTypeError
            If `events` is of another kind, say a generator, or holds what isn't an Event.
        RangeError
            If more would rest than the range of int64 holds.
        ValidationError
            If an event breaks a rule.

        Examples
        --------
        >>> exchange = Exchange()
        >>> exchange.submit_limit("sell", 101_00, 50).order_id
        1
        >>> Exchange.replay(exchange.events()) == exchange
        True
        """
        exchange = Exchange()
        exchange.apply_all(events)
        return exchange

    def apply(self, event):
        """Do what an event says.

        Parameters
        ----------
        event : Event
            What to do.

        Returns
        -------
        list of Trade
            Its own trades, without those of stop orders that it set off.

        Raises
        ------
        ArgumentTypeError
            If `event` isn't an Event.
        RangeError
            If more would rest than the range of int64 holds; nothing has been done then.
        ValidationError
            If it breaks a rule, say because the exchange is strict; nothing has been done then.
        """
        message = messages_of_events([event])
        made = self.process(message)
        if made.results["error"][0] == QUANTITY_OVERFLOW:
            raise too_much("quantity", int(message["quantity"][0]), self._store)
        count = int(made.results["trade_count"][0]) if event.kind != "cancel_all" else 0
        return trades_of(made.trades[:count])

    def apply_all(self, events):
        """Do what events say, in one compiled call.

        Parameters
        ----------
        events : sequence of Event, ndarray of MESSAGE or EXTENDED_MESSAGE, or DataFrame
            What to do.

        Raises
        ------
        ArgumentTypeError
            If `events` is of another kind, say a generator, or holds what isn't an Event.
        RangeError
            If more would rest than the range of int64 holds: the text names the event, and those
            before it have been done.
        ValidationError
            If an event breaks a rule; nothing has been done then.
        """
        if isinstance(events, Sequence) and not isinstance(events, str | bytes):
            messages = messages_of_events(events)
        elif isinstance(events, np.ndarray) or is_frame(events):
            messages = as_messages(events)
        else:
            raise ArgumentTypeError(
                "events must be a list or tuple of Event, an array of messages or a DataFrame, "
                f"got {type(events).__name__}"
            )
        done = run_log(self._store, messages, bool(self._store.header["strict"]))
        if done < len(messages):
            name = f"quantity of event {done}"
            raise too_much(name, int(messages["quantity"][done]), self._store)

    def clear_events(self):
        """Forget the events. What comes can still be replayed, on an empty book; not saved."""
        self._store.clear_events()

    def save(self, path):
        """Write the events to a file, which `load` makes an exchange of again.

        The file is the old one or the new one, whole, whenever the process dies. It says nothing
        of what was cleared, nor whether the exchange is strict.

        Parameters
        ----------
        path : str or PathLike
            The file. If its name ends in ``.npz`` it holds the log as an array; otherwise JSON
            Lines in the original's format, an event each, compressed if it ends in ``.gz``.

        Raises
        ------
        FileNotFoundError
            If the folder it shall be in doesn't exist.
        ValidationError
            If not all events were recorded, or they were cleared: an exchange can't be made of
            the others.
        """
        save_store(self._store, path)

    @classmethod
    def load(cls, path):
        """Make an exchange of a file.

        Parameters
        ----------
        path : str or PathLike
            What `save` wrote, or the original; its name says in which form.

        Returns
        -------
        Exchange
            One of which the same was asked; it isn't strict, and records its events.

        Raises
        ------
        FileNotFoundError
            If there's no such file.
        FileFormatError
            If it's damaged or holds anything else; the text names the line that is bad.
        """
        return cls._of(load_store(path))

    # ---- copies ------------------------------------------------------------------------------

    @classmethod
    def _of(cls, store):
        exchange = object.__new__(cls)
        exchange._take(store)
        return exchange

    def __copy__(self):
        return type(self)._of(self._store.copy())

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __getstate__(self):
        return self._store.state()

    def __setstate__(self, state):
        self._take(Store.from_state(state))

    def __eq__(self, other):
        if not isinstance(other, Exchange):
            return NotImplemented
        return self._store == other._store

    __hash__ = None

    def __repr__(self):
        bid, ask = ("None" if p is None else dollars(p) for p in self.best_bid_ask())
        return f"Exchange(bid={bid}, ask={ask}, trades={len(self._store.trades)})"
