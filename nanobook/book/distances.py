"""How far trailing stops stay behind their watermarks."""

import numpy as np

from nanobook.book.header import average_at, head_of, link_at, stop_at, sum_at
from nanobook.book.machine import subtract_wrapping
from nanobook.jit import njit
from nanobook.types.codes import TRAIL_FIXED, TRAIL_PERCENTAGE, TRAIL_TRUE_ATR

__all__ = ["CHANGES_KEPT", "FARTHEST", "SUMS_ROOM", "is_steady", "note_change", "offset_at"]
__all__ += ["price_behind"]

#: How many changes of the price between trigger passes are remembered.
CHANGES_KEPT = np.int64(10_000)

#: The ring of their running sums grows by doubling up to this.
SUMS_ROOM = 16_384

#: Up to this watermark, and with this fraction of it, a percentage is steady.
FARTHEST, _LARGEST_PART = np.int64(2**40), 0.999

_LOWEST, _HIGHEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
_BEYOND = 2.0**63


@njit
def price_behind(side, mark, offset):
    """Return the stop price at a distance, which is positive, behind a watermark."""
    if side > 0:
        return mark + offset if mark <= _HIGHEST - offset else _HIGHEST
    return mark - offset if mark >= _LOWEST + offset else _LOWEST


@njit
def is_steady(book, stop, mark):
    """Return whether a stop's price is its distance from the watermark, once it was, from now on.

    As the watermark moves towards the stop's own side that price must only ever tighten. A fixed
    distance sees to that. A percentage does as long as it's positive: the product is rounded by
    less than 1 - _LARGEST_PART, so it can't grow by more than the watermark does.
    """
    order = stop_at(book, stop)
    if order["trail_type"] == TRAIL_FIXED:
        return offset_at(book, stop, mark) > 0
    if order["trail_type"] != TRAIL_PERCENTAGE or mark < 0 or mark > FARTHEST:
        return False
    return 0.0 < order["trail_value"] <= _LARGEST_PART and offset_at(book, stop, mark) > 0


@njit
def offset_at(book, stop, mark):
    """Return a trailing stop's distance from a watermark."""
    order = stop_at(book, stop)
    value = order["trail_value"]
    if order["trail_type"] == TRAIL_FIXED:
        return _whole(value)
    if order["trail_type"] == TRAIL_PERCENTAGE:
        distance = np.float64(mark) * value
        whole = np.trunc(distance)
        if abs(distance - whole) >= 0.5:  # halves away from zero
            whole += 1.0 if distance > 0 else -1.0
        return _whole(whole)
    if order["trail_type"] == TRAIL_TRUE_ATR:
        return _whole(_mean_range(book, stop) * value)
    return _whole(_mean_change(book, np.int64(order["atr_period"])) * value)


@njit
def _mean_range(book, stop):
    """Return the average true range over a stop's period, 0 while there are too few bars."""
    average = average_at(book, np.int64(link_at(book, stop)["average"]))
    return average["value"] if average["count"] == average["period"] else 0.0


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
def _whole(value):
    """Return a float as an integer: truncated, NaN as 0, and held to the range of int64."""
    if not value < _BEYOND:
        return np.int64(0) if np.isnan(value) else _HIGHEST
    if value < -_BEYOND:
        return _LOWEST
    return np.int64(value)
