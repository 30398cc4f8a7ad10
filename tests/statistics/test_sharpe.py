"""Sharpe ratios and their length against published numbers and definitions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles import statistics as oracle

from nanobook import py_deflated_sharpe
from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.statistics import (
    deflated_sharpe,
    effective_trials,
    expected_maximum_sharpe,
    minimum_backtest_length,
    minimum_track_record_length,
    probabilistic_sharpe,
)

NAN, INF = math.nan, math.inf
YEAR = 250
PAPER = {"n_obs": 1250, "variance": 0.5 / YEAR, "skew": -3.0, "kurtosis": 10.0}


@pytest.mark.core
def test_the_papers_example():
    """Bailey, Lopez de Prado (2014): an annual 2.5 over five years of days, best of 100."""
    assert round(expected_maximum_sharpe(100, PAPER["variance"]), 4) == 0.1132
    assert round(deflated_sharpe(2.5 / math.sqrt(YEAR), n_trials=100, **PAPER), 4) == 0.9004
    assert round(deflated_sharpe(2.5 / math.sqrt(YEAR), n_trials=46, **PAPER), 4) == 0.9505
    normal = {**PAPER, "skew": 0.0, "kurtosis": 3.0}
    assert round(deflated_sharpe(2.5 / math.sqrt(YEAR), n_trials=88, **normal), 4) == 0.9505


def test_an_annual_sharpe_ratio_is_not_what_it_takes():
    assert deflated_sharpe(2.5, n_trials=100, **PAPER) > 0.999


@pytest.mark.core
@given(
    st.floats(-0.5, 0.5),
    st.integers(2, 5000),
    st.floats(-3, 3),
    st.floats(0, 10),
    st.floats(-0.2, 0.2),
)
def test_agrees_with_the_definition(sharpe, n_obs, skew, more, benchmark):
    kurtosis = 1.0 + skew**2 + 0.1 + more
    found = probabilistic_sharpe(
        sharpe, n_obs=n_obs, skew=skew, kurtosis=kurtosis, benchmark=benchmark
    )
    expected = oracle.probabilistic_sharpe(sharpe, n_obs, skew, kurtosis, benchmark)
    assert type(found) is float
    assert_allclose(found, expected, rtol=1e-9, atol=1e-15)


@pytest.mark.core
def test_arrays_go_element_by_element():
    sharpe = np.array([0.05, 0.1, NAN])
    n_obs = np.array([[100], [400]])
    found = probabilistic_sharpe(sharpe, n_obs=n_obs, skew=[-1, 0, 0], kurtosis=4)
    assert found.shape == (2, 3)
    assert found[1, 0] == probabilistic_sharpe(0.05, n_obs=400, skew=-1, kurtosis=4)
    assert_array_equal(np.isnan(found[0]), [False, False, True])
    deflated = deflated_sharpe(sharpe, n_obs=100, n_trials=10, variance=0.01)
    assert deflated[1] == deflated_sharpe(0.1, n_obs=100, n_trials=10, variance=0.01)
    lengths = minimum_track_record_length(sharpe)
    assert lengths[0] == minimum_track_record_length(0.05)
    assert math.isnan(lengths[2])


@pytest.mark.core
@pytest.mark.parametrize("n", [2, 10, 100, 1000])
def test_the_expected_maximum_is_near_the_exact_one(n):
    """The paper's approximation is a limit for many trials: within 8 % at two, 3 % at ten."""
    tolerance = 0.08 if n == 2 else 0.03
    assert_allclose(expected_maximum_sharpe(n), oracle.expected_maximum(n), rtol=tolerance)
    assert expected_maximum_sharpe(n, 4.0) == 2.0 * expected_maximum_sharpe(n)


def test_a_large_number_of_trials_keeps_its_digits():
    more, most = expected_maximum_sharpe(1e17), expected_maximum_sharpe(1e18)
    assert 8.4 < more < most < 9.3


@pytest.mark.core
def test_one_trial_or_no_variance_deflates_nothing():
    plain = probabilistic_sharpe(0.1, n_obs=100)
    assert expected_maximum_sharpe(1) == 0.0
    assert expected_maximum_sharpe(1.2) == 0.0  # where the approximation is negative
    assert deflated_sharpe(0.1, n_obs=100, n_trials=1, variance=0.5) == plain
    assert deflated_sharpe(0.1, n_obs=100, n_trials=50, variance=0.0) == plain


def test_the_more_trials_the_less_a_sharpe_ratio_is_worth():
    found = [
        deflated_sharpe(0.1, n_obs=500, n_trials=n, variance=0.002)
        for n in (1, 2, 5, 20, 100, 10_000)
    ]
    assert found == sorted(found, reverse=True)


