"""Many books at once, each with a stream of its own: in parallel, with the same bits."""

import numpy as np

from nanobook.book.arrays import copied
from nanobook.book.batch import run
from nanobook.book.exchange import Exchange
from nanobook.book.header import CHECKED
from nanobook.book.process import Plan
from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.jit import njit, one_parallel_kernel, prange
from nanobook.panel.frames import is_frame

__all__ = ["process_many"]

#: What `run` is told of a stream, a row each.
_BOOK, _PLACE, _SIZE, _AT, _COUNT, _RESULTS, _EVERY, _LEVELS, _SAMPLES = range(9)

#: Where every index is checked, `run` takes minutes to compile; it isn't compiled again, then, to
#: run in parallel.
_in_parallel = (lambda kernel: kernel) if CHECKED else njit(parallel=True)


@_in_parallel
def _run_many(streams):
    """Run each stream, a row of `streams`, until it ends or finds no room."""
    for i in prange(streams.shape[0]):
        s = streams[np.int64(i)]
        s[_AT] = run(
            *(s[_BOOK], s[_PLACE], s[_SIZE], s[_AT], s[_COUNT]),
            *(s[_RESULTS], s[_EVERY], s[_LEVELS], s[_SAMPLES]),
        )


def process_many(exchanges, messages, *, results=True, every=None, levels=1):
    """Run a stream of messages through each of many exchanges, in parallel.

    The base for Monte Carlo over order flow: each exchange comes out as `Exchange.process`
    would have left it, to the bit, on any number of threads.

    Parameters
    ----------
    exchanges : sequence of Exchange
        Different ones; each is changed.
    messages : sequence of streams, or one stream
        A stream for each exchange, or one for all: arrays of MESSAGE or EXTENDED_MESSAGE, or
        DataFrames.
    results : bool, default True
        Whether a result for each message is wanted.
    every : int, optional
        Sample the best levels after each so many messages.
    levels : int, default 1
        How many levels of each side a sample has.

    Returns
    -------
    list of ProcessResult
        One for each exchange.

    Raises
    ------
    ArgumentTypeError
        If an argument is of another kind.
    RangeError
        If a number is out of its range.
    ValidationError
        If an exchange stands twice, there are more or fewer streams than exchanges, or a message
        breaks a rule; nothing has been done.

    Examples
    --------
    >>> import numpy as np
    >>> orders = np.zeros(1, MESSAGE)
    >>> orders["side"], orders["price"], orders["quantity"] = 1, 100, 5
    >>> books = [Exchange(), Exchange()]
    >>> process_many(books, orders)
    [ProcessResult(messages=1, trades=0), ProcessResult(messages=1, trades=0)]
    >>> books[1].best_bid()
    100
    """
    exchanges = list(exchanges)
    for exchange in exchanges:
        if not isinstance(exchange, Exchange):
            raise ArgumentTypeError(
                f"exchanges must be Exchange objects, got {type(exchange).__name__}"
            )
    if len({id(exchange) for exchange in exchanges}) != len(exchanges):
        raise ValidationError("exchanges must be different ones, but one stands twice")
    if is_frame(messages) or isinstance(messages, np.ndarray):
        messages = [messages] * len(exchanges)
    messages = list(messages)
    if len(messages) != len(exchanges):
        raise ValidationError(
            f"messages must have a stream for each exchange: got {len(messages)} streams "
            f"for {len(exchanges)} exchanges"
        )
    stores = [exchange._store for exchange in exchanges]
    plans = [
        Plan(stream, bool(store.header["strict"]), bool(results), every, levels)
        for store, stream in zip(stores, messages, strict=True)
    ]
    streams = np.empty((len(plans), 9), np.int64)
    firsts = []
    for row, store, plan in zip(streams, stores, plans, strict=True):
        plan.prepare(store)
        firsts.append(int(store.header["trades"]))
        place, size, count, results_at = plan.numbers
        row[:] = store.address, place, size, 0, count, results_at, *plan.sampling
    while True:
        waiting = streams[:, _AT] < streams[:, _COUNT]
        if not waiting.any():
            break
        turn = np.ascontiguousarray(streams[waiting])
        with one_parallel_kernel:
            _run_many(turn)
        streams[waiting] = turn
        for at in np.flatnonzero(streams[:, _AT] < streams[:, _COUNT]):
            stores[at].give_room()
    return [
        plan.result(copied(store.trades[first:]))
        for plan, store, first in zip(plans, stores, firsts, strict=True)
    ]
