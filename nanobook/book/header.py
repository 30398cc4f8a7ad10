"""The header of a book: where its arrays are, and how it stands.

A kernel is given the header's address, called `book`, and reaches everything from there:
``head_of(book)["next_id"]``, ``order_at(book, slot)["remaining"]``. Whoever has set
``NUMBA_BOUNDSCHECK=1``, or compiles nothing, has every index checked against its array.
"""

import numpy as np
from numba import config

from nanobook.book.machine import record_at
from nanobook.jit import njit
from nanobook.types.records import (
    LEVEL,
    MESSAGE,
    ORDER_LABEL,
    ORDER_RESULT,
    ORDER_ROW,
    RESTING,
    STOP,
    TRADE,
)

__all__ = [
    "ASKS",
    "AVERAGE",
    "BIDS",
    "BITS_PER_WORD",
    "CELL",
    "CHECKED",
    "DONE",
    "FULL",
    "HEADER",
    "SPARE",
    "WORD",
]
__all__ += ["average_at", "cell_at", "elder_at", "event_at", "far_at", "group_at"]
__all__ += [
    "head_of",
    "heap_at",
    "heap_size",
    "label_at",
    "level_at",
    "link_at",
    "order_at",
    "range_at",
    "result_of",
]
__all__ += ["row_at", "row_side", "side_of", "stop_at", "sum_at", "trade_at", "word_at"]

#: What a kernel that may need room returns: it's done, or nothing has changed and arrays must grow.
DONE, FULL = np.int64(0), np.int64(1)

BITS_PER_WORD = 64

#: The sides' places in the header, and the spare row's among the far ones.
BIDS, ASKS, SPARE = np.int64(0), np.int64(1), np.int64(2)

#: One cell of the ladder, one place of a far row: a level or NIL.
CELL = np.dtype([("level", np.int32)])

#: One word of the ladder's bits, or one id.
WORD = np.dtype([("value", np.int64)])

#: How one side stands.
SIDE = np.dtype(
    [
        ("best", np.int64),  # the best level, NIL if there's none
        ("price", np.int64),  # its price; the worst there is if there's none
        ("live", np.int64),  # orders
        ("far", np.int64),  # levels off the ladder
    ]
)

#: Where a stop order is found.
LINK = np.dtype(
    [
        ("wake", np.int64),  # the watermark that it waits for
        ("place", np.int32),  # in the heap of its side's stop prices, NIL if it isn't there
        ("mark_place", np.int32),  # in that of the watermarks waited for, NIL or IN_GROUP
        ("left", np.int32),  # in a group's heap: the stops below it, and the one above
        ("right", np.int32),
        ("up", np.int32),
        ("average", np.int32),  # of true ranges: its place among the averages
    ]
)

#: Trailing stops of a side that have the same watermark.
GROUP = np.dtype(
    [
        ("first", np.int64),  # the first of these stops; the next group's first isn't one any more
        ("mark", np.int64),
        ("fixed", np.int32),  # the roots of its heaps
        ("part", np.int32),
    ]
)

#: An average of true ranges, or what is known of it.
AVERAGE = np.dtype(
    [
        ("period", np.int64),
        ("count", np.int64),  # true ranges taken, up to the period
        ("value", np.float64),  # while they are fewer, their sum
    ]
)

#: Arrays, each with an address and room for so many records.
ARRAYS = {
    "orders": RESTING,  # a pool
    "levels": LEVEL,  # a pool
    "far": CELL,  # three rows as long as the pool of levels: bids, asks, and a spare one
    "cells": CELL,  # the ladder
    "words": WORD,  # the ladder's bits: one for each cell, then one for each word of those
    "rows": ORDER_ROW,  # by order id
    "labels": ORDER_LABEL,  # by order id, once any order has an owner or a tag
    "elders": WORD,  # ids of rows from before the last clearing
    "trades": TRADE,
    "events": MESSAGE,  # the log; a wide message takes two rows
    "stops": STOP,  # in the order of submission
    "links": LINK,  # as long as that
    "heaps": CELL,  # rows as long as that: see heaps.py
    "groups": GROUP,  # two rows as long as that, buys and sells: see groups.py
    "sums": WORD,  # of absolute price changes between trigger passes, modulo 2**64, a ring
    "ranges": WORD,  # the last bars' true ranges, modulo 2**64, a ring
    "averages": AVERAGE,  # of true ranges, a record for each period
}

