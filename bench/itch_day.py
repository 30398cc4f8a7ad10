"""Whole ITCH days for the benches, written by a small market of its own in one compiled pass.

Once its books are full, a day is 45 % adds, 40 % deletes, 6 % replaces, 5 % executions, 1 %
executions at another price, 2 % cancels in part, and trades, imbalances and others. Prices lie on
cents around a middle that moves slowly; books are never locked or crossed. Deletes prefer orders
that are young, executions the best price and the front of its queue. The market keeps its own
queues and shares nothing with nanobook's book or its ITCH room.
"""

import numpy as np

from nanobook.jit import njit

__all__ = ["synthetic_day"]

#: What an order knows; `before` and `after` are its neighbours in its price's queue, 0 for none,
#: and `place` is where it stands in its symbol's list of the living.
ORDER = np.dtype(
    [
        ("reference", np.uint64),
        *((name, np.int64) for name in ("price", "side", "shares", "before", "after", "place")),
    ]
)

#: What a symbol knows: prices in ticks, and how many of its orders live.
MARKET = np.dtype([(name, np.int64) for name in ("middle", "bid", "ask", "live")])

#: A symbol's ladder has so many prices; its middle stays this far from both ends.
PRICES, MARGIN = 2_048, 600

#: A price of the ladder is so many cents above its place in it, and a cent 100 units of the wire.
LOWEST, CENT = 14_000, 100

#: Orders are added at distances from the touch with this mean, and none farther.
MEAN_DISTANCE, FARTHEST = 60.0, 500

#: Nanoseconds from 09:30 to 16:00, and those since midnight that they begin at.
OPENING, SESSION = 34_200 * 10**9, 23_400 * 10**9

#: The longest frame of all that are written: an imbalance, and its two bytes of length.
LONGEST = 52

#: The shares of what a day is made of, summed up: A, D, U, E, C, X, P, I; the rest are Y and H.
CHANCES = np.cumsum([0.445, 0.40, 0.06, 0.05, 0.01, 0.02, 0.01, 0.003])

#: The letters that are written, as bytes.
A, B, C, D, E, F, H, N = (np.uint8(ord(letter)) for letter in "ABCDEFHN")
P, Q, R, S, U, X, Y = (np.uint8(ord(letter)) for letter in "PQRSUXY")
IMBALANCE, OPENS, TRADING, COMMON, SPACE = (np.uint8(ord(letter)) for letter in "IOTZ ")
ZERO, ONE = np.uint8(48), np.uint8(49)


