"""Struct arrays or frames of messages to a stream in a file."""

import struct
from collections.abc import Mapping
from gzip import GzipFile
from pathlib import Path

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.itch.columns import as_columns
from nanobook.itch.layout import WIRE
from nanobook.persistence.atomic import atomic_write

__all__ = ["write_itch"]

_FRAMINGS = ("itch", "moldudp64")

#: Messages as they're sent, with their length before them.
_FRAMES = {
    letter: np.dtype([("length", ">u2"), ("message", wire.newbyteorder(">"))])
    for letter, wire in WIRE.items()
}

#: Messages that are put into bytes at a time.
_CHUNK = 1 << 18

#: Fast, and a tenth larger than at the usual level.
_GZIP_LEVEL = 3

_PACKET_HEADER = struct.Struct(">10sQH")

#: So many bytes fit in a packet on Ethernet, behind the headers of IPv4 and UDP.
_PACKET = 1472

_END_OF_SESSION = 0xFFFF


def write_itch(messages, path, *, framing="itch", session="NANOBOOK"):
    """Write messages as a NASDAQ TotalView-ITCH 5.0 stream, whole or not at all.

    Parameters
    ----------
    messages : mapping of str to ndarray or DataFrame
        By the letter of their type: what `read_itch` gives; or struct arrays, or frames, with some
        of the same fields. A field that isn't there is zero or blank; a frame's `symbol` serves as
        `stock`. They are written in the order of their numbers, `message`, if they have them, else
        of `timestamp_ns`; equal ones as they come.
    path : str or PathLike
        The file; compressed by gzip if its name ends in ``.gz``.
    framing : {"itch", "moldudp64"}, default "itch"
        One message behind the other, each after its length; or in MoldUDP64 packets.
    session : str, default "NANOBOOK"
        What the packets call their session: at most ten ASCII letters.

    Returns
    -------
    int
        How many messages were written.

    Raises
    ------
    ArgumentTypeError
        If an argument, a table or a column is of a kind that can't be converted; floats aren't
        taken for integers.
    ValidationError
        If a type or a column is unknown, some tables only have `message`, or a text isn't ASCII
        or too long. The message names type, column, row and value, and no file has been touched.
    RangeError
        If a number doesn't fit its field, in the same way.
    FileNotFoundError
        If the folder doesn't exist.

    References
    ----------
    .. [1] NASDAQ, "TotalView-ITCH 5.0" and "MoldUDP64", protocol specifications.
    """
    if framing not in _FRAMINGS:
        raise ValidationError(f"framing must be one of {', '.join(_FRAMINGS)}, got {framing!r}")
    session = _as_session(session)
    tables = _as_tables(messages)
    order = np.argsort(_keys(tables), kind="stable")
    with atomic_write(path) as file:
        if Path(path).suffix.lower() == ".gz":
            with GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as packed:
                _write(packed, tables, order, framing, session)
        else:
            _write(file, tables, order, framing, session)
    return len(order)


def _as_session(session):
    if not isinstance(session, str):
        raise ArgumentTypeError(f"session must be a string, got {session!r}")
    if not (0 < len(session) <= 10 and session.isascii() and session.isprintable()):
        raise ValidationError(f"session must have 1 to 10 ASCII letters, got {session!r}")
    return session.encode().ljust(10)


def _as_tables(messages):
    """Return letter, columns and count of each type that has messages."""
    if not isinstance(messages, Mapping):
        raise ArgumentTypeError(
            f"messages must be a mapping of letters to tables, got {type(messages).__name__}"
        )
    tables = []
    for letter, table in messages.items():
        if letter not in WIRE:
            raise ValidationError(
                f"messages must have types of {', '.join(WIRE)} for keys, got {letter!r}"
            )
        columns, count = as_columns(letter, table)
        if count:
            tables.append((letter, columns, count))
    numbered = [letter for letter, columns, _ in tables if "message" in columns]
    if numbered and len(numbered) < len(tables):
        raise ValidationError(
            "messages must have the column 'message' in all tables or in none,"
            f" got it in {', '.join(numbered)} only"
        )
    return tables


def _keys(tables):
    """Return what the messages of all tables, one table behind the other, are ordered by."""
    keys = [np.zeros(0, np.int64)]
    for _, columns, count in tables:
        key = columns.get("message", columns.get("timestamp_ns"))
        keys.append(np.zeros(count, np.int64) if key is None else key.astype(np.int64, copy=False))
    return np.concatenate(keys)


def _write(file, tables, order, framing, session):
    """Write the messages, some at a time."""
    ends = np.cumsum([count for _, _, count in tables])
    for first in range(0, len(order), _CHUNK):
        stream, offsets = _encode(tables, ends, order[first : first + _CHUNK])
        if framing == "moldudp64":
            stream = _pack(stream.tobytes(), offsets, session, first + 1)
        file.write(stream)
    if framing == "moldudp64":
        file.write(_PACKET_HEADER.pack(session, len(order) + 1, _END_OF_SESSION))


def _encode(tables, ends, places):
    """Return the messages at some places of all tables as bytes, and where each begins and ends."""
    of = np.searchsorted(ends, places, side="right")
    sizes = np.array([_FRAMES[letter].itemsize for letter, _, _ in tables])
    offsets = np.concatenate([[0], np.cumsum(sizes[of])])
    stream = np.empty(offsets[-1], np.uint8)
    for number, (letter, columns, count) in enumerate(tables):
        mine = np.flatnonzero(of == number)
        if mine.size:
            frames = _frames(letter, columns, places[mine] - (ends[number] - count))
            # what begins at each byte, seen as one item of the frame's size
            item, room = f"V{sizes[number]}", len(stream) - sizes[number] + 1
            targets = np.ndarray(room, item, stream, strides=(1,))
            targets[offsets[mine]] = frames.view(item)
    return stream, offsets


def _frames(letter, columns, rows):
    """Return rows of a table as they're sent."""
    frames = np.empty(len(rows), _FRAMES[letter])
    frames["length"] = WIRE[letter].itemsize
    sent = frames["message"]
    sent["type"] = letter.encode()
    times = columns["timestamp_ns"][rows] if "timestamp_ns" in columns else np.zeros(1, np.int64)
    sent["time_high"] = times >> 32
    sent["time_low"] = times & 0xFFFF_FFFF
    for name in WIRE[letter].names:
        if name in ("type", "time_high", "time_low"):
            continue
        if name in columns:
            values = columns[name][rows]
            sent[name] = _filled(values) if values.dtype.kind == "S" else values
        else:
            sent[name] = b" " * sent.dtype[name].itemsize if sent.dtype[name].kind == "S" else 0
    return frames


def _filled(texts):
    """Put blanks behind letters; changes them in place."""
    size = texts.dtype.itemsize
    letters = texts.view(np.uint8).reshape(-1, size)
    nothing = np.ones(len(texts), bool)
    for at in reversed(range(size)):
        nothing &= letters[:, at] == 0
        letters[nothing, at] = ord(" ")
    return texts


def _pack(stream, offsets, session, sequence):
    """Return a stream as packets, as many messages in each as fit."""
    room, packets, first, last = _PACKET - _PACKET_HEADER.size, [], 0, len(offsets) - 1
    while first < last:
        start = offsets[first]
        end = int(np.searchsorted(offsets, start + room, side="right")) - 1
        packets.append(_PACKET_HEADER.pack(session, sequence + first, end - first))
        packets.append(stream[start : offsets[end]])
        first = end
    return b"".join(packets)
