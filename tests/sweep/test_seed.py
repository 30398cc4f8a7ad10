"""The original's sweeps: any function over parameters, strategies in Python, equal weights."""

import os
import threading
import time

import numpy as np
import pytest

import nanobook as nb
from nanobook import ArgumentTypeError, RangeError

# Spec sections 6, 15 and 18.


def returns_of(param):
    return [] if param is None else np.linspace(-0.01, 0.02, 20) * param


@pytest.mark.core
def test_sweep_gives_metrics_or_none_in_order():
    params = [3, None, 1, 2]
    expected = [nb.compute_metrics(returns_of(param), 12, 0.001) for param in params]
    assert expected[1] is None
    assert nb.sweep(params, 12, 0.001, returns_of) == expected
    assert nb.sweep(params, 12, 0.001, fn=returns_of) == expected
    assert nb.sweep(params, returns_of, periods_per_year=12, risk_free=0.001) == expected
    assert nb.sweep(params, returns_of) == [nb.compute_metrics(returns_of(p)) for p in params]
    assert nb.sweep(iter(params), returns_of)[2] == nb.compute_metrics(returns_of(1))
    assert nb.sweep([], returns_of) == []
    assert nb.sweep([1], lambda param: [0.1, "x" if param == 2 else 0.2])[0].num_periods == 2


def test_sweep_runs_on_many_threads_and_keeps_order():
    seen = set()

    def slow(param):
        seen.add(threading.get_ident())
        time.sleep(0.002 * (param % 3))
        return [param / 1000.0, 0.0]

    found = nb.sweep(range(40), slow)
    assert [metrics.best_period for metrics in found] == [param / 1000.0 for param in range(40)]
    assert len(seen) > 1 or os.cpu_count() == 1


@pytest.mark.core
def test_what_a_function_raises_comes_through():
    def broken(param):
        raise LookupError(f"no data for {param}")

    with pytest.raises(LookupError, match="no data for 7"):
        nb.sweep([7], broken)
    with pytest.raises(nb.ValidationError, match="returns"):
        nb.sweep([1], lambda param: "abc")
    for arguments in (([1], 252.0, 0.0, 3), ("ab", returns_of), (5, returns_of)):
        with pytest.raises(ArgumentTypeError):
            nb.sweep(*arguments)


class Share:
    """All in A, but for a share."""

    def __init__(self, share):
        self.share = share

    def compute_weights(self, bar_index, prices, portfolio):
        return [("A", 1 - self.share), ("B", self.share)]


SERIES = [
    {"A": 10_000, "B": 20_000},
    {"A": 11_000, "B": 19_000},
    {"A": 12_000, "B": 19_500},
]


def same(left, right):
    ours, theirs = left.portfolio, right.portfolio
    return (
        left.metrics == right.metrics
        and ours.cash == theirs.cash
        and ours.equity_curve() == theirs.equity_curve()
    )


@pytest.mark.core
def test_sweep_strategy_is_run_backtest_for_each():
    cost = nb.CostModel(10)
    shares = [0.0, 0.5, 0.25]
    found = nb.sweep_strategy(shares, SERIES, 1_000_000, cost, 12.0, 0.001, Share)
    for share, result in zip(shares, found, strict=True):
        alone = nb.run_backtest(Share(share), SERIES, 1_000_000, cost, 12.0, 0.001)
        assert same(result, alone)
    rates = {"periods_per_year": 252.0, "risk_free": 0.0}
    assert nb.sweep_strategy([], SERIES, 1_000_000, cost, **rates, make_strategy=Share) == []

    def broken(share):
        def strategy(bar, prices, portfolio):
            raise LookupError("nothing today")

        return strategy

    with pytest.raises(LookupError, match="nothing today"):
        nb.sweep_strategy([1], SERIES, 1_000_000, cost, **rates, make_strategy=broken)
    with pytest.raises(ArgumentTypeError, match="make_strategy must be callable"):
        nb.sweep_strategy([1], SERIES, 1_000_000, cost, **rates, make_strategy=3)
    with pytest.raises(ArgumentTypeError, match="params must be a list"):
        nb.sweep_strategy(3, SERIES, 1_000_000, cost, **rates, make_strategy=Share)


@pytest.mark.core
def test_sweep_equal_weight_repeats_one_result():
    lists = [list(bar.items()) for bar in SERIES]
    found = nb.sweep_equal_weight(3, lists, 1_000_000)
    alone = nb.run_backtest(nb.EqualWeight(), SERIES, 1_000_000, nb.CostModel.zero(), 12.0, 0.0)
    assert found == [alone.metrics] * 3
    other = nb.sweep_equal_weight(1, lists, 1_000_000, 252.0, 0.001)
    assert other[0].sharpe != found[0].sharpe
    assert nb.sweep_equal_weight(4, [], 1_000_000) == [None] * 4
    assert nb.sweep_equal_weight(0, lists, 1_000_000) == []
    for arguments, error in (
        ((-1, lists, 100), RangeError),
        ((1.5, lists, 100), ArgumentTypeError),
        ((1, SERIES[0], 100), ArgumentTypeError),
        ((1, [3], 100), ArgumentTypeError),
    ):
        with pytest.raises(error):
            nb.sweep_equal_weight(*arguments)


@pytest.mark.core
def test_walkforward_cuts_returns_into_windows():
    returns = np.sin(np.arange(53)) / 100
    windows = nb.walkforward(returns)
    places = [
        [w[k] for k in ("train_start", "train_end", "test_start", "test_end")] for w in windows
    ]
    assert places == [
        [0, 7, 7, 10],
        [10, 17, 17, 20],
        [20, 27, 27, 30],
        [30, 37, 37, 40],
        [40, 49, 49, 53],  # the last takes the rest: floor(13 x 0.7)
    ]
    for window in windows:
        train = returns[window["train_start"] : window["train_end"]]
        test = returns[window["test_start"] : window["test_end"]]
        assert window["train_metrics"] == nb.compute_metrics(train)
        assert window["test_metrics"] == nb.compute_metrics(test)
        assert "params" not in window
    echoed = nb.walkforward(returns, {"fast": 3}, 2, 0.5, 12, 0.001)
    assert [w["params"] for w in echoed] == [{"fast": 3}] * 2
    assert echoed[0]["train_end"] == 13
    assert echoed[0]["test_metrics"] == nb.compute_metrics(returns[13:26], 12, 0.001)


@pytest.mark.core
def test_walkforward_without_windows_is_empty():
    returns = np.zeros(9)
    for options in (
        {"n_windows": 5},  # fewer than two returns to a window
        {"n_windows": 0},
        {"train_pct": 1.0, "n_windows": 2},
        {"train_pct": -0.1, "n_windows": 2},
        {"train_pct": np.nan, "n_windows": 2},
        {"train_pct": 0.0, "n_windows": 2},  # nothing to train on
    ):
        assert nb.walkforward(returns, **options) == []
    assert nb.walkforward([]) == []
    with pytest.raises(RangeError):
        nb.walkforward(returns, n_windows=-1)
    with pytest.raises(ArgumentTypeError):
        nb.walkforward("abc")
