"""Time optimizers beside cvxpy, PyPortfolioOpt, skfolio, Riskfolio-Lib and the original.

Returns are daily ones of a market, sectors and the assets' own moves, 1260 rows (1000 for the
tails). Each row of the bench is one problem, solved by all who can; all take turns. Ours is
timed as a call from Python on ready-made moments, as a call on returns, and its kernel alone.
Beside the times stands what each reached: the objective at the weights it returned, computed here
by one formula for all. Peers run in processes of their own: cvxpy from this environment, the
others from virtual environments that are made when missing.

And two of ours alone: rolling weights, per window, and a cube of 1000 parameter sets by 100 dates
by 50 assets.

Run it from a checkout, with nanobook installed: ``python bench/bench_optimize.py``.
"""

import argparse
import pickle
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numba import get_num_threads, set_num_threads
from peers.environment import default_folder, ready_environment
from peers.optimize_rows import ALPHA, ROWS, WINDOW
from peers.process import Peer
from timing import Clock, machine, print_firsts, print_rows, print_table, race, show

import nanobook
from nanobook.jit import kernels
from nanobook.optimize.certificate import FIELDS
from nanobook.optimize.hrp import hrp_weights
from nanobook.optimize.max_sharpe import max_sharpe_weights
from nanobook.optimize.min_variance import min_variance_weights
from nanobook.optimize.risk_parity import risk_parity_weights

SCRIPTS = Path(__file__).resolve().parent / "peers"

#: Each peer: its script, the folder of its environment, its package and version, and what that
#: needs besides. cvxpy comes with nanobook.
PEERS = {
    "cvxpy": ("cvxpy_optimize.py",),
    "PyPortfolioOpt": (
        *("pyportfolioopt_optimize.py", "pyportfolioopt", "pyportfolioopt", "1.6.0"),
        ("packaging",),
    ),
    "skfolio": ("skfolio_optimize.py", "skfolio", "skfolio", "1.12.2"),
    "Riskfolio-Lib": ("riskfolio_optimize.py", "riskfolio", "riskfolio-lib", "7.4.0"),
    "the original": ("original_optimize.py", "original", "nanobook", "0.9.3"),
    "the original, 0.19.2": ("original_optimize.py", "original-0.19", "nanobook", "0.19.2"),
}

#: Of the newer wheel only what the older lacks is timed.
ONLY = {"the original, 0.19.2": "hrp"}


def main():
    """Run the bench."""
    options = _read_options()
    rounds = 1 if options.quick else 4
    print(machine("numba", "numpy", "scipy", "pandas", "cvxpy", "nanobook"))
    problem = _make_problem()
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        _write_problem(problem, folder)
        chosen = {name: row for name, row in ROWS.items() if options.only in name}
        peers = {} if options.alone or not chosen else _start_peers(options, folder, opened)
        for name, (kind, key) in chosen.items():
            _bench_row(name, kind, problem[key], peers, rounds, opened)
    if options.only in "windows of tails":
        for method in ("cvar", "cdar"):
            _bench_windows(method, rounds)
    if options.only in "cube":
        _bench_cube(rounds)


def _read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--environments",
        type=Path,
        default=default_folder(),
        help="where the peers' virtual environments are or are made (default: %(default)s)",
    )
    parser.add_argument("--alone", action="store_true", help="leave the peers out")
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument(
        "--only", default="", help="only rows with this in their name, 'windows of tails' or 'cube'"
    )
    return parser.parse_args()


# ---- the problems ----------------------------------------------------------------------------


def _make_problem():
    sizes = {f"returns_{n}": (1260, n) for n in (50, 100, 200, 500)} | {"tails_50": (1000, 50)}
    return {key: _returns(*shape, seed) for seed, (key, shape) in enumerate(sizes.items())}


def _returns(periods, assets, seed, sectors=8):
    """Return a market, sectors and the assets' own moves; Student's t, with a small premium."""
    draw = np.random.default_rng(seed)
    market = 0.0003 + 0.008 * draw.standard_t(5, (periods, 1))
    moves = 0.005 * draw.standard_t(5, (periods, sectors))
    member = np.eye(sectors)[draw.integers(0, sectors, assets)].T
    own = draw.standard_t(5, (periods, assets)) * draw.uniform(0.005, 0.02, assets)
    premium = draw.normal(0.0001, 0.0002, assets)
    return premium + market * draw.uniform(0.5, 1.5, assets) + moves @ member + own


