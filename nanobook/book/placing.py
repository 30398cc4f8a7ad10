"""Placing the ladder: around the touch, as wide and as fine as the levels ask for."""

import numpy as np

from nanobook.book.header import (
    ASKS,
    BIDS,
    DONE,
    FULL,
    SPARE,
    cell_at,
    far_at,
    head_of,
    level_at,
    side_of,
    word_at,
)
from nanobook.book.ladder import cell_of, set_bit
from nanobook.book.levels import first_step, next_step
from nanobook.jit import njit
from nanobook.types.records import NIL

__all__ = ["NARROWEST", "WIDEST", "replace_ladder"]

#: How many cells a ladder has, at first and at most.
NARROWEST, WIDEST = 4_096, 65_536

#: The widest step between two cells.
_COARSEST = 10_000_000

_ZERO = np.int64(0)
_LOWEST, _HIGHEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@njit
def _walk(book, row, most, start):
    """Write up to `most` levels, best first, into the spare row from `start` on; count them."""
    cell, last = first_step(book, row)
    count = np.int64(0)
    while count < most:
        level, cell, last = next_step(book, row, cell, last)
        if level == NIL:
            break
        far_at(book, SPARE, start + count)["level"] = level
        count += 1
    return count


@njit
def replace_ladder(book):
    """Place the ladder anew, around the touch, and every level where it then belongs.

    Returns
    -------
    int
        DONE, or FULL if the ladder should be wider than there is room for, as `wish` says. The
        book is whole then too, with all levels in the far rows.
    """
    _lower_ladder(book)
    head = head_of(book)
    count = head["level_count"]
    tick = _step(book)
    centre = _centre(book, tick)
    width = np.int64(NARROWEST)
    while width < WIDEST and 8 * _within(book, centre, (width >> 1) * tick) < 7 * count:
        width *= 4
    if width > head["cells_room"]:
        head["wish"] = width
        return FULL
    width = head["cells_room"]
    span = (width - 1) * tick
    if centre < _LOWEST + span + tick:
        first = (_LOWEST // tick + 1) * tick
    elif centre > _HIGHEST - span:
        first = (_HIGHEST - span) // tick * tick
    else:
        first = (centre - (span >> 1)) // tick * tick
    head["first"] = first
    head["last"] = first + span
    head["tick"] = tick
    head["inverse"] = 1.0 / tick
    outside = _raise_ladder(book, BIDS) + _raise_ladder(book, ASKS)
    patience = 512 + (width >> 3) + 16 * count
    head["patience"] = max(patience, 2 * head["patience"]) if 2 * outside > count else patience
    head["far_work"] = 0
    return DONE


@njit
def _lower_ladder(book):
    """Put all levels into the far rows, and leave the ladder without a window."""
    head = head_of(book)
    bids = _walk(book, BIDS, head["level_count"], _ZERO)
    asks = _walk(book, ASKS, head["level_count"], bids)
    _take_spare(book, BIDS, _ZERO, bids)
    _take_spare(book, ASKS, bids, asks)
    for cell in range(head["cells_room"]):
        cell_at(book, cell)["level"] = NIL
    for word in range(head["words_room"]):
        word_at(book, word)["value"] = 0
    head["first"] = 1
    head["last"] = 0


@njit
def _take_spare(book, row, start, count):
    """Make a side's far row of what the spare row holds, turned round."""
    for at in range(count):
        level = far_at(book, SPARE, start + at)["level"]
        far_at(book, row, count - 1 - at)["level"] = level
    side_of(book, row)["far"] = count


@njit
def _raise_ladder(book, row):
    """Move those levels of a far row to the ladder that have a cell; return how many stay."""
    own = side_of(book, row)
    stay = np.int64(0)
    for at in range(own["far"]):
        level = np.int64(far_at(book, row, at)["level"])
        cell = cell_of(book, level_at(book, level)["price"])
        if cell != NIL:
            cell_at(book, cell)["level"] = level
            set_bit(book, cell)
        else:
            far_at(book, row, stay)["level"] = level
            stay += 1
    own["far"] = stay
    return stay


@njit
def _step(book):
    """Return the widest of the steps 1, 5, 10, 50 ... that seven of eight levels stand on."""
    found, tick, factor = np.int64(1), np.int64(5), np.int64(2)
    while tick <= _COARSEST:
        on = np.int64(0)
        for row in (BIDS, ASKS):
            for at in range(side_of(book, row)["far"]):
                level = np.int64(far_at(book, row, at)["level"])
                on += level_at(book, level)["price"] % tick == 0
        if 8 * on < 7 * head_of(book)["level_count"]:
            break
        found = tick
        tick, factor = tick * factor, 7 - factor
    return found


@njit
def _centre(book, tick):
    """Return the middle of the touch, or the best bid where that is too far from the ask."""
    bid, ask = side_of(book, BIDS)["price"], side_of(book, ASKS)["price"]
    has = head_of(book)["has"]
    if has != 3:
        return ask if has == 2 else bid
    if (bid < 0 and ask > _HIGHEST + bid) or ask - bid >= NARROWEST * tick:
        return bid
    return bid + (ask - bid) // 2


@njit
def _within(book, centre, reach):
    """Return how many levels are at most `reach` away from a price."""
    low = centre - reach if centre > _LOWEST + reach else _LOWEST
    high = centre + reach if centre < _HIGHEST - reach else _HIGHEST
    count = np.int64(0)
    for row in (BIDS, ASKS):
        for at in range(side_of(book, row)["far"]):
            price = level_at(book, np.int64(far_at(book, row, at)["level"]))["price"]
            count += low <= price <= high
    return count
