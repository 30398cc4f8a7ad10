"""A stream through the market's books, in one compiled call for each window of bytes."""

import numpy as np

from nanobook.book.header import ASKS, BIDS, CHECKED, side_of
from nanobook.book.machine import record_at
from nanobook.itch.apply import act
from nanobook.itch.layout import HEAD_SIZE
from nanobook.itch.look_ahead import (
    FIRST_LOOK,
    SECOND_LOOK,
    THIRD_LOOK,
    look_first,
    look_second,
    look_third,
)
from nanobook.itch.market import MARKET, SYMBOL, counter_at, side_address, symbol_at
from nanobook.itch.reader import (
    ENDED,
    FULL,
    MORE,
    NEW_BOOK,
    READER,
    SHORT,
    STOPPED,
    follows,
    letter_at,
    word_at,
)
from nanobook.itch.sampling import fits_row, mark, sample_times, write_row
from nanobook.itch.wire import read_2, read_6, read_byte
from nanobook.jit import njit
from nanobook.types.records import NIL

__all__ = ["rebuild"]

_ZERO = np.int64(0)
_NOBODYS = np.int64(-2)


@njit
def rebuild(reader, market):
    """Do what the messages of a window say, until one waits for something.

    Parameters
    ----------
    reader, market : int
        Addresses of a READER and a MARKET.

    Returns
    -------
    int
        Why it stopped: MORE, ENDED, STOPPED, FULL, NEW_BOOK, or what a strict reader refuses. The
        message it stopped at has changed nothing.
    """
    head = record_at(reader, READER)
    data, size, letters, stop = head["data"], head["size"], head["letters_at"], head["stop"]
    at, message = head["at"], head["message"]
    first_time, last_time = head["first_time"], head["last_time"]
    numbers = record_at(market, MARKET)["numbers_at"]
    status = MORE
    first = second = third = at
    for step in range(FIRST_LOOK):
        first = look_first(market, data, size, first)
        if step < SECOND_LOOK:
            second = look_second(market, data, size, second)
        if step < THIRD_LOOK:
            third = look_third(market, data, size, third)
    while at + 2 <= size:
        first = look_first(market, data, size, first)
        second = look_second(market, data, size, second)
        third = look_third(market, data, size, third)
        place = data + at + 2
        length = read_2(data + at)
        after = at + 2 + length
        if after > size:
            break
        if length == 0:
            status = ENDED
            break
        letter = letter_at(letters, read_byte(place))
        code, stock = letter["code"], letter["stock"]
        if length < letter["length"]:
            code, stock = NIL, np.int64(0)
            if head["strict"] != 0:
                status = SHORT
                break
        if length >= HEAD_SIZE:
            time = read_6(place + 5)
            if time >= stop:
                status = STOPPED
                break
            if record_at(market, MARKET)["next_time"] < time and not sample_times(market, time):
                status = FULL
                break
            locate = read_2(place + 1)
            number = word_at(numbers, locate)["value"] - 1
            if letter["everyones"] != 0:
                number = _NOBODYS
            elif number < 0:
                number = _find(reader, market, place, stock, locate)
                if number == NIL:
                    status = NEW_BOOK
                    break
            elif stock != 0:
                follows(reader, place, stock, locate)  # it may be the first to say its name
            if number >= 0:
                status = _follow(reader, market, number, place, code, message, time)
                if status != MORE:
                    break
            first_time, last_time = time if first_time == NIL else first_time, time
        if code == NIL:
            head["malformed"] += 1
        letter["count"] += 1
        message += 1
        at = after
    if CHECKED and at > size:
        raise IndexError("a kernel read behind the bytes it was given")
    head["at"] = at
    head["message"] = message
    head["first_time"], head["last_time"] = first_time, last_time
    return status


@njit
def _find(reader, market, place, stock, locate):
    """Return the number of a locate's symbol, NIL if it's to have one, less if it isn't."""
    if not follows(reader, place, stock, locate):
        return _NOBODYS
    # No symbol has the code 0, unless a message has said that one has.
    if locate == 0 and word_at(record_at(reader, READER)["follows_at"], locate)["value"] == 0:
        return _NOBODYS
    record_at(market, MARKET)["locate"] = locate
    return NIL


@njit(forceinline=True)
def _follow(reader, market, number, place, code, message, time):
    """Do what a message of a symbol that is followed says, and take the sample that's due."""
    options, head = record_at(reader, READER), record_at(market, MARKET)
    symbol = symbol_at(market, number)
    in_time, every = time >= options["start"], head["every"]
    due = every != 0 and in_time and head["countdown"] == 1
    if due and not fits_row(market, symbol):
        return FULL
    if code > 0:
        strict = options["strict"] != 0
        status = act(market, symbol, code, place, message, time, strict, in_time)
        if status != MORE:
            return status
    own = record_at(symbol, SYMBOL)
    if code == NIL:
        own["malformed"] += 1
    counter_at(symbol, max(code, _ZERO))["value"] += 1
    own["message"] = message
    _compare(symbol)
    if every == 0:
        if head["marks_at"] != 0:
            mark(market, own["locate"])
    elif due:
        head["countdown"] = every
        write_row(market, symbol, message, time)
    elif in_time:
        head["countdown"] -= 1
    return MORE


@njit(forceinline=True)
def _compare(symbol):
    """Count a locked or a crossed book."""
    bids, asks = side_address(symbol, BIDS), side_address(symbol, ASKS)
    if bids == 0:
        return
    bid, ask = side_of(bids, BIDS), side_of(asks, ASKS)
    if bid["price"] < ask["price"] or bid["best"] == NIL or ask["best"] == NIL:
        return
    own = record_at(symbol, SYMBOL)
    if bid["price"] == ask["price"]:
        own["locked"] += 1
    else:
        own["crossed"] += 1
