"""How correlations move in a DCC model, and the likelihood of the residuals they are held against.

``Q[t + 1] = (1 - a - b) target + a z[t] z[t]' + b Q[t]``, and the correlation of row t is Q[t]
scaled to a unit diagonal. Q begins as the target. A row of NaN leaves Q as it was.
"""

import math

import numpy as np

from nanobook.jit import njit

__all__ = ["correlations", "joint_likelihood", "move", "pair_correlations", "pair_likelihood"]

#: A product of pivots is turned into its logarithm before it could underflow.
SMALL = 1e-200


@njit
def joint_likelihood(resids, target, a, b, terms):
    """Fill ``terms`` with each row's log-likelihood of all residuals together; return their sum.

    What doesn't depend on the correlations is left out: a term is
    ``-(log det R + z' R^-1 z - z'z) / 2``. Minus infinity where a correlation matrix isn't
    positive definite.
    """
    periods, columns = resids.shape
    q = target.copy()
    work = np.empty((columns, columns + 1))  # the upper triangle of Q, and scaled residuals
    total = 0.0
    for t in range(periods):
        terms[t] = 0.0
        if resids[t, 0] != resids[t, 0]:
            continue
        squares = 0.0
        for i in range(columns):
            for j in range(i, columns):
                work[i, j] = q[i, j]
            work[i, columns] = resids[t, i] * math.sqrt(q[i, i])
            squares += resids[t, i] * resids[t, i]
        determinant = 1.0
        logarithm = 0.0
        form = 0.0
        for k in range(columns):  # elimination, which carries the residuals along
            pivot = work[k, k]
            if not pivot > 0.0:
                return -math.inf
            determinant *= pivot / q[k, k]
            if determinant < SMALL:
                logarithm += math.log(determinant)
                determinant = 1.0
            form += work[k, columns] * work[k, columns] / pivot
            for i in range(k + 1, columns):
                factor = work[k, i] / pivot
                for j in range(i, columns + 1):
                    work[i, j] -= factor * work[k, j]
        logarithm += math.log(determinant)
        terms[t] = -0.5 * (logarithm + form - squares)
        total += terms[t]
        move(resids, t, target, a, b, q)
    return total


@njit
def move(resids, t, target, a, b, q):
    """Take the residuals of row ``t`` into the upper triangle of ``q``."""
    columns = resids.shape[1]
    rest = 1.0 - a - b
    for i in range(columns):
        shock = a * resids[t, i]
        for j in range(i, columns):
            q[i, j] = rest * target[i, j] + shock * resids[t, j] + b * q[i, j]


@njit
def pair_likelihood(resids, target, a, b, terms):
    """Do the same for the residuals of neighbouring columns, two by two, and add that up."""
    periods, columns = resids.shape
    rest = 1.0 - a - b
    own = np.empty(columns)  # the diagonal of Q
    cross = np.empty(columns)  # beside it: columns i and i + 1
    for i in range(columns):
        own[i] = target[i, i]
        cross[i] = target[i, i + 1] if i + 1 < columns else 0.0
    total = 0.0
    for t in range(periods):
        terms[t] = 0.0
        if resids[t, 0] != resids[t, 0]:
            continue
        term = 0.0
        for i in range(columns - 1):
            left, right = resids[t, i], resids[t, i + 1]
            rho = cross[i] / math.sqrt(own[i] * own[i + 1])
            unexplained = 1.0 - rho * rho
            if not unexplained > 0.0:
                return -math.inf
            squares = left * left + right * right
            form = (squares - 2.0 * rho * left * right) / unexplained
            term -= 0.5 * (math.log(unexplained) + form - squares)
            cross[i] = rest * target[i, i + 1] + a * left * right + b * cross[i]
        for i in range(columns):
            own[i] = rest * target[i, i] + a * resids[t, i] * resids[t, i] + b * own[i]
        terms[t] = term
        total += term
    return total


@njit
def correlations(resids, target, a, b, first, out):
    """Fill ``out`` with the correlation matrices of rows ``first``..T; row T is the next one."""
    periods, columns = resids.shape
    q = target.copy()
    for t in range(periods + 1):
        if t >= first:
            for i in range(columns):
                out[t - first, i, i] = 1.0
                for j in range(i + 1, columns):
                    rho = q[i, j] / math.sqrt(q[i, i] * q[j, j])
                    out[t - first, i, j] = rho
                    out[t - first, j, i] = rho
        if t < periods and resids[t, 0] == resids[t, 0]:
            move(resids, t, target, a, b, q)


@njit
def pair_correlations(resids, target, a, b, i, j, out):
    """Fill ``out`` with the correlation of two columns in every row, and in the next one."""
    periods = resids.shape[0]
    rest = 1.0 - a - b
    left, right, cross = target[i, i], target[j, j], target[i, j]
    for t in range(periods + 1):
        out[t] = cross / math.sqrt(left * right)
        if t < periods and resids[t, 0] == resids[t, 0]:
            left = rest * target[i, i] + a * resids[t, i] * resids[t, i] + b * left
            right = rest * target[j, j] + a * resids[t, j] * resids[t, j] + b * right
            cross = rest * target[i, j] + a * resids[t, i] * resids[t, j] + b * cross
