"""What kernels know of the stream they read, and which messages are asked for."""

import numpy as np

from nanobook.book.machine import record_at
from nanobook.errors import ItchError
from nanobook.itch.layout import CODE_OF, WIRE
from nanobook.itch.outcome import Outcome
from nanobook.itch.wire import read_text
from nanobook.jit import njit
from nanobook.types.records import NIL

__all__ = ["CUT", "ENDED", "FULL", "MORE", "READER", "SHORT", "STATUSES", "STOPPED", "UNKNOWN"]
__all__ += [
    "DUPLICATE",
    "NEW_BOOK",
    "WORD",
    "ItchError",
    "Reader",
    "follows",
    "letter_at",
    "word_at",
]

#: Why a kernel stops: it needs more bytes; the session has ended; the time has come; arrays must
#: grow; a symbol's book must be made; and what a strict reader doesn't pass over.
MORE, ENDED, STOPPED, FULL, NEW_BOOK, SHORT, UNKNOWN, DUPLICATE = map(np.int64, range(8))

#: What Python says when bytes are left that make no message.
CUT = np.int64(8)

#: How reading came to its end, in words.
STATUSES = {MORE: "end of file", ENDED: "session end", STOPPED: "stop", CUT: "cut"}

WORD = np.dtype([("value", np.int64)])
_WORD_SIZE = WORD.itemsize

#: What is to be known of messages that begin with a byte; a cache line.
LETTER = np.dtype(
    [
        ("code", np.int64),  # of layout.CODE_OF, 0 without one
        ("length", np.int64),  # such a message has so many bytes at least
        ("stock", np.int64),  # where it says its stock, 0 nowhere
        ("count", np.int64),  # so many have been read
        ("row", np.int64),  # address of the next record, 0 if none are asked for
        ("last", np.int64),  # the last address for one
        ("everyones", np.int64),  # 1 for what is never about one symbol
        ("spare", np.int64),
    ]
)
_LETTER_SIZE = LETTER.itemsize

#: How a stream is being read.
READER = np.dtype(
    [
        ("data", np.int64),  # address of the window
        ("size", np.int64),  # its bytes
        ("at", np.int64),  # how far it has been read
        ("message", np.int64),  # number of the next message
        ("first_time", np.int64),  # times of the first and the last one read, NIL without any
        ("last_time", np.int64),
        ("origin", np.int64),  # where the window begins in the stream
        ("by_offset", np.int64),  # 1 if records are to have their frame's place for a number
        ("start", np.int64),  # times asked for
        ("stop", np.int64),
        ("strict", np.int64),
        ("malformed", np.int64),
        ("wanted", np.int64),  # how many symbols are asked for, NIL for all
        # Addresses: of a LETTER for each byte; of words by locate, and for each symbol asked for.
        ("letters_at", np.int64),
        ("names_at", np.int64),
        ("follows_at", np.int64),  # 1 followed, -1 not, 0 not known yet
        ("wanted_at", np.int64),
    ]
)

#: Types that are about the whole market: what happens to it, and its circuit breakers.
_EVERYONES = "SVW"

#: Bytes of the longest frame there can be.
LONGEST = 2 + (1 << 16) - 1

#: How many numbers a locate code can be.
LOCATES = 1 << 16

_FOREVER = np.iinfo(np.int64).max


@njit
def word_at(address, place):
    """Return a word of an array by the array's address."""
    return record_at(address + place * _WORD_SIZE, WORD)


@njit
def letter_at(letters, byte):
    """Return what is to be known of messages that begin with a byte."""
    return record_at(letters + byte * _LETTER_SIZE, LETTER)


@njit
def follows(reader, place, stock, locate):
    """Return whether a message's symbol is asked for; learn it if the message is first to say.

    `stock` is where the message says its stock, 0 nowhere.
    """
    mark = word_at(record_at(reader, READER)["follows_at"], locate)["value"]
    if mark == 0:
        return _learn(reader, place, stock, locate)
    return mark > 0


@njit
def _learn(reader, place, stock, locate):
    """Learn a locate's symbol, if the message says it; return whether it's asked for."""
    head = record_at(reader, READER)
    wanted = head["wanted"]
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
        self.letters = np.zeros(256, LETTER)
        self.names = np.zeros(LOCATES, "S8")
        self.follows = np.zeros(LOCATES, np.int64)
        self.wanted = np.array([] if symbols is None else list(symbols), "S8")
        for letter, code in CODE_OF.items():
            wire, row = WIRE[letter], self.letters[ord(letter)]
            row["code"], row["length"] = code, wire.itemsize
            row["stock"] = wire.fields["stock"][1] if "stock" in wire.names else 0
            row["everyones"] = letter in _EVERYONES
        for name in ("letters", "names", "follows", "wanted"):
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
        self.letters["count"] = 0
        self.head["message"] = self.head["malformed"] = 0
        self.head["first_time"] = self.head["last_time"] = NIL
        self.head["start"] = 0 if start is None else start
        self.head["stop"] = _FOREVER if stop is None else stop

    def outcome(self, source, more=False):
        """Return how reading has gone.

        Parameters
        ----------
        source : Source
            What is read.
        more : bool, default False
            Whether it goes on.

        Returns
        -------
        Outcome
            So far.
        """
        counts, head = self.letters["count"], self.head
        first, last = int(head["first_time"]), int(head["last_time"])
        return Outcome(
            {chr(byte): int(counts[byte]) for byte in np.flatnonzero(counts)},
            int(head["malformed"]),
            source.packets,
            None if first == NIL else (first, last),
            "more" if more else STATUSES[self.status],
        )

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
        """
        head = self.head
        while True:
            window = source.window
            head["data"], head["at"], head["origin"] = window.ctypes.data, 0, source.offset
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
                status = CUT if read < len(window) or source.cut else MORE
                break
        self.status = status

    def _read(self, kernel, make_room):
        """Let the kernel read on until no room that can be given would help."""
        while (status := kernel()) in (FULL, NEW_BOOK):
            make_room(status)
        return status

    def judge(self, source):
        """Raise what a strict reader doesn't pass over.

        Parameters
        ----------
        source : Source
            What has been read.

        Raises
        ------
        ItchError
            If the reader is strict and something is wrong.
        """
        status = self.status
        if not self.head["strict"] or status in (MORE, STOPPED):
            return
        if status != ENDED or len(source.window) > 2 or source.move_on(0):
            self.complain(status, source.offset)

    def complain(self, status, offset):
        """Raise what's wrong with a message.

        Parameters
        ----------
        status : int
            What it is.
        offset : int
            Where the message's frame begins in the stream.

        Raises
        ------
        ItchError
            In any case.
        """
        message = int(self.head["message"])
        text = f"{_COMPLAINTS[status]} (message {message}, byte {offset})"
        raise ItchError(text, int(offset), message)


_COMPLAINTS = {
    ENDED: "a message's length is 0, which ends the session, and bytes follow",
    CUT: "the stream ends in the middle of a message",
    SHORT: "a message is shorter than its type's layout, or holds what it can't",
    UNKNOWN: "a message refers to an order that was never added",
    DUPLICATE: "a message adds an order whose reference is in use",
}
