"""States found by time: against a walk over all of them, and pandas' merge_asof."""

import math
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from microstructure.states import times as some_times
from numpy.testing import assert_array_equal

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.microstructure import mid_at, state_at

NAN = math.nan


def naive_state_at(times, stamps, horizon, before, wanted, group, end):
    """Walk over all states and keep the last one that isn't too late."""
    found = []
    for time, symbol in zip(times, wanted, strict=True):
        row, limit = -1, time + horizon
        for at, (stamp, of) in enumerate(zip(stamps, group, strict=True)):
            if of == symbol and (stamp < limit or (stamp == limit and not before)):
                row = at
        found.append(-1 if end is not None and limit > end else row)
    return found


@given(
    st.integers(0, 2**32),
    st.integers(0, 12),
    st.integers(0, 12),
    st.integers(-6, 12),
    st.booleans(),
    st.integers(0, 3),
    st.none() | st.integers(0, 30),
)
def test_any_times_find_the_state_of_the_definition(
    seed, count, states, horizon, before, symbols, end
):
    rng = np.random.default_rng(seed)
    stamps, times = some_times(rng, states), rng.integers(-3, 30, count)
    wanted, group = rng.integers(0, symbols + 1, count), rng.integers(0, symbols + 1, states)
    locates = {"times_locate": wanted, "locate": group} if symbols else {}
    got = state_at(times, stamps, horizon, before=before, end_ns=end, **locates)
    rows = wanted.tolist(), group.tolist()
    expected = naive_state_at(times.tolist(), stamps.tolist(), horizon, before, *rows, end)
    assert got.tolist() == expected
    mid = rng.random(states)
    got = mid_at(times, stamps, mid, horizon, before=before, end_ns=end, **locates)
    assert_array_equal(got, [mid[row] if row >= 0 else NAN for row in expected])


@given(st.integers(0, 2**32), st.booleans())
def test_pandas_finds_the_same(seed, before):
    rng = np.random.default_rng(seed)
    stamps, times = some_times(rng, 40), np.sort(rng.integers(0, 120, 30))
    states = pd.DataFrame({"t": stamps, "locate": rng.integers(0, 3, 40), "row": range(40)})
    trades = pd.DataFrame({"t": times, "locate": rng.integers(0, 3, 30)})
    merged = pd.merge_asof(trades, states, on="t", by="locate", allow_exact_matches=not before)[
        "row"
    ]
    got = state_at(
        times, stamps, before=before, times_locate=trades["locate"], locate=states["locate"]
    )
    assert_array_equal(got, merged.fillna(-1))


@given(st.integers(0, 2**32), st.integers(0, 5))
def test_nothing_after_the_horizon_is_seen(seed, horizon):
    rng = np.random.default_rng(seed)
    stamps, times = some_times(rng, 30), rng.integers(0, 80, 20)
    mid = rng.random(30)
    whole = mid_at(times, stamps, mid, horizon)
    for cut in (0, 7, 29):
        kept = stamps <= stamps[cut]
        part = mid_at(times, stamps[kept], mid[kept], horizon)
        early = times + horizon <= stamps[cut]
        assert_array_equal(part[early], whole[early])


@pytest.mark.core
def test_a_trade_meets_the_state_before_its_own_message():
    # Two executions of one sweep, with the state that each of them left behind.
    stamps, mid = [10, 20, 20, 30], [100.0, 101.0, 102.0, 103.0]
    assert_array_equal(mid_at([20, 20], stamps, mid, before=True), [100.0, 100.0])
    assert_array_equal(mid_at([20, 20], stamps, mid), [102.0, 102.0])
    messages, trades = [4, 5, 6, 7], [5, 6]
    assert_array_equal(mid_at(trades, messages, mid, before=True), [100.0, 101.0])


@pytest.mark.core
def test_the_last_state_lasts_unless_an_end_is_said():
    assert_array_equal(mid_at([5, 50], [0, 10], [1.0, 2.0]), [1, 2])
    assert_array_equal(mid_at([5, 50], [0, 10], [1.0, 2.0], 5, end_ns=10), [2, NAN])
    assert_array_equal(mid_at([5, 50], [0, 10], [1.0, 2.0], 5, end_ns="55ns"), [2, 2])


@pytest.mark.core
def test_a_state_without_mid_price_gives_none_rather_than_an_older_one():
    assert_array_equal(mid_at([15], [0, 10], [1.0, NAN]), [NAN])


