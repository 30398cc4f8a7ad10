"""Bands of a statistic and of an equity path against replications put together one by one."""

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import metrics as oracle

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.statistics import bands, bootstrap_bands, stationary_bootstrap

NAN = math.nan
STATISTICS = ["sharpe", "volatility", "total_return", "cagr", "max_drawdown"]


def returns_of(seed, size=60):
    return np.random.default_rng(seed).normal(0.001, 0.02, size)


@pytest.mark.core
@pytest.mark.parametrize("statistic", STATISTICS)
def test_values_are_those_of_the_replications(statistic):
    returns = returns_of(1)
    found = bootstrap_bands(returns, statistic=statistic, reps=20, block_size=5, level=0.9, seed=2)
    drawn = stationary_bootstrap(60, 5, 20, 2)
    expected = [
        oracle.compute_metrics(returns[drawn.indices(rep)].tolist())[statistic] for rep in range(20)
    ]
    assert_allclose(found.replications, expected, rtol=1e-9, atol=1e-12)
    assert_allclose(found.estimate, oracle.compute_metrics(returns.tolist())[statistic], rtol=1e-9)
    inside = np.quantile(expected, [0.05, 0.95])
    assert_allclose([found.lower, found.upper], inside, rtol=1e-9, atol=1e-12)


@pytest.mark.core
def test_paths_are_those_of_the_replications(monkeypatch):
    returns = returns_of(3)
    monkeypatch.setattr(bands, "HELD_AT_ONCE", 140)  # seven periods at a time
    found = bootstrap_bands(returns, statistic="mean", reps=20, block_size=5, level=0.8, seed=4)
    drawn = stationary_bootstrap(60, 5, 20, 4)
    replications = np.array([returns[drawn.indices(rep)] for rep in range(20)])
    paths = np.cumprod(1.0 + replications, axis=1)
    expected = np.quantile(paths, [0.1, 0.5, 0.9], axis=0)
    assert_allclose(found.equity_lower, expected[0], rtol=1e-12)
    assert_allclose(found.equity_median, expected[1], rtol=1e-12)
    assert_allclose(found.equity_upper, expected[2], rtol=1e-12)
    assert_allclose(found.equity, np.cumprod(1.0 + returns), rtol=1e-12)
    assert_allclose(found.replications, replications.mean(axis=1), rtol=1e-9)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_stretches_do_not_change_what_is_found(statistic, monkeypatch):
    returns = returns_of(5)
    whole = bootstrap_bands(returns, statistic=statistic, reps=30)
    monkeypatch.setattr(bands, "HELD_AT_ONCE", 1)
    parts = bootstrap_bands(returns, statistic=statistic, reps=30)
    assert_allclose(parts.replications, whole.replications, rtol=1e-9, atol=1e-12)
    assert_array_equal(parts.equity_upper, whole.equity_upper)


def test_labels_stay_on():
    index = pd.date_range("2024-01-01", periods=60)
    returns = pd.Series(returns_of(6), index=index)
    found = bootstrap_bands(returns, reps=10)
    frame = found.to_frame()
    assert list(frame.columns) == ["equity", "lower", "median", "upper"]
    pd.testing.assert_index_equal(frame.index, index)
    pd.testing.assert_series_equal(frame["lower"], found.equity_lower, check_names=False)
    bare = bootstrap_bands(returns.to_numpy(), reps=10)
    assert_array_equal(bare.equity_lower, found.equity_lower)
    assert (bare.lower, bare.upper) == (found.lower, found.upper)


@pytest.mark.core
@pytest.mark.parametrize("value", [0.0, 0.1, -0.003])
def test_returns_that_do_not_vary_have_a_band_of_no_width(value):
    for statistic in ("sharpe", "volatility"):
        found = bootstrap_bands([value] * 10, statistic=statistic, reps=10)
        assert (found.estimate, found.lower, found.upper) == (0.0, 0.0, 0.0)
    grown = bootstrap_bands([value] * 10, statistic="total_return", reps=10)
    assert grown.lower == grown.upper == grown.estimate


def test_a_band_holds_the_true_sharpe_ratio_as_often_as_it_says():
    inside = 0
    for seed in range(200):
        returns = np.random.default_rng(seed).normal(0.05, 1.0, 250) / 100
        found = bootstrap_bands(returns, reps=200, block_size=3, level=0.8, seed=seed)
        inside += found.lower <= 0.05 * math.sqrt(252) <= found.upper
    assert 0.7 < inside / 200 < 0.9


@pytest.mark.parametrize(
    ("returns", "arguments", "error", "text"),
    [
        ([0.1], {}, RangeError, "returns must be at least 2, got 1"),
        ([0.1, NAN], {}, ValidationError, "returns must be finite, got nan in row 1"),
        ([0.1, 0.2], {"statistic": "alpha"}, ValidationError, "statistic must be one of sharpe"),
        ([0.1, 0.2], {"level": 1.0}, RangeError, "level must be below 1"),
        ([0.1, 0.2], {"level": 0.0}, RangeError, "level must be above 0"),
        ([0.1, 0.2], {"reps": 0}, RangeError, "reps"),
        ([0.1, 0.2], {"block_size": 0}, RangeError, "block_size"),
        ([0.1, 0.2], {"periods_per_year": -1}, RangeError, "periods_per_year"),
        ([[0.1, 0.2]], {}, ArgumentTypeError, "returns"),
    ],
)
def test_what_does_not_fit_is_refused(returns, arguments, error, text):
    with pytest.raises(error, match=text):
        bootstrap_bands(returns, **arguments)


def test_the_path_s_bands_can_be_left_out():
    returns = np.random.default_rng(3).normal(0.001, 0.01, 60)
    whole = bootstrap_bands(returns, reps=50, seed=4)
    bare = bootstrap_bands(returns, reps=50, seed=4, path=False)
    assert (bare.lower, bare.upper, bare.estimate) == (whole.lower, whole.upper, whole.estimate)
    assert bare.equity_lower is bare.equity_median is bare.equity_upper is None
    assert_array_equal(bare.equity, whole.equity)
