"""The stationary bootstrap: draws of the right law, and figures of blocks as of indices."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles import statistics as oracle

from nanobook.errors import ArgumentTypeError, RangeError
from nanobook.statistics import long_run_variance, resampled_means, stationary_bootstrap

sizes = st.one_of(st.just(1.0), st.floats(1.0, 20.0), st.just(1e6))


def means_of(series, bootstrap):
    prefix, out = np.empty(series.size + 1), np.empty(bootstrap.reps)
    resampled_means(series, prefix, bootstrap.starts, bootstrap.lengths, bootstrap.offsets, out)
    return out


@pytest.mark.core
@settings(max_examples=30)
@given(st.integers(1, 40), sizes, st.integers(1, 12), st.integers(0, 99))
def test_blocks_are_inside_and_fill_every_replication(n_obs, block_size, reps, seed):
    drawn = stationary_bootstrap(n_obs, block_size, reps, seed)
    assert drawn.starts.dtype == drawn.lengths.dtype == drawn.offsets.dtype == np.int64
    assert drawn.offsets[0] == 0
    assert drawn.offsets[-1] == drawn.starts.size == drawn.lengths.size
    assert (drawn.lengths >= 1).all()
    assert (drawn.starts >= 0).all()
    assert (drawn.starts + drawn.lengths <= n_obs).all()
    totals = np.add.reduceat(drawn.lengths, drawn.offsets[:-1])
    assert_array_equal(totals, np.full(reps, n_obs))
    for rep in range(reps):
        found = drawn.indices(rep)
        blocks = range(drawn.offsets[rep], drawn.offsets[rep + 1])
        expected = [
            t for i in blocks for t in range(drawn.starts[i], drawn.starts[i] + drawn.lengths[i])
        ]
        assert found.tolist() == expected


@pytest.mark.core
@settings(max_examples=30)
@given(st.integers(1, 40), sizes, st.integers(0, 99))
def test_means_are_those_of_the_indices(n_obs, block_size, seed):
    series = np.random.default_rng(seed).normal(0.1, 1.0, n_obs)
    drawn = stationary_bootstrap(n_obs, block_size, 9, seed)
    expected = [series[drawn.indices(rep)].mean() for rep in range(9)]
    assert_allclose(means_of(series, drawn), expected, rtol=0, atol=1e-13)


@pytest.mark.core
@settings(max_examples=30)
@given(st.integers(1, 40), sizes, st.integers(0, 99))
def test_variance_agrees_with_the_sum_over_all_lags(n_obs, block_size, seed):
    series = np.random.default_rng(seed).normal(0.1, 1.0, n_obs)
    found = long_run_variance(series, series.mean(), block_size)
    assert_allclose(
        found, oracle.long_run_variance(series.tolist(), block_size), rtol=1e-11, atol=1e-15
    )


def test_variance_of_a_long_series_whose_weights_vanish():
    series = np.random.default_rng(1).normal(0, 1, 3000)
    found = long_run_variance(series, series.mean(), 1.5)
    assert_allclose(found, oracle.long_run_variance(series.tolist(), 1.5), rtol=1e-11)


@pytest.mark.parametrize("block_size", [1.0, 4.0, 30.0])
def test_variance_is_that_of_many_replications(block_size):
    noise = np.random.default_rng(2).normal(0, 1, 200)
    series = np.convolve(noise, np.ones(5))[:200]
    drawn = stationary_bootstrap(200, block_size, 20_000, 3)
    found = means_of(series, drawn)
    expected = long_run_variance(series, series.mean(), block_size)
    # A sample variance of 20,000 has a standard error of 1 %, the mean one of 1/141.
    assert_allclose(200 * found.var(), expected, rtol=0.05)
    assert abs(found.mean() - series.mean()) < 4 * math.sqrt(expected / 200 / 20_000)


@pytest.mark.parametrize("block_size", [1.0, 2.5, 10.0])
def test_draws_have_the_law_of_the_definition(block_size):
    drawn = stationary_bootstrap(50, block_size, 4000, 4)
    indices = np.array([drawn.indices(rep) for rep in range(4000)])
    # Every bar is drawn alike: 200,000 draws, correlated within a block.
    share = np.bincount(indices.ravel(), minlength=50) / indices.size
    assert_allclose(share, 1 / 50, atol=6 * math.sqrt(block_size / 50 / indices.size))
    # After a bar follows the next one, unless a block ends, or another happens to begin there.
    goes_on = (np.diff(indices, axis=1) % 50 == 1).mean()
    assert_allclose(goes_on, 1 - 1 / block_size + 1 / block_size / 50, atol=0.006)


@pytest.mark.core
def test_a_seed_is_a_set_of_draws():
    one, two = (stationary_bootstrap(30, 4, 20, seed=5) for _ in range(2))
    other = stationary_bootstrap(30, 4, 20, seed=6)
    assert_array_equal(one.starts, two.starts)
    assert_array_equal(one.lengths, two.lengths)
    assert one.starts.tolist() != other.starts.tolist()


def test_these_draws_stay_as_they_are():
    drawn = stationary_bootstrap(1000, 30, 100, seed=7)
    assert drawn.starts.size == 3571
    assert drawn.starts[:5].tolist() == [702, 979, 0, 498, 559]
    assert drawn.lengths[:5].tolist() == [29, 21, 47, 45, 8]


def test_many_replications_are_drawn_in_parts():
    drawn = stationary_bootstrap(3000, 1, 500, seed=8)
    assert drawn.starts.size == 1_500_000
    assert drawn.offsets.tolist() == list(range(0, 1_500_001, 3000))


@pytest.mark.core
def test_the_default_block_is_the_root():
    assert stationary_bootstrap(99).block_size == 9
    assert stationary_bootstrap(1).indices(0).tolist() == [0]
    assert len(stationary_bootstrap(100).offsets) == 1001


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((0,), RangeError, "n_obs"),
        ((9.0,), ArgumentTypeError, "n_obs must be an integer"),
        ((9, 0.5), RangeError, "block_size must be at least 1, got 0.5"),
        ((9, "2"), ArgumentTypeError, "block_size"),
        ((9, 2, 0), RangeError, "reps"),
        ((9, 2, 3, -1), RangeError, "seed"),
    ],
)
def test_counts_have_a_range(arguments, error, text):
    with pytest.raises(error, match=text):
        stationary_bootstrap(*arguments)


def test_a_replication_that_is_not_there():
    with pytest.raises(RangeError, match="rep must lie between 0 and 2, got 3"):
        stationary_bootstrap(9, 2, 3).indices(3)
