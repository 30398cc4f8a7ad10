"""Bars of so many trades each, and averages of their true ranges.

The averages are Wilder's (1978): the mean of the first true ranges, so many as the period says,
and from then on ``(average * (period - 1) + true range) / period``. They belong to the book, a
record for each period that a stop order has asked for; the last true ranges are kept, so that a
period that is new begins with the oldest of them.
"""

import numpy as np

from nanobook.book.header import AVERAGE, average_at, head_of, range_at, trade_at
from nanobook.book.machine import record_at, subtract_wrapping
from nanobook.jit import njit

__all__ = ["BAR_TRADES", "RANGES_KEPT", "build_bars", "find_average", "read_average"]
__all__ += ["short_of_bars", "start_bars"]

#: How many trades make a bar where nobody has said.
BAR_TRADES = np.int64(100)

#: How many true ranges are remembered, a power of two.
RANGES_KEPT = np.int64(4_096)

_ZERO, _HIGHEST = np.int64(0), np.iinfo(np.int64).max


@njit
def short_of_bars(book):
    """Return whether there's no room yet for bars, or for one more period."""
    head = head_of(book)
    if head["ranges_room"] == 0:
        head["bars_wanted"] = 1
        return True
    return head["averages"] >= head["averages_room"]


@njit
def start_bars(book, trades):
    """Begin anew with bars of so many trades; there must be room."""
    head = head_of(book)
    head["bar_trades"] = trades
    head["bar_from"] = head["next_trade"]
    head["bar_count"] = 0
    head["bar_high"] = 0
    head["bar_low"] = 0
    head["bar_close"] = 0
    head["bars"] = 0
    head["bars_seen"] = 0
    for at in range(head["averages"]):
        average = average_at(book, np.int64(at))
        average["count"] = 0
        average["value"] = 0.0


@njit
def build_bars(book):
    """Put the trades since the last time into bars, if any are built."""
    head = head_of(book)
    if head["bar_trades"] == 0:
        return
    first = head["trades"] - (head["next_trade"] - head["bar_from"])
    head["bar_from"] = head["next_trade"]
    for at in range(first, head["trades"]):
        price = trade_at(book, np.int64(at))["price"]
        begun = head["bar_count"] > 0
        head["bar_high"] = max(head["bar_high"], price) if begun else price
        head["bar_low"] = min(head["bar_low"], price) if begun else price
        head["bar_count"] += 1
        if head["bar_count"] == head["bar_trades"]:
            _close_bar(book, price)


@njit
def _close_bar(book, price):
    """Let all averages take the true range of a bar that is complete."""
    head = head_of(book)
    high, low = head["bar_high"], head["bar_low"]
    if head["bars"] > 0:  # the widest of high - low, |high - close| and |low - close|
        high, low = max(high, head["bar_close"]), min(low, head["bar_close"])
    width = subtract_wrapping(high, low)
    range_at(book, head["bars"] & (RANGES_KEPT - 1))["value"] = width
    head["bar_close"] = price
    head["bars"] += 1
    head["bar_count"] = 0
    head["bar_high"] = 0
    head["bar_low"] = 0
    for at in range(head["averages"]):
        _take(average_at(book, np.int64(at)), width)


@njit
def _take(average, width):
    """Let an average take a true range, which is a number modulo 2**64."""
    true_range = np.float64(width)
    if width < 0:  # half of it, of which the lowest bit sees to the rounding
        true_range = 2.0 * np.float64((width >> 1) & _HIGHEST | width & 1)
    period = average["period"]
    if average["count"] < period:
        average["value"] += true_range  # a sum, as long as there are too few
        average["count"] += 1
        if average["count"] == period:
            average["value"] /= period
    else:
        average["value"] = (average["value"] * (period - 1) + true_range) / period


@njit
def _start_average(book, average, period):
    """Let an average over a period begin with the true ranges that are remembered."""
    bars = head_of(book)["bars"]
    average["period"] = period
    average["count"] = 0
    average["value"] = 0.0
    for bar in range(max(_ZERO, bars - RANGES_KEPT), bars):
        _take(average, range_at(book, bar & (RANGES_KEPT - 1))["value"])


@njit
def find_average(book, period):
    """Return the place of a period's average, which is new if there's none; there must be room."""
    head = head_of(book)
    count = head["averages"]
    for at in range(count):
        if average_at(book, np.int64(at))["period"] == period:
            return np.int64(at)
    _start_average(book, average_at(book, count), period)
    head["averages"] = count + 1
    return count


@njit
def read_average(book, period, place):
    """Write the average over a period, which no stop order need have asked for, to an address."""
    out = record_at(place, AVERAGE)
    for at in range(head_of(book)["averages"]):
        average = average_at(book, np.int64(at))
        if average["period"] == period:
            out["period"] = period
            out["count"] = average["count"]
            out["value"] = average["value"]
            return
    _start_average(book, out, period)
