"""What every order message must keep to, looked at before any of them is acted on."""

import numpy as np

from nanobook.book.log import MESSAGE_WORDS
from nanobook.book.machine import record_at
from nanobook.errors import RangeError, ValidationError
from nanobook.jit import njit
from nanobook.types import codes
from nanobook.types.codes import (
    BARS,
    CANCEL,
    CANCEL_ALL,
    FOK,
    GTC,
    KINDS,
    LIMIT,
    MARKET,
    MODIFY,
    NO_OWNER,
    POLICIES,
    POST_ONLY,
    REDUCE,
    STOP_LIMIT,
    STOP_MARKET,
    TRAIL_FIXED,
    TRAIL_SMA_ABS_CHANGE,
    TRAIL_TRUE_ATR,
    TRAILING_STOP_LIMIT,
    TRAILING_STOP_MARKET,
)
from nanobook.types.records import EXTENDED_MESSAGE, MESSAGE

__all__ = ["check_messages"]

_POLICY, _MOST = codes.POLICY, np.iinfo(np.int64).max
_WIDE_SIZE = EXTENDED_MESSAGE.itemsize

#: What a row can break, by the number that the kernel returns.
_RULES = (
    None,
    ("kind", "must be one of the codes of " + ", ".join(KINDS)),
    ("side", "must be 1 (buy) or -1 (sell)"),
    ("side", "must be 1 (buy), -1 (sell) or 0 (both)"),
    ("tif", "must be 0 (gtc), 1 (ioc) or 2 (fok)"),
    ("flags", "must be 0, or 1 (post only) on a GTC limit order"),
    ("owner", "must be from 0 on, or -1 for none"),
    ("quantity", "must not be negative"),
    ("order_id", "must not be negative"),
    ("quantity", "must be the code of a policy: " + ", ".join(POLICIES)),
    ("quantity", "must be at least 1 (the exchange is strict)"),
    ("price", "must be at least 1 (the exchange is strict)"),
    ("kind", "must come in an array of EXTENDED_MESSAGE if it's of a stop order"),
    ("stop_price", "must be at least 1 (the exchange is strict)"),
    ("trail_type", "must be 0 (fixed), 1 (percentage), 2 (sma_abs_change) or 3 (true_atr)"),
    ("trail_value", "must be finite"),
    ("atr_period", "must not be negative"),
    ("atr_period", "must be at least 1 with trail_type 3 (true_atr)"),
    ("quantity", "must be at least 1: so many trades make a bar"),
)
_ZERO, _KIND, _SIDE, _ANY_SIDE, _TIF, _FLAGS = map(np.int64, range(6))
_OWNER, _QUANTITY, _ORDER_ID, _WHICH_POLICY = map(np.int64, range(6, 10))
_STRICT_QUANTITY, _STRICT_PRICE, _NARROW, _STRICT_STOP = map(np.int64, range(10, 14))
_TRAIL_TYPE, _TRAIL_VALUE, _PERIOD, _NO_PERIOD, _BAR_TRADES = map(np.int64, range(14, len(_RULES)))


#: Broken by a number that is out of its range, rather than by one that means nothing.
_OF_RANGES = (_QUANTITY, _ORDER_ID, _PERIOD, _NO_PERIOD, _BAR_TRADES)


@njit
def _fault(message, strict):
    """Return the rule that a message breaks, 0 if none."""
    kind, side = message["kind"], message["side"]
    quantity, order_id, owner = message["quantity"], message["order_id"], message["owner"]
    if kind in (LIMIT, MARKET):
        if side not in (1, -1):
            return _SIDE
        if kind == LIMIT:
            if message["tif"] < GTC or message["tif"] > FOK:
                return _TIF
            if message["flags"] != 0 and (message["flags"] != POST_ONLY or message["tif"] != GTC):
                return _FLAGS
        if owner < NO_OWNER:
            return _OWNER
        if quantity < 0:
            return _QUANTITY
        if strict and quantity == 0:
            return _STRICT_QUANTITY
        if strict and kind == LIMIT and message["price"] <= 0:
            return _STRICT_PRICE
        return _ZERO
    if kind in (CANCEL, MODIFY, REDUCE):
        if order_id < 0:
            return _ORDER_ID
        if kind != CANCEL and quantity < 0:
            return _QUANTITY
        if strict and kind == MODIFY and message["price"] <= 0:
            return _STRICT_PRICE
        return _ZERO
    if kind == CANCEL_ALL:
        if side < -1 or side > 1:
            return _ANY_SIDE
        return _OWNER if owner < NO_OWNER else _ZERO
    if kind == _POLICY:
        return _WHICH_POLICY if quantity < 0 or quantity > 3 else _ZERO
    if kind == BARS:
        return _BAR_TRADES if quantity < 1 else _ZERO
    return _KIND


