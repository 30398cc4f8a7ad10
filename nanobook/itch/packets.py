"""Packets of a feed to a stream: MoldUDP64, bare or in a capture of the network.

A packet has a session's name, the number of its first message in the session, how many messages
it has, and the messages, each behind its length. Lines A and B of a feed, and retransmissions,
bring the same messages again; what comes too early waits a while for what was overtaken or lost.
"""

import heapq
import struct

from nanobook.errors import FileFormatError
from nanobook.itch.blocks import Blocks
from nanobook.itch.captures import CAPTURE_MAGICS, read_capture
from nanobook.itch.datagrams import payload_of

__all__ = ["PACKET_FRAMINGS", "Packets", "recognise", "unwrap"]

#: How packets may lie in a file: payloads one behind the other, or as they were captured.
PACKET_FRAMINGS = ("moldudp64", "pcap")

_HEADER = struct.Struct(">10sQH")

#: A packet that counts so many messages has none, and says that the session is over.
_END_OF_SESSION = 0xFFFF

#: Bytes that are given at a time, about.
_GIVEN = 1 << 20

#: Bytes of packets that wait for those before them, at most.
_WAITING = 1 << 22


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
    blocks = Blocks(blocks)
    payloads = _captured(blocks) if framing == "pcap" else _bare(blocks)
    return Packets(blocks, payloads)


def _captured(blocks):
    """Give the payloads of a capture's UDP packets, None for the other packets."""
    packets = read_capture(blocks)
    return (payload_of(packet, link) if link else None for packet, link in packets)


def _bare(blocks):
    """Give packets that lie one behind the other, the last perhaps cut."""
    first = blocks.take(_HEADER.size)
    if first and not _is_name(first[:10]):
        raise FileFormatError(
            f"the file isn't MoldUDP64 packets: a session's name must be text, got {first[:10]!r}"
        )
    return _bare_packets(blocks, first)


def _bare_packets(blocks, header):
    """Give packets whose first header has been taken."""
    take = blocks.take
    while header:
        pieces = [header]
        if len(header) == _HEADER.size:
            count = _HEADER.unpack(header)[2]
            for _ in range(count if count != _END_OF_SESSION else 0):
                length = take(2)
                message = take(int.from_bytes(length, "big")) if len(length) == 2 else b""
                pieces += (length, message)
                if len(length) < 2 or len(message) < int.from_bytes(length, "big"):
                    blocks.cut = True
                    break
        else:
            blocks.cut = True
        yield b"".join(pieces)
        header = b"" if blocks.cut else take(_HEADER.size)
        if header and not _is_name(header[:10]):  # the last packet's count was wrong
            blocks.cut = True
            return


def _is_name(session):
    return session.isascii() and session.decode("ascii").isprintable()


