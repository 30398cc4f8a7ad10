"""One message at a time, as a call from Python wants it: numbers in, numbers out.

All take integers only, so that they can be called by their entry points.
"""

import numpy as np

from nanobook.book.header import FULL, head_of, result_of
from nanobook.book.instructions import cancel, modify, submit
from nanobook.book.machine import record_at
from nanobook.jit import njit
from nanobook.types.codes import LIMIT, NO_OWNER
from nanobook.types.records import ORDER_RESULT

__all__ = [
    "BAD_ID",
    "REFUSED",
    "WAITS",
    "cancel_alone",
    "modify_alone",
    "submit_alone",
]

#: In place of an order id: arrays must grow first; an argument is out of its range, or a rule
#: of the book forbids it.
WAITS, REFUSED = np.int64(-1), np.int64(0)

#: In place of a cancelled quantity, beside -1 less an error's code.
CANCEL_WAITS, BAD_ID = np.int64(-99), np.int64(-100)

#: Where the number of a status has the flag of a cascade cut short.
HIT_SHIFT = np.int64(3)

_ZERO = np.int64(0)


@njit
def _report(book, code, first):
    """Return what came of a message that came alone, and where its trades begin."""
    result = record_at(result_of(book), ORDER_RESULT)
    return (
        WAITS if code == FULL else result["order_id"],
        np.int64(result["status"]) + (np.int64(result["cascade_limit_hit"]) << HIT_SHIFT),
        result["filled"],
        result["resting"],
        result["cancelled"],
        first if result["trade_count"] != 0 else _ZERO,
        np.int64(result["trade_count"]),
    )


@njit
def _refuse():
    """Return that an argument is out of its range."""
    return REFUSED, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO


@njit
def submit_alone(book, kind, side, price, quantity, tif):
    """Submit an order without owner, tag or flags.

    Returns
    -------
    tuple of int
        Order id (or WAITS, REFUSED), status, filled, resting and cancelled quantity; the place of
        the first trade and the number of trades.
    """
    head = head_of(book)
    first = head["trades"]
    if quantity < 0 or (head["strict"] != 0 and (quantity == 0 or (kind == LIMIT and price <= 0))):
        return _refuse()
    code = submit(book, kind, side, price, quantity, tif, _ZERO, NO_OWNER, _ZERO, result_of(book))
    return _report(book, code, first)


@njit
def cancel_alone(book, order_id):
    """Return the quantity cancelled, or -1 less an error's code, or CANCEL_WAITS, or BAD_ID."""
    if order_id < 0:
        return BAD_ID
    if cancel(book, order_id, result_of(book)) == FULL:
        return CANCEL_WAITS
    result = record_at(result_of(book), ORDER_RESULT)
    return -1 - np.int64(result["error"]) if result["error"] != 0 else result["cancelled"]


@njit
def modify_alone(book, order_id, price, quantity):
    """Replace an order by another.

    Returns
    -------
    tuple of int
        As `submit_alone`, but REFUSED also for an order that can't be replaced: then comes
        the error in place of the status, 0 if an argument is at fault.
    """
    head = head_of(book)
    first = head["trades"]
    if order_id < 0 or quantity < 0 or (head["strict"] != 0 and price <= 0):
        return _refuse()
    code = modify(book, order_id, price, quantity, result_of(book))
    result = record_at(result_of(book), ORDER_RESULT)
    if code != FULL and result["error"] != 0:
        return REFUSED, np.int64(result["error"]), _ZERO, _ZERO, _ZERO, _ZERO, _ZERO
    return _report(book, code, first)
