"""Tests of whether the best of many candidates is better than a benchmark, or only lucky.

White's reality check and Hansen's test of superior predictive ability, over a stationary
bootstrap. Both look at the largest of the candidates' means; Hansen's divides each by its
standard error and doesn't let hopeless candidates blur the answer.

All a test keeps of a candidate are maxima, so candidates may come one by one, in any order and
on several threads or machines: `add_candidate` takes one in, ``np.maximum`` brings partial
maxima together, `p_values` reads the result. The bits are the same whatever the order.

References
----------
.. [1] White (2000), "A reality check for data snooping", Econometrica 68.
.. [2] Hansen (2005), "A test for superior predictive ability", Journal of Business & Economic
   Statistics 23.
"""

import math
from dataclasses import dataclass

import numpy as np

from nanobook.errors import RangeError, ValidationError
from nanobook.jit import njit, one_parallel_kernel, prange
from nanobook.panel.arrays import as_matrix, as_vector
from nanobook.panel.frames import is_series
from nanobook.statistics.bootstrap import (
    long_run_variance,
    resampled_means,
    stationary_bootstrap,
)

__all__ = [
    "SuperiorAbility",
    "add_candidate",
    "empty_maxima",
    "p_values",
    "superior_predictive_ability",
]

#: Rows of the maxima, and what `p_values` returns, in order.
REALITY_CHECK, LOWER, CONSISTENT, UPPER = range(4)

#: A candidate whose standard error is below this part of its typical size doesn't vary.
LEAST_VARIATION = 1e-12

#: Candidates are dealt to so many lanes, each with maxima of its own.
LANES = 16

#: From this many additions on, threads are worth waking.
WORTH_THREADS = 20_000_000


@dataclass(frozen=True)
class SuperiorAbility:
    """How likely so good a best candidate is where no candidate beats the benchmark.

    Parameters
    ----------
    reality_check : float
        White's p-value.
    lower, consistent, upper : float
        Hansen's p-values: `consistent` is the one to quote; the other two bound it. NaN where
        no candidate's returns differ from the benchmark's by more than a constant.
    reality_check_statistic : float
        The largest of the candidates' mean excess returns, times the root of `n_obs`.
    statistic : float
        The largest of them after division by its standard deviation.
    n_candidates, n_obs : int
        What was tested, and on how many observations.
    block_size : float
        The expected length of the bootstrap's blocks.
    reps : int
        Replications.
    seed : int
        What they were drawn from.
    """

    reality_check: float
    lower: float
    consistent: float
    upper: float
    reality_check_statistic: float
    statistic: float
    n_candidates: int
    n_obs: int
    block_size: float
    reps: int
    seed: int


def superior_predictive_ability(
    returns, benchmark=0.0, *, block_size=None, reps=1000, seed=0, studentize=True
):
    """Test whether the best of many candidates beats a benchmark by more than luck.

    Parameters
    ----------
    returns : array_like of shape (T, S) or DataFrame
        Returns per period, one column a candidate; finite. All candidates that were tried
        belong in it, or the test has nothing to allow for.
    benchmark : float or array_like of shape (T,), default 0.0
        Returns of the benchmark.
    block_size : float, optional
        The expected length of the bootstrap's blocks, by default the root of T, rounded down.
    reps : int, default 1000
        Replications; the smallest p-value that can be told from 0 is one over this.
    seed : int, default 0
        What the replications are drawn from.
    studentize : bool, default True
        Whether each candidate's mean is divided by its standard deviation, as Hansen does. A
        candidate without one (it never differs from the benchmark by more than a constant, say
        because it never trades) is then left out of Hansen's statistics.

    Returns
    -------
    SuperiorAbility
        Four p-values and what they were computed from.

    Raises
    ------
    ArgumentTypeError
        If `returns` isn't a matrix of numbers or `benchmark` neither a number nor a vector.
    ValidationError
        If there's a value that isn't finite, no column, or `benchmark` has another length.
    RangeError
        If there are fewer than three rows, no replications or a block size below 1.

    Notes
    -----
    ``arch.bootstrap.SPA`` (8.0) doesn't divide, whatever its `studentize` says. On the same
    replications its p-values are those of ``studentize=False``, and those of
    ``studentize=True`` if its losses are divided beforehand. As there, statistics aren't cut
    off at 0: where no candidate beats the benchmark, p-values are larger than with Hansen's cut,
    otherwise the same.

    References
    ----------
    .. [1] Hansen (2005), "A test for superior predictive ability": sections 2.2 to 2.4 have the
       statistic, the three p-values and the variance.
    .. [2] White (2000), "A reality check for data snooping".
    """
    excess = _excess(returns, benchmark)
    count, n_obs = excess.shape
    bootstrap = stationary_bootstrap(n_obs, block_size, reps, seed)
    maxima = np.full((LANES, 4, bootstrap.reps), -np.inf)
    observed = np.full((LANES, 2), -np.inf)
    work = count * (bootstrap.starts.size + 4 * n_obs)
    arguments = (
        *(excess, bootstrap.starts, bootstrap.lengths, bootstrap.offsets),
        *(bootstrap.block_size, bool(studentize), maxima, observed),
    )
    if work < WORTH_THREADS:
        _add_lanes(*arguments)
    else:
        with one_parallel_kernel:
            _add_lanes_parallel(*arguments)
    maxima, observed = maxima.max(axis=0), observed.max(axis=0)
    root = math.sqrt(n_obs)
    return SuperiorAbility(
        *p_values(maxima, observed).tolist(),
        reality_check_statistic=float(root * observed[0]),
        statistic=float(root * observed[1]) if observed[1] > -np.inf else math.nan,
        n_candidates=count,
        n_obs=n_obs,
        block_size=bootstrap.block_size,
        reps=bootstrap.reps,
        seed=bootstrap.seed,
    )


