"""Price levels: finding one by its price, opening and closing it, and which is the best.

A level stands on the ladder where its price has a cell, and otherwise in its side's far row,
sorted with the best at the end. Where a level stands follows from its price alone, so the
ladder decides how fast a book is and never what it answers.
"""

import numpy as np

from nanobook.book.header import (
    ASKS,
    BIDS,
    cell_at,
    far_at,
    head_of,
    level_at,
    row_side,
    side_of,
)
from nanobook.book.ladder import cell_above, cell_below, cell_of, clear_bit, set_bit
from nanobook.jit import njit
from nanobook.types.records import NIL

__all__ = ["close_level", "crosses", "find_level", "first_step", "next_step", "open_level"]


_ZERO = np.int64(0)
_LOWEST, _HIGHEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


@njit
def crosses(book, side, price):
    """Return whether an order of this side and price would trade."""
    if side > 0:
        other = side_of(book, ASKS)
        return price >= other["price"] and other["best"] != NIL
    other = side_of(book, BIDS)
    return price <= other["price"] and other["best"] != NIL


@njit
def better(book, side, level, other):
    """Return whether a level's price is better than another's; NIL is worse than any."""
    if level == NIL or other == NIL:
        return level != NIL
    if side > 0:
        return level_at(book, level)["price"] > level_at(book, other)["price"]
    return level_at(book, level)["price"] < level_at(book, other)["price"]


@njit(forceinline=True)
def find_level(book, side, price):
    """Return the level of a price, NIL if nothing of this side rests there."""
    cell = cell_of(book, price)
    if cell != NIL:
        return np.int64(cell_at(book, cell)["level"])
    return _find_far(book, side, price)


@njit
def _find_far(book, side, price):
    """Return the level of a price off the ladder, NIL if nothing of this side rests there."""
    place, row = _far_place(book, side, price), row_side(side)
    if place < side_of(book, row)["far"]:
        level = np.int64(far_at(book, row, place)["level"])
        if level_at(book, level)["price"] == price:
            return level
    return NIL


@njit
def _far_place(book, side, price):
    """Return where a price belongs in its side's far row: before all that are as good."""
    row = row_side(side)
    low, high = np.int64(0), side_of(book, row)["far"]
    while low < high:
        middle = (low + high) >> 1
        other = level_at(book, np.int64(far_at(book, row, middle)["level"]))["price"]
        if (other < price) if side > 0 else (other > price):
            low = middle + 1
        else:
            high = middle
    return low


@njit
def open_level(book, side, price):
    """Make a level with nothing in it yet; there must be room."""
    head = head_of(book)
    level = head["levels_free"]
    if level != NIL:
        head["levels_free"] = level_at(book, level)["tail"]
    else:
        level = head["levels_top"]
        head["levels_top"] = level + 1
    node = level_at(book, level)
    node["price"] = price
    node["quantity"] = 0
    node["side"] = side
    node["count"] = 0
    node["head"] = NIL
    node["tail"] = NIL
    head["level_count"] += 1
    cell = cell_of(book, price)
    if cell != NIL:
        cell_at(book, cell)["level"] = level
        set_bit(book, cell)
    else:
        _insert_far(book, side, price, level)
    row = row_side(side)
    own = side_of(book, row)
    if own["best"] == NIL or (price > own["price"] if side > 0 else price < own["price"]):
        own["best"] = level
        own["price"] = price
        head["has"] |= 1 + row
    return level


@njit
def _insert_far(book, side, price, level):
    """Put a level into its side's far row."""
    row = row_side(side)
    own = side_of(book, row)
    place, count = _far_place(book, side, price), own["far"]
    for at in range(count, place, -1):
        far_at(book, row, at)["level"] = far_at(book, row, at - 1)["level"]
    far_at(book, row, place)["level"] = level
    own["far"] = count + 1
    head_of(book)["far_work"] += 4 + ((count - place) >> 3)


@njit
def _remove_far(book, side, price):
    """Take a level out of its side's far row."""
    row = row_side(side)
    own = side_of(book, row)
    place, count = _far_place(book, side, price), own["far"] - 1
    for at in range(place, count):
        far_at(book, row, at)["level"] = far_at(book, row, at + 1)["level"]
    own["far"] = count
    head_of(book)["far_work"] += 4 + ((count - place) >> 3)


@njit
def close_level(book, level):
    """Take an empty level out of the book."""
    head, node = head_of(book), level_at(book, level)
    price, side = node["price"], np.int64(node["side"])
    cell = cell_of(book, price)
    if cell != NIL:
        cell_at(book, cell)["level"] = NIL
        clear_bit(book, cell)
    else:
        _remove_far(book, side, price)
    node["count"] = 0
    node["tail"] = head["levels_free"]
    head["levels_free"] = level
    head["level_count"] -= 1
    if side_of(book, row_side(side))["best"] == level:
        _choose_best(book, side, price)


@njit
def _choose_best(book, side, price):
    """Find the best level of a side once that at `price` is gone."""
    head, row = head_of(book), row_side(side)
    own = side_of(book, row)
    cell = first_cell(book, side, price)
    best = np.int64(cell_at(book, cell)["level"]) if cell != NIL else NIL
    if own["far"] > 0:
        other = np.int64(far_at(book, row, own["far"] - 1)["level"])
        if better(book, side, other, best):
            best = other
    own["best"] = best
    if best == NIL:
        head["has"] &= ~(1 + row)
        own["price"] = _LOWEST if side > 0 else _HIGHEST
    else:
        own["price"] = level_at(book, best)["price"]


@njit
def first_cell(book, side, price):
    """Return the side's best taken cell whose price is `price` or worse, NIL if there's none."""
    head = head_of(book)
    if side > 0:
        if price < head["first"]:
            return NIL
        if price >= head["last"]:
            return cell_below(book, head["cells_room"] - 1)
        return cell_below(book, (price - head["first"]) // head["tick"])
    if price > head["last"]:
        return NIL
    if price <= head["first"]:
        return cell_above(book, _ZERO)
    return cell_above(book, (price - head["first"] + head["tick"] - 1) // head["tick"])


@njit
def first_step(book, row):
    """Return where a walk over a side's levels begins: a cell, and a place in the far row."""
    own = side_of(book, row)
    if own["best"] == NIL:
        return NIL, own["far"] - 1
    return first_cell(book, 1 - 2 * row, own["price"]), own["far"] - 1


@njit
def next_step(book, row, cell, last):
    """Return the next level of a walk, the best first, NIL after the last; and where it goes on."""
    level = np.int64(cell_at(book, cell)["level"]) if cell != NIL else NIL
    other = np.int64(far_at(book, row, last)["level"]) if last >= 0 else NIL
    if better(book, 1 - 2 * row, other, level):
        return other, cell, last - 1
    if level == NIL:
        return level, cell, last
    return level, cell_below(book, cell - 1) if row == 0 else cell_above(book, cell + 1), last
