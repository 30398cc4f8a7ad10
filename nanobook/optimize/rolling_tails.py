"""Weights of least tail risk for many windows and settings in one call, warm along dates."""

import numpy as np

from nanobook.jit import njit, prange
from nanobook.optimize.cdar_programme import cdar_window
from nanobook.optimize.certificate import NOT_FINITE, OBJECTIVE, STATUS, TOO_FEW
from nanobook.optimize.cvar_programme import cvar_window
from nanobook.optimize.tail_basis import ABSENT, LOWER, tail_room

__all__ = ["CDAR", "CVAR", "MEAN_CVAR", "roll_tails"]

#: What a setting asks for.
CVAR, CDAR, MEAN_CVAR = 0, 1, 2


@njit(parallel=True)
def roll_tails(
    returns,
    begins,
    ends,
    present,
    kinds,
    alphas,
    aversions,
    lower,
    upper,
    chunk,
    weights,
    numbers,
):
    """Fill weights and certificates for each setting and window.

    Dates are taken in chunks of fixed length, each from a cold start, so the answer doesn't depend
    on how many threads there are.

    Parameters
    ----------
    returns : ndarray of shape (T, N)
        May hold NaN where an asset isn't present.
    begins, ends : ndarray of int64, shape (D,)
        Each window's first row, and the row after its last.
    present : ndarray of uint8, shape (D, N)
        Which assets are in the universe of each window; the others' weights are NaN.
    kinds : ndarray of int64, shape (S,)
        CVAR, CDAR or MEAN_CVAR.
    alphas, aversions : ndarray of shape (S,)
        The level of the tail; the price of CVaR in units of the window's mean return, which only
        MEAN_CVAR has.
    lower, upper : ndarray of shape (S, N)
        Bounds on weights.
    chunk : int
        How many dates are warm-started one after the other.
    weights : ndarray of shape (S, D, N)
        Is filled.
    numbers : ndarray of shape (S, D, FIELDS)
        Is filled.
    """
    periods, assets = returns.shape
    dates, settings = begins.shape[0], kinds.shape[0]
    columns = np.empty((assets, periods))
    cumulative = np.zeros((periods + 1, assets))
    faults = np.zeros((periods + 1, assets), np.int64)  # values up to a row that aren't finite
    for t in range(periods):
        for j in range(assets):
            value = returns[t, j]
            finite = 0.0 * value == 0.0
            columns[j, t] = value
            cumulative[t + 1, j] = cumulative[t, j] + (value if finite else 0.0)
            faults[t + 1, j] = faults[t, j] + (0 if finite else 1)
    longest = np.int64(1)
    for d in range(dates):
        longest = max(longest, ends[d] - begins[d])
    pieces = (dates + chunk - 1) // chunk
    for lane in prange(settings * pieces):
        setting, piece = np.int64(lane) // pieces, np.int64(lane) % pieces
        _roll(
            returns,
            columns,
            cumulative,
            faults,
            begins,
            ends,
            present,
            kinds[setting],
            alphas[setting],
            aversions[setting],
            lower[setting],
            upper[setting],
            longest,
            piece * chunk,
            min((piece + 1) * chunk, dates),
            weights[setting],
            numbers[setting],
        )


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _roll(
    returns,
    columns,
    cumulative,
    faults,
    begins,
    ends,
    present,
    kind,
    alpha,
    aversion,
    lower,
    upper,
    longest,
    first,
    last,
    weights,
    numbers,
):
    """Fill one setting's weights for a run of dates."""
    assets = returns.shape[1]
    side, point, basis, inverse, scratch, equations, vectors, room, marks = tail_room(
        assets, longest
    )
    linear = np.zeros(assets)
    warm = False
    for d in range(first, last):
        begin, end = begins[d], ends[d]
        warm = _admit(present[d], lower, side, point, warm)
        sound = end > begin + 1
        for j in range(assets):
            if present[d, j] and faults[end, j] > faults[begin, j]:
                sound = False
        if not sound:
            numbers[d, :] = np.nan
            weights[d, :] = np.nan
            numbers[d, STATUS] = NOT_FINITE if end > begin + 1 else TOO_FEW
            warm = False
            continue
        if kind == CDAR:
            warm = cdar_window(
                returns,
                cumulative,
                columns,
                begin,
                end,
                linear,
                alpha,
                lower,
                upper,
                side,
                point,
                basis,
                inverse,
                scratch,
                equations,
                vectors,
                room,
                marks,
                warm,
                weights[d],
                numbers[d],
            )
            continue
        if kind == MEAN_CVAR:
            for j in range(assets):
                linear[j] = 0.0
            for t in range(begin, end):
                for j in range(assets):
                    linear[j] += returns[t, j]
            for j in range(assets):
                linear[j] /= (end - begin) * aversion
        warm = cvar_window(
            returns,
            columns,
            begin,
            end,
            linear,
            alpha,
            lower,
            upper,
            side,
            point,
            basis,
            inverse,
            scratch,
            equations,
            vectors,
            room,
            marks,
            warm,
            weights[d],
            numbers[d],
        )
        if kind == MEAN_CVAR:
            numbers[d, OBJECTIVE] *= -aversion


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _admit(present, lower, side, point, warm):
    """Mark who has left and who has joined; returns whether the basis outlives it."""
    for j in range(side.shape[0]):
        if present[j] and (side[j] == ABSENT or not warm):
            warm = warm and lower[j] == 0.0
            side[j], point[j] = LOWER, 0.0
        elif not present[j] and (side[j] != ABSENT or not warm):
            warm = warm and lower[j] == 0.0 and side[j] == LOWER
            side[j], point[j] = ABSENT, 0.0
    return warm
