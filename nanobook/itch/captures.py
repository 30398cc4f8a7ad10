"""Files of captured packets, classic pcap and pcapng: the packets in them, each with its link.

Classic files after draft-ietf-opsawg-pcap, the others after draft-ietf-opsawg-pcapng.
"""

import struct

from nanobook.errors import FileFormatError
from nanobook.itch.datagrams import LINKS

__all__ = ["CAPTURE_MAGICS", "read_capture"]

_NEW = b"\x0a\x0d\x0d\x0a"

#: Byte orders of classic files by their first bytes; times in microseconds or in nanoseconds.
_ORDERS = {
    b"\xa1\xb2\xc3\xd4": ">",
    b"\xa1\xb2\x3c\x4d": ">",
    b"\xd4\xc3\xb2\xa1": "<",
    b"\x4d\x3c\xb2\xa1": "<",
}

#: What captures begin with.
CAPTURE_MAGICS = frozenset((_NEW, *_ORDERS))

#: Byte orders of a section by the number it begins with.
_SECTION_ORDERS = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}

#: Longer than this no packet is, in anything that libpcap writes; a length that says so is wrong,
#: and then nothing tells where the next packet begins.
_LONGEST = 1 << 18

_INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET = 1, 2, 3, 6

#: Fields of a packet's block before its bytes: interface, times, captured and original length.
_LEADS = {_OLD_PACKET: "H10xI4x", _PACKET: "I8xI4x", _SIMPLE_PACKET: "I"}


def read_capture(blocks):
    """Read a capture's first bytes, and give its packets.

    Parameters
    ----------
    blocks : Blocks
        The file. Its `cut` is set if it ends in the middle of a packet, or a length is wrong.

    Returns
    -------
    iterator of tuple
        Packets, bytes as captured, and their links: one of LINKS, or None if we don't know it.

    Raises
    ------
    FileFormatError
        If it's no capture, or one of a kind that we don't read.
    """
    magic = blocks.take(4)
    if magic == _NEW:
        return _read_new(blocks)
    if magic not in _ORDERS:
        raise FileFormatError(
            f"the file isn't a capture of packets (pcap or pcapng): it begins with {magic!r}"
        )
    order = _ORDERS[magic]
    header = blocks.take(20)
    if len(header) < 20:
        blocks.cut = True
        return iter(())
    link = struct.unpack(order + "I", header[16:])[0] & 0xFFFF
    if link not in LINKS:
        raise FileFormatError(
            f"the capture's link type must be one of {', '.join(map(str, LINKS))}, got {link}"
        )
    return _read_classic(blocks, struct.Struct(order + "8xI4x").unpack, LINKS[link])


def _read_classic(blocks, unpack, link):
    """Give the packets behind the header of a classic file."""
    take = blocks.take
    while len(head := take(16)) == 16:
        [length] = unpack(head)
        if length > _LONGEST:
            blocks.cut = True
            return
        packet = take(length)
        blocks.cut = len(packet) < length
        yield packet, link
    blocks.cut = blocks.cut or len(head) > 0


def _read_new(blocks):
    """Give the packets of a pcapng file, whose first four bytes have been taken."""
    kind, order, links = _NEW, "<", []
    while len(kind) == 4:
        lead = blocks.take(4)
        if kind == _NEW:
            # the byte order comes behind the length that is written in it
            number = blocks.take(4)
            order, links = _SECTION_ORDERS.get(number), []
            done = 12
        else:
            done = 8
        if order is None or len(lead) < 4:
            break
        [length] = struct.unpack(order + "I", lead)
        length += -length % 4
        what = struct.unpack(order + "I", kind)[0] if kind != _NEW else None
        if length < done + 4:
            break
        if what == _INTERFACE or what in _LEADS:
            if length > 2 * _LONGEST:
                break
            body = blocks.take(length - done - 4)
            if what == _INTERFACE and len(body) >= 8:
                link, snap = struct.unpack(order + "H2xI", body[:8])
                links.append((LINKS.get(link), snap))
            elif what in _LEADS:
                yield _packet(body, what, order, links)
            whole = len(body) == length - done - 4 and blocks.skip(4)
        else:
            whole = blocks.skip(length - done)
        if not whole:
            break
        kind = blocks.take(4)
    else:
        blocks.cut = len(kind) > 0
        return
    blocks.cut = True


def _packet(body, what, order, links):
    """Return the packet in a block, and its link."""
    lead = struct.Struct(order + _LEADS[what])
    if len(body) < lead.size:
        return b"", None
    numbers = lead.unpack_from(body)
    interface = numbers[0] if what != _SIMPLE_PACKET else 0
    if interface >= len(links):
        return b"", None
    link, snap = links[interface]
    length = numbers[-1]
    if what == _SIMPLE_PACKET and snap:
        length = min(length, snap)
    return body[lead.size : lead.size + length], link
