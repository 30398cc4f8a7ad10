"""Time whole backtests beside vectorbt and the original, in one run and on the same problems.

Prices are daily geometric random walks of 100 assets over 2520 bars; weights change every day
(drawn at random, or equal) or every month; trades cost 10 basis points; cash is shared. The
peers are `vectorbt` and the original's wheel, each in its own virtual environment, made when
missing, and its own process; all take turns. What's timed:

- `backtest` with and without records, on arrays and on frames, and its kernel alone;
- vectorbt's simulation, alone and with returns, Sharpe ratio and largest drawdown;
- `backtest_weights` on lists of tuples, ours and the original's on the very same lists, the call
  alone and with all of the result's keys read: ours builds those when they're read.

And checked: that ours and the original give the same numbers, and that without costs all end
where the closed form says, cash x prod(1 + w'r).

Run it from a checkout, with nanobook installed: ``python bench/bench_portfolio.py``.
"""

import argparse
import importlib
import json
import pickle
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from market import random_walk, random_weights
from peers.environment import default_folder, ready_environment
from peers.process import Peer
from timing import Clock, machine, print_firsts, print_table, race, show

import nanobook

BARS, ASSETS = 2520, 100
CASH, COST_BPS = 1_000_000.0, 10

SCRIPTS = Path(__file__).resolve().parent / "peers"

#: Each peer: the folder of its environment, its package and version, its script.
PEERS = {
    "vectorbt": ("vectorbt", "vectorbt", "1.2.0", "vectorbt_weights.py"),
    "the original": ("original", "nanobook", "0.9.3", "original_weights.py"),
}


def main():
    """Run the bench."""
    options = _read_options()
    rounds = 2 if options.quick else 8
    print(machine("numba", "numpy", "pandas", "nanobook"))
    problem = _make_problem()
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        call = _write_problem(problem, folder)
        peers = {} if options.alone else _start_peers(options.environments, folder, opened)
        _bench_daily(problem, peers, rounds)
        _bench_equal(problem, peers, rounds)
        _bench_monthly(problem, rounds)
        _bench_lists(call, peers, rounds)
        _check_original(call, peers, folder)
        _check_closed_form(problem, peers)


def _read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--environments",
        type=Path,
        default=default_folder(),
        help="where the peers' virtual environments are or are made (default: %(default)s)",
    )
    parser.add_argument("--alone", action="store_true", help="leave the peers out")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    return parser.parse_args()


def _make_problem():
    prices = random_walk(BARS, ASSETS)
    return {
        "prices": prices,
        "random_weights": random_weights(BARS, ASSETS),
        "equal": np.full(prices.shape, 1.0 / ASSETS),
        "cash": CASH,
        "fees": COST_BPS / 10_000,
    }


def _write_problem(problem, folder):
    """Write what the peers read, and return the arguments of `backtest_weights` read back."""
    np.savez(folder / "problem.npz", **problem)
    symbols = [f"S{column:03d}" for column in range(ASSETS)]
    cents = np.rint(problem["prices"] * 100).astype(np.int64)
    call = {
        "weight_schedule": _schedule(symbols, problem["random_weights"]),
        "price_schedule": _schedule(symbols, cents),
        "initial_cash": round(CASH * 100),
        "cost_bps": COST_BPS,
    }
    file = folder / "schedules.pickle"
    file.write_bytes(pickle.dumps(call))
    return pickle.loads(file.read_bytes())


def _schedule(symbols, matrix):
    return [list(zip(symbols, row, strict=True)) for row in matrix.tolist()]


def _start_peers(environments, folder, opened):
    """Start each peer that can be had; say which can't."""
    peers = {}
    for name, (subfolder, package, version, script) in PEERS.items():
        try:
            python = ready_environment(environments.absolute() / subfolder, package, version)
            peer = Peer(python, SCRIPTS / script, folder)
        except (subprocess.CalledProcessError, OSError, RuntimeError) as error:
            print(f"{name} is left out: {error}\n{getattr(error, 'stderr', '')}".rstrip())
            continue
        opened.callback(peer.close)
        versions = ", ".join(f"{key} {value}" for key, value in peer.hello["versions"].items())
        print(f"{name}: {versions}; imported in {show(peer.hello['import'])}")
        peers[name] = peer
    return peers


