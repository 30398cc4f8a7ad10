"""Matching against an oracle written from the rules, and what holds for any sequence."""

import copy
import pickle

import numpy as np
import pytest
from book.streams import (
    HIGHEST,
    LOWEST,
    OVERFLOW,
    POLICIES,
    SIDES,
    TIFS,
    assert_same,
    check_random_stream,
    drive,
    narrow,
    oracle_rows,
    pair,
    random_messages,
    rows_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nanobook.book import EXTENDED_MESSAGE, Exchange

CENTRES = (100, 0, -3, LOWEST + 20, HIGHEST - 20)

sides = st.sampled_from([1, -1])
ticks = st.integers(-12, 12)
quantities = st.integers(0, 12) | st.sampled_from([1, 5, 2**62, HIGHEST])
owners = st.none() | st.integers(0, 2)
tags = st.sampled_from([0, 0, 7, LOWEST])
ids_back = st.integers(0, 20)


class BookAndOracle(RuleBasedStateMachine):
    """The same calls to a book and to its oracle; they show the same after each."""

    @initialize(
        centre=st.sampled_from(CENTRES), width=st.integers(3, 25), policy=st.sampled_from(POLICIES)
    )
    def begin(self, centre, width, policy):
        self.exchange, self.oracle = pair(policy)
        self.centre, self.width = centre, width

    def price(self, tick):
        return self.centre + tick % self.width - self.width // 2

    def an_id(self, back):
        """Return the id of a recent order, of one that never was, or 0."""
        return max(0, self.oracle.next_order_id + 1 - back)

    @rule(
        side=sides,
        tick=ticks,
        quantity=quantities,
        tif=st.sampled_from(["gtc", "gtc", "gtc", "ioc", "fok"]),
        owner=owners,
        tag=tags,
        post_only=st.booleans(),
    )
    def limit(self, side, tick, quantity, tif, owner, tag, post_only):
        post_only = post_only and tif == "gtc" and tick % 4 == 0
        price = self.price(tick)
        expected = self.oracle.limit(side, price, quantity, tif, owner, tag, post_only)
        order = {"tif": tif, "owner": owner, "tag": tag, "post_only": post_only}
        if expected == OVERFLOW:
            with pytest.raises(OverflowError):
                self.exchange.submit_limit(SIDES[side], price, quantity, **order)
        else:
            result = self.exchange.submit_limit(SIDES[side], price, quantity, **order)
            assert self.numbers(result) == (expected[0], *expected[3:])
            assert result.status == ("New", "PartiallyFilled", "Filled", "Cancelled")[expected[1]]

    @staticmethod
    def numbers(result):
        quantities = result.filled_quantity, result.resting_quantity, result.cancelled_quantity
        return (result.order_id, len(result.trades), *quantities)

    @rule(side=sides, quantity=quantities, owner=owners, tag=tags)
    def market(self, side, quantity, owner, tag):
        expected = self.oracle.market(side, quantity, owner, tag)
        result = self.exchange.submit_market(SIDES[side], quantity, owner=owner, tag=tag)
        assert self.numbers(result) == (expected[0], *expected[3:])

    @rule(back=ids_back)
    def cancel(self, back):
        order_id = self.an_id(back)
        expected = self.oracle.cancel(order_id)
        result = self.exchange.cancel(order_id)
        assert (result.success, result.cancelled_quantity) == (expected[1] == 3, expected[6])
        assert result.error == (None, "OrderNotFound", "OrderNotActive")[expected[2]]

    @rule(back=ids_back, tick=ticks, quantity=quantities)
    def modify(self, back, tick, quantity):
        order_id, price = self.an_id(back), self.price(tick)
        expected = self.oracle.modify(order_id, price, quantity)
        if expected == OVERFLOW:
            with pytest.raises(OverflowError):
                self.exchange.modify(order_id, price, quantity)
            return
        result = self.exchange.modify(order_id, price, quantity)
        assert result.old_order_id == order_id
        assert result.new_order_id == (expected[0] or None)
        assert len(result.trades) == expected[3]
        assert result.cancelled_quantity == expected[6]
        errors = (None, "OrderNotFound", "OrderNotActive", "InvalidQuantity")
        assert result.error == errors[expected[2]]

    @rule(back=ids_back, quantity=quantities)
    def reduce(self, back, quantity):
        order_id = self.an_id(back)
        expected = self.oracle.reduce(order_id, quantity)
        result = self.exchange.reduce(order_id, quantity)
        errors = (None, "OrderNotFound", "OrderNotActive", "InvalidQuantity")
        assert (result.error, result.cancelled_quantity) == (errors[expected[2]], expected[6])

    @rule(side=st.sampled_from([None, 1, -1]), owner=st.integers(0, 2))
    def cancel_all_of_an_owner(self, side, owner):
        expected = self.oracle.cancel_all(side, owner)
        result = self.exchange.cancel_all(SIDES[side or 0], owner)
        assert result == (self.oracle.cancelled_orders, expected[6])

    @precondition(lambda self: self.oracle.next_order_id > 15)
    @rule(side=st.sampled_from([None, 1, -1]))
    def cancel_all(self, side):
        expected = self.oracle.cancel_all(side)
        result = self.exchange.cancel_all(SIDES[side or 0])
        assert result == (self.oracle.cancelled_orders, expected[6])

    @rule(policy=st.sampled_from(POLICIES))
    def choose_policy(self, policy):
        self.oracle.set_policy(policy)
        self.exchange.self_trade_prevention = policy

    @rule(seed=st.integers(0, 2**32), count=st.integers(1, 30))
    def process(self, seed, count):
        rng, first = np.random.default_rng(seed), self.oracle.next_order_id
        options = {"ticks": self.width, "centre": self.centre, "first_id": first}
        messages = random_messages(rng, count, **options)
        expected = oracle_rows(self.oracle, messages)
        assert rows_of(self.exchange.process(messages).results) == expected

    @rule()
    def clear_trades(self):
        self.oracle.clear_trades()
        self.exchange.clear_trades()

    @rule()
    def clear_order_history(self):
        assert self.exchange.clear_order_history() == self.oracle.clear_order_history()

    @rule()
    def compact(self):
        self.exchange.compact()

    @rule()
    def go_on_with_a_copy(self):
        self.exchange = copy.copy(self.exchange)

    @rule()
    def go_on_with_a_pickle(self):
        self.exchange = pickle.loads(pickle.dumps(self.exchange))

    @invariant()
    def same(self):
        self.oracle.check()
        assert_same(self.exchange, self.oracle)


class TestBookAndOracle(BookAndOracle.TestCase):
    settings = settings(max_examples=60, stateful_step_count=40)


@pytest.mark.deep
class TestBookAndOracleForLong(BookAndOracle.TestCase):
    settings = settings(max_examples=250, stateful_step_count=60)


@pytest.mark.parametrize("chunk", range(12))
def test_any_random_stream_is_what_the_oracle_makes_of_it(chunk):
    for seed in range(40 * chunk, 40 * (chunk + 1)):
        check_random_stream(seed, longest=900)


@pytest.mark.deep
def test_a_million_random_messages_are_what_the_oracle_makes_of_them():
    done, seed = 0, 1_000_000
    while done < 1_000_000:
        done += check_random_stream(seed)
        seed += 1


@pytest.mark.core
@pytest.mark.parametrize("policy", POLICIES)
def test_a_short_stream_message_by_message_is_what_the_oracle_makes_of_it(policy):
    exchange, oracle = pair(policy)
    messages = random_messages(np.random.default_rng(7), 120, kinds=(50, 8, 20, 10, 7, 0.5, 0))
    for at in range(len(messages)):
        expected = oracle_rows(oracle, messages[at : at + 1])
        assert [drive(exchange, messages[at])] == expected
        assert exchange.best_bid_ask() == (oracle.best(1), oracle.best(-1))
    assert_same(exchange, oracle)
    assert exchange.clear_order_history() == oracle.clear_order_history()
    assert_same(exchange, oracle)


# ---- what section 17 of the specification asks of any sequence, without an oracle -------------


@st.composite
def streams(draw):
    """Draw a stream of messages of every kind over 3 to 25 ticks."""
    width = draw(st.integers(3, 25))
    centre = draw(st.sampled_from(CENTRES))
    seed, count = draw(st.integers(0, 2**32)), draw(st.integers(1, 250))
    kinds = draw(st.sampled_from([(50, 8, 22, 10, 7, 0.5, 1), (70, 5, 15, 5, 5, 0, 0)]))
    options = {"ticks": width, "centre": centre, "kinds": kinds}
    return random_messages(np.random.default_rng(seed), count, **options)


def levels_of(exchange):
    """Return (side, price, quantity, count) of all levels."""
    book = exchange.full_book()
    return [(1, *level) for level in book.bids] + [(-1, *level) for level in book.asks]


def one_at_a_time(messages):
    """Yield a book after each of the messages, with the message and its result."""
    exchange = Exchange()
    for at in range(len(messages)):
        result = exchange.process(messages[at : at + 1]).results[0]
        yield exchange, messages[at], result


@given(streams())
def test_the_book_is_never_crossed(messages):
    for exchange, _, _ in one_at_a_time(messages):
        bid, ask = exchange.best_bid_ask()
        assert bid is None or ask is None or bid < ask
        book = exchange.full_book()
        assert [level.price for level in book.bids] == sorted(
            {level.price for level in book.bids}, reverse=True
        )
        assert [level.price for level in book.asks] == sorted({level.price for level in book.asks})
        assert (bid, ask) == (book.best_bid(), book.best_ask())


@given(streams())
def test_a_level_holds_the_sum_of_what_remains_of_its_live_orders(messages):
    for exchange, _, _ in one_at_a_time(messages):
        sums = {}
        for order in exchange.open_orders():
            quantity, count = sums.get((order.side.sign, order.price), (0, 0))
            assert order.remaining_quantity > 0
            sums[order.side.sign, order.price] = quantity + order.remaining_quantity, count + 1
        assert {(side, price): rest for side, price, *rest in levels_of(exchange)} == {
            place: list(rest) for place, rest in sums.items()
        }


@given(streams())
def test_every_live_order_stands_in_exactly_one_queue(messages):
    for exchange, _, _ in one_at_a_time(messages):
        queued = exchange.queues()["order_id"].tolist()
        assert sorted(queued) == [order.id for order in exchange.open_orders()]


@given(streams())
def test_filled_resting_and_cancelled_add_up_to_the_quantity(messages):
    for exchange, message, result in one_at_a_time(messages):
        if message["kind"] in (0, 1):
            parts = result["filled"] + result["resting"] + result["cancelled"]
            assert parts == message["quantity"]
            if result["trade_count"]:
                own = exchange.trades_array()[-result["trade_count"] :]
                assert set(own["aggressor_order_id"]) == {result["order_id"]}
                assert own["quantity"].sum() == result["filled"]


@given(streams())
def test_quantity_is_conserved_order_by_order(messages):
    exchange = Exchange()
    trades = exchange.process(messages).trades
    for order in exchange.orders():
        mine = (trades["aggressor_order_id"] == order["order_id"]) | (
            trades["passive_order_id"] == order["order_id"]
        )
        assert trades["quantity"][mine].sum() == order["filled"]
        assert 0 <= order["filled"] + order["remaining"] <= order["original"]
        if order["active"] or order["status"] == 2:
            assert order["filled"] + order["remaining"] == order["original"]


@given(streams())
def test_trades_have_a_quantity_and_a_price_both_sides_allow(messages):
    exchange = Exchange()
    trades = exchange.process(messages).trades
    assert (trades["quantity"] > 0).all()
    for trade in trades:
        passive = exchange.get_order(trade["passive_order_id"])
        aggressor = exchange.get_order(trade["aggressor_order_id"])
        assert trade["price"] == passive.price
        assert aggressor.side == SIDES[trade["aggressor_side"]] != passive.side
        assert (aggressor.price - passive.price) * int(trade["aggressor_side"]) >= 0


@given(streams())
def test_a_level_is_a_queue_first_in_first_out(messages):
    exchange = Exchange()
    for at in range(len(messages)):
        before = exchange.queues()
        made = exchange.process(messages[at : at + 1])
        if messages[at]["kind"] in (0, 1) and exchange.self_trade_prevention == "off":
            front = before[before["side"] == -messages[at]["side"]]["order_id"]
            taken = made.trades["passive_order_id"]
            assert taken.tolist() == front[: len(taken)].tolist()
        queues = exchange.queues()
        for side, price, *_ in levels_of(exchange):
            level = queues[(queues["side"] == side) & (queues["price"] == price)]
            assert (np.diff(level["order_id"]) > 0).all()
            assert (np.diff(level["timestamp"]) > 0).all()


@given(streams())
def test_order_trade_and_tick_counters_strictly_increase(messages):
    exchange = Exchange()
    made = exchange.process(messages)
    assert made.trades["trade_id"].tolist() == list(range(1, len(made.trades) + 1))
    takers = made.results["order_id"][np.isin(messages["kind"], (0, 1, 3))]
    takers = takers[takers > 0]
    assert takers.tolist() == list(range(1, len(takers) + 1))
    # A rejected fill-or-kill order uses a tick that nothing shows.
    ticks = [*made.trades["timestamp"], *exchange.orders()["timestamp"]]
    assert len(set(ticks)) == len(ticks)
    assert max(ticks, default=0) <= len(takers) + len(made.trades)
    assert (np.diff(made.trades["timestamp"]) > 0).all()
    assert (np.diff(exchange.orders()["timestamp"]) > 0).all()


@given(streams())
def test_neither_ioc_nor_fok_nor_market_orders_rest(messages):
    exchange = Exchange()
    made = exchange.process(messages)
    assert {order.time_in_force for order in exchange.open_orders()} <= {"gtc"}
    fok = (messages["kind"] == 0) & (messages["tif"] == TIFS.index("fok"))
    assert np.isin(made.results["status"][fok], (2, 3)).all()
    assert (made.results["resting"][fok | (messages["kind"] == 1)] == 0).all()


@given(streams(), st.sampled_from(POLICIES[1:]))
def test_no_two_orders_of_one_owner_trade_under_any_policy(messages, policy):
    messages = messages[messages["kind"] != 6]
    exchange = Exchange(self_trade_prevention=policy)
    for trade in exchange.process(messages).trades:
        aggressor = exchange.get_order(trade["aggressor_order_id"]).owner
        assert aggressor is None or aggressor != exchange.get_order(trade["passive_order_id"]).owner


@given(streams())
def test_a_post_only_order_never_takes(messages):
    post = (messages["kind"] == 0) & (messages["tif"] == 0)
    messages["flags"][post] = 1
    made = Exchange().process(messages)
    assert (made.results["trade_count"][post] == 0).all()
    assert (made.results["filled"][post] == 0).all()


@given(streams())
def test_history_and_compaction_do_not_change_what_follows(messages):
    plain, forgetful = Exchange(), Exchange()
    for at in range(0, len(messages), 25):
        part = messages[at : at + 25]
        ended = forgetful.clear_order_history()
        assert ended >= 0
        forgetful.clear_trades()
        forgetful.compact()
        got, expected = forgetful.process(part), plain.process(part)
        assert np.array_equal(got.trades, expected.trades)
        # What was forgotten is not found where it was not active before.
        got.results["error"][got.results["error"] == 1] = 2
        expected.results["error"][expected.results["error"] == 1] = 2
        assert np.array_equal(got.results, expected.results)
        assert forgetful.full_book() == plain.full_book()
        assert np.array_equal(forgetful.queues(), plain.queues())


@given(streams())
def test_the_narrow_message_does_what_the_wide_one_does(messages):
    wide = messages.copy()
    for name in EXTENDED_MESSAGE.names[8:]:
        wide[name] = 0
    first, second = Exchange(), Exchange()
    assert first.process(wide) == second.process(narrow(messages))
    assert first == second