@njit
def _stop_fault(message, strict):
    """Return the rule that a stop order's message breaks, 0 if none."""
    kind, side, quantity = message["kind"], message["side"], message["quantity"]
    if side not in (1, -1):
        return _SIDE
    if message["owner"] < NO_OWNER:
        return _OWNER
    if quantity < 0:
        return _QUANTITY
    limited = kind in (STOP_LIMIT, TRAILING_STOP_LIMIT)
    if limited and (message["tif"] < GTC or message["tif"] > FOK):
        return _TIF
    if strict and quantity == 0:
        return _STRICT_QUANTITY
    if strict and message["stop_price"] <= 0:
        return _STRICT_STOP
    if strict and limited and message["price"] <= 0:
        return _STRICT_PRICE
    if kind >= TRAILING_STOP_MARKET:
        if message["trail_type"] < TRAIL_FIXED or message["trail_type"] > TRAIL_TRUE_ATR:
            return _TRAIL_TYPE
        if not np.isfinite(message["trail_value"]):
            return _TRAIL_VALUE
        if message["trail_type"] == TRAIL_SMA_ABS_CHANGE and message["atr_period"] < 0:
            return _PERIOD
        if message["trail_type"] == TRAIL_TRUE_ATR and message["atr_period"] < 1:
            return _NO_PERIOD
    return _ZERO


#: The first word's bytes in turn: kind, side, time in force, flags; then the owner.
_BYTE, _SIDE_AT, _TIF_AT, _OWNER_AT, _KIND_AND_FLAGS = 255, 8, 16, 32, 0xFF0000FF


@njit
def _plain_limit(words):
    """Return whether a message is a limit order without any fault.

    This and `_plain_cancel` are the first look at all messages, at a few words and all of them at
    once: whether a condition holds is hard to foresee. Who passes neither is looked at properly.
    """
    what = words["what"]
    side = (what >> _SIDE_AT) & _BYTE
    return (
        (what & _KIND_AND_FLAGS == LIMIT)
        & ((what >> _TIF_AT) & _BYTE <= FOK)
        & ((side == 1) | (side == 255))
        & (what >> _OWNER_AT >= NO_OWNER)
        & (words["quantity"] >= 0)
    )


@njit
def _plain_cancel(words):
    """Return whether a message is a cancellation without any fault."""
    return (words["what"] & _BYTE == CANCEL) & (words["order_id"] >= 0)


@njit
def check(place, size, count, strict):
    """Return the first message that breaks a rule, and the rule; how many ids all may take, and
    what quantity might come to rest, at most the range of int64.
    """
    ids, quantity = np.int64(0), np.int64(0)
    for at in range(count):
        words = record_at(place + at * size, MESSAGE_WORDS)
        limit = _plain_limit(words)
        if not strict and limit | _plain_cancel(words):
            more = words["quantity"] & -np.int64(limit)
            ids += np.int64(limit)
            quantity = min(quantity, _MOST - more) + more
            continue
        message = record_at(place + at * size, MESSAGE)
        kind = message["kind"]
        if kind < STOP_MARKET or kind > TRAILING_STOP_LIMIT:
            rule = _fault(message, strict)
        elif size != _WIDE_SIZE:
            rule = _NARROW
        else:
            rule = _stop_fault(record_at(place + at * size, EXTENDED_MESSAGE), strict)
        if rule != 0:
            return np.int64(at), rule, ids, quantity
        if kind in (LIMIT, MARKET, MODIFY) or STOP_MARKET <= kind <= TRAILING_STOP_LIMIT:
            ids += 1
            more = message["quantity"] if kind != MARKET else _ZERO
            quantity = min(quantity, _MOST - more) + more
    return np.int64(count), _ZERO, ids, quantity


def check_messages(messages, strict):
    """Raise if a message breaks a rule; return what they may come to.

    Parameters
    ----------
    messages : ndarray of MESSAGE or EXTENDED_MESSAGE
        In C order.
    strict : bool
        Whether zero quantities and prices that aren't positive are refused.

    Returns
    -------
    ids : int
        How many ids they may take: orders, modifies and stop orders.
    quantity : int
        What might come to rest if nothing traded; 2**63 - 1 stands for more, too.

    Raises
    ------
    ValidationError
        If one does; it names the row, the rule and the value.
    RangeError
        If a quantity or an id is negative, or a period is.
    """
    at, rule, ids, quantity = check(messages.ctypes.data, messages.itemsize, len(messages), strict)
    if rule:
        name, what = _RULES[rule]
        error = RangeError if rule in _OF_RANGES else ValidationError
        raise error(f"messages: {name} of row {at} {what}, got {messages[name][at]}")
    return int(ids), int(quantity)
