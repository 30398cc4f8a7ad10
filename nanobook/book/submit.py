"""A new order: its id, its trades, and what becomes of the rest."""

import numpy as np

from nanobook.book.header import head_of
from nanobook.book.ids import DONE_FILLED, EXPIRED, RESTS, STOPPED, new_row, set_state
from nanobook.book.levels import crosses
from nanobook.book.matching import fillable, match
from nanobook.book.queue import join
from nanobook.jit import njit
from nanobook.types.codes import (
    CANCELLED,
    FILLED,
    FOK,
    GTC,
    NEW,
    PARTIALLY_FILLED,
    POST_ONLY,
)

__all__ = ["place"]

_ZERO = np.int64(0)


@njit
def place(book, side, price, quantity, tif, flags, owner, tag):
    """Put an order into the book; there must be room.

    Returns
    -------
    status : int
        Of codes.NEW to codes.CANCELLED.
    filled, resting : int
        Quantities; what is missing to the order's was cancelled.
    """
    order_id = head_of(book)["next_id"]
    row = new_row(book, side, tif, price, quantity, owner, tag)
    remaining, stopped = quantity, False
    if crosses(book, side, price) and quantity > 0:
        if tif == FOK and not fillable(book, side, price, quantity, owner):
            return CANCELLED, _ZERO, _ZERO  # ABSENT for good
        if flags & POST_ONLY:
            set_state(book, row, _ZERO, STOPPED)
            return CANCELLED, _ZERO, _ZERO
        remaining, stopped = match(book, order_id, side, price, quantity, owner)
    elif tif == FOK and quantity > 0:
        return CANCELLED, _ZERO, _ZERO
    filled = quantity - remaining
    if remaining == 0:
        set_state(book, row, filled, DONE_FILLED)
        return FILLED, filled, _ZERO
    if tif == GTC and not stopped:
        slot = join(book, order_id, side, price, remaining, owner)
        set_state(book, row, slot, RESTS)
        return PARTIALLY_FILLED if filled else NEW, filled, remaining
    set_state(book, row, filled, STOPPED if stopped else EXPIRED)
    return PARTIALLY_FILLED if filled else CANCELLED, filled, _ZERO
