"""Sweeps from several threads at once, and in a process forked after one."""

import multiprocessing
import subprocess
import sys
import threading

import numpy as np
import pytest

import nanobook as nb
from nanobook.datasets import random_prices

SCRIPT = """
import multiprocessing
import numpy as np
import nanobook as nb
from nanobook.datasets import random_prices

def sharpes(_=None):
    swept = nb.sweep(random_prices(200, 3, seed=1), "time_series_momentum",
                     {"lookback": range(5, 25)}, cash=1e6, threads=2)
    return swept.metrics["sharpe"].to_numpy()

def metrics(_=None):
    try:
        return len(nb.compute_metrics(np.zeros((1_000, 1_000))))
    except RuntimeError as error:
        return str(error)

here = sharpes()
with multiprocessing.get_context("fork").Pool(1) as pool:
    assert np.array_equal(pool.map_async(sharpes, [0]).get(60)[0], here)
    answer = pool.map_async(metrics, [0]).get(60)[0]
assert answer == 1_000 or "forked" in answer, answer
"""


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="nothing forks here"
)
def test_a_forked_child_answers_or_says_why_it_cant():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


def test_threads_may_sweep_at_once():
    prices = random_prices(200, 3, seed=1)

    def sharpes(out, place):
        grid = {"lookback": range(5, 25)}
        swept = nb.sweep(prices, "time_series_momentum", grid, cash=1e6, threads=2)
        out[place] = swept.metrics["sharpe"].to_numpy()

    out = [None] * 4
    threads = [threading.Thread(target=sharpes, args=(out, place)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(one, out[0]) for one in out)