@pytest.mark.core
def test_backtest_length_of_the_paper():
    """Bailey et al. (2014): five years carry about 45 trials; the bound is never shorter."""
    assert round(minimum_backtest_length(45), 1) == 5.0
    assert minimum_backtest_length(45, 2.0) == minimum_backtest_length(45) / 4
    assert minimum_backtest_length(1) == 0.0
    for n in (2, 10, 100, 1e6):
        assert minimum_backtest_length(n) <= minimum_backtest_length(n, bound=True)
    assert minimum_backtest_length(math.e, bound=True) == 2.0


@given(st.floats(0.01, 0.5), st.floats(-2, 2), st.floats(-0.2, 0.0), st.floats(0.6, 0.99))
def test_a_record_of_the_minimum_length_reaches_the_confidence(sharpe, skew, benchmark, level):
    shape = {"skew": skew, "kurtosis": 7.0, "benchmark": benchmark}
    length = minimum_track_record_length(sharpe, confidence=level, **shape)
    if length >= 2:
        assert_allclose(probabilistic_sharpe(sharpe, n_obs=length, **shape), level, rtol=1e-9)


def test_no_length_proves_what_is_not_so():
    assert minimum_track_record_length(0.1, benchmark=0.1) == INF
    assert minimum_track_record_length(-0.1) == INF


@pytest.mark.core
def test_effective_trials_lie_between_one_and_all():
    assert effective_trials(100, 0.0) == 100.0
    assert effective_trials(100, 1.0) == 1.0
    assert effective_trials(100, -0.2) == 100.0
    assert effective_trials(1, 0.3) == 1.0
    assert_allclose(effective_trials(100, 0.25), 75.25)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: probabilistic_sharpe(0.1, n_obs=1), "n_obs must be at least 2, got 1"),
        (lambda: probabilistic_sharpe(0.1, n_obs=[9, 0]), "n_obs must be at least 2, got 0"),
        (lambda: probabilistic_sharpe(0.1, n_obs=9, skew=-3), "kurtosis must be at least 1"),
        (lambda: probabilistic_sharpe(0.1, n_obs=9, kurtosis=0), "normal distribution has 3"),
        (lambda: expected_maximum_sharpe(0.5), "n_trials must be at least 1, got 0.5"),
        (lambda: expected_maximum_sharpe(9, -1), "variance must be at least 0, got -1"),
        (lambda: minimum_backtest_length(9, 0), "sharpe must be above 0"),
        (lambda: minimum_track_record_length(1, confidence=1), "confidence must be below 1"),
        (lambda: minimum_track_record_length(1, confidence=0.5), "confidence must be above 0.5"),
        (lambda: effective_trials(0, 0), "n_trials must be at least 1"),
        (lambda: effective_trials(9, 1.5), "average_correlation must be at most 1"),
        (lambda: effective_trials(9, -1.5), "average_correlation must be at least -1"),
    ],
)
def test_what_lies_outside_its_range_is_refused(call, text):
    with pytest.raises(RangeError, match=text):
        call()


@pytest.mark.parametrize("bad", [NAN, INF])
def test_trials_and_their_variance_are_finite(bad):
    with pytest.raises(ValidationError, match="n_trials must be finite"):
        deflated_sharpe(0.1, n_obs=9, n_trials=bad, variance=1)
    with pytest.raises(ValidationError, match="variance must be finite"):
        deflated_sharpe(0.1, n_obs=9, n_trials=3, variance=bad)
    assert math.isnan(probabilistic_sharpe(bad, n_obs=9))


def test_what_is_not_a_number_is_refused():
    with pytest.raises(ArgumentTypeError, match="sharpe must hold numbers"):
        probabilistic_sharpe("a", n_obs=9)
    with pytest.raises(ArgumentTypeError, match="shapes must go together"):
        probabilistic_sharpe([1, 2], n_obs=[3, 4, 5])


@pytest.mark.core
def test_the_originals_formula_counts_trials_for_returns():
    assert math.isnan(py_deflated_sharpe(0.5, 0, 0.0, 3.0))
    assert py_deflated_sharpe(0.5, 1, 0.0, 3.0) == 0.5
    error = math.sqrt((1 + 0.5 * 0.25) / 9)
    expected = oracle.probabilistic_sharpe(0.5, 10, 0.0, 3.0, error * expected_maximum_sharpe(10))
    assert_allclose(py_deflated_sharpe(0.5, 10, 0.0, 3.0), expected, rtol=1e-12)
    assert math.isnan(py_deflated_sharpe(2.0, 10, 9.0, 3.0))  # variance below 0
    with pytest.raises(TypeError, match="n_trials"):
        py_deflated_sharpe(0.5, 10.0, 0.0, 3.0)
    with pytest.raises(OverflowError, match="n_trials"):
        py_deflated_sharpe(0.5, -1, 0.0, 3.0)
