"""Stationary bootstrap: resampling a series in blocks, and the blocks kept instead of the bars.

A replication is a few dozen blocks, not thousands of indices. With a running sum of the series
a block's sum is one difference, so the mean of a replication costs as much as it has blocks.

References
----------
.. [1] Politis, Romano (1994), "The stationary bootstrap", Journal of the American Statistical
   Association 89: blocks of geometric length at random places of the series bent to a circle;
   section 3 has the variance.
"""

import math
from dataclasses import dataclass

import numpy as np

from nanobook.jit import njit
from nanobook.panel.arrays import as_count, as_float, as_integer

__all__ = [
    "StationaryBootstrap",
    "long_run_variance",
    "resampled_means",
    "stationary_bootstrap",
]

#: A weight below this counts as nothing: products of it would be denormal, which is slow.
SMALLEST_WEIGHT = 1e-290

#: Blocks drawn in one go, which bounds the memory that drawing takes.
DRAWN_AT_ONCE = 2**20


@dataclass(frozen=True, eq=False)
class StationaryBootstrap:
    """Replications of a series of `n_obs` observations, as blocks.

    Replication ``b`` puts one after the other the blocks ``offsets[b]`` to ``offsets[b + 1]``,
    of which block ``i`` is ``series[starts[i] : starts[i] + lengths[i]]``. A block that runs
    over the end of the series goes on at its beginning, and is kept as two.

    Parameters
    ----------
    n_obs : int
        Observations of the series, and of each replication.
    block_size : float
        The expected length of a block.
    reps : int
        Number of replications.
    seed : int
        What the draws came from.
    starts, lengths : ndarray of int64
        The blocks.
    offsets : ndarray of int64 of shape (reps + 1,)
        Where each replication's blocks begin.
    """

    n_obs: int
    block_size: float
    reps: int
    seed: int
    starts: np.ndarray
    lengths: np.ndarray
    offsets: np.ndarray

    def indices(self, rep):
        """Return the observations that a replication consists of.

        Parameters
        ----------
        rep : int
            The replication, from 0.

        Returns
        -------
        ndarray of int64 of shape (n_obs,)
            Positions in the series; some stand more than once.

        Raises
        ------
        RangeError
            If there's no such replication.
        """
        rep = as_integer("rep", rep, least=0, most=self.reps - 1)
        blocks = slice(self.offsets[rep], self.offsets[rep + 1])
        starts, lengths = self.starts[blocks], self.lengths[blocks]
        ends = np.cumsum(lengths)
        return np.repeat(starts - ends + lengths, lengths) + np.arange(self.n_obs)


