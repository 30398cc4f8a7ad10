"""Pictures of the book, and what they say."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from book.streams import HIGHEST, LOWEST
from hypothesis import given
from hypothesis import strategies as st

from nanobook.book import BookSnapshot, Exchange, LevelSnapshot, SweepCost
from nanobook.errors import ArgumentTypeError, RangeError, ValidationError

BOTH = BookSnapshot([(99, 10, 2), (98, 20, 1)], [(101, 30, 3), (103, 40, 1), (104, 5, 1)])
BIDS = BookSnapshot(bids=[(99, 10, 2), (98, 20, 1)])
ASKS = BookSnapshot(asks=[(101, 30, 3)])
EMPTY = BookSnapshot()


@st.composite
def snapshots(draw, most=6):
    """Draw a book of up to `most` levels a side, at any prices."""
    bids, asks = draw(st.integers(0, most)), draw(st.integers(0, most))
    prices = sorted(
        draw(
            st.lists(
                st.integers(-1000, 1000) | st.integers(LOWEST, HIGHEST),
                min_size=bids + asks,
                max_size=bids + asks,
                unique=True,
            )
        )
    )
    amounts = st.integers(1, 100) | st.integers(1, 2**59)
    rows = [(price, draw(amounts), draw(st.integers(1, 9))) for price in prices]
    return BookSnapshot(rows[:bids][::-1], rows[bids:])


@pytest.mark.core
def test_levels_are_tuples_with_names():
    level = BOTH.bids[0]
    assert level == (99, 10, 2)
    assert (level.price, level.quantity, level.order_count) == (99, 10, 2)
    assert level.price_float == 0.99
    assert repr(LevelSnapshot((-5, 1, 1))) == "Level(price=$-0.05, qty=1, orders=1)"
    assert repr(BOTH) == "BookSnapshot(bids=2, asks=3)"


@pytest.mark.core
@pytest.mark.parametrize(
    ("snapshot", "best", "spread", "mid", "imbalance", "weighted"),
    [
        (BOTH, (99, 101), 2, 100.0, (30 - 75) / 105, (30 * 99 + 10 * 101) / 40),
        (BIDS, (99, None), None, None, 1.0, None),
        (ASKS, (None, 101), None, None, -1.0, None),
        (EMPTY, (None, None), None, None, None, None),
    ],
)
def test_the_analytics_of_section_9(snapshot, best, spread, mid, imbalance, weighted):
    assert (snapshot.best_bid(), snapshot.best_ask()) == best
    assert snapshot.spread() == spread
    assert snapshot.mid_price() == mid
    assert snapshot.imbalance() == imbalance
    assert snapshot.weighted_mid() == weighted
    assert snapshot.microprice() == weighted


def test_the_imbalance_depends_on_the_levels_asked_for():
    exchange = Exchange()
    for side, price, quantity in (("buy", 9, 1), ("buy", 8, 9), ("sell", 10, 3), ("sell", 11, 3)):
        exchange.submit_limit(side, price, quantity)
    assert exchange.depth(1).imbalance() == -0.5
    assert exchange.depth(2).imbalance() == 0.25
    assert exchange.depth(0).imbalance() is None


def test_the_weighted_mid_leans_to_the_thinner_side():
    thin_ask = BookSnapshot([(99, 90, 1)], [(101, 10, 1)])
    assert thin_ask.weighted_mid() == pytest.approx(100.8)


def test_the_microprice_counts_the_levels_asked_for():
    share = 30 / (30 + 70)
    assert BOTH.microprice(2) == pytest.approx(share * 101 + (1 - share) * 99, rel=1e-15)
    share = 30 / (30 + 75)
    assert BOTH.microprice(77) == pytest.approx(share * 101 + (1 - share) * 99, rel=1e-15)
    assert BIDS.microprice(3) is ASKS.microprice(3) is EMPTY.microprice(3) is None
    for bad, error in ((0, RangeError), (-1, RangeError), (1.0, ArgumentTypeError)):
        with pytest.raises(error):
            BOTH.microprice(bad)


def test_totals_are_exact():
    assert (BOTH.total_bid_quantity(), BOTH.total_ask_quantity()) == (30, 75)
    assert (EMPTY.total_bid_quantity(), BIDS.total_ask_quantity()) == (0, 0)
    huge = BookSnapshot([(1, 2**62, 1), (0, 2**62, 1)], [(2, 1, 1)])
    assert huge.total_bid_quantity() == 2**63


@given(snapshots())
def test_analytics_stay_within_their_bounds(snapshot):
    imbalance, mid = snapshot.imbalance(), snapshot.mid_price()
    assert imbalance is None or -1 <= imbalance <= 1
    assert (imbalance is None) == (not snapshot.bids and not snapshot.asks)
    assert (mid is None) == (not snapshot.bids or not snapshot.asks)
    if mid is not None:
        bid, ask = snapshot.best_bid(), snapshot.best_ask()
        slack = 1e-15 * max(abs(bid), abs(ask)) * 4
        assert snapshot.spread() == ask - bid > 0
        for price in (mid, snapshot.weighted_mid(), snapshot.microprice(3)):
            assert bid - slack <= price <= ask + slack


def naive_sweep(levels, quantity):
    """Return (filled, notional, worst price, levels) taken one unit of a level at a time."""
    filled = notional = touched = 0
    worst = None
    for price, available, _ in levels:
        take = min(available, quantity - filled)
        if take:
            filled, notional, worst, touched = (
                filled + take,
                notional + take * price,
                price,
                touched + 1,
            )
    return filled, notional, worst, touched


@given(snapshots(), st.sampled_from(["buy", "sell"]), st.integers(0, 300) | st.integers(0, HIGHEST))
def test_a_sweep_is_what_the_levels_cost(snapshot, side, quantity):
    levels = snapshot.asks if side == "buy" else snapshot.bids
    filled, notional, worst, touched = naive_sweep(levels, quantity)
    cost = snapshot.sweep_cost(side, quantity)
    assert (cost.filled_quantity, cost.notional, cost.worst_price, cost.levels) == (
        *(filled, notional, worst, touched),
    )
    assert cost.average_price == (notional / filled if filled else None)
    assert cost.slippage >= 0
    if filled:
        exact = abs(notional - levels[0].price * filled) / filled
        assert cost.slippage == exact


def test_a_sweep_by_hand():
    assert BOTH.sweep_cost("buy", 50) == SweepCost(
        50, 30 * 101 + 20 * 103, (30 * 101 + 20 * 103) / 50, 103, 2, 40 / 50
    )
    assert BOTH.sweep_cost("s", 1000) == SweepCost(30, 990 + 1960, 2950 / 30, 98, 2, 20 / 30)
    assert (
        BOTH.sweep_cost("buy", 0) == EMPTY.sweep_cost("buy", 9) == SweepCost(0, 0, None, None, 0, 0)
    )
    for side, quantity, error in (
        ("x", 1, ValidationError),
        (1, 1, ArgumentTypeError),
        ("buy", 1.0, ArgumentTypeError),
        ("buy", -1, RangeError),
    ):
        with pytest.raises(error):
            BOTH.sweep_cost(side, quantity)


def test_a_frame_has_the_sides_beside_each_other():
    frame = BOTH.to_frame()
    expected = pd.DataFrame(
        {
            "bid_orders": [2, 1, None],
            "bid_quantity": [10, 20, None],
            "bid_price": [99, 98, None],
            "ask_price": [101, 103, 104],
            "ask_quantity": [30, 40, 5],
            "ask_orders": [3, 1, 1],
        },
        dtype="Int64",
    ).rename_axis("level")
    pd.testing.assert_frame_equal(frame, expected)


@pytest.mark.parametrize(("snapshot", "rows"), [(BIDS, 2), (ASKS, 1), (EMPTY, 0)])
def test_frames_of_one_side_and_of_none(snapshot, rows):
    frame = snapshot.to_frame()
    assert frame.shape == (rows, 6)
    assert (frame.dtypes == "Int64").all()
    assert frame["bid_price"].dropna().tolist() == [level.price for level in snapshot.bids]
    assert frame["ask_price"].dropna().tolist() == [level.price for level in snapshot.asks]


def test_frames_keep_prices_exact():
    snapshot = BookSnapshot([(LOWEST, HIGHEST, 1)], [(HIGHEST, 1, 1), (2**53 + 1, 1, 1)])
    frame = snapshot.to_frame()
    assert frame["ask_price"].tolist() == [HIGHEST, 2**53 + 1]
    assert frame.loc[0, "bid_price"] == LOWEST


@given(snapshots())
def test_copies_and_pickles_are_equal(snapshot):
    for twin in (
        copy.copy(snapshot),
        copy.deepcopy(snapshot),
        pickle.loads(pickle.dumps(snapshot)),
    ):
        assert twin == snapshot
        assert hash(twin) == hash(snapshot)
        assert (twin.bids, twin.asks) == (snapshot.bids, snapshot.asks)
    assert BookSnapshot(snapshot.bids, iter(snapshot.asks)) == snapshot


def test_books_that_differ_are_not_equal():
    assert BIDS != ASKS != EMPTY != BOTH
    assert BookSnapshot([(1, 1, 1)]) != BookSnapshot(asks=[(1, 1, 1)])
    assert BookSnapshot([(1, 1, 1)]) != BookSnapshot([(1, 1, 2)])
    assert BOTH != "BookSnapshot"


def test_an_exchange_gives_what_its_orders_add_up_to():
    exchange = Exchange()
    rng = np.random.default_rng(0)
    for price, quantity in rng.integers([90, 1], [100, 20], (50, 2)).tolist():
        exchange.submit_limit("buy", price, quantity)
        exchange.submit_limit("sell", price + 20, quantity)
    book = exchange.full_book()
    assert BookSnapshot(book.bids, book.asks) == book
    for levels, side in ((book.bids, "buy"), (book.asks, "sell")):
        queues = exchange.queues(side)
        for level in levels:
            rows = queues[queues["price"] == level.price]
            assert (rows["quantity"].sum(), len(rows)) == (level.quantity, level.order_count)