# ---- backtest --------------------------------------------------------------------------------


def _bench_daily(problem, peers, rounds):
    prices, weights = problem["prices"], problem["random_weights"]
    print(f"\nbacktest, {BARS} x {ASSETS}, weights drawn anew every day, {COST_BPS} bps")
    dates = pd.bdate_range("2014-01-01", periods=BARS)
    symbols = [f"S{column:03d}" for column in range(ASSETS)]
    frames = [pd.DataFrame(table, index=dates, columns=symbols) for table in (prices, weights)]
    clocks = [
        Clock("ours, metrics", lambda: _figures(prices, weights, records=False)),
        Clock("ours, kernel alone", _kernel(prices, weights, records=False)),
        Clock("ours, metrics, fractional shares", lambda: _fractional(prices, weights)),
        Clock("ours, metrics and trades", lambda: _figures(prices, weights)),
        Clock("ours, kernel with trades alone", _kernel(prices, weights, records=True)),
        Clock("ours, frames in, frames out", lambda: _frames(*frames)),
        *_vectorbt(peers, "random_weights"),
    ]
    _finish(clocks, rounds)


def _bench_equal(problem, peers, rounds):
    prices, weights = problem["prices"], problem["equal"]
    print(f"\nbacktest, {BARS} x {ASSETS}, equal weights every day, {COST_BPS} bps")
    clocks = [
        Clock("ours, metrics", lambda: _figures(prices, weights, records=False)),
        Clock("ours, metrics and trades", lambda: _figures(prices, weights)),
        *_vectorbt(peers, "equal"),
    ]
    _finish(clocks, rounds)


def _bench_monthly(problem, rounds):
    prices, weights = problem["prices"], problem["random_weights"].copy()
    dates = pd.bdate_range("2014-01-01", periods=BARS)
    held = np.zeros(BARS, dtype=bool)
    held[:-1] = dates.month[:-1] == dates.month[1:]
    weights[held] = np.nan
    frames = pd.DataFrame(prices, index=dates), pd.DataFrame(weights[~held], index=dates[~held])
    print(f"\nbacktest, {BARS} x {ASSETS}, a frame of weights, one row a month, {COST_BPS} bps")
    clocks = [
        Clock("ours, metrics", lambda: _figures(*frames, records=False)),
        Clock("ours, kernel alone", _kernel(*frames, records=False)),
        Clock("ours, metrics and trades", lambda: _figures(*frames)),
        Clock("ours, kernel with trades alone", _kernel(*frames, records=True)),
        Clock("arrays, rows of NaN between", lambda: _figures(prices, weights, records=False)),
        Clock("arrays, kernel alone", _kernel(prices, weights, records=False)),
    ]
    _finish(clocks, rounds)


def _figures(prices, weights, **options):
    return nanobook.backtest(prices, weights, cash=CASH, costs=COST_BPS, **options).metrics


def _fractional(prices, weights):
    return _figures(prices, weights, records=False, lot_size=0)


def _frames(prices, weights):
    result = nanobook.backtest(prices, weights, cash=CASH, costs=COST_BPS)
    return result.to_frame(), result.positions, result.trades, result.metrics.to_series()


def _kernel(prices, weights, *, records):
    """Return a call of the arrays' part of `backtest` alone, on the arguments it gets there."""
    module = importlib.import_module("nanobook.portfolio.backtest")
    with mock.patch.object(module, "run", wraps=module.run) as run:
        nanobook.backtest(prices, weights, cash=CASH, costs=COST_BPS, records=False)
    given = run.call_args
    options = {**given.kwargs, "records": records}
    return lambda: module.run(*given.args, **options)


def _vectorbt(peers, weights):
    if "vectorbt" not in peers:
        return []
    peer = peers["vectorbt"]
    return [
        peer.clock("vectorbt, simulation", f"{weights}: simulation"),
        peer.clock("vectorbt, returns, Sharpe, drawdown", f"{weights}: figures"),
    ]


