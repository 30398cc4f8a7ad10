"""Packets to a stream, as long as they come in order: the rest is left to whoever called.

A kernel goes from packet to packet, finds what MoldUDP64 they carry and copies the messages of one
session. At anything out of the ordinary it stops: a gap, another session, a length that lies.
"""

import numpy as np

from nanobook.itch.datagrams import find_payload, number_2
from nanobook.jit import njit
from nanobook.types.records import NIL

__all__ = ["BARE", "BLOCK", "CLASSIC", "DAMAGED", "END_OF_SESSION", "HEADER_SIZE", "INTERFACE"]
__all__ += ["LOST", "MORE", "NEW", "OBSOLETE", "ODD", "SECTION", "SESSION", "SIMPLE", "SKIM"]
__all__ += ["skim"]

#: How packets lie in the bytes: a capture's, of either kind; MoldUDP64 only; or we've lost track.
CLASSIC, NEW, BARE, LOST = map(np.int64, range(4))

#: Why the kernel stops: it needs more bytes; a packet that it doesn't deal with; a block of a
#: pcapng file likewise; nothing tells where the next packet begins.
MORE, ODD, BLOCK, DAMAGED = map(np.int64, range(4))

#: What else there is in a capture, beside payloads and reasons to stop.
_PAYLOAD, _OTHER, _NOTHING = map(np.int64, range(4, 7))

#: Blocks of a pcapng file.
INTERFACE, OBSOLETE, SIMPLE, _PACKET = map(np.int64, (1, 2, 3, 6))
SECTION = np.int64(0x0A0D0D0A)

#: Longer than this no packet is, in anything that libpcap writes, nor a payload of UDP.
_LONGEST, _LONGEST_PAYLOAD = np.int64(1 << 18), np.int64((1 << 16) - 1)

#: The header of a packet: session, number of the first message, how many there are.
HEADER_SIZE = np.int64(20)

#: A packet that counts so many messages has none, and says that the session is over.
END_OF_SESSION = np.int64(0xFFFF)

#: How packets are being gone through.
SKIM = np.dtype(
    [
        ("form", np.int64),  # how they lie in the bytes
        ("big", np.int64),  # whether the capture's numbers have their highest byte first
        ("final", np.int64),  # whether these bytes are the last
        ("at", np.int64),  # how far they've been gone through, or beyond them if more is to skip
        ("start", np.int64),  # the odd packet's payload, or the block's body
        ("end", np.int64),
        ("kind", np.int64),  # the block's
        ("cut", np.int64),
        ("session", np.int64),  # the row of the last packet's
        ("packets", np.int64),
        ("others", np.int64),
        ("repeated", np.int64),
        ("used", np.int64),  # bytes copied
    ]
)

#: How far the messages of a session have been copied.
SESSION = np.dtype(
    [
        ("open", np.int64),  # whether the kernel may copy them
        ("name_high", np.int64),  # ten letters in two numbers
        ("name_low", np.int64),
        ("expected", np.int64),  # number of the next message
    ]
)


@njit
def skim(states, sessions, data, links, out):
    """Copy the messages of packets that come in order, each with its length before it.

    Parameters
    ----------
    states : ndarray of shape (1,)
        A SKIM.
    sessions : ndarray of SESSION
        Those of which messages are copied.
    data : ndarray of uint8
        The packets.
    links : ndarray of shape (N, 2)
        The links of their interfaces.
    out : ndarray of uint8
        What they're copied to, at least as long as `data`.

    Returns
    -------
    int
        Why it stopped: MORE, ODD, BLOCK or DAMAGED.
    """
    head = states[0]
    while True:
        form = head["form"]
        if form == CLASSIC:
            found = _next_classic(states, data, links)
        elif form == NEW:
            found = _next_block(states, data, links)
        elif form == BARE:
            found = _next_bare(states, data)
        else:
            return DAMAGED
        if found == _OTHER:
            head["others"] += 1
        elif found == _PAYLOAD:
            if not _copy(states, sessions, data, out):
                return ODD
        elif found != _NOTHING:
            return found


@njit
def _lose(states):
    """Give up: what follows can't be made out."""
    head = states[0]
    head["form"] = LOST
    head["cut"] = 1
    return DAMAGED


@njit
def _next_classic(states, data, links):
    """Find the next packet of a classic file, and move behind it."""
    head = states[0]
    at = head["at"]
    if at + 16 > len(data):
        return MORE
    length = _number_4(data, at + 8, head["big"])
    if length > _LONGEST:
        return _lose(states)
    return _look_into(states, data, links, np.int64(0), at + 16, length, at + 16 + length)


