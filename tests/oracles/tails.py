"""Tail risk from its definitions, and its least by the textbook's linear programme (HiGHS)."""

import math

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog


def tail_mean(losses, alpha):
    """Return the mean of the worst ``(1 - alpha) T`` losses, the last by its fraction."""
    worst = sorted(losses, reverse=True)
    share = (1 - alpha) * len(worst)
    whole = min(math.floor(share), len(worst) - 1)
    return (math.fsum(worst[:whole]) + (share - whole) * worst[whole]) / share


def drawdowns(returns):
    """Return how far the sum of returns is below its highest so far, the start being 0."""
    value = peak = 0.0
    depths = []
    for r in returns:
        value += r
        peak = max(peak, value)
        depths.append(peak - value)
    return depths


def cvar(returns, weights, alpha):
    """Return the CVaR of a portfolio, a loss being positive."""
    return tail_mean([-float(row @ weights) for row in np.asarray(returns)], alpha)


def cdar(returns, weights, alpha):
    """Return the CDaR of a portfolio."""
    return tail_mean(drawdowns([float(row @ weights) for row in np.asarray(returns)]), alpha)


def least(returns, alpha, of_drawdowns=False, linear=None, lower=0.0, upper=1.0):
    """Return the least of risk less ``linear'w`` over weights within bounds that add up to 1."""
    scale = np.abs(returns).mean() or 1.0
    returns = returns / scale
    periods, assets = returns.shape
    linear = np.zeros(assets) if linear is None else linear / scale
    unit, column = sp.identity(periods), np.ones((periods, 1))
    empty = sp.csr_matrix((periods, periods))
    cost = [-linear, [1.0], np.full(periods, 1.0 / ((1.0 - alpha) * periods))]
    limits = [(a, b) for a, b in np.broadcast(np.full(assets, lower), upper)]
    limits += [(None, None)] + [(0, None)] * periods
    if of_drawdowns:  # depth_t >= depth_(t-1) - r_t'w and excess_t >= depth_t - zeta
        deeper = sp.hstack([-returns, 0.0 * column, empty, sp.eye(periods, k=-1) - unit])
        above = sp.hstack([sp.csr_matrix((periods, assets)), -column, -unit, unit])
        rows = sp.vstack([deeper, above])
        cost.append(np.zeros(periods))
        limits += [(0, None)] * periods
    else:  # excess_t >= -r_t'w - zeta
        rows = sp.hstack([-returns, -column, -unit])
    cost = np.concatenate(cost)
    budget = np.zeros((1, cost.size))
    budget[0, :assets] = 1.0
    answer = linprog(
        cost,
        A_ub=sp.csr_matrix(rows),
        b_ub=np.zeros(rows.shape[0]),
        A_eq=budget,
        b_eq=[1.0],
        bounds=limits,
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    return scale * answer.fun


def inverse_weights(returns, alpha, of_drawdowns):
    """Return the original's rule: the inverse of each asset's own tail risk."""
    level = min(max(alpha, 0.5), 0.999)
    risks = []
    for asset in np.asarray(returns).T.tolist():
        if of_drawdowns:
            equity = peak = 1.0
            losses = []
            for r in asset:
                equity *= max(1.0 + r, 1e-9)
                peak = max(peak, equity)
                losses.append((peak - equity) / peak)
        else:
            losses = [max(-r, 0.0) for r in asset]
        count = 1
        if not math.isnan(alpha):
            count = min(max(math.ceil((1.0 - level) * len(asset)), 1), len(asset))
        total = 0.0
        for loss in sorted(losses, reverse=True)[:count]:
            total += loss
        risks.append(max(total / count, 1e-8))
    shares = [1.0 / risk for risk in risks]
    total = 0.0
    for share in shares:
        total += share
    return [share / total for share in shares]
