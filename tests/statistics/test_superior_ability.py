"""White's and Hansen's tests against naive loops and against arch on the same replications."""

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracles import statistics as oracle

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.statistics import (
    add_candidate,
    empty_maxima,
    long_run_variance,
    p_values,
    stationary_bootstrap,
    superior_ability,
    superior_predictive_ability,
)

NAN, INF = math.nan, math.inf


def noise(seed, rows, columns, mean=0.0):
    return np.random.default_rng(seed).normal(mean, 0.01, (rows, columns))


def values_of(result):
    return [result.reality_check, result.lower, result.consistent, result.upper]


def added(columns, bootstrap, studentize=True, into=None):
    maxima, observed = empty_maxima(bootstrap.reps) if into is None else into
    prefix, means = np.empty(bootstrap.n_obs + 1), np.empty(bootstrap.reps)
    blocks = bootstrap.starts, bootstrap.lengths, bootstrap.offsets
    for column in columns:
        add_candidate(
            *(column, prefix, means, *blocks, bootstrap.block_size, studentize),
            *(maxima, observed),
        )
    return maxima, observed


def mixed(seed, rows=40):
    """Return good, bad, equal, hopeless and absent candidates."""
    returns = noise(seed, rows, 7)
    returns[:, 1] += 0.003
    returns[:, 2] -= 0.02
    returns[:, 3] = returns[:, 0]
    returns[:, 4] = 0.0
    returns[:, 5] *= 20
    return returns


