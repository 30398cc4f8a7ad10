"""Order flow: seeded, accepted by a book as it says, and as frequent as asked for."""

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nanobook.book import MESSAGE, Exchange
from nanobook.datasets import order_flow
from nanobook.errors import ArgumentTypeError, RangeError, ValidationError

LIMIT, MARKET, CANCEL = range(3)
LIMIT_RATES = 1.92 / np.arange(1, 21) ** 0.52
CANCEL_RATES = np.array([0.71, 0.81, 0.68, 0.56, 0.47])

#: Within so many standard errors a count must lie; of 60 counts one in 2,000 runs would not.
SIGMAS = 4.5


def counted(events, expected):
    """Fail unless a Poisson count lies near its mean."""
    assert abs(events - expected) <= SIGMAS * np.sqrt(expected), (events, expected)


class History:
    """A stream with the state of the book before each of its messages."""

    def __init__(self, count, seed=1, levels=50, start=10_000, **options):
        self.stream, self.times = order_flow(count, seed, times=True, start=start, **options)
        self.exchange = Exchange()
        made = self.exchange.process(self.stream, every=1, levels=levels)
        self.results, self.trades = made.results, made.trades
        books = made.samples
        self.first = int(np.argmax(self.times > 0))  # of the messages that came by chance
        before = slice(self.first - 1, count - 1)
        self.prices = {1: books.bid_price[before], -1: books.ask_price[before]}
        self.quantities = {1: books.bid_quantity[before], -1: books.ask_quantity[before]}
        self.best = {
            side: _last_known(table[:, 0], quantity[:, 0] > 0, at)[before]
            for side, table, quantity, at in (
                (1, books.bid_price, books.bid_quantity, start),
                (-1, books.ask_price, books.ask_quantity, start + 1),
            )
        }
        self.messages = self.stream[self.first :]
        self.waits = np.diff(self.times)[self.first - 1 :]

    def distances(self, side, prices):
        """Return how far prices of a side lie from the other side's best, in ticks."""
        best = self.best[-side] if np.ndim(prices) == 1 else self.best[-side][:, None]
        return side * (best - prices)


def _last_known(prices, there, start):
    """Return prices with gaps filled by the last one before."""
    last = np.maximum.accumulate(np.where(there, np.arange(1, len(prices) + 1), 0))
    return np.append(start, prices)[last]


@pytest.fixture(scope="module")
def history():
    return History(60_000)


# ---- seeds -----------------------------------------------------------------------------------


@pytest.mark.core
def test_the_same_seed_gives_the_same_stream():
    one, times = order_flow(300, 5, times=True)
    assert np.array_equal(one, order_flow(300, seed=5))
    assert np.array_equal(times, order_flow(300, 5, times=True)[1])
    assert np.array_equal(one, order_flow(300, np.random.default_rng(5)))
    assert not np.array_equal(one, order_flow(300, 6))
    assert np.array_equal(order_flow(300), order_flow(300, 0))


def with_draws(draws, *args, **options):
    """Return a stream and its times, drawing so many random rows at a time."""
    module = import_module("nanobook.datasets.order_flow")
    usual = module._DRAWS
    try:
        module._DRAWS = draws
        return order_flow(*args, times=True, **options)
    finally:
        module._DRAWS = usual


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.integers(1, 800), st.sampled_from([1, 2, 7, 100, 5_000]))
def test_any_number_of_draws_at_a_time_gives_the_same_messages(seed, count, draws):
    expected = order_flow(count, seed, quantity=(1, 5))
    assert np.array_equal(with_draws(draws, count, seed, quantity=(1, 5))[0], expected)


@pytest.mark.parametrize("draws", [1, 7])
def test_any_number_of_draws_at_a_time_gives_the_same_times(draws):
    expected = order_flow(500, 1, times=True)[1]
    assert np.array_equal(with_draws(draws, 500, 1)[1], expected)


def test_quantities_change_nothing_about_when_and_where():
    one, other = order_flow(900, 3), order_flow(900, 3, quantity=2)
    for name in ("kind", "side", "price", "order_id"):
        assert np.array_equal(one[name][:100], other[name][:100])


# ---- what a book makes of it -----------------------------------------------------------------


