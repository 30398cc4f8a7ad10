"""Time parameter sweeps beside vectorbt, with the memory that each holds.

Prices are daily geometric random walks of 100 assets over 2520 bars; the rule holds equal parts
of the assets that rose over a lookback, rebalanced daily after costs of 10 basis points, cash
shared. vectorbt runs in its own virtual environment and process, in the two ways it has: a
simulation a candidate, and all candidates side by side. Timed are

- 200 candidates: our compiled rule, our kernel on weights made before, a Python function;
- on one thread and on two, with and without what overfitting is told from, and its report;
- 10,000 candidates, in a process of their own that tells how much memory they took;
- a new rule: how long its compiling takes; a walk-forward.

Run it from a checkout, with nanobook installed: ``python bench/bench_sweep.py``.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from market import momentum_weights, random_walk
from peers.environment import default_folder, ready_environment
from peers.process import Peer
from timing import Clock, machine, most_memory, print_firsts, print_rows, print_table, race, show

import nanobook

BARS, ASSETS, CANDIDATES, MANY = 2520, 100, 200, 10_000
CASH, COST_BPS = 1_000_000.0, 10
LOOKBACKS = list(range(10, 10 + CANDIDATES))

SCRIPTS = Path(__file__).resolve().parent / "peers"


def main():
    """Run the bench."""
    options = _read_options()
    if options.many:
        print(json.dumps(_run_many()))
        return
    print(machine("numba", "numpy", "pandas", "nanobook"))
    prices = random_walk(BARS, ASSETS)
    _bench_ours(prices, 2 if options.quick else 6)
    _bench_new_rule(prices)
    _bench_walk_forward(prices)
    _bench_many()
    if not options.alone:
        _bench_vectorbt(prices, options.environments)


def _read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--environments",
        type=Path,
        default=default_folder(),
        help="where the peer's virtual environment is or is made (default: %(default)s)",
    )
    parser.add_argument("--alone", action="store_true", help="leave the peer out")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--many", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _sweep(prices, grid=None, **options):
    grid = {"lookback": LOOKBACKS} if grid is None else grid
    return nanobook.sweep(
        prices, "time_series_momentum", grid, cash=CASH, costs=COST_BPS, progress=False, **options
    )


def _bench_ours(prices, rounds):
    print(f"\n{CANDIDATES} candidates of {BARS} x {ASSETS}, daily, {COST_BPS} bps")
    stack = np.stack([momentum_weights(prices, lookback) for lookback in LOOKBACKS[:50]])
    grid = {"lookback": LOOKBACKS}

    def given():
        return nanobook.sweep(prices, stack, cash=CASH, costs=COST_BPS, progress=False)

    def called():
        return nanobook.sweep(
            prices,
            lambda params: momentum_weights(prices, params["lookback"]),
            grid,
            cash=CASH,
            costs=COST_BPS,
            progress=False,
        )

    clocks = [
        Clock("compiled rule, two threads", lambda: _sweep(prices, threads=2)),
        Clock("one thread", lambda: _sweep(prices, threads=1)),
        Clock("nothing gathered, two threads", lambda: _sweep(prices, overfitting=False)),
        Clock("with the report, two threads", lambda: _sweep(prices).overfitting()),
        Clock("rebalanced monthly", lambda: _sweep(prices, rebalance=21)),
        Clock("a Python function", called),
        Clock("50 matrices of weights", given),
    ]
    print_firsts(clocks)
    print_table(race(clocks, rounds))
    two, one, bare, report = (clock.median for clock in clocks[:4])
    print(f"two threads: {one / two:.2f} times as fast as one")
    print(f"gathering and report: {report / bare - 1:.0%} more than without")


def _bench_new_rule(prices):
    def rule(t, prices, params, state, out):
        if t > params[0]:
            for i in range(out.size):
                out[i] = 1.0 / out.size

    _sweep(prices, {"lookback": [5]})
    begin = time.perf_counter()
    strategy = nanobook.Strategy(rule, ["after"])
    nanobook.sweep(prices, strategy, {"after": [5]}, cash=CASH, progress=False)
    print(f"\na rule of one's own, compiled and run once: {show(time.perf_counter() - begin)}")


def _bench_walk_forward(prices):
    def forward():
        return nanobook.walk_forward(
            prices,
            "time_series_momentum",
            {"lookback": LOOKBACKS},
            train=504,
            test=126,
            cash=CASH,
            costs=COST_BPS,
            progress=False,
        )

    first = time.perf_counter()
    windows = len(forward().windows)
    first = time.perf_counter() - first
    begin = time.perf_counter()
    forward()
    seconds = time.perf_counter() - begin
    print(f"walk-forward, {windows} windows of {CANDIDATES}: {show(seconds)}, first {show(first)}")


def _bench_many():
    """Run 10,000 candidates in a process of their own."""
    command = [sys.executable, __file__, "--many"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    answer = json.loads(done.stdout)
    print(f"\n{MANY:,} candidates of {BARS} x {ASSETS}, daily, in a process of their own")
    rows = [("", "seconds", "MB above the input")]
    rows += [(name, f"{seconds:.1f}", f"{more / 1e6:.0f}") for name, seconds, more in answer]
    print_rows(rows)


def _run_many():
    prices = random_walk(BARS, ASSETS)
    before = most_memory()
    rows = []
    begin = time.perf_counter()
    _sweep(prices, {"lookback": [10, 11]})
    first = time.perf_counter() - begin
    rows.append(("first call, two candidates", first, most_memory() - before))
    grid = {"lookback": range(10, 510), "skip": range(20)}
    for name, options in (
        ("nothing gathered", {"overfitting": False}),
        ("gathered", {}),
    ):
        begin = time.perf_counter()
        result = _sweep(prices, grid, where=lambda p: p["skip"] >= 0, **options)
        rows.append((name, time.perf_counter() - begin, most_memory() - before))
    begin = time.perf_counter()
    result.overfitting()
    rows.append(("the report", time.perf_counter() - begin, most_memory() - before))
    return rows


def _bench_vectorbt(prices, environments):
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        np.savez(
            folder / "problem.npz",
            prices=prices,
            lookbacks=np.array(LOOKBACKS),
            cash=CASH,
            fees=COST_BPS / 10_000,
        )
        try:
            python = ready_environment(environments.absolute() / "vectorbt", "vectorbt", "1.2.0")
            peer = Peer(python, SCRIPTS / "vectorbt_sweep.py", folder)
        except (subprocess.CalledProcessError, OSError, RuntimeError) as error:
            print(f"vectorbt is left out: {error}\n{getattr(error, 'stderr', '')}".rstrip())
            return
        opened.callback(peer.close)
        versions = ", ".join(f"{key} {value}" for key, value in peer.hello["versions"].items())
        print(f"\nvectorbt: {versions}; imported in {show(peer.hello['import'])}")
        _sweep(prices)
        ours = time.perf_counter()
        _sweep(prices)
        ours = time.perf_counter() - ours
        rows = [(f"{CANDIDATES} candidates", "seconds", "GB of its process", "x ours")]
        rows.append(("ours, beside", f"{ours:.2f}", f"{most_memory() / 1e9:.2f}", "1.0"))
        for task in ("one by one", "at once"):
            seconds, memory = peer.ask("answer", task)
            cells = (f"{seconds:.2f}", f"{memory / 1e9:.2f}", f"{seconds / ours:.0f}")
            rows.append((f"vectorbt, {task}", *cells))
        print_rows(rows)


if __name__ == "__main__":
    main()
