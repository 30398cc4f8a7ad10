"""Bars of trades, Wilder's average true range, and the stops that trail by it."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from book.streams import HIGHEST, LOWEST, message
from book.test_stops import BARS, stop_price, trade_at
from hypothesis import given
from hypothesis import strategies as st
from oracles.order_book import NaiveExchange

from nanobook.book import Event, Exchange, MultiExchange, process_many
from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.types.codes import LIMIT, TRAILING_STOP_MARKET

COPIERS = [copy.copy, copy.deepcopy, lambda exchange: pickle.loads(pickle.dumps(exchange))]


def built(*prices, bar_trades=2, **options):
    """Return an exchange with bars, where one unit has traded at each of the prices."""
    exchange = Exchange(bar_trades=bar_trades, **options)
    trade_at(exchange, *prices)
    return exchange


def pairs_at(prices):
    """Return messages that let one unit trade at each price."""
    rows = np.repeat(message(LIMIT, quantity=1), 2 * len(prices))
    rows["side"], rows["price"] = np.tile([-1, 1], len(prices)), np.repeat(prices, 2)
    return rows


@pytest.mark.core
def test_an_average_is_wilders():
    exchange = built(100, 104, 103, 109, 90, 95)
    # Ranges: 104 - 100; 109 - 103; 109 - 90, for the close before was 109.
    assert exchange.average_true_range(1) == 19
    assert exchange.average_true_range(2) == ((4 + 6) / 2 * 1 + 19) / 2
    assert exchange.average_true_range(3) == (4 + 6 + 19) / 3
    assert exchange.average_true_range(4) is None
    trade_at(exchange, 200)  # half a bar
    assert exchange.average_true_range(1) == 19
    trade_at(exchange, 201)  # a gap: from the close of 95
    assert exchange.average_true_range(1) == 201 - 95


@pytest.mark.core
def test_a_stop_trails_by_a_multiple_of_the_average():
    exchange = built(100, 104, 103)
    stop = exchange.submit_trailing_stop_market("sell", 50, 1, "true_atr", 2.5, 2).order_id
    shown = exchange.get_stop_order(stop)
    assert (shown["trail_type"], shown["trail_value"], shown["atr_period"]) == ("true_atr", 2.5, 2)
    assert shown["watermark"] is None
    trade_at(exchange, 109)
    assert stop_price(exchange, stop) == 109 - int(2.5 * 5)  # the bar was complete before it moved
    trade_at(exchange, 108)
    assert stop_price(exchange, stop) == 97
    trade_at(exchange, 110)  # one trade of a bar more, and then both
    assert stop_price(exchange, stop) == 110 - int(2.5 * (5 + 2) / 2)


def test_a_stop_that_is_not_ready_stays():
    exchange = built(100, 101)
    stop = exchange.submit_trailing_stop_market("sell", 50, 1, "true_atr", 1.0, 2).order_id
    trade_at(exchange, 120)
    assert stop_price(exchange, stop) == 50
    assert exchange.get_stop_order(stop)["watermark"] == 120
    trade_at(exchange, 110)  # the second bar: 120 - 101; the mark is that of before
    assert stop_price(exchange, stop) == 120 - 10


@pytest.mark.parametrize("value", [0.0, -1.0, 0.01])
def test_a_distance_below_1_moves_nothing(value):
    exchange = built(100, 110)
    stop = exchange.submit_trailing_stop_market("buy", 150, 1, "true_atr", value, 1).order_id
    trade_at(exchange, 90, 95)
    assert stop_price(exchange, stop) == 150


@given(
    prices=st.lists(st.integers(-30, 30) | st.sampled_from([LOWEST, HIGHEST]), max_size=40),
    size=st.integers(1, 4),
    period=st.integers(1, 5),
)
def test_an_average_agrees_with_its_definition(prices, size, period):
    exchange, oracle = Exchange(bar_trades=size), NaiveExchange(bar_trades=size)
    for price in prices:
        trade_at(exchange, price)
        oracle.limit(-1, price, 1)
        oracle.limit(1, price, 1)
    assert exchange.average_true_range(period) == oracle.average_true_range(period)


@pytest.mark.parametrize("period", [1, 3, 14])
def test_an_average_does_not_depend_on_when_it_is_asked_for(period):
    prices = (100 + np.cumsum(np.random.default_rng(period).integers(-5, 6, 200))).tolist()
    early, late = Exchange(bar_trades=3), Exchange(bar_trades=3)
    early.submit_trailing_stop_market("sell", LOWEST, 1, "true_atr", 1.0, period)
    trade_at(early, *prices)
    trade_at(late, *prices)
    expected = early.average_true_range(period)
    assert late.average_true_range(period) == expected > 0
    late.submit_trailing_stop_market("sell", LOWEST, 1, "true_atr", 1.0, period)
    assert late.average_true_range(period) == expected
    trade_at(early, 90, 95, 80)
    trade_at(late, 90, 95, 80)
    assert late.average_true_range(period) == early.average_true_range(period) != expected


def test_a_new_period_begins_with_the_oldest_range_that_is_remembered():
    rng, oracle = np.random.default_rng(3), NaiveExchange(bar_trades=1)
    prices = np.concatenate([[10**6, 0], rng.integers(90, 110, 4_096)])
    exchange = Exchange(bar_trades=1)
    exchange.submit_trailing_stop_market("sell", LOWEST, 1, "true_atr", 1.0, 4_000)
    oracle.trailing_stop_market(-1, LOWEST, 1, "true_atr", 1.0, 4_000)
    exchange.process(pairs_at(prices))
    for price in prices.tolist():
        oracle.limit(-1, price, 1)
        oracle.limit(1, price, 1)
    for period in (1, 100, 3_999, 4_000, 4_096, 4_097):
        assert exchange.average_true_range(period) == oracle.average_true_range(period)
    assert exchange.average_true_range(4_000) > 2 * exchange.average_true_range(3_999)
    assert exchange.average_true_range(4_097) is None  # though so many bars there were


@pytest.mark.core
def test_without_a_word_bars_begin_with_the_first_stop_that_needs_them():
    exchange = Exchange()
    exchange.process(pairs_at([100, 200] * 60))
    assert exchange.bar_trades is None
    assert exchange.average_true_range(1) is None
    exchange.submit_trailing_stop_market("sell", 0, 1, "true_atr", 1.0, 1)
    assert exchange.bar_trades == 100
    exchange.process(pairs_at([150] * 99))
    assert exchange.average_true_range(1) is None
    trade_at(exchange, 153)
    assert exchange.average_true_range(1) == 3


def test_all_trades_of_a_cascade_are_in_bars():
    exchange, oracle = Exchange(bar_trades=3), NaiveExchange(bar_trades=3)
    for at in range(110):  # a hundred rounds, and some more
        exchange.submit_stop_market("buy", 100 + at, 1)
        oracle.stop_market(1, 100 + at, 1)
    for at in range(120):
        exchange.submit_limit("sell", 100 + at + at % 5, 1)
        oracle.limit(-1, 100 + at + at % 5, 1)
    for _ in range(3):
        exchange.submit_market("buy", 1)
        oracle.market(1, 1)
        assert exchange.average_true_range(2) == oracle.average_true_range(2)
        exchange.clear_trades()  # which forgets none that a bar is to have
    assert exchange.trades() == []


def test_clearing_changes_no_bar():
    plain, forgetful = Exchange(bar_trades=4), Exchange(bar_trades=4)
    for exchange in (plain, forgetful):
        exchange.submit_trailing_stop_limit("sell", 10, 5, 1, "true_atr", 1.5, atr_period=2)
    for price in (100, 110, 105, 120, 111, 99, 130, 140, 120, 125):
        trade_at(plain, price)
        trade_at(forgetful, price)
        forgetful.clear_trades()
        forgetful.clear_order_history()
        assert plain.average_true_range(2) == forgetful.average_true_range(2)
        assert plain.get_stop_order(1) == forgetful.get_stop_order(1)


@pytest.mark.core
@pytest.mark.parametrize("copier", COPIERS)
def test_a_copy_goes_on_with_the_same_bars(copier):
    exchange = built(100, 104, 103, 109, 90, bar_trades=2)
    exchange.submit_trailing_stop_market("sell", 50, 1, "true_atr", 1.0, 2)
    other = copier(exchange)
    assert other == exchange
    trade_at(exchange, 95)
    assert other != exchange
    trade_at(other, 95)
    assert other == exchange
    assert other.average_true_range(2) == exchange.average_true_range(2)
    assert other.stops().tolist() == exchange.stops().tolist()


def test_exchanges_differ_where_only_their_bars_do():
    assert Exchange(bar_trades=2) == Exchange(bar_trades=2)
    assert Exchange(bar_trades=2) != Exchange(bar_trades=3)
    assert Exchange(bar_trades=100) != Exchange()
    first, second = built(100, 110, 105, 105), built(100, 105, 105, 105)
    for exchange in (first, second):
        exchange.clear_trades()
        exchange.clear_order_history()
    assert first != second


@pytest.mark.core
@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz", "npz"])
def test_a_log_knows_the_bars(suffix, tmp_path):
    exchange = built(100, 104, 103, self_trade_prevention="cancel_oldest")
    exchange.submit_trailing_stop_market("sell", 50, 1, "true_atr", 1.5, 2)
    trade_at(exchange, 109, 90, 95)
    assert [event.kind for event in exchange.events()[:2]] == [
        "set_self_trade_prevention",
        "set_bar_trades",
    ]
    for log in (exchange.events(), exchange.event_log(), exchange.events_frame()):
        again = Exchange.replay(log)
        assert again == exchange
        assert again.bar_trades == 2
    exchange.save(tmp_path / f"log.{suffix}")
    assert Exchange.load(tmp_path / f"log.{suffix}") == exchange


def test_an_event_says_what_a_bar_is():
    event = Exchange(bar_trades=7).events()[0]
    assert event.__getstate__() == '{"SetBarTrades":{"trades":7}}'
    assert (event.kind, event.trades) == ("set_bar_trades", 7)
    assert repr(event) == "SetBarTrades { trades: 7 }"
    assert Event(event.__getstate__()) == event
    for wrong in ("0", "-1", "null", "1.5", '"7"'):
        with pytest.raises(ValidationError):
            Event(f'{{"SetBarTrades":{{"trades":{wrong}}}}}')


def test_an_event_of_bars_begins_anew_with_them():
    exchange = built(100, 110, 120, 130)
    stop = exchange.submit_trailing_stop_market("sell", 50, 1, "true_atr", 1.0, 1).order_id
    trade_at(exchange, 130)
    assert stop_price(exchange, stop) == 130 - 20
    assert exchange.apply(Event('{"SetBarTrades":{"trades":3}}')) == []
    assert exchange.bar_trades == 3
    assert exchange.average_true_range(1) is None
    trade_at(exchange, 131, 125, 128)
    assert exchange.average_true_range(1) == 6
    assert stop_price(exchange, stop) == 131 - 6
    assert Exchange.replay(exchange.events()) == exchange


def test_a_frame_says_what_a_bar_is_and_how_a_stop_trails():
    frame = pd.DataFrame(
        {
            "kind": ["bars", "trailing_stop_market"],
            "quantity": [2, 1],
            "side": ["", "sell"],
            "stop_price": [None, 50],
            "trail_type": [None, "true_atr"],
            "trail_value": [None, 1.0],
            "atr_period": [None, 1],
        }
    )
    exchange = Exchange()
    made = exchange.process(frame)
    assert made.results["order_id"].tolist() == [0, 1]
    assert exchange.bar_trades == 2
    trade_at(exchange, 100, 103)
    assert stop_price(exchange, 1) == 100
    del frame["atr_period"]
    with pytest.raises(ValidationError, match="atr_period of row 1 is missing: true_atr needs it"):
        Exchange().process(frame)


@pytest.mark.core
def test_what_is_no_number_of_trades_or_no_period_is_refused():
    for kind in (Exchange, MultiExchange):
        for wrong in (0, -1, 2**63):
            with pytest.raises(RangeError, match="bar_trades must"):
                kind(bar_trades=wrong)
        with pytest.raises(ArgumentTypeError, match="bar_trades"):
            kind(bar_trades=1.5)
    exchange = Exchange(bar_trades=HIGHEST)
    before = copy.copy(exchange)
    for wrong in (0, -1):
        with pytest.raises(RangeError, match="period must"):
            exchange.average_true_range(wrong)
        with pytest.raises(RangeError, match="atr_period must"):
            exchange.submit_trailing_stop_market("buy", 1, 1, "true_atr", 1.0, wrong)
        row = message(TRAILING_STOP_MARKET, "buy", 0, 1, trail_type=3, atr_period=wrong)
        with pytest.raises(RangeError, match="atr_period of row 0 must be at least 1"):
            exchange.process(row)
        with pytest.raises(RangeError, match="quantity of row 0 must be at least 1"):
            exchange.process(message(BARS, quantity=wrong))
    with pytest.raises(ValidationError, match="atr_period must be given"):
        exchange.submit_trailing_stop_market("buy", 1, 1, "true_atr", 1.0)
    assert exchange == before
    assert len(exchange.event_log()) == 1


def test_a_policy_that_is_unknown_is_named_before_bars_are_set():
    with pytest.raises(ValidationError, match="self_trade_prevention"):
        Exchange(self_trade_prevention="x", bar_trades=5)


def test_many_periods_have_an_average_each():
    exchange, prices = Exchange(bar_trades=1), [100, 103, 99, 120, 80, 81]
    for period in range(1, 60):
        exchange.submit_trailing_stop_market("sell", LOWEST, 1, "true_atr", 1.0, period)
        exchange.submit_trailing_stop_market("buy", HIGHEST, 1, "true_atr", 1.0, period)
    trade_at(exchange, *prices)
    ranges = np.abs(np.diff([100, *prices]))
    for period in range(1, 60):
        average = ranges[:period].sum() / period
        for true_range in ranges[period:]:
            average = (average * (period - 1) + true_range) / period
        expected = average if period <= len(prices) else None
        assert exchange.average_true_range(period) == expected
    assert Exchange.replay(exchange.events()) == exchange


@pytest.mark.core
def test_each_book_of_many_has_its_bars(tmp_path):
    exchange = MultiExchange(bar_trades=2)
    for symbol, prices in (("A", (100, 103)), ("B", (50, 51, 60))):
        trade_at(exchange.get_or_create(symbol), *prices)
    assert exchange.average_true_range("A", 1) == 3
    assert exchange.average_true_range("B", period=1) == 1
    exchange.save(tmp_path / "books")
    loaded = MultiExchange.load(tmp_path / "books")
    assert loaded == exchange
    assert loaded.get_or_create("C").bar_trades == 2
    assert copy.copy(exchange).get_or_create("C").bar_trades == 2


def test_streams_in_parallel_build_the_same_bars():
    streams = [pairs_at(np.random.default_rng(n).integers(90, 110, 50)) for n in range(6)]
    together = [Exchange(bar_trades=7) for _ in streams]
    for exchange in together[::2]:
        exchange.submit_trailing_stop_market("sell", 1, 0, "true_atr", 1.5, 3)
    alone = [copy.copy(exchange) for exchange in together]
    process_many(together, streams)
    for exchange, stream in zip(alone, streams, strict=True):
        exchange.process(stream)
    assert together == alone
    assert all(exchange.average_true_range(3) > 0 for exchange in together)
