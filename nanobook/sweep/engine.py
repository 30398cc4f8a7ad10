"""The loop over batches: how large they are, and what happens when somebody presses Ctrl-C."""

import os
import signal
import threading
import time

from nanobook.errors import FileFormatError
from nanobook.sweep.job import most_lanes, run_batch
from nanobook.sweep.weights import FINE, raise_fault

__all__ = ["Saver", "Stoppable", "check_ends", "most_given", "run_all"]

#: A batch should take about this long: short enough to stop within a second.
_BATCH_SECONDS = 0.2

#: The most candidates in a batch, and the most numbers in the weights of one that's given them.
_MOST, _MOST_NUMBERS = 4096, 8_000_000


class Stoppable:
    """Lets Ctrl-C through where it does no harm, and holds it back where rows are put in place."""

    def __init__(self):
        """Nothing is held back yet."""
        self._held, self._pending, self._before = False, False, None

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGINT)
            if callable(self._before):
                signal.signal(signal.SIGINT, self._heard)
            else:
                self._before = None  # somebody ignores it, or C code handles it
        return self

    def __exit__(self, *_):
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        return False

    def _heard(self, number, frame):
        if self._held:
            self._pending = True
        else:
            raise KeyboardInterrupt

    def undisturbed(self, work, *arguments):
        """Do a piece of work to its end, then let Ctrl-C through.

        Parameters
        ----------
        work : callable
            What to do.
        *arguments
            With what.

        Raises
        ------
        KeyboardInterrupt
            If somebody pressed Ctrl-C meanwhile.
        """
        self._held = True
        try:
            work(*arguments)
        finally:
            self._held = False
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt


class Saver:
    """Writes a checkpoint now and then, so that writing never takes much of the time."""

    #: Seconds between two at least, and how much longer than writing one took.
    _LEAST, _SHARE = 5.0, 20.0

    def __init__(self, path, mark, gathered):
        """Go on from the checkpoint, if there is one.

        Parameters
        ----------
        path : str, PathLike or None
            Where; None for nowhere.
        mark : str
            What tells this sweep from another.
        gathered : Gathered
            What to write; filled from the file.

        Raises
        ------
        FileFormatError
            If there's a file that isn't a checkpoint.
        """
        self._path, self._mark, self._gathered = path, mark, gathered
        self._last, self._took = time.monotonic(), 0.0
        if path is not None and os.path.exists(path):
            if os.path.isdir(path):
                raise FileFormatError(f"checkpoint must be a file, but {path} is a folder")
            gathered.load(path, mark)

    def save(self, *, now=False):
        """Write, if it's time.

        Parameters
        ----------
        now : bool, default False
            Whether it's time in any case.
        """
        if self._path is None:
            return
        start = time.monotonic()
        if now or start - self._last > max(self._LEAST, self._SHARE * self._took):
            self._gathered.save(self._path, self._mark)
            self._last = time.monotonic()
            self._took = self._last - start


def run_all(job, source, gathered, *, saver, bar, index=None, lanes=None, on_batch=None):
    """Run every candidate that isn't done, or until somebody interrupts.

    Parameters
    ----------
    job : Job
        What candidates share.
    source : Described
        Where they come from.
    gathered : Gathered
        Filled.
    saver : Saver
        Writes checkpoints.
    bar : object
        Shows how many are done.
    index : Index, optional
        Dates, for messages.
    lanes : int, optional
        How many run at a time; as many as there are threads by default.
    on_batch : callable, optional
        Called with the first number and the batch, after it's in place.

    Returns
    -------
    bool
        Whether all are done.

    Raises
    ------
    ValidationError
        If a strategy asks for an infinite weight. What a strategy raises itself comes through.
    """
    lanes = lanes or most_lanes()
    size = _first_size(job, source, lanes)
    finished = int(gathered.done.sum())
    with Stoppable() as stoppable:
        try:
            for first, end in _stretches(source, gathered):
                while end is None or first < end:
                    start = time.monotonic()
                    last = first + size if end is None else min(first + size, end)
                    chunk = source.chunk(first, last)
                    if chunk is None:
                        break
                    batch = run_batch(job, chunk.params, chunk.options, lanes, chunk.given)
                    check_ends(job, source, first, batch, index)
                    stoppable.undisturbed(gathered.add, first, batch)
                    if on_batch is not None:
                        on_batch(first, batch)
                    first += len(batch.metrics)
                    finished += len(batch.metrics)
                    bar.show(finished)
                    stoppable.undisturbed(saver.save)
                    size = _next_size(size, time.monotonic() - start, lanes, job, source)
        except KeyboardInterrupt:
            saver.save(now=True)
            return False
        except Exception:
            saver.save(now=True)
            raise
    saver.save(now=True)
    return True


def check_ends(job, source, first, batch, index):
    """Raise if a strategy of the batch raised, or asked for an infinite weight.

    Parameters
    ----------
    job : Job
        What candidates share.
    source : Described
        Where they come from.
    first : int
        The number of the batch's first candidate.
    batch : Batch
        What came of it.
    index : Index or None
        Dates, for messages.

    Raises
    ------
    ValidationError
        If a weight is infinite. What a strategy raises itself comes through.
    """
    bad = (batch.ended[:, 0] != FINE).nonzero()[0]
    if not bad.size:
        return
    at = int(bad[0])
    params = source.params_of(first + at)
    own = {name: params[name] for name in source.strategy.parameters if name in params}
    code, bar = batch.ended[at].tolist()
    raise_fault(source.strategy, job.prices, index, own, code, bar)


def most_given(job):
    """Return how many matrices of weights are held at a time, where no strategy makes them.

    Parameters
    ----------
    job : Job
        With the prices' shape.

    Returns
    -------
    int
        At least 1.
    """
    return max(1, _MOST_NUMBERS // (job.prices.size or 1))


def _stretches(source, gathered):
    return gathered.undone() if source.random_access else [(0, None)]


def _first_size(job, source, lanes):
    return lanes if source.strategy is None else 2 * lanes


def _next_size(size, seconds, lanes, job, source):
    """Return how many candidates fit the time a batch should take, never many more at once."""
    fitting = size * _BATCH_SECONDS / max(seconds, 1e-6)
    most = _MOST
    if source.strategy is None:
        most = most_given(job)
    size = int(min(max(fitting, 1.0), 4 * size, most))
    return max(lanes, size - size % lanes) if most >= lanes else max(1, size)
