"""Queue lengths over time against every nanosecond counted by itself."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from microstructure.states import times as some_times
from numpy.testing import assert_allclose, assert_array_equal

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.microstructure import queue_lengths

NAN = math.nan
FIGURES = ("mean", "deviation", "median", "minimum", "maximum", "empty", "weight")


def naive_figures(quantities, durations):
    """Look at the queue once per nanosecond."""
    units = sorted(
        max(quantity, 0)
        for quantity, duration in zip(quantities, durations, strict=True)
        for _ in range(duration)
        if quantity == quantity
    )
    if not units:
        return [NAN] * 6 + [0]
    median = units[(len(units) - 1) // 2]
    mean, deviation = np.mean(units), np.std(units)
    return [mean, deviation, median, units[0], units[-1], units.count(0) / len(units), len(units)]


@given(st.integers(0, 2**32), st.integers(0, 12), st.integers(1, 3), st.none() | st.integers(0, 6))
def test_any_queue_has_the_figures_of_the_definition(seed, rows, levels, tail):
    rng = np.random.default_rng(seed)
    table = rng.choice([NAN, -1, 0, 1, 2, 5, 30], (rows, levels))
    times = some_times(rng, rows)
    end = None if tail is None or not rows else int(times[-1]) + tail
    lasting = [*np.diff(times).tolist(), tail or 0][:rows]
    got = queue_lengths(table, times, end_ns=end)
    for level in range(levels):
        figures = [getattr(got, name)[level] for name in FIGURES]
        assert_allclose(figures, naive_figures(table[:, level], lasting), rtol=1e-13, atol=1e-13)
    plain = queue_lengths(table)
    for level in range(levels):
        figures = [getattr(plain, name)[level] for name in FIGURES]
        assert_allclose(figures, naive_figures(table[:, level], [1] * rows), rtol=1e-13, atol=1e-13)


@pytest.mark.core
def test_a_state_weighs_as_long_as_it_lasts():
    got = queue_lengths([10, 100, 10], [0, 90, 100])
    assert got.mean.tolist() == [19.0]
    assert got.median.tolist() == [10.0]
    assert got.weight.tolist() == [100.0]
    assert queue_lengths([10, 100], [0, 90], end_ns="100ns").mean.tolist() == [19.0]
    # A state that was over at once is none of the extremes.
    assert queue_lengths([10, 999, 20], [0, 5, 5], end_ns=9).maximum.tolist() == [20.0]


@pytest.mark.core
def test_what_is_not_known_counts_for_no_time():
    got = queue_lengths([10, NAN, 20], [0, 10, 90], end_ns=100)
    assert got.mean.tolist() == [15.0]
    assert got.weight.tolist() == [20.0]


@pytest.mark.core
def test_nothing_and_no_time():
    for got in (
        queue_lengths([]),
        queue_lengths([], []),
        queue_lengths([5], [10]),
        queue_lengths([NAN]),
    ):
        assert got.weight.tolist() == [0]
        assert np.isnan([getattr(got, name)[0] for name in FIGURES[:-1]]).all()
    assert len(queue_lengths(np.empty((0, 4)))) == 4
    assert len(queue_lengths(np.empty((2, 0)))) == 0


@pytest.mark.core
def test_the_frame_has_a_row_for_each_level():
    table = pd.DataFrame({"a": [1, 3], "b": [0, 0]})
    frame = queue_lengths(table).to_frame()
    assert frame.columns.tolist() == list(FIGURES)
    assert frame.index.tolist() == [1, 2]
    assert frame["mean"].tolist() == [2.0, 0.0]
    assert frame["empty"].tolist() == [0.0, 1.0]


@pytest.mark.core
def test_dates_are_times():
    times = pd.date_range("2024-01-02", periods=2, freq="s")
    assert_array_equal(queue_lengths([4, 8], times).mean, [4.0])


@pytest.mark.core
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: queue_lengths([1, 2], [1]), ValidationError, "timestamp_ns must have a time for"),
        (lambda: queue_lengths([1, 2], [2, 1]), ValidationError, "timestamp_ns must never go back"),
        (lambda: queue_lengths([1], [5], end_ns=4), ValidationError, "end_ns must not lie before"),
        (lambda: queue_lengths([1], end_ns=4), ValidationError, "timestamp_ns must be given"),
        (
            lambda: queue_lengths([1], [5], end_ns=7.5),
            ArgumentTypeError,
            "end_ns must be an integer",
        ),
        (lambda: queue_lengths(["a"]), ArgumentTypeError, "quantity must be numbers"),
        (lambda: queue_lengths(5), ValidationError, "quantity must have one or two axes"),
    ],
)
def test_a_wrong_argument_is_named(call, error, text):
    with pytest.raises(error, match=text):
        call()


@given(st.integers(0, 2**32), st.integers(1, 400), st.sampled_from([2, 10, 10**6]))
def test_the_median_of_many_states_is_that_of_the_sorted_ones(seed, rows, most):
    rng = np.random.default_rng(seed)
    for quantity in (rng.integers(0, most, rows), np.arange(rows), np.arange(rows)[::-1] % most):
        expected = np.sort(quantity)[(rows - 1) // 2]
        assert queue_lengths(quantity).median.tolist() == [expected]
