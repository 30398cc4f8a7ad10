"""Stop orders: section 8 of the specification rule by rule, then random streams and an oracle."""

import copy
import math
import pickle
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from book.event_logs import random_exchange
from book.streams import (
    HIGHEST,
    LOWEST,
    OVERFLOW,
    POLICIES,
    SIDES,
    TIFS,
    assert_same,
    drive,
    message,
    narrow,
    oracle_rows,
    pair,
    random_messages,
    rows_of,
)
from book.test_matching import BookAndOracle
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from oracles.order_book import CANCELLED, PENDING, TRAIL_TYPES, to_int

from nanobook.book import EXTENDED_MESSAGE, Exchange, MultiExchange
from nanobook.book.distances import is_steady, offset_at
from nanobook.book.heaps import first_of, remove, settle
from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.types.codes import CANCEL, CANCEL_ALL, LIMIT

STOP_MARKET, STOP_LIMIT, TRAILING_STOP_MARKET, TRAILING_STOP_LIMIT, BARS = range(7, 12)


def trade_at(exchange, *prices):
    """Let one unit trade at each of the prices in turn, which must all be free."""
    for price in prices:
        exchange.submit_limit("sell", price, 1)
        result = exchange.submit_limit("buy", price, 1)
        assert result.filled_quantity == 1
    return result


def traded(*prices, **options):
    """Return an exchange where one unit has traded at each of the prices."""
    exchange = Exchange(**options)
    trade_at(exchange, *prices)
    return exchange


def stop_price(exchange, order_id):
    return exchange.get_stop_order(order_id)["stop_price"]


def statuses(exchange):
    """Return the status of every stop order, by id."""
    ids = exchange.stops()["order_id"].tolist()
    return {order_id: exchange.get_stop_order(order_id)["status"] for order_id in ids}


def child_of(exchange, order_id):
    """Return the Order that a stop order became."""
    return exchange.get_order(exchange.get_stop_order(order_id)["child_id"])


def kinds_logged(exchange):
    return exchange.event_log()["kind"].tolist()


# ---- 8.1 and 8.2: submission -----------------------------------------------------------------


@pytest.mark.core
def test_a_stop_order_waits_while_nothing_has_traded():
    exchange = Exchange()
    for side, price in (("buy", LOWEST), ("sell", HIGHEST)):
        result = exchange.submit_stop_market(side, price, 5)
        assert result.status == "Pending"
        assert not result.cascade_limit_hit
    assert repr(result) == "StopSubmitResult(order_id=2, status='Pending')"
    assert exchange.pending_stop_count() == 2
    assert exchange.last_trade_price() is None


@pytest.mark.core
@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize(
    ("side", "price", "reached"),
    [
        *(("buy", 99, True), ("buy", 100, True), ("buy", 101, False)),
        *(("sell", 101, True), ("sell", 100, True), ("sell", 99, False)),
    ],
)
def test_a_plain_stop_that_is_reached_already_is_triggered_at_once(side, price, reached, limited):
    exchange = traded(100)
    if limited:
        result = exchange.submit_stop_limit(side, price, 50, 5)
    else:
        result = exchange.submit_stop_market(side, price, 5)
    assert result.order_id == 3
    assert result.status == ("Triggered" if reached else "Pending")
    assert exchange.pending_stop_count() == (not reached)
    assert (exchange.get_order(4) is not None) == reached


def test_a_stop_takes_its_id_and_tick_before_its_child_does():
    exchange = traded(100)  # ids 1 and 2, ticks 1 to 3
    exchange.submit_stop_market("buy", 100, 5)
    stop = exchange.get_stop_order(3)
    assert (stop["timestamp"], stop["child_id"]) == (4, 4)
    assert exchange.get_order(4).timestamp == 5
    assert exchange.submit_limit("buy", 1, 1).order_id == 5
    assert exchange.get_order(5).timestamp == 6


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("limited", [False, True])
def test_a_trailing_stop_is_never_triggered_at_submission(side, limited):
    exchange = traded(100)
    through = 50 if side == "buy" else 150
    trail = 5, "fixed", 3
    if limited:
        result = exchange.submit_trailing_stop_limit(side, through, 100, *trail)
    else:
        result = exchange.submit_trailing_stop_market(side, through, *trail)
    assert result.status == "Pending"
    trade_at(exchange, 100)
    assert exchange.get_stop_order(3)["status"] == "triggered"


def test_an_immediate_trigger_runs_the_whole_pass():
    exchange = traded(100)
    exchange.submit_trailing_stop_market("sell", 150, 5, "fixed", 3)  # 3, through its price
    exchange.submit_trailing_stop_market("sell", 50, 5, "fixed", 3)  # 4, to be moved
    exchange.submit_stop_market("buy", 101, 5)  # 5, not reached
    assert exchange.submit_stop_market("sell", 100, 5).status == "Triggered"
    assert statuses(exchange) == {3: "triggered", 4: "pending", 5: "pending", 6: "triggered"}
    assert stop_price(exchange, 4) == 97
    assert [exchange.get_stop_order(i)["child_id"] for i in (3, 6)] == [7, 8]


def test_zero_quantities_and_any_price_are_accepted():
    exchange = traded(100)
    assert exchange.submit_stop_market("buy", -(10**15), 0).status == "Triggered"
    child = child_of(exchange, 3)
    assert (child.status, child.original_quantity) == ("filled", 0)
    assert exchange.submit_stop_limit("sell", LOWEST, LOWEST, 0).status == "Pending"
    assert exchange.submit_stop_limit("buy", HIGHEST, 0, 0).status == "Pending"
    assert exchange.last_trade_price() == 100


def test_pending_stops_show_only_where_stops_are_asked_for():
    plain, exchange = traded(100), traded(100)
    exchange.submit_stop_limit("buy", 105, 106, 5)
    exchange.submit_trailing_stop_market("sell", 95, 5, "fixed", 3)
    assert exchange.full_book() == plain.full_book()
    assert exchange.best_bid_ask() == (None, None)
    assert exchange.get_order(3) is exchange.get_order(4) is None
    assert exchange.open_orders() == []
    assert np.array_equal(exchange.orders(), plain.orders())
    assert len(exchange.queues()) == 0
    assert exchange.stops()["order_id"].tolist() == [3, 4]


# ---- what get_stop_order shows -----------------------------------------------------------------

KEYS = ["id", "side", "stop_price", "limit_price", "quantity", "status", "timestamp"]
KEYS += ["time_in_force", "trail_type", "trail_value", "atr_period", "watermark", "child_id"]
KEYS += ["owner", "tag"]


@pytest.mark.core
def test_get_stop_order_shows_every_kind():
    exchange = Exchange()
    exchange.submit_stop_market("buy", 105, 5)
    exchange.submit_stop_limit("S", 95, 94, 6, "FOK", owner=0, tag=-7)
    exchange.submit_trailing_stop_market("b", 110, 7, "PCT", 0.25, 9, 2, 11)
    exchange.submit_trailing_stop_limit("sell", 90, 89, 8, "Atr", 1.5, "ioc", 14, owner=3)
    exchange.submit_trailing_stop_market("sell", 90, 1, "Fixed", 7.9, atr_period=0)
    nothing = [None] * 4
    expected = [
        [1, "buy", 105, None, 5, "pending", 1, "gtc", *nothing, None, None, 0],
        [2, "sell", 95, 94, 6, "pending", 2, "fok", *nothing, None, 0, -7],
        [3, "buy", 110, None, 7, "pending", 3, "gtc", "percentage", 0.25, *[None] * 3, 2, 11],
        [4, "sell", 90, 89, 8, "pending", 4, "ioc", "sma_abs_change", 1.5, 14, None, None, 3, 0],
        [5, "sell", 90, None, 1, "pending", 5, "gtc", "fixed", 7.0, *[None] * 4, 0],
    ]
    for values in expected:
        stop = exchange.get_stop_order(values[0])
        assert list(stop) == KEYS
        assert list(stop.values()) == values
    trade_at(exchange, 100)
    assert [exchange.get_stop_order(i)["watermark"] for i in range(1, 6)] == [None] * 2 + [100] * 3


def test_get_stop_order_returns_a_new_dict_and_none_for_what_is_no_stop():
    exchange = traded(100)
    exchange.submit_stop_market("buy", 105, 5)
    exchange.get_stop_order(3)["status"] = "mine"
    assert exchange.get_stop_order(3)["status"] == "pending"
    assert exchange.get_stop_order(True) is None
    assert [exchange.get_stop_order(i) for i in (0, 1, 2, 4, HIGHEST)] == [None] * 5
    for bad, error in ((-1, OverflowError), (2**70, OverflowError), (1.0, TypeError)):
        with pytest.raises(error):
            exchange.get_stop_order(bad)


def test_the_array_of_stops_is_a_copy():
    exchange = Exchange()
    exchange.submit_stop_market("buy", 105, 5)
    exchange.stops()["stop_price"] = 0
    assert stop_price(exchange, 1) == 105
    assert len(Exchange().stops()) == 0


@pytest.mark.core
@pytest.mark.parametrize("seed", range(3))
def test_the_frame_of_stops_says_what_get_stop_order_says(seed):
    exchange = random_exchange(seed, 150)
    every = [exchange.get_stop_order(i) for i in exchange.stops()["order_id"].tolist()]
    pending = [stop for stop in every if stop["status"] == "pending"]
    assert 0 < len(pending) < len(every)
    for frame, expected in (
        (exchange.stops_frame(), pending),
        (exchange.stops_frame(ended=True), every),
    ):
        rows = frame.astype(object).reset_index(names="id").to_dict("records")
        found = [{k: None if pd.isna(v) else v for k, v in row.items()} for row in rows]
        assert found == expected
        assert list(frame.reset_index(names="id")) == KEYS


@pytest.mark.core
def test_a_frame_without_stops_has_the_same_columns():
    frame, other = Exchange().stops_frame(), traded(100)
    other.submit_stop_market("buy", 105, 5)
    assert len(frame) == 0
    assert frame.dtypes.equals(other.stops_frame().dtypes)
    assert frame.index.name == "order_id"
    many = MultiExchange()
    many.submit_stop_market("ABC", "buy", 105, 5)
    assert many.stops_frame("ABC")["stop_price"].to_dict() == {1: 105}


# ---- 8.3: the trigger pass ---------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize(
    ("side", "price", "reached"),
    [
        *(("buy", 104, True), ("buy", 105, True), ("buy", 106, False)),
        *(("sell", 106, True), ("sell", 105, True), ("sell", 104, False)),
    ],
)
def test_a_trade_triggers_the_stops_that_its_price_reaches(side, price, reached):
    exchange = Exchange()
    exchange.submit_stop_market(side, price, 5)
    trade_at(exchange, 105)
    assert statuses(exchange) == {1: "triggered" if reached else "pending"}


def test_children_go_in_the_order_of_submission_whatever_their_side_and_price():
    exchange = Exchange()
    for side, price in (("sell", 110), ("buy", 90), ("sell", 101), ("buy", 99), ("buy", 80)):
        exchange.submit_stop_limit(side, price, -5 if side == "buy" else 500, 1)
    trade_at(exchange, 100)  # ids 6 and 7
    children = [exchange.get_stop_order(i)["child_id"] for i in range(1, 6)]
    assert children == [8, 9, 10, 11, 12]
    assert [exchange.get_order(i).timestamp for i in children] == [9, 10, 11, 12, 13]


def test_the_order_that_was_submitted_first_gets_the_better_price():
    exchange = Exchange()
    for price in (105, 103, 104):
        exchange.submit_stop_market("buy", price, 1)
    for price in (105, 106, 107, 108):
        exchange.submit_limit("sell", price, 1)
    exchange.submit_market("buy", 1)
    made = exchange.trades_array()
    assert made["price"].tolist() == [105, 106, 107, 108]
    assert made["aggressor_order_id"].tolist() == [8, 9, 10, 11]
    assert [exchange.get_stop_order(i)["child_id"] for i in (1, 2, 3)] == [9, 10, 11]


