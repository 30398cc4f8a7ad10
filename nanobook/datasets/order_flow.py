"""Order flow without intelligence: orders that arrive and leave by chance, seeded."""

import numpy as np

from nanobook.book.header import (
    ASKS,
    BIDS,
    FULL,
    result_of,
    row_at,
    side_of,
)
from nanobook.book.ids import RESTS, SELL_BIT, row_of, state_of
from nanobook.book.instructions import cancel, submit
from nanobook.book.machine import record_at
from nanobook.book.store import Store
from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.jit import njit
from nanobook.panel.arrays import as_count, as_float, as_integer, as_vector
from nanobook.types.codes import CANCEL, GTC, IOC, LIMIT, MARKET, NO_OWNER
from nanobook.types.records import MESSAGE, NIL, ORDER_RESULT

__all__ = ["order_flow"]

#: Estimates for Sky Perfect Communications, Cont, Stoikov and Talreja (2010), table 3: arrivals
#: and cancellations by distance in ticks, a minute. Arrivals by the power law fitted to them.
_SCALE, _DECAY, _MARKET_RATE = 1.92, 0.52, 0.94
_CANCEL_RATES = (0.71, 0.81, 0.68, 0.56, 0.47)
_DISTANCES = 20

#: The highest rate allowed.
_MOST_RATE = 1e9

#: Random numbers drawn at a time, four for each thing that may happen.
_DRAWS = 4_096

_ZERO = np.int64(0)
_LOWEST, _HIGHEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def order_flow(
    messages,
    seed=0,
    *,
    limit_rates=None,
    market_rate=_MARKET_RATE,
    cancel_rates=None,
    quantity=1,
    start=10_000,
    times=False,
):
    """Return a stream of orders in which nobody thinks.

    Limit orders, market orders and cancellations arrive as independent Poisson processes: limit
    orders of each side at a rate for each distance from the other side's best price, market orders
    at one rate, and each resting order is cancelled at a rate that depends on its distance. The
    stream begins with the orders that build an average book around `start`.

    Parameters
    ----------
    messages : int
        How many, at least 1.
    seed : int or numpy.random.Generator, default 0
        The same number gives the same stream.
    limit_rates : array_like of shape (L,), optional
        Arrivals a unit of time on each side, 1 to L ticks from the other side's best price; by
        default ``1.92 / i**0.52`` for 20 ticks.
    market_rate : float, default 0.94
        Arrivals a unit of time on each side.
    cancel_rates : array_like, optional
        Rate at which one order is cancelled, 1, 2 ... ticks from the other side's best price,
        the last for all that are farther; by default 0.71, 0.81, 0.68, 0.56, 0.47.
    quantity : int or pair of int, default 1
        Of each order; of a pair both ends are included.
    start : int, default 10_000
        The middle of the first book, in ticks.
    times : bool, default False
        Whether the times of arrival are wanted too.

    Returns
    -------
    ndarray of MESSAGE, or pair of that and an ndarray of float
        For `Exchange.process` of an empty exchange; and the time of each message, 0 for the orders
        that build the first book.

    Raises
    ------
    ArgumentTypeError
        If an argument is of another kind.
    RangeError
        If `messages` or a quantity is below 1, a rate negative or above 1e9, or `seed` negative.
    ValidationError
        If a rate isn't finite, none is positive, or `quantity` is no pair in order.

    References
    ----------
    .. [1] Cont, Stoikov, Talreja (2010), "A stochastic model for order book dynamics",
       Operations Research 58(3), section 2.2 (the model) and section 3 (the estimates).
    .. [2] Smith, Farmer, Gillemot, Krishnamurthy (2003), "Statistical theory of the continuous
       double auction", Quantitative Finance 3(6): the same with constant rates.

    Examples
    --------
    >>> stream = order_flow(1_000, seed=1)
    >>> exchange = Exchange()
    >>> exchange.process(stream)
    ProcessResult(messages=1000, trades=35)
    """
    count = as_count("messages", messages, least=1)
    if limit_rates is None:
        limit_rates = _SCALE / np.arange(1, _DISTANCES + 1) ** _DECAY
    limit_rates = _rates("limit_rates", limit_rates)
    cancel_rates = _rates("cancel_rates", _CANCEL_RATES if cancel_rates is None else cancel_rates)
    market_rate = float(_rates("market_rate", [as_float("market_rate", market_rate, least=0)])[0])
    if not limit_rates.sum() > 0:
        raise ValidationError("limit_rates must have a positive rate, got none")
    low, high = _quantities(quantity)
    start = as_integer("start", start, least=-(2**53), most=2**53)
    try:
        rng = np.random.default_rng(seed)
    except TypeError:
        raise ArgumentTypeError(f"seed must be an integer or a Generator, got {seed!r}") from None
    except ValueError:
        raise RangeError(f"seed must be at least 0, got {seed!r}") from None
    stream = np.zeros(count, MESSAGE)
    stream["owner"] = NO_OWNER
    moments = np.zeros(count)
    at = _first_book(stream, start, limit_rates, cancel_rates, rng.integers(low, high + 1, count))
    store = Store(record_events=False)
    numbers = np.array([0, 0, start, start + 1], np.int64)  # acted on, live, last bid, last ask
    clock = np.zeros(1)
    live = np.empty(count, np.int64)
    arrivals = np.cumsum(limit_rates)
    draws, used = rng.random((_DRAWS, 4)), 0
    while numbers[0] < count:
        used, at = _flow(
            *(store.address, stream, moments, clock, numbers, live, draws, used, at),
            *(arrivals, market_rate, cancel_rates, low, high),
        )
        if numbers[0] < at:
            store.make_room(ids=min(count, 2 * int(numbers[0]) + 64))
        elif used == len(draws):
            draws, used = rng.random((_DRAWS, 4)), 0
    return (stream, moments) if times else stream


