"""The order of a feed's messages: each once, by the sequence numbers of its session.

Lines A and B of a feed, and retransmissions, bring the same messages again; what comes too early
waits a while for what was overtaken or lost.
"""

import heapq
import struct

import numpy as np

from nanobook.itch.skim import END_OF_SESSION, HEADER_SIZE, SESSION

__all__ = ["Sessions", "is_name"]

_HEADER = struct.Struct(">10sQH")

#: Bytes of packets that wait for those before them, at most: some milliseconds of a busy feed.
_WAITING = 1 << 22

#: What a packet that waits costs beside its messages, in bytes.
_COST = 200

#: A number that no message has.
_NEVER = 1 << 64

#: Numbers of messages that kernels can count on from, whatever a packet brings.
_HIGHEST = 1 << 62

#: Sessions that are followed; more are only found where there's nothing sensible.
_SESSIONS = 1 << 10


class Sessions:
    """The sessions of a feed, and what is done with packets that a kernel leaves to Python.

    Parameters
    ----------
    head : record of SKIM
        Where packets and messages are counted.

    Attributes
    ----------
    out : list of bytes
        Messages given, each with its length before it; for the caller to take away.
    malformed, missing : int
        As `Packets` has them.
    """

    def __init__(self, head):
        self._head = head
        self._known, self._lines = {}, np.zeros(_SESSIONS, SESSION)
        self._waiting = 0
        self.out, self.malformed, self.missing = [], 0, 0

    @property
    def lines(self):
        """What kernels are told of the sessions, an array of SESSION: they may go on in some."""
        return self._lines[: len(self._known)]

    def take(self, payload):
        """Take in a packet: give its messages, or let it wait, or pass over it.

        Parameters
        ----------
        payload : bytes
            With a whole header at least.
        """
        name, sequence, count = _HEADER.unpack_from(payload)
        session, number = self._known.get(name), len(self._known)
        bare, ends = len(payload) == HEADER_SIZE, count == END_OF_SESSION
        count = 0 if ends else count
        asks = count > 0 and bare  # for messages, and brings none
        late = session is not None and count > 0 and sequence >= session.over
        if asks or late or (session is None and (number == _SESSIONS or not is_name(name))):
            self._head["others"] += 1
            return
        self._head["packets"] += 1
        if session is None:
            session = self._known[name] = _Session(name, sequence, self._lines[number])
        session.take_back()
        if ends and bare and sequence >= session.expected:
            session.over = sequence
        whole, end, empty = _measure(payload, count)
        self.malformed += whole < count or end < len(payload) or empty
        if whole == 0:
            session.told = max(session.told, sequence)
        elif sequence <= session.expected:
            self._give(session, sequence, whole, payload[HEADER_SIZE:end], empty)
            self._give_waiting(session)
        else:
            self._wait(session, sequence, whole, payload[HEADER_SIZE:end], empty)
        session.hand_over()

    def finish(self):
        """Give the packets that still wait, for nothing will come any more.

        Yields
        ------
        None
            From time to time, so that what's given can be taken away.
        """
        for session in self._known.values():
            session.take_back()
            while session.waiting:
                self._go_on(session)
                yield
            self.missing += max(session.told - session.expected, 0)

    @property
    def over(self):
        """Whether all sessions have said that they are over, and there was one."""
        overs = [session.over < _NEVER for session in self._known.values()]
        return len(overs) > 0 and all(overs)

    def _give(self, session, sequence, count, frames, empty):
        """Give the messages of a packet that haven't been given yet."""
        past = session.expected - sequence
        if past >= count:
            self._head["repeated"] += count
            return
        if past or empty:
            self._head["repeated"] += past
            self.out += [frame for frame in _split(frames)[past:] if len(frame) > 2]
        else:
            self.out.append(frames)
        session.expected = sequence + count

    def _give_waiting(self, session):
        """Give the packets that needn't wait any longer."""
        while session.waiting and session.waiting[0][0] <= session.expected:
            sequence, _, count, frames, empty = heapq.heappop(session.waiting)
            self._waiting -= len(frames) + _COST
            self._give(session, sequence, count, frames, empty)

    def _wait(self, session, sequence, count, frames, empty):
        """Let a packet wait for those before it; if too much waits, go on without them."""
        session.arrived += 1
        heapq.heappush(session.waiting, (sequence, session.arrived, count, frames, empty))
        self._waiting += len(frames) + _COST
        while self._waiting > _WAITING and session.waiting:
            self._go_on(session)

    def _go_on(self, session):
        """Give up what is missing before the packets that wait."""
        self.missing += session.waiting[0][0] - session.expected
        session.expected = session.waiting[0][0]
        self._give_waiting(session)


class _Session:
    """How far the messages of a session have been given.

    Attributes
    ----------
    expected : int
        Number of the next message, while Python sees to the session.
    over : int
        Number that the next message would have had, once the session is over.
    told : int
        The highest number of a next message that a packet without messages told.
    waiting : list of tuple
        Packets that came too early: a heap by number and arrival.
    """

    __slots__ = ("_line", "arrived", "expected", "over", "told", "waiting")

    def __init__(self, name, sequence, line):
        line["name_high"], line["name_low"] = struct.unpack(">qH", name)
        self._line = line
        self.expected = self.told = sequence
        self.over = _NEVER
        self.waiting, self.arrived = [], 0

    def take_back(self):
        """See how far a kernel has come, and let none go on."""
        if self._line["open"]:
            self.expected = int(self._line["expected"])
            self._line["open"] = 0

    def hand_over(self):
        """Let a kernel go on, if nothing waits and more may come."""
        if not self.waiting and self.expected < _HIGHEST and self.over == _NEVER:
            self._line["expected"], self._line["open"] = self.expected, 1


def is_name(session):
    """Return whether ten bytes may be a session's name.

    Parameters
    ----------
    session : bytes
        They.

    Returns
    -------
    bool
        Whether all are letters, figures, signs or blanks.
    """
    return all(32 <= letter <= 126 for letter in session)


def _measure(payload, count):
    """Return how many messages of a packet are whole, where they end, and if any has no bytes."""
    at, size, empty = _HEADER.size, len(payload), False
    for number in range(count):
        if at + 2 > size:
            return number, at, empty
        end = at + 2 + (payload[at] << 8 | payload[at + 1])
        if end > size:
            return number, at, empty
        empty |= end == at + 2
        at = end
    return count, at, empty


def _split(frames):
    """Return messages one by one, each with its length before it."""
    found, at = [], 0
    while at < len(frames):
        end = at + 2 + int.from_bytes(frames[at : at + 2], "big")
        found.append(frames[at:end])
        at = end
    return found
