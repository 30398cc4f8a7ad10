"""What kernels know of the stream they read, and which messages are asked for."""

import numpy as np

from nanobook.book.machine import record_at
from nanobook.errors import FileFormatError
from nanobook.itch.layout import CODE_OF, LETTERS, WIRE
from nanobook.itch.wire import read_text
from nanobook.jit import njit
from nanobook.types.records import NIL

__all__ = ["CUT", "ENDED", "FULL", "MORE", "READER", "SHORT", "STATUSES", "STOPPED", "UNKNOWN"]
__all__ += ["DUPLICATE", "NEW_BOOK", "WORD", "ItchError", "Reader", "code_of", "follows", "word_at"]

#: Why a kernel stops: it needs more bytes; the session has ended; the time has come; arrays must
#: grow; a symbol's book must be made; and what a strict reader doesn't pass over.
MORE, ENDED, STOPPED, FULL, NEW_BOOK, SHORT, UNKNOWN, DUPLICATE = map(np.int64, range(8))

#: What Python says when bytes are left that make no message.
CUT = np.int64(8)

#: How reading came to its end, in words.
STATUSES = {MORE: "end of file", ENDED: "session end", STOPPED: "stop", CUT: "cut"}

WORD = np.dtype([("value", np.int64)])
_WORD_SIZE = WORD.itemsize

#: How a stream is being read.
READER = np.dtype(
    [
        ("data", np.int64),  # address of the window
        ("size", np.int64),  # its bytes
        ("at", np.int64),  # how far it has been read
        ("message", np.int64),  # number of the next message
        ("start", np.int64),  # times asked for
        ("stop", np.int64),
        ("strict", np.int64),
        ("malformed", np.int64),
        ("wanted", np.int64),  # how many symbols are asked for, NIL for all
        # Addresses of words: by letter, by code, by locate, one for each symbol asked for.
        ("codes_at", np.int64),
        ("counts_at", np.int64),
        ("lengths_at", np.int64),  # at least so long is a message
        ("stocks_at", np.int64),  # where it says its stock, 0 nowhere
        ("names_at", np.int64),
        ("follows_at", np.int64),  # 1 followed, -1 not, 0 not known yet
        ("wanted_at", np.int64),
    ]
)

#: Bytes of the longest frame there can be.
LONGEST = 2 + (1 << 16) - 1

#: How many numbers a locate code can be.
LOCATES = 1 << 16

_FOREVER = np.iinfo(np.int64).max


class ItchError(FileFormatError):
    """A stream isn't what the protocol says, and the reader is strict.

    Attributes
    ----------
    offset : int
        Where the message's frame begins in the stream, once decompressed.
    message : int
        The message's number, from 0.
    """

    def __init__(self, text, offset=None, message=None):
        super().__init__(text)
        self.offset, self.message = offset, message


@njit
def word_at(address, place):
    """Return a word of an array by the array's address."""
    return record_at(address + place * _WORD_SIZE, WORD)


@njit
def code_of(reader, letter, length):
    """Return the code of a message by its first byte: 0 without one, NIL if it's too short."""
    head = record_at(reader, READER)
    code = word_at(head["codes_at"], letter)["value"]
    return code if length >= word_at(head["lengths_at"], code)["value"] else NIL


@njit
def follows(reader, place, code, locate):
    """Return whether a message's symbol is asked for; learn it if the message is first to say."""
    head = record_at(reader, READER)
    mark = word_at(head["follows_at"], locate)["value"]
    if mark == 0:
        return _learn(reader, place, code, locate)
    return mark > 0


@njit
def _learn(reader, place, code, locate):
    """Learn a locate's symbol, if the message says it; return whether it's asked for."""
    head = record_at(reader, READER)
    wanted = head["wanted"]
    stock = word_at(head["stocks_at"], code)["value"] if code > 0 else np.int64(0)
    if stock == 0:
        return wanted == NIL
    name = read_text(place + stock)
    followed = wanted == NIL
    for at in range(wanted):
        if word_at(head["wanted_at"], np.int64(at))["value"] == name:
            followed = True
    word_at(head["names_at"], locate)["value"] = name
    word_at(head["follows_at"], locate)["value"] = 1 if followed else -1
    return followed