HEADER = np.dtype(
    [
        *((f"{name}_{what}", np.int64) for name in ARRAYS for what in ("at", "room")),
        ("sides", SIDE, (2,)),  # bids, asks
        # What can be asked for from outside without a kernel.
        ("has", np.int64),  # 1 with a bid, 2 with an ask, 3 with both
        ("last_price", np.int64),
        ("traded", np.int64),  # 1 once there is a last price
        # How far the arrays are used; pools have a first free node, and one never used.
        ("orders_free", np.int64),
        ("orders_top", np.int64),
        ("levels_free", np.int64),
        ("levels_top", np.int64),
        ("level_count", np.int64),
        ("elders", np.int64),
        ("trades", np.int64),
        ("events", np.int64),
        # Counters, from 1 on; and the id of the first row after the elders'.
        ("next_id", np.int64),
        ("next_trade", np.int64),
        ("base_id", np.int64),
        ("total", np.int64),  # quantity of all resting orders and pending stops
        # The ladder's first and last price, and the step between two cells; how much work levels
        # off the ladder made since it was placed, and how much makes it worth while to do it anew.
        ("first", np.int64),
        ("last", np.int64),
        ("tick", np.int64),
        ("inverse", np.float64),  # 1 / tick
        ("far_work", np.int64),
        ("patience", np.int64),
        # Stop orders: submitted and kept, pending, in each heap; the price of the last trigger
        # pass, and how many changes of it there were.
        ("stops", np.int64),
        ("pending", np.int64),
        ("heap_sizes", np.int64, (9,)),
        ("stops_seen", np.int64),  # so many have seen a price, or never will
        ("pass_price", np.int64),
        ("passes", np.int64),
        ("cascade_limit_hit", np.int64),  # by the last message
        # Bars: the trades of one, 0 if none are built; the first trade that isn't in one, and how
        # many of the running one are; its highest and lowest price, the last bar's close; how many
        # are complete, and were at the last trigger pass; periods; 1 if room for bars is wanted.
        ("bar_trades", np.int64),
        ("bar_from", np.int64),
        ("bar_count", np.int64),
        ("bar_high", np.int64),
        ("bar_low", np.int64),
        ("bar_close", np.int64),
        ("bars", np.int64),
        ("bars_seen", np.int64),
        ("averages", np.int64),
        ("bars_wanted", np.int64),
        # Choices.
        ("policy", np.int64),  # codes.POLICIES
        ("records", np.int64),  # 1 if events are recorded
        ("log_whole", np.int64),  # 1 while the log has all events since the book was made
        ("strict", np.int64),  # 1 if orders without quantity or a positive price are refused
        ("labelled", np.int64),  # 1 once an order had an owner or a tag
        # For how many messages there's room without looking; and what a kernel that asks for room
        # lacks: so many trades, so many ladder cells, labels.
        ("credit", np.int64),
        ("needed", np.int64),
        ("wish", np.int64),
        ("labels_wanted", np.int64),
        ("result", ORDER_RESULT),  # of a message that came alone
    ]
)

#: Whether every index is checked.
CHECKED = bool(config.BOUNDSCHECK or config.DISABLE_JIT)
_SIDES, _RESULT = HEADER.fields["sides"][1], HEADER.fields["result"][1]
_SIDE_SIZE = SIDE.itemsize
_ORDER_SIZE, _LEVEL_SIZE, _ROW_SIZE = RESTING.itemsize, LEVEL.itemsize, ORDER_ROW.itemsize
_LABEL_SIZE, _TRADE_SIZE, _EVENT_SIZE = ORDER_LABEL.itemsize, TRADE.itemsize, MESSAGE.itemsize
_CELL_SIZE, _WORD_SIZE = CELL.itemsize, WORD.itemsize
_LINK_SIZE, _GROUP_SIZE, _AVERAGE_SIZE = LINK.itemsize, GROUP.itemsize, AVERAGE.itemsize
_STOP_SIZE, _HEAP_SIZES = STOP.itemsize, HEADER.fields["heap_sizes"][1]


@njit
def _check(index, room):
    if index < 0 or index >= room:
        raise IndexError("a kernel of the book reached outside an array")


@njit
def row_side(side):
    """Return 0 for a buy and 1 for a sell: the side's place in the header."""
    return np.int64(side < 0)


@njit
def head_of(book):
    """Return the header itself."""
    return record_at(book, HEADER)


@njit
def side_of(book, row):
    """Return how the bids (0) or the asks (1) stand."""
    return record_at(book + _SIDES + row * _SIDE_SIZE, SIDE)


@njit
def result_of(book):
    """Return the address of the result of a message that comes alone."""
    return book + _RESULT