@pytest.mark.core
def test_only_the_final_price_of_a_sweep_counts():
    exchange = Exchange()
    exchange.submit_stop_market("sell", 102, 5)
    for price in (100, 101, 105):
        exchange.submit_limit("sell", price, 1)
    assert exchange.submit_market("buy", 3).filled_quantity == 3
    assert exchange.last_trade_price() == 105
    assert statuses(exchange) == {1: "pending"}
    trade_at(exchange, 102)
    assert statuses(exchange) == {1: "triggered"}


def test_children_trigger_nothing_before_their_round_is_done():
    exchange = Exchange()
    exchange.submit_stop_market("buy", 100, 1)  # takes 110, where 3 would be triggered
    exchange.submit_stop_market("buy", 100, 1)  # takes 120
    exchange.submit_stop_limit("buy", 110, 1, 1)
    exchange.submit_stop_limit("sell", 110, 500, 1)  # 110 is passed within the round
    for price in (100, 110, 120):
        exchange.submit_limit("sell", price, 1)
    exchange.submit_market("buy", 1)  # id 8
    # At 100 stop 4 (sell, 110) is reached as well, and so it goes in the first round.
    assert [exchange.get_stop_order(i)["child_id"] for i in range(1, 5)] == [9, 10, 12, 11]
    assert exchange.last_trade_price() == 120


def test_the_price_of_a_round_is_that_of_the_last_child_that_traded():
    exchange = Exchange()
    exchange.submit_stop_market("buy", 100, 1)
    exchange.submit_stop_limit("buy", 100, 1, 1)  # comes last and doesn't trade
    exchange.submit_stop_limit("sell", 101, 500, 1)  # at 100, too
    exchange.submit_stop_limit("buy", 103, 2, 1)
    exchange.submit_stop_limit("buy", 104, 3, 1)
    exchange.submit_limit("sell", 100, 1)
    exchange.submit_limit("sell", 103, 1)
    exchange.submit_market("buy", 1)
    assert exchange.last_trade_price() == 103
    assert list(statuses(exchange).values()) == ["triggered"] * 4 + ["pending"]


def test_a_pass_ends_when_no_child_trades():
    exchange = Exchange()
    exchange.submit_stop_limit("buy", 100, 1, 1)
    trade_at(exchange, 100)
    assert exchange.open_orders()[0].id == exchange.get_stop_order(1)["child_id"]
    assert len(exchange.trades_array()) == 1


def test_a_result_has_only_its_own_orders_trades_and_the_exchange_has_all():
    exchange = Exchange()
    exchange.submit_stop_market("buy", 100, 2)
    for price in (100, 101, 102):
        exchange.submit_limit("sell", price, 1)
    result = exchange.submit_market("buy", 1)
    assert [trade.price for trade in result.trades] == [100]
    assert (result.filled_quantity, result.status) == (1, "Filled")
    assert [trade.price for trade in exchange.trades()] == [100, 101, 102]
    made = exchange.trades_array()
    assert made["aggressor_order_id"].tolist() == [5, 6, 6]
    assert made["timestamp"].tolist() == [6, 8, 9]


@pytest.mark.core
def test_the_child_of_a_stop_market_order_is_ioc_at_the_last_price_there_is():
    exchange = Exchange()
    exchange.submit_stop_market("buy", 100, 5)
    exchange.submit_stop_market("sell", 100, 5)
    trade_at(exchange, 100)
    for order_id, price in ((1, HIGHEST), (2, LOWEST)):
        child = child_of(exchange, order_id)
        assert (child.price, child.time_in_force, child.status) == (price, "ioc", "cancelled")
        assert child.remaining_quantity == 5
        assert exchange.cancel(child.id).error == "OrderNotActive"


@pytest.mark.parametrize(
    ("tif", "stored"),
    [("gtc", ("partiallyfilled", 3, True)), ("ioc", ("partiallyfilled", 3, False)), ("fok", None)],
)
def test_the_child_of_a_stop_limit_order_has_its_price_and_time_in_force(tif, stored):
    exchange = Exchange()
    exchange.submit_stop_limit("buy", 100, 101, 5, tif)
    exchange.submit_limit("sell", 100, 1)
    exchange.submit_limit("sell", 101, 2)
    exchange.submit_market("buy", 1)
    stop, child = exchange.get_stop_order(1), exchange.get_order(5)
    assert (stop["status"], stop["child_id"]) == ("triggered", 5)
    if stored is None:  # infeasible: it used an id and a tick, and that's all
        assert child is None
        assert exchange.cancel(5).error == "OrderNotFound"
        assert exchange.best_ask() == 101
    else:
        assert (child.price, child.time_in_force) == (101, tif)
        assert (child.status, child.remaining_quantity, child.is_active) == stored
    assert exchange.submit_limit("buy", 1, 1).order_id == 6
    assert exchange.get_order(6).timestamp == (7 if stored is None else 8)


def test_a_feasible_fok_child_is_filled():
    exchange = Exchange()
    exchange.submit_stop_limit("buy", 100, 101, 2, "fok")
    exchange.submit_limit("sell", 100, 1)
    exchange.submit_limit("sell", 101, 2)
    exchange.submit_market("buy", 1)
    assert child_of(exchange, 1).status == "filled"


def test_a_resting_child_is_an_order_like_any_other():
    exchange = Exchange()
    exchange.submit_stop_limit("buy", 100, 90, 5, tag=4)
    exchange.submit_stop_limit("buy", 100, 90, 5)
    trade_at(exchange, 100)
    first, second = (exchange.get_stop_order(i)["child_id"] for i in (1, 2))
    assert exchange.depth(1).bids[0].quantity == 10
    assert exchange.reduce(second, 2).success
    made = exchange.modify(first, 91, 7)
    assert made.success
    assert exchange.get_order(made.new_order_id).tag == 4
    assert exchange.cancel(second).cancelled_quantity == 3
    assert exchange.get_stop_order(1)["child_id"] == first


@pytest.mark.core
def test_children_are_not_logged_and_replay_makes_them_again():
    exchange = Exchange()
    exchange.submit_stop_limit("buy", 100, 99, 5, owner=1, tag=2)
    exchange.submit_trailing_stop_market("sell", 90, 5, "percentage", 0.02)
    trade_at(exchange, 100, 110, 105)
    assert statuses(exchange) == {1: "triggered", 2: "triggered"}
    assert kinds_logged(exchange) == [STOP_LIMIT, TRAILING_STOP_MARKET, *[0] * 6]
    assert Exchange.replay(exchange.events()) == exchange


def test_an_order_that_does_not_trade_looks_at_no_stop():
    exchange = traded(100)
    exchange.submit_trailing_stop_market("sell", 150, 5, "fixed", 3)
    exchange.submit_limit("buy", 50, 5)
    exchange.submit_limit("sell", 60, 5, "ioc")
    exchange.submit_limit("sell", 50, 50, "fok")
    exchange.submit_limit("sell", 50, 5, post_only=True)
    exchange.submit_limit("sell", 50, 0)
    exchange.submit_market("buy", 5)
    assert exchange.get_stop_order(3)["watermark"] is None
    exchange.submit_market("sell", 1)
    assert exchange.get_stop_order(3)["status"] == "triggered"


# ---- a hundred rounds --------------------------------------------------------------------------


def chain(count, **options):
    """Return an exchange where each of `count` stops sets off the next, and 2 * count ids used.

    Stop n, a buy of 1, is reached at 100 + n - 1 and then trades at 100 + n.
    """
    exchange = Exchange(**options)
    for at in range(count):
        exchange.submit_stop_market("buy", 100 + at, 1)
    for at in range(count + 20):
        exchange.submit_limit("sell", 100 + at, 1)
    return exchange


def triggered(exchange):
    return list(statuses(exchange).values()).count("triggered")


def test_a_cascade_of_99_ends_by_itself():
    exchange = chain(99)
    assert not exchange.submit_market("buy", 1).cascade_limit_hit
    assert (triggered(exchange), exchange.last_trade_price()) == (99, 199)


@pytest.mark.core
@pytest.mark.parametrize(("count", "hit"), [(100, False), (101, True)])
def test_a_cascade_of_just_100_rounds_leaves_nothing_waiting(count, hit):
    exchange = chain(count)
    exchange.submit_stop_market("buy", 250, 1)  # not reached: it waits for the price
    assert exchange.submit_market("buy", 1).cascade_limit_hit == hit
    assert (triggered(exchange), exchange.last_trade_price()) == (100, 200)
    assert exchange.pending_stop_count() == count - 100 + 1


def test_a_cascade_is_cut_short_after_100_rounds_and_says_so():
    exchange = chain(150)
    result = exchange.submit_market("buy", 1)
    assert result.cascade_limit_hit
    assert (result.status, result.filled_quantity, len(result.trades)) == ("Filled", 1, 1)
    assert (triggered(exchange), exchange.last_trade_price()) == (100, 200)
    assert exchange.pending_stop_count() == 50
    assert not exchange.submit_limit("buy", 1, 1).cascade_limit_hit  # of its own doings only
    assert exchange.pending_stop_count() == 50


def test_the_next_pass_goes_on_with_what_was_left():
    exchange = chain(150)
    exchange.submit_market("buy", 1)
    result = exchange.submit_market("buy", 1)  # at 201: stops 101 and 102 go together
    assert not result.cascade_limit_hit
    assert exchange.pending_stop_count() == 0
    last = exchange.trades_array()[-1]
    assert last["aggressor_order_id"] == exchange.get_stop_order(150)["child_id"]


def test_a_stop_submission_tells_of_a_cascade_too():
    exchange = chain(250)
    assert exchange.submit_market("buy", 1).cascade_limit_hit
    result = exchange.submit_stop_market("buy", 0, 0)
    assert result.status == "Triggered"
    assert result.cascade_limit_hit
    assert exchange.pending_stop_count() == 50
    result = exchange.submit_stop_market("buy", 0, 0, owner=1)
    assert not result.cascade_limit_hit
    assert exchange.pending_stop_count() == 0
    assert not exchange.submit_stop_market("buy", HIGHEST, 0).cascade_limit_hit


@pytest.mark.parametrize("labels", [{}, {"owner": 1}, {"tag": 3}])
def test_every_way_to_submit_tells_of_a_cascade(labels):
    exchange = chain(150)
    result = exchange.submit_limit("buy", 100, 2, **labels)
    assert result.cascade_limit_hit
    assert result.status == "PartiallyFilled"
    assert result.resting_quantity == 1
    assert pickle.loads(pickle.dumps(result)).cascade_limit_hit


def test_a_batch_tells_which_message_hit_the_limit():
    exchange = chain(150)
    cheap = exchange.submit_limit("buy", 1, 1).order_id
    made = exchange.process(
        np.concatenate(
            [
                message(0, "buy", 1, 1),
                message(3, order_id=cheap, price=100, quantity=1),
                message(0, "buy", 1, 1),
                message(STOP_MARKET, "sell", quantity=1, stop_price=-5),
                message(1, "buy", quantity=1),
            ]
        )
    )
    assert made.results["cascade_limit_hit"].tolist() == [0, 1, 0, 0, 0]
    assert made.results["error"].tolist() == [0] * 5
    assert made.results["trade_count"].tolist() == [0, 1, 0, 0, 1]
    assert made.trades["price"].tolist() == list(range(100, 251 + 1))


# ---- D3: modify behaves as submit does -----------------------------------------------------------


