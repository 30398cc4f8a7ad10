"""A stream of messages through a book in one compiled call."""

import numpy as np

from nanobook.book.header import (
    ASKS,
    BIDS,
    CELL,
    CHECKED,
    FULL,
    WORD,
    head_of,
    level_at,
    result_of,
)
from nanobook.book.instructions import (
    cancel,
    cancel_all,
    modify,
    reduce,
    set_bars,
    set_policy,
    submit,
    submit_stop,
)
from nanobook.book.levels import first_step, next_step
from nanobook.book.machine import prefetch, record_at
from nanobook.jit import njit
from nanobook.types.codes import (
    BARS,
    CANCEL,
    CANCEL_ALL,
    GTC,
    IOC,
    LIMIT,
    MARKET,
    MODIFY,
    POLICY,
    POST_ONLY,
    REDUCE,
    STOP_LIMIT,
    TRAILING_STOP_LIMIT,
    TRAILING_STOP_MARKET,
)
from nanobook.types.records import (
    EXTENDED_MESSAGE,
    LEVEL,
    MESSAGE,
    NIL,
    ORDER_RESULT,
    ORDER_ROW,
    RESTING,
)

__all__ = ["run", "sample", "sample_side"]

_ZERO = np.int64(0)
_LOWEST, _HIGHEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max

#: How many messages ahead the row of an order is asked for, and then its node.
_ROW_AHEAD, _NODE_AHEAD = 12, 6

_ROW_SIZE, _NODE_SIZE = ORDER_ROW.itemsize, RESTING.itemsize
_RESULT_SIZE = ORDER_RESULT.itemsize
_WIDE_SIZE = EXTENDED_MESSAGE.itemsize
_WORD_SIZE, _CELL_SIZE, _LEVEL_SIZE = WORD.itemsize, CELL.itemsize, LEVEL.itemsize
_SAMPLE_SIZE = 4 * _WORD_SIZE  # of each level


@njit
def _act_seldom(book, place, kind, result):
    """Do what a message says that isn't of a common kind."""
    message = record_at(place, MESSAGE)
    if kind == REDUCE:
        return reduce(book, message["order_id"], message["quantity"], result)
    if kind == CANCEL_ALL:
        return cancel_all(book, np.int64(message["side"]), np.int64(message["owner"]), result)
    if kind == POLICY:
        return set_policy(book, message["quantity"], result)
    if kind == BARS:
        return set_bars(book, message["quantity"], result)
    return _act_stop(book, place, kind, result)


@njit
def _act_stop(book, place, kind, result):
    """Submit the stop order that a wide message says."""
    message = record_at(place, EXTENDED_MESSAGE)
    limited = kind in (STOP_LIMIT, TRAILING_STOP_LIMIT)
    trails = kind in (TRAILING_STOP_MARKET, TRAILING_STOP_LIMIT)
    return submit_stop(
        book,
        kind,
        np.int64(message["side"]),
        np.int64(message["tif"]) if limited else GTC,
        message["stop_price"],
        message["price"] if limited else _ZERO,
        message["quantity"],
        np.int64(message["owner"]),
        message["tag"],
        np.int64(message["trail_type"]) if trails else NIL,
        message["trail_value"] if trails else 0.0,
        np.int64(message["atr_period"]) if trails else _ZERO,
        result,
    )


@njit
def run(book, messages_at, size, start, count, results_at, every, levels, samples_at):
    """Act on messages in turn, until one finds no room.

    Parameters
    ----------
    book : int
        Address of the header.
    messages_at, size : int
        Address of the first message, and bytes from one to the next.
    start, count : int
        The first message to act on, and the number of all.
    results_at : int
        Address of an ORDER_RESULT for each message, 0 for none.
    every, levels : int
        After how many messages a sample is taken, 0 for none; how many levels it has.
    samples_at : int
        Address of int64 of shape (count // every, 4, levels): bid prices, bid quantities, ask
        prices, ask quantities.

    Returns
    -------
    int
        The first message that wasn't acted on; `count` when done.
    """
    result, step = result_of(book), 0
    if results_at != 0:
        result, step = results_at + start * _RESULT_SIZE, _RESULT_SIZE
    for at in range(start, count):
        place = messages_at + at * size
        if not CHECKED and at + _ROW_AHEAD < count:
            _look_ahead(book, place, size)
        message = record_at(place, MESSAGE)
        kind, quantity = np.int64(message["kind"]), message["quantity"]
        if kind == CANCEL:
            code = cancel(book, message["order_id"], result)
        elif kind <= MARKET:
            side, owner = np.int64(message["side"]), np.int64(message["owner"])
            price, tif = message["price"], np.int64(message["tif"])
            flags, tag = np.int64(message["flags"]) & POST_ONLY, _ZERO
            if size == _WIDE_SIZE:
                tag = record_at(place, EXTENDED_MESSAGE)["tag"]
            if kind == MARKET:
                price, tif, flags = _HIGHEST if side > 0 else _LOWEST, np.int64(IOC), _ZERO
            code = submit(book, kind, side, price, quantity, tif, flags, owner, tag, result)
        elif kind == MODIFY:
            code = modify(book, message["order_id"], message["price"], quantity, result)
        else:
            code = _act_seldom(book, place, kind, result)
        if code == FULL:
            return at
        result += step
        if every != 0 and (at + 1) % every == 0:
            sample(book, levels, samples_at + ((at + 1) // every - 1) * levels * _SAMPLE_SIZE)
    return count


@njit
def _look_ahead(book, place, size):
    """Ask early for the memory that messages further on will need.

    It computes addresses of whatever messages and rows say: nothing is read there, only fetched.
    """
    head = head_of(book)
    first = head["elders"] - head["base_id"]
    message = record_at(place + _ROW_AHEAD * size, MESSAGE)
    if message["kind"] != LIMIT:
        prefetch(head["rows_at"] + (first + message["order_id"]) * _ROW_SIZE)
    else:
        prefetch(head["cells_at"] + (message["price"] - head["first"]) * _CELL_SIZE)
    message = record_at(place + _NODE_AHEAD * size, MESSAGE)
    if message["kind"] != LIMIT:
        row = first + message["order_id"]
        if 0 <= row < head["rows_room"]:
            slot = record_at(head["rows_at"] + row * _ROW_SIZE, ORDER_ROW)["filled"]
            prefetch(head["orders_at"] + slot * _NODE_SIZE)
    else:
        cell = message["price"] - head["first"]
        if 0 <= cell < head["cells_room"]:
            level = np.int64(record_at(head["cells_at"] + cell * _CELL_SIZE, CELL)["level"])
            prefetch(head["levels_at"] + level * _LEVEL_SIZE)


@njit
def sample(book, most, place):
    """Write the best levels of both sides, zeros where there's none."""
    sample_side(book, BIDS, most, place)
    sample_side(book, ASKS, most, place + 2 * most * _WORD_SIZE)


@njit
def sample_side(book, row, most, place):
    """Write the prices of a side's best levels, then their quantities; zeros where there's none."""
    cell, last = first_step(book, row)
    for at in range(most):
        level, cell, last = next_step(book, row, cell, last)
        price = level_at(book, level)["price"] if level != NIL else _ZERO
        quantity = level_at(book, level)["quantity"] if level != NIL else _ZERO
        record_at(place + at * _WORD_SIZE, WORD)["value"] = price
        record_at(place + (most + at) * _WORD_SIZE, WORD)["value"] = quantity
