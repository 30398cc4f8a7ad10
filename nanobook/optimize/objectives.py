"""What each objective is: its terms in a programme, its figure from weights, its slope.

Programmes minimise; figures are as they're reported. Ratios are solved through the weights
times a scale (Charnes, Cooper 1962), and so is the logarithmic form of risk parity.
"""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.optimize.requirements import read_costs
from nanobook.optimize.setting import covariance_root, read_benchmark

__all__ = ["MAXIMISED", "OBJECTIVES", "add_objective", "conditional_mean", "figure_of"]

#: Objectives that cvxpy's solvers can be given, and the moments that each one needs.
OBJECTIVES = {
    "min_variance": ("covariance",),
    "max_sharpe": ("covariance", "mean"),
    "utility": ("covariance", "mean"),
    "max_return": ("mean",),
    "max_diversification": ("covariance",),
    "risk_parity": ("covariance",),
    "cvar": ("returns",),
    "cdar": ("returns",),
    "mean_cvar": ("returns", "mean"),
    "tracking_error": ("covariance",),
}

MAXIMISED = ("max_sharpe", "utility", "max_return", "max_diversification", "mean_cvar")

#: Objectives that are solved in weights times a scale.
RATIOS = ("max_sharpe", "max_diversification")


def add_objective(name, programme, setting, costs):
    """Add an objective's terms, and the costs', to a programme.

    Parameters
    ----------
    name : str
        One of `OBJECTIVES`.
    programme : Programme
        Changed in place: its root, target, linear, logs, and helpers.
    setting : Setting
        Moments and options.
    costs : sequence of TransactionCost
        What trading costs.

    Raises
    ------
    ValidationError
        If costs don't go with the objective, or its moments won't do.
    """
    n, problem = programme.assets, setting.problem
    programme.root, programme.target = np.zeros((0, n)), np.zeros(0)
    if name in ("min_variance", *RATIOS, "risk_parity"):
        factor = 1.0 if name == "risk_parity" else 2.0
        programme.root = np.sqrt(factor) * covariance_root(problem.covariance)
    elif name == "utility":
        aversion = setting.options["risk_aversion"]
        programme.root = np.sqrt(aversion) * covariance_root(problem.covariance)
        programme.linear[:n] -= problem.mean
    elif name == "tracking_error":
        root, target = read_benchmark(setting, None)
        if costs:  # which are added to the error itself, not to its square
            _add_norm(programme, root, target)
        else:
            programme.root, programme.target = np.sqrt(2.0) * root, np.sqrt(2.0) * target
    elif name in ("max_return", "mean_cvar"):
        programme.linear[:n] -= problem.mean
    if name in ("cvar", "mean_cvar", "cdar"):
        weight = setting.options["risk_aversion"] if name == "mean_cvar" else 1.0
        _add_tail(programme, setting, weight, drawdowns=name == "cdar")
    if not programme.target.size:
        programme.target = np.zeros(len(programme.root))
    if name == "risk_parity":
        programme.logs = _read_budgets(setting)
        if costs:
            raise ValidationError("costs don't go with 'risk_parity': its objective has no unit")
    for cost in costs:
        _add_cost(cost, programme, setting, name)


def figure_of(name, weights, setting, spread):
    """Return the objective of weights, as it's reported, from its definition.

    Parameters
    ----------
    name : str
        One of `OBJECTIVES`.
    weights : ndarray of shape (N,)
        The weights.
    setting : Setting
        Moments and options.
    spread : float
        Costs per period.

    Returns
    -------
    float
        The figure.
    """
    problem, options = setting.problem, setting.options
    if name in ("min_variance", "risk_parity"):
        return float(weights @ problem.covariance @ weights) + spread
    if name == "max_return":
        return float(problem.mean @ weights) - spread
    if name == "utility":
        variance = weights @ problem.covariance @ weights
        return float(problem.mean @ weights - options["risk_aversion"] / 2 * variance) - spread
    if name in RATIOS:
        top, deviation = excess_of(name, weights, setting) - spread, _deviation(weights, setting)
        return float(top / deviation) if deviation > 0 else np.copysign(np.inf, top)
    if name == "tracking_error":
        root, target = read_benchmark(setting, None)
        return float(np.linalg.norm(root @ weights - target)) + spread
    earned = problem.returns @ weights
    if name == "cdar":
        total = np.cumsum(earned)
        falls = np.maximum.accumulate(np.maximum(total, 0.0)) - total
        return conditional_mean(falls, options["alpha"]) + spread
    tail = conditional_mean(-earned, options["alpha"])
    if name == "cvar":
        return tail + spread
    return float(problem.mean @ weights) - options["risk_aversion"] * tail - spread


