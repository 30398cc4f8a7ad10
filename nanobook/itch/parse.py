"""The seed's door: a file's orders as pairs of a symbol and an event."""

import contextlib
import errno
import gc
import os

import numpy as np

from nanobook.book.events import events_of
from nanobook.errors import ArgumentTypeError
from nanobook.itch.decode import decode
from nanobook.itch.layout import CODE_OF, RECORD, WIRE
from nanobook.itch.read import Outs
from nanobook.itch.reader import CUT, ENDED, SHORT, Reader
from nanobook.itch.source import open_source
from nanobook.types.codes import CANCEL, GTC, LIMIT, MODIFY, NO_OWNER
from nanobook.types.records import EXTENDED_MESSAGE

__all__ = ["parse_itch"]

#: So long is a message at least, its first byte included, as the original asks. An F is read as
#: an A; of E, C and P nothing is taken.
_LENGTHS = {"A": 36, "F": 36, "X": 23, "D": 19, "U": 35, "E": 31, "C": 31, "P": 44, "R": 11}

_TAKEN = {"A": RECORD["A"], "F": RECORD["A"], **{letter: RECORD[letter] for letter in "XDU"}}

_UNIT = 100  # a raw price has four decimals, an event's has two

#: White space of Unicode that Python strips and the original doesn't.
_KEPT = "\x1c\x1d\x1e\x1f"
_BLANKS = "".join(
    chr(code) for code in range(0x3001) if chr(code).isspace() and chr(code) not in _KEPT
)

_FRAME = 2  # bytes of a length
_STOCK = _FRAME + WIRE["A"].fields["stock"][1]
_NAMED = WIRE["R"].fields["stock"][1] + 8  # so long is a directory message that says its stock


def parse_itch(path):
    """Read the orders of a NASDAQ TotalView-ITCH 5.0 file as events.

    `read_itch` and `replay_itch` say more, and are many times faster. Events here are those of the
    original: an add is a limit order at the price in cents, its fraction of a cent dropped; a
    partial cancel and a delete are cancels; a replace is a modify; executions give none. Order
    ids are the feed's references, which aren't those that an exchange gives: use `replay_itch` to
    rebuild books.

    Parameters
    ----------
    path : str
        The file, plain or compressed by gzip.

    Returns
    -------
    list of (str, Event)
        In the file's order. The symbol of a cancel or a modify is that of its locate code, ``""``
        if no message before has said it.

    Raises
    ------
    ArgumentTypeError
        If `path` isn't a string.
    FileNotFoundError
        If there's no such file.
    ItchError
        If the file is cut in a message, or a message's length is 0 or too little.

    References
    ----------
    .. [1] The order book's specification, section 12.
    """
    if not isinstance(path, str):
        raise ArgumentTypeError(f"path must be a string, got {path!r}")
    if os.path.isdir(path):
        return []
    if not os.path.exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    reader = Reader(strict=True)
    _ask_for_little(reader)
    outs = Outs(reader.letters, _TAKEN)
    source = open_source(path, "itch")
    read = []
    try:
        for _ in reader.run(source, lambda: _decode(reader, source), outs.make_room):
            read.append(source.window[: int(reader.head["at"])])
        if reader.status in (ENDED, SHORT) or (reader.status == CUT and len(source.window) > 1):
            reader.complain(reader.status, source.offset)
        with _uncollected():
            return _events(outs.take(), reader, read)
    finally:
        source.close()


@contextlib.contextmanager
def _uncollected():
    """Let millions of objects be made without looking for garbage among them again and again."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _ask_for_little(reader):
    """Let a reader be as content as the original is, and number records by their bytes."""
    reader.head["by_offset"] = 1
    letters = reader.letters
    for byte in range(256):
        length = _LENGTHS.get(chr(byte))
        if length is None:
            letters[byte]["code"] = letters[byte]["stock"] = letters[byte]["length"] = 0
        else:
            letters[byte]["length"] = length
    for letter in "EC":
        letters[ord(letter)]["code"] = 0
    letters[ord("F")]["code"] = CODE_OF["A"]
    letters[ord("R")]["length"] = _NAMED


def _decode(reader, source):
    """Decode, and pass over directory messages that say no stock."""
    head = reader.head
    while (status := decode(reader.address)) == SHORT:
        at = int(head["at"])
        length = int.from_bytes(source.window[at : at + _FRAME].tobytes(), "big")
        if source.window[at + _FRAME] != ord("R") or length < _LENGTHS["R"]:
            break
        head["at"] += _FRAME + length
        head["message"] += 1
    return status


def _events(arrays, reader, read):
    """Return what was decoded as pairs of symbols and events."""
    adds = np.concatenate([arrays["A"], arrays["F"]])
    cancels = np.concatenate(
        [arrays[letter][["message", "locate", "reference"]] for letter in "XD"]
    )
    replaces = arrays["U"]
    places = np.cumsum([0, len(adds), len(cancels), len(replaces)])
    added, cancelled, replaced = map(slice, places[:-1], places[1:])
    messages = np.zeros(places[-1], EXTENDED_MESSAGE)
    messages["owner"] = NO_OWNER
    messages["kind"][added], messages["tif"][added] = LIMIT, GTC
    messages["kind"][cancelled], messages["kind"][replaced] = CANCEL, MODIFY
    messages["side"][added] = np.where(adds["side"] == b"B", 1, -1)
    for place, rows in ((added, adds), (replaced, replaces)):
        messages["price"][place] = rows["price"] // _UNIT
        messages["quantity"][place] = rows["shares"]
    for place, rows in ((cancelled, cancels), (replaced, replaces)):
        messages["order_id"][place] = rows["reference"].view(np.int64)
    names = _names(reader.names)
    symbols = np.full(len(messages), "", object)
    symbols[added] = _stocks(adds["message"], read)
    for place, rows in ((cancelled, cancels), (replaced, replaces)):
        symbols[place] = names[rows["locate"]]
    frames = np.concatenate([rows["message"] for rows in (adds, cancels, replaces)])
    order = np.argsort(frames)
    return list(zip(symbols[order].tolist(), events_of(messages[order]), strict=True))


def _names(names):
    """Return symbols by locate code."""
    texts = np.full(len(names), "", object)
    for locate in np.flatnonzero(names):
        texts[locate] = _text(names[locate])
    return texts


def _stocks(frames, read):
    """Return the symbols of adds, letter by letter as they stand in the stream."""
    if not len(frames):
        return np.empty(0, object)
    stream = read[0] if len(read) == 1 else np.concatenate(read)
    letters = stream[frames[:, np.newaxis] + np.arange(_STOCK, _STOCK + 8)]
    words, places = np.unique(letters.view(np.int64)[:, 0], return_inverse=True)
    return np.array([_text(word.tobytes()) for word in words], object)[places]


def _text(letters):
    return letters.decode("utf-8", "replace").strip(_BLANKS)
