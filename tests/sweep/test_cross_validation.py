"""Combinatorial purged cross-validation against splits, scores and paths made one by one."""

import itertools
import math

import numpy as np
import pytest

import nanobook as nb
from nanobook.datasets import random_prices

GRID = {"lookback": [5, 20, 60]}
N_GROUPS, N_TEST, PURGE, EMBARGO = 5, 2, 3, 4


@pytest.fixture(scope="module")
def prices():
    return random_prices(203, 4, seed=5)


@pytest.fixture(scope="module")
def validated(prices):
    return nb.combinatorial_cross_validation(
        prices,
        "time_series_momentum",
        GRID,
        n_groups=N_GROUPS,
        n_test_groups=N_TEST,
        purge=PURGE,
        embargo=EMBARGO,
        cash=1e5,
        costs=5,
    )


@pytest.fixture(scope="module")
def returns(prices):
    """The returns of each candidate, a column each."""
    swept = nb.sweep(prices, "time_series_momentum", GRID, cash=1e5, costs=5)
    return np.column_stack([swept.result(number).returns for number in range(len(swept))])


def sharpe(values):
    return values.mean() / values.std(ddof=1) * math.sqrt(252)


def splits_by_hand(returns):
    """Yield the groups tested, the candidate chosen, and its score inside and outside."""
    bars = len(returns)
    edges = [g * bars // N_GROUPS for g in range(N_GROUPS + 1)]
    for groups in itertools.combinations(range(N_GROUPS), N_TEST):
        tested, learned = np.zeros(bars, dtype=bool), np.ones(bars, dtype=bool)
        for group in groups:
            tested[edges[group] : edges[group + 1]] = True
            learned[max(edges[group] - PURGE, 0) : edges[group + 1] + EMBARGO] = False
        scores = [sharpe(column[learned]) for column in returns.T]
        best = int(np.argmax(scores))
        yield groups, best, scores[best], sharpe(returns[tested, best])


def test_splits_and_choices_are_those_made_by_hand(validated, returns):
    rows = list(validated.splits.itertuples(index=False))
    for row, (groups, best, inside, outside) in zip(rows, splits_by_hand(returns), strict=True):
        assert row.test_groups == groups
        assert row.lookback == GRID["lookback"][best]
        assert row.in_sample == pytest.approx(inside, rel=1e-9)
        assert row.out_of_sample == pytest.approx(outside, rel=1e-9)


def test_each_path_takes_every_group_once_and_each_split_s_group_is_in_one(validated, returns):
    bars = len(returns)
    edges = [g * bars // N_GROUPS for g in range(N_GROUPS + 1)]
    assert validated.returns.shape == (bars, math.comb(N_GROUPS, N_TEST) * N_TEST // N_GROUPS)
    for group in range(N_GROUPS):
        part = slice(edges[group], edges[group + 1])
        expected = [
            tuple(returns[part, best])
            for groups, best, _, _ in splits_by_hand(returns)
            if group in groups
        ]
        found = [tuple(column[part]) for column in validated.returns.to_numpy().T]
        assert sorted(found) == sorted(expected)


def test_paths_have_figures(validated):
    for path in validated.returns:
        figures = nb.compute_metrics(validated.returns[path].to_numpy(), 252.0)
        assert validated.metrics.loc[path, "sharpe"] == figures.sharpe
        assert validated.equity[path].iloc[-1] == pytest.approx(1 + figures.total_return)
    losing = (validated.metrics["sharpe"] < 0).mean()
    assert validated.probability_of_loss == losing
    assert "splits=10, paths=4" in repr(validated)


def test_the_mean_decides_if_asked_to(prices, returns):
    by_mean = nb.combinatorial_cross_validation(
        prices, "time_series_momentum", GRID, n_groups=4, n_test_groups=1, by="mean", cash=1e5,
        costs=5,
    )  # fmt: skip
    edges = [g * len(returns) // 4 for g in range(5)]
    for group, row in enumerate(by_mean.splits.itertuples(index=False)):
        learned = np.ones(len(returns), dtype=bool)
        learned[edges[group] : edges[group + 1]] = False
        means = returns[learned].mean(axis=0)
        assert row.lookback == GRID["lookback"][int(np.argmax(means))]
        assert row.in_sample == pytest.approx(means.max(), rel=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "calmar"}, "by must be 'sharpe' or 'mean'"),
        ({"purge": 200}, "purge and embargo must leave bars"),
        ({"n_groups": 1}, "n_groups must"),
    ],
)
def test_bad_arguments_raise(prices, options, message):
    with pytest.raises(nb.ValidationError, match=message):
        nb.combinatorial_cross_validation(
            prices, "time_series_momentum", GRID, **{"cash": 1e5, **options}
        )
