"""The same sweep on a Dask cluster: chunks of candidates out, their rows back."""

from nanobook.errors import ArgumentTypeError, MissingDependencyError, ValidationError
from nanobook.sweep.engine import Stoppable, check_ends
from nanobook.sweep.job import run_batch

__all__ = ["run_on_cluster"]

#: Chunks a worker thread gets, so that a slow one doesn't hold up the end; and their bounds.
_CHUNKS_A_THREAD, _MOST = 8, 2048

#: Chunks on their way at a time, for each worker thread: what they hold waits in memory.
_AHEAD = 3

#: How often a chunk is tried on another worker when one is lost.
_RETRIES = 5


def run_on_cluster(client, job, source, gathered, *, saver, bar, index=None):
    """Run every candidate that isn't done, on a cluster's workers.

    Prices go to each worker once. A chunk whose worker is lost runs again on another.

    Parameters
    ----------
    client : dask.distributed.Client
        Of the cluster.
    job : Job
        What candidates share.
    source : Described
        Where they come from; Python functions are called here, not on workers.
    gathered : Gathered
        Filled.
    saver : Saver
        Writes checkpoints.
    bar : object
        Shows how many are done.
    index : Index, optional
        Dates, for messages.

    Returns
    -------
    bool
        Whether all are done.

    Raises
    ------
    ValidationError
        If candidates come from an iterator, or a strategy asks for an infinite weight.
    ArgumentTypeError
        If `client` is none.
    MissingDependencyError
        If dask.distributed isn't installed.
    """
    try:
        from dask.distributed import Client, as_completed
    except ImportError:
        raise MissingDependencyError(
            "client= needs dask.distributed: pip install 'nanobook[cluster]'"
        ) from None
    if not isinstance(client, Client):
        raise ArgumentTypeError(f"client must be a dask.distributed.Client, got {client!r}")
    if client.asynchronous:
        raise ArgumentTypeError("client must be a synchronous Client, got an asynchronous one")
    if not source.random_access:
        raise ValidationError("an iterator of weights can't be spread; give a stack")
    threads = max(1, sum(client.nthreads().values()))
    left = sum(end - first for first, end in gathered.undone())
    size = max(1, min(_MOST, left // (threads * _CHUNKS_A_THREAD)))
    stretches = (
        (first, min(first + size, end))
        for begin, end in gathered.undone()
        for first in range(begin, end, size)
    )
    shared = client.scatter(job, broadcast=True, hash=False)
    finished = int(gathered.done.sum())
    firsts, completed = {}, as_completed(with_results=False)

    def submit():
        stretch = next(stretches, None)
        if stretch is not None:
            chunk = source.chunk(*stretch)
            future = client.submit(_run_chunk, shared, chunk, pure=False, retries=_RETRIES)
            firsts[future.key] = stretch[0]
            completed.add(future)

    with Stoppable() as stoppable:
        try:
            for _ in range(_AHEAD * threads):
                submit()
            for future in completed:
                batch, first = future.result(), firsts.pop(future.key)
                future.release()
                check_ends(job, source, first, batch, index)
                stoppable.undisturbed(gathered.add, first, batch)
                finished += len(batch.metrics)
                bar.show(finished)
                stoppable.undisturbed(saver.save)
                submit()
        except KeyboardInterrupt:
            client.cancel(list(completed.futures))
            saver.save(now=True)
            return False
        except Exception:
            client.cancel(list(completed.futures))
            saver.save(now=True)
            raise
    saver.save(now=True)
    return True


def _run_chunk(job, chunk):
    """Run a chunk on a worker, on one thread: the worker's other threads run other chunks."""
    return run_batch(job, chunk.params, chunk.options, 1, chunk.given)
