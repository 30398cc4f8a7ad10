"""ITCH 5.0 and the books it builds, written from the published layouts: dicts, lists and scans.

A message is the bytes of one frame, its type first. Prices are in 1/10000 and times in nanoseconds
since midnight, as they come; sides are +1 (buy) and -1 (sell).
"""

import struct
from dataclasses import dataclass, field
from heapq import nlargest, nsmallest
from types import SimpleNamespace

HEADER = (("locate", "H"), ("tracking", "H"), ("timestamp_ns", "6s"))
HEADER_SIZE = 11

#: What follows the header of each type, in order, as `struct` names it; all of it is big-endian.
LAYOUTS = {
    "S": (("event_code", "c"),),
    "R": (
        ("stock", "8s"),
        ("market_category", "c"),
        ("financial_status", "c"),
        ("round_lot_size", "I"),
        ("round_lots_only", "c"),
        ("issue_classification", "c"),
        ("issue_sub_type", "2s"),
        ("authenticity", "c"),
        ("short_sale_threshold", "c"),
        ("ipo_flag", "c"),
        ("luld_price_tier", "c"),
        ("etp_flag", "c"),
        ("etp_leverage", "I"),
        ("inverse", "c"),
    ),
    "H": (("stock", "8s"), ("trading_state", "c"), ("reserved", "c"), ("reason", "4s")),
    "Y": (("stock", "8s"), ("action", "c")),
    "L": (
        ("mpid", "4s"),
        ("stock", "8s"),
        ("primary_market_maker", "c"),
        ("market_maker_mode", "c"),
        ("participant_state", "c"),
    ),
    "V": (("level_1", "Q"), ("level_2", "Q"), ("level_3", "Q")),
    "W": (("breached_level", "c"),),
    "K": (
        ("stock", "8s"),
        ("release_time", "I"),
        ("release_qualifier", "c"),
        ("price", "I"),
    ),
    "J": (
        ("stock", "8s"),
        ("reference_price", "I"),
        ("upper_price", "I"),
        ("lower_price", "I"),
        ("extension", "I"),
    ),
    "h": (("stock", "8s"), ("market_code", "c"), ("action", "c")),
    "A": (("reference", "Q"), ("side", "c"), ("shares", "I"), ("stock", "8s"), ("price", "I")),
    "F": (
        ("reference", "Q"),
        ("side", "c"),
        ("shares", "I"),
        ("stock", "8s"),
        ("price", "I"),
        ("mpid", "4s"),
    ),
    "E": (("reference", "Q"), ("shares", "I"), ("match", "Q")),
    "C": (
        ("reference", "Q"),
        ("shares", "I"),
        ("match", "Q"),
        ("printable", "c"),
        ("price", "I"),
    ),
    "X": (("reference", "Q"), ("shares", "I")),
    "D": (("reference", "Q"),),
    "U": (("reference", "Q"), ("new_reference", "Q"), ("shares", "I"), ("price", "I")),
    "P": (
        ("reference", "Q"),
        ("side", "c"),
        ("shares", "I"),
        ("stock", "8s"),
        ("price", "I"),
        ("match", "Q"),
    ),
    "Q": (
        ("shares", "Q"),
        ("stock", "8s"),
        ("price", "I"),
        ("match", "Q"),
        ("cross_type", "c"),
    ),
    "B": (("match", "Q"),),
    "I": (
        ("paired_shares", "Q"),
        ("imbalance_shares", "Q"),
        ("imbalance_direction", "c"),
        ("stock", "8s"),
        ("far_price", "I"),
        ("near_price", "I"),
        ("reference_price", "I"),
        ("cross_type", "c"),
        ("price_variation", "c"),
    ),
    "N": (("stock", "8s"), ("interest_flag", "c")),
    "O": (
        ("stock", "8s"),
        ("open_eligibility", "c"),
        ("minimum_price", "I"),
        ("maximum_price", "I"),
        ("near_price", "I"),
        ("near_time", "Q"),
        ("lower_price", "I"),
        ("upper_price", "I"),
    ),
}


