"""`sweep`: each candidate is its own backtest, whatever the threads, interruptions and files."""

import dataclasses

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from portfolio.panels import random_panel
from sweep.panels import as_frame, random_parameters, random_prices

import nanobook as nb
from nanobook.portfolio.figures import ACCOUNT_FIELDS
from nanobook.sweep import strategies
from nanobook.sweep.candidates import FIELDS, run_lane

compiled_only = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="nothing is compiled under NUMBA_DISABLE_JIT"
)

OWN = ("cash", "costs", "lag", "lot_size", "rebalance", "stops")
COSTS = [field.name for field in dataclasses.fields(nb.CostModel)]
STOPS = [field.name for field in dataclasses.fields(nb.Stops)]


def backtest_of(prices, weights, params, base):
    """Run the backtest that a candidate's parameters ask for, put together by hand."""
    options = {"costs": None, "stops": None} | base
    options |= {name: value for name, value in params.items() if name in OWN}
    costs = options["costs"]
    if not isinstance(costs, nb.CostModel):
        costs = nb.CostModel(commission_bps=costs or 0)
    stops = options["stops"] or nb.Stops()
    stops = nb.Stops(**stops) if isinstance(stops, dict) else stops
    options["costs"] = dataclasses.replace(costs, **{k: params[k] for k in COSTS if k in params})
    options["stops"] = dataclasses.replace(stops, **{k: params[k] for k in STOPS if k in params})
    return nb.backtest(prices, weights, **options)


def figures_of(result):
    return np.array([getattr(result.metrics, name) for name in ACCOUNT_FIELDS], dtype=np.float64)


def assert_each_is_its_backtest(result, weights_of, prices, base):
    """Compare the row of each candidate, to the last bit, with its own backtest."""
    frame = result.metrics
    assert list(frame.columns) == list(FIELDS)
    rows = frame.to_numpy(dtype=np.float64)[:, : len(ACCOUNT_FIELDS)]
    table = result.params
    for number in range(len(result)):
        params = {name: table[name].iloc[number] for name in table}
        params = result._params_of(number) if table.dtypes.eq(object).any() else params
        alone = backtest_of(prices, weights_of(params), params, base)
        assert_array_equal(rows[number], figures_of(alone), err_msg=str(params))
        returns = np.asarray(alone.returns)
        returns = returns[~np.isnan(returns)]
        shape = frame[["skew", "kurtosis"]].to_numpy()[number]
        if returns.size and np.ptp(returns) > 1e-9:
            z = (returns - returns.mean()) / returns.std()
            assert_allclose(shape, [(z**3).mean(), (z**4).mean()], rtol=1e-6, atol=1e-9)


OPTION_AXES = {
    "cash": [1e3, 1e6],
    "costs": [None, 5, nb.CostModel(commission_bps=3, min_trade_fee=1)],
    "lag": [0, 1, 3, 500],
    "lot_size": [0, 1, 0.1],
    "rebalance": [None, 3, 10],
    "stops": [None, nb.Stops(fixed_stop_pct=0.05), {"trailing_stop_pct": 0.03, "reentry": 2}],
    "commission_bps": [0, 7.5],
    "slippage_bps": [0, 2],
    "min_trade_fee": [0, 2],
    "per_share": [0, 0.001],
    "fixed_stop_pct": [0, 0.02],
    "trailing_stop_pct": [0, 0.02],
    "atr_multiple": [None, 2.0],
    "atr_period": [3, 14],
    "reentry": ["rebalance", "signal", 0, 3],
}


def random_sweep(seed):
    """Draw the arguments of a sweep: a strategy's axes, and some of the simulator's."""
    rng = np.random.default_rng([seed, 2])
    axes = {}
    for name in rng.permutation(list(OPTION_AXES))[: rng.integers(0, 4)]:
        values = OPTION_AXES[name]
        count = int(rng.integers(1, len(values) + 1))
        axes[str(name)] = [values[at] for at in rng.permutation(len(values))[:count]]
    base = {"cash": float(10.0 ** rng.uniform(2, 8)), "lag": int(rng.integers(0, 3))}
    base["lot_size"] = float(rng.choice([0, 1, 10]))
    base["costs"] = nb.CostModel(commission_bps=float(rng.choice([0, 5])))
    base["delisting"] = str(rng.choice(["sell", "hold"]))
    base["rebalance"] = [None, 4][rng.integers(2)]
    if rng.random() < 0.3:
        base["stops"] = nb.Stops(trailing_stop_pct=0.05, atr_multiple=2.0, atr_period=4)
    return axes, base


