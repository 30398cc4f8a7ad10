"""Random ITCH streams, whole and damaged, written with `struct` from the oracle's layouts."""

import random
import struct
from functools import partial

from hypothesis import strategies as st
from oracles.itch import HEADER_SIZE, LAYOUTS, format_of

SYMBOLS = (b"AAPL", b"MSFT", b"BRK.A", b"ZVZZT", b"LONGNAME", b"Z")

#: Where a day begins: half past nine.
OPENING = 34_200 * 10**9

#: Prices that no market is made at: $0.0001, $0.01, $100,000, the highest the market takes, and
#: the highest four bytes hold.
FAR_PRICES = (1, 100, 1_000_000_000, 1_999_999_900, 2**32 - 1)

#: Where references begin: each stretch of a day has another.
FIRST_REFERENCES = (0, 1, 10_000, 2**31 - 5, 2**32 - 5, 2**63 - 5, 2**63 + 10**6, 2**64 - 3_000)

KNOWN_TYPES = "".join(LAYOUTS)
ORDER_TYPES = "AFECXDU"
OTHER_TYPES = "".join(kind for kind in KNOWN_TYPES if kind not in ORDER_TYPES)
UNKNOWN_TYPES = b"Zza1\x00\xff"

#: Fields whose eight bytes are shares, prices or times rather than numbers of any size.
SIGNED = ("shares", "paired_shares", "imbalance_shares", "near_time")
SIGNED += ("level_1", "level_2", "level_3")


def encode(kind, *, locate=0, tracking=0, timestamp_ns=OPENING, **fields):
    """Return a message; fields that aren't given are zeros and spaces."""
    values = [kind.encode(), locate, tracking, timestamp_ns.to_bytes(6, "big")]
    for name, code in LAYOUTS[kind]:
        value = fields.pop(name, 0 if code in "IQ" else b" ")
        values.append(value.ljust(int(code[:-1] or 1)) if isinstance(value, bytes) else value)
    assert not fields, fields
    return struct.pack(format_of(kind), *values)


def framed(*messages):
    """Return messages as a stream."""
    return b"".join(len(message).to_bytes(2, "big") + message for message in messages)


def packed(*messages, sequence=1, session=b"000010059B", count=None):
    """Return messages as a MoldUDP64 packet."""
    count = len(messages) if count is None else count
    return struct.pack(">10sQH", session, sequence, count) + framed(*messages)


def captured(*packets, nanoseconds=True, big_endian=False, vlan=True):
    """Return UDP payloads as a pcap file, in Ethernet frames over IPv4."""
    order = ">" if big_endian else "<"
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    out = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262_144, 1)]
    for packet in packets:
        udp = struct.pack(">HHHH", 26_477, 26_477, 8 + len(packet), 0) + packet
        header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0x4000, 16, 17, 0)
        ethernet = b"\x01\x00\x5e\x36\x0c\x6f" + b"\xd4\xaf\xf7\xcb\x20\xd5"
        ethernet += (b"\x81\x00\x00\x8d" if vlan else b"") + b"\x08\x00"
        frame = ethernet + header + b"\x01\x02\x03\x04\xe9\x36\x0c\x6f" + udp
        out += [struct.pack(order + "IIII", 1_692_710_000, 5, len(frame), len(frame)), frame]
    return b"".join(out)