def test_a_crossing_modify_sets_the_last_price_and_triggers_stops():
    exchange = Exchange()
    exchange.submit_stop_market("buy", 105, 1)
    exchange.submit_trailing_stop_market("sell", 50, 1, "fixed", 3)
    exchange.submit_limit("sell", 105, 1)
    exchange.submit_limit("sell", 106, 1)
    exchange.submit_limit("buy", 90, 1)
    result = exchange.modify(5, 105, 1)
    assert result.success
    assert [trade.price for trade in result.trades] == [105]
    assert exchange.last_trade_price() == 106
    assert statuses(exchange) == {1: "triggered", 2: "pending"}
    assert stop_price(exchange, 2) == 103
    assert Exchange.replay(exchange.events()) == exchange


def test_a_modify_that_does_not_cross_leaves_stops_alone():
    exchange = traded(100)
    exchange.submit_trailing_stop_market("sell", 150, 1, "fixed", 3)
    exchange.submit_limit("buy", 90, 1)
    assert exchange.modify(4, 91, 2).success
    assert exchange.get_stop_order(3)["watermark"] is None


# ---- 8.4: trailing -----------------------------------------------------------------------------


def trail(side, start, kind, value, prices, period=None, before=()):
    """Return the stop prices of a trailing stop after each trade, then None once triggered."""
    exchange = traded(*before) if before else Exchange()
    order_id = exchange.submit_trailing_stop_market(side, start, 5, kind, value, period).order_id
    seen = []
    for price in prices:
        trade_at(exchange, price)
        stop = exchange.get_stop_order(order_id)
        seen.append(stop["stop_price"] if stop["status"] == "pending" else None)
    return seen


FIXED = [
    ("sell", 90, 5, (100, 103, 101, 99, 98), [95, 98, 98, 98, None]),
    ("buy", 110, 5, (100, 97, 99, 101, 102), [105, 102, 102, 102, None]),
    ("sell", 99, 5, (100, 103, 105), [99, 99, 100]),  # where it starts is a floor
    ("buy", 101, 5, (100, 97, 95), [101, 101, 100]),  # or a ceiling
    ("sell", 90, 5.99, (100,), [95]),  # truncated
    ("sell", 90, 0.99, (100, 200), [90, 90]),
    ("sell", 90, 0, (100, 200), [90, 90]),
    ("sell", 90, -5, (100, 200), [90, 90]),
    ("buy", 110, -5.5, (100, 50), [110, 110]),
    ("sell", -50, 5, (-10, 0, -3), [-15, -5, -5]),  # 0 is a watermark
    ("buy", 50, 5, (10, 0, 3), [15, 5, 5]),
]
PERCENTAGE = [
    ("sell", 50, 0.1, (100, 105, 104), [90, 94, 94]),  # 10.5 is 11: halves away from zero
    ("buy", 500, 0.1, (105, 100), [116, 110]),
    ("sell", 0, 0.1, (104, 106), [94, 95]),  # 10.4 is 10, 10.6 is 11
    ("sell", 0, 0.02, (25, 24), [24, None]),  # 0.5 is 1
    ("sell", 0, 0.02, (24,), [0]),  # 0.48 is 0: it stays
    ("sell", 0, -0.1, (100,), [0]),
    ("sell", -500, 0.1, (-100,), [-500]),  # of a negative price
    ("sell", -500, -0.1, (-105,), [-116]),
    ("buy", 500, -0.1, (-105,), [-94]),
    ("sell", -500, 1.5, (100,), [-50]),
]


@pytest.mark.core
@pytest.mark.parametrize(("side", "start", "value", "prices", "expected"), FIXED)
def test_a_fixed_distance(side, start, value, prices, expected):
    assert trail(side, start, "fixed", value, prices) == expected


@pytest.mark.core
@pytest.mark.parametrize(("side", "start", "value", "prices", "expected"), PERCENTAGE)
def test_a_percentage_of_the_watermark(side, start, value, prices, expected):
    assert trail(side, start, "percentage", value, prices) == expected


SMA = [
    # Changes of 10, 4, 3: their mean is cut, and the multiple too.
    ("sell", 1.0, 1, (100, 110, 114, 117), [0, 100, 110, 114]),
    ("sell", 1.0, 2, (100, 110, 114, 117), [0, 100, 107, 114]),
    ("sell", 2.5, 2, (100, 110, 114, 117), [0, 85, 97, 109]),
    ("sell", 1.0, 9, (100, 110, 114, 117), [0, 100, 107, 112]),  # 17 / 3, all there are
    ("sell", 1.0, 0, (100, 110, 114, 117), [0, 0, 0, 0]),
    ("sell", -1.0, 2, (100, 110, 114), [0, 0, 0]),
    ("sell", 0.05, 2, (100, 110, 114), [0, 0, 0]),
    ("buy", 1.0, 2, (100, 90, 86, 83), [1000, 100, 93, 86]),
    ("buy", 1.0, 1, (100, 90, 95, 99), [1000, 100, None, None]),
    ("sell", 1.0, 1, (100, 110, 109), [0, 100, None]),  # moved and triggered in one round
]


@pytest.mark.core
@pytest.mark.parametrize(("side", "value", "period", "prices", "expected"), SMA)
def test_a_multiple_of_the_mean_absolute_change(side, value, period, prices, expected):
    start = 0 if side == "sell" else 1000
    assert trail(side, start, "sma_abs_change", value, prices, period) == expected


def test_changes_are_remembered_from_before_the_stop():
    made = trail("sell", 0, "atr", 1.0, (100,), 3, before=(100, 130, 100))
    assert made == [100 - 60 // 3]


def test_an_immediate_trigger_and_a_round_at_the_same_price_add_a_change_of_zero():
    exchange = traded(100, 112)
    exchange.submit_trailing_stop_market("sell", 0, 1, "atr", 1.0, 3)
    exchange.submit_stop_market("buy", 1, 1)  # trades nothing: changes 12, 0
    assert stop_price(exchange, 5) == 112 - 6
    exchange.submit_stop_market("buy", 1, 1)  # 12, 0, 0
    assert stop_price(exchange, 5) == 112 - 4


def test_every_round_of_a_cascade_is_a_change():
    exchange = Exchange()
    exchange.submit_stop_market("buy", 100, 1)  # trades at 104
    exchange.submit_stop_market("buy", 104, 1)  # trades at 110
    exchange.submit_trailing_stop_market("sell", 0, 1, "atr", 1.0, 9)
    for price in (100, 104, 110):
        exchange.submit_limit("sell", price, 1)
    exchange.submit_market("buy", 1)
    assert stop_price(exchange, 3) == 110 - 10 // 2
    assert exchange.get_stop_order(3)["watermark"] == 110


def test_a_watermark_is_the_best_price_since_submission():
    exchange = traded(200)
    exchange.submit_trailing_stop_market("sell", 0, 1, "fixed", 30)
    exchange.submit_trailing_stop_market("buy", 500, 1, "percentage", 1.0)
    exchange.submit_trailing_stop_market("buy", 500, 1, "atr", 50.0, 5)
    ids = (3, 4, 5)
    assert [exchange.get_stop_order(i)["watermark"] for i in ids] == [None] * 3
    for price, marks in ((100, (100, 100, 100)), (120, (120, 100, 100)), (95, (120, 95, 95))):
        trade_at(exchange, price)
        assert tuple(exchange.get_stop_order(i)["watermark"] for i in ids) == marks


def test_the_limit_price_of_a_trailing_stop_never_moves():
    exchange = Exchange()
    exchange.submit_trailing_stop_limit("sell", 50, 60, 5, "fixed", 3)
    trade_at(exchange, 100, 110, 120)
    stop = exchange.get_stop_order(1)
    assert (stop["stop_price"], stop["limit_price"]) == (117, 60)
    trade_at(exchange, 117)
    child = child_of(exchange, 1)
    assert (child.price, child.status, child.side) == (60, "new", "sell")


def test_all_names_of_a_trail_type_mean_the_same():
    for names in (("fixed", "FIXED"), ("percentage", "pct", "Pct"), ("sma_abs_change", "ATR")):
        made = {tuple(trail("sell", 0, name, 2, (10, 14, 15), 2)) for name in names}
        assert len(made) == 1


def trades_by_batch(prices):
    """Return messages with a trade at each of the prices."""
    prices = np.repeat(np.asarray(prices), 2)
    messages = np.zeros(len(prices), EXTENDED_MESSAGE)
    messages["side"] = np.resize([-1, 1], len(prices))
    messages["price"], messages["quantity"], messages["owner"] = prices, 1, -1
    return messages


@pytest.mark.parametrize("more", [0, 1, 9_999, 25_000])
@pytest.mark.parametrize("period", [10_000, 2**31 - 1, 7])
def test_the_latest_10_000_changes_are_remembered(more, period):
    steps = np.r_[np.full(700, 50), np.full(more, 3)]
    prices = 10**6 + np.r_[0, np.cumsum(steps * np.resize([1, -1], len(steps)))]
    exchange = Exchange(record_events=False)
    exchange.process(trades_by_batch(prices[:-1]))
    stop = exchange.submit_trailing_stop_market("sell", -(10**9), 1, "atr", 1000.0, period)
    trade_at(exchange, int(prices[-1]))
    last = steps[-min(10_000, period) :]
    offset = int(float(last.sum()) / len(last) * 1000.0)
    assert stop_price(exchange, stop.order_id) == prices[-1] - offset


# ---- D4 and D8: ends of the range and what isn't finite ------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize(
    ("side", "start", "kind", "value", "price", "expected"),
    [
        ("buy", HIGHEST, "fixed", 10, HIGHEST - 3, HIGHEST),
        ("sell", LOWEST, "fixed", 10, LOWEST + 3, LOWEST),
        ("buy", HIGHEST, "percentage", 1.0, HIGHEST - 3, HIGHEST),
        ("sell", LOWEST, "percentage", -1.0, LOWEST + 3, LOWEST),
        ("sell", LOWEST, "fixed", 1e300, 10, 10 - HIGHEST),  # held to the range of int64
        ("sell", LOWEST, "fixed", 1e300, -1, LOWEST),
        ("sell", LOWEST, "fixed", 1e300, -2, LOWEST),
        ("buy", HIGHEST, "fixed", 1e300, -10, HIGHEST - 10),
        ("buy", HIGHEST, "fixed", 1e300, 0, HIGHEST),
        ("buy", HIGHEST, "fixed", 1e300, 1, HIGHEST),
        ("sell", -5, "fixed", -1e300, 10, -5),
        ("sell", LOWEST, "percentage", 1e300, 10, 10 - HIGHEST),
        ("buy", HIGHEST, "percentage", 1e300, -10, HIGHEST),
        ("sell", LOWEST, "fixed", 2.0**63, 0, -HIGHEST),
        ("sell", LOWEST, "fixed", 2.0**62, 0, -(2**62)),
    ],
)
def test_a_distance_is_held_to_the_range_of_int64(side, start, kind, value, price, expected):
    assert trail(side, start, kind, value, (price,)) == [expected]


def test_stops_at_both_ends_of_int64():
    exchange = Exchange()
    for side, price in (("buy", HIGHEST), ("buy", LOWEST), ("sell", HIGHEST), ("sell", LOWEST)):
        exchange.submit_stop_market(side, price, 1)
    trade_at(exchange, 0)
    assert list(statuses(exchange).values()) == ["pending", "triggered", "triggered", "pending"]
    trade_at(exchange, HIGHEST)
    assert list(statuses(exchange).values()) == ["triggered"] * 3 + ["pending"]
    trade_at(exchange, LOWEST)
    assert list(statuses(exchange).values()) == ["triggered"] * 4


def test_small_changes_count_after_a_large_one():
    """2**60 is far outside of the period; the mean of the last change is 5."""
    made = trail("sell", 0, "atr", 2.0, (105,), 1, before=(2**60, 100))
    assert made == [105 - 10]


