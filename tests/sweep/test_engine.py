"""Threads, Ctrl-C and checkpoints: however a sweep is run, the same figures come out."""

import os
import signal
import subprocess
import sys
import threading
import time
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import numba
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sweep.panels import as_frame, random_prices

import nanobook as nb
from nanobook.sweep import engine
from nanobook.sweep.candidates import run_lane, run_lanes

run = import_module("nanobook.sweep.run")

GATHERED = ("metrics", "sums", "ended", "done", "together", "maxima", "observed")
PRICES = as_frame(nb.random_prices(120, 4, seed=1).to_numpy())
GRID = {"fast": range(2, 32), "slow": [20, 30, 40], "costs": [0, 5, 10], "lag": [0, 1]}
OPTIONS = {"cash": 1e5, "reps": 100}

compiled_only = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="nothing is compiled under NUMBA_DISABLE_JIT"
)


def swept(grid=None, strategy="moving_average_crossover", **options):
    return nb.sweep(PRICES, strategy, GRID if grid is None else grid, **(OPTIONS | options))


def assert_same(left, right):
    for name in GATHERED:
        ours, theirs = getattr(left._gathered, name), getattr(right._gathered, name)
        assert_array_equal(ours, theirs, err_msg=name)


@pytest.fixture(scope="module")
def whole():
    return swept()


# ---- threads -----------------------------------------------------------------------------------


def test_one_thread_is_many(whole):
    assert len(whole) == 540
    for threads in (1, 2, 7):
        assert_same(swept(threads=threads), whole)


@pytest.mark.deep
def test_one_thread_is_many_on_many_panels():
    for seed in range(40):
        prices = random_prices(seed)
        grid = {"period": range(2, 30), "stops": [None, nb.Stops(trailing_stop_pct=0.03)]}
        results = [
            nb.sweep(prices, "rsi", grid, cash=1e5, reps=50, seed=seed, threads=threads)
            for threads in (1, 2, 5)
        ]
        for other in results[1:]:
            assert_same(results[0], other)


def test_the_size_of_batches_doesnt_matter(whole, monkeypatch):
    for size in (1, 3, 1000):
        monkeypatch.setattr(engine, "_next_size", lambda *_, size=size: size)
        assert_same(swept(threads=1), whole)


def test_weights_that_are_given_dont_depend_on_threads():
    rng = np.random.default_rng(0)
    stack = rng.dirichlet(np.ones(4), (25, 120))
    one = nb.sweep(PRICES, stack, threads=1, **OPTIONS)
    assert_same(nb.sweep(PRICES, stack, threads=2, **OPTIONS), one)
    assert_same(nb.sweep(PRICES, iter(stack), threads=2, **OPTIONS), one)
    listed = swept({"x": range(25)}, lambda params: stack[params["x"]])
    assert_same(listed, one)


def tells_its_thread(t, prices, params, state, out):
    out[0] = 0.25 * (1 + numba.get_thread_id())


@compiled_only
@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="Numba has one thread here")
def test_both_threads_work():
    # How much faster that is, bench/bench_sweep.py measures.
    prices, grid = np.ones((50, 1)), {"cash": range(100, 2100), "lot_size": [0], "lag": [0]}
    rule = nb.Strategy(tells_its_thread)
    result = nb.sweep(prices, rule, grid, threads=2, overfitting=False)
    assert set(result.metrics["exposure"]) == {0.25, 0.5}
    alone = nb.sweep(prices, rule, grid, threads=1, overfitting=False)
    assert set(alone.metrics["exposure"]) == {0.25}


@compiled_only
def test_one_compile_serves_every_sweep():
    swept(threads=1)
    swept(threads=2)
    before = len(run_lane.signatures), len(run_lanes.signatures)
    stack = np.zeros((4, 120, 4))
    for threads in (1, 2):
        for options in ({"overfitting": False}, {"blocks": 4, "reps": 7, "periods_per_year": 12}):
            swept({"x": range(4)}, lambda params: stack[0], threads=threads, **options)
            for weights in (stack, iter(stack)):
                nb.sweep(PRICES, weights, cash=1000, threads=threads, **options)
            swept({"period": range(2, 6), "costs": [3]}, "rsi", threads=threads, **options)
    assert (len(run_lane.signatures), len(run_lanes.signatures)) == before


# ---- Ctrl-C ------------------------------------------------------------------------------------


class Interrupting:
    """A bar that presses Ctrl-C when enough is done."""

    def __init__(self, after):
        self.after, self.said = after, []

    def __call__(self, *_, **__):
        return self

    def show(self, position):
        if position >= self.after:
            raise KeyboardInterrupt

    def say(self, text):
        self.said.append(text)

    def close(self):
        self.closed = True


def test_ctrl_c_hands_back_what_is_done(whole, monkeypatch):
    bar = Interrupting(after=50)
    monkeypatch.setattr(run, "progress_bar", bar)
    part = swept(keep=2)
    assert not part.complete
    assert 50 <= len(part) < 540
    assert bar.closed
    assert_array_equal(part.metrics, whole.metrics[: len(part)])
    assert "candidates=" in repr(part)
    assert f"{len(part)} of 540" in repr(part)
    assert part.overfitting().trials <= len(part)
    assert len(part.kept) == 2
    best = part.best()
    assert part.result(best).metrics.sharpe == part.best(n=1)["sharpe"].iloc[0]


