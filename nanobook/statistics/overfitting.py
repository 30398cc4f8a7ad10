"""The probability that the best backtest of many is worse than the median one afterwards."""

import itertools
from dataclasses import dataclass

import numpy as np

from nanobook.errors import RangeError, ValidationError
from nanobook.jit import one_parallel_kernel
from nanobook.panel.arrays import as_integer, as_matrix
from nanobook.statistics.cscv import (
    add_block_sums,
    block_edges,
    judge_splits,
    judge_splits_parallel,
)

__all__ = ["Overfitting", "pbo_from_sums", "probability_of_overfitting"]

#: More blocks than this make more splits than anyone waits for: 184,756 at 20.
MOST_BLOCKS = 20

#: From this many Sharpe ratios on, threads are worth waking.
WORTH_THREADS = 8_000_000


@dataclass(frozen=True, eq=False)
class Overfitting:
    """What choosing the best candidate in half of the time was worth in the other half.

    Attributes that are arrays have an entry a split: every way to choose half of the blocks,
    in the order of `itertools.combinations`.

    Parameters
    ----------
    probability : float
        The share of splits whose logit isn't above 0: the candidate that was best inside is no
        better than the median outside.
    logits : ndarray
        ``log(w / (1 - w))``, where w is the rank outside of the one chosen inside, over one
        more than the number of candidates; the best has the highest rank.
    chosen : ndarray of int64
        The candidate that was best inside; of several, the first.
    in_sample, out_of_sample : ndarray
        Its Sharpe ratio per period in the half it was chosen in, and in the other.
    probability_of_loss : float
        The share of splits in which the one chosen has a Sharpe ratio below 0 outside.
    n_candidates, blocks : int
        What was compared, over how many blocks of time.
    """

    probability: float
    logits: np.ndarray
    chosen: np.ndarray
    in_sample: np.ndarray
    out_of_sample: np.ndarray
    probability_of_loss: float
    n_candidates: int
    blocks: int

    @property
    def degradation(self):
        """The slope of the performance outside over that inside; NaN if the latter is constant.

        Below 0 the better a choice looked, the worse it did.
        """
        x = self.in_sample - self.in_sample.mean()
        y = self.out_of_sample - self.out_of_sample.mean()
        spread = float(x @ x)
        return float(x @ y) / spread if spread > 0.0 else float("nan")


def probability_of_overfitting(returns, *, blocks=16):
    """Return the probability of backtest overfitting of a set of candidates.

    Time is cut into blocks. For every way to take half of them, the candidate with the highest
    Sharpe ratio in that half is looked up in the other half.

    Parameters
    ----------
    returns : array_like of shape (T, S) or DataFrame
        Returns per period, one column a candidate; NaN where it has none. All candidates that
        were tried belong in it.
    blocks : int, default 16
        Number of blocks, even, 2 to 20; 16 make 12,870 splits.

    Returns
    -------
    Overfitting
        The probability, and what happened in every split.

    Raises
    ------
    ArgumentTypeError
        If `returns` isn't a matrix of numbers or `blocks` not an integer.
    ValidationError
        If `blocks` is odd or a return infinite.
    RangeError
        If there are fewer than two candidates, fewer rows than blocks, or `blocks` lies outside
        its range.

    See Also
    --------
    pbo_from_sums : The same from sums per block, where the returns aren't kept.

    Notes
    -----
    Ties: candidates of equal performance outside share the mean of their ranks, so that the
    middle of three equals has the logit 0, and counts as overfit; identical candidates have the
    probability 1. Of candidates of equal performance inside the first is chosen. A candidate
    with fewer than two returns in a half, or returns that don't vary, has the Sharpe ratio 0
    there, as everywhere in nanobook.

    References
    ----------
    .. [1] Bailey, Borwein, Lopez de Prado, Zhu (2015), "The probability of backtest
       overfitting", section 3.
    """
    matrix = as_matrix("returns", returns)
    blocks = _as_blocks(blocks)
    n_obs, candidates = matrix.shape
    if n_obs < blocks:
        raise RangeError(f"returns must have a row a block, at least {blocks}, got {n_obs}")
    if np.isinf(matrix).any():
        raise ValidationError("returns must be finite or NaN, got an infinite one")
    edges = block_edges(n_obs, blocks)
    parts = np.empty((3, candidates, blocks))
    for s, column in enumerate(np.ascontiguousarray(matrix.T)):
        add_block_sums(column, edges, parts[0, s], parts[1, s], parts[2, s])
    return pbo_from_sums(*parts)


