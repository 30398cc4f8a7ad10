"""Weights of least CDaR: one window, cold or from another's basis.

Chekhlov, Uryasev, Zabarankin (2005): drawdowns of the sum of returns, uncompounded, from a peak
that starts at 0 before the first return.
"""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.cdar_simplex import cdar_start, cdar_walk, equation_holds
from nanobook.optimize.certificate import (
    CONDITION,
    GAP,
    INFEASIBLE,
    ITERATIONS,
    NOT_FINITE,
    STATUS,
)
from nanobook.optimize.tail_basis import (
    ABSENT,
    APART,
    clean_weights,
    tail_room,
    universe_fits,
)
from nanobook.optimize.tail_certificate import TIGHT, capped_shares, gap_of, write_gap
from nanobook.optimize.tails import drawdowns_of, portfolio_losses, tail_mean

__all__ = ["cdar_weights", "cdar_window", "cumulative_of"]

#: A warm start ends in doubt, and a cold one follows, where it leaves a larger gap.
_DOUBT = 1e-10


@njit
def cdar_weights(returns, linear, alpha, lower, upper, weights, numbers):
    """Fill the weights that minimise ``CDaR - linear'w``, and the certificate.

    Parameters
    ----------
    returns : ndarray of shape (T, N)
        In the order of time.
    linear : ndarray of shape (N,)
        Zeros for CDaR alone.
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
    side, point, basis, inverse, scratch, equations, vectors, room, marks = tail_room(
        assets, periods
    )
    cdar_window(
        returns,
        cumulative_of(returns),
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
        marks,
        periods < 0,
        weights,
        numbers,
    )


@njit
def cumulative_of(returns):
    """Return the sums of returns up to each state, 0 at the start."""
    cumulative = np.zeros((returns.shape[0] + 1, returns.shape[1]))
    for t in range(returns.shape[0]):
        for j in range(returns.shape[1]):
            cumulative[t + 1, j] = cumulative[t, j] + returns[t, j]
    return cumulative


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _certify(
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
    vectors,
    room,
    marks,
    weights,
    numbers,
):
    """Write down the objective at the weights and how far the multipliers leave it unproven."""
    assets, periods = side.shape[0], end - begin
    ceiling = 1.0 / ((1.0 - alpha) * periods)
    shares, losses, flows = room[3, :periods], room[2, :periods], room[1]
    for t in range(periods):
        shares[t] = ceiling if marks[0, t + 1] == 1 else 0.0
        flows[t + 1] = 0.0
    for i in range(basis[2, 0]):
        if equation_holds(basis, i, marks, begin, end):
            state = basis[1, i] - begin
            if basis[5, i] == 0:
                shares[state - 1] = vectors[1, i + 1]
            else:
                flows[state] = vectors[1, i + 1]
    capped_shares(shares, ceiling)
    costs, least = vectors[2, :assets], vectors[3, :assets]
    gain = 0.0
    for j in range(assets):
        costs[j] = -linear[j]
        least[j] = np.nan if side[j] == ABSENT else lower[j]
        if side[j] != ABSENT:
            gain += linear[j] * weights[j]
    # Each drawdown's share goes from its state to a peak; at a tie some goes to the later one.
    carried = 0.0
    for t in range(periods, 0, -1):
        if t < periods and marks[1, t] != marks[1, t + 1]:
            carried = 0.0
        high, low, share = cumulative[begin + marks[1, t]], cumulative[begin + t], shares[t - 1]
        carried += share
        if marks[2, t]:
            taken = min(max(flows[t], 0.0), carried)
            carried -= taken
            share -= taken
        if share != 0.0:
            for j in range(assets):
                costs[j] += share * (high[j] - low[j])
    portfolio_losses(columns, begin, end, weights, losses)
    drawdowns_of(losses, losses)
    risk = tail_mean(losses, alpha)
    write_gap(numbers, risk - gain, gap_of(costs, least, upper, risk, gain, point[assets + 1]))


@njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
def cdar_window(
    rows,
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
    weights,
    numbers,
):
    """Fill the weights of least ``CDaR - linear'w`` in periods from `begin` to `end`.

    `rows` are the returns, `cumulative` their sums, `columns` the returns transposed; the arrays
    from `side` to `marks` are those of `tail_room`. Absent assets are marked in `side`; they get
    NaN. With `warm` the basis of an earlier window is the start. Returns whether the basis can
    serve the next window.
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
            cdar_start(
                rows,
                cumulative,
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
                marks,
                apart,
            )
        taken = 0
        if basis[2, 0]:
            taken = cdar_walk(
                cumulative,
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
                marks,
                limit,
                apart,
            )
        if taken >= 0:
            spent += taken
            clean_weights(equations, lower, upper, side, basis, inverse, weights)
            if basis[2, 0]:
                _certify(
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
                    vectors,
                    room,
                    marks,
                    weights,
                    numbers,
                )
            else:  # one choice only, which proves itself
                gain = 0.0
                for j in range(assets):
                    if side[j] != ABSENT:
                        gain += linear[j] * weights[j]
                portfolio_losses(columns, begin, end, weights, room[2, :periods])
                drawdowns_of(room[2, :periods], room[2, :periods])
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