@pytest.mark.core
@pytest.mark.parametrize("studentize", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_the_definition(seed, studentize):
    returns = mixed(seed)
    drawn = stationary_bootstrap(40, 3, 60, seed)
    draws = [drawn.indices(rep) for rep in range(60)]
    found = superior_predictive_ability(
        returns, block_size=3, reps=60, seed=seed, studentize=studentize
    )
    columns = returns.T.tolist()
    assert values_of(found) == oracle.superior_ability(columns, draws, 3, studentize)
    assert (found.n_candidates, found.n_obs, found.reps, found.seed) == (7, 40, 60, seed)
    assert_allclose(
        found.reality_check_statistic, math.sqrt(40) * max(map(oracle.mean, columns)), rtol=1e-12
    )


def arch_spa(losses, bootstrap):
    """Return arch's test on our replications."""
    from arch.bootstrap import SPA

    test = SPA(np.zeros(len(losses)), losses, block_size=bootstrap.block_size, reps=bootstrap.reps)
    replications = iter(range(bootstrap.reps))
    test.bootstrap.update_indices = lambda: bootstrap.indices(next(replications))
    test.compute()
    return test


@pytest.mark.parametrize("mean", [-0.002, 0.0, 0.0005])
@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_arch(seed, mean):
    returns = noise(seed, 300, 30, mean) * np.linspace(0.2, 4.0, 30)
    returns[1:] += 0.3 * returns[:-1]
    drawn = stationary_bootstrap(300, 12, 400, seed)
    plain = superior_predictive_ability(
        returns, block_size=12, reps=400, seed=seed, studentize=False
    )
    theirs = arch_spa(-returns, drawn)
    assert values_of(plain)[1:] == theirs.pvalues.tolist()
    assert plain.reality_check == plain.upper

    variances = [
        long_run_variance(column, column.mean(), 12.0) for column in np.ascontiguousarray(returns.T)
    ]
    assert_allclose(variances, theirs._loss_diff_var, rtol=1e-10)

    # arch doesn't divide by deviations, so its losses are divided beforehand.
    divided = arch_spa(-returns / np.sqrt(variances), drawn)
    found = superior_predictive_ability(returns, block_size=12, reps=400, seed=seed)
    assert values_of(found)[1:] == divided.pvalues.tolist()
    assert_allclose(found.statistic, math.sqrt(300) * np.max(returns.mean(0) / np.sqrt(variances)))


@pytest.mark.deep
def test_agrees_with_arch_at_length():
    for seed in range(10):
        returns = noise(100 + seed, 1000, 60, -0.0002)
        drawn = stationary_bootstrap(1000, 31, 300, seed)
        plain = superior_predictive_ability(
            returns, block_size=31, reps=300, seed=seed, studentize=False
        )
        assert values_of(plain)[1:] == arch_spa(-returns, drawn).pvalues.tolist()


@pytest.mark.core
def test_order_parts_and_threads_do_not_change_the_bits():
    columns = np.ascontiguousarray(mixed(4).T)
    drawn = stationary_bootstrap(40, 4, 50, 4)
    maxima, observed = added(columns, drawn)
    backwards = added(columns[::-1], drawn)
    assert_array_equal(backwards[0], maxima)
    assert_array_equal(backwards[1], observed)
    parts = [added(columns[at], drawn) for at in ([0, 3, 5], [1, 6], [2, 4])]
    assert_array_equal(np.maximum.reduce([part[0] for part in parts]), maxima)
    assert_array_equal(np.maximum.reduce([part[1] for part in parts]), observed)
    again = added(columns, drawn, into=(maxima.copy(), observed.copy()))
    assert_array_equal(again[0], maxima)


def test_the_parallel_kernel_has_the_bits_of_the_serial_one(monkeypatch):
    returns = noise(5, 100, 50)
    serial = superior_predictive_ability(returns, reps=80)
    monkeypatch.setattr(superior_ability, "WORTH_THREADS", 0)
    assert superior_predictive_ability(returns, reps=80) == serial


@pytest.mark.core
def test_a_candidate_that_does_not_vary_is_left_out_of_hansens():
    returns = noise(6, 60, 3)
    idle = np.column_stack([returns, np.zeros(60), np.full(60, -0.1)])
    found = superior_predictive_ability(idle, reps=50)
    alone = superior_predictive_ability(returns, reps=50)
    assert values_of(found)[1:] == values_of(alone)[1:]
    assert found.statistic == alone.statistic
    # Against a benchmark that moves, doing nothing varies.
    moving = superior_predictive_ability(idle, noise(7, 60, 1)[:, 0], reps=50)
    assert moving.n_candidates == 5


@pytest.mark.core
def test_nothing_that_varies_has_no_p_value_of_hansen():
    found = superior_predictive_ability(np.full((20, 2), 0.001), reps=20)
    assert all(map(math.isnan, [found.lower, found.consistent, found.upper, found.statistic]))
    assert found.reality_check == 0.0
    assert np.isnan(p_values(*empty_maxima(5))).all()


def test_skill_is_found_and_noise_is_not():
    returns = noise(8, 500, 20)
    assert superior_predictive_ability(returns).consistent > 0.1
    returns[:, 3] += 0.003
    found = superior_predictive_ability(returns)
    assert found.consistent < 0.01
    assert found.lower <= found.consistent <= found.upper


def test_hopeless_candidates_blur_whites_test_but_not_hansens():
    returns = noise(9, 500, 60)
    returns[:, 0] += 0.0015
    returns[:, 1:] = returns[:, 1:] * 3 - 0.01
    found = superior_predictive_ability(returns)
    assert found.consistent < 0.01 < found.reality_check


def test_under_the_null_p_values_are_spread_evenly():
    found = np.array(
        [
            superior_predictive_ability(noise(seed, 200, 10), reps=200, block_size=2).consistent
            for seed in range(150)
        ]
    )
    # Standard errors of shares of 150 are 4 % in the middle, 2.5 % at a tenth.
    assert abs((found < 0.5).mean() - 0.5) < 0.13
    assert abs((found < 0.1).mean() - 0.1) < 0.08


@pytest.mark.core
def test_only_the_difference_from_the_benchmark_counts():
    returns, benchmark = noise(10, 50, 4), noise(11, 50, 1)[:, 0]
    against = superior_predictive_ability(returns, benchmark, reps=40)
    assert against == superior_predictive_ability(returns - benchmark[:, None], reps=40)
    assert against == superior_predictive_ability(
        pd.DataFrame(returns), pd.Series(benchmark), reps=40
    )
    level = superior_predictive_ability(returns, 0.001, reps=40)
    assert level == superior_predictive_ability(returns - 0.001, reps=40)


def test_input_is_left_as_it_was():
    returns = noise(12, 30, 3)
    before = returns.copy()
    superior_predictive_ability(returns, reps=10)
    assert_array_equal(returns, before)


@pytest.mark.parametrize(
    ("returns", "benchmark", "error", "text"),
    [
        ([[1.0], [2.0]], 0.0, RangeError, "returns must have at least 3 rows, got 2"),
        (np.empty((5, 0)), 0.0, ValidationError, "at least one column"),
        (np.full((5, 2), NAN), 0.0, ValidationError, "returns must be finite, got nan in row 0"),
        (np.ones((5, 2)), INF, ValidationError, "benchmark must be finite"),
        (np.ones((5, 2)), [1.0, 2.0], ValidationError, "benchmark must have a value a row"),
        (np.ones((5, 2)), "a", ArgumentTypeError, "benchmark"),
        ([1.0, 2.0], 0.0, ArgumentTypeError, "returns"),
    ],
)
def test_what_does_not_fit_is_refused(returns, benchmark, error, text):
    with pytest.raises(error, match=text):
        superior_predictive_ability(returns, benchmark)
