"""What messages do to books, by reference: nothing is matched here, the exchange has done that."""

import numpy as np

from nanobook.book.header import head_of, level_at, order_at, side_of
from nanobook.book.machine import record_at
from nanobook.book.queue import join, leave, shrink
from nanobook.itch.layout import CODE_OF, WIRE
from nanobook.itch.market import MARKET, SYMBOL, TRADE_WORDS, side_address, symbol_at, table_of
from nanobook.itch.reader import DUPLICATE, FULL, MORE, NEW_BOOK, SHORT, UNKNOWN, word_at
from nanobook.itch.references import entry_at, put, remove, seek, short_of_places
from nanobook.itch.wire import read_4, read_8, read_byte
from nanobook.jit import njit
from nanobook.types.codes import NO_OWNER
from nanobook.types.records import NIL

__all__ = ["act"]

_ZERO = np.int64(0)
_BUY, _SELL, _YES = (np.int64(ord(letter)) for letter in "BSY")

_ADD, _ATTRIBUTED = CODE_OF["A"], CODE_OF["F"]
_EXECUTED, _EXECUTED_AT, _REDUCED = CODE_OF["E"], CODE_OF["C"], CODE_OF["X"]
_DELETED, _REPLACED = CODE_OF["D"], CODE_OF["U"]
_TRADED, _CROSSED, _BROKEN = CODE_OF["P"], CODE_OF["Q"], CODE_OF["B"]

_TRADE_SIZE = TRADE_WORDS.itemsize


def _offset(letter, name):
    return np.int64(WIRE[letter].fields[name][1])


#: The reference comes first in every message about an order.
_REFERENCE = _offset("A", "reference")
_ADD_SIDE, _ADD_SHARES, _ADD_PRICE = (_offset("A", name) for name in ("side", "shares", "price"))
_TAKEN, _MATCH = _offset("E", "shares"), _offset("E", "match")  # the same in C, and shares in X
_AT_PRICE, _PRINTABLE = _offset("C", "price"), _offset("C", "printable")
_NEW_REFERENCE = _offset("U", "new_reference")
_NEW_SHARES, _NEW_PRICE = _offset("U", "shares"), _offset("U", "price")
_TRADE_SHARES, _TRADE_PRICE = _offset("P", "shares"), _offset("P", "price")
_TRADE_MATCH = _offset("P", "match")
_CROSS_SHARES, _CROSS_PRICE = _offset("Q", "shares"), _offset("Q", "price")
_CROSS_MATCH, _BROKEN_MATCH = _offset("Q", "match"), _offset("B", "match")


@njit
def act(market, number, symbol, code, place, message, time, strict, counts_trades):
    """Do to a symbol's book what a message says.

    Parameters
    ----------
    market : int
        Address of a MARKET.
    number, symbol : int
        Number and address of one of its SYMBOL.
    code, place : int
        The message's type and address.
    message, time : int
        Its number and its time.
    strict : bool
        Whether to stop at what can't be done.
    counts_trades : bool
        Whether trades are written.

    Returns
    -------
    int
        MORE when done; otherwise nothing was done.
    """
    if code in (_ADD, _ATTRIBUTED):
        return _add(market, number, symbol, place, strict)
    if code == _DELETED:
        return _take(market, symbol, place, strict, code, message, time, False)
    if code in (_EXECUTED, _EXECUTED_AT, _REDUCED):
        return _take(market, symbol, place, strict, code, message, time, counts_trades)
    if code == _REPLACED:
        return _replace(market, symbol, place, strict)
    if code in (_TRADED, _CROSSED) and counts_trades:
        return _print(market, symbol, code, place, message, time)
    if code == _BROKEN:
        return _break(market, place)
    return MORE


@njit
def _short_of_queue(market, side, book, row):
    """Return whether a side can't take another order before its arrays grow."""
    head, own = head_of(book), side_of(book, row)
    if (
        own["live"] < head["orders_room"]
        and head["level_count"] < head["levels_room"]
        and head["far_work"] < head["patience"]
    ):
        return False
    record_at(market, MARKET)["side"] = side
    return True


@njit
def _malformed(symbol, strict):
    """Pass a message over that holds what it can't."""
    if strict:
        return SHORT
    record_at(symbol, SYMBOL)["malformed"] += 1
    return MORE


@njit
def _unknown(symbol, strict):
    """Pass a message over that refers to an order nobody added."""
    if strict:
        return UNKNOWN
    record_at(symbol, SYMBOL)["unknown_references"] += 1
    return MORE


@njit
def _duplicate(symbol, strict):
    """Pass a message over that adds an order whose reference is in use."""
    if strict:
        return DUPLICATE
    record_at(symbol, SYMBOL)["duplicate_references"] += 1
    return MORE


