"""A header and the arrays that it names, which grow by doubling."""

import numpy as np

from nanobook.book.header import ARRAYS, BITS_PER_WORD, FULL, HEADER
from nanobook.book.placing import replace_ladder
from nanobook.types.records import NIL

__all__ = ["SMALL", "Arrays", "as_bytes", "copied"]

#: Room in an array at first.
SMALL = 16

#: Bids, asks, and a spare row.
_FAR_ROWS = 3


class Arrays:
    """A header without orders, and room for the queues of orders that are to come.

    Parameters
    ----------
    room : int, default 16
        For so many orders and levels at first.
    """

    def __init__(self, room=SMALL):
        self.header = np.zeros((), HEADER)
        self.address = self.header.ctypes.data
        self.arrays = {}
        head = self.header
        head["sides"]["best"] = NIL
        head["sides"]["price"] = np.iinfo(np.int64).min, np.iinfo(np.int64).max
        for name in ("orders_free", "levels_free"):
            head[name] = NIL
        for name in ("next_id", "next_trade", "base_id", "first", "tick"):
            head[name] = 1
        head["inverse"] = 1.0
        head["patience"] = 256
        for name, shape in (("orders", room), ("levels", room), ("far", (_FAR_ROWS, room))):
            self._put(name, np.empty(shape, ARRAYS[name]))
        for name in ("cells", "words"):  # the ladder comes when it's worth while
            self._put(name, np.empty(0, ARRAYS[name]))

    def make_queue_room(self, resting):
        """Let the arrays of queues and levels grow, and place the ladder anew where that's due.

        Parameters
        ----------
        resting : int
            So many orders are to rest, each at a price of its own.
        """
        head = self.header
        self._grow("orders", head["orders_top"], resting)
        for name in ("levels", "far"):
            self._grow(name, head["levels_top"], resting)
        if head["far_work"] >= head["patience"] and replace_ladder(self.address) == FULL:
            width = int(head["wish"])
            self._put("cells", np.full(width, NIL, np.int32).view(ARRAYS["cells"]))
            words = width // BITS_PER_WORD
            self._put("words", np.zeros(words + words // BITS_PER_WORD, ARRAYS["words"]))
            replace_ladder(self.address)

    def _put(self, name, array):
        """Have the header name an array."""
        self.arrays[name] = array
        self.header[f"{name}_at"] = array.ctypes.data
        self.header[f"{name}_room"] = array.shape[-1]

    def _grow(self, name, used, more):
        """Double an array until it has room for `more` records behind those used."""
        old, used, more = self.arrays[name], int(used), int(more)
        room = max(SMALL, old.shape[-1])
        while room < used + more:
            room *= 2
        if room != old.shape[-1]:
            new = np.empty((*old.shape[:-1], room), old.dtype)
            as_bytes(new[..., :used])[...] = as_bytes(old[..., :used])
            self._put(name, new)


def as_bytes(records):
    """Return records as bytes, which NumPy copies many times faster.

    Parameters
    ----------
    records : ndarray
        Records side by side along the last axis.

    Returns
    -------
    ndarray of uint8
        A view.
    """
    return records.view(np.uint8)


def copied(records):
    """Return a copy of records.

    Parameters
    ----------
    records : ndarray
        Records side by side along the last axis.

    Returns
    -------
    ndarray
        In C order.
    """
    return np.ascontiguousarray(as_bytes(records).copy()).view(records.dtype)
