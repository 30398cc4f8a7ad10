"""Where bytes come from: files, compressed or not, packets, memory; a window at a time.

A window is the part of the stream that a kernel may read. What it leaves, the beginning of a
message at most, opens the next one, so a day of any length needs the memory of one window.
"""

import mmap
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from nanobook.errors import ArgumentTypeError, FileFormatError, ValidationError
from nanobook.itch.packets import PACKET_FRAMINGS, recognise, unwrap

__all__ = ["FRAMINGS", "Source", "open_source"]

#: How messages may lie in the bytes.
FRAMINGS = ("auto", "itch", *PACKET_FRAMINGS)

_GZIP_MAGIC = b"\x1f\x8b"

#: What is counted of packets.
_PACKETS_COUNTED = ("packets", "others", "malformed", "missing", "repeated")

#: Bytes of a window: kernels are back within hundredths of a second, so Ctrl-C is heard.
_WINDOW = 1 << 23

#: Bytes that are decompressed or taken from a file at a time.
_BLOCK, _PACKED_BLOCK = 1 << 21, 1 << 18

#: What zlib calls gzip's form, with the largest window.
_GZIP_FORM = 16 + zlib.MAX_WBITS


class Source:
    """Bytes, a window at a time.

    Parameters
    ----------
    whole : ndarray of uint8, optional
        All bytes, where they lie in memory or are mapped into it.
    blocks : _ReadAhead, optional
        The file's bytes in turn, where they don't.
    position : callable, optional
        Says how far the file under it has been read; without it, how far the stream has.
    total : int, optional
        How long that file is.
    packets : Packets, optional
        What unwraps those, where they are packets.

    Attributes
    ----------
    window : ndarray of uint8
        What may be read now.
    offset : int
        Where it begins in the stream.
    """

    def __init__(self, whole=None, blocks=None, position=None, total=None, packets=None):
        self._whole, self._packed, self._packets = whole, blocks, packets
        self._blocks = blocks if packets is None else packets
        self._position, self.total = position, total
        self.window, self.offset = np.zeros(0, np.uint8), 0

    @property
    def position(self):
        """How far the file has been read, in its own bytes."""
        return self._position() if self._position is not None else self.offset

    @property
    def cut(self):
        """Whether the file under it ended too soon, as far as it has been read."""
        return any(getattr(part, "cut", False) for part in (self._packed, self._packets))

    @property
    def packets(self):
        """What was counted of packets so far, a dict; None where there are none."""
        if self._packets is None:
            return None
        return {name: getattr(self._packets, name) for name in _PACKETS_COUNTED}

    def move_on(self, read):
        """Let the window begin where reading came to, and hold more.

        Parameters
        ----------
        read : int
            So many bytes of the window have been read.

        Returns
        -------
        bool
            Whether there's any byte more than what was left of it.
        """
        left = self.window[read:]
        self.offset += read
        if self._whole is not None:
            self.window = self._whole[self.offset : self.offset + _WINDOW]
            return len(self.window) > len(left)
        block = next(self._blocks, b"")
        self.window = np.concatenate([left, np.frombuffer(block, np.uint8)])
        return len(block) > 0

    def leave(self, read):
        """Let the window begin where reading has stopped for now.

        Parameters
        ----------
        read : int
            So many bytes of the window have been read.
        """
        self.window = self.window[read:]
        self.offset += read

    def close(self):
        """Let go of the file."""
        self.window = np.zeros(0, np.uint8)
        if self._packed is not None:
            self._packed.close()
        self._whole, self._blocks, self._packed, self._packets = None, iter(()), None, None


def open_source(source, framing="auto"):
    """Find out what bytes are, and open them.

    Parameters
    ----------
    source : str, PathLike, bytes-like, ndarray of uint8 or binary file
        A file's name, or bytes, or something with ``read``.
    framing : {"auto", "itch", "moldudp64", "pcap"}, default "auto"
        How messages lie in them, once decompressed; `auto` knows a capture of packets by its
        first bytes.

    Returns
    -------
    Source
        At the beginning.

    Raises
    ------
    ArgumentTypeError
        If `source` is none of those.
    ValidationError
        If `framing` isn't one of those.
    FileNotFoundError
        If there's no such file.
    FileFormatError
        If the first packets can't be read.
    """
    if framing not in FRAMINGS:
        raise ValidationError(f"framing must be one of {', '.join(FRAMINGS)}, got {framing!r}")
    file, whole = _as_bytes(source)
    first = bytes(whole[:4]) if whole is not None else _peek(file, 4)
    packed = first.startswith(_GZIP_MAGIC)
    if not packed and framing == "auto":
        framing = recognise(first)
    if whole is not None and not packed and framing == "itch":
        return Source(whole=whole, total=len(whole))
    total = len(whole) if whole is not None else None
    if file is None:
        file = _Memory(whole)
    position = file.tell if total is not None else None
    blocks = _ReadAhead(_Unzipped(file) if packed else file)
    try:
        if packed and framing == "auto":
            framing = recognise(blocks.peek()[:4])
        packets = None if framing == "itch" else unwrap(blocks, framing)
    except BaseException:
        blocks.close()
        raise
    return Source(blocks=blocks, position=position, total=total, packets=packets)


