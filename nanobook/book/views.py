"""What a book shows: levels, single orders, whole queues, who stands before whom."""

import numpy as np

from nanobook.book.header import (
    ASKS,
    BIDS,
    elder_at,
    head_of,
    label_at,
    level_at,
    order_at,
    row_at,
    row_side,
)
from nanobook.book.ids import (
    ABSENT,
    DONE_FILLED,
    EXPIRED,
    RESTS,
    SELL_BIT,
    STATE_BITS,
    STOP,
    TICK_SHIFT,
    TIF_SHIFT,
    WITHDRAWN,
    row_of,
    state_of,
)
from nanobook.book.levels import first_step, next_step
from nanobook.book.machine import record_at
from nanobook.jit import njit
from nanobook.types.codes import CANCELLED, FILLED, NEW, NO_OWNER, PARTIALLY_FILLED
from nanobook.types.records import BOOK_ORDER, NIL, ORDER_STATE

__all__ = [
    "LEVEL_ROW",
    "look",
    "place_in_queue",
    "write_depth",
    "write_levels",
    "write_orders",
    "write_queues",
    "write_sweep",
]

#: A level as three numbers.
LEVEL_ROW = np.dtype([(name, np.int64) for name in ("price", "quantity", "count")])
_LEVEL_SIZE, _ORDER_SIZE = LEVEL_ROW.itemsize, BOOK_ORDER.itemsize
_STATE_SIZE = ORDER_STATE.itemsize
_ZERO = np.int64(0)


@njit
def write_levels(book, row, most, place):
    """Write price, quantity and number of orders of a side's best levels; return how many."""
    cell, last = first_step(book, row)
    count = np.int64(0)
    while count < most:
        level, cell, last = next_step(book, row, cell, last)
        if level == NIL:
            break
        node, out = level_at(book, level), record_at(place + count * _LEVEL_SIZE, LEVEL_ROW)
        out["price"] = node["price"]
        out["quantity"] = node["quantity"]
        out["count"] = node["count"]
        count += 1
    return count


@njit
def write_depth(book, most, place):
    """Write the best levels of both sides, bids first; return how many: bids + asks * 2**32."""
    bids = write_levels(book, BIDS, most, place)
    return bids + (write_levels(book, ASKS, most, place + bids * _LEVEL_SIZE) << 32)


@njit
def write_sweep(book, row, quantity, place):
    """Write price, quantity and 0 of what a market order would take, level by level; count them."""
    cell, last = first_step(book, row)
    count, wanted = np.int64(0), quantity
    while wanted > 0:
        level, cell, last = next_step(book, row, cell, last)
        if level == NIL:
            break
        node, out = level_at(book, level), record_at(place + count * _LEVEL_SIZE, LEVEL_ROW)
        out["price"] = node["price"]
        out["quantity"] = min(wanted, node["quantity"])
        out["count"] = 0
        wanted -= out["quantity"]
        count += 1
    return count


@njit
def _describe(book, order_id, row, place):
    """Write how an order stands."""
    order, out = row_at(book, row), record_at(place, ORDER_STATE)
    stamp, quantity, filled = order["stamp"], order["quantity"], order["filled"]
    state, remaining = stamp & STATE_BITS, np.int64(0)
    status = PARTIALLY_FILLED
    if state == RESTS:
        remaining = order_at(book, filled)["remaining"]
        filled = quantity - remaining
        status = NEW if filled == 0 else PARTIALLY_FILLED
    elif state == EXPIRED:
        remaining = quantity - filled
        status = CANCELLED if filled == 0 else PARTIALLY_FILLED
    elif state == DONE_FILLED:
        status = FILLED
    elif state == WITHDRAWN or filled == 0:
        status = CANCELLED
    out["order_id"] = order_id
    out["side"] = -1 if stamp & SELL_BIT else 1
    out["price"] = order["price"]
    out["original"] = quantity
    out["remaining"] = remaining
    out["filled"] = filled
    out["status"] = status
    out["tif"] = (stamp >> TIF_SHIFT) & 3
    out["timestamp"] = order_id + (stamp >> TICK_SHIFT)
    labelled = head_of(book)["labelled"] != 0
    out["owner"] = label_at(book, row)["owner"] if labelled else NO_OWNER
    out["tag"] = label_at(book, row)["tag"] if labelled else _ZERO
    out["active"] = state == RESTS


@njit
def look(book, order_id, place):
    """Write how an order stands; return 1, or 0 if there's none of this id."""
    row = row_of(book, order_id)
    state = state_of(book, row)
    if state in (ABSENT, STOP):
        return np.int64(0)
    _describe(book, order_id, row, place)
    return np.int64(1)


@njit
def write_orders(book, place):
    """Write how every order stands that is known, by id; return how many. 0 only counts them."""
    head = head_of(book)
    rows = head["elders"] + head["next_id"] - head["base_id"]
    count = np.int64(0)
    for row in range(rows):
        state = row_at(book, row)["stamp"] & STATE_BITS
        if state not in (ABSENT, STOP):
            if place != 0:
                order_id = head["base_id"] + row - head["elders"]
                if row < head["elders"]:
                    order_id = elder_at(book, row)["value"]
                _describe(book, order_id, row, place + count * _STATE_SIZE)
            count += 1
    return count


@njit
def write_queues(book, row, place):
    """Write a side's resting orders, the next to trade first; return how many."""
    cell, last = first_step(book, row)
    level, cell, last = next_step(book, row, cell, last)
    labelled = head_of(book)["labelled"] != 0
    count = np.int64(0)
    while level != NIL:
        slot = np.int64(level_at(book, level)["head"])
        while slot != NIL:
            order, out = order_at(book, slot), record_at(place + count * _ORDER_SIZE, BOOK_ORDER)
            kept = row_of(book, order["order_id"])
            out["side"] = 1 - 2 * row
            out["price"] = level_at(book, level)["price"]
            out["order_id"] = order["order_id"]
            out["quantity"] = order["remaining"]
            out["timestamp"] = order["order_id"] + (row_at(book, kept)["stamp"] >> TICK_SHIFT)
            out["owner"] = order["owner"]
            out["tag"] = label_at(book, kept)["tag"] if labelled else _ZERO
            count += 1
            slot = np.int64(order["next"])
        level, cell, last = next_step(book, row, cell, last)
    return count


@njit
def place_in_queue(book, order_id):
    """Return what stands before a resting order at its price, and what the level holds.

    Returns
    -------
    orders, quantity : int
        Ahead of it; NIL for both if the id is of no resting order.
    level_orders, level_quantity : int
        At its price altogether.
    better_quantity : int
        At better prices of its side.
    """
    row = row_of(book, order_id)
    if state_of(book, row) != RESTS:
        return NIL, NIL, _ZERO, _ZERO, _ZERO
    order = order_at(book, row_at(book, row)["filled"])
    own = np.int64(order["level"])
    orders, quantity = np.int64(0), np.int64(0)
    slot = np.int64(order["prev"])
    while slot != NIL:
        orders += 1
        quantity += order_at(book, slot)["remaining"]
        slot = np.int64(order_at(book, slot)["prev"])
    side = row_side(np.int64(level_at(book, own)["side"]))
    cell, last = first_step(book, side)
    level, cell, last = next_step(book, side, cell, last)
    before = np.int64(0)
    while level != own:
        before += level_at(book, level)["quantity"]
        level, cell, last = next_step(book, side, cell, last)
    node = level_at(book, own)
    return orders, quantity, np.int64(node["count"]), node["quantity"], before
