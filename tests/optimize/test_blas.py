"""Pools of BLAS threads: one inside our calls, afterwards what they were."""

import os
import threading
import time

import numpy as np
import pytest
import scipy.linalg
from threadpoolctl import threadpool_info, threadpool_limits

from nanobook import estimate_covariance, nearest_covariance
from nanobook.optimize import repair
from nanobook.optimize.blas import one_blas_thread


def threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.fixture(params=[1, 2, 3])
def before(request):
    assert scipy.linalg
    with threadpool_limits(request.param, user_api="blas"):
        counts = threads()
        if not counts:
            pytest.skip("no BLAS here whose threads can be set")
        yield counts


def test_one_thread_inside_and_as_before_outside(before):
    with one_blas_thread():
        assert set(threads()) == {1}
        with one_blas_thread():
            assert set(threads()) == {1}
        with one_blas_thread(kernels=False):
            assert set(threads()) == {1}
        assert set(threads()) == {1}
    assert threads() == before


def test_an_exception_puts_them_back(before):
    with pytest.raises(KeyError), one_blas_thread():
        raise KeyError
    assert threads() == before


def test_the_last_of_several_threads_puts_them_back(before):
    inside, leave, seen = threading.Event(), threading.Event(), []

    def hold():
        with one_blas_thread():
            inside.set()
            leave.wait(10)
            seen.extend(threads())

    other = threading.Thread(target=hold)
    with one_blas_thread():
        other.start()
        assert inside.wait(10)
    assert set(threads()) == {1}
    leave.set()
    other.join()
    assert set(seen) == {1}
    assert threads() == before


def test_our_calls_hold_them(before, monkeypatch):
    seen = []
    plain = np.linalg.eigh
    monkeypatch.setattr(repair.np.linalg, "eigh", lambda a: (seen.extend(threads()), plain(a))[1])
    broken = [[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]]
    nearest_covariance(broken)
    assert set(seen) == {1}
    estimate_covariance(np.random.default_rng(0).standard_normal((30, 4)), "nonlinear")
    assert threads() == before


def test_it_costs_little():
    with one_blas_thread():
        pass
    times = []
    for _ in range(200):
        start = time.perf_counter()
        with one_blas_thread():
            pass
        times.append(time.perf_counter() - start)
    assert min(times) < 100e-6  # 10 us measured; a busy machine may take its time


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there's no fork here")
def test_a_forked_child_isnt_locked_out():
    from nanobook.optimize import blas

    with blas._lock:
        child = os.fork()
        if not child:
            with one_blas_thread(kernels=False):
                os._exit(7)
    for _ in range(100):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.05)
    else:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert done
    assert os.waitstatus_to_exitcode(status) == 7
