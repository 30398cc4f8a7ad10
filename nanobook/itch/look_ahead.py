"""Asking early for the memory that messages further on will need.

Where an order stands in memory is as good as random, so a market's messages would wait for
memory most of the time. Nothing is decided here: whatever a message says, it's only fetched.
"""

import numpy as np

from nanobook.book.header import head_of
from nanobook.book.machine import prefetch, record_at
from nanobook.itch.market import MARKET, side_address, symbol_at
from nanobook.itch.references import ENTRY, TABLE
from nanobook.itch.wire import read_2, read_8, scatter
from nanobook.jit import njit
from nanobook.types.records import NIL, RESTING

__all__ = ["ENTRY_AHEAD", "ORDER_AHEAD", "fetch_entry", "fetch_order"]

#: How many messages ahead the place of a reference is asked for, and then its order.
ENTRY_AHEAD, ORDER_AHEAD = 12, 5

#: A message that begins with a reference, behind its head, is so long at least.
_SHORTEST, _REFERENCE = 19, 11

_ENTRY_SIZE, _ORDER_SIZE = ENTRY.itemsize, RESTING.itemsize
_TABLE = MARKET.fields["references"][1]


@njit
def fetch_entry(market, data, size, at):
    """Ask for the place of the reference in the frame at `at`; return where the next one is."""
    if at + _SHORTEST + 2 > size:
        return size
    length = read_2(data + at)
    if length >= _SHORTEST:
        table = record_at(market + _TABLE, TABLE)
        home = scatter(read_8(data + at + 2 + _REFERENCE), table["shift"])
        prefetch(table["entries_at"] + home * _ENTRY_SIZE)
    return at + 2 + length


@njit
def fetch_order(market, data, size, at):
    """Ask for the order of the reference in the frame at `at`; return where the next one is."""
    if at + _SHORTEST + 2 > size:
        return size
    length = read_2(data + at)
    if length >= _SHORTEST:
        table = record_at(market + _TABLE, TABLE)
        reference = read_8(data + at + 2 + _REFERENCE)
        home = scatter(reference, table["shift"])
        entry = record_at(table["entries_at"] + home * _ENTRY_SIZE, ENTRY)
        if entry["reference"] == reference and entry["slot"] != NIL:
            side = np.int64(entry["side"])
            book = side_address(symbol_at(market, side >> 1), side & 1)
            prefetch(head_of(book)["orders_at"] + np.int64(entry["slot"]) * _ORDER_SIZE)
    return at + 2 + length
