"""Messages to records: a row in the array of its type for each that is asked for."""

from nanobook.book.header import CHECKED
from nanobook.book.machine import record_at
from nanobook.itch.layout import HEAD_SIZE
from nanobook.itch.reader import (
    ENDED,
    FULL,
    MORE,
    READER,
    SHORT,
    STOPPED,
    follows,
    letter_at,
)
from nanobook.itch.wire import read_2, read_6, read_byte, unpack
from nanobook.jit import njit
from nanobook.types.records import NIL

__all__ = ["decode"]


@njit
def decode(reader):
    """Write the messages of a window as records, until one finds no room.

    Parameters
    ----------
    reader : int
        Address of a READER.

    Returns
    -------
    int
        Why it stopped: MORE, ENDED, STOPPED, FULL or SHORT.
    """
    head = record_at(reader, READER)
    data, size, letters = head["data"], head["size"], head["letters_at"]
    start, stop, filters = head["start"], head["stop"], head["wanted"] != NIL
    at, message = head["at"], head["message"]
    first_time, last_time = head["first_time"], head["last_time"]
    status = MORE
    while at + 2 <= size:
        place = data + at + 2
        length = read_2(data + at)
        after = at + 2 + length
        if after > size:
            break
        if length == 0:
            status = ENDED
            break
        letter = letter_at(letters, read_byte(place))
        code, least = letter["code"], letter["length"]
        if length < least and head["strict"] != 0:
            status = SHORT
            break
        if length >= HEAD_SIZE:
            time = read_6(place + 5)
            if time >= stop:
                status = STOPPED
                break
            row = letter["row"]
            if (
                length >= least
                and code != 0
                and _follows(reader, place, letter["stock"], filters)
                and time >= start
            ):
                if row > letter["last"]:
                    status = FULL
                    break
                if row != 0:
                    number = message if head["by_offset"] == 0 else head["origin"] + at
                    letter["row"] = row + unpack(code, place, row, number)
            first_time, last_time = time if first_time == NIL else first_time, time
        if length < least:
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
def _follows(reader, place, stock, filters):
    """Return whether a message's symbol is asked for; without a filter, all are."""
    return not (filters or stock != 0) or follows(reader, place, stock, read_2(place + 1))
