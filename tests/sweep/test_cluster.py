"""Sweeps on a Dask cluster of processes: the same bits, with a worker lost in mid-run."""

import os
import signal

import numpy as np
import pytest

import nanobook as nb
from nanobook.datasets import random_prices

distributed = pytest.importorskip("distributed", reason="dask.distributed isn't installed")

GATHERED = ("metrics", "sums", "ended", "done", "together", "maxima", "observed")
GRID = {"fast": range(2, 14), "slow": range(20, 60), "trailing_stop_pct": [0.0, 0.1]}


@pytest.fixture(scope="module")
def client():
    cluster = distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs="ERROR",
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def prices():
    return random_prices(400, 6, seed=3)


@pytest.fixture(scope="module")
def local(prices):
    return nb.sweep(prices, "moving_average_crossover", GRID, cash=1e6, costs=5, progress=False)


def assert_same(left, right):
    for name in GATHERED:
        assert np.array_equal(
            getattr(left._gathered, name), getattr(right._gathered, name), equal_nan=True
        ), name


def test_a_cluster_gives_the_same_bits_though_a_worker_is_killed(client, prices, local):
    victims = list(client.run(os.getpid).values())
    killed = []

    def kill(done):
        if done > 0 and not killed:
            killed.append(victims[0])
            os.kill(victims[0], signal.SIGKILL)

    result = watched_sweep(kill, prices, client)
    assert killed
    assert result.complete
    assert_same(result, local)


def watched_sweep(watch, prices, client):
    """Sweep, and tell `watch` how many are done after each chunk."""
    from nanobook.sweep import run

    class Bar:
        def show(self, done):
            watch(done)

        def say(self, text):
            pass

        def close(self):
            pass

    before = run.progress_bar
    run.progress_bar = lambda *_, **__: Bar()
    try:
        return nb.sweep(prices, "moving_average_crossover", GRID, cash=1e6, costs=5, client=client)
    finally:
        run.progress_bar = before


def test_users_strategies_and_functions_go_out_too(client, prices):
    def rule(t, seen, params, state, out):
        out[0] = params[0]

    strategy = nb.Strategy(rule, ["weight"])
    grid = {"weight": [0.2, 0.4, 0.8]}
    mine = nb.sweep(prices, strategy, grid, cash=1e6, client=client)
    assert_same(mine, nb.sweep(prices, strategy, grid, cash=1e6))

    def called(params):
        return np.full(prices.shape, params["weight"] / 6)

    listed = nb.sweep(prices, called, grid, cash=1e6, client=client)
    assert_same(listed, nb.sweep(prices, called, grid, cash=1e6))


def test_what_a_strategy_raises_comes_back(client, prices):
    def broken(t, seen, params, state, out):
        if t > 3:
            raise ZeroDivisionError("a fault of its own")

    with pytest.raises(ZeroDivisionError, match="a fault of its own"):
        nb.sweep(prices, nb.Strategy(broken, ["a"]), {"a": [1.0]}, cash=1e6, client=client)


def test_an_interrupted_run_hands_back_whole_chunks(client, prices, local):
    def interrupt(done):
        if done > 100:
            raise KeyboardInterrupt

    result = watched_sweep(interrupt, prices, client)
    assert not result.complete
    assert 100 < len(result) < len(local)
    done = result._gathered.done
    assert np.array_equal(
        result._gathered.metrics[done], local._gathered.metrics[done], equal_nan=True
    )


def test_only_a_client_will_do(prices):
    with pytest.raises(nb.ArgumentTypeError, match="client must be a dask"):
        nb.sweep(prices, "rsi", {"low": [20, 30]}, cash=1e6, client="tcp://127.0.0.1:1")


def test_a_sweep_runs_inside_a_worker(client, prices, local):
    def inside(prices):
        import nanobook

        grid = {"fast": range(2, 14), "slow": range(20, 60), "trailing_stop_pct": [0.0, 0.1]}
        swept = nanobook.sweep(
            prices, "moving_average_crossover", grid, cash=1e6, costs=5, threads=2
        )
        return swept.metrics["sharpe"].to_numpy()

    assert np.array_equal(client.submit(inside, prices).result(), local.metrics["sharpe"])