def test_small_changes_count_at_large_prices():
    made = trail("sell", 0, "atr", 2.0, (2**62 + 5,), 1, before=(2**62,))
    assert made == [2**62 - 5]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", ["fixed", "percentage", "atr"])
def test_a_trail_value_that_is_not_finite_is_refused(kind, value):
    exchange = traded(100)
    for call in (
        lambda: exchange.submit_trailing_stop_market("buy", 105, 5, kind, value, 3),
        lambda: exchange.submit_trailing_stop_limit("buy", 105, 5, 5, kind, value, "gtc", 3),
    ):
        assert "trail_value" in str(assert_refused(exchange, ValueError, call))


# ---- the total of what rests and waits -----------------------------------------------------------


def assert_refused(exchange, error, call):
    """Fail unless a call raises and leaves the exchange as it was; return what it raised."""
    before, events = copy.copy(exchange), len(exchange.event_log())
    with pytest.raises(error) as caught:
        call()
    assert exchange == before
    assert len(exchange.event_log()) == events
    assert (
        exchange.submit_limit("buy", LOWEST, 0).order_id
        == before.submit_limit("buy", LOWEST, 0).order_id
    )
    return caught.value


@pytest.mark.core
def test_what_rests_and_waits_never_passes_the_range_of_int64():
    exchange = Exchange()
    exchange.submit_limit("buy", 10, 100)
    exchange.submit_stop_market("buy", 105, HIGHEST - 150)
    most = 50
    for call in (
        lambda: exchange.submit_stop_market("buy", 105, most + 1),
        lambda: exchange.submit_stop_limit("sell", 105, 1, HIGHEST),
        lambda: exchange.submit_trailing_stop_market("buy", 105, most + 1, "fixed", 1),
        lambda: exchange.submit_trailing_stop_limit("buy", 105, 1, most + 1, "fixed", 1),
        lambda: exchange.submit_limit("buy", 9, most + 1),
        lambda: exchange.modify(1, 9, most + 101),
    ):
        assert isinstance(assert_refused(exchange, OverflowError, call), RangeError)
    row = message(STOP_MARKET, "buy", quantity=most + 1, stop_price=1)
    assert rows_of(exchange.process(row).results) == [OVERFLOW]
    assert exchange.submit_stop_market("buy", 105, most).status == "Pending"
    assert_refused(exchange, OverflowError, lambda: exchange.submit_limit("buy", 9, 1))
    assert exchange.submit_limit("buy", 9, 1, "ioc").cancelled_quantity == 1
    assert exchange.cancel(2).success
    assert exchange.submit_limit("buy", 9, HIGHEST - 150).status == "New"


def test_a_triggered_stop_makes_room_and_its_resting_child_takes_it():
    exchange = Exchange()
    exchange.submit_stop_limit("buy", 100, 90, HIGHEST - 10)
    exchange.submit_stop_market("buy", 100, 5)
    trade_at(exchange, 100)
    assert exchange.depth(1).bids[0].quantity == HIGHEST - 10
    assert_refused(exchange, OverflowError, lambda: exchange.submit_stop_market("sell", 1, 11))
    assert exchange.submit_stop_market("sell", 1, 10).status == "Pending"


# ---- cancel and its like -------------------------------------------------------------------------


@pytest.mark.core
def test_a_pending_stop_is_cancelled_once():
    exchange = traded(100)
    exchange.submit_stop_market("buy", 105, 5)
    exchange.submit_trailing_stop_limit("sell", 90, 80, 7, "fixed", 3)
    trade_at(exchange, 101)  # the second is in the heap of watermarks now
    for order_id, quantity in ((3, 5), (4, 7)):
        result = exchange.cancel(order_id)
        assert (result.success, result.cancelled_quantity) == (True, quantity)
        assert exchange.get_stop_order(order_id)["status"] == "cancelled"
        assert exchange.cancel(order_id).error == "OrderNotFound"
        assert exchange.get_stop_order(order_id)["child_id"] is None
    assert exchange.pending_stop_count() == 0
    trade_at(exchange, 200, 1)
    assert set(statuses(exchange).values()) == {"cancelled"}
    assert kinds_logged(exchange).count(2) == 4


def test_a_stop_cancelled_before_it_saw_a_price_stays_cancelled():
    exchange = Exchange()
    for kind in ("fixed", "percentage", "atr"):
        exchange.submit_trailing_stop_market("sell", 150, 5, kind, 3, 2)
    for order_id in (1, 2, 3):
        assert exchange.cancel(order_id).success
    exchange.submit_trailing_stop_market("sell", 0, 5, "fixed", 3)
    trade_at(exchange, 100, 105)
    assert [exchange.get_stop_order(i)["watermark"] for i in range(1, 5)] == [None] * 3 + [105]
    assert list(statuses(exchange).values()) == ["cancelled"] * 3 + ["pending"]


def test_a_triggered_stop_cannot_be_cancelled():
    exchange = traded(100)
    exchange.submit_stop_limit("buy", 100, 90, 5)
    assert exchange.cancel(3).error == "OrderNotFound"
    assert exchange.cancel(exchange.get_stop_order(3)["child_id"]).cancelled_quantity == 5


def test_modify_and_reduce_find_no_stop():
    exchange = traded(100)
    for order_id, status in ((3, "Pending"), (4, "Triggered")):
        price = 105 if status == "Pending" else 95
        assert exchange.submit_stop_market("buy", price, 5).status == status
        assert exchange.modify(order_id, 90, 5).error == "OrderNotFound"
        assert exchange.modify(order_id, 90, 0).error == "InvalidQuantity"
        assert exchange.reduce(order_id, 1).error == "OrderNotFound"
        assert exchange.reduce(order_id, 0).error == "InvalidQuantity"
    assert exchange.get_stop_order(3)["quantity"] == 5


@pytest.mark.parametrize(
    ("side", "owner", "gone"),
    [
        (None, None, {1, 2, 3, 4, 5}),
        ("buy", None, {1, 3, 5}),
        ("sell", None, {2, 4}),
        (None, 1, {1, 2, 5}),
        ("buy", 1, {1, 5}),
        ("sell", 2, set()),
    ],
)
def test_cancel_all_takes_the_pending_stops_of_a_side_and_an_owner(side, owner, gone):
    exchange = Exchange()
    exchange.submit_stop_market("buy", 105, 1, owner=1)
    exchange.submit_stop_limit("sell", 95, 90, 2, owner=1)
    exchange.submit_trailing_stop_market("buy", 110, 4, "fixed", 3)
    exchange.submit_trailing_stop_limit("sell", 80, 70, 8, "atr", 3, atr_period=2)
    exchange.submit_limit("buy", 50, 16, owner=1)
    exchange.submit_stop_market("buy", 200, 32, owner=1)
    exchange.cancel(6)
    quantity = sum(2 ** (order_id - 1) for order_id in gone)
    assert exchange.cancel_all(side, owner) == (len(gone), quantity)
    for order_id in range(1, 5):
        status = "cancelled" if order_id in gone else "pending"
        assert exchange.get_stop_order(order_id)["status"] == status
    assert exchange.get_order(5).is_active == (5 not in gone)
    assert exchange.pending_stop_count() == len({1, 2, 3, 4} - gone)
    assert exchange.submit_stop_market("buy", 500, HIGHEST - 31 + quantity).order_id == 7


# ---- owners and tags -----------------------------------------------------------------------------


@pytest.mark.core
def test_owner_and_tag_reach_the_child():
    exchange = Exchange()
    exchange.submit_stop_market("buy", 100, 1, 3, -9)
    exchange.submit_stop_limit("buy", 100, 5, 1, "gtc", 0, 8)
    exchange.submit_trailing_stop_market("buy", 100, 1, "fixed", 9, None, 4)
    exchange.submit_trailing_stop_limit("buy", 100, 5, 1, "fixed", 9, "gtc", None, None, 6)
    trade_at(exchange, 100)
    made = [(child_of(exchange, i).owner, child_of(exchange, i).tag) for i in range(1, 5)]
    assert made == [(3, -9), (0, 8), (4, 0), (None, 6)]
    assert [(o.owner, o.tag) for o in exchange.open_orders()] == [(0, 8), (None, 6)]


@pytest.mark.parametrize(
    ("policy", "status", "filled", "left"),
    [
        ("off", "filled", 5, [(102, 3)]),
        ("cancel_newest", "partiallyfilled", 1, [(101, 3), (102, 4)]),
        ("cancel_oldest", "filled", 5, []),
        ("decrement_and_cancel", "filled", 5, []),
    ],
)
def test_children_keep_to_the_prevention_of_self_trades(policy, status, filled, left):
    exchange = Exchange(self_trade_prevention=policy)
    exchange.submit_stop_market("buy", 100, 5, owner=1)
    for price, quantity, owner in ((100, 1, 2), (100, 1, None), (101, 3, 1), (102, 4, 2)):
        exchange.submit_limit("sell", price, quantity, owner=owner)
    exchange.submit_market("buy", 1)
    child = child_of(exchange, 1)
    assert (child.status, child.filled_quantity, child.remaining_quantity) == (status, filled, 0)
    assert [(level.price, level.quantity) for level in exchange.full_book().asks] == left


def test_the_feasibility_of_a_fok_child_leaves_own_orders_out():
    exchange = Exchange(self_trade_prevention="cancel_newest")
    exchange.submit_stop_limit("buy", 100, 105, 5, "fok", owner=1)
    for price, quantity, owner in ((100, 1, 2), (101, 3, 1), (102, 9, 2)):
        exchange.submit_limit("sell", price, quantity, owner=owner)
    exchange.submit_market("buy", 1)
    assert exchange.get_stop_order(1)["status"] == "triggered"
    assert child_of(exchange, 1) is None
    assert len(exchange.full_book().asks) == 2


# ---- arguments -----------------------------------------------------------------------------------


