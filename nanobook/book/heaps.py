"""Heaps of pending stop orders: the next to be reached first, without looking at the others.

Rows 0 and 1 hold buys and sells by stop price; rows 2 and 3 trailing buys and sells by the
watermark that each waits for, the next that a new price would move first. A stop order knows its
places, so that it can be taken out or moved.
"""

import numpy as np

from nanobook.book.header import heap_at, heap_size, link_at, stop_at
from nanobook.jit import njit
from nanobook.types.records import NIL

__all__ = ["BY_PRICE", "GROUPS", "HEAPS", "IN_GROUP", "MOVING", "ON_BARS", "REACHED", "WAITING"]
__all__ += ["append", "first_of", "push", "remove", "settle"]

#: The first of the two heaps by stop price, and of those by watermark.
BY_PRICE, WAITING = np.int64(0), np.int64(2)

#: Plain lists: trailing stops that every pass may move, those that a pass may move after a bar,
#: and those that a pass has reached.
MOVING, ON_BARS, REACHED = map(np.int64, range(4, 7))

#: How many rows there are.
HEAPS = 7

#: Behind their sizes: how many groups there are of each side. See groups.py.
GROUPS = np.int64(7)

#: In place of a place among those that wait: in a group's heap.
IN_GROUP = np.int64(-2)


@njit
def first_of(book, heap):
    """Return the first stop order of a heap that isn't empty."""
    return np.int64(heap_at(book, heap, np.int64(0))["level"])


@njit
def append(book, heap, stop):
    """Put a stop order at the end of a list."""
    size = heap_size(book, heap)
    heap_at(book, heap, size["value"])["level"] = stop
    size["value"] += 1


@njit
def _key(book, heap, stop):
    """Return the number by which a heap is sorted, the least first."""
    if heap == 0:
        return stop_at(book, stop)["stop_price"]
    if heap == 1:
        return ~stop_at(book, stop)["stop_price"]  # as good as the negative, and never overflows
    if heap == 2:
        return ~link_at(book, stop)["wake"]
    return link_at(book, stop)["wake"]


@njit
def _seat(book, heap, place, stop):
    """Put a stop order at a place, and let it know."""
    heap_at(book, heap, place)["level"] = stop
    _tell(book, heap, place, stop)


@njit
def _tell(book, heap, place, stop):
    """Let a stop order know its place."""
    if heap < WAITING:
        link_at(book, stop)["place"] = place
    else:
        link_at(book, stop)["mark_place"] = place


@njit
def push(book, heap, stop):
    """Add a stop order to a heap."""
    size = heap_size(book, heap)
    place = size["value"]
    size["value"] = place + 1
    _rise(book, heap, place, stop)


@njit
def _rise(book, heap, place, stop):
    """Seat a stop order at a place or nearer to the top."""
    key = _key(book, heap, stop)
    while place > 0:
        above = (place - 1) >> 1
        other = np.int64(heap_at(book, heap, above)["level"])
        if _key(book, heap, other) <= key:
            break
        _seat(book, heap, place, other)
        place = above
    _seat(book, heap, place, stop)


@njit
def _sink(book, heap, place, stop):
    """Seat a stop order at a place or farther from the top."""
    key, size = _key(book, heap, stop), heap_size(book, heap)["value"]
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        other = np.int64(heap_at(book, heap, below)["level"])
        if below + 1 < size:
            right = np.int64(heap_at(book, heap, below + 1)["level"])
            if _key(book, heap, right) < _key(book, heap, other):
                below, other = below + 1, right
        if key <= _key(book, heap, other):
            break
        _seat(book, heap, place, other)
        place = below
    _seat(book, heap, place, stop)


@njit
def settle(book, heap, place):
    """Move the stop order at a place to where it belongs now."""
    stop = np.int64(heap_at(book, heap, place)["level"])
    above = np.int64(heap_at(book, heap, max(0, (place - 1) >> 1))["level"])
    if place > 0 and _key(book, heap, stop) < _key(book, heap, above):
        _rise(book, heap, place, stop)
    else:
        _sink(book, heap, place, stop)


@njit
def remove(book, heap, place):
    """Take the stop order at a place out of a heap."""
    size = heap_size(book, heap)
    _tell(book, heap, NIL, np.int64(heap_at(book, heap, place)["level"]))
    last = size["value"] - 1
    size["value"] = last
    if place < last:
        moved = np.int64(heap_at(book, heap, last)["level"])
        heap_at(book, heap, place)["level"] = moved
        settle(book, heap, place)
