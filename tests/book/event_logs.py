"""Random streams with every kind of message, and how an exchange is compared with another."""

import numpy as np
from book.streams import random_messages

from nanobook.book import Exchange

STOP_MARKET, STOP_LIMIT, TRAILING_STOP_MARKET, TRAILING_STOP_LIMIT, BARS = range(7, 12)


def random_log(seed, count):
    """Return messages of all kinds: a quarter are stop orders."""
    rng = np.random.default_rng(seed)
    messages = random_messages(rng, count, ticks=int(rng.choice([4, 12, 60])))
    stops = np.flatnonzero(rng.random(count) < 0.25)
    some = messages[stops]
    some["kind"] = rng.integers(STOP_MARKET, TRAILING_STOP_LIMIT + 1, len(stops))
    some["side"] = rng.choice([1, -1], len(stops))
    some["flags"] = 0
    some["stop_price"] = 100 + rng.integers(-8, 9, len(stops))
    some["trail_type"] = rng.integers(0, 4, len(stops))
    values = rng.choice([-1.5, -0.2, 0.0, 0.003, 0.05, 1e-5, 1.0, 2.7, 4.0, 1e16], len(stops))
    some["trail_value"] = values
    some["atr_period"] = np.maximum(rng.integers(0, 6, len(stops)), some["trail_type"] == 3)
    messages[stops] = some
    bars = rng.random(count) < 0.01
    messages["quantity"][bars], messages["kind"][bars] = rng.choice([1, 3, 10]), BARS
    return messages


def random_exchange(seed, count, *, clear=False):
    """Return an exchange that a random stream went through, in pieces of random lengths."""
    rng = np.random.default_rng(seed + 1)
    policy = rng.choice(["off", "cancel_newest", "cancel_oldest", "decrement_and_cancel"])
    exchange, messages = Exchange(self_trade_prevention=str(policy)), random_log(seed, count)
    start = 0
    while start < count:
        stop = start + int(rng.integers(1, count + 1))
        exchange.process(messages[start:stop])
        start = stop
        if clear and rng.random() < 0.5:
            exchange.clear_order_history()
            exchange.clear_trades()
    return exchange


def assert_equal(exchange, other):
    """Fail unless two exchanges are the same to the bit, and their logs are too."""
    assert exchange == other
    assert exchange.event_log().tobytes() == other.event_log().tobytes()
    assert exchange.orders().tobytes() == other.orders().tobytes()
    assert exchange.trades_array().tobytes() == other.trades_array().tobytes()
    assert exchange.pending_stop_count() == other.pending_stop_count()
    assert exchange.last_trade_price() == other.last_trade_price()
    for order_id in exchange.stops()["order_id"].tolist():
        assert exchange.get_stop_order(order_id) == other.get_stop_order(order_id)
