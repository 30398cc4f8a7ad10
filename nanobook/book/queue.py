"""The first-in-first-out queue of the orders that rest at one price."""

import numpy as np

from nanobook.book.header import head_of, level_at, order_at, row_side, side_of
from nanobook.book.levels import close_level, find_level, open_level
from nanobook.jit import njit
from nanobook.types.records import NIL

__all__ = ["join", "leave", "shrink"]


@njit(forceinline=True)
def join(book, order_id, side, price, quantity, owner):
    """Let an order rest at the back of its level, which is opened if need be; return its node."""
    head = head_of(book)
    level = find_level(book, side, price)
    if level == NIL:
        level = open_level(book, side, price)
    slot = head["orders_free"]
    if slot != NIL:
        head["orders_free"] = order_at(book, slot)["next"]
    else:
        slot = head["orders_top"]
        head["orders_top"] = slot + 1
    queue, order = level_at(book, level), order_at(book, slot)
    back = np.int64(queue["tail"])
    order["order_id"] = order_id
    order["remaining"] = quantity
    order["prev"] = back
    order["next"] = NIL
    order["level"] = level
    order["owner"] = owner
    if back == NIL:
        queue["head"] = slot
    else:
        order_at(book, back)["next"] = slot
    queue["tail"] = slot
    queue["quantity"] += quantity
    queue["count"] += 1
    side_of(book, row_side(side))["live"] += 1
    head["total"] += quantity
    return slot


@njit
def leave(book, slot):
    """Take an order, with what remains of it, out of its queue; an emptied level is closed."""
    head, order = head_of(book), order_at(book, slot)
    level, before, after = np.int64(order["level"]), order["prev"], order["next"]
    queue, quantity = level_at(book, level), order["remaining"]
    count = queue["count"] - 1
    queue["quantity"] -= quantity
    queue["count"] = count
    side_of(book, row_side(np.int64(queue["side"])))["live"] -= 1
    head["total"] -= quantity
    order["next"] = head["orders_free"]
    head["orders_free"] = slot
    if count == 0:
        close_level(book, level)
        return
    if before == NIL:
        queue["head"] = after
    else:
        order_at(book, np.int64(before))["next"] = after
    if after == NIL:
        queue["tail"] = before
    else:
        order_at(book, np.int64(after))["prev"] = before


@njit
def shrink(book, slot, quantity):
    """Take part of what remains off an order that keeps its place."""
    order = order_at(book, slot)
    order["remaining"] -= quantity
    level_at(book, np.int64(order["level"]))["quantity"] -= quantity
    head_of(book)["total"] -= quantity
