"""`backtest(rebalance=...)`: the weights of some bars trade, those of others don't."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from portfolio.panels import random_options, random_panel

import nanobook as nb

seeds = st.integers(0, 2**32)


def only(weights, decides):
    """Return weights that keep everything at bars that don't decide."""
    return np.where(np.asarray(decides)[:, None], weights, np.nan)


def assert_same(left, right):
    assert_array_equal(left.equity, right.equity)
    assert_array_equal(np.asarray(left.positions), np.asarray(right.positions))
    assert left.metrics == right.metrics


@pytest.mark.core
@given(seeds, st.integers(1, 9))
def test_every_so_many_bars_is_nan_weights_at_the_others(seed, bars):
    prices, weights = random_panel(seed)
    options = random_options(seed)
    decides = np.arange(len(prices)) % bars == 0
    result = nb.backtest(prices, weights, rebalance=bars, **options)
    assert_same(result, nb.backtest(prices, only(weights, decides), **options))


@given(seeds, st.sampled_from("WMQY"), st.sampled_from([1, 3, 20]))
def test_a_letter_is_nan_weights_within_the_period(seed, rule, days):
    prices, weights = random_panel(seed)
    index = pd.date_range("2020-12-21 16:00", periods=len(prices), freq=f"{days}D")
    prices, weights = (pd.DataFrame(table, index) for table in (prices, weights))
    options = random_options(seed)
    groups = pd.Series(np.arange(len(index))).groupby(index.to_period(rule))
    decides = np.zeros(len(index), dtype=bool)
    decides[groups.last().to_numpy()[:-1]] = True  # nothing tells that the last period ends
    result = nb.backtest(prices, weights, rebalance=rule, **options)
    masked = pd.DataFrame(only(weights, decides), index)
    assert_same(result, nb.backtest(prices, masked, **options))


@pytest.mark.core
def test_weights_on_fewer_dates_are_carried_to_each_deciding_bar():
    index = pd.bdate_range("2021-01-01", periods=80)
    prices = pd.DataFrame(nb.random_prices(80, 3, seed=2).to_numpy(), index, list("ABC"))
    sparse = pd.DataFrame([[0.5, 0.2], [0.1, np.nan], [0.3, 0.3]], index[[3, 30, 50]], list("CA"))
    result = nb.backtest(prices, sparse, cash=1e6, rebalance="M", lag=1)
    carried = pd.DataFrame(np.nan, index, list("ABC"))
    months = index.to_series().groupby(index.to_period("M")).last()[:-1]
    for date in months:
        known = sparse.index[sparse.index <= date]
        if len(known):
            carried.loc[date, ["C", "A"]] = sparse.loc[known[-1]]
    assert_same(result, nb.backtest(prices, carried, cash=1e6))
    assert set(result.trades["date"]) <= {index[index.get_loc(date) + 1] for date in months}
    without = nb.backtest(prices, sparse, cash=1e6)
    assert set(without.trades["date"]) == set(index[[4, 31, 51]])


def test_nothing_is_traded_before_weights_are_known():
    index = pd.bdate_range("2021-01-01", periods=60)
    prices = pd.DataFrame(nb.random_prices(60, 2, seed=2).to_numpy(), index)
    weights = pd.DataFrame([[0.5, 0.5]], [index[25]])
    for rule in (5, "W", "M"):
        trades = nb.backtest(prices, weights, cash=1e6, rebalance=rule).trades
        assert len(trades)
        assert trades["date"].min() > index[25]


def test_the_last_bar_of_the_data_isnt_the_end_of_a_period():
    # Friday or not: a backtest that ends earlier decides no other bars than one that goes on.
    index = pd.bdate_range("2021-01-01", periods=66)
    prices = pd.DataFrame(nb.random_prices(66, 2, seed=2).to_numpy(), index)
    weights = pd.DataFrame(np.random.default_rng(0).dirichlet([1, 1], 66), index)
    whole = nb.backtest(prices, weights, cash=1e6, rebalance="W", lag=0)
    for end in range(1, 66):
        part = nb.backtest(prices[:end], weights[:end], cash=1e6, rebalance="W", lag=0)
        again = whole.trades[whole.trades["date"] < index[end - 1]]
        assert_array_equal(part.trades[: len(again)].to_numpy(), again.to_numpy())
        assert (part.trades["date"] < index[end - 1]).all()


def test_a_rule_is_checked():
    prices = np.ones((5, 2))
    for rule, error in (
        ("M", nb.ValidationError),
        ("D", nb.ValidationError),
        (0, nb.RangeError),
        (2.5, nb.ArgumentTypeError),
    ):
        with pytest.raises(error, match="rebalance"):
            nb.backtest(prices, prices, cash=100, rebalance=rule)