@settings(max_examples=30)
@given(
    st.integers(0, 2**32),
    st.integers(1, 2_000),
    st.sampled_from([1, 7, (1, 1), (3, 20)]),
    st.sampled_from([0, -500, 10_000, 2**53, -(2**53)]),
    st.sampled_from([0.0, 0.5, 30.0]),
    st.sampled_from([[1.0], [0.0, 2.0, 0.0], [0.5] * 40]),
    st.sampled_from([[0.0], [0.2], [1.0, 0.0], [0.0, 0.3, 3.0]]),
)
def test_any_stream_is_taken_by_an_empty_exchange_as_the_model_says(
    seed, count, quantity, start, market_rate, limit_rates, cancel_rates
):
    stream, times = order_flow(
        count,
        seed,
        quantity=quantity,
        start=start,
        market_rate=market_rate,
        limit_rates=limit_rates,
        cancel_rates=cancel_rates,
        times=True,
    )
    assert stream.dtype == MESSAGE
    assert len(stream) == len(times) == count
    results = Exchange().process(stream).results
    kinds = stream["kind"]
    assert set(kinds.tolist()) <= {LIMIT, MARKET, CANCEL}
    # limit orders rest whole, market orders always meet somebody, cancels find their order
    assert not results["error"].any()
    limits = kinds == LIMIT
    assert (results["resting"][limits] == stream["quantity"][limits]).all()
    assert (results["trade_count"][kinds == MARKET] > 0).all()
    assert (results["cancelled"][kinds == CANCEL] > 0).all()
    low, high = quantity if isinstance(quantity, tuple) else (quantity, quantity)
    orders = stream["quantity"][kinds != CANCEL]
    assert ((low <= orders) & (orders <= high)).all()
    assert (np.abs(stream["side"][kinds != CANCEL]) == 1).all()
    assert (stream["owner"] == -1).all()
    assert (stream["flags"] == 0).all()
    assert (stream["tif"] == 0).all()
    # time stands still while the first book is built, then it goes on
    assert np.isfinite(times).all()
    begun = times > 0
    assert (np.diff(times[begun]) > 0).all()
    assert (np.diff(begun.astype(int)) >= 0).all()
    assert (kinds[~begun] == LIMIT).all()


@pytest.mark.core
def test_it_begins_with_an_average_book():
    stream = order_flow(2_000)
    first = np.rint(LIMIT_RATES / np.append(CANCEL_RATES, [0.47] * 15)).astype(int)
    count = 2 * int(first.sum())
    exchange = Exchange()
    exchange.process(stream[:count])
    book = exchange.full_book()
    held = [(at, quantity) for at, quantity in enumerate(first.tolist()) if quantity]
    assert [(lv.price, lv.quantity) for lv in book.bids] == [(10_000 - a, q) for a, q in held]
    assert [(lv.price, lv.quantity) for lv in book.asks] == [(10_001 + a, q) for a, q in held]
    _, times = order_flow(2_000, times=True)
    assert (times[:count] == 0).all()
    assert (times[count:] > 0).all()


def test_a_stream_may_be_shorter_than_its_first_book():
    whole = order_flow(1_000)
    for count in (1, 2, 5):
        assert np.array_equal(order_flow(count), whole[:count])


def test_a_book_that_would_be_empty_begins_with_an_order_on_each_side():
    stream = order_flow(2, limit_rates=[0.1], cancel_rates=[9.0])
    assert stream[["side", "price"]].tolist() == [(1, 10_000), (-1, 10_001)]


def test_the_stream_starts_where_it_is_told():
    here, there = order_flow(500, 4), order_flow(500, 4, start=-70)
    limits = here["kind"] == LIMIT
    assert np.array_equal(here["price"][limits] - 10_070, there["price"][limits])
    for name in set(MESSAGE.names) - {"price"}:
        assert np.array_equal(here[name], there[name])


# ---- rates -----------------------------------------------------------------------------------


def test_limit_orders_arrive_as_often_at_each_distance_as_asked_for(history):
    total = history.times[-1]
    for side in (1, -1):
        chosen = (history.messages["kind"] == LIMIT) & (history.messages["side"] == side)
        away = history.distances(side, history.messages["price"])[chosen]
        assert away.min() >= 1
        assert away.max() <= 20
        for distance, rate in enumerate(LIMIT_RATES, start=1):
            counted(np.count_nonzero(away == distance), rate * total)


def test_market_orders_arrive_as_often_as_asked_for(history):
    for side in (1, -1):
        orders = (history.messages["kind"] == MARKET) & (history.messages["side"] == side)
        there = history.quantities[-side][:, 0] > 0
        counted(np.count_nonzero(orders), 0.94 * history.waits[there].sum())


def test_orders_are_cancelled_as_often_at_each_distance_as_asked_for(history):
    cancels = history.messages["kind"] == CANCEL
    ids = history.messages["order_id"]
    orders = history.exchange.orders()
    assert orders["order_id"].tolist() == list(range(1, len(orders) + 1))
    for side in (1, -1):
        theirs = cancels & (orders["side"][np.maximum(ids, 1) - 1] == side)
        price = orders["price"][np.maximum(ids, 1) - 1]
        away = np.maximum(history.distances(side, price), 1)[theirs]
        levels = np.maximum(history.distances(side, history.prices[side]), 1)
        there = history.quantities[side] > 0
        assert not there[:, -1].any()  # all levels were seen
        for distance, rate in enumerate(CANCEL_RATES, start=1):
            last = distance == len(CANCEL_RATES)
            at = (levels >= distance if last else levels == distance) & there
            exposure = ((history.quantities[side] * at).sum(axis=1) * history.waits).sum()
            got = away >= distance if last else away == distance
            counted(np.count_nonzero(got), rate * exposure)


