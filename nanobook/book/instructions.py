"""What can be asked of a book, each as one function: room, rules, log, and then the deed.

Every function writes an ORDER_RESULT to the address it's given and returns DONE; or it returns
FULL, which means that an array has no room for the worst that could happen: then nothing has
changed, the arrays must grow, and the same is asked again.
"""

import numpy as np

from nanobook.book.bars import BAR_TRADES, build_bars, short_of_bars, start_bars
from nanobook.book.distances import note_change
from nanobook.book.header import (
    ASKS,
    BIDS,
    DONE,
    FULL,
    head_of,
    label_at,
    level_at,
    order_at,
    row_at,
    row_side,
    stop_at,
)
from nanobook.book.ids import (
    ABSENT,
    RESTS,
    SELL_BIT,
    STOP,
    TIF_SHIFT,
    WITHDRAWN,
    end_resting,
    row_of,
    state_of,
)
from nanobook.book.levels import crosses, first_step, next_step
from nanobook.book.log import record, record_wide
from nanobook.book.machine import record_at
from nanobook.book.queue import shrink
from nanobook.book.room import (
    ladder_waits,
    short_of_cascade,
    short_of_room,
    short_of_sums,
    trade_waits,
)
from nanobook.book.stops import add_stop, is_reached, trigger_stops, withdraw_stop
from nanobook.book.submit import place
from nanobook.jit import njit
from nanobook.types import codes
from nanobook.types.codes import (
    CANCELLED,
    GTC,
    INVALID_QUANTITY,
    NEW,
    NO_ERROR,
    NO_OWNER,
    ORDER_NOT_ACTIVE,
    ORDER_NOT_FOUND,
    PARTIALLY_FILLED,
    PENDING,
    QUANTITY_OVERFLOW,
    REJECTED,
    STOP_LIMIT,
    TRAIL_AVERAGES,
    TRAIL_FIXED,
    TRAIL_TRUE_ATR,
    TRAILING_STOP_LIMIT,
)
from nanobook.types.records import NIL

__all__ = ["cancel", "cancel_all", "modify", "reduce", "set_bars", "set_policy", "submit"]
__all__ += ["submit_stop"]

_CANCEL, _MODIFY, _REDUCE = codes.CANCEL, codes.MODIFY, codes.REDUCE
_CANCEL_ALL, _POLICY, _BARS = codes.CANCEL_ALL, codes.POLICY, codes.BARS
#: Where a result's second word has the flag of a cascade cut short, above the error.
_HIT_SHIFT = 8

_ZERO, _MOST = np.int64(0), np.iinfo(np.int64).max
_BEYOND = 2.0**63

#: An ORDER_RESULT with status, error and the number of trades in one word.
_WORDS = np.dtype(
    [(name, np.int64) for name in ("order_id", "how", "filled", "resting", "cancelled")]
)


@njit
def _answer(place, order_id, status, error, trades, filled, resting, cancelled):
    """Write a result, and return DONE."""
    result = record_at(place, _WORDS)
    result["order_id"] = order_id
    result["how"] = (status & 255) | error << 8 | trades << 32
    result["filled"] = filled
    result["resting"] = resting
    result["cancelled"] = cancelled
    return DONE


@njit
def _refuse(place, error, order_id):
    """Write the result of what a rule forbids, and return DONE."""
    return _answer(place, order_id, REJECTED, error, _ZERO, _ZERO, _ZERO, _ZERO)


@njit
def _see_trades(book, before):
    """Look after the stop orders if there were trades; return whether any were left waiting."""
    head = head_of(book)
    if head["trades"] == before:
        return _ZERO
    if head["pending"] == 0:
        note_change(book, head["last_price"])
        build_bars(book)
        return _ZERO
    head["cascade_limit_hit"] = 0
    trigger_stops(book)
    return head["cascade_limit_hit"]


@njit(forceinline=True)
def submit(book, kind, side, price, quantity, tif, flags, owner, tag, result):
    """Submit a limit order, or a market order as a limit order at the last price there is."""
    head = head_of(book)
    if tif == GTC and quantity > _MOST - head["total"]:
        return _refuse(result, QUANTITY_OVERFLOW, _ZERO)
    if (owner != NO_OWNER or tag != 0) and head["labelled"] == 0:
        head["labels_wanted"] = 1
        return FULL
    if ladder_waits(book):
        return FULL
    if crosses(book, side, price) and trade_waits(book, side, quantity):
        return FULL
    if short_of_room(book):
        return FULL
    record(book, kind, side, tif, flags, owner, price, quantity, _ZERO)
    if tag != 0:
        record_wide(book, tag, _ZERO, 0.0, _ZERO, _ZERO)
    order_id, before = head["next_id"], head["trades"]
    status, filled, resting = place(book, side, price, quantity, tif, flags, owner, tag)
    trades, cancelled = head["trades"] - before, quantity - filled - resting
    error = _see_trades(book, before) << _HIT_SHIFT
    return _answer(result, order_id, status, error, trades, filled, resting, cancelled)


