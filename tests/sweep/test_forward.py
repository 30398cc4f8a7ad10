"""Walk-forward: each window's choice and the account of all test windows, made by hand."""

import numpy as np
import pandas as pd
import pytest

import nanobook as nb
from nanobook.datasets import random_prices
from nanobook.sweep import strategies

GRID = {"fast": [3, 8], "slow": [15, 30]}
RULE = strategies.moving_average_crossover
COSTS = nb.CostModel(commission_bps=5, min_trade_fee=1)


@pytest.fixture(scope="module")
def prices():
    return random_prices(260, 4, seed=11)


def forward(prices, grid=GRID, **options):
    settings = {"train": 100, "test": 40, "cash": 1e5, "costs": COSTS} | options
    return nb.walk_forward(prices, RULE, grid, **settings)


def choose(prices, first, end, grid=GRID):
    """Return the parameters with the highest Sharpe ratio in a window, and that ratio."""
    best = None
    for params in nb.Grid.product(grid):
        weights = RULE.weights(prices.iloc[:end], **params)
        run = nb.backtest(
            prices.iloc[first:end], weights.iloc[first:], cash=1e5, costs=COSTS, records=False
        )
        if best is None or run.metrics.sharpe > best[1]:
            best = params, run.metrics.sharpe
    return best


def test_each_window_trades_what_did_best_before_it(prices):
    result = forward(prices)
    assert len(result.windows) == 4
    weights = pd.DataFrame(np.nan, index=prices.index, columns=prices.columns)
    for number, row in enumerate(result.windows.itertuples(index=False)):
        train, test = 40 * number, 100 + 40 * number
        assert (row.train_start, row.train_end) == tuple(prices.index[[train, test - 1]])
        assert (row.test_start, row.test_end) == tuple(prices.index[[test, test + 39]])
        params, sharpe = choose(prices, train, test)
        assert {"fast": row.fast, "slow": row.slow} == params
        assert row.in_sample == sharpe
        known = slice(test - 1, test + 39)
        weights.iloc[known] = RULE.weights(prices, **params).iloc[known]
    by_hand = nb.backtest(prices.iloc[99:260], weights.iloc[99:260], cash=1e5, costs=COSTS)
    assert np.array_equal(result.result.equity, by_hand.equity.iloc[1:])
    assert list(result.result.trades["quantity"]) == list(by_hand.trades["quantity"])
    assert result.result.equity.index.equals(prices.index[100:260])


def test_a_window_s_own_figures_are_those_of_its_returns(prices):
    result = forward(prices)
    returns = result.result.returns
    for number, row in enumerate(result.windows.itertuples(index=False)):
        part = returns.iloc[40 * number : 40 * number + 40].to_numpy()
        assert row.out_of_sample == nb.compute_metrics(part, 252.0).sharpe
    inside, outside = result.windows["in_sample"].mean(), result.windows["out_of_sample"].mean()
    assert result.efficiency == (outside / inside if inside > 0 else pytest.approx(np.nan))


@pytest.mark.parametrize("anchored", [False, True])
def test_purge_and_embargo_leave_bars_out(prices, anchored):
    result = forward(prices, test=30, purge=5, embargo=7, anchored=anchored)
    table = result.windows
    place = {date: bar for bar, date in enumerate(prices.index)}
    starts = [place[date] for date in table["test_start"]]
    assert starts == [105 + 37 * number for number in range(len(table))]
    assert [place[date] for date in table["train_end"]] == [start - 6 for start in starts]
    first = [place[date] for date in table["train_start"]]
    assert first == [0 if anchored else 37 * number for number in range(len(table))]
    assert len(result.result.equity) == starts[-1] + 30 - starts[0]  # no hole in the account


def test_the_future_changes_nothing_before_it(prices):
    changed = prices.copy()
    changed.iloc[180:] *= np.random.default_rng(0).uniform(0.5, 2.0, changed.iloc[180:].shape)
    before, after = forward(prices), forward(changed)
    cut = prices.index[179]
    pd.testing.assert_series_equal(before.result.equity[:cut], after.result.equity[:cut])
    pd.testing.assert_frame_equal(before.windows.iloc[:2], after.windows.iloc[:2])


def test_stops_may_differ_from_window_to_window(prices):
    grid = {"fast": [3], "slow": [15], "trailing_stop_pct": [0.0, 0.03], "lot_size": [1, 10]}
    result = forward(prices, grid)
    assert set(result.parameters.columns) == set(grid)
    one = {name: values[-1:] for name, values in grid.items()}
    alone = forward(prices, one, test=160)
    weights = RULE.weights(prices, fast=3, slow=15)
    by_hand = nb.backtest(
        prices.iloc[99:],
        weights.iloc[99:],
        cash=1e5,
        costs=COSTS,
        lot_size=10,
        stops={"trailing_stop_pct": 0.03},
    )
    assert np.array_equal(alone.result.equity, by_hand.equity.iloc[1:])
    in_parts = forward(prices, one, test=20)  # cut into eight windows, it's the same account
    assert np.array_equal(in_parts.result.equity, by_hand.equity.iloc[1:])


def test_functions_and_stacks_give_what_the_rule_gives(prices):
    ruled = forward(prices)

    def function(params):
        return RULE.weights(prices, **params)

    settings = {"train": 100, "test": 40, "cash": 1e5, "costs": COSTS}
    called = nb.walk_forward(prices, function, GRID, **settings)
    assert np.array_equal(called.result.equity, ruled.result.equity)
    stack = np.array([function(params).to_numpy() for params in nb.Grid.product(GRID)])
    given = nb.walk_forward(prices.to_numpy(), stack, None, **settings)
    assert np.array_equal(given.result.equity, ruled.result.equity)
    assert given.windows["test_start"].tolist() == [100, 140, 180, 220]


def test_a_window_without_a_choice_stays_flat(prices):
    result = forward(prices, constraint=lambda metrics: metrics["sharpe"] > 1e9)
    assert (result.result.equity == 1e5).all()
    assert result.windows["in_sample"].isna().all()


def test_threads_change_nothing(prices):
    one, two = forward(prices, threads=1), forward(prices, threads=2)
    assert np.array_equal(one.result.equity, two.result.equity)
    pd.testing.assert_frame_equal(one.windows, two.windows)


def test_ctrl_c_hands_back_the_windows_done(prices):
    calls = []

    def function(params):
        calls.append(params)
        if len(calls) == 10:
            raise KeyboardInterrupt
        return RULE.weights(prices, **params)

    result = nb.walk_forward(
        prices, function, GRID, train=100, test=40, cash=1e5, costs=COSTS, threads=1
    )
    assert not result.complete
    assert len(result.windows) == 2
    assert "complete=False" in repr(result)
    whole = forward(prices)
    done = len(result.result.equity)
    assert np.array_equal(result.result.equity, whole.result.equity.iloc[:done])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train": 240}, "train \\+ purge \\+ test must fit in 260 bars"),
        ({"by": "luck"}, "by must be one of"),
        ({"grid": {"fast": [3], "slow": [15], "cash": [1e5, 2e5]}}, "cash can't be an axis"),
        ({"cash": None}, "cash must be given"),
        ({"constraint": lambda metrics: True}, "constraint must return a bool for each"),
    ],
)
def test_bad_arguments_raise(prices, options, message):
    with pytest.raises(nb.ValidationError, match=message):
        forward(prices, **options)


def test_an_iterator_cant_be_walked_through(prices):
    with pytest.raises(nb.ValidationError, match="give a stack"):
        nb.walk_forward(prices, iter([]), None, train=100, test=40, cash=1e5)
