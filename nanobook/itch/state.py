"""The arrays of a market: made, grown by doubling, and what they say."""

import numpy as np

from nanobook.book.arrays import Arrays, as_bytes
from nanobook.itch.market import FEED_ORDER, FEED_TRADE, MARKET, SAMPLE, SYMBOL
from nanobook.itch.reader import LOCATES, NEW_BOOK
from nanobook.itch.references import ENTRY, TABLE, rehash
from nanobook.itch.sampling import MARK_WORDS, NEVER, finish, mark, write_orders
from nanobook.types.records import NIL

__all__ = ["Market"]

#: Room at first, and for what is written while a stream is read.
_SMALL, _MEDIUM = 64, 4_096

#: Room for orders and levels of a side at first.
_SIDE = 64

#: Places of the table of references at first, as a power of two.
_FIRST_BITS = 12


class Market:
    """Books by locate, and the arrays that a reading writes to."""

    def __init__(self):
        self.header = np.zeros((), MARKET)
        self.address = self.header.ctypes.data
        self.numbers = np.zeros(LOCATES, np.int64)
        self.sides = []  # bids and asks of each symbol in turn, None before any order
        self._arrays = {}
        self.header["numbers_at"] = self.numbers.ctypes.data
        self.header["next_time"] = NEVER
        self.header["side"] = NIL
        self._table, self._entries = _new_table(_FIRST_BITS)
        self.header["references"] = self._table
        self._put("symbols", np.zeros(_SMALL, SYMBOL))
        self._put("broken", np.zeros(_SMALL, np.int64))

    # ---- what a reading writes to ------------------------------------------------------------

    def prepare(self, levels, every, grid, times, with_orders, out, rows):
        """Begin to write samples and trades anew.

        Parameters
        ----------
        levels : int
            Levels of a sample.
        every, grid : int
            A sample after so many messages, or every so many nanoseconds; 0 for neither.
        times : ndarray of int64 or None
            Or at these times.
        with_orders : bool
            Whether samples have all orders.
        out : dict of ndarray or None
            Arrays to use again.
        rows : int
            So many samples are likely to come.
        """
        head, out = self.header, out or {}
        for name in ("samples", "trades", "broken", "orders", "marked", "times_used"):
            head[name] = 0
        head["levels"], head["with_orders"] = levels, with_orders
        head["every"] = head["countdown"] = every
        head["grid"] = grid
        self._times = np.zeros(0, np.int64) if times is None else times
        self._marks = np.zeros(MARK_WORDS, np.int64)
        by_time = grid > 0 or times is not None
        head["marks_at"] = self._marks.ctypes.data if by_time else 0
        head["times_at"], head["times"] = self._times.ctypes.data, len(self._times)
        head["next_time"] = NEVER
        if len(self._times):
            head["next_time"] = self._times[0]
        self._put("samples", _again(out, "samples", SAMPLE, (rows,)))
        self._put("levels", _again(out, "levels", np.int64, (rows, 4, levels)), False)
        self._put("trades", _again(out, "trades", FEED_TRADE, (_MEDIUM,)))
        self._put("orders", _again(out, "orders", FEED_ORDER, (_MEDIUM if with_orders else 0,)))

    def mark_seen(self, locates):
        """Mark the symbols seen before, for samples at times of a list.

        Parameters
        ----------
        locates : iterable of int
            Their codes.
        """
        for locate in locates:
            mark(self.address, locate)

    def finish(self):
        """Take the samples that are still due."""
        while not finish(self.address):
            self.make_room()

    def taken(self):
        """Return what has been written.

        Returns
        -------
        dict of ndarray
            samples, levels, trades, orders and the arrays they're views of.
        """
        head = self.header
        rows, names = int(head["samples"]), ("samples", "levels", "trades", "orders")
        used = {"samples": rows, "levels": rows, **{n: int(head[n]) for n in names[2:]}}
        broken = self._arrays["broken"][: int(head["broken"])]
        whole = {name: self._arrays.pop(name) for name in names}
        trades = whole["trades"][: used["trades"]]
        if len(broken):
            trades["broken"] |= np.isin(trades["match"], broken.view(np.uint64))
        return {name: whole[name][: used[name]] for name in names}, whole

    # ---- room --------------------------------------------------------------------------------

    def make_room(self, status=None):
        """Let arrays grow, or make a book, so that a kernel can go on.

        Parameters
        ----------
        status : int, optional
            NEW_BOOK if it's a book that's missing.
        """
        head = self.header
        if status == NEW_BOOK:
            self._make_book(int(head["locate"]))
            return
        if head["side"] != NIL:
            self.sides[int(head["side"])].make_queue_room(1)
            head["side"] = NIL
        table = head["references"]
        if 2 * table["used"] >= table["room"]:
            self._grow_table()
        rows, orders = max(1, int(head["rows_needed"])), max(1, int(head["orders_needed"]))
        self._grow("samples", head["samples"], rows)
        self._grow("levels", head["samples"], rows, False)
        if head["with_orders"]:
            self._grow("orders", head["orders"], orders)
        self._grow("trades", head["trades"], 1)
        self._grow("broken", head["broken"], 1)

    def _make_book(self, locate):
        """Make a symbol, or its book if it has none."""
        head = self.header
        number = int(self.numbers[locate]) - 1
        if number < 0:
            number = int(head["symbols"])
            self._grow("symbols", number, 1)
            self._arrays["symbols"][number] = np.zeros((), SYMBOL)
            self._arrays["symbols"][number]["locate"] = locate
            head["symbols"] = number + 1
            self.numbers[locate] = number + 1
            self.sides += [None, None]
            return
        for row in (0, 1):
            side = Arrays(_SIDE)
            self.sides[2 * number + row] = side
            self._arrays["symbols"][number]["sides"][row] = side.address

    def _grow_table(self):
        """Double the table of references."""
        old = self.header["references"]
        table, entries = _new_table(64 - int(old["shift"]) + 1)
        address = self.address + MARKET.fields["references"][1]
        rehash(address, table.ctypes.data)
        self._entries = entries
        self.header["references"] = table

    def _put(self, name, array, has_room=True):
        self._arrays[name] = array
        self.header[f"{name}_at"] = array.ctypes.data
        if has_room:
            self.header[f"{name}_room"] = len(array)

    def _grow(self, name, used, more, has_room=True):
        """Double an array until it has room for `more` records behind those used."""
        old, room = self._arrays[name], max(1, len(self._arrays[name]))
        while room < int(used) + more:
            room *= 2
        if room != len(old):
            new = np.empty((room, *old.shape[1:]), old.dtype)
            flat = new.reshape(-1), old.reshape(-1)
            kept = int(used) * (old.size // max(1, len(old)))
            as_bytes(flat[0][:kept])[...] = as_bytes(flat[1][:kept])
            self._put(name, new, has_room)

    # ---- reading -----------------------------------------------------------------------------

    @property
    def symbols(self):
        """How symbols stand: a view, by number."""
        return self._arrays["symbols"][: int(self.header["symbols"])]

    def side(self, locate, row):
        """Return a side of a symbol's book.

        Parameters
        ----------
        locate : int
            The symbol's code.
        row : int
            0 for bids, 1 for asks.

        Returns
        -------
        Arrays or None
            None if it never had an order.
        """
        number = int(self.numbers[locate]) - 1
        return self.sides[2 * number + row] if number >= 0 else None

    def orders(self, locate):
        """Return the resting orders of a symbol.

        Parameters
        ----------
        locate : int
            The symbol's code.

        Returns
        -------
        ndarray of FEED_ORDER
            Bids, the next to trade first, then asks.
        """
        sides = [self.side(locate, row) for row in (0, 1)]
        live = [int(s.header["sides"]["live"][r]) if s else 0 for r, s in enumerate(sides)]
        out = np.zeros(sum(live), FEED_ORDER)
        for row, side in enumerate(sides):
            if live[row]:
                start = out.ctypes.data + row * live[0] * FEED_ORDER.itemsize
                write_orders(side.address, row, 0, start)
        return out


def _new_table(bits):
    """Return an empty table and its entries."""
    entries = np.full(ENTRY.itemsize << bits, 0xFF, np.uint8).view(ENTRY)  # every slot is NIL
    table = np.zeros((), TABLE)
    table["entries_at"], table["room"], table["shift"] = entries.ctypes.data, 1 << bits, 64 - bits
    return table, entries


def _again(out, name, dtype, shape):
    """Return an array to use again, or a new one."""
    old = out.get(name)
    return old if old is not None and old.shape[1:] == shape[1:] else np.empty(shape, dtype)