class Day:
    """A market that writes messages at random; it knows what lives, and lies about it at times.

    `mess` is the chance that an order's message isn't quite right, `junk` that a message is no
    message of a known layout.
    """

    def __init__(self, seed, symbols=SYMBOLS, *, mess=0.1, junk=0.03, far=0.05, ticks=6):
        self.rng = random.Random(seed)
        locates = self.rng.sample([*range(1, 60), 2_000, 40_000, 65_535], len(symbols))
        self.stocks = dict(zip(locates, symbols, strict=True))
        self.centres = {locate: self.rng.choice([50, 10_000, 1_630_000]) for locate in locates}
        self.mess, self.junk, self.far, self.ticks = mess, junk, far, ticks
        self.live = {}  # reference: its locate, what remains, more or less, and its side
        self.ended = [7]
        self.next_reference = self.rng.choice(FIRST_REFERENCES)
        self.matches = [0]
        self.now = OPENING

    def chance(self, probability):
        return self.rng.random() < probability

    def opening(self):
        """Return the messages a day begins with."""
        first = [encode("S", timestamp_ns=self.now, event_code=b"O")]
        return first + [self.other("R", locate) for locate in self.stocks]

    def message(self):
        """Return the next message."""
        if self.chance(0.5):
            self.now += self.rng.choice([1, 1_000, 10**6, 5 * 10**6, 7 * 10**7])
        if self.chance(0.002):
            self.now += 2 * 10**9
        if self.chance(self.junk):
            return self.junk_message()
        kind = self.rng.choices("AFECXDUo", (40, 3, 10, 2, 4, 25, 10, 6))[0]
        if kind == "o":
            return self.other(self.rng.choice(OTHER_TYPES))
        return self.order_message(kind)

    def order_message(self, kind):
        locate, reference = self.rng.choice([*self.stocks]), None
        if kind not in "AF":
            reference, locate = self.known_reference(locate)
        shares = self.shares(reference)
        write = partial(encode, kind, **self.header(locate))
        if kind in "AF":
            new = self.new_reference()
            side = self.rng.choice([b"B", b"S"])
            if self.chance(self.mess * 0.2):
                side = self.rng.choice([b" ", b"b", b"s", b"T"])
            extra = {"mpid": b"NSDQ"} if kind == "F" else {}
            if shares and side in (b"B", b"S"):
                self.live.setdefault(new, [locate, shares, side])
            price = self.price(locate, side)
            stock = self.stocks[locate]
            return write(reference=new, side=side, shares=shares, stock=stock, price=price, **extra)
        if kind == "D":
            self.take_off(reference)
            return write(reference=reference)
        if kind == "U":
            new = reference if self.chance(self.mess * 0.2) else self.new_reference()
            side = self.live.get(reference, [locate, 0, b"B"])[2]
            if shares and reference in self.live and (new not in self.live or new == reference):
                self.take_off(reference)
                self.live[new] = [locate, shares, side]
            price = self.price(locate, side)
            return write(reference=reference, new_reference=new, shares=shares, price=price)
        self.take_off(reference, shares)
        if kind == "X":
            return write(reference=reference, shares=shares)
        more = {}
        if kind == "C":
            more = {"printable": self.rng.choice([b"Y", b"N"]), "price": self.price(locate)}
        return write(reference=reference, shares=shares, match=self.match(), **more)

    def header(self, locate):
        tracking = self.rng.choice([0, 2, 65_535])
        return {"locate": locate, "tracking": tracking, "timestamp_ns": self.now}

    def known_reference(self, locate):
        """Return the reference of a live order and its locate; or another one, now and then."""
        if not self.live or self.chance(self.mess):
            return self.rng.choice([*self.ended[-20:], 3, 2**64 - 1]), locate
        recent = [*self.live][-self.rng.choice([3, 30, 10**9]) :]
        reference = self.rng.choice(recent)
        if not self.chance(self.mess * 0.1):
            locate = self.live[reference][0]
        return reference, locate

    def new_reference(self):
        if self.live and self.chance(self.mess * 0.5):
            return self.rng.choice([*self.live])
        if self.chance(self.mess * 0.3):
            return self.rng.choice(self.ended[-20:])
        if self.chance(0.005):
            self.next_reference = self.rng.choice(FIRST_REFERENCES) + self.rng.randrange(1_000)
        self.next_reference = (self.next_reference + self.rng.randrange(1, 4)) % 2**64
        return self.next_reference

    def shares(self, reference=None):
        if self.chance(self.mess * 0.3):
            return 0
        if self.chance(self.mess * 0.1):
            return 2**32 - 1
        if reference in self.live and self.chance(0.3):
            near = self.live[reference][1] + self.rng.choice([0, 0, 0, 1, -1])
            return min(max(near, 0), 2**32 - 1)
        return self.rng.choice([1, 5, 100, 100, 200, self.rng.randrange(1, 1_000)])

    def take_off(self, reference, shares=2**32):
        if reference not in self.live:
            return
        self.live[reference][1] -= shares
        if self.live[reference][1] <= 0:
            del self.live[reference]
            self.ended.append(reference)

    def price(self, locate, side=None):
        """Return a price: near the middle, where books are locked and crossed often, or far."""
        side = side or self.rng.choice([b"B", b"S"])
        centre, tick = self.centres[locate], 1 if self.centres[locate] < 10_000 else 100
        if self.chance(self.far):
            prices = [p for p in FAR_PRICES if (p < centre) == (side == b"B")]
            return self.rng.choice(FAR_PRICES if self.chance(0.01) else prices)
        away = self.rng.randrange(-1 if self.chance(0.05) else 0, self.ticks)
        price = centre + tick * (-away if side == b"B" else away + 1)
        return price if 0 < price < 2**32 else centre

    def match(self):
        self.matches.append(self.matches[-1] + self.rng.randrange(1, 5))
        return self.matches[-1]

    def other(self, kind, locate=None):
        """Return a message of a type that changes no order, of random fields."""
        fields = {}
        if locate is None:
            locate = self.rng.choice([*self.stocks])
        names = [name for name, _ in LAYOUTS[kind]]
        if kind in "SVW":
            locate = 0
        elif kind == "B" and not self.chance(self.mess):
            fields["match"] = self.rng.choice(self.matches[-20:])
        elif "match" in names:
            fields["match"] = self.match()
        if "stock" in names:
            fields["stock"] = self.stocks[locate]
        for name, code in LAYOUTS[kind]:
            if name in fields:
                continue
            if name == "price":
                fields[name] = self.price(locate)
            elif code in "IQ":
                most = 2**32 if code == "I" else 2**63 if name in SIGNED else 2**64
                fields[name] = self.rng.choice([0, 100, 5_000, self.rng.randrange(most)])
            else:
                length = int(code[:-1] or 1)
                letters = self.rng.choices(b"BSNYTAO ", k=length)
                fields[name] = bytes(letters)
        return encode(kind, **self.header(locate), **fields)

    def junk_message(self):
        """Return a message of an unknown type, a short one, or one with bytes behind it."""
        what = self.rng.randrange(4)
        if what == 0:
            return self.order_message("A") + bytes(self.rng.randrange(1, 300))
        if what == 1:
            whole = self.other(self.rng.choice(KNOWN_TYPES.translate({ord(c): "" for c in "AFU"})))
            return whole[: self.rng.randrange(1, len(whole))]
        letter = bytes([self.rng.choice(UNKNOWN_TYPES)])
        header = self.other("Y")[1:HEADER_SIZE]
        return letter + (header + bytes(self.rng.randrange(400)))[: self.rng.randrange(1, 400)]