def _excess(returns, benchmark):
    """Return the candidates' returns over the benchmark, a row a candidate."""
    matrix = as_matrix("returns", returns)
    n_obs, count = matrix.shape
    if n_obs < 3:
        raise RangeError(f"returns must have at least 3 rows, got {n_obs}")
    if count < 1:
        raise ValidationError("returns must have at least one column, got none")
    if np.ndim(benchmark) or is_series(benchmark):
        benchmark = as_vector("benchmark", benchmark)
        if benchmark.size != n_obs:
            raise ValidationError(
                f"benchmark must have a value a row of returns, {n_obs}, got {benchmark.size}"
            )
        benchmark = benchmark[:, None]
    else:
        benchmark = as_vector("benchmark", [benchmark])
    for name, values in (("returns", matrix), ("benchmark", benchmark)):
        fine = np.isfinite(values)
        if not fine.all():
            where = np.unravel_index(np.argmin(fine), values.shape)
            raise ValidationError(f"{name} must be finite, got {values[where]} in row {where[0]}")
    return np.ascontiguousarray((matrix - benchmark).T)


def empty_maxima(reps):
    """Return the maxima and the observed statistics before any candidate is added.

    Parameters
    ----------
    reps : int
        Replications of the bootstrap.

    Returns
    -------
    maxima : ndarray of shape (4, reps)
        Minus infinity.
    observed : ndarray of shape (2,)
        Minus infinity.
    """
    return np.full((4, reps), -np.inf), np.full(2, -np.inf)


@njit
def add_candidate(
    excess, prefix, means, starts, lengths, offsets, block_size, studentize, maxima, observed
):
    """Take one candidate into the maxima and the observed statistics.

    ``excess`` holds its T returns over the benchmark, all finite. ``prefix`` (T + 1) and
    ``means`` (one a replication) are room to work in; starts, lengths, offsets and block size
    are the bootstrap's. ``maxima`` gets, a row each, the largest centred mean of every
    replication: White's, then Hansen's lower, consistent and upper; ``observed`` the largest
    mean itself, White's and Hansen's. Whether Hansen's are divided by standard deviations is
    told by ``studentize``; a candidate that doesn't vary is then left out of them.
    """
    n = excess.size
    resampled_means(excess, prefix, starts, lengths, offsets, means)
    mean = prefix[n] / n
    observed[0] = max(observed[0], mean)
    for b in range(means.size):
        maxima[REALITY_CHECK, b] = max(maxima[REALITY_CHECK, b], means[b] - mean)

    squares = 0.0
    for t in range(n):
        squares += excess[t] * excess[t]
    deviation = math.sqrt(max(long_run_variance(excess, mean, block_size), 0.0))
    scale = 1.0
    if studentize:
        if deviation <= LEAST_VARIATION * math.sqrt(squares / n):
            return
        scale = 1.0 / deviation
    observed[1] = max(observed[1], mean * scale)
    # Which candidates stand a chance: Hansen's threshold, by the law of the iterated logarithm.
    chance = math.sqrt(2.0 * math.log(math.log(n)) / n) if n > 2 else 0.0
    hopeless = mean < -deviation * chance
    lower = max(mean, 0.0) * scale
    consistent = 0.0 if hopeless else mean * scale
    upper = mean * scale
    for b in range(means.size):
        value = means[b] * scale
        maxima[LOWER, b] = max(maxima[LOWER, b], value - lower)
        maxima[CONSISTENT, b] = max(maxima[CONSISTENT, b], value - consistent)
        maxima[UPPER, b] = max(maxima[UPPER, b], value - upper)


@njit
def _add_lane(lane, excess, starts, lengths, offsets, block_size, studentize, maxima, observed):
    """Add every candidate dealt to one lane."""
    prefix = np.empty(excess.shape[1] + 1)
    means = np.empty(maxima.shape[2])
    for s in range(lane, excess.shape[0], maxima.shape[0]):
        add_candidate(
            *(excess[s], prefix, means, starts, lengths, offsets),
            *(block_size, studentize, maxima[lane], observed[lane]),
        )


@njit
def _add_lanes(excess, starts, lengths, offsets, block_size, studentize, maxima, observed):
    """Add the rows of ``excess`` to the maxima of their lanes."""
    for lane in range(maxima.shape[0]):
        _add_lane(lane, excess, starts, lengths, offsets, block_size, studentize, maxima, observed)


@njit(parallel=True)
def _add_lanes_parallel(excess, starts, lengths, offsets, block_size, studentize, maxima, observed):
    """Do what `_add_lanes` does on all threads."""
    for i in prange(maxima.shape[0]):
        lane = np.int64(i)  # prange counts in uint64
        _add_lane(lane, excess, starts, lengths, offsets, block_size, studentize, maxima, observed)


def p_values(maxima, observed):
    """Return the share of replications whose best is better than the observed best.

    Parameters
    ----------
    maxima : ndarray of shape (4, reps)
        What `add_candidate` made of all candidates.
    observed : ndarray of shape (2,)
        As well.

    Returns
    -------
    ndarray of shape (4,)
        White's reality check, then Hansen's lower, consistent and upper; NaN where no candidate
        was added, or none that varies.
    """
    thresholds = np.array([observed[0], observed[1], observed[1], observed[1]])
    shares = (maxima > thresholds[:, None]).mean(axis=1)
    return np.where(thresholds > -np.inf, shares, np.nan)
