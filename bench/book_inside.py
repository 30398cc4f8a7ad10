"""Where the book's benches reach inside: memory touched beforehand, and kernels timed alone."""

import importlib
import time
from contextlib import contextmanager
from unittest import mock

__all__ = ["kernel_time", "touch"]


def touch(exchange, *, ids, events, trades):
    """Grow an exchange's arrays for what's to come, and write once where it will be written.

    Parameters
    ----------
    exchange : Exchange
        Its orders, its log and its trades grow to the size they'd have later; the operating system
        gives memory on the first write to it, which is what this anticipates.
    ids, events, trades : int
        So many of each are to come.
    """
    store = exchange._store
    store.header["needed"] = trades
    store.make_room(ids=ids, events=events)
    head = store.header
    _write(store.arrays["rows"], store._rows(), ids)
    _write(store.arrays["trades"], head["trades"], trades)
    if head["records"]:
        _write(store.arrays["events"], head["events"], events)


def _write(array, used, more):
    array[int(used) : int(used) + more] = 0


class _Timed:
    """A function that adds up the seconds spent in it."""

    def __init__(self, function):
        self._function = function
        self.seconds = 0.0

    def __call__(self, *arguments):
        begin = time.perf_counter()
        try:
            return self._function(*arguments)
        finally:
            self.seconds += time.perf_counter() - begin


@contextmanager
def kernel_time():
    """Have `Exchange.process` time its compiled call alone: ``.seconds`` of what this gives."""
    module = importlib.import_module("nanobook.book.process")
    timed = _Timed(module.run)
    with mock.patch.object(module, "run", timed):
        yield timed