def _rates(name, values):
    rates = as_vector(name, values)
    if not rates.size:
        raise ValidationError(f"{name} must have a rate, got none")
    bad = rates[~(np.isfinite(rates) & (rates >= 0) & (rates <= _MOST_RATE))]
    if bad.size:
        error = RangeError if np.isfinite(bad[0]) else ValidationError
        raise error(f"{name} must be finite and from 0 to {_MOST_RATE:g}, got {bad[0]}")
    return rates


def _quantities(quantity):
    pair = quantity if isinstance(quantity, tuple | list) else (quantity, quantity)
    if len(pair) != 2:
        raise ValidationError(f"quantity must be one number or two, got {quantity!r}")
    low, high = (as_integer("quantity", value, least=1, most=2**40) for value in pair)
    if low > high:
        raise ValidationError(f"quantity must have its lower end first, got {quantity!r}")
    return low, high


def _first_book(stream, start, limit_rates, cancel_rates, quantities):
    """Write the limit orders of an average book; return how many there are."""
    leaving = np.full(len(limit_rates), cancel_rates[-1])
    known = min(len(leaving), len(cancel_rates))
    leaving[:known] = cancel_rates[:known]
    with np.errstate(divide="ignore", invalid="ignore"):
        resting = np.rint(np.nan_to_num(limit_rates / leaving, nan=0.0, posinf=1.0))
    resting = np.clip(resting, 0, len(stream)).astype(np.int64)
    distances = np.repeat(np.arange(1, len(resting) + 1), resting)
    if not distances.size:
        distances = np.array([1])
    count = min(len(stream), 2 * len(distances))
    sides = np.where(np.arange(count) % 2 == 0, 1, -1)
    away = np.repeat(distances, 2)[:count]
    stream["side"][:count] = sides
    stream["price"][:count] = np.where(sides > 0, start + 1 - away, start + away)
    stream["quantity"][:count] = quantities[:count]
    return count


@njit
def _flow(
    book,
    stream,
    moments,
    clock,
    numbers,
    live,
    draws,
    used,
    ready,
    arrivals,
    market_rate,
    cancel_rates,
    low,
    high,
):
    """Act on messages that are ready, then draw what comes next.

    Returns
    -------
    used, ready : int
        Draws used up, and messages ready; it ends when there are no more draws, all messages have
        been acted on, or one finds no room.
    """
    most = cancel_rates[0]
    for rate in cancel_rates:
        most = max(most, rate)
    limits = arrivals[-1]
    while True:
        while numbers[0] < ready:
            if _act(book, stream, numbers, live) == FULL:
                return used, ready
        if ready == stream.size or used == draws.shape[0]:
            return used, ready
        draw = draws[used]
        used += 1
        # Market orders come only while there is somebody to trade with.
        buyers = market_rate if side_of(book, ASKS)["best"] != NIL else 0.0
        sellers = market_rate if side_of(book, BIDS)["best"] != NIL else 0.0
        rate = 2 * limits + buyers + sellers + numbers[1] * most
        clock[0] -= np.log(1.0 - draw[0]) / rate
        bid, ask = numbers[2], numbers[3]
        chosen = draw[1] * rate
        message = stream[ready]
        if chosen < 2 * limits:
            buys = chosen < limits
            away = 1 + np.searchsorted(arrivals, chosen if buys else chosen - limits, "right")
            message["kind"] = LIMIT
            message["side"] = 1 if buys else -1
            message["price"] = ask - away if buys else bid + away
        elif chosen < 2 * limits + buyers + sellers:
            message["kind"] = MARKET
            message["side"] = 1 if chosen < 2 * limits + buyers else -1
        else:
            place = min(np.int64(draw[2] * numbers[1]), numbers[1] - 1)
            order_id = live[place]
            row = row_of(book, order_id)
            if state_of(book, row) != RESTS:
                numbers[1] -= 1
                live[place] = live[numbers[1]]
                continue
            order = row_at(book, row)
            away = order["price"] - bid if order["stamp"] & SELL_BIT else ask - order["price"]
            place = min(max(away, 1), cancel_rates.size) - 1
            if draw[3] * most >= cancel_rates[place]:
                continue
            message["kind"] = CANCEL
            message["side"] = 0
            message["order_id"] = order_id
        if message["kind"] != CANCEL:
            message["quantity"] = low + np.int64(draw[2] * (high - low + 1))
        moments[ready] = clock[0]
        ready += 1


@njit
def _act(book, stream, numbers, live):
    """Act on the next message that is ready, and see what it changed; DONE or FULL."""
    message = stream[numbers[0]]
    kind, side = np.int64(message["kind"]), np.int64(message["side"])
    if kind == CANCEL:
        code = cancel(book, message["order_id"], result_of(book))
    else:
        price, tif = message["price"], GTC
        if kind == MARKET:
            price, tif = _HIGHEST if side > 0 else _LOWEST, IOC
        quantity = message["quantity"]
        code = submit(
            *(book, kind, side, price, quantity, tif, _ZERO, NO_OWNER, _ZERO, result_of(book))
        )
    if code != FULL:
        numbers[0] += 1
        result = record_at(result_of(book), ORDER_RESULT)
        if result["resting"] > 0:
            live[numbers[1]] = result["order_id"]
            numbers[1] += 1
        for row in (BIDS, ASKS):
            side = side_of(book, row)
            if side["best"] != NIL:
                numbers[2 + row] = side["price"]
    return code