def test_ctrl_c_before_anything_is_done(monkeypatch):
    def impatient(params):
        raise KeyboardInterrupt

    nothing = swept({"x": [1, 2]}, impatient)
    assert not nothing.complete
    assert len(nothing) == 0
    assert nothing.metrics.empty
    assert "0 of 2" in repr(nothing)
    for ask in (nothing.best, nothing.overfitting):
        with pytest.raises(nb.ValidationError):
            ask()


@pytest.mark.skipif(sys.platform == "win32", reason="a process can't send itself Ctrl-C there")
def test_a_real_ctrl_c_stops_within_a_second(monkeypatch):
    prices = nb.random_prices(2000, 10, seed=3)
    grid = {"period": range(2, 400), "low": range(10, 50), "high": range(51, 90)}
    pressed = []

    def press():
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    class Watching(Interrupting):
        def show(self, position):
            if not self.said:
                self.said.append(position)
                threading.Timer(0.3, press).start()

    monkeypatch.setattr(run, "progress_bar", Watching(0))
    monkeypatch.setattr(Watching, "say", lambda *_: None)
    before = signal.getsignal(signal.SIGINT)
    part = nb.sweep(prices, "rsi", grid, cash=1e6, overfitting=False)
    seconds = time.monotonic() - pressed[0]
    assert not part.complete
    assert 0 < len(part) < 398 * 40 * 39
    assert seconds < 10  # a second, on a machine that does nothing else
    assert signal.getsignal(signal.SIGINT) is before
    row = part.metrics.iloc[-1]
    assert part.result(len(part) - 1).metrics.sharpe == row["sharpe"]


def test_ctrl_c_waits_while_rows_are_put_in_place():
    done = []

    def work():
        signal.raise_signal(signal.SIGINT)
        done.append(True)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), engine.Stoppable() as stoppable:
        stoppable.undisturbed(work)
    assert done
    assert signal.getsignal(signal.SIGINT) is before


def test_a_sweep_in_another_thread_leaves_signals_alone(whole):
    found = []
    worker = threading.Thread(target=lambda: found.append(swept()))
    worker.start()
    worker.join(300)
    assert_same(found[0], whole)


# ---- checkpoints -------------------------------------------------------------------------------


@pytest.fixture
def often(monkeypatch):
    """Write a checkpoint after each batch."""
    monkeypatch.setattr(engine.Saver, "_LEAST", 0.0)
    monkeypatch.setattr(engine.Saver, "_SHARE", 0.0)


def test_resumed_is_uninterrupted(whole, tmp_path, monkeypatch, often):
    path = tmp_path / "sweep.npz"
    lengths = []
    for after in (1, 100, 300):
        monkeypatch.setattr(run, "progress_bar", Interrupting(after))
        lengths.append(len(swept(checkpoint=path)))
    assert 0 < lengths[0] < lengths[1] < lengths[2] < 540
    monkeypatch.undo()
    resumed = swept(checkpoint=path)
    assert resumed.complete
    assert_same(resumed, whole)
    assert repr(resumed.overfitting()) == repr(whole.overfitting())
    monkeypatch.setattr(engine, "run_batch", None)  # nothing is left to run
    assert_same(swept(checkpoint=path), whole)


def test_a_function_that_is_interrupted_or_fails_goes_on(tmp_path):
    calls, faults = [], [KeyboardInterrupt, RuntimeError, MemoryError]

    def weights_of(params):
        calls.append(params["x"])
        if faults and len(calls) % 9 == 0:
            raise faults.pop(0)
        return np.full((120, 4), params["x"] / 200)

    path = tmp_path / "sweep.npz"
    options = {"checkpoint": path, "threads": 2}
    assert not swept({"x": range(40)}, weights_of, **options).complete
    for error in (RuntimeError, MemoryError):
        with pytest.raises(error):
            swept({"x": range(40)}, weights_of, **options)
    resumed = swept({"x": range(40)}, weights_of, **options)
    assert resumed.complete
    assert len(calls) < 40 + 3 * 16  # a batch at most is done again
    assert_same(resumed, swept({"x": range(40)}, weights_of))


def scaled_weights(params):
    return np.full((60, 3), params["x"] / 200)


