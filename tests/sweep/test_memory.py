"""What a sweep will take is worked out first, and refused where it can't fit."""

import tracemalloc

import numpy as np
import pytest

import nanobook as nb
from nanobook.sweep import memory


def test_a_plan_that_doesnt_fit_is_refused_before_anything_runs():
    prices = nb.random_prices(100, 3, seed=0)
    grid = {"fast": range(1, 1001), "slow": range(1, 1001), "lag": range(1000)}

    def never(params):
        raise AssertionError

    for strategy in ("moving_average_crossover", never):
        with pytest.raises(nb.ValidationError) as caught:
            nb.sweep(prices, strategy, grid, cash=1e5)
        message = str(caught.value)
        assert "a sweep must fit into memory" in message
        assert "1,000,000,000 candidates of 100 bars x 3 assets" in message
        assert "GB" in message
        assert "overfitting=False" in message
    with pytest.raises(nb.ValidationError, match="may take 10 kB"):
        nb.sweep(prices, "rsi", {"period": [3]}, cash=1e5, memory_limit=10_000)
    with pytest.raises(nb.ValidationError, match="memory_limit"):
        nb.sweep(prices, "rsi", {"period": [3]}, cash=1e5, memory_limit=-1)


def test_the_plan_says_what_is_held():
    prices = nb.random_prices(100, 3, seed=0)
    few, many = (
        nb.sweep(prices, "rsi", {"period": range(2, 2 + n)}, cash=1e5, threads=1, reps=10).plan
        for n in (10, 20)
    )
    assert many.results == 2 * few.results
    assert many.work == few.work
    assert many.kept == 0
    assert str(few).startswith("10 candidates of 100 bars x 3 assets: ")
    kept = nb.sweep(prices, "rsi", {"period": [2, 3]}, cash=1e5, threads=1, keep=2, reps=10).plan
    assert kept.kept > 0
    assert "paths kept" in str(kept)
    assert kept.total == kept.results + kept.work + kept.kept


def test_memory_doesnt_grow_with_paths():
    prices = nb.random_prices(500, 10, seed=0)
    nb.sweep(prices, "rsi", {"period": [2]}, cash=1e5, overfitting=False)
    peaks = []
    for n in (100, 2000):
        grid = {"period": range(2, 22), "low": np.linspace(10, 40, n // 20).tolist()}
        tracemalloc.start()
        result = nb.sweep(prices, "rsi", grid, cash=1e5, overfitting=False)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(result) == n
    assert peaks[1] - peaks[0] < 2000 * 1000  # a path alone would be 40 kB a candidate


def test_free_memory_is_known_here():
    free = memory.available_memory()
    assert free is None or free > 2**20
