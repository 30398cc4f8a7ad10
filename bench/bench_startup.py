"""Time what a fresh process waits for: imports, and its first backtest.

Each figure is of new processes, each of which times itself. The kernels' cache is a folder of the
bench's own: the first processes find it empty and compile ("cold"), all later ones load what
those left ("warm"). One more warm process counts what it compiles, which must be nothing.
Imports of numpy, numba and pandas alone stand beside for comparison. Python's own cache of
bytecode is in a folder of the bench's too, and is always warm, as after installing.

Run it from a checkout, with nanobook installed: ``python bench/bench_startup.py``.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import machine, print_rows, show

import nanobook

IMPORTS = ("numpy", "numba", "pandas", "nanobook")

#: Of each door: what a process has done before it imports nanobook, and its backtest.
DOORS = {
    "arrays": (
        """
from market import random_walk, random_weights
prices, weights = random_walk(2520, 100), random_weights(2520, 100)
""",
        "nanobook.backtest(prices, weights, cash=1_000_000, costs=10).metrics",
    ),
    "frames": (
        """
import pandas as pd
from market import random_walk, random_weights
dates = pd.bdate_range("2014-01-01", periods=2520)
prices = pd.DataFrame(random_walk(2520, 100), index=dates)
weights = pd.DataFrame(random_weights(2520, 100), index=dates)
""",
        "nanobook.backtest(prices, weights, cash=1_000_000, costs=10).to_frame()",
    ),
    "lists": (
        """
weights = [[("A", 0.5), ("B", 0.5)]] * 252
prices = [[("A", 5000), ("B", 7000)]] * 252
""",
        "dict(nanobook.backtest_weights(weights, prices, 100_000_000, 10))",
    ),
}

#: A process that times its steps, one after another.
TIMED = """
import json, time
{before}
seconds = []
for step in {steps}:
    begin = time.perf_counter()
    exec(step)
    seconds.append(time.perf_counter() - begin)
print(json.dumps(seconds))
"""

#: A process that goes through all doors and prints the kernels it compiles for that.
COUNTED = """
import json
from numba.core import event
with event.install_recorder("numba:compile") as recorder:
    for step in {steps}:
        exec(step)
begun = [e.data["dispatcher"].py_func for _, e in recorder.buffer if e.is_start]
print(json.dumps([f"{{f.__module__}}.{{f.__name__}}" for f in begun]))
"""


def main():
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer processes")
    times = 3 if parser.parse_args().quick else 9
    print(machine("numba", "numpy", "pandas", "nanobook"))
    steps = [step for before, backtest in DOORS.values() for step in _steps(before, backtest)]
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment(Path(folder))
        for package in IMPORTS:  # leaves bytecode
            _import(package, environment)
        compiled_cold = _run(COUNTED.format(steps=steps), environment | _empty(folder, "counted"))
        cold = {door: _open(door, environment | _empty(folder, door)) for door in DOORS}
        for door in DOORS:
            _open(door, environment)
        imports, doors = {package: [] for package in IMPORTS}, {door: [] for door in DOORS}
        for _ in range(times):
            for package in IMPORTS:
                imports[package].append(_import(package, environment))
            for door in DOORS:
                doors[door].append(_open(door, environment))
        compiled = _run(COUNTED.format(steps=steps), environment)
    _report_cold(cold, compiled_cold)
    _report_warm(imports, doors, times)
    print(f"compiled in a warm process: {len(compiled)} kernels {', '.join(compiled)}".rstrip())


def _report_cold(cold, compiled):
    print("\nfirst backtest of a process, empty cache, each door by itself:")
    for door, (_, first, second) in cold.items():
        print(f"  {door}: {show(first)}; the second one {show(second)}")
    print(f"  compiled for all doors: {len(compiled)} kernels")


def _report_warm(imports, doors, times):
    print(f"\nwarm cache, {times} processes each")
    rows = [("", "best", "median", "spread")]
    rows += [_row(f"import {package}, alone", runs) for package, runs in imports.items()]
    for door, runs in doors.items():
        _, first, second = zip(*runs, strict=True)
        rows.append(_row(f"{door}: first backtest after import", first))
        rows.append(_row(f"{door}: second backtest", second))
    print_rows(rows)


def _row(name, seconds):
    low, high = min(seconds), max(seconds)
    return name, show(low), show(statistics.median(seconds)), f"{show(low)} .. {show(high)}"


def _steps(before, backtest):
    return [before, "import nanobook", backtest]


def _import(package, environment):
    """Return the seconds that importing a package takes."""
    (seconds,) = _run(TIMED.format(before="", steps=[f"import {package}"]), environment)
    return seconds


def _open(door, environment):
    """Return the seconds of importing nanobook, the first backtest and a second one."""
    before, backtest = DOORS[door]
    steps = ["import nanobook", backtest, backtest]
    return _run(TIMED.format(before=before, steps=steps), environment)


def _environment(folder):
    """Return the children's environment: caches of our own, this process's nanobook and market."""
    paths = [Path(nanobook.__file__).absolute().parents[1], Path(__file__).absolute().parent]
    environment = {
        **os.environ,
        **_empty(folder, "warm"),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def _empty(folder, name):
    """Return the variable that makes a folder the kernels' cache."""
    return {"NUMBA_CACHE_DIR": str(Path(folder) / f"kernels-{name}")}


def _run(script, environment):
    """Run a script in a new process, away from the checkout, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        cwd=tempfile.gettempdir(),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
