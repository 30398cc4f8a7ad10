"""Weights by the inverse of each asset's own tail risk: rules without an objective.

They ignore how assets move together; `optimize_cvar` and `optimize_cdar` don't.
"""

import numpy as np

from nanobook.jit import njit
from nanobook.optimize.certificate import (
    COMPUTED,
    FIELDS,
    ITERATIONS,
    OBJECTIVE,
    STATUS,
)
from nanobook.optimize.inputs import read_problem
from nanobook.optimize.selection import heap_down, heapify
from nanobook.optimize.tails import cdar_of, cvar_of
from nanobook.panel.arrays import as_float

__all__ = ["inverse_cdar_weights", "inverse_cvar_weights", "inverse_tail_weights"]

#: The least risk that an asset is taken to have.
_FLOOR = 1e-8


def inverse_cvar_weights(returns, symbols=None, alpha=0.95, *, missing="raise", certificate=False):
    """Return weights in proportion to the inverse of each asset's own CVaR.

    An asset's CVaR is here the mean of its ``ceil((1 - alpha) T)`` largest losses, gains counting
    as 0, and at least 1e-8: an asset that never loses gets nearly all the weight.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N)
        Returns per period.
    symbols : sequence of str, optional
        Names for a dict of weights.
    alpha : float, default 0.95
        Level of the tail, moved into [0.5, 0.999]; NaN takes the single largest loss.
    missing : {"raise", "complete"}, default "raise"
        Whether a NaN is refused or its row left out.
    certificate : bool, default False
        Whether to return an `Optimum`, whose objective is the portfolio's CVaR.

    Returns
    -------
    ndarray, list, Series, dict or Optimum
        Weights dressed as the returns were, a dict with `symbols`.

    Raises
    ------
    ArgumentTypeError
        If something can't be read as numbers.
    ValidationError
        If shapes don't agree, a value isn't finite or rows are too few.
    ConvergenceError
        Never: a rule always ends.
    """
    return _answer("inverse_cvar", returns, symbols, alpha, missing, certificate, False)


def inverse_cdar_weights(returns, symbols=None, alpha=0.95, *, missing="raise", certificate=False):
    """Return weights in proportion to the inverse of each asset's own conditional drawdown.

    An asset's conditional drawdown is here the mean of the ``ceil((1 - alpha) T)`` largest
    drawdowns of its compounded value from a peak that starts at 1, and at least 1e-8.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N)
        Returns per period.
    symbols : sequence of str, optional
        Names for a dict of weights.
    alpha : float, default 0.95
        Level of the tail, moved into [0.5, 0.999]; NaN takes the single largest drawdown.
    missing : {"raise", "complete"}, default "raise"
        Whether a NaN is refused or its row left out.
    certificate : bool, default False
        Whether to return an `Optimum`, whose objective is the portfolio's CDaR as
        `optimize_cdar` defines it, of uncompounded returns.

    Returns
    -------
    ndarray, list, Series, dict or Optimum
        Weights dressed as the returns were, a dict with `symbols`.

    Raises
    ------
    ArgumentTypeError
        If something can't be read as numbers.
    ValidationError
        If shapes don't agree, a value isn't finite or rows are too few.
    ConvergenceError
        Never: a rule always ends.
    """
    return _answer("inverse_cdar", returns, symbols, alpha, missing, certificate, True)


def _answer(method, returns, symbols, alpha, missing, certificate, of_drawdowns):
    alpha = as_float("alpha", alpha, finite=False)
    problem = read_problem(returns, symbols, missing=missing, needs=("returns",))
    weights = np.empty(problem.labels.count)
    inverse_tail_weights(problem.returns, alpha, of_drawdowns, weights)
    numbers = np.full(FIELDS, np.nan)
    numbers[STATUS], numbers[ITERATIONS] = COMPUTED, 0
    if certificate:
        columns = np.ascontiguousarray(problem.returns.T)
        level = min(max(alpha, 0.5), 0.999) if alpha == alpha else 1.0 - 1.0 / columns.shape[1]
        numbers[OBJECTIVE] = (cdar_of if of_drawdowns else cvar_of)(columns, weights, level)
    return problem.answer(method, weights, numbers, certificate)


@njit
def inverse_tail_weights(returns, alpha, of_drawdowns, weights):
    """Fill weights in inverse proportion to each asset's mean loss, or drawdown, in its tail."""
    periods, assets = returns.shape
    if assets == 1:
        weights[0] = 1.0
        return
    count = 1
    if alpha == alpha:
        share = np.ceil((1.0 - min(max(alpha, 0.5), 0.999)) * periods)
        count = min(max(np.int64(share), 1), periods)
    gains, order = np.empty(periods), np.empty(periods, np.int64)  # gains: losses, negated
    total = 0.0
    for j in range(assets):
        equity, peak = 1.0, 1.0
        for t in range(periods):
            order[t] = t
            if of_drawdowns:
                equity *= max(1.0 + returns[t, j], 1e-9)
                peak = max(peak, equity)
                gains[t] = -((peak - equity) / peak)
            else:
                gains[t] = min(returns[t, j], 0.0)
        heapify(gains, order, periods)
        risk = 0.0
        for taken in range(count):
            risk -= gains[order[0]]
            order[0] = order[periods - 1 - taken]
            heap_down(gains, order, 0, periods - 1 - taken)
        risk = max(risk / count, _FLOOR)
        weights[j] = 1.0 / risk
        if not weights[j] < np.inf:
            weights[j] = 0.0
        total += weights[j]
    for j in range(assets):
        weights[j] = weights[j] / total if total > 1e-12 else 1.0 / assets
