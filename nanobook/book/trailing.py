"""Trailing stops follow the price at a distance, and only ever tighten.

Those whose price is a steady distance from their watermark move in groups. The others wait for
the watermark with which something changes: theirs is steady, or, if it can't be, is moved alone.
"""

import numpy as np

from nanobook.book.bars import build_bars
from nanobook.book.distances import FARTHEST, is_steady, note_change, offset_at, price_behind
from nanobook.book.groups import beats, drop_root, have_group, join_group, meld_groups, root_of
from nanobook.book.header import (
    group_at,
    head_of,
    heap_at,
    heap_size,
    link_at,
    row_side,
    stop_at,
)
from nanobook.book.heaps import (
    BY_PRICE,
    GROUPS,
    MOVING,
    ON_BARS,
    WAITING,
    first_of,
    push,
    remove,
    settle,
)
from nanobook.jit import njit
from nanobook.types.codes import (
    PENDING,
    TRAIL_FIXED,
    TRAIL_PERCENTAGE,
    TRAIL_SMA_ABS_CHANGE,
)
from nanobook.types.records import NIL

__all__ = ["follow_mark", "move_trailing_stops"]

_BUYS, _SELLS = np.int64(0), np.int64(1)
_LOWEST, _HIGHEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@njit
def move_trailing_stops(book, price):
    """Let all trailing stops see a price."""
    note_change(book, price)
    build_bars(book)
    head = head_of(book)
    for row in (_BUYS, _SELLS):
        _move_groups(book, row, price)
        _wake(book, row, price)
    if head["stops_seen"] < head["stops"]:
        _see_first_price(book, price)
    _move_all(book, MOVING, price)
    if head["bars_seen"] != head["bars"]:
        head["bars_seen"] = head["bars"]
        _move_all(book, ON_BARS, price)


@njit
def _move_groups(book, row, price):
    """Move the groups of a side whose watermark a price beats: from then on they are one."""
    count = heap_size(book, GROUPS + row)["value"]
    place = count
    while place > 0 and beats(row, price, group_at(book, row, place - 1)["mark"]):
        place -= 1
        _let_go(book, row, group_at(book, row, place), price)
    if place < count:
        meld_groups(book, row, place, price)


@njit
def _let_go(book, row, group, price):
    """Take those percentages out of a group that aren't steady with a price as the watermark."""
    root = root_of(group, TRAIL_PERCENTAGE)
    while root != NIL and not is_steady(book, root, price):
        drop_root(book, row, group, TRAIL_PERCENTAGE)
        _move(book, root, price)
        root = root_of(group, TRAIL_PERCENTAGE)


@njit
def _wake(book, row, price):
    """Move those stops of a side that have waited for a watermark such as a price."""
    size = heap_size(book, WAITING + row)
    while size["value"] > 0:
        stop = first_of(book, WAITING + row)
        if beats(row, link_at(book, stop)["wake"], price):
            break
        remove(book, WAITING + row, np.int64(0))
        _move(book, stop, price)


@njit
def _see_first_price(book, price):
    """Let the stops that were submitted since the last pass begin to trail."""
    head = head_of(book)
    for at in range(head["stops_seen"], head["stops"]):
        stop = np.int64(at)
        order = stop_at(book, stop)
        trails = order["status"] == PENDING and order["trail_type"] != NIL
        if trails and order["has_watermark"] == 0:
            order["has_watermark"] = 1
            have_group(book, row_side(np.int64(order["side"])), stop, price)
            _move(book, stop, price)
    head["stops_seen"] = head["stops"]


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
def _move(book, stop, mark):
    """Let a stop have a new watermark, that of the group on top."""
    stop_at(book, stop)["watermark"] = mark
    _tighten(book, stop)
    follow_mark(book, stop)


@njit
def _tighten(book, stop):
    """Move a stop's price to its distance from the watermark, if that's nearer."""
    order = stop_at(book, stop)
    offset = offset_at(book, stop, order["watermark"])
    if offset <= 0:
        return
    side = np.int64(order["side"])
    new = price_behind(side, order["watermark"], offset)
    if new < order["stop_price"] if side > 0 else new > order["stop_price"]:
        order["stop_price"] = new
        settle(book, BY_PRICE + row_side(side), np.int64(link_at(book, stop)["place"]))


@njit
def follow_mark(book, stop):
    """Put a stop that has seen a price where the next watermark to move it will find it."""
    order = stop_at(book, stop)
    if order["trail_type"] == TRAIL_SMA_ABS_CHANGE:
        return  # it moves with every pass
    mark, side = order["watermark"], np.int64(order["side"])
    if is_steady(book, stop, mark) and order["stop_price"] == price_behind(
        side, mark, offset_at(book, stop, mark)
    ):
        join_group(book, stop)
        return
    wake = _next_mark(book, stop, mark)
    if wake != mark:
        link_at(book, stop)["wake"] = wake
        push(book, WAITING + row_side(side), stop)


@njit
def _next_mark(book, stop, mark):
    """Return the next watermark that may move a stop, the one it has if there's none."""
    order = stop_at(book, stop)
    buys = order["side"] > 0
    if order["trail_type"] == TRAIL_FIXED:
        offset, price = offset_at(book, stop, mark), order["stop_price"]
        if offset <= 0 or (price < _LOWEST + offset if buys else price > _HIGHEST - offset):
            return mark
        return price - offset if buys else price + offset
    # As long as all steady percentages are, they are looked for; others are moved by every mark.
    if order["trail_type"] == TRAIL_PERCENTAGE and is_steady(book, stop, FARTHEST):
        if buys and mark <= FARTHEST:
            return _first_steady_buy(book, stop, mark)
        if not buys and mark <= FARTHEST:
            return _first_steady_sell(book, stop, mark)
    if buys:
        return mark - 1 if mark > _LOWEST else mark
    return mark + 1 if mark < _HIGHEST else mark


@njit
def _first_steady_buy(book, stop, mark):
    """Return the highest watermark below one whose distance moves a buy, that one if none does."""
    price = stop_at(book, stop)["stop_price"]
    low, high = np.int64(-1), mark  # never and not yet
    while high - low > 1:
        middle = (low + high) >> 1
        offset = offset_at(book, stop, middle)
        if offset <= 0 or middle + offset <= price:
            low = middle
        else:
            high = middle
    return low if low >= 0 and offset_at(book, stop, low) > 0 else mark


@njit
def _first_steady_sell(book, stop, mark):
    """Return the lowest watermark above one whose distance moves a sell, or is steady no more."""
    price = stop_at(book, stop)["stop_price"]
    low, high = max(mark, np.int64(-1)), FARTHEST + 1
    while high - low > 1:
        middle = (low + high) >> 1
        offset = offset_at(book, stop, middle)
        if offset > 0 and middle - offset >= price:
            high = middle
        else:
            low = middle
    return high