def _write_problem(problem, folder):
    np.savez(folder / "problem.npz", **problem)
    lists = {key: table.tolist() for key, table in problem.items()}
    (folder / "lists.pickle").write_bytes(pickle.dumps(lists))


def _start_peers(options, folder, opened):
    """Start each peer that can be had; say which can't."""
    peers = {}
    for name, (script, *wanted) in PEERS.items():
        try:
            python = sys.executable
            if wanted:
                subfolder, *package = wanted
                python = ready_environment(options.environments.absolute() / subfolder, *package)
            peer = Peer(python, SCRIPTS / script, folder)
        except (subprocess.CalledProcessError, OSError, RuntimeError) as error:
            print(f"{name} is left out: {error}\n{getattr(error, 'stderr', '')}".rstrip())
            continue
        opened.callback(peer.close)
        versions = ", ".join(f"{key} {value}" for key, value in peer.hello["versions"].items())
        print(f"{name}: {versions}; imported in {show(peer.hello['import'])}")
        peers[name] = peer
    return peers


# ---- one problem, solved by all --------------------------------------------------------------


def _bench_row(name, kind, returns, peers, rounds, opened):
    print(f"\n{name}")
    calls = _rolling(returns) if kind == "rolling" else _ours(kind, returns)
    windows = len(returns) - WINDOW + 1 if kind == "rolling" else 1
    clocks = [PartClock(f"ours, {what}", call, windows) for what, call in calls.items()]
    reached = {clocks[0].name: next(iter(calls.values()))()}
    for peer, process in list(peers.items()):
        if name not in process.hello["rows"] or ONLY.get(peer, kind) != kind:
            continue
        try:
            clocks.append(process.clock(peer, name))
            reached[peer] = process.ask("answer", name)
        except RuntimeError as error:  # its process ended with the solver's exception
            print(f"{peer} fails: {str(error).splitlines()[-1]}")
            peers[peer] = process.started_anew()
            opened.callback(peers[peer].close)
    print_firsts(clocks)
    print_table(race(clocks, rounds))
    if kind == "rolling":  # the last window's
        kind, returns = "min_variance", returns[-WINDOW:]
    _print_objectives(kind, returns, reached)


def _ours(kind, returns):
    """Return calls by what they are; the first one's weights are shown."""
    n = returns.shape[1]
    covariance, mean = np.cov(returns, rowvar=False), returns.mean(axis=0)
    lower, upper = np.zeros(n), np.ones(n)
    side, weights, numbers = np.empty(n, np.int8), np.empty(n), np.empty(FIELDS)
    given = {"covariance": covariance}

    def cold(kernel, *arguments):
        def solve():
            side[:] = -1
            weights[:] = 0.0
            kernel(*arguments, weights, numbers)

        return solve

    if kind == "min_variance":
        function = nanobook.optimize_min_variance
        kernel = cold(min_variance_weights, covariance, lower, upper, side)
    elif kind == "max_sharpe":
        function = nanobook.optimize_max_sharpe
        given["mean"] = mean
        kernel = cold(max_sharpe_weights, covariance, mean, 0.0, lower, upper, side)
    elif kind == "risk_parity":
        function = nanobook.optimize_risk_parity
        kernel = cold(risk_parity_weights, covariance, np.full(n, 1.0 / n))
    elif kind == "hrp":
        function = nanobook.optimize_hrp
        kernel = cold(hrp_weights, covariance, np.int64(0), np.int64(0))
    else:
        function = getattr(nanobook, f"optimize_{kind}")
        return {"call on returns": lambda: function(returns, None, ALPHA)}
    return {
        "call on moments": lambda: function(None, **given),
        "call on returns": lambda: function(returns),
        "kernel alone": kernel,
    }


def _rolling(returns):
    def roll(**options):
        rolled = nanobook.rolling_weights(
            returns, "min_variance", window=WINDOW, rebalance=1, progress=False, **options
        )
        return rolled.weights[-1]

    return {
        "per window": roll,
        "Ledoit-Wolf, per window": lambda: roll(covariance="ledoit_wolf"),
    }


class PartClock(Clock):
    """A clock of calls that do several equal parts, timed per part; the first call is whole."""

    def __init__(self, name, call, parts):
        """Time the first call, then warm up."""
        super().__init__(name, call)
        self._parts = parts

    def sample(self):
        """Take one round of samples."""
        before = len(self.samples)
        super().sample()
        self.samples[before:] = [seconds / self._parts for seconds in self.samples[before:]]


# ---- what was reached ------------------------------------------------------------------------


