"""The ladder: a window of ticks around the touch, a cell for each, and which cells are taken.

Both sides share it, for bids stand below asks. A bit says that a cell holds a level; a second
row of bits says which words of the first aren't 0; so the next level on either side of a price
is two instructions away, however far that is.
"""

import numpy as np

from nanobook.book.header import head_of, word_at
from nanobook.book.machine import highest_bit, lowest_bit
from nanobook.jit import njit
from nanobook.types.records import NIL

__all__ = ["cell_above", "cell_below", "cell_of", "clear_bit", "set_bit"]

_ONE, _ALL = np.int64(1), np.int64(-1)


@njit
def cell_of(book, price):
    """Return the cell of a price, NIL outside the window and between two ticks."""
    head = head_of(book)
    if price < head["first"] or price > head["last"]:
        return NIL
    offset = price - head["first"]
    tick = head["tick"]
    if tick == 1:
        return offset
    # A product is many times faster than a division. Rounded, it's the cell of every price that
    # has one, for an offset has 40 bits at most.
    cell = np.int64(np.float64(offset) * head["inverse"] + 0.5)
    return cell if cell * tick == offset else NIL


@njit
def set_bit(book, cell):
    """Mark a cell as taken."""
    word = cell >> 6
    word_at(book, word)["value"] |= _ONE << (cell & 63)
    word_at(book, (head_of(book)["cells_room"] >> 6) + (word >> 6))["value"] |= _ONE << (word & 63)


@njit
def clear_bit(book, cell):
    """Mark a cell as free."""
    word = cell >> 6
    left = word_at(book, word)["value"] & ~(_ONE << (cell & 63))
    word_at(book, word)["value"] = left
    if left == 0:
        summary = word_at(book, (head_of(book)["cells_room"] >> 6) + (word >> 6))
        summary["value"] &= ~(_ONE << (word & 63))


@njit
def cell_below(book, cell):
    """Return the highest taken cell that isn't above `cell`, NIL if there's none."""
    if cell < 0:
        return NIL
    word = cell >> 6
    found = word_at(book, word)["value"] & ~((_ALL << (cell & 63)) << 1)
    if found == 0:
        words, page = head_of(book)["cells_room"] >> 6, word >> 6
        found = word_at(book, words + page)["value"] & ~(_ALL << (word & 63))
        while found == 0:
            page -= 1
            if page < 0:
                return NIL
            found = word_at(book, words + page)["value"]
        word = (page << 6) + highest_bit(found)
        found = word_at(book, word)["value"]
    return (word << 6) + highest_bit(found)


@njit
def cell_above(book, cell):
    """Return the lowest taken cell that isn't below `cell`, NIL if there's none."""
    room = head_of(book)["cells_room"]
    if cell >= room:
        return NIL
    word = cell >> 6
    found = word_at(book, word)["value"] & (_ALL << (cell & 63))
    if found == 0:
        words, page = room >> 6, word >> 6
        found = word_at(book, words + page)["value"] & ((_ALL << (word & 63)) << 1)
        while found == 0:
            page += 1
            if page << 6 >= words:
                return NIL
            found = word_at(book, words + page)["value"]
        word = (page << 6) + lowest_bit(found)
        found = word_at(book, word)["value"]
    return (word << 6) + lowest_bit(found)
