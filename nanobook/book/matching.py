"""Where two orders meet: price first, then time."""

import numpy as np

from nanobook.book.header import head_of, level_at, order_at, row_at, row_side, side_of, trade_at
from nanobook.book.ids import DONE_FILLED, WITHDRAWN, end_resting, row_of, set_state
from nanobook.book.levels import crosses, first_step, next_step
from nanobook.book.queue import leave, shrink
from nanobook.jit import njit
from nanobook.types.codes import CANCEL_NEWEST, DECREMENT_AND_CANCEL, NO_OWNER, OFF
from nanobook.types.records import NIL

__all__ = ["fillable", "match"]


@njit
def match(book, order_id, side, price, quantity, owner):
    """Trade an incoming order against the other side for as long as it crosses.

    Returns
    -------
    remaining : int
        What nobody took.
    stopped : bool
        Whether an order of the same owner stood in the way, so that the rest mustn't rest.
    """
    head, other = head_of(book), side_of(book, row_side(-side))
    watched = head["policy"] != OFF and owner != NO_OWNER
    remaining = quantity
    while remaining > 0 and crosses(book, side, price):
        slot = np.int64(level_at(book, other["best"])["head"])
        passive = order_at(book, slot)
        resting = passive["remaining"]
        row = row_of(book, passive["order_id"])
        if watched and passive["owner"] == owner:
            if _stops(head["policy"], remaining, resting):
                return remaining, True
            end_resting(book, slot, row, WITHDRAWN)
            continue
        fill = min(remaining, resting)
        remaining -= fill
        _record_trade(book, order_id, passive["order_id"], side, other["price"], fill)
        if fill == resting:
            set_state(book, row, row_at(book, row)["quantity"], DONE_FILLED)
            leave(book, slot)
        else:
            shrink(book, slot, fill)
    return remaining, False


@njit
def _stops(policy, remaining, resting):
    """Return whether an own resting order ends the incoming one, rather than being cancelled."""
    return policy == CANCEL_NEWEST or (policy == DECREMENT_AND_CANCEL and remaining < resting)


@njit
def _record_trade(book, aggressor, passive, side, price, quantity):
    """Append a trade, which takes an id and a tick."""
    head = head_of(book)
    trade, trade_id = trade_at(book, head["trades"]), head["next_trade"]
    trade["trade_id"] = trade_id
    trade["price"] = price
    trade["quantity"] = quantity
    trade["aggressor_order_id"] = aggressor
    trade["passive_order_id"] = passive
    trade["aggressor_side"] = side
    trade["timestamp"] = trade_id + aggressor
    head["trades"] += 1
    head["next_trade"] = trade_id + 1
    head["last_price"] = price
    head["traded"] = 1


@njit
def fillable(book, side, price, quantity, owner):
    """Return whether an order would be filled whole at once; changes nothing."""
    watched = head_of(book)["policy"] != OFF and owner != NO_OWNER
    row = row_side(-side)
    cell, last = first_step(book, row)
    wanted = quantity
    while wanted > 0:
        level, cell, last = next_step(book, row, cell, last)
        if level == NIL:
            return False
        best = level_at(book, level)["price"]
        if price < best if side > 0 else price > best:
            return False
        if watched:
            wanted = _wanted_after(book, level, wanted, owner)
            if wanted < 0:
                return False
        else:
            wanted -= min(wanted, level_at(book, level)["quantity"])
    return True


@njit
def _wanted_after(book, level, wanted, owner):
    """Return what's wanted after a level's queue, NIL if an own order would stop it there."""
    policy = head_of(book)["policy"]
    slot = np.int64(level_at(book, level)["head"])
    while slot != NIL and wanted > 0:
        order = order_at(book, slot)
        if order["owner"] != owner:
            wanted -= min(wanted, order["remaining"])
        elif _stops(policy, wanted, order["remaining"]):
            return np.int64(NIL)
        slot = np.int64(order["next"])
    return wanted