# ---- backtest_weights ------------------------------------------------------------------------


def _bench_lists(call, peers, rounds):
    print(f"\nbacktest_weights, {BARS} x {ASSETS}, lists of tuples, {COST_BPS} bps")
    weights, cents = (
        np.array([[value for _, value in row] for row in call[name]])
        for name in ("weight_schedule", "price_schedule")
    )
    rest = {name: call[name] for name in ("initial_cash", "cost_bps")}
    ours = Clock("ours", lambda: nanobook.backtest_weights(**call))
    ours_read = Clock("ours, all keys read", lambda: dict(nanobook.backtest_weights(**call)))
    tables = Clock("ours, matrices", lambda: nanobook.backtest_weights(weights, cents, **rest))
    if "the original" not in peers:
        _finish([ours, ours_read, tables], rounds)
        return
    theirs = peers["the original"].clock("the original", "call")
    theirs_read = peers["the original"].clock("the original, all keys read", "all keys")
    _finish([ours, theirs, ours_read, theirs_read, tables], rounds)
    call_alone, all_read = theirs.median / ours.median, theirs_read.median / ours_read.median
    print(f"the original takes {call_alone:.1f} x ours; all keys read, {all_read:.1f} x")


def _finish(clocks, rounds):
    print_firsts(clocks)
    print_table(race(clocks, rounds))


# ---- checks ----------------------------------------------------------------------------------


def _check_original(call, peers, folder):
    """Print whether every number of ours is the original's."""
    if "the original" not in peers:
        return
    theirs = json.loads((folder / peers["the original"].ask("answer", "result")).read_text())
    ours = nanobook.backtest_weights(**call)
    figures = ours["metrics"].to_dict()
    pairs = {
        "final cash": (ours["final_cash"], theirs["final_cash"]),
        "equity curve": (ours["equity_curve"], theirs["equity_curve"]),
        "returns": (ours["returns"], theirs["returns"]),
        "holdings": (_values(ours["holdings"]), _values(theirs["holdings"])),
        "symbol returns": (_values(ours["symbol_returns"]), _values(theirs["symbol_returns"])),
        "metrics": ([figures[name] for name in theirs["metrics"]], [*theirs["metrics"].values()]),
    }
    print("\nours beside the original, on the same lists:")
    for name, (left, right) in pairs.items():
        print(f"  {name}: {_agreement(np.asarray(left), np.asarray(right))}")


def _values(rows):
    """Return the numbers in the seed's lists of pairs."""
    return [value for row in rows for _, value in row]


def _agreement(left, right):
    if left.shape != right.shape:
        return f"DIFFER in length, {left.shape} and {right.shape}"
    if np.array_equal(left, right, equal_nan=left.dtype.kind == "f"):
        return f"equal to the last bit ({left.size} numbers)"
    apart = np.nanmax(np.abs(left - right) / np.maximum(np.abs(right), 1e-300))
    word = "agree" if apart <= 1e-12 else "DIFFER"
    return f"{word}, relative difference up to {apart:.1e}"


def _check_closed_form(problem, peers):
    """Print how far from the closed form the final equity without costs is."""
    prices, weights = problem["prices"], problem["random_weights"]
    moves = prices[1:] / prices[:-1] - 1.0
    factors = 1.0 + np.einsum("tn,tn->t", weights[:-1], moves)
    expected = CASH * np.prod(factors)
    print(f"\nfinal equity without costs, fractional shares; closed form {expected:,.6f}")
    free = nanobook.backtest(prices, weights, cash=CASH, lag=0, lot_size=0, records=False)
    _print_error("ours", free.equity[-1], expected)
    if "vectorbt" in peers:
        theirs = peers["vectorbt"].ask("answer", "final equity without costs")
        _print_error("vectorbt", theirs, expected)


def _print_error(name, value, expected):
    print(f"  {name}: {value:,.6f}, relative error {abs(value / expected - 1.0):.1e}")


if __name__ == "__main__":
    main()
