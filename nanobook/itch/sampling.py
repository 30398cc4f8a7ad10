"""Rows of samples: how books stand after messages, or at given times."""

import numpy as np

from nanobook.book.batch import sample_side
from nanobook.book.header import ASKS, BIDS, WORD, level_at, order_at, side_of
from nanobook.book.levels import first_step, next_step
from nanobook.book.machine import lowest_bit, record_at
from nanobook.itch.market import (
    MARKET,
    ORDER_WORDS,
    SAMPLE,
    SYMBOL,
    side_address,
    symbol_at,
)
from nanobook.itch.reader import word_at
from nanobook.jit import njit
from nanobook.types.records import NIL

__all__ = ["NEVER", "finish", "fits_row", "mark", "sample_times", "write_orders", "write_row"]

#: When the next sample is due that is never due.
NEVER = np.iinfo(np.int64).max

#: Words of marks: a bit for each locate; behind them, one for each word of those.
_WORDS = 1 << 10
MARK_WORDS = _WORDS + (_WORDS >> 6)

_ZERO, _ONE = np.int64(0), np.int64(1)
_SAMPLE_SIZE, _ORDER_SIZE = SAMPLE.itemsize, ORDER_WORDS.itemsize
_WORD_SIZE = WORD.itemsize


@njit
def mark(market, locate):
    """Mark a symbol as one of the next sample."""
    head = record_at(market, MARKET)
    word = word_at(head["marks_at"], locate >> 6)
    bit = _ONE << (locate & 63)
    if word["value"] & bit == 0:
        word["value"] |= bit
        word_at(head["marks_at"], _WORDS + (locate >> 12))["value"] |= _ONE << ((locate >> 6) & 63)
        head["marked"] += 1


@njit
def _live(symbol):
    """Return how many orders of a symbol rest."""
    count = _ZERO
    for row in (BIDS, ASKS):
        book = side_address(symbol, row)
        if book != 0:
            count += side_of(book, row)["live"]
    return count


@njit
def _fits(market, rows, orders):
    """Return whether there's room for so many rows and orders more; say what is needed."""
    head = record_at(market, MARKET)
    if (
        head["samples"] + rows <= head["samples_room"]
        and head["orders"] + orders <= head["orders_room"]
    ):
        return True
    head["rows_needed"] = rows
    head["orders_needed"] = orders
    return False


@njit(forceinline=True)
def fits_row(market, symbol):
    """Return whether there's room for a row whatever the next message does."""
    orders = _live(symbol) + 1 if record_at(market, MARKET)["with_orders"] != 0 else _ZERO
    return _fits(market, _ONE, orders)


@njit(forceinline=True)
def write_row(market, symbol, message, time):
    """Write how a symbol's book stands; there must be room."""
    head = record_at(market, MARKET)
    place, levels = head["samples"], head["levels"]
    sample = record_at(head["samples_at"] + place * _SAMPLE_SIZE, SAMPLE)
    sample["message"] = message
    sample["timestamp_ns"] = time
    sample["locate"] = record_at(symbol, SYMBOL)["locate"]
    half = 2 * levels * _WORD_SIZE
    _write_side(symbol, BIDS, levels, head["levels_at"] + 2 * place * half)
    _write_side(symbol, ASKS, levels, head["levels_at"] + 2 * place * half + half)
    if head["with_orders"] != 0:
        for row in (BIDS, ASKS):
            book = side_address(symbol, row)
            if book != 0:
                at = head["orders_at"] + head["orders"] * _ORDER_SIZE
                head["orders"] += write_orders(book, row, place, at)
    head["samples"] = place + 1


