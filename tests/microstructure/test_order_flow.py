"""Order flow imbalance against the indicator formula of its authors."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from microstructure.states import states
from microstructure.states import times as some_times
from numpy.testing import assert_array_equal

from nanobook.book import Exchange
from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.microstructure import order_flow_imbalance

NAN, INF = math.nan, math.inf


def naive_e(before, now):
    """e_n of Cont, Kukanov and Stoikov, indicators and all."""
    (pb0, qb0, pa0, qa0), (pb, qb, pa, qa) = before, now
    return (pb >= pb0) * qb - (pb <= pb0) * qb0 - (pa <= pa0) * qa + (pa >= pa0) * qa0


def naive_flow(rows, group):
    """Compare each level with the last readable one of its group; an empty side is infinite."""
    flow, last = [], {}
    for (bid, bids, ask, asks), symbol in zip(rows, group, strict=True):
        unknown = any(q != q or (q > 0 and p != p) for p, q in ((bid, bids), (ask, asks)))
        now = (bid, bids) if bids > 0 else (-INF, 0)
        now += (ask, asks) if asks > 0 else (INF, 0)
        flow.append(naive_e(last[symbol], now) if symbol in last and not unknown else NAN)
        if not unknown:
            last[symbol] = now
    return flow


def level(tables, k):
    return list(zip(*(table[:, k].tolist() for table in tables), strict=True))


def holed(tables, rng):
    """Return the tables with some values missing."""
    tables = [table.astype(float) for table in tables]
    for table in tables:
        table[rng.random(table.shape) < 0.1] = NAN
    return tables


@given(states(most=14), st.integers(0, 2**32), st.booleans(), st.integers(0, 2), st.data())
def test_any_states_have_the_flow_of_the_definition(tables, seed, with_holes, symbols, data):
    rng = np.random.default_rng(seed)
    tables = holed(tables, rng) if with_holes else tables
    rows, levels = tables[0].shape
    group = rng.integers(0, symbols + 1, rows)
    levels = data.draw(st.integers(1, levels))
    got = order_flow_imbalance(*tables, levels, locate=group if symbols else None)
    expected = np.array([naive_flow(level(tables, k), group.tolist()) for k in range(levels)]).T
    assert_array_equal(got, expected[:, 0] if levels == 1 else expected.reshape(rows, levels))


@given(states(most=20), st.integers(0, 2**32), st.integers(1, 9), st.integers(0, 2), st.booleans())
def test_any_interval_has_the_sum_of_its_flow(tables, seed, interval, symbols, with_holes):
    rng = np.random.default_rng(seed)
    tables = holed(tables, rng) if with_holes else tables
    rows, levels = tables[0].shape
    times, group = some_times(rng, rows) - 5, rng.integers(0, symbols + 1, rows)
    locate = group if symbols else None
    flow = order_flow_imbalance(*tables, levels, locate=locate).reshape(rows, levels)
    got = order_flow_imbalance(
        *tables, levels, locate=locate, timestamp_ns=times, interval=interval
    )
    sums = {}
    for time, symbol, row in zip(times.tolist(), group.tolist(), flow, strict=True):
        sums.setdefault((math.ceil(time / interval) * interval, symbol), []).append(row)
    expected = sorted(sums)
    assert got.timestamp_ns.tolist() == [end for end, _ in expected]
    assert len(got) == len(expected)
    if symbols:
        assert got.locate.tolist() == [symbol for _, symbol in expected]
    else:
        assert got.locate is None
    for row, key in zip(got.flow.reshape(-1, levels), expected, strict=True):
        assert_array_equal(row, pd.DataFrame(sums[key]).sum(min_count=1))


@given(states(most=14))
def test_flow_turned_round_is_its_opposite(tables):
    bid, bids, ask, asks = tables
    assert_array_equal(order_flow_imbalance(-ask, asks, -bid, bids), -order_flow_imbalance(*tables))


@given(st.integers(0, 2**32))
def test_mixed_symbols_flow_as_each_alone(seed):
    rng = np.random.default_rng(seed)
    tables = [rng.integers(98, 103, (30, 2)) for _ in range(4)]
    group = rng.choice(["A", "B", "C"], 30)
    mixed = order_flow_imbalance(*tables, 2, locate=group)
    for symbol in "ABC":
        own = group == symbol
        assert_array_equal(mixed[own], order_flow_imbalance(*(t[own] for t in tables), 2))


@pytest.mark.core
def test_each_kind_of_event_counts_as_in_the_paper():
    state = 100, 10, 102, 20
    events = {
        "limit buy at the best": ((100, 15, 102, 20), 5),
        "limit sell at the best": ((100, 10, 102, 27), -7),
        "market sell or cancelled bid": ((100, 4, 102, 20), -6),
        "market buy or cancelled ask": ((100, 10, 102, 1), 19),
        "limit buy inside the spread": ((101, 3, 102, 20), 3),
        "limit sell inside the spread": ((100, 10, 101, 8), -8),
        "all of the best bid gone": ((99, 50, 102, 20), -10),
        "all of the best ask gone": ((100, 10, 103, 50), 20),
        "nothing": (state, 0),
    }
    for after, expected in events.values():
        tables = zip(state, after, strict=True)
        assert_array_equal(order_flow_imbalance(*map(list, tables)), [NAN, expected])


@pytest.mark.core
def test_a_side_that_empties_takes_all_away_and_one_that_appears_adds_all():
    bid, bids = [100, 0, 99, 0], [10, 0, 4, 0]
    ask, asks = [102, 102, 102, 0], [5, 5, 5, 0]
    assert_array_equal(order_flow_imbalance(bid, bids, ask, asks), [NAN, -10, 4, -4 + 5])
    # What the price of an empty level is makes no difference.
    assert_array_equal(
        order_flow_imbalance([100, NAN, 99, 7], bids, [102, 102, 102, NAN], asks), [NAN, -10, 4, 1]
    )


@pytest.mark.core
def test_a_row_that_is_missing_is_passed_over():
    bids = [10, NAN, 25, 26]
    fixed = [100] * 4, [102] * 4, [5] * 4
    assert_array_equal(order_flow_imbalance(fixed[0], bids, *fixed[1:]), [NAN, NAN, 15, 1])
    prices = [100, NAN, 100, 100]
    assert_array_equal(order_flow_imbalance(prices, [10] * 4, *fixed[1:]), [NAN, NAN, 0, 0])


@pytest.mark.core
def test_nothing_and_one_row():
    empty = np.empty((0, 3))
    assert order_flow_imbalance(*[empty] * 4).shape == (0,)
    assert order_flow_imbalance(*[empty] * 4, 3).shape == (0, 3)
    assert_array_equal(order_flow_imbalance([1], [1], [2], [1]), [NAN])
    assert_array_equal(order_flow_imbalance(*[np.empty((2, 0))] * 4), [NAN, NAN])
    sums = order_flow_imbalance(*[empty] * 4, 2, timestamp_ns=[], interval="1s", locate=[])
    assert (len(sums), sums.flow.shape, sums.locate.shape) == (0, (0, 2), (0,))


@pytest.mark.core
def test_a_state_at_the_end_of_an_interval_belongs_to_it():
    bids = [10, 11, 13, 17, 25]
    tables = [100] * 5, bids, [102] * 5, [5] * 5
    sums = order_flow_imbalance(*tables, timestamp_ns=[1, 10, 11, 20, 35], interval=10)
    assert sums.timestamp_ns.tolist() == [10, 20, 40]
    assert sums.flow.tolist() == [1, 2 + 4, 8]
    # An interval that holds nothing but a first state says nothing.
    first = order_flow_imbalance(*tables, timestamp_ns=[1, 11, 12, 13, 14], interval="10ns")
    assert_array_equal(first.flow, [NAN, 15])


@pytest.mark.core
def test_labels_stay():
    index = pd.Index([3, 5, 6], name="message")
    bids = pd.DataFrame({"b1": [1, 2, 4], "b2": [5, 5, 5]}, index)
    prices = np.full((3, 2), 100)
    tables = prices, bids, prices + 1, np.ones((3, 2))
    one = order_flow_imbalance(*tables)
    pd.testing.assert_series_equal(one, pd.Series([NAN, 1, 2], index, name="order_flow_imbalance"))
    two = order_flow_imbalance(*tables, 2)
    assert two.index.equals(index)
    assert two.columns.tolist() == [1, 2]
    assert_array_equal(two[2], [NAN, 0, 0])
    sums = order_flow_imbalance(*tables, 2, timestamp_ns=[1, 2, 3], interval=2, locate=["B"] * 3)
    frame = sums.to_frame()
    assert frame.index.tolist() == [2, 4]
    assert frame.index.name == "timestamp_ns"
    assert frame.columns.tolist() == ["locate", "flow_1", "flow_2"]
    frame = order_flow_imbalance(*tables, timestamp_ns=[1, 2, 3], interval=2).to_frame()
    assert frame["flow"].tolist() == [1, 2]


def test_flow_of_a_books_own_samples_is_what_its_orders_did():
    exchange = Exchange()
    rows = [
        {"kind": "limit", "side": side, "price": price, "quantity": quantity}
        for side, price, quantity in [
            ("buy", 100, 10),
            ("sell", 102, 8),
            ("buy", 101, 3),
            ("sell", 101, 2),
            ("buy", 102, 9),
        ]
    ]
    samples = exchange.process(pd.DataFrame(rows), every=1).samples
    tables = samples.bid_price, samples.bid_quantity, samples.ask_price, samples.ask_quantity
    # +10; -8; +3 inside; -2 sold from the bid; 8 of 9 take the ask, 1 rests at a better bid.
    assert_array_equal(order_flow_imbalance(*tables), [NAN, -8, 3, -2, 1 + 8])


@pytest.mark.core
@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"levels": 3}, ValidationError, "levels must be at most 2, got 3"),
        ({"levels": 0}, RangeError, "levels must"),
        ({"levels": 1.0}, ArgumentTypeError, "levels must be an integer"),
        ({"locate": [1]}, ValidationError, "locate must have a label for each of 2 rows"),
        ({"interval": 5}, ValidationError, "timestamp_ns must be given too"),
        ({"timestamp_ns": [1, 2]}, ValidationError, "interval must be given too"),
        ({"interval": 0, "timestamp_ns": [1, 2]}, RangeError, "interval must"),
        ({"interval": "x", "timestamp_ns": [1, 2]}, ArgumentTypeError, "interval must be nano"),
        ({"interval": 1, "timestamp_ns": [2, 1]}, ValidationError, "must never go back"),
        ({"interval": 1, "timestamp_ns": [1]}, ValidationError, "a time for each of 2 rows"),
    ],
)
def test_a_wrong_argument_is_named(options, error, text):
    with pytest.raises(error, match=text):
        order_flow_imbalance(*[np.ones((2, 2))] * 4, **options)
