"""How each constraint enters a programme, and how far given weights break it.

The two are written apart from each other: rows by the helpers that make them linear, violations
straight from the definition.
"""

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.optimize import constraints as kinds
from nanobook.optimize.setting import read_benchmark, read_limits
from nanobook.panel.arrays import as_matrix
from nanobook.panel.frames import is_frame, is_series, shown_labels

__all__ = ["cost_of", "enter", "read_costs", "violation"]


def enter(constraint, programme, setting):
    """Add a constraint's rows to a programme.

    Parameters
    ----------
    constraint : object
        One of `nanobook.optimize.constraints`.
    programme : Programme
        Changed in place.
    setting : Setting
        What the constraint is read against.

    Raises
    ------
    ArgumentTypeError
        If it's no constraint.
    ValidationError
        If it doesn't fit the assets.
    """
    for item, cells in _linear(constraint, setting):
        matrix, lower, upper = cells
        size = np.abs(matrix).max() or 1.0
        at = programme.add_item(item, unit=size, row=matrix[0])
        parts = [(np.arange(programme.assets), matrix / size)]
        programme.add_rows(at, parts, lower / size, upper / size)
    if isinstance(constraint, kinds.TurnoverLimit):
        buys, sells = programme.trades(setting.held)
        at = programme.add_item(f"TurnoverLimit({constraint.limit:g})")
        _add_sum(programme, at, buys, sells, constraint.limit)
    elif isinstance(constraint, kinds.GrossLimit):
        at = programme.add_item(f"GrossLimit({constraint.limit:g})")
        long, short = programme.sides()
        _add_sum(programme, at, long, short, constraint.limit)
    elif isinstance(constraint, kinds.TrackingErrorLimit):
        root, target = read_benchmark(setting, constraint.benchmark)
        at = programme.add_item(f"TrackingErrorLimit({constraint.limit:g})")
        scale = _scale(setting)
        programme.add_cone(at, root / scale, target / scale, constraint.limit / scale)
        programme.items[at]["unit"] = scale


def violation(constraint, weights, setting):
    """Return by how much weights break a constraint, from its definition.

    Parameters
    ----------
    constraint : object
        One of `nanobook.optimize.constraints`.
    weights : ndarray of shape (N,)
        The weights.
    setting : Setting
        What the constraint is read against.

    Returns
    -------
    float
        0.0 where it's kept. Of a tracking error, over the assets' mean volatility.
    """
    worst = 0.0
    for _, (matrix, lower, upper) in _linear(constraint, setting):
        sums = matrix @ weights
        worst = max(worst, (lower - sums).max(), (sums - upper).max())
    if isinstance(constraint, kinds.TurnoverLimit):
        worst = np.abs(weights - setting.held).sum() - constraint.limit
    elif isinstance(constraint, kinds.GrossLimit):
        worst = np.abs(weights).sum() - constraint.limit
    elif isinstance(constraint, kinds.TrackingErrorLimit):
        root, target = read_benchmark(setting, constraint.benchmark)
        worst = (np.linalg.norm(root @ weights - target) - constraint.limit) / _scale(setting)
    elif isinstance(constraint, kinds.Cardinality):
        count = np.count_nonzero(weights)
        worst = max(count - constraint.most, constraint.least - count)
    elif isinstance(constraint, kinds.MinimumPosition):
        least = setting.labels.read("MinimumPosition least", constraint.least)
        worst = np.where(weights == 0.0, 0.0, least - np.abs(weights)).max()
    return max(float(worst), 0.0)


def cost_of(constraint, weights, setting):
    """Return what it costs to come to weights: of the objective, and paid at once.

    Parameters
    ----------
    constraint : TransactionCost
        The rule.
    weights : ndarray of shape (N,)
        The weights.
    setting : Setting
        With current weights.

    Returns
    -------
    spread : float
        Linear and quadratic costs over `periods`.
    paid : float
        Linear costs.
    """
    trade = np.abs(weights - setting.held)
    rates, impact = read_costs(constraint, setting)
    paid = float(rates @ trade)
    return (paid + float(impact @ trade**2)) / constraint.periods, paid


def read_costs(constraint, setting):
    """Return each asset's linear and quadratic costs as fractions.

    Parameters
    ----------
    constraint : TransactionCost
        The rule.
    setting : Setting
        The assets.

    Returns
    -------
    rates, impact : ndarray of shape (N,)
        Of the trade, and of its square.

    Raises
    ------
    ValidationError
        If one is negative or infinite.
    """
    values = []
    for name in ("bps", "impact"):
        vector = setting.labels.read(f"TransactionCost {name}", getattr(constraint, name))
        if not (np.isfinite(vector).all() and (vector >= 0).all()):
            raise ValidationError(f"TransactionCost {name} must be finite and at least 0")
        values.append(vector)
    return values[0] / 1e4, values[1]


def _add_sum(programme, item, left, right, limit):
    ones = np.ones((1, programme.assets))
    programme.add_rows(item, [(left, ones), (right, ones)], -np.inf, limit)


def _scale(setting):
    """Return the assets' mean volatility, or 1 where all are without risk."""
    return float(np.sqrt(np.diag(setting.problem.covariance).mean())) or 1.0


