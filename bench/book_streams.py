"""Streams of order messages for the book's benches, written by a small book of their own.

A stream is 55 % limit orders that rest, 35 % cancels of random live orders, 4 % market orders, 4 %
limit orders that cross and 2 % modifies to prices that don't; whatever is drawn, takers take more
while more orders rest than are meant to, and so the number of live orders stays about the same.
To know which orders live, and at what prices, the kernel keeps a book: a queue for each price,
which it finds by counting. It shares nothing with nanobook's, and where it ends is compared.
"""

from typing import NamedTuple

import numpy as np

from nanobook import MESSAGE
from nanobook.jit import njit
from nanobook.types.codes import CANCEL, LIMIT, MARKET, MODIFY, NO_OWNER

__all__ = ["Stream", "make_stream"]

#: Where prices start, and one more than the highest there can be.
CENTRE, PRICES = 200_000, 400_000

#: Orders are added so far from the other side's best: exponential with this mean in a near stream.
NEAR_TICKS = 20.0

#: A limit order that crosses goes so far through the other side's best.
THROUGH = 2

#: What an order brings at most; what a taker takes at most while there's little, and much.
MOST, LITTLE, MUCH = 100, 40, 800

#: An order, by id; `place` is where it stands in the list of the living, `joined` when it came.
NODE = np.dtype(
    [
        *((name, np.int64) for name in ("price", "side", "remaining", "before", "after")),
        *((name, np.int64) for name in ("place", "joined")),
    ]
)

#: A price: its first and last order, and when it last saw a trade.
QUEUE = np.dtype([(name, np.int64) for name in ("first", "last", "traded")])

#: The rest: best bid and ask, live orders, ids taken, trades, the last price.
STATE = np.dtype([(name, np.int64) for name in ("bid", "ask", "live", "ids", "trades", "price")])


class Stream(NamedTuple):
    """A stream of messages, and what it must come to.

    Attributes
    ----------
    preload, messages : ndarray of MESSAGE
        Orders that rest before the stream begins, and the stream.
    ids, trades, live, bid, ask, last_price : int
        After both: ids taken, trades made, live orders, best prices, the last trade's price.
    """

    preload: np.ndarray
    messages: np.ndarray
    ids: int
    trades: int
    live: int
    bid: int
    ask: int
    last_price: int

    def __str__(self):
        return (
            f"{len(self.messages):,} messages, {self.trades:,} trades, {self.live:,} live orders "
            f"at the end ({len(self.preload):,} at the beginning)"
        )


def make_stream(count, *, live, deep=0, safe=False, seed=1):
    """Make a stream.

    Parameters
    ----------
    count : int
        Messages.
    live : int
        Orders that rest at the beginning, and about as many later.
    deep : int, default 0
        Orders are added up to so many ticks away, all distances alike; 0 for near the touch.
    safe : bool, default False
        Whether orders are cancelled and modified only if their price has seen no trade since they
        came. The original survives such streams.
    seed : int
        Of the random numbers.

    Returns
    -------
    Stream
        Messages and where they end.
    """
    messages = np.zeros(live + count, MESSAGE)
    messages["owner"] = NO_OWNER
    nodes, queues = np.zeros(len(messages) + 1, NODE), np.zeros(PRICES, QUEUE)
    state, living = np.zeros(1, STATE), np.zeros(len(messages), np.int64)
    state["bid"], state["ask"] = CENTRE - 1, CENTRE + 1
    rng = np.random.default_rng(seed)
    write(messages, nodes, queues, state[0], living, live, deep, safe, rng)
    now = {name: int(state[name][0]) for name in STATE.names}
    end = now["ids"], now["trades"], now["live"], now["bid"], now["ask"], now["price"]
    return Stream(messages[:live], messages[live:], *end)


