"""The event log: what was asked of the book, a row each, in the order it was asked."""

import numpy as np

from nanobook.book.header import event_at, head_of
from nanobook.jit import njit
from nanobook.types.codes import WIDE
from nanobook.types.records import EXTENDED_MESSAGE

__all__ = ["MESSAGE_WORDS", "record", "record_wide"]

#: A message as four words: kind, side, time in force, flags and owner make the first.
MESSAGE_WORDS = np.dtype([(name, np.int64) for name in ("what", "price", "quantity", "order_id")])


@njit
def record(book, kind, side, tif, flags, owner, price, quantity, order_id):
    """Append a message to the log, if there is one."""
    head = head_of(book)
    if head["records"] != 0:
        event = event_at(book, head["events"], MESSAGE_WORDS)
        event["what"] = kind | (side & 255) << 8 | tif << 16 | flags << 24 | owner << 32
        event["price"] = price
        event["quantity"] = quantity
        event["order_id"] = order_id
        head["events"] += 1


@njit
def record_wide(book, tag, stop_price, trail_value, trail_type, atr_period):
    """Make the last message of the log a wide one, which takes another row."""
    head = head_of(book)
    if head["records"] != 0:
        event = event_at(book, head["events"] - 1, EXTENDED_MESSAGE)
        event["flags"] |= WIDE
        event["tag"] = tag
        event["stop_price"] = stop_price
        event["trail_value"] = trail_value
        event["trail_type"] = trail_type
        event["atr_period"] = atr_period
        head["events"] += 1
