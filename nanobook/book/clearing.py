"""Forgetting the orders that have ended."""

import numpy as np

from nanobook.book.header import elder_at, head_of, label_at, row_at, stop_at
from nanobook.book.ids import ENDED, RESTS, STATE_BITS, STOP
from nanobook.book.machine import record_at
from nanobook.jit import njit
from nanobook.types.codes import PENDING
from nanobook.types.records import ORDER_LABEL, ORDER_ROW

__all__ = ["count_ended", "keep_resting"]

_ROW_SIZE, _LABEL_SIZE, _WORD_SIZE = ORDER_ROW.itemsize, ORDER_LABEL.itemsize, 8
_WORD = np.dtype([("value", np.int64)])


@njit
def count_ended(book):
    """Return how many orders have ended."""
    head = head_of(book)
    count = np.int64(0)
    for row in range(head["elders"] + head["next_id"] - head["base_id"]):
        count += (row_at(book, row)["stamp"] & STATE_BITS) in ENDED
    return count


@njit
def keep_resting(book, rows_at, ids_at, labels_at):
    """Write rows, ids and labels (unless its address is 0) of all that goes on; return how many."""
    head = head_of(book)
    kept, stops = np.int64(0), np.int64(0)
    for row in range(head["elders"] + head["next_id"] - head["base_id"]):
        order = row_at(book, row)
        state = order["stamp"] & STATE_BITS
        pending = state == STOP and stop_at(book, order["filled"])["status"] == PENDING
        if state == RESTS or pending:
            out = record_at(rows_at + kept * _ROW_SIZE, ORDER_ROW)
            out["price"] = order["price"]
            out["quantity"] = order["quantity"]
            out["filled"] = order["filled"]
            out["stamp"] = order["stamp"]
            if pending:
                out["filled"] = stops  # they are numbered anew, in the same order
                stops += 1
            order_id = head["base_id"] + row - head["elders"]
            if row < head["elders"]:
                order_id = elder_at(book, row)["value"]
            record_at(ids_at + kept * _WORD_SIZE, _WORD)["value"] = order_id
            if labels_at != 0:
                label = record_at(labels_at + kept * _LABEL_SIZE, ORDER_LABEL)
                label["tag"] = label_at(book, row)["tag"]
                label["owner"] = label_at(book, row)["owner"]
            kept += 1
    return kept