def format_of(kind):
    """Return the `struct` format of a type's message, the type letter first."""
    return ">c" + "".join(code for _, code in (*HEADER, *LAYOUTS[kind]))


#: The bytes of each type's message, as the official specification has them.
SIZES = {kind: struct.calcsize(format_of(kind)) for kind in LAYOUTS}

BUY, SELL = 1, -1
ALL_WELL, SESSION_END, CUT, STOPPED = "end of file", "session end", "cut", "stop"


# ------------------------------------------------------------------ bytes


def kind_of(message):
    """Return the letter of a message's type, whether it's known or not."""
    return message[:1].decode("latin-1")


def is_known(message):
    """Return whether a message's type has a layout."""
    return kind_of(message) in LAYOUTS


def is_short(message):
    """Return whether a message of a known type ends before its layout does."""
    return is_known(message) and len(message) < SIZES[kind_of(message)]


def frames(data):
    """Return all messages of a stream, each with the offset of its frame, and how it ended.

    The last of three is the offset of the frame at which reading stopped, whole or not.
    """
    found, at = [], 0
    while at < len(data):
        if len(data) - at < 2:
            return found, CUT, at
        length = data[at] * 256 + data[at + 1]
        if length == 0:
            return found, SESSION_END, at
        message = data[at + 2 : at + 2 + length]
        if len(message) < length:
            return found, CUT, at
        found.append((at, bytes(message)))
        at += 2 + length
    return found, ALL_WELL, at


def decode(message):
    """Return the fields of a message by name, or None if it's short or of no known type.

    Numbers are ints, letters bytes; words come without the spaces behind them, nor zeros before
    those, which NumPy's words can't end in.
    """
    kind = kind_of(message)
    if kind not in LAYOUTS or is_short(message):
        return None
    values = struct.unpack(format_of(kind), message[: SIZES[kind]])
    names = ["type", *(name for name, _ in (*HEADER, *LAYOUTS[kind]))]
    fields = dict(zip(names, values, strict=True))
    fields["type"] = kind
    fields["timestamp_ns"] = int.from_bytes(fields["timestamp_ns"], "big")
    for name, code in LAYOUTS[kind]:
        if code in ("2s", "4s", "8s"):
            fields[name] = fields[name].rstrip(b" ").rstrip(b"\0")
    return fields


def packet_messages(packet):
    """Return sequence number and messages of a MoldUDP64 packet, and the bytes behind it."""
    session, sequence, count = struct.unpack(">10sQH", packet[:20])
    at, found = 20, []
    if count != 0xFFFF:  # which says that the session is over
        for _ in range(count):
            length = int.from_bytes(packet[at : at + 2], "big")
            found.append(packet[at + 2 : at + 2 + length])
            at += 2 + length
    return session, sequence, found, packet[at:]


def pcap_packets(data):
    """Return the payloads of the UDP packets in a pcap file, over IPv4 with or without VLANs."""
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at, found = 24, []
    while at + 16 <= len(data):
        _, _, kept, _ = struct.unpack(order + "IIII", data[at : at + 16])
        packet = data[at + 16 : at + 16 + kept]
        at += 16 + kept
        ethernet = 12
        while packet[ethernet : ethernet + 2] in (b"\x81\x00", b"\x88\xa8"):
            ethernet += 4
        if packet[ethernet : ethernet + 2] != b"\x08\x00" or packet[ethernet + 2] >> 4 != 4:
            continue
        internet = packet[ethernet + 2 :]
        total = int.from_bytes(internet[2:4], "big")
        datagram = internet[(internet[0] & 15) * 4 : total]
        if internet[9] == 17:
            found.append(datagram[8 : int.from_bytes(datagram[4:6], "big")])
    return found


def pcap_messages(data):
    """Return all ITCH messages of a pcap file."""
    return [message for packet in pcap_packets(data) for message in packet_messages(packet)[2]]


# ------------------------------------------------------------------ books


