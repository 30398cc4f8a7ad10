"""Weights from moments, for every date and candidate: one lane a group of candidates and dates."""

import numpy as np

from nanobook.jit import njit, prange
from nanobook.optimize.candidates import (
    COVARIANCE,
    DECAY,
    HALF_LIFE,
    MEAN,
    NEED,
    RUNNING,
    SHRINKAGE,
    WINDOW,
)
from nanobook.optimize.certificate import COMPUTED, FIELDS, OPTIMAL, STATUS, TOO_FEW
from nanobook.optimize.running import add_row, begin_sums, moments_of, remove_row
from nanobook.optimize.universe import find_members, gather_rows

__all__ = ["roll_moments"]


@njit(parallel=True)
def roll_moments(
    solve,
    estimate,
    returns,
    streak,
    ends,
    lanes,
    order,
    settings,
    lower,
    upper,
    budgets,
    weights,
    numbers,
):
    """Fill ``weights`` (S, D, N) and ``numbers`` (S, D, FIELDS), one prange step a lane.

    A row of ``lanes`` is a range of candidates, which share a window, and a range of dates;
    ``order`` says which candidate of the output a row of the tables is. ``solve`` and ``estimate``
    are the pointers of `nanobook.optimize.methods`.
    """
    for lane in prange(lanes.shape[0]):
        _roll_lane(
            solve, estimate, returns, streak, ends, lanes[np.int64(lane)], order, settings, lower,
            upper, budgets, weights, numbers,
        )  # fmt: skip


@njit
def _roll_lane(
    solve,
    estimate,
    returns,
    streak,
    ends,
    lane,
    order,
    settings,
    lower,
    upper,
    budgets,
    weights,
    numbers,
):
    first, last = lane[0], lane[1]
    assets = returns.shape[1]
    window, need = np.int64(settings[first, WINDOW]), np.int64(settings[first, NEED])
    runs, decay = settings[first, RUNNING] == 1.0, settings[first, DECAY]
    members = np.full(assets, -1, dtype=np.int64)
    size = 0
    # Made anew where the members change.
    reference, sums, mean = np.empty(0), np.empty(0), np.empty(0)
    products, covariance = np.empty((0, 0)), np.empty((0, 0))
    low, high, budget = np.empty(0), np.empty(0), np.empty(0)
    rows = np.empty((0, 0))
    row = np.empty((1, 0))
    sides = np.empty((0, 0), dtype=np.int8)
    warm = np.empty((0, 0))
    totals, figures = np.zeros(2), np.empty(FIELDS)
    begin_before, end_before, counted = 0, 0, 0
    for d in range(lane[2], lane[3]):
        end = ends[d]
        begin = max(0, end - window) if window > 0 else 0
        count, changed = find_members(streak[end - 1], need, members)
        if changed or count != size:
            size, changed = count, True
            reference, sums, mean = np.empty(size), np.empty(size), np.empty(size)
            products, covariance = np.empty((size, size)), np.empty((size, size))
            low, high, budget = np.empty(size), np.empty(size), np.empty(size)
            row = np.empty((1, size))
            sides = np.full((last - first, size), -1, dtype=np.int8)
            warm = np.zeros((last - first, size))
        if size == 0:
            _too_few(order, first, last, d, numbers)
            continue
        who = members[:size]
        anew = (end - end_before) + (begin - begin_before) >= end - begin or end - begin <= size
        if changed or anew or not runs:
            if rows.shape[0] < end - begin or rows.shape[1] != size:
                rows = np.empty((max(end - begin, window), size))
            counted = gather_rows(returns, begin, end, who, rows)
            if runs and counted > 0:
                begin_sums(rows[:counted], decay, reference, sums, products, totals)
        else:
            for t in range(end_before, end):
                if gather_rows(returns, t, t + 1, who, row) == 1:
                    add_row(row[0], decay, reference, sums, products, totals)
                    counted += 1
            for t in range(begin_before, begin):
                if gather_rows(returns, t, t + 1, who, row) == 1:
                    counted -= 1
                    weight = 1.0 if decay == 1.0 else decay ** np.float64(counted)
                    remove_row(row[0], weight, reference, sums, products, totals)
        begin_before, end_before = begin, end
        if counted < 2:
            _too_few(order, first, last, d, numbers)
            continue
        for c in range(first, last):
            if c == first or _differs(settings, c):
                if runs:
                    moments_of(reference, sums, products, totals, mean, covariance)
                    if settings[c, SHRINKAGE] > 0.0:
                        _shrink(covariance, settings[c, SHRINKAGE])
                else:
                    estimate(settings[c], rows[:counted], mean, covariance)
            total = 0.0
            for at in range(size):
                low[at], high[at] = lower[c, who[at]], upper[c, who[at]]
                budget[at] = budgets[c, who[at]]
                total += budget[at]
            for at in range(size):
                budget[at] = budget[at] / total if total > 0.0 else 1.0 / size
            for f in range(FIELDS):
                figures[f] = np.nan
            side, solution = sides[c - first], warm[c - first]
            solve(settings[c], covariance, mean, low, high, budget, side, solution, figures)
            s = order[c]
            for f in range(FIELDS):
                numbers[s, d, f] = figures[f]
            if figures[STATUS] == OPTIMAL or figures[STATUS] == COMPUTED:
                for n in range(assets):
                    weights[s, d, n] = 0.0
                for at in range(size):
                    weights[s, d, who[at]] = solution[at]


@njit
def _differs(settings, c):
    """Return whether a candidate's moments aren't those of the one before it."""
    for place in (COVARIANCE, MEAN, HALF_LIFE, SHRINKAGE):
        a, b = settings[c, place], settings[c - 1, place]
        if a != b and not (a != a and b != b):
            return True
    return False


@njit
def _shrink(covariance, share):
    """Move a covariance towards the identity times its mean variance."""
    size = covariance.shape[0]
    level = 0.0
    for i in range(size):
        level += covariance[i, i]
    level /= size
    for i in range(size):
        for j in range(size):
            covariance[i, j] *= 1.0 - share
        covariance[i, i] += share * level


@njit
def _too_few(order, first, last, d, numbers):
    for c in range(first, last):
        numbers[order[c], d, STATUS] = TOO_FEW