def _as_bytes(source):
    """Return a file to read, or all bytes of it."""
    if isinstance(source, str | os.PathLike):
        with open(Path(source), "rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return None, np.zeros(0, np.uint8)
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return None, np.frombuffer(mapped, np.uint8)
    if isinstance(source, np.ndarray):
        if source.dtype != np.uint8 or source.ndim != 1:
            raise ArgumentTypeError(
                "source, given as an array, must be one row of uint8,"
                f" got {source.dtype} of shape {source.shape}"
            )
        return None, np.ascontiguousarray(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return None, np.frombuffer(source, np.uint8)
    if hasattr(source, "read"):
        return _Peekable(source), None
    raise ArgumentTypeError(f"source must be a path, bytes or a binary file, got {source!r}")


class _Memory:
    """Bytes in memory, or mapped into it, to be read as a file is."""

    def __init__(self, whole):
        self._whole, self._at = whole, 0

    def read(self, count):
        block = self._whole[self._at : self._at + count].tobytes()
        self._at += len(block)
        return block

    def tell(self):
        return self._at


class _Peekable:
    """A binary file whose first bytes have been looked at."""

    def __init__(self, file):
        self._file, self._first = file, b""

    def peek(self, count):
        while len(self._first) < count:
            more = self._file.read(count - len(self._first))
            if not isinstance(more, bytes | bytearray | memoryview):
                raise ArgumentTypeError(
                    f"source must be open for reading bytes, its read gave {more!r}"
                )
            if not more:
                break
            self._first += bytes(more)
        return self._first[:count]

    def read(self, count=-1):
        if self._first:
            given, self._first = self._first[:count], self._first[count:]
            return given
        return self._file.read(count)


def _peek(file, count):
    return file.peek(count)


class _Unzipped:
    """What an archive holds, up to where it's cut if it is."""

    def __init__(self, file):
        self._file, self._left, self._member = file, b"", None
        self.cut = False

    def read(self, count):
        while packed := self._left or self._file.read(_PACKED_BLOCK):
            if self._member is None:
                packed = packed.lstrip(b"\0")  # archives may be padded
                self._member = zlib.decompressobj(_GZIP_FORM) if packed else None
                self._left = packed
                continue
            try:
                block = self._member.decompress(packed, count)
            except zlib.error as error:
                raise FileFormatError(f"the compressed file is damaged: {error}") from None
            self._left = self._member.unconsumed_tail or self._member.unused_data
            if self._member.eof:
                self._member = None  # another one may follow
            if block:
                return block
        self.cut = self._member is not None
        return b""


class _ReadAhead:
    """The bytes of a file in turn; while one block is used, a thread gets the next.

    Nothing here waits for the thread when reading is given up: whoever does may be the garbage
    collector, in a thread that is only starting.
    """

    def __init__(self, file):
        self._file, self._first = file, None
        self._pool = ThreadPoolExecutor(1, "itch-read")
        self._coming = self._pool.submit(file.read, _BLOCK)

    @property
    def cut(self):
        """Whether the file ended too soon, as far as it has been read."""
        return getattr(self._file, "cut", False)

    def peek(self):
        """Return the first block, which will come again."""
        if self._first is None:
            self._first = next(self, b"")
        return self._first

    def close(self):
        """Read no more."""
        self._coming = None
        self._pool.shutdown(wait=False, cancel_futures=True)

    def __iter__(self):
        return self

    def __next__(self):
        if self._first:
            first, self._first = self._first, None
            return first
        block = self._coming.result() if self._coming is not None else b""
        if not block:
            self.close()
            raise StopIteration
        self._coming = self._pool.submit(self._file.read, _BLOCK)
        return block