def stationary_bootstrap(n_obs, block_size=None, reps=1000, seed=0):
    """Draw the blocks of a stationary bootstrap.

    Parameters
    ----------
    n_obs : int
        Observations of the series.
    block_size : float, optional
        The expected length of a block, from 1, which draws every observation by itself. By
        default the root of `n_obs`, rounded down.
    reps : int, default 1000
        Number of replications.
    seed : int, default 0
        The same seed gives the same draws.

    Returns
    -------
    StationaryBootstrap
        The replications, at about ``16 * n_obs / block_size`` bytes each.

    Raises
    ------
    ArgumentTypeError
        If a count isn't an integer or the block size not a number.
    RangeError
        If there are no observations, no replications, or the block size is below 1.

    References
    ----------
    .. [1] Politis, Romano (1994), "The stationary bootstrap".

    Examples
    --------
    >>> stationary_bootstrap(5, 2, reps=1).indices(0)
    array([3, 4, 4, 2, 3])
    """
    n_obs = as_count("n_obs", n_obs, least=1)
    reps = as_count("reps", reps, least=1)
    seed = as_count("seed", seed)
    if block_size is None:
        block_size = math.isqrt(n_obs)
    block_size = as_float("block_size", block_size, least=1)
    expected = n_obs / block_size
    columns = min(n_obs, math.ceil(expected + 6.0 * math.sqrt(expected) + 10.0))
    rows = max(1, DRAWN_AT_ONCE // columns)
    generator = np.random.default_rng(seed)
    # The chance that a block is no longer than 1, 2, ... bars, by products rather than logarithms
    # so that every machine has the same bits.
    shorter = 1.0 - np.cumprod(np.full(n_obs - 1, 1.0 - 1.0 / block_size))
    parts = [
        _draw_blocks(generator, n_obs, shorter, min(rows, reps - done), columns)
        for done in range(0, reps, rows)
    ]
    starts, lengths, counts = (np.concatenate(part) for part in zip(*parts, strict=True))
    offsets = np.zeros(reps + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return StationaryBootstrap(n_obs, block_size, reps, seed, starts, lengths, offsets)


def _draw_blocks(generator, n_obs, shorter, reps, columns):
    """Return starts and lengths of the blocks of some replications, and how many each has."""
    lengths = np.empty((reps, 0), dtype=np.int64)
    while lengths.shape[1] == 0 or (lengths.sum(axis=1) < n_obs).any():
        drawn = 1 + np.searchsorted(shorter, generator.random((reps, columns)), side="right")
        lengths = np.concatenate([lengths, drawn], axis=1)
    lengths = np.diff(np.minimum(np.cumsum(lengths, axis=1), n_obs), axis=1, prepend=0)
    starts = generator.integers(n_obs, size=lengths.shape)
    beyond = np.maximum(starts + lengths - n_obs, 0)
    pieces = np.stack([lengths - beyond, beyond], axis=2)
    starts = np.stack([starts, np.zeros_like(starts)], axis=2)
    kept = pieces > 0
    return starts[kept], pieces[kept], kept.sum(axis=(1, 2))


@njit
def resampled_means(series, prefix, starts, lengths, offsets, out):
    """Fill ``out[b]`` with the mean of replication ``b`` of a series.

    ``prefix``, one longer than the series, is filled with its running sums, from 0.
    """
    n = series.size
    prefix[0] = 0.0
    for t in range(n):
        prefix[t + 1] = prefix[t] + series[t]
    for b in range(out.size):
        even = odd = 0.0  # two sums, since an addition waits for the one before it
        i, end = offsets[b], offsets[b + 1]
        while i + 1 < end:
            first, second = starts[i], starts[i + 1]
            even += prefix[first + lengths[i]] - prefix[first]
            odd += prefix[second + lengths[i + 1]] - prefix[second]
            i += 2
        if i < end:
            even += prefix[starts[i] + lengths[i]] - prefix[starts[i]]
        out[b] = (even + odd) / n


@njit
def long_run_variance(series, mean, block_size):
    """Return the variance of ``sqrt(T)`` times a replication's mean, given the series.

    With a = 1 - 1 / block_size it's the sum over all lags i of autocovariances at the weight
    ``(1 - i/T) a**i + (i/T) a**(T - i)``, twice but for lag 0. One walk from the end suffices:
    what follows an observation is held in two sums that decay, and what comes round the end
    of the circle in two that don't.
    """
    n = series.size
    decay = 1.0 - 1.0 / block_size
    near = near_by_lag = 0.0  # sums over i of a**i x[t+i], and of i a**i x[t+i]
    far = far_by_lag = 0.0  # sums over u > t of a**(n-u) x[u], and of (u-t) a**(n-u) x[u]
    weight = 1.0
    squares = straight = round_the_end = after = 0.0
    for t in range(n - 1, -1, -1):
        x = series[t] - mean
        near = decay * (near + after)
        near_by_lag = decay * near_by_lag + near
        far_by_lag += far
        squares += x * x
        straight += x * (near - near_by_lag / n)
        round_the_end = round_the_end * decay + x * far_by_lag
        weight *= decay
        if weight < SMALLEST_WEIGHT:
            weight = 0.0
        far += weight * x
        after = x
    return (squares + 2.0 * (straight + round_the_end / n)) / n
