"""Packets of a feed to a stream: MoldUDP64, bare or in a capture of the network.

A packet has a session's name, the number of its first message in the session, how many messages
it has, and the messages, each behind its length: so a stream has them.
"""

import struct
from itertools import chain

import numpy as np

from nanobook.errors import FileFormatError
from nanobook.itch import skim as skims
from nanobook.itch.captures import CAPTURE_MAGICS, NEW_MAGIC, Interfaces, read_classic_header
from nanobook.itch.datagrams import find_payload
from nanobook.itch.sessions import Sessions, is_name
from nanobook.types.records import NIL

__all__ = ["PACKET_FRAMINGS", "Packets", "recognise", "unwrap"]

#: How packets may lie in a file: payloads one behind the other, or as they were captured.
PACKET_FRAMINGS = ("moldudp64", "pcap")

#: A message's length that ends a stream.
_END = bytes(2)

#: Bytes that are enough to know a file by.
_FIRST = 24


def recognise(first):
    """Return how the bytes of a file are framed, as far as its first bytes tell.

    Parameters
    ----------
    first : bytes
        Four of them at least, or all there are.

    Returns
    -------
    {"pcap", "itch"}
        A capture of packets, classic or pcapng; or a stream.
    """
    return "pcap" if bytes(first[:4]) in CAPTURE_MAGICS else "itch"


def unwrap(blocks, framing):
    """Return the messages in packets as a stream.

    Parameters
    ----------
    blocks : iterable of bytes
        The file, in blocks of any size.
    framing : {"moldudp64", "pcap"}
        How packets lie in it.

    Returns
    -------
    Packets
        An iterator of bytes.

    Raises
    ------
    FileFormatError
        If the file doesn't begin as such a file does.
    """
    return Packets(blocks, framing)


class Packets:
    """An iterator over the messages in packets, as blocks of a stream: lengths and messages.

    If the sessions have all said that they are over, so does the stream at its end.

    Parameters
    ----------
    blocks : iterable of bytes
        The file, in blocks of any size.
    framing : {"moldudp64", "pcap"}
        How packets lie in it.

    Raises
    ------
    FileFormatError
        If the file doesn't begin as such a file does.
    """

    def __init__(self, blocks, framing):
        self._blocks = iter(blocks)
        self._states = np.zeros(1, skims.SKIM)
        self._head = self._states[0]
        self._interfaces, self._sessions = Interfaces(), Sessions(self._head)
        self._first = self._open(framing)
        self._stream = self._read()

    @property
    def packets(self):
        """MoldUDP64 packets so far: an int."""
        return int(self._head["packets"])

    @property
    def others(self):
        """Packets of anything else, or from behind a session's end, passed over: an int."""
        return int(self._head["others"])

    @property
    def malformed(self):
        """Packets whose count or lengths don't fit their bytes: an int.

        Their messages that are whole are given, but none that has no bytes, for that would end
        the stream.
        """
        return self._sessions.malformed

    @property
    def missing(self):
        """Messages that never came, or too late, by the numbers of the sessions: an int."""
        return self._sessions.missing

    @property
    def repeated(self):
        """Messages passed over because they, or later ones, had been given: an int."""
        return int(self._head["repeated"])

    @property
    def cut(self):
        """Whether the file ended in mid-packet, or became unreadable: a bool."""
        return bool(self._head["cut"])

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._stream)

    def _open(self, framing):
        """Look at the first bytes, and return them."""
        first = b""
        while len(first) < _FIRST and (block := next(self._blocks, None)) is not None:
            first += bytes(block)
        head = self._head
        if framing == "moldudp64":
            head["form"] = skims.BARE
            if not is_name(first[:10]):
                raise FileFormatError(
                    "the file isn't MoldUDP64 packets: a session's name must be text,"
                    f" got {first[:10]!r}"
                )
        elif first.startswith(NEW_MAGIC):
            head["form"] = skims.NEW
        else:
            order, link = read_classic_header(first[:_FIRST])
            head["form"], head["big"], head["at"] = skims.CLASSIC, order == ">", _FIRST
            self._interfaces.links = np.array([link], np.int64)
        return first

    def _read(self):
        """Give the stream in blocks, about as long as those of the file, and none empty."""
        head, left = self._head, np.zeros(0, np.uint8)
        for block in chain([self._first], self._blocks):
            data = np.concatenate([left, np.frombuffer(block, np.uint8)])
            self._skim(data)
            at = min(int(head["at"]), len(data))
            left = data[at:]
            head["at"] -= at
            yield from self._given()
            if head["form"] == skims.LOST:
                break
        head["final"] = 1
        self._skim(left)
        head["cut"] |= head["at"] != len(left)
        yield from self._given()
        for _ in self._sessions.finish():
            yield from self._given()
        if self._sessions.over and not self.cut:
            yield _END

    def _given(self):
        """Give what sessions have given, if anything."""
        if self._sessions.out:
            yield b"".join(self._sessions.out)
            self._sessions.out.clear()

    def _skim(self, data):
        """Go through packets, each as its kind wants it."""
        head, sessions, out = self._head, self._sessions, np.empty(len(data), np.uint8)
        while True:
            head["used"] = 0
            found = skims.skim(self._states, sessions.lines, data, self._interfaces.links, out)
            if head["used"]:
                sessions.out.append(out[: head["used"]].tobytes())
            if found == skims.ODD:
                sessions.take(data[head["start"] : head["end"]].tobytes())
            elif found == skims.BLOCK:
                self._read_block(data)
            else:
                return

    def _read_block(self, data):
        """Read a block of a pcapng file that holds no packet, or one in a rare way."""
        head, interfaces = self._head, self._interfaces
        start = int(head["start"])
        if head["kind"] == skims.SECTION:
            known = interfaces.begin(data[start : start + 4].tobytes())
            [length] = struct.unpack(interfaces.order + "I", data[start - 4 : start].tobytes())
            head["big"] = interfaces.order == ">"
            head["at"] += length + -length % 4
            if not known or length < 16:
                head["form"], head["cut"] = skims.LOST, 1
            return
        body = data[start : head["end"]]
        if head["kind"] == skims.INTERFACE:
            interfaces.add(body.tobytes())
            return
        first, last, link = interfaces.rare_packet(body.tobytes(), head["kind"] == skims.SIMPLE)
        first, last = find_payload(body, first, last, *link) if link[1] != NIL else (NIL, NIL)
        if last - first < skims.HEADER_SIZE:
            head["others"] += 1
        else:
            self._sessions.take(body[first:last].tobytes())
