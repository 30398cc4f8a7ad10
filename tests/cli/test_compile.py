"""Warming up compiles what the public functions use; the cache shows and clears only our own."""

import numba
import numpy as np
import pandas as pd
import pytest

import nanobook
from nanobook import jit
from nanobook.cli import compile as kernels
from nanobook.cli.main import run

compiled_only = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="nothing is compiled under NUMBA_DISABLE_JIT"
)


@compiled_only
def test_after_the_warm_up_nothing_is_left_to_compile(capsys):
    assert run(["warmup"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(kernels.steps()) + 2
    assert all(" compiled, " in line and line.endswith(" s") for line in lines[:-1])
    assert str(jit.cache_folder()) in lines[-1]
    assert sum(step.compiled for step in kernels.warm_up()) == 0


@compiled_only
def test_the_warm_up_covers_frames_lists_and_every_option(monkeypatch, tmp_path):
    list(kernels.warm_up())
    monkeypatch.setattr(
        kernels, "steps", lambda: [("everything", lambda: use_everything(tmp_path))]
    )
    (step,) = kernels.warm_up()
    assert step.compiled == 0


def use_everything(folder):
    dates = pd.bdate_range("2020-01-01", periods=40, name="date")
    prices = pd.DataFrame(np.linspace(10, 20, 120).reshape(40, 3), dates, list("ABC"))
    prices.iloc[5:9, 1] = np.nan
    weights = pd.DataFrame(0.3, dates[::10], list("CA"))
    for options in (
        {},
        {"costs": 5, "stops": nanobook.Stops(trailing_stop_pct=0.01, reentry=3), "lot_size": 0},
        {"sizing": "pre_cost", "costs": nanobook.CostModel(per_share=0.01), "records": False},
    ):
        result = nanobook.backtest(prices, weights, cash=1e5, **options)
        _ = result.metrics, result.to_frame()
    nanobook.backtest(prices.astype(np.float32), weights, cash=10_000).tear_sheet(
        rolling_window=5
    ).to_html()
    lists = [[("A", 0.5)]] * 4, [[("A", 100)]] * 4
    nanobook.backtest_weights(*lists, 10_000, 12.5, stop_cfg={"fixed_stop_pct": 0.1})
    nanobook.backtest_weights(*lists, 10_000, 10)["holdings"]
    nanobook.compute_metrics([0.01, -0.02])
    nanobook.compute_metrics(prices.pct_change().fillna(0.0))
    nanobook.rolling_sharpe([0.01, 0.02, 0.01], 2)
    nanobook.rolling_volatility(prices, 2)
    nanobook.rolling_max_drawdown(prices["A"], 2)
    nanobook.drawdown(prices[["A"]])
    nanobook.drawdown_series([3.0, 2.0, 1.0])
    use_tests_of_luck(prices)
    use_volatility(prices.ffill())
    use_sweeps(prices)
    use_optimizers()
    use_figures_of_states()
    use_a_feed(folder / "day.itch")


def use_tests_of_luck(prices):
    returns = prices.ffill().pct_change().fillna(0.0)
    for studentize in (True, False):
        nanobook.superior_predictive_ability(
            returns, returns["A"], reps=10, block_size=3, studentize=studentize
        )
    nanobook.probability_of_overfitting(returns, blocks=4)
    nanobook.bootstrap_bands(returns["A"], statistic="cagr", reps=10)


def use_volatility(prices):
    returns = prices.pct_change()
    nanobook.garch_ewma_forecast(returns["A"].tolist(), 3, 2, "mean")
    nanobook.ewma_volatility(returns, halflife=5, start=returns.var())
    nanobook.riskmetrics2006_volatility(returns["A"])
    bars = [prices] * 4
    for method in ("cc", "parkinson", "gk", "rs", "yz"):
        nanobook.realized_vol(*bars, method)
        nanobook.rolling_realized_vol(*bars, 5, method, periods_per_year=252)
    variance = returns**2
    fit = nanobook.har_fit(variance["A"], transform="log", horizon=2, lags=(1, 3))
    _ = fit.fitted, fit.resid, fit.std_err
    nanobook.rolling_har(variance, 10, lags=(1, 3), transform="sqrt")
    nanobook.mincer_zarnowitz(variance, variance + 1e-4)
    nanobook.forecast_losses(variance, variance + 1e-4)
    nanobook.value_at_risk_backtest(returns, returns * 0 + 0.02)
    residuals = pd.DataFrame(np.random.default_rng(1).normal(size=(40, 3)), columns=list("ABC"))
    for likelihood in ("joint", "pairs"):
        fit = nanobook.dcc_fit(std_resid=residuals, likelihood=likelihood)
        _ = fit.std_err, fit.correlation, fit.correlations, fit.correlation_between("A", "C")
        fit.covariance_forecast(2, volatility=[0.1, 0.2, 0.3])


def use_sweeps(prices):
    stack = np.full((3, *prices.shape), 0.2)
    for threads in (1, 2):
        grid = {"period": [3, 5, 9], "stops": [None, nanobook.Stops(trailing_stop_pct=0.1)]}
        swept = nanobook.sweep(prices, "rsi", grid, cash=1e5, costs=3, threads=threads, keep=2)
        _ = swept.result(), repr(swept)
        for weights in (stack, iter(stack)):
            nanobook.sweep(prices.to_numpy(), weights, cash=1e5, overfitting=False, threads=threads)
        options = {"cash": 1e5, "threads": threads}
        grid = {"lookback": [3, 5]}
        nanobook.walk_forward(prices, "inverse_volatility", grid, 10, 5, **options)
        nanobook.combinatorial_cross_validation(prices, "volatility_target", grid, **options)


def use_optimizers():
    rng = np.random.default_rng(2)
    dates = pd.bdate_range("2020-01-01", periods=80, name="date")
    returns = pd.DataFrame(rng.normal(0.001, 0.01, (80, 5)), dates, list("ABCDE"))
    gaps = returns.copy()
    gaps.iloc[:20, 0] = gaps.iloc[60, 1] = np.nan
    nanobook.estimate_covariance(gaps, "ewma", half_life=9.0, missing="pairwise")
    nanobook.estimate_mean(returns, "james_stein")
    for name in ("min_variance", "utility", "max_diversification"):
        optimum = nanobook.optimize(returns, name, covariance="nonlinear", upper=0.4)
        _ = optimum.condition_number, optimum.risk_contributions()
    nanobook.optimize_max_sharpe(returns.to_numpy().tolist(), list("ABCDE"), -0.01, upper=0.3)
    nanobook.efficient_frontier(returns, upper=0.5).max_sharpe(-0.01)
    nanobook.optimize_risk_parity(returns, budgets=[0.2, 0.3, 0.5, 0, 0], covariance="oas")
    nanobook.optimize_hrp(returns, distance="distance_of_distances", linkage="ward")
    nanobook.optimize_herc(returns, risk="volatility", clusters=2)
    nanobook.optimize_nco(returns, risk_free=-0.01, objective="max_sharpe", clusters=3)
    _ = nanobook.inverse_volatility_weights(returns, certificate=True).condition_number
    for alpha in (0.9, 0.99):
        nanobook.optimize_cvar(returns, alpha=alpha, upper=0.4)
        nanobook.optimize_cdar(returns, alpha=alpha, certificate=True)
        nanobook.optimize_mean_cvar(returns, alpha=alpha)
        nanobook.inverse_cdar_weights(returns, alpha=alpha)
    for frame in (gaps, returns.to_numpy()):
        for method in ("max_sharpe", "cvar", "inverse_cdar", "hrp"):
            nanobook.rolling_weights(frame, method, min_periods=20, rebalance=7)
    nanobook.compare_optimizers(returns, window=40, rebalance=10, costs=5)
    cube = nanobook.weight_cube(
        returns, "utility", {"window": [20, 40], "mean": ["historical", "ewma"]}, half_life=9.0,
        covariance="ewma", rebalance=10,
    )  # fmt: skip
    nanobook.sweep(100 * (1 + returns).cumprod(), cube, cash=1e5)


def use_a_feed(path):
    count = np.arange(5_000)
    orders = pd.DataFrame({"timestamp_ns": count, "reference": count, "locate": 1 + count % 2})
    adds = orders.assign(symbol="A", side="B", shares=1, price=100 + count**2)
    replaces = orders[:10].assign(new_reference=count[:10] + 5_000, shares=2, price=7)
    taken = orders[20:30].assign(shares=1)
    messages = {"A": adds, "U": replaces, "E": taken, "X": taken[:0], "D": orders[40:]}
    nanobook.write_itch(messages, path)
    assert len(list(nanobook.read_itch(path, "A", chunksize=50_000))) > 2
    nanobook.parse_itch(str(path))
    for options in ({"every": 7, "levels": 3}, {"every": "1us"}, {"every": [5, 10**9]}):
        result = nanobook.replay_itch(path, "A", orders=True, **options)
        _ = result.to_frame(), result.trades_frame(), result.to_exchange(-1)


def use_figures_of_states():
    prices = np.array([[100, 99], [101, 100], [101, 99]])
    states = prices, prices - 90, prices + 1, prices - 90
    frames = [pd.DataFrame(table) for table in states]
    times, symbols = np.array([0, 5, 9]), ["A", "B", "A"]
    for tables in (states, frames):
        mid = nanobook.mid_price(*tables[::2], *tables[1::2])
        nanobook.microprice(*tables, levels=2)
        nanobook.order_imbalance(*tables[1::2], 2)
        nanobook.quoted_spread(*tables[::2], unit="bps")
        nanobook.order_flow_imbalance(*tables, 2, locate=symbols)
        sums = nanobook.order_flow_imbalance(
            *tables, locate=symbols, timestamp_ns=times, interval="1us"
        )
        assert len(sums) == 3
        nanobook.queue_lengths(tables[1], times, end_ns=20)
        nanobook.depth_profile(*tables, times, width=1, end_ns=20)
    later = nanobook.mid_at(times, times, mid, "1us", times_locate=symbols, locate=symbols)
    nanobook.effective_spread([101, 99, 100], [1, -1, 0], mid)
    nanobook.realized_spread([101, 99, 100], [1, -1, 0], later, mid, unit="fraction")
    nanobook.price_impact([1, -1, 0], mid, later)
    for method in ("tick", "quote", "lee_ready"):
        nanobook.trade_signs([101, 99, 100], mid=mid, method=method, locate=symbols)
    nanobook.trade_signs([101, 99, 100], [99, 99, 99], [101, 101, 101], method="emo")
    nanobook.volume_profile([101, 99, 100], [1, 2, 3], [1, -1, 0], tick=0.5)
    nanobook.volume_profile([101, 99, 100], [1, 2, 3])


@compiled_only
def test_what_is_compiled_now_is_told_from_what_was_kept(monkeypatch):
    fresh = numba.njit(lambda x: x + 1)
    fresh.py_func.__module__ = "nanobook.test"
    foreign = numba.njit(lambda x: x + 1)
    steps = [("ours", lambda: fresh(1)), ("again", lambda: fresh(1)), ("not", lambda: foreign(1))]
    monkeypatch.setattr(kernels, "steps", lambda: steps)
    assert [step.compiled for step in kernels.warm_up()] == [1, 0, 0]


# ---- the cache -------------------------------------------------------------------------------


@pytest.fixture
def base(tmp_path, monkeypatch):
    """A cache of ours with two versions, beside what isn't ours."""
    base = tmp_path / "nanobook"
    current = base / "numba-2.0-cpu-new"
    for folder in (current / "portfolio", base / "numba-1.0-cpu-old", base / "notes", base / "x"):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"x" * 1000)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"x")
    (base / "numba-link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (base / "numba-file").write_bytes(b"x")
    monkeypatch.setattr(jit, "cache_base", lambda: base)
    monkeypatch.setattr(jit, "cache_folder", lambda: current)
    return base


def test_the_cache_shows_this_version_and_the_others(base, capsys):
    assert run(["cache"]) == 0
    shown = capsys.readouterr().out
    assert "numba-2.0-cpu-new: 1 files, 1.0 kB" in shown
    assert "1 folder of other versions beside it: 1.0 kB" in shown


def test_clearing_removes_our_folders_and_nothing_else(base, tmp_path, capsys):
    assert run(["cache", "--clear"]) == 0
    assert "removed 2 folders" in capsys.readouterr().out
    assert {path.name for path in base.iterdir()} == {"notes", "x", "numba-link", "numba-file"}
    assert (tmp_path / "elsewhere" / "file").exists()
    assert run(["cache", "--clear"]) == 0
    assert "removed 0 folders" in capsys.readouterr().out


def test_folders_in_the_temporary_place_are_found_too(base, tmp_path, monkeypatch):
    fallback = tmp_path / "nanobook-0" / "numba-3.0-cpu-fallback"
    fallback.mkdir(parents=True)
    monkeypatch.setattr(jit, "cache_folder", lambda: fallback)
    found = {folder.path.name: folder.current for folder in kernels.cache_folders()}
    assert found == {
        "numba-3.0-cpu-fallback": True,
        "numba-1.0-cpu-old": False,
        "numba-2.0-cpu-new": False,
    }


def test_no_folder_at_all_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(jit, "cache_base", lambda: tmp_path / "none")
    monkeypatch.setattr(jit, "cache_folder", lambda: None)
    assert run(["cache"]) == 0
    assert "aren't kept" in capsys.readouterr().out
