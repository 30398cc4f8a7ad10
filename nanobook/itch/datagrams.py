"""What a captured packet carries: the payload of its UDP datagram, if it is one.

Link layers as in the registry at https://www.tcpdump.org/linktypes.html; IPv4 after RFC 791, IPv6
after RFC 8200, UDP after RFC 768.
"""

__all__ = ["LINKS", "payload_of"]

#: By link type: where a packet says what's in it (None where it doesn't), and where that begins.
LINKS = {
    0: (None, 4),  # null: BSD's loopback
    1: (12, 14),  # Ethernet
    12: (None, 0),  # raw IP
    14: (None, 0),
    101: (None, 0),
    108: (None, 4),  # OpenBSD's loopback
    113: (14, 16),  # Linux cooked
    228: (None, 0),
    229: (None, 0),
    276: (0, 20),  # Linux cooked, version 2
}

_VLAN = frozenset((b"\x81\x00", b"\x88\xa8", b"\x91\x00"))
_IP = frozenset((b"\x08\x00", b"\x86\xdd"))
_UDP = 17

#: Headers that may stand between those of IPv6 and UDP: hop-by-hop, routing, destination options,
#: mobility and the like share one form; fragments and authentication have their own.
_OPTIONS, _FRAGMENT, _AUTHENTICATION = frozenset((0, 43, 60, 135, 139, 140)), 44, 51


def payload_of(packet, link):
    """Return the payload of the UDP datagram in a packet.

    Parameters
    ----------
    packet : bytes
        As captured, perhaps cut short.
    link : tuple
        One of LINKS.

    Returns
    -------
    bytes or None
        As much of it as was captured, nothing from behind the datagram; None if the packet holds
        something else, or a fragment.
    """
    kind_at, at = link
    if kind_at is not None:
        kind = packet[kind_at : kind_at + 2]
        while kind in _VLAN:
            kind = packet[at + 2 : at + 4]
            at += 4
        if kind not in _IP:
            return None
    version = packet[at] >> 4 if at < len(packet) else 0
    if version == 4:
        start, end = _inside_4(packet, at)
    elif version == 6:
        start, end = _inside_6(packet, at)
    else:
        return None
    if start + 8 > end:
        return None
    length = packet[start + 4] << 8 | packet[start + 5]
    return packet[start + 8 : min(start + length, end)] if length >= 8 else None


def _inside_4(packet, at):
    """Return where the datagram in an IPv4 packet begins and ends, (0, 0) if there's none."""
    if at + 20 > len(packet) or packet[at + 9] != _UDP:
        return 0, 0
    if packet[at + 6] & 0x3F or packet[at + 7]:  # more fragments follow, or some came before
        return 0, 0
    header = (packet[at] & 15) * 4
    total = packet[at + 2] << 8 | packet[at + 3]
    # 0: the network card was to split the packet, and set the length then
    end = min(at + total, len(packet)) if total else len(packet)
    return (at + header, end) if header >= 20 else (0, 0)


def _inside_6(packet, at):
    """Return where the datagram in an IPv6 packet begins and ends, (0, 0) if there's none."""
    if at + 40 > len(packet):
        return 0, 0
    length = packet[at + 4] << 8 | packet[at + 5]
    end = min(at + 40 + length, len(packet)) if length else len(packet)
    kind, at = packet[at + 6], at + 40
    while kind != _UDP:
        if at + 8 > end:
            return 0, 0
        if kind in _OPTIONS:
            size = 8 + 8 * packet[at + 1]
        elif kind == _AUTHENTICATION:
            size = 8 + 4 * packet[at + 1]
        elif kind == _FRAGMENT and not (packet[at + 2] or packet[at + 3] & 0xF9):
            size = 8
        else:
            return 0, 0
        kind, at = packet[at], at + size
    return at, end