def _linear(constraint, setting):
    """Return names and (matrix, lower, upper) of what is linear in the weights alone."""
    if isinstance(constraint, kinds.GroupLimit):
        return _group_rows(constraint, setting)
    if isinstance(constraint, kinds.FactorExposure):
        return _factor_rows(constraint, setting)
    if isinstance(constraint, kinds.LinearConstraint):
        return _plain_rows(constraint, setting)
    if isinstance(constraint, kinds.NetLimit):
        words = f"NetLimit({_between(constraint.lower, constraint.upper)})"
        cells = np.ones((1, setting.labels.count)), constraint.lower, constraint.upper
        return [(words, cells)]
    if isinstance(constraint, _KNOWN):
        return []
    raise ArgumentTypeError(
        f"constraints must be of nanobook's own kinds, such as GroupLimit, got {constraint!r}"
    )


_KNOWN = (
    *(kinds.TurnoverLimit, kinds.GrossLimit, kinds.TrackingErrorLimit, kinds.Cardinality),
    *(kinds.MinimumPosition, kinds.TransactionCost),
)


def _group_rows(constraint, setting):
    labels = setting.labels
    groups = constraint.groups
    if is_series(groups):
        groups = dict(zip(groups.index, groups.tolist(), strict=True))
    if hasattr(groups, "keys"):
        unknown = [asset for asset in groups if asset not in labels.names]
        if unknown:
            raise ValidationError(
                f"GroupLimit groups must be of the assets, and {shown_labels(unknown)} isn't one"
            )
        groups = [groups.get(asset) for asset in labels.names]
    groups = list(groups)
    if len(groups) != labels.count:
        raise ValidationError(
            f"GroupLimit groups must name a group for each of {labels.count} assets, "
            f"got {len(groups)}"
        )
    names = list(dict.fromkeys(group for group in groups if _is_named(group)))
    lower = read_limits("GroupLimit lower", setting, constraint.lower, names, -np.inf)
    upper = read_limits("GroupLimit upper", setting, constraint.upper, names, np.inf)
    rows = np.array([[float(group == name) for group in groups] for name in names])
    return _each("GroupLimit", names, rows, lower, upper)


def _is_named(group):
    return group is not None and group == group  # a NaN is no group


def _factor_rows(constraint, setting):
    labels, loadings = setting.labels, constraint.loadings
    if is_series(loadings) or (hasattr(loadings, "items") and not is_frame(loadings)):
        name = getattr(loadings, "name", None)
        vector = labels.read("FactorExposure loadings", loadings)
        names, matrix = ["loading" if name is None else name], vector[None, :]
    elif is_frame(loadings):
        names = list(loadings.columns)
        columns = [loadings[name] for name in names]
        matrix = np.array([labels.read("FactorExposure loadings", one) for one in columns])
    else:
        matrix = np.atleast_2d(np.asarray(loadings, dtype=np.float64).T)
        names = [f"factor {at}" for at in range(len(matrix))]
    _check_matrix("FactorExposure loadings", matrix, labels.count)
    lower = read_limits("FactorExposure lower", setting, constraint.lower, names, -np.inf)
    upper = read_limits("FactorExposure upper", setting, constraint.upper, names, np.inf)
    return _each("FactorExposure", names, matrix, lower, upper)


def _plain_rows(constraint, setting):
    labels, table = setting.labels, constraint.A
    if is_series(table):
        table = dict(zip(table.index, table.to_numpy(), strict=True))
    if is_frame(table):
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.to_numpy()]
        names = list(table.index)
        matrix = np.array([_spread(row, labels) for row in rows])
    elif hasattr(table, "keys"):
        names, matrix = ["row 0"], _spread(table, labels)[None, :]
    else:
        matrix = as_matrix("LinearConstraint A", np.atleast_2d(table))
        names = [f"row {at}" for at in range(len(matrix))]
    _check_matrix("LinearConstraint A", matrix, labels.count)
    lower = read_limits("LinearConstraint lower", setting, constraint.lower, names, -np.inf)
    upper = read_limits("LinearConstraint upper", setting, constraint.upper, names, np.inf)
    return _each("LinearConstraint", names, matrix, lower, upper)


def _spread(row, labels):
    unknown = [asset for asset in row if asset not in labels.names]
    if unknown:
        raise ValidationError(
            f"LinearConstraint A must be of the assets, and {shown_labels(unknown)} isn't one"
        )
    return np.array([float(row.get(asset, 0.0)) for asset in labels.names])


def _check_matrix(name, matrix, count):
    if matrix.ndim != 2 or matrix.shape[1] != count:
        raise ValidationError(
            f"{name} must have a value for each of {count} assets, got shape {matrix.shape}"
        )
    if not np.isfinite(matrix).all():
        raise ValidationError(f"{name} must be finite")


def _each(kind, names, matrix, lower, upper):
    """Return a named requirement for each row that has a limit."""
    found = []
    for at, name in enumerate(names):
        if lower[at] > upper[at]:
            raise ValidationError(
                f"{kind} lower must not be above upper, got {lower[at]} above {upper[at]} "
                f"for {name}"
            )
        if np.isfinite(lower[at]) or np.isfinite(upper[at]):
            words = f"{kind}({name} {_between(lower[at], upper[at])})"
            found.append((words, (matrix[at : at + 1], lower[at], upper[at])))
    return found


def _between(lower, upper):
    if lower == upper:
        return f"= {lower:g}"
    if np.isinf(lower):
        return f"<= {upper:g}"
    return f">= {lower:g}" if np.isinf(upper) else f"in {lower:g} .. {upper:g}"
