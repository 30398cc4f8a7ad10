"""Combinatorially symmetric cross-validation: every way to cut time into two halves of blocks.

All that a half's Sharpe ratio needs are sums over its blocks, so a candidate is three numbers a
block and its returns can be forgotten. A split and its mirror image, in which the halves
change places, are judged together: they need the same Sharpe ratios.

References
----------
.. [1] Bailey, Borwein, Lopez de Prado, Zhu (2015), "The probability of backtest overfitting",
   Journal of Computational Finance 20.
"""

import math

import numpy as np

from nanobook.jit import njit, prange

__all__ = [
    "add_block_sums",
    "block_edges",
    "judge_splits",
    "judge_splits_parallel",
]

#: Candidates worked on at a time, so that their sums stay in the fastest cache.
TILE = 256

#: Pairs of splits judged together, so that the sums of all candidates are read once for them.
GROUP = 8

#: A sum of squared deviations below this part of the sum of squares is rounding.
LEAST_VARIATION = 1e-12


def block_edges(n_obs, blocks):
    """Return where blocks of equal length, but for a bar, begin and end.

    Parameters
    ----------
    n_obs : int
        Bars.
    blocks : int
        Number of blocks.

    Returns
    -------
    ndarray of int64 of shape (blocks + 1,)
        Block ``k`` is the bars from ``edges[k]`` until before ``edges[k + 1]``.
    """
    return np.arange(blocks + 1, dtype=np.int64) * n_obs // blocks


@njit
def add_block_sums(returns, edges, counts, sums, squares):
    """Fill a candidate's number of returns, their sum and sum of squares, block by block.

    NaN is no return. All three have one entry a block.
    """
    for k in range(edges.size - 1):
        count, total, square = 0, 0.0, 0.0
        for t in range(edges[k], edges[k + 1]):
            r = returns[t]
            if r == r:
                count += 1
                total += r
                square += r * r
        counts[k], sums[k], squares[k] = count, total, square


@njit
def _half_sharpes(blocks, half, first, last, work, out):
    """Fill ``out[first:last]`` with the candidates' Sharpe ratios over half of the blocks.

    ``blocks`` holds counts, sums and squares, (3, K, S). A candidate with fewer than two
    returns in the half, or whose returns don't vary in it, has the Sharpe ratio 0.
    """
    width = last - first
    for part in range(3):
        target = work[part]
        source = blocks[part, half[0]]
        for j in range(width):
            target[j] = source[first + j]
        for i in range(1, half.size):
            source = blocks[part, half[i]]
            for j in range(width):
                target[j] += source[first + j]
    count, total, square = work[0], work[1], work[2]
    for j in range(width):
        mean = total[j] / count[j]
        deviations = square[j] - total[j] * mean
        sharpe = mean * math.sqrt((count[j] - 1.0) / deviations)
        varies = (count[j] > 1.0) & (deviations > LEAST_VARIATION * square[j])
        out[first + j] = sharpe if varies else 0.0


@njit
def _judge(inside, outside, split, chosen, performance, logits):
    """Choose the candidate that is best inside and rank it outside."""
    best = 0
    for s in range(inside.size):
        if inside[s] > inside[best]:
            best = s
    mine = outside[best]
    below = same = 0
    for s in range(outside.size):
        below += outside[s] < mine
        same += outside[s] == mine
    rank = below + 0.5 * (same + 1)
    chosen[split] = best
    performance[0, split], performance[1, split] = inside[best], mine
    logits[split] = math.log(rank / (outside.size + 1 - rank))


@njit
def _judge_group(group, blocks, halves, mirrors, chosen, performance, logits):
    """Judge a group of pairs of splits."""
    candidates = blocks.shape[2]
    begin, end = group * GROUP, min(group * GROUP + GROUP, halves.shape[0])
    work = np.empty((3, TILE))
    sharpes = np.empty((2 * GROUP, candidates))
    for first in range(0, candidates, TILE):
        last = min(first + TILE, candidates)
        for pair in range(begin, end):
            at = 2 * (pair - begin)
            _half_sharpes(blocks, halves[pair], first, last, work, sharpes[at])
            _half_sharpes(blocks, mirrors[pair], first, last, work, sharpes[at + 1])
    for pair in range(begin, end):
        one, other = sharpes[2 * (pair - begin)], sharpes[2 * (pair - begin) + 1]
        _judge(one, other, pair, chosen, performance, logits)
        _judge(other, one, chosen.size - 1 - pair, chosen, performance, logits)


@njit
def judge_splits(blocks, halves, mirrors, chosen, performance, logits):
    """Fill the choice, its performance inside and outside and its logit, for every split.

    ``blocks`` holds counts, sums and squares, (3, K, S). ``halves`` (P, K/2) lists the blocks
    inside for the first half of the splits, ``mirrors`` those outside; in the second half of
    the splits, counted from the end, they change places.
    """
    for group in range((halves.shape[0] + GROUP - 1) // GROUP):
        _judge_group(group, blocks, halves, mirrors, chosen, performance, logits)


@njit(parallel=True)
def judge_splits_parallel(blocks, halves, mirrors, chosen, performance, logits):
    """Do what `judge_splits` does, with the same bits, on all threads."""
    for i in prange((halves.shape[0] + GROUP - 1) // GROUP):
        group = np.int64(i)  # prange counts in uint64
        _judge_group(group, blocks, halves, mirrors, chosen, performance, logits)
