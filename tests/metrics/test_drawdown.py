"""Drawdowns and the stretches under water against their definitions."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from oracles import metrics as oracle

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.metrics.drawdown import drawdown, drawdown_series, running_drawdown

NAN, INF = math.nan, math.inf

curves = st.lists(
    st.one_of(st.floats(1e-3, 1e9), st.integers(90, 110).map(float)), max_size=40
)  # the integers make ties


@pytest.mark.core
@settings(max_examples=50)
@given(curves)
def test_agrees_with_the_definition(equity):
    assert drawdown(equity).tolist() == oracle.drawdown(equity)


@settings(max_examples=30)
@given(curves, st.integers(-8, 8))
def test_scale_does_not_matter(equity, power):
    """Powers of two scale without rounding."""
    equity = np.array(equity)
    assert_array_equal(drawdown(equity * 2.0**power), drawdown(equity))


@pytest.mark.core
@settings(max_examples=50)
@given(curves)
def test_stretches_agree_with_the_definition(equity):
    found = drawdown_series(equity)
    for event in found:
        assert event.pop("underwater_days") == event["underwater_periods"]
        for point in ("peak", "trough", "recovery"):
            assert event.pop(f"{point}_date") == event[f"{point}_index"]
    assert found == oracle.drawdown_series(equity)


@settings(max_examples=30)
@given(curves)
def test_stretches_cover_every_value_below_the_peak(equity):
    below = sum(event["underwater_periods"] for event in drawdown_series(equity))
    assert below == np.count_nonzero(drawdown(equity))


@pytest.mark.core
def test_stretches_of_the_original():
    keys = (
        "drawdown_pct",
        "underwater_periods",
        "underwater_days",
        "peak_index",
        "peak_date",
        "trough_index",
        "trough_date",
        "recovery_index",
        "recovery_date",
    )
    expected = [
        (0.2, 3, 3, 0, 0, 2, 2, 4, 4),
        (0.019801980198019802, 1, 1, 5, 5, 6, 6, 7, 7),
        (0.11764705882352941, 1, 1, 7, 7, 8, 8, None, None),
    ]
    found = drawdown_series([100, 90, 80, 95, 100, 101, 99, 102, 90])
    assert [tuple(event) for event in found] == [keys] * 3
    assert [tuple(event.values()) for event in found] == expected


def test_a_tie_moves_the_peak_and_keeps_the_first_trough():
    (event,) = drawdown_series([100.0, 100.0, 90.0, 90.0, 100.0])
    assert (event["peak_index"], event["trough_index"], event["recovery_index"]) == (1, 2, 4)
    assert event["underwater_periods"] == 2


def test_dates_are_labels_of_a_series():
    dates = pd.date_range("2024-01-01", periods=5)
    closed, still_open = drawdown_series(pd.Series([10.0, 9.0, 11.0, 8.0, 7.0], index=dates))
    assert (closed["peak_date"], closed["trough_date"]) == (dates[0], dates[1])
    assert closed["recovery_date"] == dates[2]
    assert closed["recovery_index"] == 2
    assert still_open["trough_date"] == dates[4]
    assert still_open["recovery_date"] is still_open["recovery_index"] is None


def test_plain_numbers_in_the_dicts():
    (event,) = drawdown_series(np.array([2.0, 1.0]))
    assert {type(value) for value in event.values()} == {int, float, type(None)}


@pytest.mark.parametrize("equity", [[], [1.0], [1.0, 1.0, 2.0]])
def test_no_stretches(equity):
    assert drawdown_series(equity) == []


def test_many_stretches():
    found = drawdown_series(np.tile([2.0, 1.0], 500))
    assert len(found) == 500
    assert found[-1]["recovery_index"] is None


@pytest.mark.core
def test_shape_and_labels_stay():
    table = np.random.default_rng(6).uniform(1, 2, (30, 4))
    matrix = drawdown(table)
    for s in range(4):
        assert_array_equal(matrix[:, s], drawdown(table[:, s].tolist()))
    dates = pd.date_range("2024-01-01", periods=30)
    frame = drawdown(pd.DataFrame(table, index=dates, columns=list("wxyz")))
    pd.testing.assert_frame_equal(frame, pd.DataFrame(matrix, index=dates, columns=list("wxyz")))
    one = drawdown(pd.Series(table[:, 1], index=dates, name="x"))
    pd.testing.assert_series_equal(one, frame["x"])
    assert_array_equal(drawdown(np.asfortranarray(table)), matrix)


def test_empty_in_empty_out():
    assert drawdown([]).shape == (0,)
    assert drawdown(np.empty((0, 2))).shape == (0, 2)


@pytest.mark.parametrize("function", [drawdown, drawdown_series])
@pytest.mark.parametrize("bad", [0.0, -1.0, NAN, INF])
def test_equity_must_be_finite_and_positive(function, bad):
    with pytest.raises(ValidationError, match=f"finite and positive, got {bad} in row 1"):
        function([1.0, bad, 2.0, -5.0])


@pytest.mark.parametrize("function", [drawdown, drawdown_series])
@pytest.mark.parametrize("equity", [None, "ab", {1.0}, {1.0: 2}, ["a"], [[1.0, 2.0]], 1.0])
def test_what_is_not_numbers_is_refused(function, equity):
    with pytest.raises(ArgumentTypeError, match="equity"):
        function(equity)


def test_stretches_are_of_one_curve():
    with pytest.raises(ArgumentTypeError, match="vector"):
        drawdown_series(np.ones((3, 2)))


def running(equity):
    out = np.empty(len(equity))
    running_drawdown(np.array(equity), out)
    return out.tolist()


def test_the_kernel_takes_equity_that_runs_out():
    assert running([4.0, 2.0, 0.0, -4.0, 8.0, 6.0]) == [0.0, 0.5, 1.0, 2.0, 0.0, 0.25]


def test_the_kernel_has_no_fraction_of_a_peak_that_is_not_positive():
    assert_array_equal(running([-1.0, 0.0, 2.0, 1.0]), [NAN, NAN, 0.0, 0.5])


def test_the_kernel_passes_over_nan():
    assert_array_equal(running([NAN, 4.0, NAN, 3.0]), [NAN, 0.0, NAN, 0.25])
    assert running([]) == []