class Integer:
    """A number of its own kind that says what it is."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


#: A good call of each method, by name of its arguments.
CALLS = {
    "submit_stop_market": {"side": "buy", "stop_price": 105, "quantity": 5},
    "submit_stop_limit": {
        "side": "buy",
        "stop_price": 105,
        "limit_price": 106,
        "quantity": 5,
        "tif": "gtc",
    },
    "submit_trailing_stop_market": {
        "side": "buy",
        "initial_stop_price": 105,
        "quantity": 5,
        "trail_type": "atr",
        "trail_value": 2.0,
        "atr_period": 3,
    },
    "submit_trailing_stop_limit": {
        "side": "buy",
        "initial_stop_price": 105,
        "limit_price": 106,
        "quantity": 5,
        "trail_type": "atr",
        "trail_value": 2.0,
        "tif": "gtc",
        "atr_period": 3,
    },
}
CALLS = {name: {**call, "owner": 1, "tag": 2} for name, call in CALLS.items()}
NUMBERS = ("stop_price", "initial_stop_price", "limit_price", "quantity", "atr_period", "owner")
WORDS = ("side", "tif", "trail_type")


def arguments(names):
    return [(method, name) for method, call in CALLS.items() for name in names if name in call]


def refused(method, error, **changes):
    """Fail unless a call with these changes is refused; return the error."""
    exchange = traded(100)
    call = {**CALLS[method], **changes}
    return assert_refused(exchange, error, lambda: getattr(exchange, method)(**call))


@pytest.mark.parametrize(("method", "name"), arguments([*NUMBERS, "tag"]))
def test_numbers_must_be_integers_in_their_range(method, name):
    for junk in (1.0, "1", [], *(() if name in ("owner", "atr_period") else (None,))):
        assert isinstance(refused(method, TypeError, **{name: junk}), ArgumentTypeError)
    big = [2**63, 2**70, -(2**63) - 1]
    if name in ("quantity", "atr_period", "owner"):
        big.append(-1)
    for value in big:
        assert isinstance(refused(method, OverflowError, **{name: value}), RangeError)
    for value in (True, Integer(1), np.int32(1)):
        exchange = traded(100)
        getattr(exchange, method)(**{**CALLS[method], "side": "sell", name: value})
        assert len(exchange.stops()) == 1


@pytest.mark.parametrize(("method", "name"), arguments(WORDS))
def test_words_must_be_known(method, name):
    for junk in (1, b"buy", *((None,) if name != "tif" else ())):
        assert isinstance(refused(method, TypeError, **{name: junk}), ArgumentTypeError)
    for word in ("", " buy", "gtc ", "both", "average"):
        error = refused(method, ValueError, **{name: word})
        assert isinstance(error, ValidationError)
        assert not isinstance(error, TypeError | OverflowError)
        assert repr(word) in str(error)


@pytest.mark.parametrize("method", ["submit_stop_limit", "submit_trailing_stop_limit"])
def test_none_is_no_time_in_force(method):
    refused(method, TypeError, tif=None)


@pytest.mark.parametrize(("method", "name"), arguments(["trail_value"]))
def test_a_trail_value_is_any_real_number(method, name):
    for junk in ("1", None, [], 1j):
        assert isinstance(refused(method, TypeError, **{name: junk}), ArgumentTypeError)
    for value, kept in ((True, 1.0), (7, 7.0), (Fraction(5, 2), 2.5), (np.float32(0.5), 0.5)):
        exchange = Exchange()
        getattr(exchange, method)(**{**CALLS[method], name: value})
        assert exchange.get_stop_order(1)["trail_value"] == kept


@pytest.mark.parametrize("method", ["submit_trailing_stop_market", "submit_trailing_stop_limit"])
def test_a_period_is_needed_for_a_mean_only_but_always_converted(method):
    for word in ("atr", "SMA_abs_change"):
        error = refused(method, ValueError, trail_type=word, atr_period=None)
        assert "atr_period" in str(error)
        assert not isinstance(error, TypeError)
    for word in ("fixed", "pct"):
        refused(method, TypeError, trail_type=word, atr_period="x")
        refused(method, OverflowError, trail_type=word, atr_period=-1)
        for period in (None, 0, 99):
            exchange = Exchange()
            changes = {"trail_type": word, "atr_period": period}
            getattr(exchange, method)(**{**CALLS[method], **changes})
            assert exchange.get_stop_order(1)["atr_period"] is None


@pytest.mark.parametrize(
    ("method", "changes", "error"),
    [
        ("submit_stop_market", {"side": "x", "stop_price": 1.5}, TypeError),
        ("submit_stop_market", {"side": "x", "quantity": -1}, OverflowError),
        ("submit_stop_market", {"side": 5, "quantity": -1}, TypeError),
        ("submit_stop_market", {"stop_price": 2**70, "quantity": "1"}, OverflowError),
        ("submit_stop_market", {"stop_price": "1", "quantity": -1}, TypeError),
        ("submit_stop_market", {"side": "x", "owner": "1"}, TypeError),
        ("submit_stop_limit", {"stop_price": 2**70, "limit_price": 1.5}, OverflowError),
        ("submit_stop_limit", {"limit_price": 1.5, "quantity": -1}, TypeError),
        ("submit_stop_limit", {"quantity": -1, "tif": 5}, OverflowError),
        ("submit_stop_limit", {"side": "x", "tif": 5}, TypeError),
        ("submit_trailing_stop_market", {"quantity": -1, "trail_type": 5}, OverflowError),
        ("submit_trailing_stop_market", {"trail_type": "x", "atr_period": -1}, OverflowError),
        ("submit_trailing_stop_market", {"trail_type": 5, "atr_period": -1}, TypeError),
        ("submit_trailing_stop_market", {"trail_value": "x", "atr_period": -1}, TypeError),
        ("submit_trailing_stop_limit", {"trail_value": "x", "atr_period": -1}, TypeError),
        ("submit_trailing_stop_limit", {"side": "x", "tif": 5}, TypeError),
        ("submit_trailing_stop_limit", {"tif": "x", "atr_period": -1}, OverflowError),
        pytest.param(
            "submit_trailing_stop_limit",
            {"tif": 5, "atr_period": -1},
            TypeError,
        ),
    ],
)
def test_arguments_are_converted_in_turn_before_any_word_is_understood(method, changes, error):
    other = OverflowError if error is TypeError else TypeError
    assert not isinstance(refused(method, error, **changes), other)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"side": "x", "tif": "x", "trail_type": "x", "atr_period": None}, "side"),
        ({"tif": "x", "trail_type": "x", "atr_period": None}, "tif"),
        ({"trail_type": "x", "atr_period": None}, "trail_type"),
        ({"trail_type": "atr", "atr_period": None}, "atr_period"),
    ],
)
def test_words_are_understood_in_turn(changes, named):
    error = str(refused("submit_trailing_stop_limit", ValueError, **changes))
    assert error.replace("time_in_force", "tif").startswith(named)


@pytest.mark.parametrize("method", CALLS)
def test_arguments_go_by_place_and_by_name(method):
    by_name, by_place = Exchange(), Exchange()
    getattr(by_name, method)(**CALLS[method])
    getattr(by_place, method)(*CALLS[method].values())
    assert by_name == by_place
    with pytest.raises(TypeError):
        getattr(by_place, method)("buy")
    with pytest.raises(TypeError):
        getattr(by_place, method)(**CALLS[method], colour=1)


def test_a_strict_exchange_refuses_zero_quantities_and_prices_below_1():
    good = traded(100, strict=True)
    for method, call in CALLS.items():
        for name in ("quantity", "stop_price", "initial_stop_price", "limit_price"):
            for value in (0, -5)[: 1 if name == "quantity" else 2]:
                if name in call:
                    exchange = copy.copy(good)
                    with pytest.raises(ValidationError, match=f"at least 1, got {value}"):
                        getattr(exchange, method)(**{**call, name: value})
                    assert exchange == good
                    assert len(exchange.event_log()) == 2
        exchange = copy.copy(good)
        assert getattr(exchange, method)(**call).status == "Pending"
    exchange = traded(100, strict=True)
    with pytest.raises(ValidationError, match="quantity"):
        exchange.submit_stop_limit("buy", 0, 0, 0)
    exchange.submit_stop_market("buy", 1, 5)  # its child has no limit price to be checked
    assert statuses(exchange) == {3: "triggered"}


# ---- forgetting ----------------------------------------------------------------------------------


def various(**options):
    """Return an exchange with pending, triggered and cancelled stops of all kinds, and trades."""
    exchange = traded(100, 104, 103, **options)  # ids 1 to 6
    for side, far in (("buy", 120), ("sell", 80)):
        exchange.submit_stop_market(side, 100, 1)  # 7 triggered; 15 triggered by what follows
        exchange.submit_stop_limit(side, far, 90, 2, tag=1)  # 9
        exchange.submit_trailing_stop_market(side, far, 3, "fixed", 4)  # 10
        exchange.submit_trailing_stop_limit(side, far, 95, 4, "pct", 0.1, owner=2)  # 11
        exchange.submit_trailing_stop_market(side, far, 5, "atr", 2.0, 3)  # 12
        exchange.cancel(exchange.submit_stop_market(side, far, 6).order_id)  # 13
        exchange.cancel(exchange.submit_trailing_stop_market(side, far, 7, "atr", 2, 2).order_id)
    trade_at(exchange, 102)
    exchange.submit_trailing_stop_market("sell", 70, 8, "fixed", 2)  # without a watermark
    return exchange


def test_clear_order_history_keeps_pending_stops_and_counts_none():
    exchange = various()
    before = {i: exchange.get_stop_order(i) for i in exchange.stops()["order_id"].tolist()}
    pending = {i: stop for i, stop in before.items() if stop["status"] == "pending"}
    ended = len(exchange.orders()) - len(exchange.open_orders())
    assert exchange.clear_order_history() == ended > 0
    assert exchange.clear_order_history() == 0
    assert exchange.stops()["order_id"].tolist() == sorted(pending)
    for order_id in before:
        assert exchange.get_stop_order(order_id) == pending.get(order_id)
        if order_id not in pending:
            assert exchange.cancel(order_id).error == "OrderNotFound"
    assert exchange.pending_stop_count() == len(pending) > 5
    check_heaps(exchange)
    for order_id, stop in pending.items():
        assert exchange.cancel(order_id).cancelled_quantity == stop["quantity"]


@pytest.mark.parametrize("prices", [(110, 121, 95), (90, 79, 105), (103, 99, 101, 97, 130)])
def test_later_triggers_are_those_of_an_exchange_that_forgot_nothing(prices):
    forgetful, plain = various(), various()
    for price in prices:
        forgetful.clear_order_history()
        forgetful.clear_trades()
        forgetful.compact()
        check_heaps(forgetful)
        trade_at(forgetful, price)
        trade_at(plain, price)
        assert forgetful.full_book() == plain.full_book()
        assert forgetful.last_trade_price() == plain.last_trade_price()
        assert forgetful.pending_stop_count() == plain.pending_stop_count()
        for order_id in forgetful.stops()["order_id"].tolist():
            assert forgetful.get_stop_order(order_id) == plain.get_stop_order(order_id)
        plain.cancel_all("buy")
        forgetful.cancel_all("buy")


def test_the_last_price_outlives_the_trades():
    exchange = traded(100)
    exchange.clear_trades()
    exchange.clear_order_history()
    assert exchange.submit_stop_market("buy", 100, 1).status == "Triggered"


# ---- copies --------------------------------------------------------------------------------------

COPIERS = [copy.copy, copy.deepcopy, lambda exchange: pickle.loads(pickle.dumps(exchange))]


@pytest.mark.parametrize("copier", COPIERS)
def test_a_copy_is_equal_and_goes_on_alone(copier):
    exchange = various()
    other = copier(exchange)
    assert other == exchange
    check_heaps(other)
    assert other.pending_stop_count() == exchange.pending_stop_count()
    assert np.array_equal(other.stops(), exchange.stops())
    for price in (110, 95, 121, 79):
        trade_at(exchange, price)
        assert other != exchange
        trade_at(other, price)
        assert other == exchange
        exchange.cancel_all()
        other.cancel_all()
    assert np.array_equal(other.stops(), exchange.stops())
    assert other.pending_stop_count() == 0


@pytest.mark.parametrize("copier", COPIERS)
def test_copies_of_copies_do_not_grow(copier):
    exchange = various()
    size = len(pickle.dumps(exchange))
    for _ in range(8):
        exchange = copier(exchange)
    assert len(pickle.dumps(exchange)) <= 2 * size


@pytest.mark.core
def test_exchanges_differ_where_their_stops_do():
    def with_stop(price=105, *, kind="fixed", value=3.0, owner=None):
        exchange = Exchange()
        exchange.submit_trailing_stop_market("buy", price, 5, kind, value, 2, owner)
        return exchange

    assert with_stop() == with_stop()
    assert with_stop(value=3.9) == with_stop()  # a fixed distance is whole
    for other in (
        with_stop(106),
        with_stop(kind="pct"),
        with_stop(kind="atr"),
        with_stop(value=4),
        with_stop(owner=1),
        Exchange(),
    ):
        assert other != with_stop()
    cancelled = with_stop()
    cancelled.cancel(1)
    assert cancelled != with_stop()


def test_equality_does_not_look_at_places_in_heaps():
    first, second = Exchange(), Exchange()
    for exchange in (first, second):
        for price in range(120, 100, -1):
            exchange.submit_stop_market("buy", price, 1)
    first.clear_order_history()  # files them anew
    assert first == second
    for exchange in (first, second):
        trade_at(exchange, 115)
    assert first == second


def test_exchanges_differ_where_only_the_changes_of_the_price_do():
    first, second = traded(100, 105, 100), traded(100, 101, 100)
    for exchange in (first, second):
        exchange.clear_trades()
        exchange.clear_order_history()
        exchange.submit_trailing_stop_market("sell", 0, 1, "atr", 1.0, 3)
    copies = copy.copy(first), copy.copy(second)
    for exchange in copies:
        trade_at(exchange, 100)
    assert stop_price(copies[0], 7) != stop_price(copies[1], 7)
    assert first != second


# ---- batches -------------------------------------------------------------------------------------


def test_a_frame_of_stop_orders_does_what_the_methods_do():
    nothing = {"tif": None, "owner": None, "tag": None, "trail_type": None}
    nothing |= {"trail_value": math.nan, "atr_period": None, "price": None}
    rows = [
        {"kind": "stop_market", "side": "buy", "stop_price": 105, "quantity": 5},
        {
            "kind": "Stop_Limit",
            "side": "s",
            "stop_price": 95,
            "quantity": 6,
            "price": 94,
            "tif": "fok",
            "owner": 3,
            "tag": -7,
        },
        {
            "kind": "trailing_stop_market",
            "side": "B",
            "stop_price": 110,
            "quantity": 7,
            "trail_type": "percentage",
            "trail_value": 0.25,
        },
        {
            "kind": "trailing_stop_limit",
            "side": "sell",
            "stop_price": 90,
            "quantity": 8,
            "trail_type": "SMA_ABS_CHANGE",
            "trail_value": 1.5,
            "atr_period": 14,
            "price": 89,
            "tif": "ioc",
        },
        {
            "kind": "trailing_stop_market",
            "side": "sell",
            "stop_price": 90,
            "quantity": 9,
            "trail_type": "fixed",
            "trail_value": 7.9,
            "owner": 0,
        },
        {"kind": "limit", "side": "sell", "price": 93, "quantity": 2, "stop_price": None},
        {"kind": "market", "side": "buy", "quantity": 1, "stop_price": None},
    ]
    frame = pd.DataFrame([{**nothing, **row} for row in rows])
    one = Exchange()
    made = one.process(frame)
    two = Exchange()
    two.submit_stop_market("buy", 105, 5)
    two.submit_stop_limit("sell", 95, 94, 6, "fok", owner=3, tag=-7)
    two.submit_trailing_stop_market("buy", 110, 7, "pct", 0.25)
    two.submit_trailing_stop_limit("sell", 90, 89, 8, "atr", 1.5, "ioc", 14)
    two.submit_trailing_stop_market("sell", 90, 9, "fixed", 7, owner=0)
    two.submit_limit("sell", 93, 2)
    two.submit_market("buy", 1)
    assert one == two
    assert one.get_stop_order(2)["status"] == "triggered"
    assert np.array_equal(one.event_log(), two.event_log())
    assert made.results["order_id"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert made.results["status"].tolist() == [4] * 5 + [0, 2]
    words = made.to_frame()["status"].tolist()
    assert words == ["Pending"] * 5 + ["New", "Filled"]


def test_a_stop_triggered_at_once_says_so_in_a_batch():
    exchange = traded(100)
    rows = [message(STOP_MARKET, "buy", quantity=3, stop_price=p) for p in (100, 101)]
    made = exchange.process(np.concatenate(rows))
    assert made.results["status"].tolist() == [5, 4]
    assert made.to_frame()["status"].tolist() == ["Triggered", "Pending"]
    assert rows_of(made.results) == [(3, 5, 0, 0, 0, 0, 0), (5, 4, 0, 0, 0, 0, 0)]


def assert_batch_refused(exchange, messages, error=ValidationError):
    """Fail unless a batch is refused and changes nothing; return the text."""
    before = copy.copy(exchange)
    with pytest.raises(error) as caught:
        exchange.process(messages)
    assert exchange == before
    assert np.array_equal(exchange.event_log(), before.event_log())
    return str(caught.value)


@pytest.mark.parametrize("kind", range(7, 11))
def test_a_narrow_array_with_a_stop_order_is_refused(kind):
    rows = [message(0, "buy", 100, 5), message(kind, "buy", 100, 5)]
    text = assert_batch_refused(traded(100), narrow(np.concatenate(rows)))
    assert "row 1" in text
    assert "EXTENDED_MESSAGE" in text


GOOD = {"quantity": 5, "stop_price": 105, "trail_type": 2, "trail_value": 2.0, "atr_period": 3}


@pytest.mark.parametrize("kind", range(7, 11))
@pytest.mark.parametrize(
    ("name", "value", "error", "kinds"),
    [
        ("side", 0, ValidationError, range(7, 11)),
        ("side", 2, ValidationError, range(7, 11)),
        ("owner", -2, ValidationError, range(7, 11)),
        ("quantity", -1, RangeError, range(7, 11)),
        ("tif", 3, ValidationError, (8, 10)),
        ("tif", -1, ValidationError, (8, 10)),
        ("trail_type", 4, ValidationError, (9, 10)),
        ("trail_type", -1, ValidationError, (9, 10)),
        ("trail_value", math.nan, ValidationError, (9, 10)),
        ("trail_value", math.inf, ValidationError, (9, 10)),
        ("atr_period", -1, RangeError, (9, 10)),
    ],
)
def test_a_bad_row_is_named_where_its_kind_uses_the_field(kind, name, value, error, kinds):
    row = message(kind, "buy", 106, **GOOD)
    rows = np.concatenate([row, row, row])
    rows[name][1] = value
    exchange = traded(100)
    if kind in kinds:
        text = assert_batch_refused(exchange, rows, error)
        assert f"{name} of row 1" in text
    else:
        made = exchange.process(rows)
        assert made.results["status"].tolist() == [4, 4, 4]
        assert exchange.event_log()[2:].tolist() == [exchange.event_log()[2].item()] * 3


def test_a_period_that_is_not_used_is_not_looked_at():
    row = message(TRAILING_STOP_MARKET, "buy", **{**GOOD, "trail_type": 0, "atr_period": -1})
    exchange = Exchange()
    exchange.process(row)
    assert exchange.get_stop_order(1)["atr_period"] is None


@pytest.mark.parametrize("kind", ["stop_market", "stop_limit", "trailing_stop_limit"])
def test_a_frame_that_lacks_what_a_kind_needs_is_refused(kind):
    row = {"kind": kind, "side": "buy", "stop_price": 105, "price": 106, "quantity": 5}
    row |= {"trail_type": "fixed", "trail_value": 3.0}
    Exchange().process(pd.DataFrame([row]))
    needed = {"side", "stop_price", "quantity"} | ({"price"} if "limit" in kind else set())
    needed |= {"trail_type", "trail_value"} if "trailing" in kind else set()
    for name in needed:
        short = pd.DataFrame([row, {**row, name: None}])
        text = assert_batch_refused(traded(100), short)
        assert name in text
        assert "row 1" in text
        without = pd.DataFrame([row]).drop(columns=name)
        assert name in assert_batch_refused(traded(100), without)
    for name, bad in (("kind", "stop"), ("trail_type", "sideways"), ("side", "up")):
        assert "row 1" in assert_batch_refused(traded(100), pd.DataFrame([row, {**row, name: bad}]))


def test_a_strict_exchange_refuses_a_batch_with_a_price_below_1():
    exchange = traded(100, strict=True)
    for name, kinds in (("stop_price", range(7, 11)), ("price", (8, 10)), ("quantity", (7, 9))):
        for kind in kinds:
            row = message(kind, "buy", **{**GOOD, "price": 106, name: 0})
            assert f"{name} of row 0" in assert_batch_refused(exchange, row)
    assert exchange.process(message(STOP_MARKET, "buy", 0, **GOOD)).results["status"] == [4]


def test_one_batch_and_many_small_ones_come_to_the_same():
    messages = stop_messages(np.random.default_rng(5), 600)
    whole, parts, singly = Exchange(), Exchange(), Exchange()
    expected = whole.process(messages)
    rng, start = np.random.default_rng(6), 0
    while start < len(messages):
        step = int(rng.integers(1, 60))
        parts.process(messages[start : start + step])
        start += step
    made = [drive_any(singly, row) for row in messages]
    assert made == [
        (*row, bool(hit))
        for row, hit in zip(
            rows_of(expected.results), expected.results["cascade_limit_hit"], strict=True
        )
    ]
    assert whole == parts == singly
    assert np.array_equal(whole.event_log(), parts.event_log())
    assert np.array_equal(whole.event_log(), singly.event_log())


# ---- trailing together -------------------------------------------------------------------------


def follow(seed, count, start, *, most=4, drift=0):
    """Let stops trail a walk of the price in a book and in an oracle, and compare all they show.

    Stops come, are cancelled and forgotten all the time.
    """
    rng, (exchange, oracle) = np.random.default_rng(seed), pair("off", 5)
    price = start
    for step in range(count):
        rows = []
        for _ in range(int(rng.integers(0, most))):
            kind, side = int(rng.choice([0, 0, 1, 1, 1, 3])), int(rng.choice([1, -1]))
            value = (rng.integers(-2, 30), rng.choice([0.001, 0.02, 0.1, 0.5, 0.999, 1.0]), 0, 1.5)
            away = abs(price) * value[1] if kind == 1 else 30
            stop = price + side * int(away * rng.random() * 1.2)
            row = message(TRAILING_STOP_LIMIT, side, LOWEST if side > 0 else HIGHEST, 1)
            row["stop_price"], row["trail_type"] = np.clip(stop, LOWEST, HIGHEST), kind
            row["trail_value"], row["atr_period"] = value[kind], 2
            rows.append(row)
        if rng.random() < 0.3:
            order_id = int(rng.integers(1, oracle.next_order_id + 1))
            rows.append(message(CANCEL, order_id=order_id))
        price = int(np.clip(price + int(rng.integers(-6, 7)) + drift, LOWEST + 60, HIGHEST - 60))
        if rng.random() < 0.02:
            rows.append(message(CANCEL_ALL))
        rows += [message(LIMIT, -1, price, 1), message(LIMIT, 1, price, 1)]
        expected = expected_of(oracle, np.concatenate(rows))
        made = exchange.process(np.concatenate(rows))
        assert rows_of(made.results) == [row[:7] for row in expected]
        assert exchange.stops()[STOP_FIELDS].tolist() == stop_rows(oracle)
        if step % 10 == 0:
            check_heaps(exchange)
        if rng.random() < 0.03:
            exchange.clear_order_history()
            oracle.clear_order_history()
            assert exchange.stops()[STOP_FIELDS].tolist() == stop_rows(oracle)
        if rng.random() < 0.03:
            exchange = COPIERS[rng.integers(3)](exchange)
    check_heaps(exchange)
    assert_same_stops(exchange, oracle)


#: A walk crosses the marks where a percentage begins and ends to be steady: 0 and 2**40.
WALKS = [(1_000, 0), (10**6, 0), (300, -1), (-300, 1), (2**40 - 200, 1), (2**40 + 200, -1)]
WALKS += [(LOWEST + 60, 1), (HIGHEST - 60, -1), (2**62, 0), (40, 0)]


@pytest.mark.core
@pytest.mark.parametrize(("start", "drift"), WALKS[:3])
def test_stops_that_trail_a_short_walk_stand_where_the_oracle_has_them(start, drift):
    follow(1, 25, start, drift=drift)


@pytest.mark.parametrize(("start", "drift"), WALKS)
@pytest.mark.parametrize("seed", range(3))
def test_stops_that_trail_a_walk_stand_where_the_oracle_has_them(seed, start, drift):
    follow(seed, 400, start, drift=drift)


@given(
    part=st.floats(0.0, 0.999) | st.floats(0.0, 1e-11) | st.sampled_from([0.5, 0.999, 5e-324]),
    mark=st.integers(0, 2**40 - 1) | st.integers(2**40 - 50, 2**40 - 1) | st.integers(0, 50),
    step=st.integers(1, 50) | st.integers(1, 2**39),
)
def test_a_steady_percentage_never_loosens(part, mark, step):
    exchange, other = Exchange(), min(mark + step, 2**40)
    exchange.submit_trailing_stop_market("sell", 0, 1, "pct", part)
    address, stop = exchange._store.address, np.int64(0)
    near, far = (int(offset_at(address, stop, np.int64(w))) for w in (mark, other))
    assert 0 <= near <= far
    assert other - far >= mark - near
    assert not is_steady(address, stop, np.int64(mark)) or is_steady(address, stop, np.int64(other))


@pytest.mark.parametrize("kind", ["fixed", "pct"])
@pytest.mark.parametrize("side", [1, -1])
def test_thousands_of_trailing_stops_stand_where_each_would_alone(side, kind):
    rng, count, start = np.random.default_rng(4), 3_000, 10**6
    distance = rng.permutation(count) + 1_001
    values = distance if kind == "fixed" else distance / 1e6
    exchange = Exchange(record_events=False)
    rows = np.repeat(message(TRAILING_STOP_MARKET, side, quantity=1), count)
    rows["trail_type"], rows["trail_value"] = kind == "pct", values
    rows["stop_price"] = start + side * rng.integers(1, 10**5, count)
    prices = start - side * np.cumsum(rng.integers(-300, 320, 600))
    marks, expected = np.full(count, start), rows["stop_price"].copy()
    alive = np.ones(count, bool)
    exchange.process(rows)
    for price in [start, *prices.tolist()]:
        trade_at(exchange, price)
        marks = np.minimum(marks, price) if side > 0 else np.maximum(marks, price)
        offset = distance if kind == "fixed" else np.floor(marks * values + 0.5).astype(np.int64)
        new = marks + side * offset
        tighter = np.minimum(expected, new) if side > 0 else np.maximum(expected, new)
        expected = np.where(alive, tighter, expected)
        reached = expected <= price if side > 0 else expected >= price
        alive &= ~reached
        stops = exchange.stops()
        assert np.array_equal(stops["status"] == PENDING, alive)
        assert np.array_equal(stops["stop_price"], expected)
        assert np.array_equal(stops["watermark"][alive], marks[alive])
    assert 0 < alive.sum() < count
    check_heaps(exchange)


# ---- many ----------------------------------------------------------------------------------------


def test_a_hundred_thousand_pending_stops():
    count = 100_000
    messages = np.zeros(count, EXTENDED_MESSAGE)
    at = np.arange(count)
    messages["kind"] = np.where(at % 4 > 1, TRAILING_STOP_LIMIT, STOP_LIMIT)
    messages["side"] = np.where(at % 2, 1, -1)
    order = np.random.default_rng(1).permutation(count)
    messages["stop_price"] = 10**6 + messages["side"] * (1 + order)
    messages["price"], messages["quantity"], messages["owner"] = 1, 1, -1
    messages["price"][messages["side"] < 0] = 10**7
    messages["trail_value"] = 3.0 * count  # too far to move any
    exchange = Exchange(record_events=False)
    exchange.process(messages)
    assert exchange.pending_stop_count() == count
    trade_at(exchange, *[10**6] * 50)
    assert exchange.pending_stop_count() == count
    expected = np.ones(count, bool)
    for step in (1, 10, 500, 40_000):
        for side in (1, -1):
            trade_at(exchange, 10**6 + side * step)
            expected &= (messages["side"] != side) | (order + 1 > step)
            assert np.array_equal(exchange.stops()["status"] == PENDING, expected)
    assert exchange.pending_stop_count() == expected.sum()
    children = exchange.stops()["child_id"]
    assert ((children > 0) == ~expected).all()
    some = np.flatnonzero(expected)[:2_000]
    for order_id in (some + 1).tolist():
        assert exchange.cancel(order_id).success
    assert exchange.clear_order_history() > 0
    assert len(exchange.stops()) == expected.sum() - len(some)
    check_heaps(exchange)
    assert exchange.cancel_all()[0] > exchange.pending_stop_count() == 0


# ---- heaps ---------------------------------------------------------------------------------------


def check_heaps(exchange):
    """Fail unless every heap is one, holds what it should, and each stop knows its places."""
    store = exchange._store
    stops, links = store.stops_now(), store.arrays["links"][: len(store.stops)]
    pending, buys = stops["status"] == PENDING, stops["side"] > 0
    seen = pending & (stops["trail_type"] >= 0) & (stops["has_watermark"] != 0)
    grouped = np.zeros(len(stops), bool)
    roots = [root for row in (0, 1) for root in check_groups(store, row, seen, grouped)]
    assert not (grouped & ~pending).any()
    by_price, waiting = pending & ~grouped, pending & (links["mark_place"] >= 0)
    by_price[roots] = True
    prices, wakes = stops["stop_price"], links["wake"]
    check_heap(store, 0, by_price & buys, prices, links["place"])
    check_heap(store, 1, by_price & ~buys, ~prices, links["place"])
    check_heap(store, 2, waiting & buys, ~wakes, links["mark_place"])
    check_heap(store, 3, waiting & ~buys, wakes, links["mark_place"])
    assert (links["place"][pending & ~by_price] == -1).all()
    assert (seen | ~(waiting | grouped)).all()
    assert not (waiting & grouped).any()
    assert ((wakes < stops["watermark"]) | ~(waiting & buys)).all()
    assert ((wakes > stops["watermark"]) | ~waiting | buys).all()
    fresh = np.flatnonzero(pending & (stops["trail_type"] >= 0) & (stops["has_watermark"] == 0))
    assert (fresh >= store.header["stops_seen"]).all()
    heaps, sizes = store.arrays["heaps"]["level"], store.header["heap_sizes"]
    for row, kind in ((4, 2), (5, 3)):
        held = heaps[row, : sizes[row]].tolist()
        assert set(np.flatnonzero(pending & (stops["trail_type"] == kind))) <= set(held)
        assert len(set(held)) == len(held)


def check_heap(store, row, members, keys, places):
    """Fail unless a row of heaps is a heap of these members, and they know their places."""
    held = store.arrays["heaps"]["level"][row, : store.header["heap_sizes"][row]]
    assert sorted(held) == np.flatnonzero(members).tolist()
    assert places[held].tolist() == list(range(len(held)))
    keys = keys[held].tolist()
    assert all(keys[(at - 1) // 2] <= keys[at] for at in range(1, len(keys)))


def check_groups(store, row, seen, grouped):
    """Fail unless the groups of a side are as they should be; return the roots of their heaps.

    Those in heaps are marked in `grouped`.
    """
    stops, links = store.stops, store.arrays["links"]
    groups = store.arrays["groups"][row, : store.header["heap_sizes"][7 + row]]
    marks, firsts = groups["mark"].tolist(), groups["first"].tolist()
    assert firsts == sorted(set(firsts))
    assert marks == sorted(marks, reverse=row == 1)
    own = np.flatnonzero(seen & ((stops["side"] < 0) == row))
    assert len(own) == 0 or firsts[0] <= own[0]
    roots = []
    for group, end in zip(groups, [*firsts, len(stops)][1:], strict=True):
        for name, kind in (("fixed", 0), ("part", 1)):
            root, above = int(group[name]), [(int(group[name]), -1)]
            roots += [root] * (root >= 0)
            while above:
                stop, up = above.pop()
                if stop < 0:
                    continue
                order, link = stops[stop], links[stop]
                assert group["first"] <= stop < end
                assert not grouped[stop]
                grouped[stop] = True
                assert (link["up"], link["mark_place"], order["trail_type"]) == (up, -2, kind)
                assert up < 0 or stops["trail_value"][up] <= order["trail_value"]
                assert (link["place"] >= 0) == (stop == root)
                assert order["watermark"] == group["mark"]
                above += [(int(link["left"]), stop), (int(link["right"]), stop)]
    return roots


prices_ = st.sampled_from([LOWEST, -1, 0, 1, HIGHEST]) | st.integers(-6, 6)


@pytest.mark.core
@pytest.mark.parametrize("side", [1, -1])
@given(data=st.data())
@settings(max_examples=30)
def test_a_heap_is_a_sorted_list(side, data):
    exchange = Exchange()
    store, row = exchange._store, 0 if side > 0 else 1
    expected = {}
    for _ in range(data.draw(st.integers(1, 30))):
        what = data.draw(st.sampled_from(["push", "push", "remove", "settle"]))
        stops = store.stops
        if what == "push" or not expected:
            price = data.draw(prices_)
            exchange.submit_stop_market(SIDES[side], price, 1)
            expected[len(store.stops) - 1] = price
            continue
        stop = data.draw(st.sampled_from(sorted(expected)))
        place = np.int64(store.arrays["links"]["place"][stop])
        if what == "remove":
            remove(store.address, np.int64(row), place)
            stops["status"][stop] = CANCELLED
            del expected[stop]
        else:
            expected[stop] = stops["stop_price"][stop] = data.draw(prices_)
            settle(store.address, np.int64(row), place)
        check_heaps(exchange)
    drained = []
    while expected:
        stop = int(first_of(store.address, np.int64(row)))
        drained.append(side * expected.pop(stop))
        remove(store.address, np.int64(row), np.int64(0))
    assert drained == sorted(drained)
    assert store.header["heap_sizes"][row] == 0


@given(seed=st.integers(0, 2**32))
def test_heaps_stay_in_order_through_any_stream(seed):
    rng, exchange = np.random.default_rng(seed), Exchange()
    messages = stop_messages(rng, 150, kinds=(40, 5, 15, 5, 2, 0.2, 0, 5, 5, 15, 15, 0.2))
    for at in range(0, len(messages), 10):
        exchange.process(messages[at : at + 10])
        check_heaps(exchange)
        if rng.random() < 0.1:
            exchange.clear_order_history()
            check_heaps(exchange)


# ---- random streams ------------------------------------------------------------------------------

#: How often each of the twelve kinds comes.
MANY_STOPS = (45, 12, 18, 8, 5, 0.3, 0.5, 6, 6, 6, 6, 0.2)
FEW_STOPS = (45, 12, 18, 8, 5, 0.3, 0.5, 1, 1, 1, 1, 0.05)

#: How many trades make a bar.
BAR_TRADES = (None, None, 1, 2, 7, 100)

#: Where prices lie. Changes of prices beyond aren't exact as floats.
CENTRES = (100, 20, 0, -50, 10**6, 10**9, 2**40)
FAR_CENTRES = (2**62, LOWEST + 150, HIGHEST - 149)


def stop_messages(rng, count, *, ticks=8, centre=100, kinds=MANY_STOPS, first_id=1):
    """Return random messages of all kinds."""
    options = {"ticks": ticks, "centre": centre, "kinds": kinds}
    messages = random_messages(rng, count, **options)
    messages["stop_price"] = centre + rng.integers(-min(ticks, 100), min(ticks, 100) + 1, count)
    types = rng.choice([0, 1, 3] if abs(centre) > 2**50 else 4, count)
    messages["trail_type"] = types
    fixed = rng.integers(-1, 8, count) + rng.choice([0, 0.5], count)
    part = rng.choice([0.01, 0.05, 0.3, -0.1, 0.005, 0.999, 1.0, 1e300], count)
    multiple = rng.choice([0.5, 1, 2, 3.7, -1], count)
    messages["trail_value"] = np.choose(types, [fixed, part, multiple, multiple])
    messages["atr_period"] = np.maximum(rng.choice([0, 1, 3, 20, 300], count), types == 3)
    about = (types == 1) & (np.abs(part) <= 1) & (rng.random(count) < 0.5) & (abs(centre) < 2**50)
    away = np.rint(centre * part[about]).astype(np.int64)
    messages["stop_price"][about] += messages["side"][about] * away
    bars = messages["kind"] == BARS
    messages["quantity"][bars] = rng.choice([1, 3, 30], np.count_nonzero(bars))
    takes_id = np.isin(messages["kind"], (0, 1, 3, *range(7, 11)))
    newest = first_id + np.cumsum(takes_id)  # children take more: old ids come often enough
    recent = newest - rng.geometric(0.04, count)
    messages["order_id"] = np.maximum(recent, rng.integers(0, 3, count))
    return messages


def trail_of(row):
    """Return trail type, value and period of a message, as the methods take them."""
    return TRAIL_TYPES[row["trail_type"]], float(row["trail_value"]), int(row["atr_period"])


def drive_any(exchange, row):
    """Call the method that a message stands for; return its result and whether it hit the limit."""
    kind = int(row["kind"])
    if kind == BARS:  # which nothing but a message says once an exchange is made
        return (*rows_of(exchange.process(np.array([row])).results)[0], False)
    if kind == CANCEL and exchange.get_stop_order(row["order_id"]):
        result = exchange.cancel(row["order_id"])
        status, error = (3, 0) if result.success else (-1, 1)
        return (row["order_id"], status, error, 0, 0, 0, result.cancelled_quantity, False)
    if kind < STOP_MARKET:  # the header has the result that `drive` leaves the flag out of
        made = drive(exchange, row)
        return (*made, bool(exchange._store.header["result"]["cascade_limit_hit"]))
    numbers = [SIDES[int(row["side"])], int(row["stop_price"])]
    if kind in (STOP_LIMIT, TRAILING_STOP_LIMIT):
        numbers.append(int(row["price"]))
    numbers.append(int(row["quantity"]))
    labels = {"owner": None if row["owner"] < 0 else row["owner"], "tag": row["tag"]}
    tif = TIFS[row["tif"]]
    try:
        if kind == STOP_MARKET:
            result = exchange.submit_stop_market(*numbers, **labels)
        elif kind == STOP_LIMIT:
            result = exchange.submit_stop_limit(*numbers, tif, **labels)
        elif kind == TRAILING_STOP_MARKET:
            result = exchange.submit_trailing_stop_market(*numbers, *trail_of(row), **labels)
        else:
            *words, period = trail_of(row)
            result = exchange.submit_trailing_stop_limit(*numbers, *words, tif, period, **labels)
    except OverflowError:
        return (*OVERFLOW, False)
    status = {"Pending": 4, "Triggered": 5}[result.status]
    return (result.order_id, status, 0, 0, 0, 0, 0, result.cascade_limit_hit)


def expected_of(oracle, messages):
    """Return the results of messages as an oracle has them, and whether each hit the limit."""
    rows = []
    for at in range(len(messages)):
        rows += [(*oracle_rows(oracle, messages[at : at + 1])[0], oracle.cascade_limit_hit)]
    return rows


STOP_FIELDS = ["order_id", "side", "stop_price", "has_limit", "limit_price", "quantity", "tif"]
STOP_FIELDS += ["status", "timestamp", "trail_type", "trail_value", "atr_period"]
STOP_FIELDS += ["has_watermark", "watermark", "child_id", "owner", "tag"]


def stop_rows(oracle):
    """Return the fields of all stops of an oracle, as an exchange's array has them."""
    rows = []
    for stop in oracle.stops.values():
        limit, mark = stop.limit_price, stop.watermark
        kind = -1 if stop.trail_type is None else TRAIL_TYPES.index(stop.trail_type)
        value = float(to_int(stop.trail_value)) if kind == 0 else stop.trail_value
        rows += [
            (
                *(stop.id, stop.side, stop.stop_price, limit is not None, limit or 0),
                *(stop.quantity, TIFS.index(stop.tif), stop.status, stop.timestamp, kind, value),
                *(stop.atr_period if kind >= 2 else 0, mark is not None, mark or 0),
                *(stop.child_id or 0, -1 if stop.owner is None else stop.owner, stop.tag),
            )
        ]
    return rows