# ---- each candidate is its own backtest --------------------------------------------------------


#: Weights of these differ in the last bits if they're asked for at some bars only.
BROUGHT_FORWARD = ("inverse_volatility", "volatility_target")


def check_compiled(seed, **more):
    name = strategies.__all__[seed % len(strategies.__all__)]
    axes, base = random_sweep(seed)
    base |= more
    rows = [random_parameters(name, seed + at) for at in range(2)]
    own = {key: list(dict.fromkeys(row[key] for row in rows)) for key in rows[0]}
    grid = own | axes
    if not grid:
        grid = {"lag": [0, 1]}
    prices = as_frame(random_prices(seed)) if seed % 3 else random_panel(seed)[0]
    rule = getattr(strategies, name)
    result = nb.sweep(
        prices, name, nb.Grid.random(grid, 6, seed=seed), threads=1, overfitting=False, **base
    )

    def weights_of(params):
        rule_of_time = (
            params.get("rebalance", base["rebalance"]) if name in BROUGHT_FORWARD else None
        )
        return rule.weights(prices, rebalance=rule_of_time, **{key: params[key] for key in own})

    assert_each_is_its_backtest(result, weights_of, prices, base)


@pytest.mark.core
@pytest.mark.parametrize("seed", range(10))
def test_a_compiled_rule_is_its_backtest(seed):
    check_compiled(seed)


@pytest.mark.deep
@pytest.mark.parametrize("sizing", ["post_cost", "pre_cost"])
def test_compiled_rules_are_their_backtests_on_many_panels(sizing):
    for seed in range(100, 220):
        check_compiled(seed, sizing=sizing)


def check_given(seed, **more):
    prices, weights = random_panel(seed)
    axes, base = random_sweep(seed)
    base |= more
    if seed % 2:
        prices, weights = as_frame(prices), as_frame(weights)
        if seed % 4 == 1:
            weights = weights.iloc[:: 1 + seed % 3, ::-1]

    def weights_of(params):
        return weights * params["scale"]

    grid = {"scale": [0.5, 1.0]} | axes
    grid = nb.Grid.random(grid, 5, seed=seed)
    result = nb.sweep(prices, weights_of, grid, threads=1, overfitting=False, **base)
    assert_each_is_its_backtest(result, weights_of, prices, base)
    matrices = [weights * scale for scale in (1.0, 0.3, -1.0)]
    streamed = nb.sweep(prices, iter(matrices), threads=1, overfitting=False, **base)
    assert streamed.parameters == ["candidate"]
    assert_each_is_its_backtest(
        streamed, lambda params: matrices[int(params["candidate"])], prices, base
    )
    if np.shape(weights) == np.shape(prices):
        stack = np.array([np.asarray(one)[:, :: -1 if seed % 4 == 1 else 1] for one in matrices])
        stacked = nb.sweep(prices, stack, threads=1, overfitting=False, **base)
        assert_each_is_its_backtest(
            stacked, lambda params: matrices[int(params["candidate"])], prices, base
        )
        for number in range(3):
            alone = nb.backtest(prices, matrices[number], **base)
            assert_array_equal(stacked.result(number).equity, alone.equity)


@pytest.mark.core
@pytest.mark.parametrize("seed", range(8))
def test_weights_that_are_given_are_their_backtest(seed):
    check_given(seed)


@pytest.mark.deep
@pytest.mark.parametrize("sizing", ["post_cost", "pre_cost"])
def test_weights_that_are_given_are_their_backtests_on_many_panels(sizing):
    for seed in range(100, 220):
        check_given(seed, sizing=sizing)