@pytest.mark.core
def test_horizons_may_be_said_in_words():
    five = 5 * 10**9
    spans = (
        five,
        "5s",
        timedelta(seconds=5),
        np.timedelta64(5, "s"),
        pd.Timedelta("5s"),
        np.int64(five),
    )
    for horizon in spans:
        assert state_at([0, 1], [0, five, five + 1], horizon).tolist() == [1, 2]
    assert state_at([five], [0, 1, five], "-4999999999ns").tolist() == [1]


@pytest.mark.core
def test_times_may_be_of_any_kind_that_has_nanoseconds():
    stamps = pd.date_range("2024-01-02 09:30", periods=3, freq="s")
    trades = pd.Series(stamps[[0, 2]] + pd.Timedelta("10ms"), index=["a", "b"])
    expected = pd.Series([0, 2], ["a", "b"], name="state")
    for states in (stamps, stamps.to_series(), stamps.to_numpy().astype("M8[ms]")):
        pd.testing.assert_series_equal(state_at(trades, states), expected)
    zone = "America/New_York"
    local = trades.dt.tz_localize(zone)
    pd.testing.assert_series_equal(state_at(local, stamps.tz_localize(zone)), expected)
    spans = stamps - stamps[0]
    assert state_at([10**9 + 1], spans).tolist() == [1]
    assert state_at(np.array([7], np.uint64), np.array([7], np.int32)).tolist() == [0]


@pytest.mark.core
def test_symbols_may_be_words_and_may_be_new():
    got = state_at([5, 5, 5], [1, 2], times_locate=["A", "B", "C"], locate=pd.Series(["B", "A"]))
    assert got.tolist() == [1, 0, -1]
    kinds = pd.Categorical(["B", "A"])
    assert state_at([5], [1, 2], times_locate=["A"], locate=kinds).tolist() == [1]


@pytest.mark.core
def test_the_ends_of_time():
    first, last = -(2**63), 2**63 - 1
    assert state_at([first, last], [first, 0, last]).tolist() == [0, 2]
    assert state_at([5], [0, last], last).tolist() == [1]
    assert state_at([-5], [first, 0], first).tolist() == [0]
    assert state_at([-5], [first, 0], first, before=True).tolist() == [-1]


@pytest.mark.core
def test_nothing_is_found_in_nothing():
    assert state_at([], []).shape == mid_at([], [], []).shape == (0,)
    assert state_at([1, 2], []).tolist() == [-1, -1]
    assert state_at([1], [], times_locate=["A"], locate=[]).tolist() == [-1]
    assert_array_equal(mid_at([1], [], []), [NAN])


@pytest.mark.core
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: state_at([1], [2, 1]),
            ValidationError,
            "timestamp_ns must never go back, but row 1",
        ),
        (lambda: state_at([1.0], [1]), ArgumentTypeError, "times_ns must be whole nanoseconds"),
        (lambda: state_at([1], ["09:30"]), ArgumentTypeError, "timestamp_ns must be whole"),
        (lambda: state_at([[1]], [1]), ValidationError, "times_ns must have one axis"),
        (lambda: state_at(pd.Series([pd.NaT]), [1]), ValidationError, "times_ns must have a time"),
        (lambda: state_at(np.array([2**63], np.uint64), [1]), ValidationError, "must fit int64"),
        (lambda: state_at([1], [1], 1.5), ArgumentTypeError, "horizon must be an integer"),
        (lambda: state_at([1], [1], "soon"), ArgumentTypeError, "horizon must be nanoseconds or"),
        (lambda: state_at([1], [1], pd.NaT), ArgumentTypeError, "horizon must be"),
        (lambda: state_at([1], [1], None), ArgumentTypeError, "horizon must be an integer"),
        (lambda: state_at([1], [1], 2**63), RangeError, "horizon must lie between"),
        (lambda: state_at([1], [1], locate=[1]), ValidationError, "times_locate must be given too"),
        (
            lambda: state_at([1], [1], times_locate=[1, 2], locate=[1]),
            ValidationError,
            "each of 1 rows",
        ),
        (
            lambda: state_at([1], [1], times_locate=["A"], locate=[None]),
            ValidationError,
            "in every row",
        ),
        (lambda: mid_at([1], [1], [1, 2]), ValidationError, "mid must have a value for each of 1"),
        (lambda: mid_at([1], [1], ["a"]), ArgumentTypeError, "mid must hold"),
    ],
)
def test_a_wrong_argument_is_named(call, error, text):
    with pytest.raises(error, match=text):
        call()