def assert_same_stops(exchange, oracle):
    """Fail unless all stops stand as the oracle has them, in the array and one by one."""
    assert exchange.stops()[STOP_FIELDS].tolist() == stop_rows(oracle)
    assert exchange.pending_stop_count() == oracle.pending_stop_count()
    for order_id in range(oracle.next_order_id + 1):
        stop, expected = exchange.get_stop_order(order_id), oracle.stop(order_id)
        if expected is None:
            assert stop is None
            continue
        expected["side"] = SIDES[expected["side"]]
        assert {name: stop[name] for name in expected} == expected
        known = oracle.stops[order_id]
        assert (stop["time_in_force"], stop["trail_type"]) == (known.tif, known.trail_type)


def check_stop_stream(seed, longest=1_200):
    """Run a random stream of all kinds through a book and its oracle; return how long it was."""
    rng = np.random.default_rng(seed)
    policy = POLICIES[rng.integers(4)] if rng.random() < 0.3 else "off"
    bar_trades = BAR_TRADES[rng.integers(len(BAR_TRADES))]
    exchange, oracle = pair(policy, bar_trades, record_events=bool(rng.random() < 0.3))
    centre = int(rng.choice(FAR_CENTRES if rng.random() < 0.2 else CENTRES))
    messages = stop_messages(
        rng,
        int(rng.integers(1, longest)),
        ticks=int(rng.choice([3, 8, 25, 60, 200])),
        centre=centre,
        kinds=(MANY_STOPS, FEW_STOPS)[rng.integers(2)],
    )
    if rng.random() < 0.2:  # sums that come close to the end of int64
        messages["quantity"][rng.random(len(messages)) < 0.02] = 2**62
        messages["quantity"][messages["kind"] == 6] %= 4
    start = 0
    while start < len(messages):
        piece = messages[start : start + int(rng.integers(1, 200))]
        before = len(oracle.trades)
        expected = expected_of(oracle, piece)
        made = exchange.process(piece)
        hits = made.results["cascade_limit_hit"].tolist()
        got = [(*row, hit) for row, hit in zip(rows_of(made.results), hits, strict=True)]
        for at, (ours, theirs) in enumerate(zip(got, expected, strict=True)):
            assert ours == theirs, (seed, start + at, piece[at], ours, theirs)
        assert made.trades.tolist() == oracle.trades[before:], (seed, start)
        assert exchange.stops()[STOP_FIELDS].tolist() == stop_rows(oracle), (seed, start)
        assert exchange.pending_stop_count() == oracle.pending_stop_count(), (seed, start)
        assert exchange._store.header["total"] == oracle.total_quantity(), (seed, start)
        if rng.random() < 0.1:
            gone = oracle.clear_order_history()
            assert exchange.clear_order_history() == gone, (seed, start)
        if rng.random() < 0.05:
            exchange.clear_trades()
            oracle.clear_trades()
        if rng.random() < 0.1:
            exchange = COPIERS[rng.integers(3)](exchange)
        start += len(piece)
    oracle.check()
    check_heaps(exchange)
    try:
        assert_same(exchange, oracle, orders=rng.random() < 0.3)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {error}") from error
    return len(messages)


