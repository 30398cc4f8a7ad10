"""An exchange as a file: its event log, as JSON Lines that the original reads, or as an array."""

from pathlib import Path

import numpy as np

from nanobook.book.event_json import BadLine, json_lines
from nanobook.book.event_lines import messages_of_lines
from nanobook.book.replay import messages_of_rows, run_log, unpack
from nanobook.book.store import Store
from nanobook.errors import FileFormatError, ValidationError
from nanobook.persistence.jsonl import read_text, write_lines
from nanobook.persistence.npz import read_npz, write_npz
from nanobook.types.records import MESSAGE

__all__ = ["load_store", "save_store"]

_KIND = "exchange"

#: So many messages are written as text at a time.
_TOGETHER = 65_536


def save_store(store, path):
    """Write the log of a store to a file, atomically.

    Parameters
    ----------
    store : Store
        A book.
    path : str or PathLike
        The file: an array if its name ends in ``.npz``, otherwise JSON Lines, compressed if it
        ends in ``.gz``.

    Raises
    ------
    ValidationError
        If the log isn't whole, and so couldn't rebuild the book.
    """
    if not store.header["log_whole"]:
        raise ValidationError(
            "an exchange that is saved must have recorded all its events: this one was made with "
            "record_events=False, or its events were cleared"
        )
    if _is_array(path):
        write_npz(path, _KIND, {}, {"events": store.events})
    else:
        write_lines(path, _lines(unpack(store.events)))


def _lines(messages):
    """Yield messages as JSON, a part at a time."""
    for start in range(0, len(messages), _TOGETHER):
        yield from json_lines(messages[start : start + _TOGETHER])


def load_store(path):
    """Read a log from a file and do again what it says.

    Parameters
    ----------
    path : str or PathLike
        The file, in the form that its name says.

    Returns
    -------
    Store
        The book.

    Raises
    ------
    FileNotFoundError
        If there's no such file.
    FileFormatError
        If it's damaged, holds anything else, or an event that can't be; a bad line is named.
    """
    if _is_array(path):
        messages, numbers, what = _of_array(path), None, "event"
    else:
        what = "line"
        try:
            messages, numbers = messages_of_lines(read_text(path))
        except BadLine as error:
            raise FileFormatError(f"{path}: line {error.at}: {error}") from None
    store = Store(True, False)
    try:
        done = run_log(store, messages)
    except ValidationError as error:
        raise FileFormatError(f"{path} holds an event that can't be: {error}") from None
    if done < len(messages):
        number = done if numbers is None else numbers[done]
        raise FileFormatError(
            f"{path}: {what} {number}: quantity must leave the total that rests below 2**63, "
            f"got {messages['quantity'][done]}"
        )
    return store


def _of_array(path):
    """Return the messages of an npz file."""
    _, arrays = read_npz(path, _KIND)
    rows = arrays.get("events")
    if rows is None or rows.dtype != MESSAGE or rows.ndim != 1:
        raise FileFormatError(f"{path} must hold an array 'events' of MESSAGE")
    try:
        return messages_of_rows(np.ascontiguousarray(rows))
    except ValidationError as error:
        raise FileFormatError(f"{path} isn't whole: {error}") from None


def _is_array(path):
    return Path(path).suffix.lower() == ".npz"
