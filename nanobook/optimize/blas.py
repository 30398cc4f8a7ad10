"""One thread for the linear algebra inside our calls, and afterwards as many as there were.

NumPy and SciPy each bring a BLAS with threads of its own. On matrices of a few hundred assets those
threads wait for each other longer than they work, and under a parallel kernel each lane would start
them anew. Neither library has a switch; `threadpoolctl`, which finds the loaded libraries and calls
the switch of each, is what scikit-learn holds them by as well.
"""

import contextlib
import functools
import os
import threading

from threadpoolctl import ThreadpoolController

__all__ = ["one_blas_thread"]


class _Pool:
    """The threads of one BLAS library, and how many of our calls hold them at one."""

    def __init__(self, library):
        self._library = library
        self._holders, self._before = 0, 1

    def hold(self):
        if not self._holders:
            self._before = self._library.get_num_threads()
            if self._before != 1:
                self._library.set_num_threads(1)
        self._holders += 1

    def release(self):
        self._holders -= 1
        if not self._holders and self._before != 1:
            self._library.set_num_threads(self._before)


_lock = threading.Lock()
_pool_of = {}


def _renew_lock():
    global _lock
    _lock = threading.Lock()  # the parent's may be held by a thread that isn't here


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


@functools.cache
def _pools(kernels):
    """Return the pools that NumPy calls, or those that compiled kernels call too."""
    if kernels:
        import scipy.linalg.cython_lapack  # noqa: F401  a kernel would load it only when it runs
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    return [_pool_of.setdefault(library.filepath, _Pool(library)) for library in found]


@contextlib.contextmanager
def one_blas_thread(kernels=True):
    """Hold the BLAS libraries of NumPy and SciPy at one thread for as long as it's open.

    It may be opened inside itself and by several Python threads at once: the last to leave puts
    the pools back. Opening and leaving it takes about 10 us; the first time finds the libraries.

    Parameters
    ----------
    kernels : bool, default True
        Whether kernels that decompose matrices run inside. They call SciPy's LAPACK, which must be
        loaded for that, and that takes 0.2 s once; where only NumPy is called it's spared.

    Yields
    ------
    None
        Nothing; it's there for ``with``.
    """
    with _lock:
        pools = _pools(kernels)
        for pool in pools:
            pool.hold()
    try:
        yield
    finally:
        with _lock:
            for pool in pools:
                pool.release()
