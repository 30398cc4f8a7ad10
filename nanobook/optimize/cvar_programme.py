"""Weights of least CVaR, or of most mean less CVaR: one window, cold or from another's basis.

Rockafellar, Uryasev (2000): the CVaR of a sample is the least of ``zeta + sum((loss - zeta)+) /
((1 - alpha) T)`` over zeta, so weights and zeta together solve a linear programme.
"""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.certificate import (
    CONDITION,
    GAP,
    INFEASIBLE,
    ITERATIONS,
    NOT_FINITE,
    STATUS,
)
from nanobook.optimize.cvar_simplex import cvar_start, cvar_walk
from nanobook.optimize.tail_basis import (
    ABSENT,
    APART,
    clean_weights,
    tail_room,
    universe_fits,
)
from nanobook.optimize.tail_certificate import TIGHT, capped_shares, gap_of, write_gap
from nanobook.optimize.tails import portfolio_losses, tail_mean

__all__ = ["cvar_weights", "cvar_window"]

#: A warm start ends in doubt, and a cold one follows, where it leaves a larger gap.
_DOUBT = 1e-10


@njit
def cvar_weights(returns, linear, alpha, lower, upper, weights, numbers):
    """Fill the weights that minimise ``CVaR - linear'w``, and the certificate.

    Parameters
    ----------
    returns : ndarray of shape (T, N)
        Returns per period.
    linear : ndarray of shape (N,)
        Zeros for CVaR alone.
    alpha : float
        In (0, 1).
    lower, upper : ndarray of shape (N,)
        Bounds on weights.
    weights : ndarray of shape (N,)
        Is filled.
    numbers : ndarray of shape (FIELDS,)
        Is filled.
    """
    periods, assets = returns.shape
    columns, total = np.empty((assets, periods)), 0.0
    for t in range(periods):
        for j in range(assets):
            columns[j, t] = returns[t, j]
            total += 0.0 * returns[t, j]
    if total != 0.0:
        numbers[:] = np.nan
        weights[:] = np.nan
        numbers[STATUS] = NOT_FINITE
        return
    side, point, basis, inverse, scratch, equations, vectors, room, tail = tail_room(
        assets, periods
    )
    cvar_window(
        returns,
        columns,
        np.int64(0),
        periods,
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
        tail,
        periods < 0,
        weights,
        numbers,
    )


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _certify(
    rows,
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
    vectors,
    room,
    tail,
    weights,
    numbers,
):
    """Write down the objective at the weights and how far the multipliers leave it unproven."""
    assets, periods = side.shape[0], end - begin
    ceiling = 1.0 / ((1.0 - alpha) * periods)
    shares, losses = room[3, :periods], room[2, :periods]
    for t in range(periods):
        shares[t] = ceiling if tail[0, t] == 1 else 0.0
    for i in range(basis[2, 0]):
        if begin <= basis[1, i] < end:
            shares[basis[1, i] - begin] = vectors[1, i + 1]
    capped_shares(shares, ceiling)
    costs, least = vectors[2, :assets], vectors[3, :assets]
    gain = 0.0
    for j in range(assets):
        costs[j] = -linear[j]
        least[j] = np.nan if side[j] == ABSENT else lower[j]
        if side[j] != ABSENT:
            gain += linear[j] * weights[j]
    for t in range(periods):
        if shares[t] > 0.0:
            share = shares[t]
            for j in range(assets):
                costs[j] -= share * rows[begin + t, j]
    portfolio_losses(columns, begin, end, weights, losses)
    risk = tail_mean(losses, alpha)
    write_gap(numbers, risk - gain, gap_of(costs, least, upper, risk, gain, point[assets + 1]))


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def cvar_window(
    rows,
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
    tail,
    warm,
    weights,
    numbers,
):
    """Fill the weights of least ``CVaR - linear'w`` in periods from `begin` to `end`.

    `rows` are the returns, `columns` the same transposed; the arrays from `side` to `tail` are
    those of `tail_room`. Absent assets are marked in `side`; they get NaN. With `warm` the basis
    of an earlier window is the start. Returns whether the basis can serve the next window.
    """
    assets, periods = side.shape[0], end - begin
    numbers[:] = np.nan
    weights[:] = np.nan
    numbers[ITERATIONS], numbers[CONDITION] = 0.0, np.nan
    if not universe_fits(lower, upper, side):
        numbers[STATUS] = INFEASIBLE
        return False
    ceiling = 1.0 / ((1.0 - alpha) * periods)
    limit, spent, apart = 200 + 10 * (assets + periods), 0, APART
    for attempt in range(3):
        if not warm or attempt:
            cvar_start(
                rows,
                columns,
                begin,
                end,
                linear,
                ceiling,
                lower,
                upper,
                side,
                point,
                basis,
                inverse,
                room,
                apart,
            )
        taken = 0
        if basis[2, 0]:
            taken = cvar_walk(
                rows,
                columns,
                begin,
                end,
                linear,
                ceiling,
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
                tail[0],
                limit,
                apart,
            )
        if taken >= 0:
            spent += taken
            clean_weights(equations, lower, upper, side, basis, inverse, weights)
            if basis[2, 0]:
                _certify(
                    rows,
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
                    vectors,
                    room,
                    tail,
                    weights,
                    numbers,
                )
            else:  # one choice only, which proves itself
                gain = 0.0
                for j in range(assets):
                    if side[j] != ABSENT:
                        gain += linear[j] * weights[j]
                portfolio_losses(columns, begin, end, weights, room[2, :periods])
                write_gap(numbers, tail_mean(room[2, :periods], alpha) - gain, 0.0)
            numbers[ITERATIONS] = spent
            if numbers[GAP] <= _DOUBT or (attempt == 2 and numbers[GAP] <= TIGHT):
                return True
        else:
            spent += limit
        if warm and attempt == 0:
            continue
        apart *= 100.0
    return False