@njit
def order_at(book, slot):
    """Return a node of the pool of resting orders."""
    head = head_of(book)
    if CHECKED:
        _check(slot, head["orders_room"])
    return record_at(head["orders_at"] + slot * _ORDER_SIZE, RESTING)


@njit
def level_at(book, level):
    """Return a node of the pool of levels."""
    head = head_of(book)
    if CHECKED:
        _check(level, head["levels_room"])
    return record_at(head["levels_at"] + level * _LEVEL_SIZE, LEVEL)


@njit
def far_at(book, row, place):
    """Return a place among a side's levels off the ladder (the best is last), or the spare's."""
    head = head_of(book)
    if CHECKED:
        _check(place, head["far_room"])
    return record_at(head["far_at"] + (row * head["far_room"] + place) * _CELL_SIZE, CELL)


@njit
def cell_at(book, cell):
    """Return a cell of the ladder."""
    head = head_of(book)
    if CHECKED:
        _check(cell, head["cells_room"])
    return record_at(head["cells_at"] + cell * _CELL_SIZE, CELL)


@njit
def word_at(book, word):
    """Return a word of the ladder's bits."""
    head = head_of(book)
    if CHECKED:
        _check(word, head["words_room"])
    return record_at(head["words_at"] + word * _WORD_SIZE, WORD)


@njit
def row_at(book, row):
    """Return what's kept of an order."""
    head = head_of(book)
    if CHECKED:
        _check(row, head["rows_room"])
    return record_at(head["rows_at"] + row * _ROW_SIZE, ORDER_ROW)


@njit
def label_at(book, row):
    """Return an order's owner and tag."""
    head = head_of(book)
    if CHECKED:
        _check(row, head["labels_room"])
    return record_at(head["labels_at"] + row * _LABEL_SIZE, ORDER_LABEL)


@njit
def elder_at(book, row):
    """Return the id of a row from before the last clearing."""
    head = head_of(book)
    if CHECKED:
        _check(row, head["elders_room"])
    return record_at(head["elders_at"] + row * _WORD_SIZE, WORD)


@njit
def trade_at(book, place):
    """Return a trade by its place."""
    head = head_of(book)
    if CHECKED:
        _check(place, head["trades_room"])
    return record_at(head["trades_at"] + place * _TRADE_SIZE, TRADE)


@njit
def event_at(book, place, dtype):
    """Return a row of the event log as a record of `dtype`."""
    head = head_of(book)
    if CHECKED:
        _check(place, head["events_room"])
    return record_at(head["events_at"] + place * _EVENT_SIZE, dtype)


@njit
def stop_at(book, stop):
    """Return a stop order by its number."""
    head = head_of(book)
    if CHECKED:
        _check(stop, head["stops_room"])
    return record_at(head["stops_at"] + stop * _STOP_SIZE, STOP)


@njit
def link_at(book, stop):
    """Return where a stop order is found."""
    head = head_of(book)
    if CHECKED:
        _check(stop, head["links_room"])
    return record_at(head["links_at"] + stop * _LINK_SIZE, LINK)


@njit
def group_at(book, row, place):
    """Return a group of trailing stops."""
    head = head_of(book)
    if CHECKED:
        _check(place, head["groups_room"])
    return record_at(head["groups_at"] + (row * head["groups_room"] + place) * _GROUP_SIZE, GROUP)


@njit
def heap_at(book, heap, place):
    """Return a place of a heap of stop orders."""
    head = head_of(book)
    if CHECKED:
        _check(place, head["heaps_room"])
    return record_at(head["heaps_at"] + (heap * head["heaps_room"] + place) * _CELL_SIZE, CELL)


@njit
def heap_size(book, heap):
    """Return the word that says how many stop orders a heap holds."""
    return record_at(book + _HEAP_SIZES + heap * _WORD_SIZE, WORD)


@njit
def sum_at(book, place):
    """Return one number of the ring of running sums."""
    head = head_of(book)
    if CHECKED:
        _check(place, head["sums_room"])
    return record_at(head["sums_at"] + place * _WORD_SIZE, WORD)


@njit
def range_at(book, place):
    """Return one number of the ring of true ranges."""
    head = head_of(book)
    if CHECKED:
        _check(place, head["ranges_room"])
    return record_at(head["ranges_at"] + place * _WORD_SIZE, WORD)


@njit
def average_at(book, place):
    """Return one average of true ranges."""
    head = head_of(book)
    if CHECKED:
        _check(place, head["averages_room"])
    return record_at(head["averages_at"] + place * _AVERAGE_SIZE, AVERAGE)