def synthetic_day(messages, symbols=1, seed=1, *, live=None):
    """Write a day.

    Parameters
    ----------
    messages : int
        How many, those of the opening included.
    symbols : int, default 1
        How many are traded: locates 1, 2, ... under the names S00001, S00002, ...; the first ones
        more than the last.
    seed : int, default 1
        Of the random numbers.
    live : int, optional
        About how many orders rest at a time, of all symbols; 20,000, and at least 500 a symbol.

    Returns
    -------
    bytes
        A stream of frames, with no end mark.

    Examples
    --------
    >>> len(synthetic_day(100_000))
    3217059
    """
    target = max(500, (20_000 if live is None else live) // symbols)
    orders = np.zeros((symbols, 2 * target + 2), ORDER)
    living = np.zeros((symbols, 2 * target + 2), np.int32)
    firsts = np.zeros((symbols, PRICES), np.int32)
    lasts = np.zeros((symbols, PRICES), np.int32)
    markets = np.zeros(symbols, MARKET)
    markets["middle"] = PRICES // 2
    markets["bid"], markets["ask"] = -1, PRICES
    names = np.array([f"S{at + 1:05d}  ".encode() for at in range(symbols)], "S8")
    names = names.view(np.uint8).reshape(symbols, 8)
    for at in range(symbols):  # the places in the pool, in the order they will be taken
        living[at] = np.arange(1, living.shape[1] + 1)
    buffer = np.empty(LONGEST * messages, np.uint8)
    rng = np.random.default_rng(seed)
    size = write_day(
        buffer, orders, living, firsts, lasts, markets, names, messages, target, CHANCES, rng
    )
    return buffer[:size].tobytes()


@njit
def write_day(
    buffer, orders, living, firsts, lasts, markets, names, messages, target, chances, rng
):
    """Write all messages; return the bytes they take."""
    symbols = len(markets)
    at, now = np.int64(0), np.int64(OPENING)
    reference, match = np.uint64(10_000), np.uint64(1)
    step = 2.0 * SESSION / (messages + 1)  # half of all messages take no time of their own
    opening = symbols + 1
    fill = min(messages // 5, symbols * target)
    for index in range(messages):
        if index == 0:
            at = _header(buffer, at, S, 12, 0, OPENING - 10**9)
            at = _letter(buffer, at, OPENS)
            continue
        if index < opening:
            at = _directory(buffer, at, index, names[index - 1])
            continue
        if rng.random() < 0.5:
            now += np.int64(rng.exponential() * step)
        skewed = rng.random()
        symbol = np.int64(symbols * skewed * skewed)
        chance = rng.random()
        if index < opening + fill:  # the book fills evenly
            symbol, chance = index % symbols, 0.0
        market, book = markets[symbol], orders[symbol]
        alive, first, last = living[symbol], firsts[symbol], lasts[symbol]
        locate = symbol + 1
        if rng.random() < 0.001:
            market["middle"] = _walk(market["middle"], rng)
        # Where few orders live, a delete becomes an add now and then, and the other way round.
        if index >= opening + fill and chance < chances[1] and rng.random() < 0.1:
            chance = 0.0 if market["live"] < target else chances[0]
        if market["live"] < 10 and chance < chances[5]:
            chance = 0.0
        if market["live"] >= 2 * target and chance < chances[0]:
            chance = chances[0]
        reference += np.uint64(rng.integers(1, 4))
        if chance < chances[0]:
            side = np.int64(1 if rng.random() < 0.5 else -1)
            shares = _shares(rng)
            price = _price(rng, market, side)
            _join(book, alive, first, last, market, reference, side, price, shares)
            attributed = rng.random() < 0.02
            at = _header(buffer, at, F if attributed else A, 40 if attributed else 36, locate, now)
            at = _number(buffer, at, reference, 8)
            at = _letter(buffer, at, B if side > 0 else S)
            at = _number(buffer, at, np.uint64(shares), 4)
            at = _name(buffer, at, names[symbol])
            at = _price_field(buffer, at, price)
            if attributed:
                for letter in (N, S, D, Q):
                    at = _letter(buffer, at, letter)
        elif chance < chances[1]:
            order = _any_order(rng, alive, market)
            at = _header(buffer, at, D, 19, locate, now)
            at = _number(buffer, at, book[order]["reference"], 8)
            _leave(book, alive, first, last, market, order)
        elif chance < chances[2]:
            order = _any_order(rng, alive, market)
            at = _header(buffer, at, U, 35, locate, now)
            at = _number(buffer, at, book[order]["reference"], 8)
            side, shares = book[order]["side"], _shares(rng)
            _leave(book, alive, first, last, market, order)
            price = _price(rng, market, side)
            _join(book, alive, first, last, market, reference, side, price, shares)
            at = _number(buffer, at, reference, 8)
            at = _number(buffer, at, np.uint64(shares), 4)
            at = _price_field(buffer, at, price)
        elif chance < chances[4]:
            order = _near_the_front(rng, book, alive, first, market)
            price = book[order]["price"]
            shares = book[order]["shares"]
            if rng.random() < 0.4:
                shares = np.int64(1 + rng.random() * shares)
            other = chance >= chances[3]
            match += np.uint64(1)
            at = _header(buffer, at, C if other else E, 36 if other else 31, locate, now)
            at = _number(buffer, at, book[order]["reference"], 8)
            at = _number(buffer, at, np.uint64(shares), 4)
            at = _number(buffer, at, match, 8)
            if other:
                at = _letter(buffer, at, Y)
                at = _price_field(buffer, at, price + np.int64(book[order]["side"]))
            _reduce(book, alive, first, last, market, order, shares)
        elif chance < chances[5]:
            order = _any_order(rng, alive, market)
            shares = np.int64(1 + rng.random() * 0.9 * book[order]["shares"])
            at = _header(buffer, at, X, 23, locate, now)
            at = _number(buffer, at, book[order]["reference"], 8)
            at = _number(buffer, at, np.uint64(shares), 4)
            _reduce(book, alive, first, last, market, order, shares)
        elif chance < chances[6]:
            match += np.uint64(1)
            at = _header(buffer, at, P, 44, locate, now)
            at = _number(buffer, at, np.uint64(0), 8)
            at = _letter(buffer, at, B)
            at = _number(buffer, at, np.uint64(_shares(rng)), 4)
            at = _name(buffer, at, names[symbol])
            at = _price_field(buffer, at, market["middle"])
            at = _number(buffer, at, match, 8)
        elif chance < chances[7]:
            at = _header(buffer, at, IMBALANCE, 50, locate, now)
            at = _number(buffer, at, np.uint64(_shares(rng)), 8)
            at = _number(buffer, at, np.uint64(_shares(rng)), 8)
            at = _letter(buffer, at, B)
            at = _name(buffer, at, names[symbol])
            for _ in range(3):
                at = _price_field(buffer, at, market["middle"])
            at = _letter(buffer, at, OPENS)
            at = _letter(buffer, at, SPACE)
        elif rng.random() < 0.5:
            at = _header(buffer, at, Y, 20, locate, now)
            at = _name(buffer, at, names[symbol])
            at = _letter(buffer, at, ZERO)
        else:
            at = _header(buffer, at, H, 25, locate, now)
            at = _name(buffer, at, names[symbol])
            for letter in (TRADING, SPACE, SPACE, SPACE, SPACE, SPACE):
                at = _letter(buffer, at, letter)
    return at


# ---- what happens next ---------------------------------------------------------------------------


@njit
def _walk(middle, rng):
    """Return the middle one tick up or down, away from the ends of the ladder."""
    moved = middle + (1 if rng.random() < 0.5 else -1)
    return min(max(moved, MARGIN), PRICES - MARGIN)


@njit
def _shares(rng):
    """Return a round lot, or now and then an odd one."""
    if rng.random() < 0.3:
        return np.int64(rng.integers(1, 100))
    return np.int64(100 * (1 + np.int64(rng.exponential() * 2.0)))


@njit
def _price(rng, market, side):
    """Return a price in ticks on the book's own side of the middle, and of the other's best."""
    distance = min(np.int64(rng.exponential() * MEAN_DISTANCE), FARTHEST)
    if side > 0:
        return min(market["middle"] - 1 - distance, market["ask"] - 1)
    return max(market["middle"] + 1 + distance, market["bid"] + 1)


@njit
def _any_order(rng, living, market):
    """Return one of the living, more often one of the last that came."""
    if rng.random() < 0.7:
        back = np.int64(rng.exponential() * 200.0)
        if back < market["live"]:
            return living[market["live"] - 1 - back]
    return living[rng.integers(0, market["live"])]


@njit
def _near_the_front(rng, book, living, first, market):
    """Return an order at a best price: the first of its queue, or one not far behind it.

    The side that the middle has moved into is hit first.
    """
    bid, ask = market["bid"], market["ask"]
    if bid < 0 and ask >= PRICES:
        return living[0]
    buys = 2 * market["middle"] > bid + ask
    if rng.random() < 0.3:
        buys = not buys
    if ask >= PRICES:
        buys = False
    elif bid < 0:
        buys = True
    order = first[ask if buys else bid]
    while rng.random() < 0.2 and book[order]["after"] != 0:
        order = np.int32(book[order]["after"])
    return order


# ---- the market's own book -----------------------------------------------------------------------


@njit
def _join(book, living, first, last, market, reference, side, price, shares):
    """Put a new order at the back of its price's queue."""
    slot = living[market["live"]]
    order = book[slot]
    order["reference"], order["side"], order["price"] = reference, side, price
    order["shares"], order["place"] = shares, market["live"]
    order["before"], order["after"] = last[price], 0
    if last[price] != 0:
        book[last[price]]["after"] = slot
    else:
        first[price] = slot
    last[price] = slot
    market["live"] += 1
    if side > 0:
        market["bid"] = max(market["bid"], price)
    else:
        market["ask"] = min(market["ask"], price)


@njit
def _leave(book, living, first, last, market, slot):
    """Take an order out of its queue and from the living."""
    order = book[slot]
    price, before, after = order["price"], order["before"], order["after"]
    if before != 0:
        book[before]["after"] = after
    else:
        first[price] = after
    if after != 0:
        book[after]["before"] = before
    else:
        last[price] = before
    market["live"] -= 1
    moved = living[market["live"]]
    living[order["place"]], living[market["live"]] = moved, slot
    book[moved]["place"] = order["place"]
    if first[price] != 0:
        return
    if price == market["bid"]:
        while market["bid"] >= 0 and first[market["bid"]] == 0:
            market["bid"] -= 1
    elif price == market["ask"]:
        while market["ask"] < PRICES and first[market["ask"]] == 0:
            market["ask"] += 1


@njit
def _reduce(book, living, first, last, market, slot, shares):
    """Take shares off an order; an empty one goes."""
    if shares >= book[slot]["shares"]:
        _leave(book, living, first, last, market, slot)
    else:
        book[slot]["shares"] -= shares


# ---- bytes ---------------------------------------------------------------------------------------


@njit
def _letter(buffer, at, letter):
    buffer[at] = letter
    return at + 1


@njit
def _number(buffer, at, number, size):
    """Write a number, the high byte first; return where it ends."""
    for byte in range(size):
        buffer[at + byte] = np.uint8((number >> np.uint64(8 * (size - 1 - byte))) & np.uint64(255))
    return at + size


@njit
def _price_field(buffer, at, price):
    return _number(buffer, at, np.uint64((price + LOWEST) * CENT), 4)


@njit
def _name(buffer, at, name):
    for byte in range(8):
        buffer[at + byte] = SPACE if name[byte] == 0 else name[byte]
    return at + 8


@njit
def _header(buffer, at, letter, size, locate, now):
    """Write a frame's length and what all messages begin with; return where that ends."""
    at = _number(buffer, at, np.uint64(size), 2)
    at = _letter(buffer, at, letter)
    at = _number(buffer, at, np.uint64(locate), 2)
    at = _number(buffer, at, np.uint64(0), 2)
    return _number(buffer, at, np.uint64(now), 6)


@njit
def _directory(buffer, at, locate, name):
    at = _header(buffer, at, R, 39, locate, OPENING - 10**9)
    at = _name(buffer, at, name)
    at = _letter(buffer, at, Q)
    at = _letter(buffer, at, N)
    at = _number(buffer, at, np.uint64(100), 4)
    for letter in (N, C, COMMON, SPACE, P, N, N, ONE, N):
        at = _letter(buffer, at, letter)
    at = _number(buffer, at, np.uint64(0), 4)
    return _letter(buffer, at, N)