def test_weekly_and_monthly_are_axes_too():
    prices = as_frame(nb.random_prices(90, 4, seed=3).to_numpy())
    grid = {"rebalance": ["W", "M", None, 5], "fast": [3, 8], "slow": [15]}
    result = nb.sweep(prices, "moving_average_crossover", grid, cash=1e5, threads=1)
    rule = strategies.moving_average_crossover
    assert_each_is_its_backtest(
        result,
        lambda params: rule.weights(prices, fast=params["fast"], slow=params["slow"]),
        prices,
        {"cash": 1e5},
    )
    for number in range(len(result)):
        row = result.metrics.iloc[number, : len(ACCOUNT_FIELDS)]
        assert_array_equal(figures_of(result.result(number)), row)


def all_in_the_first(t, prices, params, state, out):
    out[0] = 1.0


def test_a_sweep_needs_no_grid():
    prices = as_frame(random_prices(11))
    result = nb.sweep(prices, "rsi", cash=1e5, threads=1)
    assert len(result) == 1
    assert result.best() == {"period": 14.0, "low": 30.0, "high": 70.0}
    weights = np.zeros(prices.shape)
    weights[:, 0] = 1.0
    expected = nb.sweep(prices, [as_frame(weights)], cash=1e5, threads=1).metrics.to_numpy()
    assert_array_equal(
        nb.sweep(prices, nb.Strategy(all_in_the_first), cash=1e5, threads=1).metrics, expected
    )
    if not numba.config.DISABLE_JIT:
        compiled = numba.njit(all_in_the_first)
        assert_array_equal(nb.sweep(prices, compiled, cash=1e5, threads=1).metrics, expected)


# ---- a user's own rule -------------------------------------------------------------------------


def weighs_by_price(t, prices, params, state, out):
    if t == params[1]:
        raise ValueError("no such day")
    for i in range(out.size):
        out[i] = params[0] if prices[t, i] > prices[0, i] else 0.0


def goes_to_infinity(t, prices, params, state, out):
    out[0] = params[0] / (5.0 - t)


def never_known(t, prices, params, state, out):
    out[:] = np.nan


@compiled_only
def test_a_rule_of_ones_own_is_its_backtest_and_compiles_nothing_of_ours():
    prices = as_frame(random_prices(11))
    nb.sweep(prices, "equal_weight", cash=1e5, threads=1)
    before = len(run_lane.signatures)
    grid = {"share": [0.1, 0.4], "day": [1000], "lag": [0, 2]}
    rule = nb.Strategy(weighs_by_price, ["share", "day"])
    for strategy in (rule, numba.njit(weighs_by_price)):
        result = nb.sweep(prices, strategy, grid, cash=1e5, costs=3, threads=1)
        assert_each_is_its_backtest(
            result,
            lambda params: rule.weights(prices, share=params["share"], day=1000),
            prices,
            {"cash": 1e5, "costs": 3},
        )
    assert len(run_lane.signatures) == before


@compiled_only
def test_what_ones_own_rule_raises_comes_through():
    prices = as_frame(random_prices(11))
    rule = nb.Strategy(weighs_by_price, ["share", "day"])
    grid = {"share": [0.1], "day": [1000, 3], "cash": [1e5, 1e6]}
    with pytest.raises(ValueError, match="no such day") as caught:
        nb.sweep(prices, rule, grid, threads=1)
    date = prices.index[3]
    assert caught.value.__notes__ == [
        f"raised by weighs_by_price with {{'share': 0.1, 'day': 3}} at {date}"
    ]


@compiled_only
def test_an_infinite_weight_is_refused():
    rule = nb.Strategy(goes_to_infinity, ["x"])
    with pytest.raises(nb.ValidationError, match=r"infinite in goes_to_infinity .*1.0.* at bar 5"):
        nb.sweep(random_prices(11), rule, {"x": [0.0, 1.0]}, cash=1e5, threads=1)


def test_a_candidate_that_never_trades_has_figures():
    prices = as_frame(random_prices(11))
    result = nb.sweep(prices, nb.Strategy(never_known), {"lag": [0, 1]}, cash=1e5, threads=1)
    assert (result.metrics["volatility"] == 0).all()
    assert (result.metrics["turnover"] == 0).all()
    report = result.overfitting()
    assert report.trials == 0
    assert "candidates=2" in repr(result)


# ---- arguments ---------------------------------------------------------------------------------

PRICES = as_frame(nb.random_prices(30, 3, seed=0).to_numpy())