class Reader:
    """A stream's reader: what kernels are told of it, and what they have learnt.

    Parameters
    ----------
    symbols : iterable of bytes, optional
        Names asked for, without blanks behind them; all by default.
    start, stop : int, optional
        Times asked for.
    strict : bool, default False
        Whether what's wrong is raised.
    """

    def __init__(self, symbols=None, start=None, stop=None, strict=False):
        self.head = np.zeros((), READER)
        self.address = self.head.ctypes.data
        self.counts = np.zeros(256, np.int64)
        self.names = np.zeros(LOCATES, "S8")
        self.follows = np.zeros(LOCATES, np.int64)
        self.codes = np.zeros(256, np.int64)
        self.lengths = np.zeros(len(LETTERS) + 1, np.int64)
        self.stocks = np.zeros(len(LETTERS) + 1, np.int64)
        self.wanted = np.array([] if symbols is None else list(symbols), "S8")
        for letter, code in CODE_OF.items():
            self.codes[ord(letter)] = code
            self.lengths[code] = WIRE[letter].itemsize
            if "stock" in WIRE[letter].names:
                self.stocks[code] = WIRE[letter].fields["stock"][1]
        for name in ("codes", "counts", "lengths", "stocks", "names", "follows", "wanted"):
            self.head[f"{name}_at"] = getattr(self, name).ctypes.data
        self.head["wanted"] = NIL if symbols is None else len(self.wanted)
        self.head["strict"] = strict
        self.begin(start, stop)

    def begin(self, start=None, stop=None):
        """Begin with a new stream; what symbols are called stays known.

        Parameters
        ----------
        start, stop : int, optional
            Times asked for.
        """
        self.status = MORE
        self.counts[:] = 0
        self.head["message"] = self.head["malformed"] = 0
        self.head["start"] = 0 if start is None else start
        self.head["stop"] = _FOREVER if stop is None else stop

    def counted(self):
        """Return how many messages of each type have been read.

        Returns
        -------
        dict of int
            By letter.
        """
        return {chr(letter): int(self.counts[letter]) for letter in np.flatnonzero(self.counts)}

    def run(self, source, kernel, make_room, most=None):
        """Let a kernel read a source to its end.

        Parameters
        ----------
        source : Source
            The bytes.
        kernel : callable
            Reads the window; returns why it stopped.
        make_room : callable
            Is told why, where room is wanted; and then the kernel goes on.
        most : int, optional
            Read no more bytes than about so many at a time.

        Yields
        ------
        None
            After each window.

        Raises
        ------
        ItchError
            If the reader is strict and something is wrong.
        """
        head = self.head
        while True:
            window = source.window
            head["data"], head["at"] = window.ctypes.data, 0
            status, size = MORE, 0
            while status == MORE and size < len(window):
                size = min(len(window), int(head["at"]) + max(most or len(window), LONGEST))
                head["size"] = size
                status = self._read(kernel, make_room)
                if status == MORE:
                    yield
            read = int(head["at"])
            if status != MORE:
                source.leave(read)
                break
            if not source.move_on(read):
                status = CUT if read < len(window) else MORE
                break
        self.status = status
        self._judge(source)

    def _read(self, kernel, make_room):
        """Let the kernel read on until no room that can be given would help."""
        while (status := kernel()) in (FULL, NEW_BOOK):
            make_room(status)
        return status

    def _judge(self, source):
        """Raise what a strict reader doesn't pass over."""
        status = self.status
        if not self.head["strict"] or status in (MORE, STOPPED):
            return
        if status == ENDED and len(source.window) <= 2 and not source.move_on(0):
            return
        text = _COMPLAINTS[status]
        offset, message = int(source.offset), int(self.head["message"])
        raise ItchError(f"{text} (message {message}, byte {offset})", offset, message)


_COMPLAINTS = {
    ENDED: "a message's length is 0, which ends the session, and bytes follow",
    CUT: "the stream ends in the middle of a message",
    SHORT: "a message is shorter than its type's layout, or holds what it can't",
    UNKNOWN: "a message refers to an order that was never added",
    DUPLICATE: "a message adds an order whose reference is in use",
}

