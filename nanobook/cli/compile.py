"""Compiling everything ahead of its use, and the folders that compiled kernels are kept in."""

import os
import shutil
import stat
import tempfile
import time
from importlib import import_module
from typing import NamedTuple

import numpy as np

from nanobook import jit

__all__ = [
    "CacheFolder",
    "Warmed",
    "cache_folders",
    "clear_cache",
    "compiles",
    "steps",
    "warm_up",
]


class Warmed(NamedTuple):
    """What one step of the warm-up came to."""

    name: str
    compiled: int  # kernels compiled now
    loaded: int  # kernels that the cache had
    seconds: float


class CacheFolder(NamedTuple):
    """One folder of compiled kernels."""

    path: os.PathLike
    files: int
    size: int  # bytes
    current: bool  # of this version, processor and these sources


def steps():
    """Return what the warm-up runs: public functions on inputs as small as they get.

    Returns
    -------
    list of tuple of (str, callable)
        A name and a function without arguments, the main path first.
    """
    return [
        ("backtest, costs exact", lambda: _backtest("post_cost")),
        ("backtest, costs as the original's", lambda: _backtest("pre_cost")),
        ("backtest_weights, whole cents", _backtest_weights),
        ("sweeps", lambda: _sweep(threads=1)),
        ("sweeps on many threads", lambda: _sweep(threads=2)),
        ("metrics", _metrics),
        ("metrics of many columns", _metrics_parallel),
        ("rolling figures and drawdowns", _rolling),
        ("tests of luck", _statistics),
        ("volatility from returns, bars and realised variance", _volatility),
        ("correlations that move", _correlations),
        ("volatility models, fitted", _volatility_models),
        ("covariances", _covariances),
        ("weights of the least variance and the most return for it", _quadratic_weights),
        ("weights by risk shares and trees", _shared_weights),
        ("weights of the least tail risk", _tail_weights),
        ("weights for many dates", _rolling_weights),
        ("order book, one call at a time", _exchange),
        ("order book, streams of messages", _process),
        ("order book, many at once", _process_many),
        ("figures of book states and trades", _microstructure),
        ("order book, logs and files", _event_files),
        ("order flow", _order_flow),
        ("exchange feeds, read", _read_feed),
        ("exchange feeds, rebuilt into books", _rebuild_feed),
    ]


def warm_up():
    """Run each step and count what it compiled and what the cache had.

    Yields
    ------
    Warmed
        One a step, when it's done.
    """
    from numba.core import event

    class Compilations(event.Listener):
        """Counts kernels of ours; what they call in NumPy's name has its own."""

        count = 0

        def on_start(self, event):
            pass

        def on_end(self, event):
            function = event.data["dispatcher"].py_func
            self.count += function.__module__.startswith("nanobook.")

    for name, step in steps():
        listener, hits, start = Compilations(), _cache_hits(), time.perf_counter()
        with event.install_listener("numba:compile", listener):
            step()
        seconds = time.perf_counter() - start
        yield Warmed(name, listener.count, _cache_hits() - hits, seconds)


def compiles():
    """Return whether kernels are compiled at all.

    Returns
    -------
    bool
        False under ``NUMBA_DISABLE_JIT=1``.
    """
    from numba import config

    return not config.DISABLE_JIT


def _cache_hits():
    return sum(
        sum(kernel.stats.cache_hits.values())
        for kernel in jit.kernels()
        if hasattr(kernel, "stats")
    )


def _prices():
    return np.linspace(10.0, 12.0, 24).reshape(8, 3)


def _backtest(sizing):
    from nanobook.portfolio import CostModel, Stops, backtest

    costs = CostModel(commission_bps=5, min_trade_fee=1, per_share=0.01)
    stops = Stops(fixed_stop_pct=0.1, trailing_stop_pct=0.1, atr_multiple=3.0)
    weights = np.full((8, 3), 0.3)
    for rules in (None, stops):
        result = backtest(_prices(), weights, cash=1e6, costs=costs, stops=rules, sizing=sizing)
        _ = result.metrics, result.drawdown, result.holdings


def _volatility_models():
    from nanobook.volatility import garch_fit, rolling_garch

    returns = np.random.default_rng(1).normal(0.0, 0.01, (60, 2))
    fit = garch_fit(returns[:, 0])
    _ = fit.std_err, fit.forecast(2)
    rolling_garch(returns, window=50, refit_every=5)


def _backtest_weights():
    from nanobook.portfolio import backtest_weights

    cents = np.round(_prices() * 100)
    for stops in (None, {"trailing_stop_pct": 0.1, "atr_multiple": 3.0}):
        result = backtest_weights(np.full((8, 3), 0.3), cents, 100_000, 10, stop_cfg=stops)
        _ = result.metrics, result.drawdown