@njit
def write(messages, nodes, queues, state, living, preload, deep, safe, rng):
    """Write messages, those before `preload` all orders that rest."""
    for at in range(len(messages)):
        message = messages[at]
        chance = rng.random() if at >= preload else 0.0
        side = np.int64(1 if rng.random() < 0.5 else -1)
        other = state["ask"] if side > 0 else state["bid"]
        message["quantity"] = rng.integers(1, MOST + 1)
        order = np.int64(0)
        if 0.55 <= chance < 0.92:
            order = _pick(rng, nodes, queues, state, living, safe)
        if order != 0 and chance < 0.90:
            message["kind"] = CANCEL
            message["quantity"] = 0
            message["order_id"] = order
            _leave(nodes, queues, state, living, order)
        elif order != 0:
            side = nodes[order]["side"]
            other = state["ask"] if side > 0 else state["bid"]
            message["kind"] = MODIFY
            message["order_id"] = order
            message["price"] = other - side * _distance(rng, deep)
            _leave(nodes, queues, state, living, order)
            _submit(nodes, queues, state, living, at, side, message["price"], message["quantity"])
        elif chance >= 0.92:
            most = MUCH if state["live"] > preload else LITTLE
            message["quantity"] = rng.integers(1, most + 1)
            message["side"] = side
            if chance < 0.96:
                message["kind"] = MARKET
                _take(nodes, queues, state, living, at, side, PRICES * side, message["quantity"])
                state["ids"] += 1
            else:
                message["kind"] = LIMIT
                message["price"] = price = other + side * THROUGH
                _submit(nodes, queues, state, living, at, side, price, message["quantity"])
        else:
            message["kind"] = LIMIT
            message["side"] = side
            message["price"] = price = other - side * _distance(rng, deep)
            _submit(nodes, queues, state, living, at, side, price, message["quantity"])


@njit
def _distance(rng, deep):
    if deep > 0:
        return np.int64(rng.integers(1, deep + 1))
    return 1 + np.int64(-NEAR_TICKS * np.log(1.0 - rng.random()))


@njit
def _pick(rng, nodes, queues, state, living, safe):
    """Return a random live order, 0 if there's none that will do."""
    if state["live"] == 0:
        return np.int64(0)
    for _ in range(1000):
        order = living[rng.integers(0, state["live"])]
        node = nodes[order]
        if not safe or queues[node["price"]]["traded"] < node["joined"]:
            return order
    return np.int64(0)


@njit
def _submit(nodes, queues, state, living, now, side, price, quantity):
    """Take an id, trade what can be traded, and let the rest rest."""
    state["ids"] += 1
    order = state["ids"]
    rest = _take(nodes, queues, state, living, now, side, price, quantity)
    if rest == 0:
        return
    node, queue = nodes[order], queues[price]
    node["price"], node["side"], node["remaining"] = price, side, rest
    node["before"], node["after"] = queue["last"], 0
    node["place"], node["joined"] = state["live"], now
    living[state["live"]] = order
    state["live"] += 1
    if queue["last"] != 0:
        nodes[queue["last"]]["after"] = order
    else:
        queue["first"] = order
    queue["last"] = order
    if side > 0:
        state["bid"] = max(state["bid"], price)
    else:
        state["ask"] = min(state["ask"], price)


@njit
def _take(nodes, queues, state, living, now, side, limit, wanted):
    """Trade with the other side up to a limit; return what's still wanted."""
    while wanted > 0:
        price = state["ask"] if side > 0 else state["bid"]
        if price * side > limit * side:
            break
        order = queues[price]["first"]
        if order == 0:
            break  # nothing at all rests there
        traded = min(wanted, nodes[order]["remaining"])
        wanted -= traded
        nodes[order]["remaining"] -= traded
        queues[price]["traded"] = now
        state["trades"] += 1
        state["price"] = price
        if nodes[order]["remaining"] == 0:
            _leave(nodes, queues, state, living, order)
    return wanted


@njit
def _leave(nodes, queues, state, living, order):
    """Take an order out of its queue and from the living."""
    node = nodes[order]
    queue = queues[node["price"]]
    if node["before"] != 0:
        nodes[node["before"]]["after"] = node["after"]
    else:
        queue["first"] = node["after"]
    if node["after"] != 0:
        nodes[node["after"]]["before"] = node["before"]
    else:
        queue["last"] = node["before"]
    state["live"] -= 1
    last = living[state["live"]]
    living[node["place"]] = last
    nodes[last]["place"] = node["place"]
    if queue["first"] == 0:
        while state["bid"] > 0 and queues[state["bid"]]["first"] == 0:
            state["bid"] -= 1
        while state["ask"] < PRICES - 1 and queues[state["ask"]]["first"] == 0:
            state["ask"] += 1
