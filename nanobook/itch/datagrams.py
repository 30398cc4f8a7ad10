"""Where in a captured packet the payload of its UDP datagram lies, if it is one.

Link layers as in the registry at https://www.tcpdump.org/linktypes.html; IPv4 after RFC 791, IPv6
after RFC 8200, UDP after RFC 768.
"""

import numpy as np

from nanobook.jit import njit
from nanobook.types.records import NIL

__all__ = ["LINKS", "find_payload", "number_2"]

#: By link type: where a packet says what's in it (NIL where it doesn't), and where that begins.
LINKS = {
    0: (NIL, 4),  # null: BSD's loopback
    1: (12, 14),  # Ethernet
    12: (NIL, 0),  # raw IP
    14: (NIL, 0),
    101: (NIL, 0),
    108: (NIL, 4),  # OpenBSD's loopback
    113: (14, 16),  # Linux cooked
    228: (NIL, 0),
    229: (NIL, 0),
    276: (0, 20),  # Linux cooked, version 2
}

_VLANS = tuple(map(np.int64, (0x8100, 0x88A8, 0x9100)))
_IP = tuple(map(np.int64, (0x0800, 0x86DD)))
_UDP = np.int64(17)

#: Headers that may stand between those of IPv6 and UDP: hop-by-hop, routing, destination options,
#: mobility, HIP and Shim6 share one form, the others have their own.
_OPTIONS = tuple(map(np.int64, (0, 43, 60, 135, 139, 140)))
_FRAGMENT, _AUTHENTICATION = map(np.int64, (44, 51))


@njit
def number_2(data, at):
    """Return the number of two bytes, the highest first."""
    return np.int64(data[at]) << 8 | np.int64(data[at + 1])


@njit
def find_payload(data, start, end, kind_at, inside):
    """Find the payload of the UDP datagram in a packet, as much of it as was captured.

    Parameters
    ----------
    data : ndarray of uint8
        What holds the packet.
    start, end : int
        Where it begins and ends in there.
    kind_at, inside : int
        Of LINKS.

    Returns
    -------
    start, end : int
        Where the payload begins and ends; NIL and NIL if the packet holds something else, or a
        fragment.
    """
    at = start + inside
    if kind_at != NIL:
        if at > end:
            return NIL, NIL
        kind = number_2(data, start + kind_at)
        while kind in _VLANS and at + 4 <= end:
            kind = number_2(data, at + 2)
            at += 4
        if kind not in _IP:
            return NIL, NIL
    if at + 20 > end:
        return NIL, NIL
    version = data[at] >> 4
    if version == 4:
        at, end = _inside_4(data, at, end)
    elif version == 6:
        at, end = _inside_6(data, at, end)
    else:
        return NIL, NIL
    if at == NIL or at + 8 > end:
        return NIL, NIL
    length = number_2(data, at + 4)
    if length < 8:
        return NIL, NIL
    return at + 8, min(at + length, end)


@njit
def _inside_4(data, at, end):
    """Return where the datagram in an IPv4 packet of 20 bytes at least begins and ends."""
    header = (np.int64(data[at]) & 15) * 4
    if header < 20 or np.int64(data[at + 9]) != _UDP:
        return NIL, NIL
    if number_2(data, at + 6) & 0x3FFF:  # more fragments follow, or some came before
        return NIL, NIL
    total = number_2(data, at + 2)
    if total > 0:  # else the network card was to split the packet, and to set it then
        end = min(at + total, end)
    return at + header, end


@njit
def _inside_6(data, at, end):
    """Return where the datagram in an IPv6 packet of 20 bytes at least begins and ends."""
    length, kind = number_2(data, at + 4), np.int64(data[at + 6])
    at += 40
    if length > 0:
        end = min(at + length, end)
    while kind != _UDP:
        if at + 8 > end:
            return NIL, NIL
        size = np.int64(8)
        if kind == _AUTHENTICATION:
            size += 4 * np.int64(data[at + 1])
        elif kind == _FRAGMENT:
            if number_2(data, at + 2) & 0xFFF9:  # where it begins, and if more follow
                return NIL, NIL
        elif kind in _OPTIONS:
            size += 8 * np.int64(data[at + 1])
        else:
            return NIL, NIL
        kind, at = np.int64(data[at]), at + size
    return at, end