def _sweep(threads):
    from nanobook.sweep import (
        combinatorial_cross_validation,
        strategies,
        sweep,
        walk_forward,
    )

    for name in strategies.__all__:
        getattr(strategies, name).weights(_prices())
    grid = {"lag": [0, 1], "cash": [1e5, 1e6]}
    result = sweep(_prices(), "equal_weight", grid, cash=1e6, threads=threads, reps=10)
    _ = result.metrics, result.overfitting()
    options = {"cash": 1e6, "threads": threads}
    walk_forward(_prices(), "equal_weight", {"lag": [0, 1]}, 2, 2, **options)
    combinatorial_cross_validation(_prices(), "equal_weight", {"lag": [0, 1]}, **options)


def _metrics():
    from nanobook.metrics import compute_metrics

    returns = np.linspace(-0.01, 0.02, 24).reshape(8, 3)
    compute_metrics(returns[:, 0])
    compute_metrics(returns)


def _metrics_parallel():
    from nanobook.metrics import compute_metrics

    compute_metrics(np.zeros((1_000, 1_000)))  # from a million returns on it's in parallel


def _rolling():
    from nanobook.metrics import (
        drawdown,
        drawdown_series,
        rolling_max_drawdown,
        rolling_sharpe,
        rolling_volatility,
    )

    equity = _prices()
    for values in (equity[:, 0], equity):
        rolling_sharpe(values, 3)
        rolling_volatility(values, 3)
        rolling_max_drawdown(values, 3)
        drawdown(values)
    drawdown_series(equity[:, 0])


def _statistics():
    from nanobook.statistics import (
        bootstrap_bands,
        moments,
        probability_of_overfitting,
        superior_predictive_ability,
    )

    returns = np.sin(np.arange(100.0 * 700.0)).reshape(100, 700)
    for candidates in (2, 700):  # the many are taken in parallel
        superior_predictive_ability(returns[:, :candidates], block_size=2)
        probability_of_overfitting(returns[:, :candidates])
    bootstrap_bands(returns[:, 0], reps=2)
    moments(returns[0], np.empty(5))


def _volatility():
    from nanobook import volatility

    returns = np.linspace(-0.01, 0.02, 24).reshape(8, 3)
    volatility.garch_ewma_forecast(returns)
    volatility.ewma_volatility(returns)
    volatility.rolling_realized_vol(*[_prices()] * 4, 4)
    variance = np.abs(returns)
    fit = volatility.har_fit(variance, lags=(1, 2))
    _ = fit.fitted, fit.resid
    for expanding in (False, True):
        volatility.rolling_har(variance, 5, lags=(1, 2), expanding=expanding)
    volatility.mincer_zarnowitz(variance, variance + 0.01)


def _correlations():
    from nanobook.volatility import dcc_fit

    residuals = np.array([[1.0, 0.5], [-1.0, 0.3], [0.2, -1.0], [0.6, 0.9]])
    for likelihood in ("joint", "pairs"):
        fit = dcc_fit(std_resid=residuals, likelihood=likelihood)
        _ = fit.correlations, fit.correlation_between(0, 1)


def _returns():
    return np.random.default_rng(1).normal(0.001, 0.01, (60, 4))


def _covariances():
    from nanobook.optimize import estimate_covariance, estimate_mean
    from nanobook.optimize.estimators import COVARIANCES

    for method in COVARIANCES:
        estimate_covariance(_returns(), method, half_life=5 if method == "ewma" else None)
    gaps = _returns()
    gaps[0, 0] = np.nan
    estimate_covariance(gaps, missing="pairwise")
    estimate_mean(_returns())


def _quadratic_weights():
    room = import_module("nanobook.optimize")

    room.optimize_min_variance(_returns(), certificate=True)
    room.optimize_max_sharpe(_returns(), risk_free=-1.0)
    room.optimize_utility(_returns())
    room.optimize_max_diversification(_returns())
    room.efficient_frontier(_returns())


def _shared_weights():
    room = import_module("nanobook.optimize")

    room.optimize_risk_parity(_returns())
    room.optimize_hrp(_returns())
    room.optimize_herc(_returns())
    room.optimize_nco(_returns())
    room.optimize_nco(_returns(), risk_free=-1.0, objective="max_sharpe")
    room.inverse_volatility_weights(_returns())
    room.equal_weights(_returns())


def _tail_weights():
    room = import_module("nanobook.optimize")

    room.optimize_cvar(_returns(), certificate=True)
    room.optimize_cdar(_returns(), certificate=True)
    room.optimize_mean_cvar(_returns())
    room.inverse_cvar_weights(_returns(), certificate=True)
    room.inverse_cdar_weights(_returns(), certificate=True)


def _rolling_weights():
    from nanobook.optimize import weight_cube
    from nanobook.optimize.candidates import METHODS

    setup = {"rebalance": 10, "progress": False}
    for method in METHODS:
        clusters = {"clusters": 2} if method in ("herc", "nco") else {}
        weight_cube(_returns(), method, {"window": [20, 40]}, **setup, **clusters)
    weight_cube(_returns(), grid={"covariance": ["sample", "oas"]}, window=40, **setup)


