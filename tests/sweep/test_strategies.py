"""The compiled rules against plain ones, what they may see, and when they're asked."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles import sweep_strategies as oracle
from sweep.panels import as_frame, random_parameters, random_prices

from nanobook.sweep import strategies
from nanobook.sweep.windows import WINDOW, slide_prices, slide_returns

NAMES = strategies.__all__
seeds = st.integers(0, 2**32)
RULES = (None, 2, 7, "W", "M")


def assert_like_the_definition(name, seed):
    prices, params = random_prices(seed), random_parameters(name, seed)
    rule = RULES[seed % len(RULES)]
    with np.errstate(all="ignore"):
        expected = getattr(oracle, name)(prices, *params.values())
    frame = as_frame(prices)
    got = getattr(strategies, name).weights(frame, rebalance=rule, **params)
    assert got.index.equals(frame.index)
    assert got.columns.equals(frame.columns)
    decides = ~got.isna().all(axis=1).to_numpy()
    if rule is None:
        assert decides.all()
    assert_allclose(got.to_numpy()[decides], expected[decides], rtol=1e-7, atol=1e-12)


@pytest.mark.core
@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_the_definition(name):
    for seed in range(20):
        assert_like_the_definition(name, seed)


@pytest.mark.deep
@pytest.mark.parametrize("name", NAMES)
def test_agrees_with_the_definition_on_many_panels(name):
    for seed in range(100, 450):
        assert_like_the_definition(name, seed)


# ---- what a rule may see, and when it's asked --------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_what_comes_later_changes_nothing(name):
    for seed in range(40, 60):
        prices, params = random_prices(seed), random_parameters(name, seed)
        rule = getattr(strategies, name)
        now = len(prices) // 2
        later = prices.copy()
        later[now + 1 :] = np.random.default_rng(seed).permuted(later[now + 1 :]) * 3.0
        before, after = (rule.weights(one, **params)[: now + 1] for one in (prices, later))
        assert_array_equal(before, after)
        assert_array_equal(before, rule.weights(prices[: now + 1], **params))


@pytest.mark.parametrize("name", NAMES)
def test_bars_that_dont_decide_keep_everything_and_change_nothing_else(name):
    # Deviations may differ in the last bits: sums over a window are brought forward in one step.
    for seed in range(60, 80):
        prices, params = as_frame(random_prices(seed)), random_parameters(name, seed)
        rule = getattr(strategies, name)
        every = rule.weights(prices, **params).to_numpy()
        for decided in (1, 3, 10):
            got = rule.weights(prices, rebalance=decided, **params).to_numpy()
            decides = np.arange(len(prices)) % decided == 0
            assert np.isnan(got[~decides]).all()
            assert_allclose(got[decides], every[decides], rtol=1e-8, atol=1e-12)
        weekly = rule.weights(prices, rebalance="W", **params)
        last = prices.index.to_series().groupby(prices.index.to_period("W")).last()[:-1]
        assert weekly.index[~weekly.isna().all(axis=1)].tolist() == last.tolist()


def test_a_rule_takes_frames_and_arrays_alike():
    prices = random_prices(3)
    got = strategies.rsi.weights(as_frame(prices), period=5)
    assert isinstance(got, pd.DataFrame)
    assert_array_equal(got.to_numpy(), strategies.rsi.weights(prices, period=5))
    assert_array_equal(
        strategies.rsi.weights(prices), strategies.rsi.weights(prices, period=14, low=30, high=70)
    )


# ---- prices that stand still, and ties ---------------------------------------------------------


def halted():
    """Return prices of two assets, the first one halted after 30 lively bars."""
    rng = np.random.default_rng(5)
    prices = 100 * np.exp(np.cumsum(rng.normal(0, 0.05, (90, 2)), axis=0))
    prices[30:, 0] = prices[30, 0]
    return prices


def test_a_price_that_stands_still_has_no_volatility():
    weights = strategies.inverse_volatility.weights(halted(), lookback=20)
    assert_array_equal(weights[50:], np.tile([0.0, 1.0], (40, 1)))


def test_a_price_that_stands_still_is_at_its_mean():
    for name, params in (
        ("mean_reversion", {"lookback": 20, "entry": 0.5, "exit": 0.2, "short": 1}),
        ("bollinger", {"period": 20, "width": 0.5}),
        ("moving_average_crossover", {"fast": 7, "slow": 20, "short": 1}),
    ):
        weights = getattr(strategies, name).weights(halted(), **params)
        assert (weights[50:, 0] == 0.0).all(), name


@pytest.mark.core
def test_of_equal_ones_the_earlier_column_comes_first_and_none_is_both():
    prices = np.ones((3, 5))
    prices[:, 4] = np.nan
    choose = strategies.cross_sectional_momentum.weights
    for top, bottom, expected in (
        (1, 1, [1, -1, 0, 0, 0]),
        (2, 1, [0.5, 0.5, -1, 0, 0]),
        (3, 3, [1 / 3, 1 / 3, 1 / 3, -1, 0]),
        (9, 2, [0.25, 0.25, 0.25, 0.25, 0]),
        (0, 2, [-0.5, -0.5, 0, 0, 0]),
    ):
        got = choose(prices, lookback=1, skip=0, top=top, bottom=bottom)
        assert_allclose(got[-1], expected)


@pytest.mark.deep
def test_the_best_of_many_are_chosen_as_sorting_does():
    rng = np.random.default_rng(8)
    for _ in range(2000):
        assets = int(rng.integers(1, 40))
        growth = rng.choice([0.9, 1.0, 1.1, np.nan, *rng.uniform(0.5, 2, 5)], assets)
        prices = np.vstack([np.ones(assets), growth])
        top, bottom = (int(one) for one in rng.integers(0, assets + 3, 2))
        got = strategies.cross_sectional_momentum.weights(
            prices, lookback=1, skip=0, top=top, bottom=bottom
        )
        assert_allclose(got, oracle.cross_sectional_momentum(prices, 1, 0, top, bottom), rtol=1e-15)


# ---- windows -----------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize("returns", [False, True])
@pytest.mark.parametrize("step", [1, 3, 50])
def test_a_window_keeps_its_precision_at_any_level(returns, step):
    rng = np.random.default_rng(2)
    window, columns = 20, 2
    prices = 1e8 + np.cumsum(rng.normal(0, 0.01, (400, columns)), axis=0)
    prices[200:204, 0] = np.nan
    memory = np.zeros(WINDOW * columns + 1)
    slide = slide_returns if returns else slide_prices
    checked = 0
    for t in range(step - 1, len(prices), step):
        slide(t, prices[: t + 1], window, memory)
        values = prices[max(t - window - returns + 1, 0) : t + 1]
        values = values[1:] / values[:-1] - 1 if returns else values - memory[4:6]
        for i in range(columns):
            known = values[~np.isnan(values[:, i]), i]
            assert memory[3 * columns + i] == known.size
            if known.size < window:
                continue
            checked += 1
            total, squares = memory[i], memory[columns + i]
            assert_allclose(total / window, known.mean(), rtol=1e-9, atol=1e-12 * known.std())
            deviation = np.sqrt((squares - total**2 / window) / (window - 1))
            assert_allclose(deviation, known.std(ddof=1), rtol=1e-9)
    assert checked > 10


def test_a_window_doesnt_drift():
    rng = np.random.default_rng(2)
    prices = np.exp(np.cumsum(rng.normal(0, 0.3, (30_000, 1)), axis=0) % 30)
    memory = np.zeros(WINDOW + 1)
    for t in range(len(prices)):
        slide_prices(t, prices[: t + 1], 100, memory)
    values = prices[-100:, 0] - memory[2]
    assert_allclose(memory[:2], [values.sum(), (values**2).sum()], rtol=1e-9)