@njit(forceinline=True)
def _add(market, number, symbol, place, strict):
    """Let an order rest."""
    letter, shares = read_byte(place + _ADD_SIDE), read_4(place + _ADD_SHARES)
    if shares == 0 or (letter != _BUY and letter != _SELL):
        return _malformed(symbol, strict)
    row = np.int64(letter == _SELL)
    book = side_address(symbol, row)
    if book == 0:
        record_at(market, MARKET)["locate"] = record_at(symbol, SYMBOL)["locate"]
        return NEW_BOOK
    reference, table = read_8(place + _REFERENCE), table_of(market)
    free = seek(table, reference)
    if entry_at(table, free)["slot"] != NIL:
        return _duplicate(symbol, strict)
    if short_of_places(table) or _short_of_queue(market, 2 * number + row, book, row):
        return FULL
    slot = join(book, reference, 1 - 2 * row, read_4(place + _ADD_PRICE), shares, NO_OWNER)
    put(table, free, reference, slot, 2 * number + row)
    return MORE


@njit(forceinline=True)
def _take(market, symbol, place, strict, code, message, time, counts_trades):
    """Take shares off an order: those executed, those cancelled, or all."""
    table = table_of(market)
    found = seek(table, read_8(place + _REFERENCE))
    entry = entry_at(table, found)
    if entry["slot"] == NIL:
        return _unknown(symbol, strict)
    head = record_at(market, MARKET)
    if counts_trades and code != _REDUCED and head["trades"] >= head["trades_room"]:
        return FULL
    slot, row = np.int64(entry["slot"]), np.int64(entry["side"]) & 1
    book = side_address(symbol_at(market, np.int64(entry["side"]) >> 1), row)
    order = order_at(book, slot)
    shares = order["remaining"] if code == _DELETED else read_4(place + _TAKEN)
    if counts_trades and code != _REDUCED:
        price = level_at(book, np.int64(order["level"]))["price"]
        printable = True
        if code == _EXECUTED_AT:
            price = read_4(place + _AT_PRICE)
            printable = read_byte(place + _PRINTABLE) == _YES
        trade = _new_trade(market, symbol, place, message, time)
        trade["price"] = price
        trade["quantity"] = shares
        trade["aggressor_side"] = 2 * row - 1
        trade["reference"] = read_8(place + _REFERENCE)
        trade["match"] = read_8(place + _MATCH)
        trade["printable"] = printable
    if shares < order["remaining"]:
        shrink(book, slot, shares)
    else:
        leave(book, slot)
        remove(table, found)
    return MORE


@njit
def _replace(market, symbol, place, strict):
    """Let an order rest under another reference, with other shares and another price."""
    shares, table = read_4(place + _NEW_SHARES), table_of(market)
    old, new = read_8(place + _REFERENCE), read_8(place + _NEW_REFERENCE)
    if shares == 0:
        return _malformed(symbol, strict)
    found = seek(table, old)
    entry = entry_at(table, found)
    if entry["slot"] == NIL:
        return _unknown(symbol, strict)
    if new != old and entry_at(table, seek(table, new))["slot"] != NIL:
        return _duplicate(symbol, strict)
    side, slot = np.int64(entry["side"]), np.int64(entry["slot"])
    row = side & 1
    book = side_address(symbol_at(market, side >> 1), row)
    if _short_of_queue(market, side, book, row):
        return FULL
    leave(book, slot)
    remove(table, found)
    slot = join(book, new, 1 - 2 * row, read_4(place + _NEW_PRICE), shares, NO_OWNER)
    put(table, seek(table, new), new, slot, side)
    return MORE


@njit
def _new_trade(market, symbol, place, message, time):
    """Return the record of a trade more; there must be room."""
    head = record_at(market, MARKET)
    trade = record_at(head["trades_at"] + head["trades"] * _TRADE_SIZE, TRADE_WORDS)
    head["trades"] += 1
    trade["message"] = message
    trade["timestamp_ns"] = time
    trade["locate"] = record_at(symbol, SYMBOL)["locate"]
    trade["kind"] = read_byte(place)
    trade["broken"] = 0
    return trade


@njit
def _print(market, symbol, code, place, message, time):
    """Write a trade that touched no order that was shown."""
    head = record_at(market, MARKET)
    if head["trades"] >= head["trades_room"]:
        return FULL
    cross = code == _CROSSED
    shares = read_8(place + _CROSS_SHARES) if cross else read_4(place + _TRADE_SHARES)
    if shares <= 0:
        return MORE
    trade = _new_trade(market, symbol, place, message, time)
    trade["price"] = read_4(place + (_CROSS_PRICE if cross else _TRADE_PRICE))
    trade["quantity"] = shares
    trade["aggressor_side"] = 0
    trade["reference"] = _ZERO if cross else read_8(place + _REFERENCE)
    trade["match"] = read_8(place + (_CROSS_MATCH if cross else _TRADE_MATCH))
    trade["printable"] = 1
    return MORE


@njit
def _break(market, place):
    """Remember that a trade was taken back."""
    head = record_at(market, MARKET)
    if head["broken"] >= head["broken_room"]:
        return FULL
    word_at(head["broken_at"], head["broken"])["value"] = read_8(place + _BROKEN_MATCH)
    head["broken"] += 1
    return MORE