def _exchange():
    from nanobook.book import Exchange

    exchange = Exchange()
    for side in ("buy", "sell"):
        exchange.submit_limit(side, 100, 10, owner=1, tag=1)
    exchange.submit_market("buy", 1)
    exchange.modify(1, 99, 5)
    exchange.reduce(1, 1)
    exchange.queue_position(1)
    exchange.sweep_cost("buy", 1)
    _ = exchange.depth(), exchange.full_book(), exchange.get_order(1), exchange.orders()
    _ = exchange.queues(), exchange == exchange
    exchange.cancel(1)
    exchange.clear_order_history()
    far = exchange._store
    far.header["far_work"] = far.header["patience"]
    far.make_room()  # places the ladder


def _process():
    from nanobook.book import (
        MESSAGE,
        Exchange,
        microprice,
        order_imbalance,
        queue_positions,
        sweep_price,
        vwap,
    )

    result = Exchange().process(np.zeros(0, MESSAGE), every=1)
    samples = result.samples
    _ = order_imbalance(samples.bid_quantity, samples.ask_quantity)
    prices = samples.bid_price, samples.bid_quantity, samples.ask_price, samples.ask_quantity
    _ = microprice(*prices), sweep_price(*prices[:2], 1), vwap([], [])
    _ = queue_positions(Exchange().queues())


def _process_many():
    from nanobook.book import MESSAGE, Exchange, process_many
    from nanobook.types.codes import CANCEL

    message = np.zeros(1, MESSAGE)
    message["kind"] = CANCEL
    process_many([Exchange()], message)


def _microstructure():
    from nanobook import microstructure as figures

    prices, quantities = np.array([100.0, 101.0]), np.array([1.0, 2.0])
    states = prices, quantities, prices + 1.0, quantities
    times = np.arange(2)
    mid = figures.mid_price(*states[::2])
    figures.quoted_spread(*states[::2])
    figures.effective_spread(prices, quantities - 1.0, mid)
    figures.mid_at(times, times, mid, times_locate=times, locate=times)
    figures.order_flow_imbalance(*states, timestamp_ns=times, interval=1)
    figures.trade_signs(prices, *states[::2])
    figures.volume_profile(prices, quantities, tick=1.0)
    figures.queue_lengths(quantities)
    figures.depth_profile(*states, width=1.0)


def _event_files():
    from nanobook.book import Exchange

    exchange = Exchange()
    exchange.submit_limit("buy", 100, 10, tag=1)
    exchange.replay(exchange.event_log())
    with tempfile.TemporaryDirectory() as folder:
        for name in ("log.jsonl", "log.npz"):
            exchange.save(os.path.join(folder, name))
            Exchange.load(os.path.join(folder, name))


def _order_flow():
    from nanobook.datasets import order_flow

    order_flow(100)


def _feed():
    """Return a feed in which one order is added."""
    from nanobook.itch.layout import WIRE

    add = np.zeros(1, WIRE["A"].newbyteorder(">"))
    add["type"], add["side"], add["shares"], add["stock"] = b"A", b"B", 1, b"A".ljust(8)
    return add.itemsize.to_bytes(2, "big") + add.tobytes()


def _read_feed():
    from nanobook.itch import read_itch

    read_itch(_feed())


def _rebuild_feed():
    from nanobook.itch import ItchBook

    book = ItchBook()
    book.replay(_feed(), levels=2, orders=True)
    _ = book.depth("A"), book.orders("A")
    book._market._grow_table()


def cache_folders():
    """Return the folders that nanobook's compiled kernels are in.

    Returns
    -------
    list of CacheFolder
        This version's first, then those of other versions, processors and sources.
    """
    current = jit.cache_folder()
    bases = {jit.cache_base()} | ({current.parent} if current else set())
    found = {path for base in bases for path in _children(base) if path.name.startswith("numba-")}
    ours = [CacheFolder(path, *_measure(path), path == current) for path in found]
    return sorted(ours, key=lambda folder: (not folder.current, str(folder.path)))


def clear_cache():
    """Remove the folders that `cache_folders` names, and nothing else.

    Returns
    -------
    list of CacheFolder
        What was removed, as it was.
    """
    folders = cache_folders()
    for folder in folders:
        shutil.rmtree(folder.path)
    return folders


def _children(base):
    """Return the real folders in a folder; a link to one isn't ours to empty."""
    try:
        return [path for path in base.iterdir() if stat.S_ISDIR(path.lstat().st_mode)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _measure(folder):
    """Count files and bytes; a file that vanishes meanwhile counts as none."""
    files = size = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(os.path.join(where, name)).st_size
                files += 1
            except FileNotFoundError:
                continue
    return files, size
