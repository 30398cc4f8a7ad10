"""Trailing stops follow the price at a distance, and only ever tighten."""

import numpy as np

from nanobook.book.bars import build_bars
from nanobook.book.header import (
    average_at,
    head_of,
    heap_at,
    heap_size,
    link_at,
    row_side,
    stop_at,
    sum_at,
)
from nanobook.book.heaps import BY_MARK, BY_PRICE, FRESH, MOVING, ON_BARS, first_of, push, settle
from nanobook.book.machine import subtract_wrapping
from nanobook.jit import njit
from nanobook.types.codes import (
    PENDING,
    TRAIL_FIXED,
    TRAIL_PERCENTAGE,
    TRAIL_SMA_ABS_CHANGE,
    TRAIL_TRUE_ATR,
)

__all__ = ["CHANGES_KEPT", "SUMS_ROOM", "move_trailing_stops", "note_change"]

#: How many changes of the price between trigger passes are remembered.
CHANGES_KEPT = np.int64(10_000)

#: The ring of their running sums grows by doubling up to this.
SUMS_ROOM = 16_384

_LOWEST, _HIGHEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
_BEYOND = 2.0**63


@njit
def move_trailing_stops(book, price):
    """Let all trailing stops see a price."""
    note_change(book, price)
    build_bars(book)
    fresh = heap_size(book, FRESH)
    for at in range(fresh["value"]):
        stop = np.int64(heap_at(book, FRESH, np.int64(at))["level"])
        order = stop_at(book, stop)
        if order["status"] == PENDING:
            order["watermark"] = price
            order["has_watermark"] = 1
            _tighten(book, stop)
            if order["trail_type"] != TRAIL_SMA_ABS_CHANGE:
                push(book, BY_MARK + row_side(np.int64(order["side"])), stop)
    fresh["value"] = 0
    _move_marks(book, np.int64(1), price)
    _move_marks(book, np.int64(-1), price)
    _move_all(book, MOVING, price)
    head = head_of(book)
    if head["bars_seen"] != head["bars"]:
        head["bars_seen"] = head["bars"]
        _move_all(book, ON_BARS, price)


@njit
def note_change(book, price):
    """Add the change since the last pass to the running sums.

    They wrap, and their differences are right all the same.
    """
    head = head_of(book)
    if head["passes"] > 0:
        count, room, before = head["passes"], head["sums_room"], head["pass_price"]
        # The change is taken off backwards: what's added is as likely to wrap as the sum is.
        back = subtract_wrapping(min(price, before), max(price, before))
        total = sum_at(book, (count - 1) & (room - 1))["value"]
        sum_at(book, count & (room - 1))["value"] = subtract_wrapping(total, back)
    else:
        sum_at(book, np.int64(0))["value"] = 0
    head["pass_price"] = price
    head["passes"] += 1


@njit
def _move_marks(book, side, price):
    """Move those stops of a side whose watermark a price beats."""
    heap = BY_MARK + row_side(side)
    size = heap_size(book, heap)
    while size["value"] > 0:
        stop = first_of(book, heap)
        order = stop_at(book, stop)
        if order["watermark"] <= price if side > 0 else order["watermark"] >= price:
            break
        order["watermark"] = price
        _tighten(book, stop)
        settle(book, heap, np.int64(0))


@njit
def _move_all(book, moving, price):
    """Move the stops of a list, whose distance may have changed; forget those that ended."""
    size = heap_size(book, moving)
    kept = np.int64(0)
    for at in range(size["value"]):
        stop = np.int64(heap_at(book, moving, np.int64(at))["level"])
        order = stop_at(book, stop)
        if order["status"] == PENDING:
            heap_at(book, moving, kept)["level"] = stop
            kept += 1
            mark = order["watermark"]
            order["watermark"] = min(mark, price) if order["side"] > 0 else max(mark, price)
            _tighten(book, stop)
    size["value"] = kept


@njit
def _tighten(book, stop):
    """Move a stop's price to its distance from the watermark, if that's nearer."""
    order = stop_at(book, stop)
    offset = _offset(book, stop)
    if offset <= 0:
        return
    mark = order["watermark"]
    if order["side"] > 0:
        new = mark + offset if mark <= _HIGHEST - offset else _HIGHEST
        if new >= order["stop_price"]:
            return
    else:
        new = mark - offset if mark >= _LOWEST + offset else _LOWEST
        if new <= order["stop_price"]:
            return
    order["stop_price"] = new
    settle(
        book, BY_PRICE + row_side(np.int64(order["side"])), np.int64(link_at(book, stop)["place"])
    )


@njit
def _offset(book, stop):
    """Return a trailing stop's distance from its watermark."""
    order = stop_at(book, stop)
    value = order["trail_value"]
    if order["trail_type"] == TRAIL_FIXED:
        return _whole(value)
    if order["trail_type"] == TRAIL_PERCENTAGE:
        distance = np.float64(order["watermark"]) * value
        whole = np.trunc(distance)
        if abs(distance - whole) >= 0.5:  # halves away from zero
            whole += 1.0 if distance > 0 else -1.0
        return _whole(whole)
    if order["trail_type"] == TRAIL_TRUE_ATR:
        return _whole(_mean_range(book, stop) * value)
    return _whole(_mean_change(book, np.int64(order["atr_period"])) * value)


@njit
def _mean_change(book, period):
    """Return the mean of the last changes, of all that are known if those are fewer."""
    head = head_of(book)
    known = head["passes"] - 1
    count = min(period, min(known, CHANGES_KEPT))
    if count <= 0:
        return 0.0
    room = head["sums_room"]
    last, first = known & (room - 1), (known - count) & (room - 1)
    total = subtract_wrapping(sum_at(book, last)["value"], sum_at(book, first)["value"])
    return (np.float64(total) + (2 * _BEYOND if total < 0 else 0.0)) / count


@njit
def _mean_range(book, stop):
    """Return the average true range over a stop's period, 0 while there are too few bars."""
    average = average_at(book, np.int64(link_at(book, stop)["average"]))
    return average["value"] if average["count"] == average["period"] else 0.0


@njit
def _whole(value):
    """Return a float as an integer: truncated, NaN as 0, and held to the range of int64."""
    if not value < _BEYOND:
        return np.int64(0) if np.isnan(value) else _HIGHEST
    if value < -_BEYOND:
        return _LOWEST
    return np.int64(value)
