"""The arrays of one book: made, grown by doubling, copied, compared, trimmed for a file."""

import numpy as np

from nanobook.book.arrays import SMALL, Arrays, copied
from nanobook.book.bars import RANGES_KEPT
from nanobook.book.clearing import count_ended, keep_resting
from nanobook.book.distances import CHANGES_KEPT, SUMS_ROOM
from nanobook.book.groups import refresh_stops
from nanobook.book.header import ARRAYS, ASKS, BIDS
from nanobook.book.heaps import HEAPS
from nanobook.book.stops import ROUNDS, file_stops
from nanobook.book.views import write_orders, write_queues
from nanobook.types.codes import NO_OWNER, PENDING
from nanobook.types.records import BOOK_ORDER, ORDER_STATE

__all__ = ["Store"]

#: How often messages may wait for room while the book stands still.
_MOST_WAITS = 1_000

#: Room for the running sums of price changes at first, a power of two.
_SUMS = 256

#: Groups of buys, and of sells.
_SIDES = 2

#: What a store has beside the queues' arrays, and how much room at first.
_FIRST_ROOM = {
    "rows": SMALL,
    "labels": 0,  # they come with the first owner or tag
    "elders": SMALL,
    "trades": SMALL,
    "events": SMALL,
    "stops": SMALL,
    "links": SMALL,
    "heaps": (HEAPS, SMALL),
    "groups": (_SIDES, SMALL),
    "sums": _SUMS,
    "ranges": 0,  # they come with the first bar that's wanted
    "averages": SMALL,
}

#: What of a header says where its arrays are, and so is another in every copy.
_PLACES = tuple(f"{name}_{what}" for name in ARRAYS for what in ("at", "room"))

#: What two books must have the same of to be equal, beside their orders and trades.
_COMPARED = ("next_id", "next_trade", "last_price", "traded", "policy", "total", "pass_price")
_COMPARED += ("bar_trades", "bar_count", "bar_high", "bar_low", "bar_close", "bars")


