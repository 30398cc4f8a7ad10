"""Random streams of order messages, and how a book and its oracle are compared."""

import numpy as np
from oracles.order_book import NaiveExchange

from nanobook.book import EXTENDED_MESSAGE, MESSAGE, Exchange

LIMIT, MARKET, CANCEL, MODIFY, REDUCE, CANCEL_ALL, POLICY = range(7)
POLICIES = ("off", "cancel_newest", "cancel_oldest", "decrement_and_cancel")
SIDES = {1: "buy", -1: "sell", 0: None}
TIFS = ("gtc", "ioc", "fok")
STATUSES = ("New", "PartiallyFilled", "Filled", "Cancelled")
ERRORS = ("", "OrderNotFound", "OrderNotActive", "InvalidQuantity", "QuantityOverflow")
OVERFLOW = (0, -1, 4, 0, 0, 0, 0)

#: What of a result is compared: as an oracle has it.
RESULT = ("order_id", "status", "error", "trade_count", "filled", "resting", "cancelled")

LOWEST, HIGHEST = -(2**63), 2**63 - 1

#: What kinds there are in a stream, and how often: limit, market, cancel, modify, reduce,
#: cancel_all, policy.
EVERYTHING = (50, 8, 22, 10, 7, 0.5, 1)
PLAIN = (55, 10, 25, 10, 0, 0, 0)


def pair(policy="off", bar_trades=None, **options):
    """Return a book and an oracle, both empty."""
    exchange = Exchange(self_trade_prevention=policy, bar_trades=bar_trades, **options)
    return exchange, NaiveExchange(policy, bar_trades)


def message(kind, side=0, price=0, quantity=0, *, tif="gtc", order_id=0, owner=-1, **others):
    """Return one wide message as an array of length 1; side and tif are words or codes."""
    out = np.zeros(1, EXTENDED_MESSAGE)
    side = {"buy": 1, "sell": -1}.get(side, side)
    tif = TIFS.index(tif) if isinstance(tif, str) else tif
    fields = {"kind": kind, "side": side, "price": price, "quantity": quantity, "tif": tif}
    for name, value in {**fields, "order_id": order_id, "owner": owner, **others}.items():
        out[name] = value
    return out