def _print_objectives(kind, returns, reached):
    word, best, formula = {
        "min_variance": ("volatility per day", min, _volatility),
        "max_sharpe": ("Sharpe ratio per day", max, _sharpe),
        "risk_parity": ("largest |N x share of variance - 1|", min, _imbalance),
        "cvar": (f"CVaR at {ALPHA}", min, _cvar),
        "cdar": (f"CDaR at {ALPHA}", min, _cdar),
        "hrp": ("volatility per day", None, _volatility),
    }[kind]
    found = {name: formula(np.array(weights), returns) for name, weights in reached.items()}
    first = np.array(next(iter(reached.values())))
    rows = [("", word, "behind the best", "largest difference of a weight", "sum of weights - 1")]
    for name, value in found.items():
        weights = np.array(reached[name])
        behind = "" if best is None else f"{abs(value / best(found.values()) - 1.0):.1e}"
        rows.append(
            (
                *(name, f"{value:.12g}", behind if kind != "risk_parity" else ""),
                *(f"{np.abs(weights - first).max():.1e}", f"{weights.sum() - 1.0:.0e}"),
            )
        )
    print_rows(rows)


def _volatility(weights, returns):
    return float(np.sqrt(weights @ np.cov(returns, rowvar=False) @ weights))


def _sharpe(weights, returns):
    return float(weights @ returns.mean(axis=0)) / _volatility(weights, returns)


def _imbalance(weights, returns):
    parts = weights * (np.cov(returns, rowvar=False) @ weights)
    return float(np.abs(parts / parts.mean() - 1.0).max())


def _cvar(weights, returns):
    return _tail_mean(-returns @ weights)


def _cdar(weights, returns):
    sums = np.cumsum(returns @ weights)
    return _tail_mean(np.maximum.accumulate(np.maximum(sums, 0.0)) - sums)


def _tail_mean(losses):
    """Return the mean of the worst losses, the last of them counted by its fraction."""
    worst = np.sort(losses)[::-1]
    count = (1.0 - ALPHA) * losses.size
    whole = int(count + 1e-9)
    return float((worst[:whole].sum() + max(count - whole, 0.0) * worst[whole]) / count)


# ---- the cube --------------------------------------------------------------------------------


def _bench_windows(method, rounds, periods=1000, assets=50, count=64):
    """Time warm windows beside cold ones: the same windows, rolled over and one call each."""
    returns = _returns(periods + 21 * (count + 1), assets, seed=12)
    optimize = getattr(nanobook, f"optimize_{method}")
    print(f"\n{count} windows of {periods} x {assets}, {method}, on one thread")
    clocks, threads = [], get_num_threads()
    set_num_threads(1)
    try:
        for step in (1, 21):
            first = -(-(periods - 1) // step) * step + 1  # rows decide from 0 on, every so many
            ends = range(first, first + step * count, step)
            rows = returns[: ends[-1]]

            def roll(rows=rows, step=step):
                options = {"window": periods, "rebalance": step, "progress": False}
                rolled = nanobook.rolling_weights(rows, method, **options)
                assert len(rolled) == count

            def call(rows=rows, ends=ends):
                return [optimize(rows[end - periods : end]) for end in ends]

            clocks += [Clock(f"rolled, step {step}", roll), Clock(f"called, step {step}", call)]
        print_firsts(clocks)
        print_table(race(clocks, rounds))
        for rolled, called in zip(clocks[::2], clocks[1::2], strict=True):
            each, ratio = show(rolled.median / count), called.median / rolled.median
            print(f"{rolled.name}: {each} a window, {ratio:.1f} times as fast as called")
    finally:
        set_num_threads(threads)


def _bench_cube(rounds, dates=100, assets=50):
    step = 10
    returns = _returns(WINDOW + step * dates, assets, seed=11)
    grid = {
        "window": [WINDOW - 2 * at for at in range(50)],
        "covariance": ["sample", "ledoit_wolf"],
        "risk_aversion": [float(at) for at in range(1, 11)],
    }
    print(f"\ncube of 1000 parameter sets x {dates} dates x {assets} assets, mean-variance utility")
    options = {"rebalance": step, "progress": False, "min_periods": WINDOW - 98}
    clock = Clock("ours", lambda: nanobook.weight_cube(returns, "utility", grid, **options))
    print_firsts([clock])
    print_table(race([clock], rounds))
    solves = 1000 * dates
    print(f"{show(clock.median / solves)} a solve; {len(kernels())} kernels in the process")


if __name__ == "__main__":
    main()