def random_day(seed, messages, symbols=SYMBOLS, *, slice_from=0, **options):
    """Return a stream of so many messages, and as many as there are symbols and one before them.

    Parameters
    ----------
    seed, messages : int
        The same seed gives the same stream.
    symbols : sequence of bytes
        What is traded.
    slice_from : int, default 0
        So many messages are left out at the beginning: most of what follows was never said.
    **options
        Of Day: how often things aren't right.

    Returns
    -------
    bytes
        A stream with no end mark.
    """
    day = Day(seed, symbols, **options)
    written = day.opening() + [day.message() for _ in range(messages)]
    return framed(*written[slice_from:])


# ---- damage --------------------------------------------------------------------------------------


def mutate(data, rng):
    """Return bytes with one thing done to them, drawn with a `random.Random`."""
    data = bytearray(data)
    at = rng.randrange(len(data) + 1)
    length = rng.choice([1, 2, 3, rng.randrange(1, 60)])
    what = rng.randrange(7)
    if what == 0 and at < len(data):  # flip
        data[at] ^= 1 << rng.randrange(8)
    elif what == 1 and at < len(data):  # set
        data[at] = rng.choice([0, 1, 255, rng.randrange(256)])
    elif what == 2:  # cut out
        del data[at : at + length]
    elif what == 3:  # cut off
        del data[max(at, len(data) - 3 * length) :]
    elif what == 4:  # insert
        data[at:at] = rng.randbytes(length)
    elif what == 5:  # repeat
        data[at:at] = data[max(at - length, 0) : at] * rng.randrange(1, 4)
    else:  # a length that lies
        starts = frame_starts(data)
        if starts:
            start = rng.choice(starts)
            length = rng.choice([0, 1, 10, 11, 18, 19, 35, 65_535, rng.randrange(2**16)])
            data[start : start + 2] = length.to_bytes(2, "big")
    return bytes(data)


