"""What all candidates of a sweep share, and one batch of them run."""

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np

from nanobook.jit import one_parallel_kernel
from nanobook.portfolio.costs import CostModel
from nanobook.portfolio.inputs import last_tradable
from nanobook.portfolio.simulate import currency_rules
from nanobook.portfolio.stops import Stops
from nanobook.sweep import strategies
from nanobook.sweep.candidates import FIELDS, run_lane, run_lanes

__all__ = ["Batch", "Honesty", "Job", "most_lanes", "run_batch"]


@dataclass(frozen=True, eq=False)
class Honesty:
    """What is gathered beside metrics, to tell skill from luck; of length 0 where it isn't."""

    edges: np.ndarray  # (K + 1,) blocks of bars
    benchmark: np.ndarray  # (T,) returns
    starts: np.ndarray  # the bootstrap's blocks
    lengths: np.ndarray
    offsets: np.ndarray
    block_size: float

    @property
    def blocks(self):
        """Number of blocks."""
        return max(self.edges.size - 1, 0)

    @property
    def reps(self):
        """Replications of the bootstrap."""
        return max(self.offsets.size - 1, 0)


@dataclass(frozen=True, eq=False)
class Job:
    """What all candidates share; it can be pickled, and has all that a worker needs."""

    prices: np.ndarray  # (T, N)
    start: int  # the first bar that is traded; those before are history
    delisting: str
    strategy: object  # Strategy, or None where weights are given
    decides: np.ndarray  # (Q, T) bool, a row for each rebalance rule
    post_cost: bool
    year: float
    risk_free: float
    honesty: Honesty

    @property
    def bars(self):
        """Bars that are traded."""
        return len(self.prices) - self.start


class Batch(NamedTuple):
    """What came of some candidates."""

    metrics: np.ndarray  # (S, F) of the figures in FIELDS
    sums: np.ndarray  # (S, 3, K): number of returns of each block, their sum, that of squares
    ended: np.ndarray  # (S, 2): FINE, INFINITE or RAISED, and the bar
    together: np.ndarray  # (T + 1,) int64: sums of standardised returns, and how many
    maxima: np.ndarray  # (4, B)
    observed: np.ndarray  # (2,)


def most_lanes():
    """Return how many candidates run at a time.

    Returns
    -------
    int
        The threads that Numba uses.
    """
    return numba.get_num_threads()


def run_batch(job, params, options, lanes, given=None):
    """Run some candidates.

    Parameters
    ----------
    job : Job
        What they share.
    params : ndarray of shape (S, P)
        The strategy's parameters.
    options : ndarray of shape (S, OPTIONS)
        The simulator's.
    lanes : int
        How many run at a time. Results don't depend on it.
    given : tuple of ndarray, optional
        Weights (S, R, N) and the row that trades at each bar (S, T), where no strategy makes them.

    Returns
    -------
    Batch
        Their rows, and what was gathered over all of them.
    """
    count, honesty = len(options), job.honesty
    lanes = max(1, min(lanes, count)) if one_parallel_kernel.works() else 1
    stack, row_at_of = given or (np.empty((0, 0, 0)), np.empty((0, 0), np.int64))
    strategy = job.strategy or strategies.equal_weight
    metrics = np.empty((count, len(FIELDS)))
    sums = np.empty((count, 3, honesty.blocks))
    ended = np.zeros((count, 2), dtype=np.int64)
    together = np.zeros((lanes, job.bars + 1), dtype=np.int64)
    maxima = np.full((lanes, 4, honesty.reps), -np.inf)
    observed = np.full((lanes, 2), -np.inf)
    arguments = (
        np.int64(lanes),
        job.prices,
        np.int64(job.start),
        last_tradable(job.prices[job.start :], job.delisting),
        strategy.pointer,
        strategy.every_bar,
        np.int64(strategy.state_size(job.prices.shape[1])),
        params,
        job.decides,
        stack,
        row_at_of,
        options,
        currency_rules(Stops(), 1.0),
        CostModel().rates(cents=False),
        True if job.post_cost else None,
        job.year,
        job.risk_free,
        honesty.edges,
        honesty.benchmark,
        (honesty.starts, honesty.lengths, honesty.offsets, honesty.block_size),
        *(metrics, sums, ended, together, maxima, observed),
    )
    if lanes == 1:
        run_lane(np.int64(0), *arguments)
    else:
        _run_parallel(lanes, arguments)
    return Batch(
        *(metrics, sums, ended, together.sum(axis=0)),
        *(maxima.max(axis=0), observed.max(axis=0)),
    )


def _run_parallel(lanes, arguments):
    with one_parallel_kernel:
        before = numba.get_num_threads()
        numba.set_num_threads(min(lanes, numba.config.NUMBA_NUM_THREADS))
        try:
            run_lanes(*arguments)
        finally:
            numba.set_num_threads(before)