@njit
def _fault(book, row):
    """Return why an order can't be cancelled or changed, NO_ERROR if it can."""
    state = state_of(book, row)
    if state == RESTS:
        return NO_ERROR
    return ORDER_NOT_FOUND if state in (ABSENT, STOP) else ORDER_NOT_ACTIVE


@njit
def _pending_stop(book, row):
    """Return the stop order that a row is of, NIL if it's of none that is pending."""
    if state_of(book, row) != STOP:
        return NIL
    stop = row_at(book, row)["filled"]
    return stop if stop_at(book, stop)["status"] == PENDING else NIL


@njit(forceinline=True)
def cancel(book, order_id, result):
    """Take a resting order out of the book."""
    if short_of_room(book):
        return FULL
    record(book, _CANCEL, _ZERO, _ZERO, _ZERO, NO_OWNER, _ZERO, _ZERO, order_id)
    row = row_of(book, order_id)
    error = _fault(book, row)
    if error != NO_ERROR:
        stop = _pending_stop(book, row)
        if stop == NIL:
            return _refuse(result, error, order_id)
        quantity = withdraw_stop(book, stop, CANCELLED)
        return _answer(result, order_id, CANCELLED, NO_ERROR, _ZERO, _ZERO, _ZERO, quantity)
    remaining = end_resting(book, row_at(book, row)["filled"], row, WITHDRAWN)
    return _answer(result, order_id, CANCELLED, NO_ERROR, _ZERO, _ZERO, _ZERO, remaining)


@njit
def modify(book, order_id, price, quantity, result):
    """Cancel a resting order and submit another of its side, owner and tag in its place."""
    head = head_of(book)
    row = row_of(book, order_id)
    error = INVALID_QUANTITY if quantity == 0 else _fault(book, row)
    if error != NO_ERROR:
        if short_of_room(book):
            return FULL
        record(book, _MODIFY, _ZERO, _ZERO, _ZERO, NO_OWNER, price, quantity, order_id)
        return _refuse(result, error, _ZERO)
    slot, stamp = row_at(book, row)["filled"], row_at(book, row)["stamp"]
    remaining = order_at(book, slot)["remaining"]
    if quantity > _MOST - (head["total"] - remaining):
        return _refuse(result, QUANTITY_OVERFLOW, _ZERO)
    side = np.int64(-1 if stamp & SELL_BIT else 1)
    if ladder_waits(book):
        return FULL
    if crosses(book, side, price) and trade_waits(book, side, quantity):
        return FULL
    if short_of_room(book):
        return FULL
    owner, tag = np.int64(order_at(book, slot)["owner"]), np.int64(0)
    if head["labelled"] != 0:
        tag = label_at(book, row)["tag"]
    record(book, _MODIFY, _ZERO, _ZERO, _ZERO, NO_OWNER, price, quantity, order_id)
    end_resting(book, slot, row, WITHDRAWN)
    order_id, before = head["next_id"], head["trades"]
    tif = (stamp >> TIF_SHIFT) & 3
    status, filled, resting = place(book, side, price, quantity, tif, _ZERO, owner, tag)
    trades = head["trades"] - before
    error = _see_trades(book, before) << _HIT_SHIFT
    return _answer(result, order_id, status, error, trades, filled, resting, remaining)


@njit
def reduce(book, order_id, quantity, result):
    """Take some of what remains off a resting order, which keeps its place in the queue."""
    if short_of_room(book):
        return FULL
    record(book, _REDUCE, _ZERO, _ZERO, _ZERO, NO_OWNER, _ZERO, quantity, order_id)
    row = row_of(book, order_id)
    error = INVALID_QUANTITY if quantity == 0 else _fault(book, row)
    if error != NO_ERROR:
        return _refuse(result, error, order_id)
    order = row_at(book, row)
    slot = order["filled"]
    remaining = order_at(book, slot)["remaining"]
    if quantity >= remaining:
        end_resting(book, slot, row, WITHDRAWN)
        return _answer(result, order_id, CANCELLED, NO_ERROR, _ZERO, _ZERO, _ZERO, remaining)
    status = NEW if order["quantity"] == remaining else PARTIALLY_FILLED
    order["quantity"] -= quantity
    shrink(book, slot, quantity)
    return _answer(result, order_id, status, NO_ERROR, _ZERO, _ZERO, remaining - quantity, quantity)


