"""Candidates over a panel of returns: which rows decide, who shares moments, kernels called."""

from contextlib import nullcontext
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import one_parallel_kernel
from nanobook.optimize.blas import one_blas_thread
from nanobook.optimize.candidates import (
    AVERSION,
    COVARIANCE,
    DECAY,
    HALF_LIFE,
    LEVEL,
    MEAN,
    METHOD,
    METHODS,
    NEED,
    RUNNING,
    SHRINKAGE,
    TAIL_METHODS,
    WINDOW,
    read_candidates,
)
from nanobook.optimize.certificate import COMPUTED, FIELDS, OPTIMAL, STATUS
from nanobook.optimize.estimators import CALL_LAPACK, COVARIANCES
from nanobook.optimize.inputs import Labels
from nanobook.optimize.universe import streaks
from nanobook.panel.frames import read_table
from nanobook.panel.rebalance import decision_bars
from nanobook.progress import progress_bar

__all__ = ["Panel", "run_candidates"]

_NAMES = list(METHODS)
_LAPACK_CODES = [COVARIANCES.index(name) for name in CALL_LAPACK]

#: Lanes between two steps of the progress bar.
_LANES_AT_ONCE = 64

#: Dates that tail programmes are solved one after the other: a cold start costs many warm ones.
_TAIL_DATES = 32

#: Candidates of tail programmes between two steps.
_SETTINGS_AT_ONCE = 8


class Panel(NamedTuple):
    """A panel's labels, and the rows whose weights are made."""

    bars: int
    rows: np.ndarray  # (D,) row numbers
    index: object  # None for an array
    columns: object

    @property
    def dates(self):
        """The deciding rows' labels."""
        return self.rows if self.index is None else self.index[self.rows]


def run_candidates(returns, fixed, axes, rebalance, progress):
    """Solve every candidate at every deciding date.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N)
        Returns; NaN where there's none.
    fixed : dict
        What candidates share; None for a default.
    axes : list of dict
        What each has of its own.
    rebalance : str or int
        Which rows decide.
    progress : bool or None
        Whether a bar is shown.

    Returns
    -------
    panel : Panel
        The deciding rows.
    params : list of dict
        The candidates' own parameters.
    weights : ndarray of shape (S, D, N)
        NaN where a solve failed.
    numbers : ndarray of shape (S, D, FIELDS)
        The certificates.

    Raises
    ------
    ValidationError
        If returns aren't a sorted panel of finite numbers and NaNs, an option isn't right, or no
        row decides.
    """
    matrix, index, columns = read_table("returns", returns)
    if np.isinf(matrix).any():
        raise ValidationError("returns must be finite, or NaN where there are none; got infinity")
    names = range(matrix.shape[1]) if columns is None else columns
    labels = Labels(matrix.shape[1], names, "array")
    fixed = {name: value for name, value in fixed.items() if value is not None}
    candidates = read_candidates(labels, fixed, axes)
    settings = candidates.settings
    first = int(settings[:, NEED].max()) - 1
    decides = decision_bars(rebalance, index, len(matrix))
    rows = np.arange(len(matrix)) if decides is None else np.flatnonzero(decides)
    rows = rows[rows >= first]
    if not rows.size:
        raise ValidationError(
            f"returns must have a deciding row after {first + 1} rows, got {len(matrix)} rows and "
            f"rebalance={rebalance!r}"
        )
    panel = Panel(len(matrix), rows, index, names)
    weights = np.full((len(axes), rows.size, matrix.shape[1]), np.nan)
    numbers = np.full((len(axes), rows.size, FIELDS), np.nan)
    streak = np.empty(matrix.shape, dtype=np.int64)
    streaks(matrix, streak)
    tails = np.isin(settings[:, METHOD], [_NAMES.index(name) for name in TAIL_METHODS])
    bar = progress_bar(weights.shape[0] * rows.size, progress, unit=" solves", desc="weights")
    try:
        given = matrix, streak, rows + 1, candidates
        _run_moments(*given, np.flatnonzero(~tails), weights, numbers, bar)
        _run_tails(*given, np.flatnonzero(tails), weights, numbers, bar)
    finally:
        bar.close()
    return panel, axes, weights, numbers


def _run_moments(matrix, streak, ends, candidates, chosen, weights, numbers, bar):
    """Run the candidates whose methods need no more than moments, one method after the other."""
    if not chosen.size:
        return
    from nanobook.optimize.methods import estimator_pointer, method_pointer
    from nanobook.optimize.roll_moments import roll_moments

    keys = candidates.settings[chosen]
    keys = keys[:, [METHOD, RUNNING, WINDOW, NEED, DECAY, COVARIANCE, MEAN, HALF_LIFE, SHRINKAGE]]
    keys = np.nan_to_num(keys, nan=-1.0)
    order = np.lexsort(keys.T[::-1])  # candidates that share anything stand together
    keys, chosen = keys[order], chosen[order]
    table = candidates.settings, candidates.lower, candidates.upper, candidates.budgets
    table = [np.ascontiguousarray(part[chosen]) for part in table]
    groups = [*_changes(keys[:, :5]), len(chosen)]
    done = 0
    for first, last in pairwise([*_changes(keys[:, :2]), len(chosen)]):
        shared = [group for group in groups if first <= group <= last]
        lanes = np.array(
            [(*group, *dates) for group in pairwise(shared) for dates in _chunks(ends.size)]
        )
        pointers = (
            method_pointer(_NAMES[int(keys[first, 0])]),
            estimator_pointer(keys[first, 1] == 1),
        )
        lapack = keys[first, 1] == 0 and np.isin(keys[first:last, 5], _LAPACK_CODES).any()
        with one_blas_thread() if lapack else nullcontext():
            for lane in range(0, len(lanes), _LANES_AT_ONCE):
                batch = lanes[lane : lane + _LANES_AT_ONCE]
                with one_parallel_kernel:
                    roll_moments(
                        *pointers, matrix, streak, ends, batch, chosen, *table, weights, numbers
                    )
                done += int(((batch[:, 1] - batch[:, 0]) * (batch[:, 3] - batch[:, 2])).sum())
                bar.show(done)


