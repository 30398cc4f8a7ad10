"""Rolling weights and cubes: a date at a time gives the same, and a failed date is only a row."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import nanobook
from nanobook import rolling_weights, weight_cube
from nanobook.errors import ArgumentTypeError, ValidationError

SEED = 20261123


def panel(rows=260, assets=5, seed=SEED):
    rng = np.random.default_rng(seed)
    factor = rng.normal(0.0004, 0.008, (rows, 1))
    own = rng.normal(0.0002, 0.01, (rows, assets)) * rng.uniform(0.5, 2.0, assets)
    dates = pd.bdate_range("2019-01-01", periods=rows, name="date")
    return pd.DataFrame(factor + own, dates, [f"A{n}" for n in range(assets)])


#: Each method as a function of one window, by the public name.
ONE_WINDOW = {
    "min_variance": nanobook.optimize_min_variance,
    "max_sharpe": nanobook.optimize_max_sharpe,
    "utility": lambda window: nanobook.optimize_utility(window, risk_aversion=1.0),
    "max_diversification": nanobook.optimize_max_diversification,
    "risk_parity": nanobook.optimize_risk_parity,
    "inverse_volatility": nanobook.inverse_volatility_weights,
    "equal": nanobook.equal_weights,
    "hrp": nanobook.optimize_hrp,
    "herc": lambda window: nanobook.optimize_herc(window, clusters=2),
    "nco": lambda window: nanobook.optimize_nco(window, clusters=2),
    "cvar": nanobook.optimize_cvar,
    "cdar": nanobook.optimize_cdar,
    "mean_cvar": nanobook.optimize_mean_cvar,
    "inverse_cvar": nanobook.inverse_cvar_weights,
    "inverse_cdar": nanobook.inverse_cdar_weights,
}


@pytest.mark.parametrize("method", ONE_WINDOW)
def test_a_date_is_its_window_alone(method):
    returns = panel()
    options = {"clusters": 2} if method in ("herc", "nco") else {}
    rolled = rolling_weights(returns, method, window=60, rebalance=7, **options)
    assert rolled.weights.index[0] == returns.index[63]
    for date, weights in rolled.weights.iterrows():
        row = returns.index.get_loc(date)
        window = returns.iloc[row - 59 : row + 1]
        if rolled.certificates.loc[date, "status"] == "no excess return":
            assert weights.isna().all()
            assert window.mean().max() <= 0
            continue
        assert_allclose(weights, ONE_WINDOW[method](window), rtol=0, atol=2e-7, err_msg=str(date))
        assert weights.sum() == pytest.approx(1.0, abs=1e-12)


def test_certificates_say_what_a_single_solve_says():
    returns = panel(rows=120, assets=4)
    for method in ("min_variance", "max_diversification", "risk_parity", "cvar", "cdar"):
        rolled = rolling_weights(returns, method, window=60, rebalance=25)
        for date, found in rolled.certificates.iterrows():
            row = returns.index.get_loc(date)
            window = returns.iloc[row - 59 : row + 1]
            alone = getattr(nanobook, f"optimize_{method}")(window, certificate=True)
            assert found["status"] == alone.status == "optimal"
            assert found["objective"] == pytest.approx(alone.objective, rel=1e-9)
            assert found["condition_number"] == pytest.approx(alone.condition_number, rel=1e-6)
            assert found["assets"] == (alone.weights > 0).sum()
            assert np.nanmax([found["kkt_residual"], found["duality_gap"]]) < 1e-10


def test_weights_over_time_are_drawn(tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra plot")
    rolled = rolling_weights(panel(), "risk_parity", window=60, rebalance=20)
    rolled.plot_weights(tmp_path / "weights.png")
    assert (tmp_path / "weights.png").stat().st_size > 5_000


COVARIANCES = [
    *({"covariance": name} for name in ("sample", "ledoit_wolf", "constant_correlation", "oas")),
    *({"covariance": name} for name in ("nonlinear", "denoised", "single_factor")),
    {"covariance": "ewma", "half_life": 20.0},
    {"covariance": "ledoit_wolf", "shrinkage": 0.3},
    {"covariance": "constant_correlation", "shrinkage": 0.3},
]


@pytest.mark.parametrize(
    "options", COVARIANCES, ids=lambda value: "-".join(map(str, value.values()))
)
@pytest.mark.parametrize("window", [40, None])
def test_a_covariance_is_that_of_the_rows_so_far(options, window):
    returns = panel(assets=4)
    rolled = rolling_weights(
        returns, "inverse_volatility", window=window, min_periods=40, rebalance=1, **options
    )
    for row in (39, 40, 41, 120, 259):
        seen = returns.iloc[: row + 1] if window is None else returns.iloc[row - 39 : row + 1]
        alone = nanobook.inverse_volatility_weights(seen, **options)
        assert_allclose(rolled.weights.loc[returns.index[row]], alone, rtol=1e-9)


@pytest.mark.parametrize(
    "options",
    [
        {"mean": "historical"},
        {"mean": "james_stein"},
        {"mean": "ewma", "half_life": 30.0},
        {"mean": "ewma", "covariance": "ewma", "half_life": 30.0},
        {"mean": "historical", "covariance": "ewma", "half_life": 30.0},
    ],
    ids=str,
)
def test_a_mean_is_that_of_the_rows_so_far(options):
    returns = panel(assets=4)
    rolled = rolling_weights(
        returns, "utility", window=50, rebalance=3, risk_aversion=8.0, **options
    )
    for date in rolled.weights.index[[0, 1, 20, -1]]:
        row = returns.index.get_loc(date)
        alone = nanobook.optimize_utility(
            returns.iloc[row - 49 : row + 1], risk_aversion=8.0, **options
        )
        assert_allclose(rolled.weights.loc[date], alone, rtol=0, atol=1e-8)


def test_the_future_changes_no_bit():
    returns = panel()
    later = returns.copy()
    later.iloc[150:] = np.random.default_rng(1).normal(0, 0.5, later.iloc[150:].shape)
    for method in ("min_variance", "cvar", "risk_parity"):
        both = [
            rolling_weights(frame, method, window=50, rebalance=10).weights
            for frame in (returns, later)
        ]
        known = both[0].index < returns.index[150]
        assert known.sum() >= 5
        assert_array_equal(both[0][known], both[1][known])


def test_assets_join_and_leave():
    returns = panel(rows=200, assets=4)
    returns.iloc[:100, 0] = np.nan  # joins
    returns.iloc[150:, 1] = np.nan  # leaves
    rolled = rolling_weights(returns, "min_variance", window=40, rebalance=1)
    weights = rolled.weights
    joined = weights.index.get_loc(returns.index[139])
    assert (weights.iloc[:joined, 0] == 0).all()
    gone = weights.index.get_loc(returns.index[150])
    assert (weights.iloc[gone:, 1] == 0).all()
    assert (weights.iloc[:gone, 1] > 0).any()
    assert_allclose(weights.sum(axis=1), 1.0, atol=1e-12)
    for row in (138, 139, 149, 150, 199):
        window = returns.iloc[row - 39 : row + 1].dropna(axis=1)
        alone = nanobook.optimize_min_variance(window)
        got = weights.loc[returns.index[row]]
        assert_allclose(got[window.columns], alone, rtol=0, atol=1e-10)


@pytest.mark.parametrize("method", ["min_variance", "cvar"])
def test_rows_without_a_member_are_left_out(method):
    returns = panel(rows=120, assets=3)
    returns.iloc[50, 2] = np.nan
    rolled = rolling_weights(returns, method, window=60, min_periods=20, rebalance=1)
    row = 90
    window = returns.iloc[row - 59 : row + 1].dropna()
    assert len(window) == 59
    alone = ONE_WINDOW[method](window)
    assert_allclose(rolled.weights.loc[returns.index[row]], alone, rtol=0, atol=1e-9)


def test_a_failed_date_is_a_row_with_a_status():
    returns = panel(rows=120, assets=3)
    returns.iloc[:, :] -= 0.05
    rolled = rolling_weights(returns, "max_sharpe", window=60, rebalance=20)
    assert set(rolled.status) == {"no excess return"}
    assert rolled.weights.isna().all().all()
    with_none = panel(rows=120, assets=3)
    with_none.iloc[80] = np.nan
    rolled = rolling_weights(with_none, window=30, rebalance=10)
    assert rolled.certificates.loc[with_none.index[90], "status"] == "too few returns"
    assert rolled.certificates.loc[with_none.index[110], "status"] == "optimal"


def test_bounds_that_too_few_assets_can_keep_are_infeasible_at_that_date():
    returns = panel(rows=120, assets=3)
    returns.iloc[:90, 0] = np.nan
    rolled = rolling_weights(returns, upper=0.4, window=20, rebalance=10)
    assert rolled.certificates.loc[returns.index[100], "status"] == "infeasible"
    assert rolled.certificates.loc[returns.index[110], "status"] == "optimal"


def test_letters_decide_at_ends_of_periods():
    returns = panel(rows=260)
    weights = rolling_weights(returns, window=60, rebalance="M").weights
    last = returns.groupby(returns.index.to_period("M")).tail(1).index[:-1]
    assert list(weights.index) == [date for date in last if date >= returns.index[59]]


def test_an_array_gives_an_array_that_backtest_takes():
    returns = panel(rows=120)
    rolled = rolling_weights(returns.to_numpy(), window=60, rebalance=20)
    weights = rolled.weights
    assert weights.shape == returns.shape
    assert_array_equal(np.flatnonzero(~np.isnan(weights[:, 0])), [60, 80, 100])
    prices = 100.0 * np.cumprod(1.0 + returns.to_numpy(), axis=0)
    assert nanobook.backtest(prices, weights, cash=1e6).equity.shape == (120,)


# ---- cubes -----------------------------------------------------------------------------------

GRID = {"window": [40, 60, None], "upper": [0.5, 1.0], "shrinkage": [None, 0.5]}


def test_a_candidate_of_a_cube_is_its_rolling_weights():
    returns = panel(rows=150)
    shared = {"covariance": "ledoit_wolf", "min_periods": 40, "rebalance": 9}
    cube = weight_cube(returns, "min_variance", GRID, **shared)
    assert cube.weights.shape == (12, len(cube.dates), 5)
    assert list(cube.params) == ["window", "upper", "shrinkage"]
    for at in range(len(cube)):
        params = {name: values[at] for name, values in cube.grid.items()}
        alone = rolling_weights(returns, "min_variance", **shared, **params)
        assert_array_equal(cube.weights[at], alone.weights.loc[cube.dates])
        assert_array_equal(cube[at].weights, alone.weights.loc[cube.dates])


def test_methods_can_be_an_axis():
    returns = panel(rows=150)
    methods = ["min_variance", "equal", "cvar", "hrp", "inverse_cvar", "mean_cvar"]
    cube = weight_cube(returns, grid={"method": methods, "window": [50, 60]}, rebalance=20)
    assert cube.weights.shape == (12, len(cube.dates), 5)
    for at, params in enumerate(cube.params.to_dict("records")):
        alone = rolling_weights(returns, **params, rebalance=20)
        assert_array_equal(cube.weights[at], alone.weights.loc[cube.dates])


@pytest.mark.parametrize("method", ["utility", "cvar"])
def test_threads_change_no_bit(method):
    import numba

    returns = panel(rows=200)
    grid = {"window": [40, 60], "upper": [0.4, 1.0]}
    most = numba.get_num_threads()
    try:
        cubes = []
        for threads in (1, most):
            numba.set_num_threads(threads)
            cubes.append(weight_cube(returns, method, grid, rebalance=1))
    finally:
        numba.set_num_threads(most)
    assert_array_equal(cubes[0].weights, cubes[1].weights)
    assert_array_equal(cubes[0].numbers, cubes[1].numbers)


def test_a_cube_goes_into_a_sweep():
    returns = panel(rows=150)
    prices = 100.0 * (1.0 + returns).cumprod()
    cube = weight_cube(
        returns, "utility", {"window": [40, 60], "risk_aversion": [2.0, 20.0]}, rebalance=10
    )
    result = nanobook.sweep(prices, cube, cash=1e6, costs=5, lot_size=0, progress=False)
    assert result.metrics.index.names == ["window", "risk_aversion"]
    for at, params in enumerate(cube.params.to_dict("records")):
        alone = nanobook.backtest(prices, cube[at].weights, cash=1e6, costs=5, lot_size=0)
        assert result.metrics["sharpe"].iloc[at] == alone.metrics.sharpe
        assert_array_equal(result.result(params).equity, alone.equity)


# ---- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "minvar"}, "method must be one of 'min_variance'"),
        ({"alpha": 0.9}, "alpha isn't a parameter of 'min_variance', which takes"),
        ({"bounds": 1}, "bounds isn't a parameter; known are"),
        ({"window": 1}, "window must .* 2"),
        (
            {"window": 20, "min_periods": 30},
            "min_periods must not be above window, got 30 above 20",
        ),
        ({"covariance": "oops"}, "covariance must be one of 'sample'"),
        ({"covariance": "ewma"}, "half_life must be given"),
        ({"half_life": 3.0}, "half_life is for"),
        ({"covariance": "ledoit_wolf", "shrinkage": 1.5}, "shrinkage must lie between 0 and 1"),
        ({"method": "mean_cvar", "risk_aversion": 0.0}, "risk_aversion must be positive"),
        ({"method": "herc"}, "clusters must be given for 'herc'"),
        ({"method": "cvar", "alpha": 1.0}, "alpha must lie between 0 and 1, got 1.0"),
        ({"upper": 0.1}, "upper must let weights add up to 1"),
        ({"window": 1000}, "returns must have a deciding row after 1000 rows, got 260"),
        ({"rebalance": "X"}, "rebalance must be"),
    ],
    ids=str,
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValidationError, match=message):
        rolling_weights(panel(), **{"window": 50, **options})


@pytest.mark.parametrize(
    ("grid", "error", "message"),
    [
        (None, ArgumentTypeError, "grid must be a dict of lists"),
        ({}, ValidationError, "at least one combination"),
        ({"window": []}, ValidationError, "at least one combination"),
        ({"window": 50}, ArgumentTypeError, "must be a list of values, got 50"),
        ([{"window": 50}, {"upper": 1}], ValidationError, "the same parameters in every row"),
        ({"window": [50], "rebalance": [1, 2]}, ValidationError, "rebalance isn't a parameter"),
    ],
    ids=str,
)
def test_wrong_grids_are_named(grid, error, message):
    with pytest.raises(error, match=message):
        weight_cube(panel(), "min_variance", grid)


def test_a_parameter_stands_in_one_place():
    with pytest.raises(ValidationError, match="window must stand in the grid or beside it"):
        weight_cube(panel(), "min_variance", {"window": [50]}, window=60)


def test_infinity_and_emptiness_are_refused():
    returns = panel()
    returns.iloc[3, 1] = np.inf
    with pytest.raises(ValidationError, match="returns must be finite, or NaN"):
        rolling_weights(returns, window=50)
    with pytest.raises(ValidationError, match="at least one row"):
        rolling_weights(returns.iloc[:0], window=50)
