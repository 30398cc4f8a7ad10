"""Random streams of order messages, and how a book and its oracle are compared."""

import numpy as np

from nanobook.types.records import EXTENDED_MESSAGE, MESSAGE
from oracles.order_book import NaiveExchange

#: What kinds there are in a stream, and how often: limit, market, cancel, modify, reduce,
#: cancel_all, policy.
EVERYTHING = (50, 8, 22, 10, 7, 0.5, 1)
PLAIN = (55, 10, 25, 10, 0, 0, 0)


def random_messages(rng, count, *, ticks=8, centre=100, kinds=EVERYTHING, first_id=1, owners=3):
    """Return messages over a narrow band of prices, with ids of live, ended and unknown orders."""
    messages = np.zeros(count, EXTENDED_MESSAGE)
    chances = np.array(kinds, float)
    messages["kind"] = rng.choice(len(chances), count, p=chances / chances.sum())
    messages["side"] = rng.choice([1, -1], count)
    messages["tif"] = rng.choice(3, count, p=[0.7, 0.15, 0.15])
    messages["owner"] = rng.integers(-1, owners, count)
    messages["price"] = centre + rng.integers(-(ticks // 2), ticks - ticks // 2, count)
    messages["quantity"] = rng.integers(0, 12, count)
    messages["tag"] = np.where(rng.random(count) < 0.3, rng.integers(-5, 100, count), 0)
    takes_id = np.isin(messages["kind"], (0, 1, 3))
    newest = first_id + np.cumsum(takes_id)
    back = rng.geometric(0.08, count)
    messages["order_id"] = np.maximum(newest - back, rng.integers(0, 3, count))
    limit = messages["kind"] == 0
    post = limit & (messages["tif"] == 0) & (rng.random(count) < 0.1)
    messages["flags"] = post
    messages["side"][(messages["kind"] == 5) & (rng.random(count) < 0.4)] = 0
    messages["quantity"][messages["kind"] == 6] %= 4
    return messages


def narrow(messages):
    """Return messages without tags, in the narrow dtype."""
    out = np.zeros(len(messages), MESSAGE)
    for name in MESSAGE.names:
        out[name] = messages[name]
    return out


def oracle_results(oracle, messages):
    """Return what an oracle makes of messages."""
    return [oracle.apply(message) for message in messages]


def assert_same(exchange, oracle, *, orders=True):
    """Fail unless a book and its oracle show the same in every way they can be asked."""
    for side, word in ((1, "bids"), (-1, "asks")):
        shown = [tuple(level) for level in getattr(exchange.full_book(), word)]
        assert shown == [tuple(level) for level in oracle.levels(side)]
    assert exchange.best_bid_ask() == (oracle.best(1), oracle.best(-1))
    assert exchange.last_trade_price() == oracle.last_price
    queues = exchange.queues()
    expected = [*oracle.queue(1), *oracle.queue(-1)]
    assert queues[["price", "order_id", "quantity"]].tolist() == [tuple(row) for row in expected]
    assert exchange.trades_array().tolist() == [tuple(trade) for trade in oracle.trades]
    if orders:
        known = {row["order_id"]: row for row in exchange.orders()}
        last = int(exchange._store.header["next_id"])
        for order_id in range(last + 2):
            assert_same_order(exchange.get_order(order_id), oracle.order(order_id))
            assert (order_id in known) == (oracle.order(order_id) is not None)


def assert_same_order(order, expected):
    """Fail unless an order stands as the oracle says."""
    if expected is None:
        assert order is None
        return
    assert order.id == expected["id"]
    assert order.side.sign == expected["side"] or order.side == expected["side"]
    assert order.status == expected["status"]
    assert order.time_in_force == expected["time_in_force"]
    for name in ("price", "original_quantity", "remaining_quantity", "filled_quantity"):
        assert getattr(order, name) == expected[name]
    for name in ("timestamp", "owner", "tag"):
        assert getattr(order, name) == expected[name]


def pair(policy="off"):
    """Return a book and an oracle, both empty."""
    from nanobook.book import Exchange

    return Exchange(self_trade_prevention=policy), NaiveExchange(policy)