def frame_starts(data):
    """Return where the frames of a stream begin, as far as its lengths can be followed."""
    starts, at = [], 0
    while at + 2 <= len(data):
        starts.append(at)
        at += 2 + int.from_bytes(data[at : at + 2], "big")
        if at - starts[-1] == 2:
            break
    return starts


# ---- hypothesis ----------------------------------------------------------------------------------

references = st.integers(0, 5) | st.sampled_from([2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1])
shares = st.integers(0, 4) | st.sampled_from([100, 2**31, 2**32 - 1])
prices = st.integers(98, 103) | st.sampled_from([0, 1, 10_000, 2**31, 2**32 - 1])
locates = st.sampled_from([1, 1, 2, 3, 65_535])
steps = st.sampled_from([0, 0, 1, 10**6, 5 * 10**7, 10**8, 10**9])
stock_of = {1: b"ONE", 2: b"TWO", 3: b"THREE", 65_535: b"LAST"}


def field_values(kind, name, code, locate):
    """Return the strategy of a field."""
    named = {
        "reference": references,
        "new_reference": references,
        "shares": shares,
        "price": prices,
        "stock": st.just(stock_of[locate]),
        "match": st.integers(1, 10),
        "side": st.sampled_from([b"B", b"S", b"B", b"S", b"x"]),
        "printable": st.sampled_from([b"Y", b"N"]),
    }
    if name in named:
        return named[name]
    if code in "IQ":
        most = 2**32 if code == "I" else 2**63 if name in SIGNED else 2**64
        return st.integers(0, most - 1)
    length = int(code[:-1] or 1)
    return st.text("ABYN ", min_size=length, max_size=length).map(str.encode)


@st.composite
def any_message(draw, kinds=ORDER_TYPES * 3 + KNOWN_TYPES):
    """Draw a step of time and a message that waits for its timestamp."""
    kind, locate = draw(st.sampled_from(kinds)), draw(locates)
    fields = {n: draw(field_values(kind, n, code, locate)) for n, code in LAYOUTS[kind]}
    if kind in "SVW":
        locate = 0
    return draw(steps), partial(encode, kind, locate=locate, **fields)


@st.composite
def small_streams(draw, most=25):
    """Draw a stream of few messages over few references, prices and symbols, all types in it."""
    now, written = OPENING, []
    for step, write in draw(st.lists(any_message(), max_size=most)):
        now += step
        written.append(write(timestamp_ns=now))
    if draw(st.booleans()):
        written[:0] = [encode("R", locate=locate, stock=name) for locate, name in stock_of.items()]
    return framed(*written)


@st.composite
def damaged_streams(draw, most=12):
    """Draw a small stream with a few things done to its bytes."""
    data, rng = draw(small_streams(most)), draw(st.randoms(use_true_random=False))
    for _ in range(draw(st.integers(1, 4))):
        data = mutate(data, rng)
    return data
