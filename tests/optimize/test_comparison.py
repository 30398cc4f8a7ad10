"""Optimizers side by side: each figure is that of a backtest on weights known at the time."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from optimize.random_covariances import random_returns

from nanobook import backtest, compare_optimizers, rolling_weights
from nanobook.errors import ArgumentTypeError, ValidationError

DATES = pd.bdate_range("2020-01-01", periods=400)
RETURNS = pd.DataFrame(random_returns(3, 400, 5), index=DATES, columns=list("vwxyz"))
COLUMNS = ["cagr", "volatility", "sharpe", "max_drawdown", "turnover"]
COLUMNS += ["effective_assets", "largest_weight", "failed_solves"]


def test_figures_are_those_of_a_backtest():
    table = compare_optimizers(
        RETURNS, ["equal", "min_variance"], window=100, costs=10, risk_free=1e-5
    )
    assert list(table.columns) == COLUMNS
    assert list(table.index) == ["equal", "min_variance"]
    assert table.index.name == "method"
    rolled = rolling_weights(RETURNS, "min_variance", window=100).weights
    first = RETURNS.index.get_loc(rolled.index[0])
    later = RETURNS.iloc[first + 1 :]
    prices = pd.concat([pd.DataFrame(1.0, rolled.index[:1], RETURNS.columns), 1.0 + later])
    result = backtest(prices.cumprod(), rolled, cash=1e6, costs=10, lot_size=0, risk_free=1e-5)
    # The backtest holds cash for a bar before its first trade; the table begins with the trade.
    expected = backtest(
        prices.cumprod().iloc[1:],
        rolled.set_axis(prices.index[np.searchsorted(prices.index, rolled.index) + 1]),
        cash=1e6,
        costs=10,
        lag=0,
        lot_size=0,
        risk_free=1e-5,
    )
    assert_allclose(result.equity.iloc[-1], expected.equity.iloc[-1], rtol=1e-12)
    for name in COLUMNS[:5]:
        found = table.loc["min_variance", name]
        assert_allclose(found, getattr(expected.metrics, name), rtol=1e-9, err_msg=name)
    assert_allclose(
        table.loc["min_variance", "effective_assets"], (1 / (rolled**2).sum(axis=1)).mean()
    )
    assert_allclose(table.loc["min_variance", "largest_weight"], rolled.max().max())
    assert table.loc["equal", "effective_assets"] == pytest.approx(5)
    assert table.loc["equal", "largest_weight"] == 0.2
    assert (table["failed_solves"] == 0).all()


def test_held_without_costs_it_all_grows_by_itself():
    returns = random_returns(5, 60, 3)
    table = compare_optimizers(returns, "equal", window=20, rebalance=30, lag=0)
    grown = (1.0 + returns[31:]).prod(axis=0).mean()  # row 30 decides, and trades at its close
    assert_allclose(table.loc["equal", "cagr"], grown ** (252 / 30) - 1.0, rtol=1e-10)


def test_arrays_and_frames_agree():
    options = {"window": 100, "rebalance": 20, "periods_per_year": 252.0}
    array = compare_optimizers(RETURNS.to_numpy(), ["hrp", "risk_parity"], **options)
    frame = compare_optimizers(RETURNS, ["hrp", "risk_parity"], **options)
    pd.testing.assert_frame_equal(array, frame)


def test_the_future_changes_nothing():
    options = {"window": 100, "rebalance": 20}
    whole = compare_optimizers(RETURNS.iloc[:300], ["min_variance"], **options)
    later = RETURNS.copy()
    later.iloc[300:] = 0.5
    assert_array_equal(compare_optimizers(later.iloc[:300], ["min_variance"], **options), whole)


def test_labels_with_options_of_their_own():
    methods = {
        "plain": "min_variance",
        "shrunk": {"method": "min_variance", "shrinkage": 1.0, "covariance": "ledoit_wolf"},
        "equal": "equal",
    }
    table = compare_optimizers(RETURNS, methods, window=100, upper=0.4)
    assert list(table.index) == list(methods)
    assert table.loc["plain", "largest_weight"] <= 0.4 + 1e-12
    assert table.loc["shrunk", "effective_assets"] > 4.9


def test_all_are_measured_over_the_same_bars():
    methods = {
        "long": {"method": "equal", "min_periods": 200},
        "short": {"method": "equal", "min_periods": 50},
    }
    table = compare_optimizers(RETURNS, methods, window=200)
    assert_allclose(table.loc["long"], table.loc["short"], rtol=1e-12)


def test_failed_solves_are_counted_and_keep_what_was_held():
    falling = RETURNS - RETURNS.iloc[:200].mean() - 0.002
    table = compare_optimizers(falling, ["equal", "max_sharpe"], window=100)
    assert table.loc["max_sharpe", "failed_solves"] > 0
    assert table.loc["equal", "failed_solves"] == 0
    hopeless = pd.DataFrame(-0.001 - np.abs(RETURNS), RETURNS.index)
    table = compare_optimizers(hopeless, ["equal", "max_sharpe"], window=100)
    assert table.loc["max_sharpe", COLUMNS[:-1]].isna().all()
    assert table.loc["equal"].notna().all()


def test_missing_returns_are_assets_that_arent_in():
    holes = RETURNS.copy()
    holes.iloc[:250, 0] = np.nan
    table = compare_optimizers(holes, ["equal"], window=100, rebalance=20)
    assert 4 < table.loc["equal", "effective_assets"] < 5


@pytest.mark.parametrize(
    ("methods", "options", "error", "message"),
    [
        (["best"], {}, ValidationError, "methods must be among"),
        (["equal", "equal"], {}, ValidationError, "methods must differ"),
        ([], {}, ValidationError, "methods must name"),
        ([3], {}, ArgumentTypeError, "methods must be names"),
        ({"a": {"covariance": "sample"}}, {}, ArgumentTypeError, "methods must be names"),
        (["equal"], {"shrinkage": 0.5}, ValidationError, "shrinkage isn't an option of any"),
        (["equal"], {"lag": 1.0}, ArgumentTypeError, "lag"),
        (["equal"], {"lag": 500}, ValidationError, "returns must have rows after"),
    ],
)
def test_what_is_refused(methods, options, error, message):
    with pytest.raises(error, match=message):
        compare_optimizers(RETURNS, methods, window=100, **options)


def test_a_return_that_loses_everything():
    ruin = RETURNS.copy()
    ruin.iloc[7, 2] = -1.0
    with pytest.raises(ValidationError, match=r"above -1, got -1\.0 in row 7 of 'x'"):
        compare_optimizers(ruin, ["equal"], window=100)
