"""Files of captured packets, classic pcap and pcapng: what their headers say.

Classic files after draft-ietf-opsawg-pcap, the others after draft-ietf-opsawg-pcapng.
"""

import struct

import numpy as np

from nanobook.errors import FileFormatError
from nanobook.itch.datagrams import LINKS
from nanobook.types.records import NIL

__all__ = ["CAPTURE_MAGICS", "NEW_MAGIC", "NO_LINK", "Interfaces", "read_classic_header"]

#: What a section of a pcapng file begins with, whatever its byte order.
NEW_MAGIC = b"\x0a\x0d\x0d\x0a"

#: Byte orders of classic files by their first bytes; times in microseconds or in nanoseconds.
_ORDERS = {
    b"\xa1\xb2\xc3\xd4": ">",
    b"\xa1\xb2\x3c\x4d": ">",
    b"\xd4\xc3\xb2\xa1": "<",
    b"\x4d\x3c\xb2\xa1": "<",
}

#: What captures begin with.
CAPTURE_MAGICS = frozenset((NEW_MAGIC, *_ORDERS))

#: Byte orders of a section by the number it begins with.
_SECTION_ORDERS = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}

#: Interfaces that a section may have; packets of more are passed over.
_MOST_INTERFACES = 1 << 12

#: A link whose packets we can't look into.
NO_LINK = (NIL, NIL)


def read_classic_header(header):
    """Return the byte order of a classic file, and the link of its packets.

    Parameters
    ----------
    header : bytes
        The file's first 24, or all there are.

    Returns
    -------
    order : {"<", ">"}
        As `struct` calls it.
    link : tuple of int
        Of LINKS.

    Raises
    ------
    FileFormatError
        If it isn't the header of a capture, or of a link we don't know.
    """
    order = _ORDERS.get(header[:4])
    if order is None:
        raise FileFormatError(
            f"the file isn't a capture of packets (pcap or pcapng): it begins with {header[:4]!r}"
        )
    if len(header) < 24:
        return order, NO_LINK
    link = struct.unpack(order + "I", header[20:])[0] & 0xFFFF
    if link not in LINKS:
        raise FileFormatError(
            f"the capture's link type must be one of {', '.join(map(str, LINKS))}, got {link}"
        )
    return order, LINKS[link]


class Interfaces:
    """What a section of a pcapng file says of the interfaces its packets come from.

    Attributes
    ----------
    order : {"<", ">"}
        The section's byte order.
    links : ndarray of shape (N, 2)
        Of LINKS, or NO_LINK, for each interface.
    """

    def __init__(self):
        self.order, self._snaps = "<", []
        self.links = np.empty((0, 2), np.int64)

    def begin(self, number):
        """Begin a section; return False if it's none.

        Parameters
        ----------
        number : bytes
            The four by which it tells its byte order.

        Returns
        -------
        bool
            Whether they do.
        """
        order = _SECTION_ORDERS.get(number)
        self.order, self._snaps = order or "<", []
        self.links = np.empty((0, 2), np.int64)
        return order is not None

    def add(self, body):
        """Add an interface.

        Parameters
        ----------
        body : bytes
            Of its block.
        """
        if len(self._snaps) == _MOST_INTERFACES:
            return
        link, snap = None, 0
        if len(body) >= 8:
            link, snap = struct.unpack(self.order + "H2xI", body[:8])
        self._snaps.append(snap)
        self.links = np.append(self.links, np.array([LINKS.get(link, NO_LINK)], np.int64), axis=0)

    def rare_packet(self, body, simple):
        """Return where the packet in a block of a rarer kind begins and ends, and its link.

        Parameters
        ----------
        body : bytes
            Of a block, simple or obsolete.
        simple : bool
            Which of them.

        Returns
        -------
        start, end : int
            Where the packet lies in there.
        link : tuple of int
            Its interface's.
        """
        start, number = 4 if simple else 20, 0
        if len(body) < start:
            return 0, 0, NO_LINK
        if simple:  # of the first interface
            [length] = struct.unpack(self.order + "I", body[:4])
            if self._snaps and self._snaps[0]:
                length = min(length, self._snaps[0])
        else:
            number, length = struct.unpack(self.order + "H10xI4x", body[:20])
        link = self.links[number] if number < len(self.links) else NO_LINK
        return start, min(start + length, len(body)), tuple(int(place) for place in link)
