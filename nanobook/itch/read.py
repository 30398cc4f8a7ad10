"""A stream of messages to arrays, at once or in chunks."""

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.itch.arguments import as_letters, as_names, as_ns
from nanobook.itch.decode import decode
from nanobook.itch.layout import RECORD
from nanobook.itch.messages import ItchMessages
from nanobook.itch.progress import bar_of
from nanobook.itch.reader import Reader
from nanobook.itch.source import open_source
from nanobook.panel.arrays import as_count

__all__ = ["as_date", "read_itch"]

#: Records that an array has room for at first.
_FIRST_ROOM = 1 << 12


def read_itch(
    source,
    symbols=None,
    types=None,
    start=None,
    stop=None,
    *,
    chunksize=None,
    strict=False,
    framing="auto",
    progress=False,
    date=None,
):
    """Read messages of a NASDAQ TotalView-ITCH 5.0 stream into struct arrays.

    Parameters
    ----------
    source : str, PathLike, bytes-like, ndarray of uint8 or binary file
        A file, plain (it is mapped into memory, not loaded) or compressed by gzip; bytes; or
        something with ``read``.
    symbols : str or iterable of str, optional
        Only messages of these. A locate code's symbol is known from the first message that says
        it; messages before that, and those of no symbol, are left out then.
    types : str or iterable of str, optional
        Letters of the types wanted, say ``"AFECXDU"``; all by default.
    start, stop : int, str or timedelta, optional
        Only messages with ``start <= time < stop``: nanoseconds since midnight, or what pandas
        reads as a Timedelta, say ``"09:30:00"``. Reading ends at the first message at or after
        `stop`.
    chunksize : int, optional
        Return an iterator instead, which gives the messages in turn, those of about so many bytes
        of the stream at a time. A day of any length needs the memory of one chunk then. What a
        chunk says was counted is counted from the stream's beginning.
    strict : bool, default False
        Whether a cut file, a message shorter than its layout, and bytes behind a session's end
        raise, instead of being reported by `status` and `malformed`. Types that aren't known are
        passed over in any case.
    framing : {"auto", "itch", "moldudp64", "pcap"}, default "auto"
        How messages lie in the bytes: one behind the other, each after its length; in MoldUDP64
        packets; in such packets as a capture holds them. `auto` knows captures by their first
        bytes.
    progress : bool, default False
        Whether to show how far reading is, in bytes.
    date : str, date or Timestamp, optional
        The day, so that frames can be indexed by Timestamps.

    Returns
    -------
    ItchMessages or iterator of ItchMessages
        A mapping from letters to struct arrays, with ``to_frame``. Bytes of the arrays: 48 to 144
        for each message.

    Raises
    ------
    ArgumentTypeError
        If an argument is of a kind that can't be converted.
    ValidationError
        If one breaks its rule.
    FileNotFoundError
        If there's no such file.
    FileFormatError
        If the file is compressed and damaged, or a capture that can't be read.
    ItchError
        If `strict`, where something is wrong; it names the message and the byte.

    References
    ----------
    .. [1] NASDAQ, "TotalView-ITCH 5.0" and "MoldUDP64", protocol specifications.

    Examples
    --------
    >>> read_itch(b"\\x00\\x0cS" + bytes(10) + b"O")["S"]["event"]
    array([b'O'], dtype='|S1')
    """
    names, letters = as_names(symbols), as_letters(types)
    start = None if start is None else as_ns("start", start)
    stop = None if stop is None else as_ns("stop", stop)
    if chunksize is not None:
        chunksize = as_count("chunksize", chunksize, least=1)
    for name, value in (("strict", strict), ("progress", progress)):
        if not isinstance(value, bool | np.bool_):
            raise ArgumentTypeError(f"{name} must be True or False, got {value!r}")
    date = as_date(date)
    reader = Reader(names, start, stop, strict)
    bytes_ = open_source(source, framing)
    chunks = _read(bytes_, reader, letters, chunksize, bar_of(bytes_, progress), date)
    return chunks if chunksize is not None else next(chunks)


def as_date(date):
    """Return a day's midnight.

    Parameters
    ----------
    date : str, date, Timestamp or None
        What pandas reads as one.

    Returns
    -------
    Timestamp or None
        None without a date.

    Raises
    ------
    ValidationError
        If it can't be read.
    """
    if date is None:
        return None
    import pandas as pd

    try:
        return pd.Timestamp(date).normalize()
    except (ValueError, TypeError) as error:
        raise ValidationError(f"date must be a day, got {date!r}: {error}") from None


def _read(source, reader, letters, chunksize, bar, date):
    """Give what is read in turn, every `chunksize` bytes if that's a number."""
    outs = Outs(reader.letters, {letter: RECORD[letter] for letter in letters})

    def messages(more=False):
        return ItchMessages(outs.take(), reader.names.copy(), reader.outcome(source, more), date)

    try:
        since = 0
        steps = reader.run(source, lambda: decode(reader.address), outs.make_room, chunksize)
        for _ in steps:
            at = source.offset + int(reader.head["at"])
            bar.show(source.position)
            if chunksize is not None and at - since >= chunksize:
                since = at
                yield messages(more=True)
        reader.judge(source)
        yield messages()
    finally:
        bar.close()
        source.close()


class Outs:
    """Arrays that records are written to, with room that grows.

    Parameters
    ----------
    table : ndarray of LETTER
        By byte; here it is that kernels are told.
    records : dict of dtype
        By the letter of each type that's wanted, what is made of it.
    """

    def __init__(self, table, records):
        self._table, self._records = table, records
        self._arrays = {}
        self._begin()

    def _begin(self):
        """Name a small new array for each type."""
        for letter in self._records:
            self._put(letter, np.empty(_FIRST_ROOM * self._records[letter].itemsize, np.uint8), 0)

    def _put(self, letter, array, used):
        self._arrays[letter] = array
        row = self._table[ord(letter)]
        row["row"] = array.ctypes.data + used
        row["last"] = array.ctypes.data + len(array) - self._records[letter].itemsize

    def _used(self, letter):
        return int(self._table[ord(letter)]["row"]) - self._arrays[letter].ctypes.data

    def make_room(self, status=None):
        """Double the arrays that are full.

        Parameters
        ----------
        status : int, optional
            Why the kernel stopped: for nothing else.
        """
        for letter, old in self._arrays.items():
            used = self._used(letter)
            if used + self._records[letter].itemsize > len(old):
                new = np.empty(2 * len(old), np.uint8)
                new[:used] = old[:used]
                self._put(letter, new, used)

    def take(self):
        """Return what has been written, and begin anew.

        Returns
        -------
        dict of ndarray
            By letter.
        """
        taken = {}
        for letter, array in self._arrays.items():
            used = self._used(letter)
            kept = array[:used] if 2 * used > len(array) else array[:used].copy()
            taken[letter] = kept.view(self._records[letter])
        self._begin()
        return taken