class Store(Arrays):
    """The header of a book and the arrays that it names."""

    def __init__(self, record_events=True, strict=False):
        super().__init__()
        self._waited = None, 0  # where the book stood when a message waited, and how often
        head = self.header
        head["records"], head["strict"] = record_events, strict
        head["log_whole"] = record_events
        for name, shape in _FIRST_ROOM.items():
            self._put(name, np.empty(shape, ARRAYS[name]))

    # ---- room --------------------------------------------------------------------------------

    def give_room(self):
        """Let arrays grow for the message that waits for it.

        Raises
        ------
        RuntimeError
            If one waits again and again: rather an error that says so than a loop without end.
        """
        stands = tuple(int(self.header[n]) for n in ("events", "next_id", "next_trade", "total"))
        self._waited = stands, self._waited[1] + 1 if self._waited[0] == stands else 0
        if self._waited[1] > _MOST_WAITS:
            raise RuntimeError(f"a message found no room however much it was given, at {stands}")
        self.make_room()

    def make_room(self, ids=1, events=2, resting=1):
        """Let arrays grow that what comes next may find too small.

        Parameters
        ----------
        ids : int, default 1
            So many orders are to come; so are as many trades, for each uses up an order.
        events : int, default 2
            So many rows of the log are to come.
        resting : int, default 1
            So many orders are to rest, each at a price of its own, and to be traded with.
        """
        head = self.header
        children = int(head["pending"]) + 1  # all may be set off by what comes next
        self.make_queue_room(resting + children)
        self._grow("rows", self._rows(), ids + children)
        for name in ("stops", "links", "heaps", "groups"):
            self._grow(name, head["stops"], 1)
        self._grow("averages", head["averages"], 1)
        if head["bars_wanted"] and not head["ranges_room"]:
            self._put("ranges", np.zeros(RANGES_KEPT, ARRAYS["ranges"]))
        if head["sums_room"] < SUMS_ROOM:
            self._grow("sums", head["passes"], min(2 * ROUNDS, SUMS_ROOM - int(head["passes"])))
        if head["labels_wanted"] and not head["labelled"]:
            labels = np.zeros(int(head["rows_room"]), ARRAYS["labels"])
            labels["owner"] = NO_OWNER
            self._put("labels", labels)
            head["labelled"] = 1
        elif head["labelled"] and head["labels_room"] < head["rows_room"]:
            self._grow("labels", self._rows(), head["rows_room"] - self._rows())
        if head["records"]:
            self._grow("events", head["events"], events)
        self._grow("trades", head["trades"], max(int(head["needed"]), ids, resting))
        head["needed"] = 0
        head["credit"] = 0  # to be counted anew

    def _rows(self):
        head = self.header
        return int(head["elders"] + head["next_id"] - head["base_id"])

    # ---- forgetting --------------------------------------------------------------------------

    def clear_trades(self):
        """Start a new array of trades; who holds the old one keeps what it says."""
        self._put("trades", np.empty(SMALL, ARRAYS["trades"]))
        self.header["trades"] = 0

    def clear_events(self):
        """Start a new log."""
        self._put("events", np.empty(SMALL, ARRAYS["events"]))
        self.header["events"] = 0
        self.header["log_whole"] = 0
        self.header["credit"] = 0

    def clear_ended(self):
        """Forget the orders that have ended.

        Returns
        -------
        int
            How many.
        """
        head = self.header
        ended = int(count_ended(self.address))
        kept = self._rows() - ended
        room = max(SMALL, 1 << kept.bit_length())
        rows, ids = np.empty(room, ARRAYS["rows"]), np.empty(room, ARRAYS["elders"])
        labels = np.empty(room if head["labelled"] else 0, ARRAYS["labels"])
        labels_at = labels.ctypes.data if head["labelled"] else 0
        kept = keep_resting(self.address, rows.ctypes.data, ids.ctypes.data, labels_at)
        for name, array in (("rows", rows), ("elders", ids), ("labels", labels)):
            self._put(name, array)
        self._keep_pending()
        head["elders"], head["base_id"], head["credit"] = kept, head["next_id"], 0
        return ended

    def _keep_pending(self):
        """Forget the stop orders that have ended."""
        head, stops = self.header, self.stops_now()
        pending = stops[stops["status"] == PENDING]
        room = max(SMALL, 1 << len(pending).bit_length())
        kept = np.empty(room, ARRAYS["stops"])
        kept[: len(pending)] = pending
        self._put("stops", kept)
        links = np.empty(room, ARRAYS["links"])
        links[: len(pending)] = self.arrays["links"][: len(stops)][stops["status"] == PENDING]
        self._put("links", links)
        for name in ("heaps", "groups"):
            self._put(name, np.empty((_FIRST_ROOM[name][0], room), ARRAYS[name]))
        head["stops"], head["heap_sizes"], head["stops_seen"] = len(pending), 0, 0
        file_stops(self.address)

    # ---- reading -----------------------------------------------------------------------------

    @property
    def trades(self):
        """The trades, a view."""
        return self.arrays["trades"][: int(self.header["trades"])]

    @property
    def events(self):
        """The log, a view."""
        return self.arrays["events"][: int(self.header["events"])]

    @property
    def stops(self):
        """The stop orders, a view; where those that trail stand now isn't written in all."""
        return self.arrays["stops"][: int(self.header["stops"])]

    def stops_now(self):
        """Return the stop orders as they stand now.

        Returns
        -------
        ndarray of STOP
            By id, a view.
        """
        refresh_stops(self.address, 0, int(self.header["stops"]))
        return self.stops

    def orders(self):
        """Return how every order stands that is known.

        Returns
        -------
        ndarray of ORDER_STATE
            By id; a copy.
        """
        out = np.empty(int(write_orders(self.address, 0)), ORDER_STATE)
        write_orders(self.address, out.ctypes.data)
        return out

    def queues(self, row):
        """Return the resting orders of a side.

        Parameters
        ----------
        row : int
            BIDS or ASKS.

        Returns
        -------
        ndarray of BOOK_ORDER
            The next to trade first; a copy.
        """
        out = np.empty(int(self.header["sides"]["live"][row]), BOOK_ORDER)
        write_queues(self.address, row, out.ctypes.data)
        return out

    def __eq__(self, other):
        if not isinstance(other, Store):
            return NotImplemented
        return (
            all(self.header[name] == other.header[name] for name in _COMPARED)
            and all(np.array_equal(self.queues(r), other.queues(r)) for r in (BIDS, ASKS))
            and np.array_equal(self.orders(), other.orders())
            and np.array_equal(self.trades, other.trades)
            and np.array_equal(self.stops_now(), other.stops_now())
            and np.array_equal(self._changes(), other._changes())
            and np.array_equal(self._ranges(), other._ranges())
            and np.array_equal(self._averages(), other._averages())
        )

    __hash__ = None

    def _changes(self):
        """Return the price changes that trailing stops may still look back on."""
        passes = int(self.header["passes"])
        kept = min(passes, int(CHANGES_KEPT) + 1)
        sums = self.arrays["sums"]["value"]
        return np.diff(sums[np.arange(passes - kept, passes) & (len(sums) - 1)])

    def _ranges(self):
        """Return the true ranges that new periods may begin with."""
        bars = int(self.header["bars"])
        kept = min(bars, int(RANGES_KEPT))
        return self.arrays["ranges"]["value"][np.arange(bars - kept, bars) & (RANGES_KEPT - 1)]

    def _averages(self):
        """Return the averages of true ranges."""
        return np.sort(self.arrays["averages"][: int(self.header["averages"])], order="period")

    # ---- copies ------------------------------------------------------------------------------

    def state(self):
        """Return header and arrays, trimmed to what's used.

        Returns
        -------
        dict of ndarray
            By name, the header as ``header``; copies.
        """
        head = self.header
        used = {
            "orders": head["orders_top"],
            "levels": head["levels_top"],
            "far": head["levels_top"],
            "rows": self._rows(),
            "elders": head["elders"],
            "trades": head["trades"],
            "events": head["events"],
            "stops": head["stops"],
            "links": head["stops"],
            "heaps": head["stops"],
            "groups": head["stops"],
            "averages": head["averages"],
            "labels": self._rows() if head["labelled"] else 0,
        }
        state = {
            name: copied(array[..., : int(used.get(name, array.shape[-1]))])
            for name, array in self.arrays.items()
        }
        header = self.header.copy()
        for name in _PLACES:
            header[name] = 0
        return {"header": header, **state}

    @classmethod
    def from_state(cls, state):
        """Return a store that has the arrays of a state.

        Parameters
        ----------
        state : dict of ndarray
            What `state` gave; the arrays are the store's from now on.

        Returns
        -------
        Store
            Equal to the one that the state was taken of.
        """
        store = cls()
        store.header[...] = state["header"]
        for name in ARRAYS:
            store._put(name, copied(state[name]))  # kernels write to it by its address
        for name in (
            "orders",
            "levels",
            "far",
            "rows",
            "stops",
            "links",
            "heaps",
            "groups",
            "averages",
        ):  # room for one record at least
            store._grow(name, state[name].shape[-1], 1)
        if store.header["labelled"]:
            used = store._rows()
            store._grow("labels", used, store.header["rows_room"] - used)
        store.header["credit"] = 0
        return store

    def copy(self):
        """Copy the store.

        Returns
        -------
        Store
            One that shares nothing with this one.
        """
        return Store.from_state(self.state())
