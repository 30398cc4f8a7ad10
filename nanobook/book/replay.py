"""From the rows of an event log to messages, and from messages to the book they made."""

import numpy as np

from nanobook.book.process import Plan
from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.types.codes import QUANTITY_OVERFLOW, STOP_MARKET, TRAILING_STOP_LIMIT, WIDE
from nanobook.types.records import EXTENDED_MESSAGE, MESSAGE

__all__ = ["messages_of_rows", "run_log", "unpack"]

#: What a wide message has behind the fields of a narrow one: the second of its two rows.
_SECOND = np.dtype(
    [(name, EXTENDED_MESSAGE[name]) for name in EXTENDED_MESSAGE.names if name not in MESSAGE.names]
)

_MOST = np.iinfo(np.int64).max


@njit
def _count(rows):
    """Return how many messages rows of a log are, -1 if one isn't whole."""
    at = count = 0
    while at < len(rows):
        stop = STOP_MARKET <= rows[at]["kind"] <= TRAILING_STOP_LIMIT
        if stop and not rows[at]["flags"] & WIDE:
            return -1
        at += 2 if rows[at]["flags"] & WIDE else 1
        count += 1
    return count if at == len(rows) else -1


@njit
def _unpack(rows, seconds, messages):
    """Write rows of a log as wide messages; `seconds` are the same rows as second halves."""
    at = 0
    for place in range(len(messages)):
        row, message = rows[at], messages[place]
        message["kind"] = row["kind"]
        message["side"] = row["side"]
        message["tif"] = row["tif"]
        message["flags"] = row["flags"] & ~WIDE
        message["owner"] = row["owner"]
        message["price"] = row["price"]
        message["quantity"] = row["quantity"]
        message["order_id"] = row["order_id"]
        at += 1
        if row["flags"] & WIDE:
            second = seconds[at]
            message["tag"] = second["tag"]
            message["stop_price"] = second["stop_price"]
            message["trail_value"] = second["trail_value"]
            message["trail_type"] = second["trail_type"]
            message["atr_period"] = second["atr_period"]
            at += 1


def unpack(rows):
    """Return the messages that a log's rows hold.

    Parameters
    ----------
    rows : ndarray of MESSAGE
        A log, where a wide message takes two rows.

    Returns
    -------
    ndarray of EXTENDED_MESSAGE
        Each message once; a copy.

    Raises
    ------
    ValidationError
        If a message isn't whole.
    """
    return _unpacked(rows, _whole(rows))


def messages_of_rows(rows):
    """Return the messages that a log's rows hold, the rows themselves where none is wide.

    Parameters
    ----------
    rows : ndarray of MESSAGE
        A log, where a wide message takes two rows.

    Returns
    -------
    ndarray of MESSAGE or EXTENDED_MESSAGE
        Each message once.

    Raises
    ------
    ValidationError
        If a message isn't whole.
    """
    count = _whole(rows)
    return rows if count == len(rows) else _unpacked(rows, count)


def _whole(rows):
    """Return how many messages rows of a log are, or raise."""
    count = _count(rows)
    if count < 0:
        raise ValidationError("events must be whole messages")
    return count


def _unpacked(rows, count):
    messages = np.zeros(count, EXTENDED_MESSAGE)
    _unpack(rows, rows.view(_SECOND), messages)
    return messages


def run_log(store, messages, strict=False):
    """Run messages through a store, up to the first that the book refuses as too much.

    Parameters
    ----------
    store : Store
        The book.
    messages : ndarray of MESSAGE or EXTENDED_MESSAGE
        Messages.
    strict : bool, default False
        As `process` takes it.

    Returns
    -------
    int
        How many were run: all, or as many as come before one with which more would rest than the
        range of int64 holds.

    Raises
    ------
    RangeError
        If a number is out of its range.
    ValidationError
        If a message breaks a rule; nothing has been done then.
    """
    plan = Plan(messages, strict, False, None, 1)
    plan.prepare(store)
    if int(store.header["total"]) + plan.quantity < _MOST:
        plan.act(store)
        return len(messages)
    for at in range(len(messages)):
        plan.act(store, at, at + 1)
        if store.header["result"]["error"] == QUANTITY_OVERFLOW:
            return at
    return len(messages)