def pbo_from_sums(counts, sums, squares):
    """Return the probability of backtest overfitting from sums over blocks of time.

    Parameters
    ----------
    counts : array_like of shape (S, K)
        Number of returns of each candidate in each block; K even, 2 to 20.
    sums : array_like of shape (S, K)
        Their sum.
    squares : array_like of shape (S, K)
        The sum of their squares.

    Returns
    -------
    Overfitting
        The probability, and what happened in every split.

    Raises
    ------
    ArgumentTypeError
        If an argument isn't a matrix of numbers.
    ValidationError
        If shapes differ, K is odd, or a value isn't finite.
    RangeError
        If there are fewer than two candidates, or K lies outside its range.

    References
    ----------
    .. [1] Bailey, Borwein, Lopez de Prado, Zhu (2015), "The probability of backtest
       overfitting", section 3.
    """
    named = {"counts": counts, "sums": sums, "squares": squares}
    parts = [as_matrix(name, values) for name, values in named.items()]
    candidates, blocks = parts[0].shape
    for name, part in zip(named, parts, strict=True):
        if part.shape != (candidates, blocks):
            raise ValidationError(
                f"{name} must have the shape of counts, {parts[0].shape}, got {part.shape}"
            )
        if not np.isfinite(part).all():
            raise ValidationError(f"{name} must be finite, but holds NaN or an infinity")
    _as_blocks(blocks)
    if candidates < 2:
        raise RangeError(
            f"choosing among candidates takes at least 2 of them, got {candidates}: "
            "a single one has no probability of overfitting"
        )
    stacked = np.empty((3, blocks, candidates))
    for at, part in enumerate(parts):
        stacked[at] = part.T
    halves, mirrors = _halves(blocks)
    splits = 2 * len(halves)
    chosen, performance = np.empty(splits, dtype=np.int64), np.empty((2, splits))
    logits = np.empty(splits)
    arguments = (stacked, halves, mirrors, chosen, performance, logits)
    if splits * candidates < WORTH_THREADS:
        judge_splits(*arguments)
    else:
        with one_parallel_kernel:
            judge_splits_parallel(*arguments)
    return Overfitting(
        probability=float((logits <= 0.0).mean()),
        logits=logits,
        chosen=chosen,
        in_sample=performance[0],
        out_of_sample=performance[1],
        probability_of_loss=float((performance[1] < 0.0).mean()),
        n_candidates=candidates,
        blocks=blocks,
    )


def _as_blocks(blocks):
    """Return the number of blocks, if it's one that can be halved."""
    blocks = as_integer("blocks", blocks, least=2, most=MOST_BLOCKS)
    if blocks % 2:
        raise ValidationError(f"blocks must be even, got {blocks}")
    return blocks


def _halves(blocks):
    """Return the halves with block 0 in the order of combinations, and what each leaves.

    Combinations without block 0 are the mirror images of those with it, in reverse order.
    """
    rest = itertools.combinations(range(1, blocks), blocks // 2 - 1)
    halves = np.array([(0, *others) for others in rest], dtype=np.int64)
    left = np.ones((len(halves), blocks), dtype=bool)
    np.put_along_axis(left, halves, False, axis=1)
    return halves, np.nonzero(left)[1].astype(np.int64).reshape(halves.shape)