def test_rates_may_be_others_than_the_defaults():
    limits, cancels = np.array([0.0, 3.0, 1.0]), 0.4
    history = History(20_000, 2, limit_rates=limits, market_rate=2.0, cancel_rates=[cancels])
    total = history.times[-1]
    for side in (1, -1):
        chosen = (history.messages["kind"] == LIMIT) & (history.messages["side"] == side)
        away = history.distances(side, history.messages["price"])[chosen]
        assert [np.count_nonzero(away == d) for d in (1, 4)] == [0, 0]
        for distance in (2, 3):
            counted(np.count_nonzero(away == distance), limits[distance - 1] * total)
        orders = (history.messages["kind"] == MARKET) & (history.messages["side"] == side)
        there = history.quantities[-side][:, 0] > 0
        counted(np.count_nonzero(orders), 2.0 * history.waits[there].sum())
    resting = sum(table.sum(axis=1) for table in history.quantities.values())
    counted(np.count_nonzero(history.messages["kind"] == CANCEL), cancels * resting @ history.waits)


def test_twice_the_rates_is_half_the_time():
    usual = {"limit_rates": LIMIT_RATES, "market_rate": 0.94, "cancel_rates": CANCEL_RATES}
    one, times = order_flow(2_000, 3, times=True, **usual)
    double = {name: 2 * rate for name, rate in usual.items()}
    other, half = order_flow(2_000, 3, times=True, **double)
    assert np.array_equal(one, other)
    np.testing.assert_allclose(times, 2 * half, rtol=1e-12)


@pytest.mark.core
def test_a_rate_of_zero_is_never():
    stream = order_flow(3_000, market_rate=0.0, cancel_rates=[0.0])
    assert (stream["kind"] == LIMIT).all()
    stream = order_flow(3_000, market_rate=0.0)
    assert not (stream["kind"] == MARKET).any()
    stream = order_flow(3_000, cancel_rates=[0.0])
    assert not (stream["kind"] == CANCEL).any()


def test_quantities_are_even_over_their_range():
    stream = order_flow(20_000, 8, quantity=(3, 6))
    orders = stream["quantity"][stream["kind"] != CANCEL]
    for quantity in range(3, 7):
        counted(np.count_nonzero(orders == quantity), len(orders) / 4)
    assert set(orders.tolist()) == {3, 4, 5, 6}


# ---- refusals --------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"messages": 0}, RangeError, "messages must"),
        ({"messages": -1}, RangeError, "messages must"),
        ({"messages": 10.0}, ArgumentTypeError, "messages must be an integer"),
        ({"limit_rates": []}, ValidationError, "limit_rates must have a rate"),
        ({"limit_rates": [0.0, 0.0]}, ValidationError, "limit_rates must have a positive rate"),
        ({"limit_rates": [1.0, -1.0]}, RangeError, "limit_rates .* got -1.0"),
        ({"limit_rates": [float("nan")]}, ValidationError, "limit_rates .* got nan"),
        ({"limit_rates": [float("inf")]}, ValidationError, "limit_rates .* got inf"),
        ({"limit_rates": "1"}, ArgumentTypeError, "limit_rates must hold numbers"),
        ({"limit_rates": [[1.0]]}, ArgumentTypeError, "limit_rates must be a vector"),
        ({"cancel_rates": []}, ValidationError, "cancel_rates must have a rate"),
        ({"cancel_rates": [-0.1]}, RangeError, "cancel_rates .* got -0.1"),
        ({"cancel_rates": [float("nan")]}, ValidationError, "cancel_rates .* got nan"),
        ({"market_rate": -1}, RangeError, "market_rate must be at least 0"),
        ({"market_rate": float("nan")}, ValidationError, "market_rate must be finite"),
        ({"market_rate": "1"}, ArgumentTypeError, "market_rate must be a number"),
        ({"quantity": 0}, RangeError, "quantity must"),
        ({"quantity": (0, 5)}, RangeError, "quantity must"),
        ({"quantity": (5, 4)}, ValidationError, "quantity must have its lower end first"),
        ({"quantity": (1, 2, 3)}, ValidationError, "quantity must be one number or two"),
        ({"quantity": 2**41}, RangeError, "quantity must"),
        ({"quantity": 1.5}, ArgumentTypeError, "quantity must be an integer"),
        ({"start": 2**53 + 1}, RangeError, "start must"),
        ({"start": 0.5}, ArgumentTypeError, "start must be an integer"),
    ],
)
def test_a_wrong_argument_is_named(options, error, text):
    with pytest.raises(error, match=text):
        order_flow(**{"messages": 10, **options})