@njit
def _next_block(states, data, links):
    """Find the next packet of a pcapng file, and move behind its block."""
    head = states[0]
    at, big = head["at"], head["big"]
    if at + 12 > len(data):
        return MORE
    kind, length = _number_4(data, at, big), _number_4(data, at + 4, big)
    if kind == SECTION:  # which begins with its byte order
        head["start"], head["kind"] = at + 8, kind
        return BLOCK
    length += -length & 3
    if length < 12:
        return _lose(states)
    end = at + length
    if kind in (_PACKET, INTERFACE, SIMPLE, OBSOLETE):
        if length > 2 * _LONGEST:
            return _lose(states)
        if end > len(data) and head["final"] == 0:
            return MORE
    if kind == _PACKET:
        if length < 32:
            head["at"] = end
            return _OTHER
        if at + 28 > len(data):
            return MORE
        size = min(_number_4(data, at + 20, big), length - 32)
        return _look_into(states, data, links, _number_4(data, at + 8, big), at + 28, size, end)
    if kind in (INTERFACE, SIMPLE, OBSOLETE):
        if end > len(data):
            return MORE
        head["start"], head["end"], head["kind"] = at + 8, end - 4, kind
        head["at"] = end
        return BLOCK
    head["at"] = end
    return _NOTHING


@njit
def _look_into(states, data, links, interface, start, size, behind):
    """Find the payload of a packet, and move behind what holds it."""
    head = states[0]
    if behind > len(data):
        if head["final"] == 0:
            return MORE
        head["cut"] = 1
        behind = len(data)
    head["at"] = behind
    if interface >= len(links) or links[interface, 1] == NIL:
        return _OTHER
    end = min(start + size, behind)
    start, end = find_payload(data, start, end, links[interface, 0], links[interface, 1])
    if start == NIL or end - start < HEADER_SIZE:
        return _OTHER
    head["start"], head["end"] = start, end
    return _PAYLOAD


@njit
def _next_bare(states, data):
    """Find where the next of packets that lie one behind the other ends, and move there."""
    head = states[0]
    start = head["at"]
    end = start + HEADER_SIZE
    if end > len(data):
        return MORE
    if not _is_name(data, start):  # so the last packet's count or lengths were wrong
        return _lose(states)
    count = number_2(data, start + 18)
    if count == END_OF_SESSION:
        count = np.int64(0)
    for _ in range(count):
        length = end + 2
        if length <= len(data):
            length += number_2(data, end)
        end = length
        if end > len(data) or end - start > _LONGEST_PAYLOAD:
            break
    if end - start > _LONGEST_PAYLOAD:
        end = min(start + _LONGEST_PAYLOAD, len(data))
        _lose(states)
    elif end > len(data):
        if head["final"] == 0:
            return MORE
        head["cut"] = 1
        end = np.int64(len(data))
    head["start"], head["end"], head["at"] = start, end, end
    return _PAYLOAD


@njit
def _copy(states, sessions, data, out):
    """Copy a packet's messages, if it's the next of its session; return whether it was dealt with.

    One whose messages have all been copied before is, too, and so is one that has none.
    """
    head = states[0]
    start, end = head["start"], head["end"]
    row = _find_session(states, sessions, _number_8(data, start), number_2(data, start + 8))
    if row == NIL:
        return False
    expected = sessions[row]["expected"]
    count, number = number_2(data, start + 18), _number_8(data, start + 10)
    if count == END_OF_SESSION or number < 0 or number > expected:
        return False
    if count > 0 and number != expected and number + count > expected:
        return False
    at = start + HEADER_SIZE
    if count > 0 and at == end:
        return False
    for _ in range(count):
        if at + 2 > end:
            return False
        length = number_2(data, at)
        if length == 0:
            return False
        at += 2 + length
    if at != end:
        return False
    head["packets"] += 1
    if number != expected:
        head["repeated"] += count
        return True
    used, start = head["used"], start + HEADER_SIZE
    for place in range(end - start):
        out[used + place] = data[start + place]
    head["used"] = used + end - start
    sessions[row]["expected"] = expected + count
    return True


@njit
def _find_session(states, sessions, high, low):
    """Return the row of an open session by its name, NIL if there's none."""
    head = states[0]
    row = head["session"]
    for _ in range(len(sessions)):
        if sessions[row]["name_high"] == high and sessions[row]["name_low"] == low:
            head["session"] = row
            return row if sessions[row]["open"] != 0 else NIL
        row = row + 1 if row + 1 < len(sessions) else np.int64(0)
    return NIL


@njit
def _is_name(data, at):
    """Return whether ten bytes may be a session's name."""
    for place in range(10):
        letter = data[at + place]
        if letter < 32 or letter > 126:
            return False
    return True


@njit
def _number_4(data, at, big):
    """Return the number of four bytes."""
    first, last = number_2(data, at), number_2(data, at + 2)
    if big != 0:
        return first << 16 | last
    return (last & 255) << 24 | (last >> 8) << 16 | (first & 255) << 8 | first >> 8


@njit
def _number_8(data, at):
    """Return the number of eight bytes, as an int64."""
    number = np.int64(0)
    for place in range(8):
        number = number << 8 | np.int64(data[at + place])
    return number