@pytest.mark.parametrize("chunk", range(6))
def test_any_random_stream_with_stops_is_what_the_oracle_makes_of_it(chunk):
    for seed in range(70 * chunk, 70 * (chunk + 1)):
        check_stop_stream(seed, longest=600)


@pytest.mark.deep
def test_300_000_random_messages_with_stops_are_what_the_oracle_makes_of_them():
    done, seed = 0, 1_000_000
    while done < 300_000:
        done += check_stop_stream(seed)
        seed += 1


@pytest.mark.core
@pytest.mark.parametrize("policy", ["off", "cancel_oldest"])
def test_a_short_stream_call_by_call_is_what_the_oracle_makes_of_it(policy):
    exchange, oracle = pair(policy, 3)
    messages = stop_messages(np.random.default_rng(11), 150)
    for at in range(len(messages)):
        row = messages[at : at + 1]
        *expected, _ = expected_of(oracle, row)[0]
        *made, _ = drive_any(exchange, row[0])
        assert made == expected
        assert_same_stops(exchange, oracle)
    assert_same(exchange, oracle)
    assert exchange.clear_order_history() == oracle.clear_order_history()
    assert_same(exchange, oracle)
    assert_same_stops(exchange, oracle)


sides = st.sampled_from([1, -1])
ticks = st.integers(-20, 20)
quantities = st.integers(0, 12) | st.sampled_from([1, 5, 2**62])
owners = st.none() | st.integers(0, 2)
tags = st.sampled_from([0, 0, 7, LOWEST])
limit_ticks = st.none() | ticks