class Packets:
    """An iterator over the messages in packets, as blocks of a stream: lengths and messages.

    Parameters
    ----------
    blocks : Blocks
        The file.
    payloads : iterator of bytes or None
        What its packets carry; None where it isn't UDP.

    Attributes
    ----------
    packets : int
        MoldUDP64 packets so far.
    others : int
        Packets of anything else, which were passed over.
    malformed : int
        Packets whose count or lengths don't fit their bytes. The messages that are whole are
        given, but none that has no bytes, for that would end the stream.
    missing : int
        Messages that never came, or too late, by the sequence numbers of the sessions.
    repeated : int
        Messages passed over because they, or later ones, had been given.
    cut : bool
        Whether the file ended in mid-packet, or became unreadable.
    """

    def __init__(self, blocks, payloads):
        self._blocks, self._payloads = blocks, payloads
        self._sessions, self._out, self._given, self._waiting = {}, [], 0, 0
        self._stream = self._read()
        self.packets = self.others = self.malformed = self.missing = self.repeated = 0

    @property
    def cut(self):
        return self._blocks.cut

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._stream)

    def _read(self):
        """Give the stream in blocks."""
        for payload in self._payloads:
            self._take(payload)
            if self._given >= _GIVEN:
                yield self._block()
        for session in self._sessions.values():
            while session.waiting:
                self._go_on(session)
                if self._given >= _GIVEN:
                    yield self._block()
            self.missing += max(session.told - session.expected, 0)
        if self._out:
            yield self._block()

    def _block(self):
        block = b"".join(self._out)
        self._out, self._given = [], 0
        return block

    def _take(self, payload):
        """Take in a packet: give its messages, or let it wait, or pass over it."""
        if payload is None or len(payload) < _HEADER.size:
            self.others += 1
            return
        name, sequence, count = _HEADER.unpack_from(payload)
        session = self._sessions.get(name)
        if session is None and not _is_name(name):
            self.others += 1
            return
        if count == _END_OF_SESSION:
            count = 0
        elif count and len(payload) == _HEADER.size:  # who asks for messages sends just this
            self.others += 1
            return
        self.packets += 1
        if session is None:
            session = self._sessions[name] = _Session(sequence)
        whole, end, empty = _measure(payload, count)
        if whole < count or end < len(payload) or empty:
            self.malformed += 1
        if whole == 0:
            session.told = max(session.told, sequence)
        elif sequence <= session.expected:
            self._give(session, sequence, whole, payload, end, empty)
            while session.waiting and session.waiting[0][0] <= session.expected:
                self._give_waiting(session)
        else:
            self._wait(session, sequence, whole, payload, end, empty)

    def _give(self, session, sequence, count, payload, end, empty):
        """Give the messages of a packet that haven't been given yet."""
        past = session.expected - sequence
        if past >= count:
            self.repeated += count
            return
        start = _HEADER.size
        if past or empty:
            self.repeated += past
            frames = _frames(payload, count)[past:]
            frames = b"".join(frame for frame in frames if len(frame) > 2)
        else:
            frames = payload[start:end]
        self._out.append(frames)
        self._given += len(frames)
        session.expected = sequence + count

    def _wait(self, session, *packet):
        """Let a packet wait for those before it; if too much waits, go on without them."""
        session.arrived += 1
        sequence, count, payload, *rest = packet
        heapq.heappush(session.waiting, (sequence, session.arrived, count, payload, *rest))
        self._waiting += len(payload)
        while self._waiting > _WAITING and session.waiting:
            self._go_on(session)

    def _go_on(self, session):
        """Give up what is missing before the packets that wait."""
        self.missing += session.waiting[0][0] - session.expected
        session.expected = session.waiting[0][0]
        while session.waiting and session.waiting[0][0] <= session.expected:
            self._give_waiting(session)

    def _give_waiting(self, session):
        sequence, _, count, payload, end, empty = heapq.heappop(session.waiting)
        self._waiting -= len(payload)
        self._give(session, sequence, count, payload, end, empty)


class _Session:
    """How far the messages of a session have been given.

    Attributes
    ----------
    expected : int
        Number of the next message.
    told : int
        The highest number of a next message that a packet without messages told.
    waiting : list of tuple
        Packets that came too early: a heap by number and arrival.
    """

    __slots__ = ("arrived", "expected", "told", "waiting")

    def __init__(self, sequence):
        self.expected = self.told = sequence
        self.waiting, self.arrived = [], 0


def _measure(payload, count):
    """Return how many messages of a packet are whole, where they end, and if any has no bytes."""
    at, size, empty = _HEADER.size, len(payload), False
    for number in range(count):
        start = at + 2
        if start > size:
            return number, at, empty
        end = start + (payload[at] << 8 | payload[at + 1])
        if end > size:
            return number, at, empty
        if end == start:
            empty = True
        at = end
    return count, at, empty


def _frames(payload, count):
    """Return the first messages of a packet, each with its length before it."""
    at, frames = _HEADER.size, []
    for _ in range(count):
        end = at + 2 + (payload[at] << 8 | payload[at + 1])
        frames.append(payload[at:end])
        at = end
    return frames