@njit(forceinline=True)
def _write_side(symbol, row, levels, place):
    """Write a side's best levels."""
    book = side_address(symbol, row)
    if book == 0:
        for at in range(2 * levels):
            word_at(place, at)["value"] = 0
    elif levels == 1:
        best = side_of(book, row)["best"]
        price, quantity = _ZERO, _ZERO
        if best != NIL:
            price, quantity = level_at(book, best)["price"], level_at(book, best)["quantity"]
        word_at(place, _ZERO)["value"] = price
        word_at(place, _ONE)["value"] = quantity
    else:
        sample_side(book, row, levels, place)


@njit
def write_orders(book, row, sample, place):
    """Write the orders of a side, the next to trade first.

    Parameters
    ----------
    book, row : int
        Address of the side's header; 0 for bids, 1 for asks.
    sample : int
        The row of samples they belong to.
    place : int
        Address of the first ORDER_WORDS.

    Returns
    -------
    int
        How many.
    """
    cell, last = first_step(book, row)
    count = _ZERO
    while True:
        level, cell, last = next_step(book, row, cell, last)
        if level == NIL:
            return count
        price = level_at(book, level)["price"]
        slot = np.int64(level_at(book, level)["head"])
        while slot != NIL:
            order = order_at(book, slot)
            out = record_at(place + count * _ORDER_SIZE, ORDER_WORDS)
            out["row"] = sample
            out["side"] = 1 - 2 * row
            out["price"] = price
            out["reference"] = order["order_id"]
            out["quantity"] = order["remaining"]
            slot = np.int64(order["next"])
            count += 1


@njit
def _write_marked(market, time, forgets):
    """Write a row for each symbol marked, in the order of locates; return False without room."""
    head = record_at(market, MARKET)
    orders = _ZERO
    if head["with_orders"] != 0:
        for number in range(head["symbols"]):
            orders += _live(symbol_at(market, number))
    if not _fits(market, head["marked"], orders):
        return False
    if head["marked"] == 0:
        return True
    for page in range(MARK_WORDS - _WORDS):
        words = word_at(head["marks_at"], _WORDS + np.int64(page))
        rest = words["value"]
        while rest != 0:
            at = (np.int64(page) << 6) + lowest_bit(rest)
            rest &= rest - 1
            word = word_at(head["marks_at"], at)
            _write_word(market, at, word["value"], time)
            if forgets:
                word["value"] = 0
        if forgets:
            words["value"] = 0
    if forgets:
        head["marked"] = 0
    return True


@njit
def _write_word(market, at, marks, time):
    """Write a row for each symbol of a word of marks."""
    head = record_at(market, MARKET)
    while marks != 0:
        locate = (at << 6) + lowest_bit(marks)
        marks &= marks - 1
        symbol = symbol_at(market, word_at(head["numbers_at"], locate)["value"] - 1)
        write_row(market, symbol, record_at(symbol, SYMBOL)["message"], time)


@njit
def sample_times(market, time):
    """Take the samples that are due before a message of this time.

    Returns
    -------
    bool
        False if they found no room: nothing was written of the one that didn't.
    """
    head = record_at(market, MARKET)
    grid = head["grid"]
    while head["next_time"] < time:
        if not _write_marked(market, head["next_time"], grid != 0):
            return False
        if grid != 0:
            head["next_time"] = (time + grid - 1) // grid * grid
        else:
            _next_of_list(market)
    return True


@njit
def _next_of_list(market):
    """Go on to the next time of the list."""
    head = record_at(market, MARKET)
    used = head["times_used"] + 1
    head["times_used"] = used
    if used < head["times"]:
        head["next_time"] = word_at(head["times_at"], used)["value"]
    else:
        head["next_time"] = NEVER


@njit
def finish(market):
    """Take the samples that are still due once all messages have been read.

    Returns
    -------
    bool
        False if they found no room; to be called again then.
    """
    head = record_at(market, MARKET)
    while head["next_time"] < NEVER:
        if not _write_marked(market, head["next_time"], head["grid"] != 0):
            return False
        if head["grid"] != 0:
            head["next_time"] = NEVER
        else:
            _next_of_list(market)
    return True
