"""Many windows in one call: each as if alone, whatever the chunks, the threads and the universe."""

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from optimize.tail_cases import made
from oracles import tails as oracle

from nanobook.jit import one_parallel_kernel
from nanobook.optimize.cdar_programme import cdar_weights
from nanobook.optimize.certificate import (
    FIELDS,
    GAP,
    INFEASIBLE,
    ITERATIONS,
    NOT_FINITE,
    OBJECTIVE,
    STATUS,
    TOO_FEW,
)
from nanobook.optimize.cvar_programme import cvar_weights
from nanobook.optimize.rolling_tails import CDAR, CVAR, MEAN_CVAR, roll_tails

KINDS = np.array([CVAR, CDAR, MEAN_CVAR, CVAR, CDAR])
ALPHAS = np.array([0.95, 0.9, 0.95, 0.5, 0.99])
AVERSIONS = np.array([np.nan, np.nan, 0.3, np.nan, np.nan])


def roll(returns, window, step=1, chunk=10, expanding=False, present=None, lower=0.0, upper=1.0):
    periods, assets = returns.shape
    ends = np.arange(window, periods + 1, step)
    begins = np.zeros_like(ends) if expanding else ends - window
    present = np.ones((ends.size, assets), np.uint8) if present is None else present
    weights = np.empty((KINDS.size, ends.size, assets))
    numbers = np.empty((KINDS.size, ends.size, FIELDS))
    lower, upper = np.full((KINDS.size, assets), lower), np.full((KINDS.size, assets), upper)
    with one_parallel_kernel:
        roll_tails(
            *(returns, begins, ends, present, KINDS, ALPHAS, AVERSIONS),
            *(lower, upper, chunk, weights, numbers),
        )
    return weights, numbers, begins, ends


def alone(setting, returns, lower=0.0, upper=1.0):
    """Return one window's weights and objective, by itself."""
    count = returns.shape[1]
    weights, numbers, linear = np.empty(count), np.empty(FIELDS), np.zeros(count)
    if KINDS[setting] == MEAN_CVAR:
        linear = returns.mean(axis=0) / AVERSIONS[setting]
    kernel = cdar_weights if KINDS[setting] == CDAR else cvar_weights
    bounds = np.full(count, lower), np.full(count, upper)
    kernel(np.ascontiguousarray(returns), linear, ALPHAS[setting], *bounds, weights, numbers)
    sign = -AVERSIONS[setting] if KINDS[setting] == MEAN_CVAR else 1.0
    return weights, sign * numbers[OBJECTIVE]


@pytest.mark.parametrize(
    ("window", "step", "expanding", "upper"),
    [(60, 1, False, 1.0), (60, 5, False, 0.3), (40, 13, True, 1.0), (6, 3, False, 0.5)],
)
def test_each_window_is_solved_as_if_alone(window, step, expanding, upper):
    returns = made(150, 8, 1)
    weights, numbers, begins, ends = roll(returns, window, step, 7, expanding, upper=upper)
    assert (numbers[:, :, STATUS] == 0).all()
    assert numbers[:, :, GAP].max() <= 1e-10
    assert_allclose(weights.sum(axis=2), 1.0, rtol=0, atol=1e-14)
    assert weights.min() >= 0.0
    assert weights.max() <= upper
    for setting in range(KINDS.size):
        for d in range(0, ends.size, 3):
            part = returns[begins[d] : ends[d]]
            _, expected = alone(setting, part, upper=upper)
            size = oracle.cvar(np.abs(part), np.full(8, -1 / 8), 0.5) + abs(expected)
            assert abs(numbers[setting, d, OBJECTIVE] - expected) <= 1e-10 * size


def test_chunks_and_threads_dont_change_the_answer():
    returns = made(160, 6, 2)
    weights, numbers, _, _ = roll(returns, 80, chunk=9)
    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one, figures, _, _ = roll(returns, 80, chunk=9)
    finally:
        numba.set_num_threads(threads)
    assert_array_equal(one, weights)
    assert_array_equal(figures, numbers)
    _, cold, _, _ = roll(returns, 80, chunk=1)
    assert_allclose(numbers[:, :, OBJECTIVE], cold[:, :, OBJECTIVE], rtol=1e-10)
    assert numbers[:, :, ITERATIONS].mean() < 0.5 * cold[:, :, ITERATIONS].mean()


def test_assets_join_and_leave():
    returns = made(120, 6, 3)
    returns[:50, 1] = np.nan  # joins
    returns[80:, 4] = np.nan  # leaves
    ends = np.arange(40, 121, 4)
    gone = np.isnan(returns)
    present = np.array([~gone[end - 40 : end].any(axis=0) for end in ends]).astype(np.uint8)
    weights, numbers, begins, ends = roll(returns, 40, 4, 50, present=present)
    assert (numbers[:, :, STATUS] == 0).all()
    assert_array_equal(np.isnan(weights), np.broadcast_to(present == 0, weights.shape))
    for setting in range(KINDS.size):
        for d in range(ends.size):
            there = present[d].astype(bool)
            part = returns[begins[d] : ends[d], there]
            _, expected = alone(setting, part)
            assert_allclose(numbers[setting, d, OBJECTIVE], expected, rtol=1e-9)


def test_windows_that_cant_be_solved_are_rows_with_a_status():
    returns = made(60, 4, 4)
    returns[30, 2] = np.nan
    weights, numbers, begins, ends = roll(returns, 10, chunk=100)
    holed = (begins <= 30) & (ends > 30)
    assert (numbers[:, holed, STATUS] == NOT_FINITE).all()
    assert np.isnan(weights[:, holed]).all()
    assert (numbers[:, ~holed, STATUS] == 0).all()
    assert (roll(returns, 1, 59)[1][:, :, STATUS] == TOO_FEW).all()
    assert (roll(returns, 20, 40, upper=0.2)[1][:, 0, STATUS] == INFEASIBLE).all()
    present = np.zeros((41, 4), np.uint8)
    assert (roll(returns, 20, present=present)[1][:, :, STATUS] == INFEASIBLE).all()


@pytest.mark.deep
def test_long_rolls_of_degenerate_returns():
    for seed in range(12):
        returns = made(400, 12, seed)
        if seed % 3 == 1:
            returns = np.round(returns, 2)
        if seed % 3 == 2:
            returns[:, 6:] = returns[:, :6]
        lower, upper = (0.02, 0.15) if seed % 2 else (0.0, 1.0)
        window = 60 if seed % 4 < 2 else 150
        _, numbers, begins, ends = roll(returns, window, 3, 40, lower=lower, upper=upper)
        assert (numbers[:, :, STATUS] == 0).all()
        assert numbers[:, :, GAP].max() <= 1e-10
        for setting in range(KINDS.size):
            for d in range(0, ends.size, 9):
                _, expected = alone(setting, returns[begins[d] : ends[d]], lower, upper)
                assert_allclose(numbers[setting, d, OBJECTIVE], expected, rtol=1e-9)