def _changes(keys):
    """Return the rows that aren't as the one before, the first among them."""
    return np.flatnonzero(np.append(True, (keys[1:] != keys[:-1]).any(axis=1))).tolist()


def _chunks(dates):
    """Return ranges of dates that one lane solves, whatever the number of threads."""
    size = min(max(-(-dates // 64), 8), 64)
    return list(pairwise([*range(0, dates, size), dates]))


def _run_tails(matrix, streak, ends, candidates, chosen, weights, numbers, bar):
    """Run the candidates whose methods look at the returns themselves, window by window."""
    if not chosen.size:
        return
    from nanobook.optimize.roll_inverse_tails import roll_inverse_tails

    keys = candidates.settings[chosen][:, [WINDOW, NEED]]
    order = np.lexsort(keys.T[::-1])
    keys, chosen = keys[order], chosen[order]
    before = bar.position
    for first, last in pairwise([*_changes(keys), len(chosen)]):
        group = chosen[first:last]
        window, need = keys[first].astype(np.int64)
        begins = np.maximum(ends - window, 0) if window else np.zeros_like(ends)
        names = np.array([_NAMES[int(code)] for code in candidates.settings[group, METHOD]])
        rules = np.isin(names, ("inverse_cvar", "inverse_cdar"))
        if rules.any():
            alphas = candidates.settings[group[rules], LEVEL]
            of_drawdowns = names[rules] == "inverse_cdar"
            roll_inverse_tails(
                matrix, streak, ends, window, need, of_drawdowns, alphas, group[rules],
                weights, numbers,
            )  # fmt: skip
        present = streak[ends - 1] >= need
        for some in np.array_split(group[~rules], -(-(~rules).sum() // _SETTINGS_AT_ONCE) or 1):
            if some.size:
                _run_programmes(matrix, begins, ends, present, candidates, some, weights, numbers)
                before += some.size * ends.size
                bar.show(before)


def _run_programmes(matrix, begins, ends, present, candidates, group, weights, numbers):
    """Run the tail programmes of one window; dates with gaps go one at a time, gaps left out."""
    from nanobook.optimize.rolling_tails import CDAR, CVAR, MEAN_CVAR, roll_tails
    from nanobook.optimize.tail_conditions import fill_conditions

    kinds = {"cvar": CVAR, "cdar": CDAR, "mean_cvar": MEAN_CVAR}
    settings = candidates.settings[group]
    table = (
        np.array([kinds[_NAMES[int(code)]] for code in settings[:, METHOD]], dtype=np.int64),
        np.ascontiguousarray(settings[:, LEVEL]),
        np.ascontiguousarray(settings[:, AVERSION]),
        np.ascontiguousarray(candidates.lower[group]),
        np.ascontiguousarray(candidates.upper[group]),
    )
    missing = np.concatenate([np.zeros((1, matrix.shape[1])), np.isnan(matrix).cumsum(axis=0)])
    gaps = ((missing[ends] - missing[begins]) * present).any(axis=1)
    solved = np.full((len(group), ends.size, matrix.shape[1]), np.nan)
    figures = np.full((len(group), ends.size, FIELDS), np.nan)

    def run(returns, begins, ends, present, weights, numbers):
        roll_tails(
            returns, begins, ends, present.astype(np.uint8), *table, _TAIL_DATES,
            weights, numbers,
        )  # fmt: skip

    whole = np.flatnonzero(~gaps)
    if whole.size:
        parts = solved[:, whole], figures[:, whole]  # copies
        run(matrix, begins[whole], ends[whole], present[whole], *parts)
        solved[:, whole], figures[:, whole] = parts
    for d in np.flatnonzero(gaps):
        rows = matrix[begins[d] : ends[d]]
        rows = np.ascontiguousarray(rows[~np.isnan(rows[:, present[d]]).any(axis=1)])
        parts = solved[:, [d]], figures[:, [d]]
        run(rows, np.zeros(1, np.int64), np.array([len(rows)]), present[[d]], *parts)
        solved[:, [d]], figures[:, [d]] = parts
    fine = np.isin(figures[:, :, STATUS], (OPTIMAL, COMPUTED))
    solved[~fine] = np.nan
    solved[fine[:, :, None] & np.isnan(solved)] = 0.0
    fill_conditions(matrix, begins, ends, solved, figures)
    weights[group], numbers[group] = solved, figures
