"""What becomes of each order, by its id: ids are dense, so a row is found without hashing.

While an order rests its row names its node in the pool; when it ends the row says how. The
timestamp needs no place of its own: every id takes one tick and every trade one, so an order's
tick is its id plus the trades made before it.
"""

import numpy as np

from nanobook.book.header import elder_at, head_of, label_at, order_at, row_at, row_side
from nanobook.book.queue import leave
from nanobook.jit import njit
from nanobook.types.records import NIL

__all__ = ["ABSENT", "RESTS", "DONE_FILLED", "WITHDRAWN", "EXPIRED", "STOPPED", "STOP", "ENDED"]
__all__ += ["SELL_BIT", "STATE_BITS", "TICK_SHIFT", "TIF_SHIFT"]
__all__ += ["end_resting", "new_row", "row_of", "set_state", "state_of"]

#: How an order stands. ABSENT also says that an id was used and nothing is kept of it.
#: WITHDRAWN while it rested; EXPIRED for want of somebody to trade with, STOPPED by a rule.
ABSENT, RESTS, DONE_FILLED, WITHDRAWN, EXPIRED, STOPPED, STOP = map(np.int64, range(7))

#: The states of orders that have ended.
ENDED = (DONE_FILLED, WITHDRAWN, EXPIRED, STOPPED)

#: A row's stamp: the state, one bit for a sell, the time in force, and the trades made before.
STATE_BITS, SELL_BIT, TIF_SHIFT, TICK_SHIFT = map(np.int64, (7, 8, 4, 8))


@njit
def row_of(book, order_id):
    """Return the row of an id, NIL if there's none."""
    head = head_of(book)
    if order_id >= head["base_id"]:
        if order_id >= head["next_id"]:
            return NIL
        return head["elders"] + order_id - head["base_id"]
    return _elder_row(book, order_id)


@njit
def _elder_row(book, order_id):
    """Return the row of an id from before the last clearing, NIL if it went then."""
    low, high = np.int64(0), head_of(book)["elders"]
    count = high
    while low < high:
        middle = (low + high) >> 1
        if elder_at(book, middle)["value"] < order_id:
            low = middle + 1
        else:
            high = middle
    if low < count and elder_at(book, low)["value"] == order_id:
        return low
    return NIL


@njit
def state_of(book, row):
    """Return the state in a row; ABSENT for NIL."""
    if row == NIL:
        return ABSENT
    return row_at(book, row)["stamp"] & STATE_BITS


@njit
def set_state(book, row, filled, state):
    """Write how an order stands now."""
    order = row_at(book, row)
    order["filled"] = filled
    order["stamp"] = (order["stamp"] & ~STATE_BITS) | state


@njit
def new_row(book, side, tif, price, quantity, owner, tag):
    """Take an id and a tick for an order; return its row, ABSENT so far."""
    head = head_of(book)
    row = head["elders"] + head["next_id"] - head["base_id"]
    head["next_id"] += 1
    order = row_at(book, row)
    order["price"] = price
    order["quantity"] = quantity
    order["filled"] = 0
    sell = row_side(side) * SELL_BIT
    order["stamp"] = (head["next_trade"] - 1) << TICK_SHIFT | tif << TIF_SHIFT | sell
    if head["labelled"] != 0:
        label = label_at(book, row)
        label["owner"] = owner
        label["tag"] = tag
    return row


@njit
def end_resting(book, slot, row, state):
    """Take a resting order out of the book, and write how it ended; return what remained."""
    remaining = order_at(book, slot)["remaining"]
    set_state(book, row, row_at(book, row)["quantity"] - remaining, state)
    leave(book, slot)
    return remaining
