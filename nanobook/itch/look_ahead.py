"""Asking early for the memory that messages further on will need.

Where an order stands in memory is as good as random, so a market's messages would wait for
memory most of the time. Three looks, each nearer than the one before, ask for the place of a
message's reference, then for its order and the ladder's cell of its new price, then for what
stands around those. Nothing is decided here: whatever a message says, it's only fetched.
"""

import numpy as np

from nanobook.book.header import CELL, head_of
from nanobook.book.ladder import cell_of
from nanobook.book.machine import prefetch, record_at
from nanobook.itch.layout import WIRE
from nanobook.itch.market import MARKET, side_address, symbol_at
from nanobook.itch.reader import word_at
from nanobook.itch.references import ENTRY, TABLE
from nanobook.itch.wire import read_2, read_4, read_8, read_byte, scatter
from nanobook.jit import njit
from nanobook.types.records import LEVEL, NIL, RESTING

__all__ = ["FIRST_LOOK", "SECOND_LOOK", "THIRD_LOOK", "look_first", "look_second", "look_third"]

#: How many messages ahead each look is.
FIRST_LOOK, SECOND_LOOK, THIRD_LOOK = 12, 8, 4

_ENTRY_SIZE, _ORDER_SIZE, _LEVEL_SIZE = ENTRY.itemsize, RESTING.itemsize, LEVEL.itemsize
_CELL_SIZE = CELL.itemsize
_TABLE = MARKET.fields["references"][1]

#: A message that begins with a reference, behind its head, is so long at least.
_SHORTEST = WIRE["D"].itemsize
_REFERENCE = WIRE["D"].fields["reference"][1]

_ADD, _ATTRIBUTED, _REPLACE, _SELL = (np.int64(ord(letter)) for letter in "AFUS")
_ADD_LENGTH, _REPLACE_LENGTH = WIRE["A"].itemsize, WIRE["U"].itemsize
_ADD_SIDE, _ADD_PRICE = (WIRE["A"].fields[name][1] for name in ("side", "price"))
_NEW_PRICE = WIRE["U"].fields["price"][1]


@njit
def _home(market, place):
    """Return the address of the place that a message's reference has if it's alone there."""
    table = record_at(market + _TABLE, TABLE)
    return table["entries_at"] + scatter(read_8(place + _REFERENCE), table["shift"]) * _ENTRY_SIZE


@njit
def look_first(market, data, size, at):
    """Ask for the place of a reference; return where the next frame is."""
    if at + _SHORTEST + 2 > size:
        return size
    length = read_2(data + at)
    if length >= _SHORTEST:
        prefetch(_home(market, data + at + 2))
    return at + 2 + length


@njit
def look_second(market, data, size, at):
    """Ask for the order of a reference, and the cell of a new price; return as `look_first`."""
    if at + _SHORTEST + 2 > size:
        return size
    length, place = read_2(data + at), data + at + 2
    if length >= _SHORTEST and at + 2 + length <= size:
        letter = read_byte(place)
        if letter in (_ADD, _ATTRIBUTED):
            book = _book_of_add(market, place, length)
            price_at = place + _ADD_PRICE
        else:
            entry = record_at(_home(market, place), ENTRY)
            book, price_at = _book_of(market, place, entry), np.int64(0)
            if book != 0:
                prefetch(head_of(book)["orders_at"] + np.int64(entry["slot"]) * _ORDER_SIZE)
            if letter == _REPLACE and length >= _REPLACE_LENGTH:
                price_at = place + _NEW_PRICE
        if book != 0 and price_at != 0:
            cell = cell_of(book, read_4(price_at))
            prefetch(head_of(book)["cells_at"] + cell * _CELL_SIZE)
    return at + 2 + length


@njit
def look_third(market, data, size, at):
    """Ask for what stands around an order or a new price; return as `look_first`."""
    if at + _SHORTEST + 2 > size:
        return size
    length, place = read_2(data + at), data + at + 2
    if length >= _SHORTEST and at + 2 + length <= size:
        letter = read_byte(place)
        if letter in (_ADD, _ATTRIBUTED):
            book = _book_of_add(market, place, length)
            if book != 0:
                cell = cell_of(book, read_4(place + _ADD_PRICE))
                if cell != NIL:
                    level = record_at(head_of(book)["cells_at"] + cell * _CELL_SIZE, CELL)["level"]
                    prefetch(head_of(book)["levels_at"] + np.int64(level) * _LEVEL_SIZE)
        else:
            entry = record_at(_home(market, place), ENTRY)
            book = _book_of(market, place, entry)
            if book != 0:
                head = head_of(book)
                orders = head["orders_at"]
                order = record_at(orders + np.int64(entry["slot"]) * _ORDER_SIZE, RESTING)
                prefetch(head["levels_at"] + np.int64(order["level"]) * _LEVEL_SIZE)
                prefetch(orders + np.int64(order["prev"]) * _ORDER_SIZE)
                prefetch(orders + np.int64(order["next"]) * _ORDER_SIZE)
    return at + 2 + length


@njit
def _book_of_add(market, place, length):
    """Return the address of the side that an add goes to, 0 if there's none yet."""
    if length < _ADD_LENGTH:
        return np.int64(0)
    number = word_at(record_at(market, MARKET)["numbers_at"], read_2(place + 1))["value"] - 1
    if number < 0:
        return np.int64(0)
    return side_address(symbol_at(market, number), np.int64(read_byte(place + _ADD_SIDE) == _SELL))


@njit
def _book_of(market, place, entry):
    """Return the address of the side of an order found at its first place, 0 if it isn't there."""
    if entry["slot"] == NIL or entry["reference"] != read_8(place + _REFERENCE):
        return np.int64(0)
    side = np.int64(entry["side"])
    return side_address(symbol_at(market, side >> 1), side & 1)