@dataclass(eq=False)
class Book:
    """A symbol's queues and what has been counted of its messages."""

    symbol: bytes = b""
    bids: dict = field(default_factory=dict)  # price: its [reference, remaining], oldest first
    asks: dict = field(default_factory=dict)
    counts: dict = field(default_factory=dict)  # messages by type, "?" for short and unknown ones
    unknown_references: int = 0
    duplicate_references: int = 0
    malformed: int = 0
    locked: int = 0
    crossed: int = 0
    last_message: int = -1  # its index

    def queues(self, side):
        return self.bids if side == BUY else self.asks

    def levels(self, side, most):
        """Return the best prices of a side and the shares at each, best first."""
        queues = self.queues(side)
        prices = (nlargest if side == BUY else nsmallest)(most, queues)
        return [(price, sum(left for _, left in queues[price])) for price in prices]

    def orders(self):
        """Return side, price, reference and shares of all orders, bids first, in priority."""
        rows = []
        for side in (BUY, SELL):
            for price in sorted(self.queues(side), reverse=side == BUY):
                rows += [(side, price, *order) for order in self.queues(side)[price]]
        return rows

    @property
    def live(self):
        return len(self.orders())


class Fault(Exception):
    """What strict reading doesn't bear: where, and of which kind."""

    def __init__(self, offset, message, kind):
        super().__init__(offset, message, kind)
        self.offset, self.message, self.kind = offset, message, kind


class NaiveBooks:
    """The books of all symbols, and the trades; a message at a time.

    `symbols` says whose (a set of bytes), None for everyone's. Locate 0 stands for no symbol,
    unless a message has said that it does; messages of types S, V and W are nobody's in any case.
    """

    def __init__(self, symbols=None, start=None):
        self.symbols = symbols
        self.start = start  # of the trades that are kept
        self.books = {}  # locate: its book
        self.names = {}  # locate: the first symbol that was said of it, followed or not
        self.orders = {}  # reference: the locate, side and price it has now
        self.trades = []  # dicts
        self.broken = set()  # match numbers

    def is_followed(self, locate):
        """Return whether the messages of a locate count, as far as its symbol is known by now."""
        if locate == 0 and 0 not in self.names:
            return False
        return self.symbols is None or self.names.get(locate) in self.symbols

    def take(self, index, message):
        """Take a message in; return its followed locate or None, and its fault, "" if none."""
        if len(message) < HEADER_SIZE:
            return None, "malformed" if is_known(message) else ""
        locate = int.from_bytes(message[1:3], "big")
        fields = decode(message)
        if fields and "stock" in fields:
            self.names.setdefault(locate, fields["stock"])
        if kind_of(message) in "SVW" or not self.is_followed(locate):
            return None, "malformed" if is_short(message) else ""
        book = self.books.setdefault(locate, Book())
        book.symbol = self.names.get(locate, b"")
        book.last_message = index
        kind = fields["type"] if fields else "?"
        book.counts[kind] = book.counts.get(kind, 0) + 1
        fault = ""
        if is_short(message):
            fault = "malformed"
        elif fields:
            fault = self.apply(index, locate, fields)
        if fault:
            setattr(book, fault, getattr(book, fault) + 1)
        if book.bids and book.asks:
            book.locked += max(book.bids) == min(book.asks)
            book.crossed += max(book.bids) > min(book.asks)
        return locate, fault

    def apply(self, index, locate, message):
        """Carry out a message; return what's wrong with it, "" if nothing."""
        kind = message["type"]
        if kind in "AF":
            return self.add(locate, message)
        if kind == "U":
            return self.replace(message)
        if kind in "ECXD":
            order = self.orders.get(message["reference"])
            if order is None:
                return "unknown_references"
            if kind in "EC":
                self.execute(index, locate, message, *order[1:])
            shares = None if kind == "D" else message["shares"]
            self.take_off(message["reference"], shares)
        elif kind in "PQ" and 0 < message["shares"] < 2**63:
            self.trade(index, locate, message, message["price"], 0, message.get("reference", 0))
        elif kind == "B":
            self.broken.add(message["match"])
        return ""

    def add(self, locate, message):
        if message["shares"] == 0 or message["side"] not in (b"B", b"S"):
            return "malformed"
        if message["reference"] in self.orders:
            return "duplicate_references"
        side = BUY if message["side"] == b"B" else SELL
        self.append(locate, side, message["price"], message["reference"], message["shares"])
        return ""

    def replace(self, message):
        old, new = message["reference"], message["new_reference"]
        if message["shares"] == 0:
            return "malformed"
        if old not in self.orders:
            return "unknown_references"
        if new in self.orders and new != old:
            return "duplicate_references"
        locate, side, _ = self.orders[old]
        self.take_off(old)
        self.append(locate, side, message["price"], new, message["shares"])
        return ""

    def append(self, locate, side, price, reference, shares):
        """Put an order at the back of its price's queue."""
        queues = self.books[locate].queues(side)
        queues.setdefault(price, []).append([reference, shares])
        self.orders[reference] = locate, side, price

    def take_off(self, reference, shares=None):
        """Take shares off an order where it stands, or all of them; an empty one goes."""
        locate, side, price = self.orders[reference]
        queues = self.books[locate].queues(side)
        [order] = [order for order in queues[price] if order[0] == reference]
        order[1] -= order[1] if shares is None else min(shares, order[1])
        if order[1] == 0:
            queues[price].remove(order)
            del self.orders[reference]
        if not queues[price]:
            del queues[price]

    def execute(self, index, locate, message, side, price):
        """Note the trade of an execution: at the order's price, or at its own."""
        printable = 1
        if message["type"] == "C":
            price, printable = message["price"], int(message["printable"] == b"Y")
        self.trade(index, locate, message, price, -side, message["reference"], printable)

    def trade(self, index, locate, message, price, aggressor, reference, printable=1):
        if self.start is not None and message["timestamp_ns"] < self.start:
            return
        self.trades.append(
            {
                "message": index,
                "timestamp_ns": message["timestamp_ns"],
                "locate": locate,
                "price": price,
                "quantity": message["shares"],
                "aggressor_side": aggressor,
                "reference": reference,
                "match": message["match"],
                "printable": printable,
                "kind": message["type"].encode(),
            }
        )

    def told_trades(self):
        """Return the trades; a number that was broken marks all of its trades, late ones too."""
        return [{**trade, "broken": int(trade["match"] in self.broken)} for trade in self.trades]

    def check(self):
        """Fail unless references and queues tell the same, and no queue is empty."""
        found = {}
        for locate, book in self.books.items():
            for side in (BUY, SELL):
                assert all(book.queues(side).values())
            for side, price, reference, shares in book.orders():
                assert shares > 0
                assert reference not in found
                found[reference] = locate, side, price
        assert found == self.orders


