"""Messages to records: a row in the array of its type for each that is asked for."""

import numpy as np

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
    code_of,
    follows,
    word_at,
)
from nanobook.itch.wire import read_2, read_6, read_byte, unpack
from nanobook.jit import njit
from nanobook.types.records import NIL

__all__ = ["OUT", "decode"]

#: Where the next record of a type goes, 0 if they aren't asked for, and the last place for one.
OUT = np.dtype([("row", np.int64), ("last", np.int64)])

_OUT_SIZE = OUT.itemsize


@njit
def decode(reader, outs):
    """Write the messages of a window as records, until one finds no room.

    Parameters
    ----------
    reader : int
        Address of a READER.
    outs : int
        Address of an OUT for each code.

    Returns
    -------
    int
        Why it stopped: MORE, ENDED, STOPPED, FULL or SHORT.
    """
    head = record_at(reader, READER)
    data, size = head["data"], head["size"]
    start, stop = head["start"], head["stop"]
    at, message = head["at"], head["message"]
    status = MORE
    while at + 2 <= size:
        length, place = read_2(data + at), data + at + 2
        if at + 2 + length > size:
            break
        if length == 0:
            status = ENDED
            break
        letter = read_byte(place)
        code = code_of(reader, letter, length)
        if code == NIL and head["strict"] != 0:
            status = SHORT
            break
        if length >= HEAD_SIZE:
            time = read_6(place + 5)
            if time >= stop:
                status = STOPPED
                break
            if follows(reader, place, code, read_2(place + 1)) and code > 0 and time >= start:
                out = record_at(outs + code * _OUT_SIZE, OUT)
                row = out["row"]
                if row > out["last"]:
                    status = FULL
                    break
                if row != 0:
                    out["row"] = row + unpack(code, place, row, message)
        if code == NIL:
            head["malformed"] += 1
        word_at(head["counts_at"], letter)["value"] += 1
        message += 1
        at += 2 + length
    if CHECKED and at > size:
        raise IndexError("a kernel read behind the bytes it was given")
    head["at"] = at
    head["message"] = message
    return status
