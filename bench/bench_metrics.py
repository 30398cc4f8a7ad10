"""Time figures of returns and of equity beside plain NumPy and pandas.

`compute_metrics` of 2520 returns and of a 2520 x 500 matrix; Sharpe ratio, volatility and
largest drawdown of every trailing window of 63 periods; drawdown from the running peak. Beside
each stands what one writes without nanobook, in NumPy or pandas, and how far apart the two are.

Run it from a checkout, with nanobook installed: ``python bench/bench_metrics.py``.
"""

import argparse

import numpy as np
import pandas as pd
from timing import Clock, machine, print_firsts, print_table, race

import nanobook

BARS, COLUMNS, WINDOW, PERIODS = 2520, 500, 63, 252


def main():
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 2 if parser.parse_args().quick else 6
    print(machine("numba", "numpy", "pandas", "nanobook"))
    returns = np.random.default_rng(7).normal(0.0004, 0.01, (BARS, COLUMNS))
    equity = 1e6 * np.cumprod(1.0 + returns, axis=0)
    column = np.ascontiguousarray(returns[:, 0])
    moves, curves = pd.DataFrame(returns), pd.DataFrame(equity)
    _bench(
        f"compute_metrics, {BARS} returns",
        lambda: nanobook.compute_metrics(column),
        lambda: numpy_metrics(column[:, None]),
        rounds,
    )
    _bench(
        f"compute_metrics, {BARS} x {COLUMNS}",
        lambda: nanobook.compute_metrics(returns),
        lambda: numpy_metrics(returns),
        rounds,
    )
    _bench(
        f"rolling_sharpe, {BARS} x {COLUMNS}, windows of {WINDOW}",
        lambda: nanobook.rolling_sharpe(moves, WINDOW),
        lambda: pandas_rolling_sharpe(moves),
        rounds,
    )
    _bench(
        f"rolling_volatility, {BARS} x {COLUMNS}, windows of {WINDOW}",
        lambda: nanobook.rolling_volatility(moves, WINDOW),
        lambda: moves.rolling(WINDOW).std() * np.sqrt(PERIODS),
        rounds,
    )
    _bench(
        f"rolling_max_drawdown, {BARS} x {COLUMNS}, windows of {WINDOW}",
        lambda: nanobook.rolling_max_drawdown(equity, WINDOW),
        lambda: numpy_rolling_max_drawdown(equity),
        max(1, rounds // 3),
    )
    _bench(
        f"drawdown, {BARS} x {COLUMNS}",
        lambda: nanobook.drawdown(curves),
        lambda: 1.0 - curves / curves.cummax(),
        rounds,
    )


def _bench(title, ours, plain, rounds):
    print(f"\n{title}")
    clocks = [Clock("ours", ours), Clock("plain", plain)]
    print_firsts(clocks)
    print_table(race(clocks, rounds))
    left, right = _shared(ours(), plain())
    apart = np.abs(left - right) / np.maximum(np.abs(right), 1.0)
    nans = "same" if np.array_equal(np.isnan(left), np.isnan(right)) else "OTHER"
    print(f"largest difference {np.nanmax(apart):.1e}, {nans} NaNs")


def _shared(ours, plain):
    """Return both results as arrays; of metrics, the figures that both have."""
    if isinstance(plain, dict):
        ours = ours.to_dict() if isinstance(ours, nanobook.Metrics) else ours
        left = [np.ravel(np.asarray(ours[name], dtype=float)) for name in plain]
        return np.array(left), np.array(list(plain.values()))
    return np.asarray(ours), np.asarray(plain)


def numpy_metrics(returns):
    """Return the figures of a matrix of returns, one value a column, by plain NumPy."""
    count = len(returns)
    mean, sd = returns.mean(axis=0), returns.std(axis=0, ddof=1)
    curve = np.cumprod(1.0 + returns, axis=0)
    total = curve[-1] - 1.0
    peak = np.maximum(np.maximum.accumulate(curve, axis=0), 1.0)
    deepest = ((peak - curve) / peak).max(axis=0)
    downside = np.sqrt((np.minimum(returns, 0.0) ** 2).sum(axis=0) / (count - 1))
    in_tail = returns < mean - 1.6448536251336814 * sd
    up, down = returns > 0, returns < 0
    gained, lost = (returns * up).sum(axis=0), -(returns * down).sum(axis=0)
    winners, losers = up.sum(axis=0), down.sum(axis=0)
    payoff = (gained / winners) / (lost / losers)
    cagr = (1.0 + total) ** (PERIODS / count) - 1.0
    win_rate = winners / count
    return {
        "total_return": total,
        "cagr": cagr,
        "volatility": sd * np.sqrt(PERIODS),
        "sharpe": mean * np.sqrt(PERIODS) / sd,
        "sortino": mean * np.sqrt(PERIODS) / downside,
        "max_drawdown": deepest,
        "calmar": cagr / deepest,
        "cvar_95": (returns * in_tail).sum(axis=0) / in_tail.sum(axis=0),
        "win_rate": win_rate,
        "profit_factor": gained / lost,
        "payoff_ratio": payoff,
        "kelly": win_rate - (1.0 - win_rate) / payoff,
        "best_period": returns.max(axis=0),
        "worst_period": returns.min(axis=0),
        "time_under_water": (curve < peak).mean(axis=0),
    }


def pandas_rolling_sharpe(returns):
    """Return the Sharpe ratio of every trailing window, by pandas."""
    windows = returns.rolling(WINDOW)
    return windows.mean() / windows.std() * np.sqrt(PERIODS)


def numpy_rolling_max_drawdown(equity):
    """Return the largest drawdown of every trailing window, by NumPy, a column at a time."""
    out = np.full(equity.shape, np.nan)
    for column in range(equity.shape[1]):
        windows = np.lib.stride_tricks.sliding_window_view(equity[:, column], WINDOW)
        peaks = np.maximum.accumulate(windows, axis=1)
        out[WINDOW - 1 :, column] = ((peaks - windows) / peaks).max(axis=1)
    return out


if __name__ == "__main__":
    main()