# ------------------------------------------------------------------ samples


class Sampler:
    """Rows of books: after messages (a number), on a grid (a pair), at times (a list), or none.

    A grid comes as ``("grid", nanoseconds)``. Nothing is sampled before `start`; the first time of
    the grid after it shows all books that had a message before, later ones those that had one
    since.
    """

    def __init__(self, books, levels, every, start=None, stop=None, orders=False):
        self.books, self.levels, self.every = books, levels, every
        self.start = 0 if start is None else start
        self.rows = []  # (message, timestamp_ns, locate, bids, asks)
        self.orders = [] if orders else None  # for each row, those of its book
        self.messages = 0  # of followed symbols, from the start on
        self.touched = set()  # locates, since the last time of the grid
        self.clock = 0  # the latest timestamp so far
        self.times = []
        if isinstance(every, list):
            beyond = max(every, default=0) + 1 if stop is None else stop
            self.times = [time for time in sorted(every) if self.start <= time < beyond]

    def row(self, time, locate):
        book = self.books.books[locate]
        sides = (book.levels(BUY, self.levels), book.levels(SELL, self.levels))
        self.rows.append((book.last_message, time, locate, *sides))
        if self.orders is not None:
            self.orders.append(book.orders())

    def before(self, timestamp):
        """Take the rows whose time has passed when a message of this timestamp is due."""
        if isinstance(self.every, tuple) and self.touched and timestamp > self.grid_time():
            self.close(self.grid_time(), self.touched)
        while self.times and timestamp > self.times[0]:
            self.close(self.times.pop(0), self.books.books)
        self.clock = max(self.clock, timestamp)

    def grid_time(self):
        """Return the first time of the grid that isn't before the clock, nor before the start."""
        return -(-max(self.clock, self.start) // self.every[1]) * self.every[1]

    def close(self, time, locates):
        for locate in sorted(locates):
            self.row(time, locate)
        self.touched.clear()

    def after(self, timestamp, locate):
        """Note that a message of a followed locate has been carried out."""
        self.touched.add(locate)
        if isinstance(self.every, int) and self.every > 0 and timestamp >= self.start:
            self.messages += 1
            if self.messages % self.every == 0:
                self.row(timestamp, locate)

    def end(self):
        if isinstance(self.every, tuple) and self.touched:
            self.close(self.grid_time(), self.touched)
        while self.times:
            self.close(self.times.pop(0), self.books.books)


def replay(
    data, symbols=None, levels=1, every=1, *, start=None, stop=None, orders=False, strict=False
):
    """Return what a stream makes of the books: samples, trades, books, and how it ended.

    Raises
    ------
    Fault
        With `strict`, at the first thing that's wrong.
    """
    books = NaiveBooks(None if symbols is None else set(symbols), start)
    sampler = Sampler(books, levels, every if every is not None else 0, start, stop, orders)
    found, status, end = frames(data)
    counts, malformed, read = {}, 0, 0
    for index, (offset, message) in enumerate(found):
        timestamp = None
        if len(message) >= HEADER_SIZE:
            timestamp = int.from_bytes(message[5:11], "big")
            if stop is not None and timestamp >= stop:
                status, end = STOPPED, offset
                break
            sampler.before(timestamp)
        locate, fault = books.take(index, message)
        if fault and strict:
            raise Fault(offset, index, fault)
        if locate is not None:
            sampler.after(timestamp, locate)
        read += 1
        counts[kind_of(message)] = counts.get(kind_of(message), 0) + 1
        malformed += is_short(message)
    sampler.end()
    check_end(data, status, end, read, strict)
    return SimpleNamespace(
        rows=sampler.rows,
        orders=sampler.orders,
        trades=books.told_trades(),
        books=books.books,
        names=books.names,
        status=status,
        messages=read,
        counts=counts,
        malformed=malformed,
        naive=books,
    )


def check_end(data, status, end, read, strict):
    """Raise if a stream read strictly ends in mid-frame, or goes on behind its end."""
    if strict and status == CUT:
        raise Fault(end, read, "cut")
    if strict and status == SESSION_END and end + 2 < len(data):
        raise Fault(end, read, "session end")


def read(data, symbols=None, types=None, start=None, stop=None, *, strict=False):
    """Return the decoded messages of a stream by type, each as (index, fields), and its end.

    Raises
    ------
    Fault
        With `strict`, at the first thing that's wrong.
    """
    names, messages, malformed, counts = {}, {}, 0, {}
    found, status, end = frames(data)
    symbols = None if symbols is None else set(symbols)
    index = 0
    for index, (offset, message) in enumerate(found):
        if len(message) >= HEADER_SIZE:
            timestamp = int.from_bytes(message[5:11], "big")
            if stop is not None and timestamp >= stop:
                status, end = STOPPED, offset
                break
        kind = kind_of(message)
        counts[kind] = counts.get(kind, 0) + 1
        malformed += is_short(message)
        if strict and is_short(message):
            raise Fault(offset, index, "malformed")
        fields = decode(message)
        if fields is None:
            continue
        locate = fields["locate"]
        if "stock" in fields:
            names.setdefault(locate, fields["stock"])
        if symbols is not None and names.get(locate) not in symbols:
            continue
        if start is not None and fields["timestamp_ns"] < start:
            continue
        if types is None or kind in types:
            messages.setdefault(kind, []).append((index, fields))
    check_end(data, status, end, len(found), strict)
    return SimpleNamespace(
        messages=messages,
        names=names,
        status=status,
        counts=counts,
        malformed=malformed,
    )
