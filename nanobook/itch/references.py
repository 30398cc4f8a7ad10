"""Orders by their reference: any 64-bit number to a place in a side's pool.

Open addressing with linear probing (Knuth 1998, volume 3, section 6.4, algorithms L and R): what
is taken out leaves no mark, for those behind it move up.
"""

import numpy as np

from nanobook.book.header import CHECKED
from nanobook.book.machine import record_at
from nanobook.itch.wire import scatter
from nanobook.jit import njit
from nanobook.types.records import NIL

__all__ = ["ENTRY", "TABLE", "entry_at", "put", "rehash", "remove", "seek", "short_of_places"]

#: A place of the table: a reference, and where its order is.
ENTRY = np.dtype(
    [
        ("reference", np.int64),
        ("slot", np.int32),  # in its side's pool; NIL marks a free place
        ("side", np.int32),  # twice the number of the symbol, and one more for asks
    ],
    align=True,
)

#: The table itself.
TABLE = np.dtype(
    [
        ("entries_at", np.int64),
        ("room", np.int64),  # places, a power of two
        ("shift", np.int64),  # 64 less its bits
        ("used", np.int64),
    ]
)

_ENTRY_SIZE = ENTRY.itemsize


@njit
def entry_at(table, place):
    """Return a place of the table."""
    head = record_at(table, TABLE)
    if CHECKED and (place < 0 or place >= head["room"]):
        raise IndexError("a kernel reached outside the table of references")
    return record_at(head["entries_at"] + place * _ENTRY_SIZE, ENTRY)


@njit
def seek(table, reference):
    """Return the place of a reference, or the free one where it would go."""
    head = record_at(table, TABLE)
    mask = head["room"] - 1
    place = scatter(reference, head["shift"])
    while True:
        entry = entry_at(table, place)
        if entry["slot"] == NIL or entry["reference"] == reference:
            return place
        place = (place + 1) & mask


@njit
def short_of_places(table):
    """Return whether the table should grow before another reference comes."""
    head = record_at(table, TABLE)
    return 2 * head["used"] >= head["room"]


@njit
def put(table, place, reference, slot, side):
    """Write a reference at the free place that `seek` has found; there must be room."""
    entry = entry_at(table, place)
    entry["reference"] = reference
    entry["slot"] = slot
    entry["side"] = side
    record_at(table, TABLE)["used"] += 1


@njit
def remove(table, place):
    """Free a place; what stands behind it for want of it moves up."""
    head = record_at(table, TABLE)
    mask, shift = head["room"] - 1, head["shift"]
    head["used"] -= 1
    after = place
    while True:
        after = (after + 1) & mask
        entry = entry_at(table, after)
        if entry["slot"] == NIL:
            break
        home = scatter(entry["reference"], shift)
        if ((after - home) & mask) >= ((after - place) & mask):
            free = entry_at(table, place)
            free["reference"] = entry["reference"]
            free["slot"] = entry["slot"]
            free["side"] = entry["side"]
            place = after
    entry_at(table, place)["slot"] = NIL


@njit
def rehash(table, new):
    """Put all references of a table into a new one, which is empty and large enough."""
    for place in range(record_at(table, TABLE)["room"]):
        entry = entry_at(table, np.int64(place))
        if entry["slot"] != NIL:
            slot, side = np.int64(entry["slot"]), np.int64(entry["side"])
            put(new, seek(new, entry["reference"]), entry["reference"], slot, side)
