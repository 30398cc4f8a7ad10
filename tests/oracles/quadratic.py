"""Quadratic programmes of portfolios, from the definitions: no kernel of ours is imported."""

import numpy as np


def kkt_residual(matrix, linear, lower, upper, weights):
    """Return the largest violation, relative, of the conditions of the optimum of w'Aw/2 - b'w.

    The budget's price is the one that makes it smallest, found by trying the gradient of each
    asset and of each pair's middle.
    """
    gradient = matrix @ weights - linear
    deviation = np.sqrt(np.diag(matrix))
    risk = deviation @ np.abs(weights)
    if (deviation > 0).any():
        risk = max(risk, 1e-5 * deviation[deviation > 0].min())
    down, up = weights - lower > 1e-15, upper - weights > 1e-15

    def violation(price):
        excess = gradient - price
        level = (deviation + risk) * risk + np.abs(linear) + abs(price)
        broken = np.where(down, np.maximum(excess, 0), 0) + np.where(up, np.maximum(-excess, 0), 0)
        ratios = np.divide(broken, level, out=np.zeros_like(broken), where=broken > 0)
        return ratios.max()

    tried = np.unique(gradient)
    prices = np.concatenate([tried, (tried[1:] + tried[:-1]) / 2])
    outside = max((lower - weights).max(), (weights - upper).max(), 0.0)
    return max(min(violation(price) for price in prices), abs(weights.sum() - 1), outside)


def nonnegative_residual(matrix, linear, x):
    """Return the same of x'Ax/2 - b'x over x >= 0, without a budget."""
    gradient = matrix @ x - linear
    deviation = np.sqrt(np.diag(matrix))
    level = deviation * (deviation @ np.abs(x)) + np.abs(linear)
    broken = np.where(x > 0, np.abs(gradient), np.maximum(-gradient, 0))
    return np.divide(broken, level, out=np.zeros_like(broken), where=broken > 0).max()


def referee(matrix, linear, lower, upper, budget=True):
    """Solve by Clarabel as tight as it goes; return weights that are feasible to rounding."""
    import cvxpy as cp

    scale = max(np.abs(np.diag(matrix)).max(), np.abs(linear).max()) or 1.0
    w = cp.Variable(len(linear))
    risk = cp.quad_form(w, cp.psd_wrap(matrix / scale))
    rules = [w >= lower, w <= upper, cp.sum(w) == 1] if budget else [w >= 0]
    problem = cp.Problem(cp.Minimize(risk / 2 - (linear / scale) @ w), rules)
    tight = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), 1e-13)
    problem.solve(solver=cp.CLARABEL, max_iter=300, **tight)
    return np.asarray(w.value)


def random_covariance(rng, kind, count):
    """Return a covariance matrix of one of the kinds that solvers trip over."""
    periods = {"plain": 3 * count + 20, "few": max(2, count // 2), "very few": 3}
    rows = periods.get(kind, 2 * count + 5)
    loadings, factors = rng.normal(size=(count, 3)), rng.normal(size=(rows, 3))
    returns = 0.01 * (factors @ loadings.T + rng.normal(size=(rows, count)))
    if kind == "twins":
        chosen = rng.integers(0, count, (2, count // 2 + 1))
        returns[:, chosen[0]] = returns[:, chosen[1]]
    if kind == "mixed scales":
        returns *= 10.0 ** rng.uniform(-2, 2, count)
    if kind == "still":
        returns[:, rng.random(count) < 0.3] = 0.0
    if kind == "hedged":
        returns -= returns.mean(axis=1, keepdims=True)
    if kind == "ill":
        turned = np.linalg.qr(rng.normal(size=(count, count)))[0]
        matrix = (turned * np.logspace(0, -rng.integers(4, 13), count)) @ turned.T
        return (matrix + matrix.T) / 2
    matrix = np.cov(returns, rowvar=False, ddof=1).reshape(count, count)
    return np.ascontiguousarray((matrix + matrix.T) / 2)


KINDS = ("plain", "few", "very few", "twins", "mixed scales", "still", "hedged", "ill")


def random_bounds(rng, kind, count):
    """Return bounds that some weights keep to."""
    lower, upper = np.zeros(count), np.ones(count)
    if kind == "tight":
        upper = np.full(count, 1.2 / count)
    if kind == "caps":  # at the largest return every weight stands at a bound
        upper = np.full(count, 1.0 / max(count // 3, 1))
    if kind == "short":
        lower, upper = -0.3 * rng.random(count), rng.random(count) + 1.0 / count
    if kind == "fixed":
        fixed = rng.random(count) < 0.3
        lower, upper = np.where(fixed, 0.5 / count, 0.0), np.where(fixed, 0.5 / count, 1.0)
    if upper.sum() < 1.0:
        upper = upper + (1.0 - upper.sum()) / count + 1e-3
    return lower, upper


BOUNDS = ("long", "tight", "caps", "short", "fixed")