def excess_of(name, weights, setting):
    """Return a ratio's numerator, before costs.

    Parameters
    ----------
    name : {"max_sharpe", "max_diversification"}
        The objective.
    weights : ndarray of shape (N,)
        The weights.
    setting : Setting
        Moments and options.

    Returns
    -------
    float
        ``mean'w - risk_free``, or ``sigma'w``.
    """
    slope, constant = ratio_terms(name, setting)
    return float(slope @ weights - constant)


def ratio_terms(name, setting):
    """Return what a ratio's numerator is made of.

    Parameters
    ----------
    name : {"max_sharpe", "max_diversification"}
        The objective.
    setting : Setting
        Moments and options.

    Returns
    -------
    slope : ndarray of shape (N,)
        Means, or volatilities.
    constant : float
        What's taken off: the risk-free rate, or 0.
    """
    if name == "max_sharpe":
        return setting.problem.mean, setting.options["risk_free"]
    return np.sqrt(np.diag(setting.problem.covariance)), 0.0


def conditional_mean(losses, alpha):
    """Return the mean of the worst ``(1 - alpha)T`` of T losses, the last one in part.

    Parameters
    ----------
    losses : ndarray of shape (T,)
        Losses, positive.
    alpha : float
        Between 0 and 1.

    Returns
    -------
    float
        The conditional value-at-risk of Rockafellar and Uryasev.
    """
    count = (1.0 - alpha) * losses.size
    worst = np.sort(losses)[::-1]
    whole = min(int(count), losses.size - 1)
    return float((worst[:whole].sum() + (count - whole) * worst[whole]) / count)


def _deviation(weights, setting):
    return float(np.sqrt(max(weights @ setting.problem.covariance @ weights, 0.0)))


def _add_norm(programme, root, target):
    """Add the norm ``||R w - r||``, as a helper that's never below it."""
    n = programme.assets
    scale = np.abs(root).max() or 1.0
    most = np.maximum(np.abs(programme.lower[:n]), np.abs(programme.upper[:n]))
    reach = float(np.linalg.norm(np.abs(root) @ most + np.abs(target))) / scale + 1.0
    column = programme.add_columns(1, 0.0, np.inf, 0.0, reach)
    programme.linear[column] = scale
    programme.add_cone(None, root / scale, target / scale, 0.0, column)


def _add_tail(programme, setting, weight, drawdowns):
    """Add the mean beyond a threshold: threshold + sum of what is above it / ((1-alpha)T)."""
    from scipy.sparse import eye_array

    returns = setting.problem.returns
    periods, n = returns.shape
    scale = np.sqrt((returns**2).mean()) or 1.0
    scaled = returns / scale
    if drawdowns:
        scaled = np.cumsum(scaled, axis=0)
    most = np.abs(scaled) @ np.maximum(np.abs(programme.lower[:n]), np.abs(programme.upper[:n]))
    reach = 2.0 * float(most.max()) + 1.0
    count = (1.0 - setting.options["alpha"]) * periods
    threshold = programme.add_columns(1, -np.inf, np.inf, -reach, reach)
    above = programme.add_columns(periods, 0.0, np.inf, 0.0, 2.0 * reach)
    programme.linear[threshold] = weight * scale
    programme.linear[above] = weight * scale / count
    weights, one = np.arange(n), eye_array(periods)
    parts = [(weights, scaled), (threshold, np.ones((periods, 1))), (above, one)]
    if drawdowns:
        peaks = programme.add_columns(periods, 0.0, np.inf, 0.0, 2.0 * reach)
        programme.add_rows(None, [(peaks, one), (weights, -scaled)], 0.0, np.inf)
        if periods > 1:
            step = eye_array(periods - 1, periods, k=1) - eye_array(periods - 1, periods)
            programme.add_rows(None, [(peaks, step)], 0.0, np.inf)
        parts.append((peaks, -one))
    programme.add_rows(None, parts, 0.0, np.inf)


def _add_cost(cost, programme, setting, name):
    rates, impact = read_costs(cost, setting)
    buys, sells = programme.trades(setting.held)
    programme.linear[buys] += rates / cost.periods
    programme.linear[sells] += rates / cost.periods
    if impact.any():
        if name in RATIOS:
            raise ValidationError(f"quadratic costs (impact) don't go with {name!r}, only linear")
        rows = np.diag(np.sqrt(2.0 * impact / cost.periods))
        programme.root = np.vstack([programme.root, rows])
        programme.target = np.concatenate([programme.target, rows @ setting.held])


def _read_budgets(setting):
    given = setting.options["budgets"]
    count = setting.labels.count
    budgets = setting.labels.read("budgets", 1.0 / count if given is None else given)
    if not (np.isfinite(budgets).all() and (budgets > 0).all()):
        raise ValidationError("budgets must be finite and above 0")
    if (setting.lower < 0).any():
        raise ValidationError(f"risk_parity must have lower >= 0, got {setting.lower.min()}")
    return budgets / budgets.sum()