def random_messages(rng, count, *, ticks=8, centre=100, kinds=EVERYTHING, first_id=1, owners=3):
    """Return messages over a narrow band of prices, with ids of live, ended and unknown orders.

    `centre` is a price, or one for each message.
    """
    messages = np.zeros(count, EXTENDED_MESSAGE)
    chances = np.array(kinds, float)
    messages["kind"] = rng.choice(len(chances), count, p=chances / chances.sum())
    messages["side"] = rng.choice([1, -1], count)
    messages["tif"] = rng.choice(3, count, p=[0.7, 0.15, 0.15])
    messages["owner"] = rng.integers(-1, owners, count)
    messages["price"] = centre + rng.integers(-(ticks // 2), ticks - ticks // 2, count)
    messages["quantity"] = rng.integers(0, 12, count)
    messages["tag"] = np.where(rng.random(count) < 0.3, rng.integers(-5, 100, count), 0)
    takes_id = np.isin(messages["kind"], (LIMIT, MARKET, MODIFY))
    newest = first_id + np.cumsum(takes_id)
    back = rng.geometric(0.08, count)
    messages["order_id"] = np.maximum(newest - back, rng.integers(0, 3, count))
    limit = messages["kind"] == LIMIT
    messages["flags"] = limit & (messages["tif"] == 0) & (rng.random(count) < 0.1)
    messages["side"][(messages["kind"] == CANCEL_ALL) & (rng.random(count) < 0.4)] = 0
    messages["quantity"][messages["kind"] == POLICY] %= 4
    return messages


def narrow(messages):
    """Return messages without tags, in the narrow dtype."""
    out = np.zeros(len(messages), MESSAGE)
    for name in MESSAGE.names:
        out[name] = messages[name]
    return out


def oracle_rows(oracle, messages):
    """Return the results of messages as an oracle has them, a tuple each as RESULT says."""
    return [_oracle_row(oracle, message) for message in messages.tolist()]


def _oracle_row(oracle, message):
    row = oracle.apply(message)
    if message[0] == CANCEL_ALL:  # where a batch has the number of orders
        return (*row[:3], oracle.cancelled_orders, *row[4:])
    return row


def rows_of(results):
    """Return the rows of an ORDER_RESULT array as tuples of the seven that RESULT names."""
    return results[list(RESULT)].tolist()


def drive(exchange, message):
    """Call the method that a message stands for; return the result as RESULT says."""
    kind, side, tif, flags, owner, price, quantity, order_id, *wide = message.tolist()
    labels = {"owner": None if owner < 0 else owner, "tag": wide[0] if wide else 0}
    if not any(labels.values()) and labels["owner"] is None:
        labels = {}  # the short way through the methods
    if kind == LIMIT:
        options = {"post_only": True} if flags else {}
        order = (SIDES[side], price, quantity, TIFS[tif])
        return _placed(lambda: exchange.submit_limit(*order, **labels, **options))
    if kind == MARKET:
        return _placed(lambda: exchange.submit_market(SIDES[side], quantity, **labels))
    if kind == CANCEL:
        return _cancelled(exchange, order_id, exchange.cancel(order_id))
    if kind == MODIFY:
        return _placed(lambda: exchange.modify(order_id, price, quantity))
    if kind == REDUCE:
        return _cancelled(exchange, order_id, exchange.reduce(order_id, quantity))
    if kind == CANCEL_ALL:
        orders, quantity = exchange.cancel_all(SIDES[side], labels.get("owner"))
        return (0, 3, 0, orders, 0, 0, quantity)
    exchange.self_trade_prevention = POLICIES[quantity]
    return (0,) * 7


def _placed(call):
    try:
        result = call()
    except OverflowError:
        return OVERFLOW
    if getattr(result, "error", None):
        return (0, -1, ERRORS.index(result.error), 0, 0, 0, 0)
    order_id = result.new_order_id if hasattr(result, "new_order_id") else result.order_id
    quantities = result.filled_quantity, result.resting_quantity, result.cancelled_quantity
    return (order_id, STATUSES.index(result.status), 0, len(result.trades), *quantities)


def _cancelled(exchange, order_id, result):
    if not result.success:
        return (order_id, -1, ERRORS.index(result.error), 0, 0, 0, 0)
    order = exchange.get_order(order_id)
    if not order.is_active:
        return (order_id, 3, 0, 0, 0, 0, result.cancelled_quantity)
    status = ("new", "partiallyfilled").index(order.status)
    return (order_id, status, 0, 0, 0, order.remaining_quantity, result.cancelled_quantity)


def assert_same(exchange, oracle, *, orders=True):
    """Fail unless a book and its oracle show the same in every way they can be asked."""
    book = exchange.full_book()
    for side, word in ((1, "bids"), (-1, "asks")):
        assert [tuple(level) for level in getattr(book, word)] == oracle.levels(side)
    best = oracle.best(1), oracle.best(-1)
    assert exchange.best_bid_ask() == best == (exchange.best_bid(), exchange.best_ask())
    assert exchange.spread() == (None if None in best else best[1] - best[0])
    assert exchange.last_trade_price() == oracle.last_price
    assert exchange.self_trade_prevention == oracle.policy
    assert exchange.bar_trades == oracle.bar_trades
    for period in (1, 2, 14, *oracle.asked):
        assert exchange.average_true_range(period) == oracle.average_true_range(period)
    queues = exchange.queues()[["price", "order_id", "quantity"]].tolist()
    assert queues == [*oracle.queue(1), *oracle.queue(-1)]
    assert exchange.trades_array().tolist() == oracle.trades
    if orders:
        assert exchange.orders()["order_id"].tolist() == sorted(oracle.orders)
        assert [order.id for order in exchange.open_orders()] == oracle.open_ids()
        for order_id in range(oracle.next_order_id + 2):
            assert_same_order(exchange.get_order(order_id), oracle.order(order_id))
        for row in exchange.queues():
            order = exchange.get_order(row["order_id"])
            labels = order.timestamp, -1 if order.owner is None else order.owner, order.tag
            assert (row["timestamp"], row["owner"], row["tag"]) == labels


def assert_same_order(order, expected):
    """Fail unless an order stands as the oracle says."""
    if expected is None:
        assert order is None
        return
    assert order.side.sign == expected["side"]
    for name, value in expected.items():
        if name != "side":
            assert getattr(order, name) == value, name


#: Where the prices of a random stream lie: around zero, far up, and at both ends of int64.
CENTRES = (100, 0, -5, 10**9, 2**62, LOWEST + 150, HIGHEST - 149)


def check_random_stream(seed, longest=1_500):
    """Run a random stream through a book and its oracle, in random pieces, and compare all.

    Returns
    -------
    int
        How many messages it had.

    Raises
    ------
    AssertionError
        At the first difference; the text has the seed and the message.
    """
    rng = np.random.default_rng(seed)
    policy = POLICIES[rng.integers(4)] if rng.random() < 0.3 else "off"
    exchange, oracle = pair(policy, record_events=bool(rng.random() < 0.5))
    messages = random_messages(
        rng,
        int(rng.integers(1, longest)),
        ticks=int(rng.choice([3, 8, 25, 200])),
        centre=int(rng.choice(CENTRES)),
        kinds=(EVERYTHING, PLAIN)[rng.integers(2)],
    )
    if rng.random() < 0.2:  # sums that come close to the end of int64
        messages["quantity"][rng.random(len(messages)) < 0.02] = 2**62
        messages["quantity"][messages["kind"] == POLICY] %= 4
    if rng.random() < 0.5:
        messages = narrow(messages)
    start = 0
    while start < len(messages):
        piece = messages[start : start + int(rng.integers(1, 200))]
        before = len(oracle.trades)
        expected = oracle_rows(oracle, piece)
        made = exchange.process(piece)
        for at, (got, wanted) in enumerate(zip(rows_of(made.results), expected, strict=True)):
            assert got == tuple(wanted), (seed, start + at, piece[at], got, wanted)
        assert made.trades.tolist() == oracle.trades[before:], (seed, start)
        oracle.check()
        best = oracle.best(1), oracle.best(-1)
        assert exchange.best_bid_ask() == best, (seed, start)
        if rng.random() < 0.1:
            gone = oracle.clear_order_history()
            assert exchange.clear_order_history() == gone, (seed, start)
        if rng.random() < 0.05:
            exchange.clear_trades()
            oracle.clear_trades()
        start += len(piece)
    try:
        assert_same(exchange, oracle, orders=rng.random() < 0.3)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from error
    return len(messages)