@njit
def cancel_all(book, side, owner, result):
    """Cancel what rests on a side (both for 0), of an owner (any for NO_OWNER).

    The number of orders stands where a message's trades are counted.
    """
    if short_of_room(book):
        return FULL
    record(book, _CANCEL_ALL, side, _ZERO, _ZERO, owner, _ZERO, _ZERO, _ZERO)
    before = head_of(book)["total"]
    count = np.int64(0)
    for row in (BIDS, ASKS):
        if side == 0 or row == row_side(side):
            count += _cancel_side(book, row, owner)
    if head_of(book)["pending"] != 0:
        for at in range(head_of(book)["stops"]):
            stop = stop_at(book, np.int64(at))
            own = owner in (NO_OWNER, stop["owner"])
            if own and side in (0, np.int64(stop["side"])) and stop["status"] == PENDING:
                withdraw_stop(book, np.int64(at), CANCELLED)
                count += 1
    quantity = before - head_of(book)["total"]
    return _answer(result, _ZERO, CANCELLED, NO_ERROR, count, _ZERO, _ZERO, quantity)


@njit
def _cancel_side(book, row, owner):
    """Cancel a side's orders of an owner, any for NO_OWNER; return how many."""
    count = np.int64(0)
    cell, last = first_step(book, row)
    level, cell, last = next_step(book, row, cell, last)
    while level != NIL:
        slot = np.int64(level_at(book, level)["head"])
        level, cell, last = next_step(book, row, cell, last)  # before this one may be gone
        while slot != NIL:
            order = order_at(book, slot)
            after = np.int64(order["next"])
            if owner == NO_OWNER or order["owner"] == owner:
                end_resting(book, slot, row_of(book, order["order_id"]), WITHDRAWN)
                count += 1
            slot = after
    return count


@njit
def submit_stop(
    book,
    kind,
    side,
    tif,
    stop_price,
    limit_price,
    quantity,
    owner,
    tag,
    trail_type,
    trail_value,
    atr_period,
    result,
):
    """Submit a stop order; a plain one that is reached already is triggered at once."""
    head = head_of(book)
    if quantity > _MOST - head["total"]:
        return _refuse(result, QUANTITY_OVERFLOW, _ZERO)
    if (owner != NO_OWNER or tag != 0) and head["labelled"] == 0:
        head["labels_wanted"] = 1
        return FULL
    if ladder_waits(book) or short_of_sums(book) or head["stops"] >= head["stops_room"]:
        return FULL
    if trail_type == TRAIL_TRUE_ATR and short_of_bars(book):
        return FULL
    head["pending"] += 1  # with this one
    short = short_of_cascade(book)
    head["pending"] -= 1
    if short or short_of_room(book):
        return FULL
    if trail_type == TRAIL_FIXED:  # a whole number, and what has no meaning is 0: as JSON has it
        trail_value = min(max(np.trunc(trail_value), -_BEYOND), _BEYOND) + 0.0
    if trail_type not in TRAIL_AVERAGES:
        atr_period = _ZERO
    record(book, kind, side, tif, _ZERO, owner, limit_price, quantity, _ZERO)
    record_wide(book, tag, stop_price, trail_value, max(trail_type, _ZERO), atr_period)
    if trail_type == TRAIL_TRUE_ATR and head["bar_trades"] == 0:
        start_bars(book, BAR_TRADES)
    has_limit = np.int64(kind in (STOP_LIMIT, TRAILING_STOP_LIMIT))
    stop = add_stop(
        book,
        side,
        tif,
        stop_price,
        limit_price,
        has_limit,
        quantity,
        owner,
        tag,
        trail_type,
        trail_value,
        atr_period,
    )
    order_id, hit = stop_at(book, stop)["order_id"], _ZERO
    if trail_type == NIL and is_reached(book, stop):
        head["cascade_limit_hit"] = 0
        trigger_stops(book)
        hit = head["cascade_limit_hit"]
    status = np.int64(stop_at(book, stop)["status"])
    return _answer(result, order_id, status, hit << _HIT_SHIFT, _ZERO, _ZERO, _ZERO, _ZERO)


@njit
def set_policy(book, policy, result):
    """Choose what happens when an order would trade with one of its own owner."""
    if short_of_room(book):
        return FULL
    record(book, _POLICY, _ZERO, _ZERO, _ZERO, NO_OWNER, _ZERO, policy, _ZERO)
    head_of(book)["policy"] = policy
    return _answer(result, _ZERO, NEW, NO_ERROR, _ZERO, _ZERO, _ZERO, _ZERO)


@njit
def set_bars(book, trades, result):
    """Begin anew with bars of so many trades."""
    if short_of_bars(book) or short_of_room(book):
        return FULL
    record(book, _BARS, _ZERO, _ZERO, _ZERO, NO_OWNER, _ZERO, trades, _ZERO)
    start_bars(book, trades)
    return _answer(result, _ZERO, NEW, NO_ERROR, _ZERO, _ZERO, _ZERO, _ZERO)
