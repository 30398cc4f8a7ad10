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
TILE = 128

#: Pairs of splits judged together, so that the sums of all candidates are read once for them.
GROUP = 16

#: Squared deviations below this part of the squares are rounding.
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
def _stack_sums(blocks, half, level, first, last, stack):
    """Fill the levels of ``stack`` from ``level`` on: level i has the sums of i + 1 blocks.

    Halves that follow each other begin with the same blocks, and what those add up to stays.
    Blocks are always added in their order, so the bits don't depend on what stayed.
    """
    for i in range(level, half.size):
        for part in range(3):
            more = blocks[part, half[i], first:last]
            target = stack[i, part, : more.size]
            if i == 0:
                for j in range(more.size):
                    target[j] = more[j]
            else:
                below = stack[i - 1, part, : more.size]
                for j in range(more.size):
                    target[j] = below[j] + more[j]


@njit
def _sharpes(sums, out):
    """Fill ``out`` with Sharpe ratios from rows of counts, sums and sums of squares.

    It's 0 for a candidate with fewer than two returns, or whose returns don't vary.
    """
    count, total, square = sums[0, : out.size], sums[1, : out.size], sums[2, : out.size]
    for j in range(out.size):
        squares = count[j] * square[j]
        deviations = squares - total[j] * total[j]
        sharpe = total[j] * np.sqrt((count[j] - 1.0) / (count[j] * deviations))
        out[j] = sharpe if deviations > LEAST_VARIATION * squares else 0.0


@njit
def _first_difference(halves, row, begin):
    """Return where a row of ``halves`` departs from the row before it; 0 for row ``begin``."""
    if row == begin:
        return 0
    at = 0
    while halves[row, at] == halves[row - 1, at]:
        at += 1
    return at


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
    stack = np.empty((halves.shape[1], 3, TILE))
    sharpes = np.empty((2, GROUP, candidates))
    for first in range(0, candidates, TILE):
        last = min(first + TILE, candidates)
        for side in range(2):
            rows = halves if side == 0 else mirrors
            for pair in range(begin, end):
                level = _first_difference(rows, pair, begin)
                _stack_sums(blocks, rows[pair], level, first, last, stack)
                _sharpes(stack[-1], sharpes[side, pair - begin, first:last])
    for pair in range(begin, end):
        one, other = sharpes[0, pair - begin], sharpes[1, pair - begin]
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