class StopsAndOracle(BookAndOracle):
    """The machine of test_matching, with stop orders."""

    @initialize(
        centre=st.sampled_from([*CENTRES, LOWEST + 50, HIGHEST - 50]),
        width=st.integers(3, 25),
        policy=st.sampled_from(POLICIES),
        bar_trades=st.sampled_from(BAR_TRADES),
    )
    def begin(self, centre, width, policy, bar_trades):
        self.exchange, self.oracle = pair(policy, bar_trades)
        self.centre, self.width = centre, width

    @rule(
        side=sides,
        tick=ticks,
        limit=limit_ticks,
        quantity=quantities,
        tif=st.sampled_from(TIFS),
        trail=st.none()
        | st.tuples(
            st.sampled_from(TRAIL_TYPES),
            st.integers(-1, 9) | st.sampled_from([0.01, 0.05, 0.1, 0.5, 2.5, 1e300]),
            st.integers(0, 5),
        ),
        owner=owners,
        tag=tags,
    )
    def stop(self, side, tick, limit, quantity, tif, trail, owner, tag):
        if trail and trail[0] == "sma_abs_change" and abs(self.centre) > 2**50:
            trail = None
        if trail and trail[0] == "true_atr":
            trail = (*trail[:2], max(1, trail[2]))
        row = message(STOP_MARKET, side, quantity=quantity, tif=tif)
        row["kind"] += (limit is not None) + 2 * (trail is not None)
        row["stop_price"], row["price"] = self.centre + tick, self.centre + (limit or 0)
        row["owner"], row["tag"] = -1 if owner is None else owner, tag
        if trail:
            row["trail_type"] = TRAIL_TYPES.index(trail[0])
            row["trail_value"], row["atr_period"] = trail[1:]
        *expected, hit = expected_of(self.oracle, row)[0]
        *made, told = drive_any(self.exchange, row[0])
        assert (made, told) == (expected, hit)

    @rule(seed=st.integers(0, 2**32), count=st.integers(1, 30))
    def process(self, seed, count):
        rng, first = np.random.default_rng(seed), self.oracle.next_order_id
        options = {"ticks": self.width, "centre": self.centre, "first_id": first}
        messages = stop_messages(rng, count, **options)
        expected = expected_of(self.oracle, messages)
        results = self.exchange.process(messages).results
        assert rows_of(results) == [row[:7] for row in expected]
        assert results["cascade_limit_hit"].tolist() == [row[7] for row in expected]

    @rule()
    def go_on_with_a_copy(self):
        self.exchange = copy.copy(self.exchange)

    @rule()
    def go_on_with_a_pickle(self):
        self.exchange = pickle.loads(pickle.dumps(self.exchange))

    @invariant()
    def same_stops(self):
        assert_same_stops(self.exchange, self.oracle)
        check_heaps(self.exchange)


class TestStopsAndOracle(StopsAndOracle.TestCase):
    settings = settings(max_examples=45, stateful_step_count=30)


@pytest.mark.deep
class TestStopsAndOracleForLong(StopsAndOracle.TestCase):
    settings = settings(max_examples=200, stateful_step_count=60)
