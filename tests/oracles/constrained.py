"""Constrained portfolios by plain cvxpy models, a fresh one each, and by enumeration."""

import itertools

import cvxpy as cp
import numpy as np

TIGHT = {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11, "max_iter": 400}


def tail_mean(losses, alpha):
    """Return conditional value-at-risk as the least over thresholds, all of which are losses."""
    excess = [t + np.maximum(losses - t, 0).sum() / ((1 - alpha) * losses.size) for t in losses]
    return min(excess)


def drawdowns(returns):
    """Return how far each sum of returns is below the highest before it, or below 0."""
    total, peak, falls = 0.0, 0.0, []
    for value in returns:
        total += value
        peak = max(peak, total)
        falls.append(peak - total)
    return np.array(falls)


def figure(name, w, returns, *, risk_aversion=1.0, alpha=0.95, benchmark=None, risk_free=0.0):
    """Return an objective from its definition."""
    covariance, mean = np.cov(returns, rowvar=False), returns.mean(axis=0)
    if name in ("min_variance", "risk_parity"):
        return w @ covariance @ w
    if name == "max_sharpe":
        return (mean @ w - risk_free) / np.sqrt(w @ covariance @ w)
    if name == "max_diversification":
        return np.sqrt(np.diag(covariance)) @ w / np.sqrt(w @ covariance @ w)
    if name == "utility":
        return mean @ w - risk_aversion / 2 * w @ covariance @ w
    if name == "max_return":
        return mean @ w
    if name == "tracking_error":
        return np.sqrt((w - benchmark) @ covariance @ (w - benchmark))
    if name == "cdar":
        return tail_mean(drawdowns(returns @ w), alpha)
    tail = tail_mean(-returns @ w, alpha)
    return tail if name == "cvar" else mean @ w - risk_aversion * tail


def best(name, returns, rules=lambda w: [], *, lower=0.0, upper=1.0, cost=None, net=1.0,
         risk_aversion=1.0, alpha=0.95, benchmark=None, risk_free=0.0):  # fmt: skip
    """Return the best objective of a portfolio; `rules` and `cost` are cvxpy of the weights.

    Of a ratio, by bisection over its value, each step a convex programme.
    """
    n = returns.shape[1]
    scale = np.sqrt((returns**2).mean())
    scaled = returns / scale
    covariance, mean = np.cov(scaled, rowvar=False), scaled.mean(axis=0)
    w = cp.Variable(n)
    limits = [w >= lower, w <= upper, *rules(w)]
    if net is not None:
        limits.append(cp.sum(w) == net)
    spent = 0.0 if cost is None else cost(w) / scale
    root = np.linalg.cholesky(covariance + 1e-14 * np.eye(n)).T
    risk = cp.sum_squares(root @ w)
    if name == "min_variance":
        value = cp.Minimize(risk * scale + spent)
    elif name == "utility":
        value = cp.Maximize(mean @ w - risk_aversion * scale / 2 * risk - spent)
    elif name == "max_return":
        value = cp.Maximize(mean @ w - spent)
    elif name == "tracking_error":
        value = cp.Minimize(cp.norm(root @ (w - benchmark)) + spent)
    elif name in ("cvar", "mean_cvar", "cdar"):
        losses = -scaled @ w
        if name == "cdar":
            total = np.cumsum(scaled, axis=0) @ w
            peak = cp.Variable(len(returns), nonneg=True)
            limits += [peak >= total, cp.diff(peak) >= 0]
            losses = peak - total
        at = cp.Variable()
        tail = at + cp.sum(cp.pos(losses - at)) / ((1 - alpha) * len(returns))
        if name == "mean_cvar":
            value = cp.Maximize(mean @ w - risk_aversion * tail - spent)
        else:
            value = cp.Minimize(tail + spent)
    else:
        slope = mean if name == "max_sharpe" else np.sqrt(np.diag(covariance))
        free = risk_free / scale if name == "max_sharpe" else 0.0
        return _ratio(slope @ w - free - spent, cp.norm(root @ w), limits)
    problem = cp.Problem(value, limits)
    problem.solve(solver="CLARABEL", **TIGHT)
    if problem.status not in ("optimal", "optimal_inaccurate"):
        return None
    unit = scale
    return problem.value * unit


def _ratio(top, bottom, limits):
    """Return the largest top/bottom, by Dinkelbach's iteration."""
    ratio = cp.Parameter(nonneg=True, value=0.0)
    problem = cp.Problem(cp.Maximize(top - ratio * bottom), limits)
    for _ in range(60):
        problem.solve(solver="CLARABEL", **TIGHT)
        new = float(np.ravel(top.value)[0]) / float(bottom.value)
        if abs(new - ratio.value) <= 1e-13 * abs(new):
            break
        ratio.value = new
    return new


def best_of_choices(name, returns, most, least_position=0.0, lower=0.0, upper=1.0, **options):
    """Return the best objective over all sets of at most `most` assets, one by one."""
    n = returns.shape[1]
    found = []
    for size in range(1, most + 1):
        for chosen in itertools.combinations(range(n), size):
            low, high = np.zeros(n), np.zeros(n)
            low[list(chosen)] = max(lower, least_position)
            high[list(chosen)] = upper
            if low.sum() > 1 + 1e-12 or high.sum() < 1 - 1e-12:
                continue
            value = best(name, returns, lower=low, upper=high, **options)
            if value is not None:
                found.append(value)
    return found