@pytest.mark.core
@pytest.mark.parametrize(
    ("strategy", "grid", "options", "message"),
    [
        ("rsy", {"period": [3]}, {}, "strategy must be one of"),
        ("rsi", {"periods": [3]}, {}, "rsi has no parameter 'periods'"),
        ("rsi", {"period": ["x"]}, {}, "rsi takes numbers, but period is 'x'"),
        ("rsi", {"period": [3]}, {"cash": None}, "cash must be given"),
        ("rsi", {"period": [3]}, {"cash": 0}, "cash must be above 0"),
        ("rsi", {"period": [3], "cash": [-1]}, {}, "cash must be above 0"),
        ("rsi", {"period": [3], "lag": [0.5]}, {}, "lag"),
        ("rsi", {"period": [3], "rebalance": ["D"]}, {}, "rebalance must be"),
        ("rsi", {"period": [3]}, {"sizing": "none"}, "sizing must be 'post_cost' or 'pre_cost'"),
        ("rsi", {"period": [3]}, {"delisting": "x"}, "delisting must be 'sell' or 'hold'"),
        ("rsi", {"period": [3]}, {"by": "luck"}, "by must be one of"),
        ("rsi", {"period": [3]}, {"blocks": 7}, "blocks must be even"),
        ("rsi", {"period": [3]}, {"benchmark": [0.0]}, "benchmark must have a return"),
        ("rsi", {"period": [3]}, {"benchmark": np.full(30, np.inf)}, "benchmark must be finite"),
        ("rsi", {"period": [3]}, {"keep": "worst 3"}, "keep must be like 'best 20'"),
        ("rsi", {"period": [3]}, {"keep": 0}, "keep"),
        ("rsi", {"period": [3]}, {"keep": [{"fast": 3}]}, "keep must list dicts of period"),
        ("rsi", {"period": [3]}, {"threads": 0}, "threads"),
        ("rsi", {"period": [3]}, {"seed": -1}, "seed"),
        ("rsi", {"period": [3]}, {"where": lambda p: False}, "where must keep"),
        ("rsi", None, {"where": lambda p: False}, "where needs a grid"),
        (np.zeros((2, 30, 2)), None, {}, r"stack of weights must have the shape \(S, 30, 3\)"),
        (np.zeros((30, 3)), None, {}, "three axes"),
        (np.full((2, 30, 3), np.inf), None, {}, "got inf of candidate 0 in row 0"),
        (np.full((2, 30, 3), "a"), None, {}, "weights must be numbers"),
        (np.zeros((2, 30, 3)), {"lag": [1]}, {}, "strategy must be a Strategy"),
        (3, None, {}, "strategy must be"),
    ],
)
def test_arguments_are_checked(strategy, grid, options, message):
    with pytest.raises(nb.ValidationError, match=message):
        nb.sweep(PRICES, strategy, grid, **{"cash": 1e5, "threads": 1, **options})


def test_a_letter_needs_dates():
    with pytest.raises(nb.ValidationError, match="DatetimeIndex"):
        nb.sweep(PRICES.to_numpy(), "rsi", {"rebalance": ["M"]}, cash=1e5)


def test_a_strategy_may_not_call_a_parameter_as_the_simulator_does():
    rule = nb.Strategy(weighs_by_price, ["lag", "cash"])
    with pytest.raises(nb.ValidationError, match="'lag', which is an option"):
        nb.sweep(PRICES, rule, {"lag": [1], "cash": [1.0]})


def test_weights_that_arent_right_are_told_by_candidate():
    def weights_of(params):
        if params["x"] == 2:
            raise RuntimeError("no weights today")
        return np.zeros((30, params["x"]))

    with pytest.raises(RuntimeError, match="no weights today") as caught:
        nb.sweep(PRICES, weights_of, {"x": [3, 2]}, cash=1e5, threads=1)
    assert "{'x': 2}" in caught.value.__notes__[0]
    with pytest.raises(nb.ValidationError, match="shape") as caught:
        nb.sweep(PRICES, weights_of, {"x": [3, 4]}, cash=1e5, threads=1)
    assert "{'x': 4}" in caught.value.__notes__[0]
    with pytest.raises(nb.ValidationError, match="shape") as caught:
        nb.sweep(PRICES, [np.zeros((30, 3)), np.zeros((9, 3))], cash=1e5, threads=1)
    assert "candidate 1" in caught.value.__notes__[0]
