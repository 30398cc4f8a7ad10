"""The seed's forecast: the original's numbers, to the last bit."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from oracles import volatility_more as oracle

import nanobook
from nanobook.errors import ArgumentTypeError, RangeError
from nanobook.volatility import garch_ewma_forecast

TWELVE = [0.011, -0.007, 0.004, -0.002, 0.006, -0.003, 0.002, 0.001, -0.004, 0.005, -0.001, 0.003]
TEN = [0.012, -0.007, 0.004, -0.021, 0.009, 0.015, -0.003, 0, 0.006, -0.011]

returns = st.lists(st.floats(-1.0, 1.0) | st.floats(-1e-3, 1e-3), max_size=30)


@pytest.mark.core
@pytest.mark.parametrize(
    ("p", "q", "mean", "expected"),
    [
        (1, 1, "zero", 0.004477640048341125),
        (2, 1, "constant", 0.004396052515467794),
        (2, 3, "MEAN", 0.004021752026494327),
        (8, 8, "zero", 0.0033875227782728637),
        (3, 7, "mean", 0.003428208668437103),
        (20, 2, "zero", 0.00435695222486049),
        (0, 0, "constant", 0.0043512257537106705),
        (6, 4, "Constant", 0.003855073609680033),
    ],
)
def test_numbers_of_the_original(p, q, mean, expected):
    assert garch_ewma_forecast(TWELVE, p, q, mean) == expected


@pytest.mark.core
def test_more_numbers_of_the_original():
    assert garch_ewma_forecast(TEN) == 0.010694907667130793
    assert garch_ewma_forecast(TEN, 2, 3, "constant") == 0.009197138920471205
    assert garch_ewma_forecast(TWELVE[:3], 8, 8) == 0.00675907916484717
    assert garch_ewma_forecast(TWELVE[:2], 1, 1, "mean") == 0.012018286067488991
    assert garch_ewma_forecast([0.0] * 5) == 1e-6


@pytest.mark.core
@settings(max_examples=50)
@given(returns, st.integers(0, 10), st.integers(0, 10), st.sampled_from(["zero", "Constant"]))
def test_agrees_with_the_definition_to_the_last_bit(values, p, q, mean):
    expected = oracle.garch_ewma_forecast(values, p, q, mean)
    assert garch_ewma_forecast(values, p, q, mean) == expected


@pytest.mark.parametrize(
    "values", [[], [0.1], [0.1, math.nan, 0.2], [0.1, math.inf], [1e200, 1e150], [1e308, 1e308]]
)
def test_what_has_no_variance_forecasts_nothing(values):
    assert garch_ewma_forecast(values) == 0.0
    assert garch_ewma_forecast(values, mean="mean") == 0.0


@pytest.mark.core
def test_a_matrix_has_one_forecast_a_column():
    table = np.column_stack([TWELVE, np.negative(TWELVE), np.full(12, np.nan)])
    expected = [garch_ewma_forecast(column) for column in table.T.tolist()]
    assert_array_equal(garch_ewma_forecast(table), expected)
    frame = garch_ewma_forecast(pd.DataFrame(table, columns=list("abc")))
    assert frame.index.tolist() == list("abc")
    assert_array_equal(frame, expected)
    assert type(garch_ewma_forecast(pd.Series(TWELVE))) is float


def test_a_word_that_is_no_mean_counts_as_zero_but_is_told():
    with pytest.warns(UserWarning, match="got 'median': it counts as 'zero'"):
        assert garch_ewma_forecast(TWELVE, mean="median") == garch_ewma_forecast(TWELVE)


def test_arguments_are_of_the_originals_kinds():
    with pytest.raises(TypeError, match="p must be an integer"):
        garch_ewma_forecast(TWELVE, 1.0)
    with pytest.raises(RangeError, match="q must lie between 0"):
        garch_ewma_forecast(TWELVE, 1, -1)
    with pytest.raises(ArgumentTypeError, match="mean"):
        garch_ewma_forecast(TWELVE, mean=None)
    with pytest.raises(ArgumentTypeError, match="returns"):
        garch_ewma_forecast(None)


def test_the_alias_and_the_capability():
    assert nanobook.py_garch_ewma_forecast is garch_ewma_forecast
    assert "garch_ewma_forecast" in nanobook.capabilities()