def test_a_sweep_that_was_killed_goes_on(tmp_path):
    path, log, script = tmp_path / "sweep.npz", tmp_path / "calls", tmp_path / "killed.py"
    script.write_text(
        dedent("""
        import os, signal, sys
        import numpy as np
        import nanobook as nb
        from nanobook.sweep import engine

        engine.Saver._LEAST = engine.Saver._SHARE = 0.0
        engine._next_size = lambda *_: 4

        def scaled_weights(params):
            with open(sys.argv[2], "a") as log:
                log.write(f"{params['x']}\\n")
            if params["x"] == 30 and sys.argv[3] == "die":
                os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
            return np.full((60, 3), params["x"] / 200)

        result = nb.sweep(
            nb.random_prices(60, 3, seed=5), scaled_weights, {"x": range(50)}, cash=1e5, reps=20,
            threads=1, checkpoint=sys.argv[1],
        )
        result.save(sys.argv[2] + ".npz")
        """)
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(nb.__file__).parents[1])}
    ends = []
    for end in ("die", "live"):
        command = [sys.executable, script, path, log, end]
        ends.append(subprocess.run(command, env=environment, capture_output=True, timeout=500))
    assert ends[0].returncode != 0
    assert ends[1].returncode == 0, ends[1].stderr
    calls = [int(line) for line in log.read_text().split()]
    assert calls == [*range(31), *range(29, 50)]  # what was in the checkpoint isn't done again
    prices = nb.random_prices(60, 3, seed=5)
    alone = nb.sweep(prices, scaled_weights, {"x": range(50)}, cash=1e5, reps=20, threads=1)
    assert_same(nb.SweepResult.load(f"{log}.npz"), alone)


@pytest.mark.parametrize(
    "change",
    [
        {"grid": {**GRID, "lag": [0, 2]}},
        {"grid": nb.Grid.product(GRID, where=lambda p: p["fast"] < p["slow"])},
        {"strategy": "rsi", "grid": {"period": range(2, 542)}},
        {"cash": 2e5},
        {"costs": 5},
        {"stops": nb.Stops(fixed_stop_pct=0.1)},
        {"seed": 1},
        {"reps": 99},
        {"blocks": 8},
        {"overfitting": False},
        {"sizing": "pre_cost", "grid": {**GRID, "fast": range(2, 32)}},
        {"delisting": "hold"},
        {"risk_free": 0.001},
        {"benchmark": 0.001},
        {"periods_per_year": 12},
        {"rebalance": 5},
        {"prices": PRICES * 2},
        {"prices": PRICES.iloc[:-1]},
    ],
    ids=lambda change: ",".join(change),
)
def test_another_sweeps_checkpoint_is_refused(change, checkpoint):
    change = dict(change)
    prices, grid = change.pop("prices", PRICES), change.pop("grid", GRID)
    strategy = change.pop("strategy", "moving_average_crossover")
    before = checkpoint.read_bytes()
    with pytest.raises(nb.ValidationError, match="must be this sweep's own"):
        nb.sweep(prices, strategy, grid, checkpoint=checkpoint, **(OPTIONS | change))
    assert checkpoint.read_bytes() == before


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory, whole):
    path = tmp_path_factory.mktemp("checkpoint") / "sweep.npz"
    swept(checkpoint=path)
    return path


def test_functions_are_told_apart(tmp_path):
    from functools import partial

    path = tmp_path / "sweep.npz"

    def scaled(scale):
        return lambda params: np.full((120, 4), params["x"] * scale)

    def other(params, scale=0.1):
        return np.full((120, 4), params["x"] * scale)

    def another(params, scale=0.2):
        return np.full((120, 4), params["x"] * scale)

    grid = {"x": [1, 2]}
    another.__qualname__ = other.__qualname__
    functions = (scaled(0.1), scaled(0.2), other, another, partial(other, scale=0.3))
    for at, function in enumerate((*functions, partial(other, scale=0.4))):
        if at:
            with pytest.raises(nb.ValidationError, match="this sweep's own"):
                swept(grid, function, checkpoint=path)
            path.unlink()
        swept(grid, function, checkpoint=path)
        assert swept(grid, function, checkpoint=path).complete
    rules = [nb.Strategy(holds, {"x": x}) for x in (0.12345678, 0.12345679)]
    swept({"lag": [1]}, rules[0], checkpoint=tmp_path / "rule.npz")
    with pytest.raises(nb.ValidationError, match="this sweep's own"):
        swept({"lag": [1]}, rules[1], checkpoint=tmp_path / "rule.npz")


def holds(t, prices, params, state, out):
    out[0] = params[0]


def test_a_damaged_checkpoint_is_refused(checkpoint, tmp_path):
    good = checkpoint.read_bytes()
    for name, data in (
        ("cut", good[: len(good) // 2]),
        ("empty", b""),
        ("text", b"not a checkpoint at all"),
        ("flipped", good[:1000] + bytes([good[1000] ^ 255]) + good[1001:]),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(nb.FileFormatError):
            swept(checkpoint=path)
        assert path.read_bytes() == data
    with pytest.raises(nb.FileFormatError, match="folder"):
        swept(checkpoint=tmp_path)
    saved = tmp_path / "result.npz"
    swept(threads=1).save(saved)
    with pytest.raises(nb.FileFormatError):
        swept(checkpoint=saved)


def test_an_iterator_cant_be_resumed(tmp_path):
    with pytest.raises(nb.ValidationError, match="can't be resumed"):
        nb.sweep(PRICES, iter([PRICES * 0]), checkpoint=tmp_path / "x.npz", **OPTIONS)


def test_the_checkpoint_is_kept_when_all_is_done(checkpoint):
    assert checkpoint.exists()
    assert [path.name for path in checkpoint.parent.iterdir()] == [checkpoint.name]
