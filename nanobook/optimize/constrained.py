"""How `optimize` answers: by a compiled optimizer where bounds are all, else by a programme."""

import importlib

import numpy as np

from nanobook.errors import ArgumentTypeError, ConvergenceError, ValidationError
from nanobook.optimize import constraints as kinds
from nanobook.optimize.blas import one_blas_thread
from nanobook.optimize.branching import search
from nanobook.optimize.certificate import (
    CONDITION,
    FIELDS,
    GAP,
    ITERATIONS,
    NOT_CONVERGED,
    OBJECTIVE,
    OPTIMAL,
    RESIDUAL,
    STATUS,
)
from nanobook.optimize.choices import add_choices, add_directions
from nanobook.optimize.conflicts import is_feasible, raise_conflict
from nanobook.optimize.inputs import read_problem
from nanobook.optimize.objectives import (
    OBJECTIVES,
    RATIOS,
    add_objective,
    excess_of,
    figure_of,
    ratio_terms,
)
from nanobook.optimize.programme import Programme
from nanobook.optimize.requirements import cost_of, enter, violation
from nanobook.optimize.result import Optimum
from nanobook.optimize.setting import Setting
from nanobook.optimize.solving import solve_form
from nanobook.optimize.standard import form_of
from nanobook.panel.arrays import as_float
from nanobook.panel.frames import shown_labels

__all__ = ["solve"]

#: The compiled optimizers, and the options that each one takes besides moments and bounds.
_COMPILED = {
    "min_variance": ("optimize_min_variance", ("moments", "bounds")),
    "max_sharpe": ("optimize_max_sharpe", ("moments", "mean", "bounds", "risk_free")),
    "utility": ("optimize_utility", ("moments", "mean", "bounds", "risk_aversion")),
    "max_diversification": ("optimize_max_diversification", ("moments", "bounds")),
    "risk_parity": ("optimize_risk_parity", ("moments", "budgets")),
    "cvar": ("optimize_cvar", ("bounds", "alpha")),
    "cdar": ("optimize_cdar", ("bounds", "alpha")),
    "mean_cvar": ("optimize_mean_cvar", ("mean", "bounds", "alpha", "risk_aversion")),
    "hrp": ("optimize_hrp", ("moments",)),
    "herc": ("optimize_herc", ("moments",)),
    "nco": ("optimize_nco", ("moments", "mean", "risk_free")),
    "inverse_volatility": ("inverse_volatility_weights", ("moments",)),
    "equal": ("equal_weights", ("moments",)),
}

#: A position nearer to 0 or to a bound than this is there.
_SNAP = 1e-9

#: Violations of the constraints, once computed from the weights, up to which they count as kept.
_KEPT = 1e-8


def solve(
    returns,
    objective,
    symbols,
    constraints,
    *,
    current,
    costs,
    benchmark,
    moments,
    lower,
    upper,
    options,
    solver,
    time_limit,
):
    """Answer `nanobook.optimize`.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N), or None
        Returns.
    objective : str
        The objective.
    symbols : sequence of str or None
        Names.
    constraints : sequence
        Of `nanobook.optimize.constraints`.
    current : array_like, Series, mapping or None
        Weights held.
    costs : float, TransactionCost or None
        Of trading.
    benchmark : array_like, Series, mapping or None
        Weights, or returns, to be measured from.
    moments : dict
        What `read_problem` takes.
    lower, upper : float, array_like, Series or mapping
        Bounds.
    options : dict
        Of objectives.
    solver : str or None
        Which one is asked first.
    time_limit : float
        Seconds of a search.

    Returns
    -------
    Optimum
        The answer.

    Raises
    ------
    InfeasibleError
        If no weights keep the constraints.
    ConvergenceError
        If all solvers failed.
    ValidationError
        If something doesn't fit.
    """
    constraints = _read_constraints(constraints, costs)
    options = _read_options(objective, options, solver, time_limit)
    if objective not in OBJECTIVES and constraints:
        raise ValidationError(
            f"{objective!r} follows a rule that knows no constraints, "
            f"got {type(constraints[0]).__name__}"
        )
    compiled = None
    if not constraints and solver is None:
        compiled = _by_kernel(returns, objective, symbols, moments, lower, upper, options)
        if compiled is not None and (_is_solved(compiled) or objective not in OBJECTIVES):
            return compiled
    if objective not in OBJECTIVES:
        raise ValidationError(f"{objective!r} follows a rule and asks no solver, got {solver!r}")
    setting = _read_setting(
        returns, objective, symbols, moments, current, benchmark, lower, upper, options
    )
    if compiled is not None:
        setting.problem.notes["compiled"] = compiled.status
    with one_blas_thread(kernels=False):
        return _by_programme(setting, objective, constraints, solver, time_limit)


def _is_solved(answer):
    return answer.status in ("optimal", "computed")


def _read_constraints(constraints, costs):
    if not isinstance(constraints, list | tuple):
        constraints = [constraints]
    constraints = list(constraints)
    if costs is not None:
        is_rule = isinstance(costs, kinds.TransactionCost)
        constraints.append(costs if is_rule else kinds.TransactionCost(costs))
    for one in constraints:
        if type(one) not in _KINDS:
            raise ArgumentTypeError(
                f"constraints must be of nanobook's own kinds, such as GroupLimit, got {one!r}"
            )
    for kind in (kinds.NetLimit, kinds.TransactionCost):
        if sum(isinstance(one, kind) for one in constraints) > 1:
            raise ValidationError(f"constraints must hold one {kind.__name__} at most")
    return constraints


_KINDS = {getattr(kinds, name) for name in kinds.__all__}


def _read_options(objective, options, solver, time_limit):
    known = [*OBJECTIVES, *(name for name in _COMPILED if name not in OBJECTIVES)]
    if objective not in known:
        raise ValidationError(f"objective must be one of {', '.join(known)}, got {objective!r}")
    if solver is not None and solver not in ("clarabel", "osqp", "scs", "highs"):
        raise ValidationError(
            f"solver must be 'clarabel', 'osqp', 'scs' or 'highs', got {solver!r}"
        )
    as_float("time_limit", time_limit, least=0.0)
    options = dict(options)
    options["risk_free"] = as_float("risk_free", options["risk_free"])
    options["risk_aversion"] = as_float("risk_aversion", options["risk_aversion"], least=0.0)
    options["alpha"] = as_float("alpha", options["alpha"], below=1.0)
    if not options["alpha"] > 0:
        raise ValidationError(f"alpha must be above 0, got {options['alpha']}")
    return options


def _by_kernel(returns, objective, symbols, moments, lower, upper, options):
    """Return a compiled optimizer's answer; None if there's none for this."""
    if objective not in _COMPILED:
        return None
    name, takes = _COMPILED[objective]
    function = getattr(importlib.import_module("nanobook.optimize"), name)
    if objective in OBJECTIVES and not _is_long_only(lower, upper, "bounds" in takes):
        return None
    estimated = (moments["covariance"], moments["half_life"], moments["shrinkage"])
    if (
        "moments" not in takes
        and "mean" not in takes
        and _differ(estimated, ("sample", None, None))
    ):
        return None  # figures of risk are wanted that this one doesn't estimate
    given = {"certificate": True}
    for what in takes:
        if what == "moments":
            names = ("covariance", "half_life", "shrinkage", "missing")
            given.update({key: moments[key] for key in names})
        elif what == "mean":
            given.update({key: moments[key] for key in ("mean", "half_life", "missing")})
        elif what == "bounds":
            given.update(lower=lower, upper=upper, missing=moments["missing"])
        else:
            given[what] = options[what]
    return function(returns, symbols, **given)


def _is_long_only(lower, upper, takes_bounds):
    """Return whether a compiled optimizer knows such bounds: a faulty one is told elsewhere."""
    try:
        least, most = (np.asarray(_values(bound), np.float64) for bound in (lower, upper))
    except (TypeError, ValueError):
        return False
    if not takes_bounds:
        return bool((least == 0).all() and (most == 1).all())
    room = max(least.size, most.size)
    fits = room == 1 or (
        np.broadcast_to(least, room).sum() <= 1 <= np.broadcast_to(most, room).sum()
    )
    return bool((least >= 0).all() and fits)


def _differ(given, plain):
    return any(
        one is not other and not (isinstance(one, str) and one == other)
        for one, other in zip(given, plain, strict=True)
    )


def _values(bound):
    return list(bound.values()) if hasattr(bound, "keys") and callable(bound.values) else bound


def _read_setting(returns, objective, symbols, moments, current, benchmark, lower, upper, options):
    needs = {*OBJECTIVES[objective], "covariance"}
    if returns is not None:
        needs |= {"returns", "mean"}
    problem = read_problem(returns, symbols, needs=tuple(needs), **moments)
    if "returns" in OBJECTIVES[objective] and not np.isfinite(problem.returns).all():
        raise ValidationError(
            f"{objective} needs returns without NaN; missing='complete' leaves such rows out"
        )
    labels = problem.labels
    least, most = labels.read("lower", lower), labels.read("upper", upper)
    for name, vector in (("lower", least), ("upper", most)):
        if not np.isfinite(vector).all():
            raise ValidationError(f"{name} must be finite, got {vector[~np.isfinite(vector)][0]}")
    if (least > most).any():
        at = int(np.argmax(least > most))
        raise ValidationError(
            f"lower must not be above upper, got {least[at]} above {most[at]} "
            f"for {shown_labels([labels.names[at]])}"
        )
    held = None if current is None else labels.read("current", current)
    if held is not None and not np.isfinite(held).all():
        raise ValidationError("current must be finite")
    return Setting(problem, least, most, held, benchmark, options, returns)


def _programme(setting, constraints, loose=False):
    """Return all that weights are held to, without an objective."""
    programme = Programme(setting.lower, setting.upper)
    costs = [one for one in constraints if isinstance(one, kinds.TransactionCost)]
    paid = [one for one in costs if one.in_budget]
    net = next((one for one in constraints if isinstance(one, kinds.NetLimit)), None)
    if paid or net is None:
        least, most = (1.0, 1.0) if net is None else (net.lower, net.upper)
        words = "the budget (weights add up to 1)" if net is None else "NetLimit"
        item = programme.add_item(words + (" less costs" if paid else ""))
        parts = [(np.arange(programme.assets), np.ones((1, programme.assets)))]
        for cost in paid:
            from nanobook.optimize.requirements import read_costs

            rates, _ = read_costs(cost, setting)
            buys, sells = programme.trades(setting.held)
            parts += [(buys, rates[None, :]), (sells, rates[None, :])]
        programme.add_rows(item, parts, least, most)
    for one in constraints:
        if not (paid and one is net):
            enter(one, programme, setting)
    add_choices(constraints, programme, setting, loose)
    if paid and not loose:
        add_directions(programme, setting)
    return programme


def _by_programme(setting, objective, constraints, solver, time_limit):
    costs = [one for one in constraints if isinstance(one, kinds.TransactionCost)]
    programme = _programme(setting, constraints)
    add_objective(objective, programme, setting, costs)
    if programme.integers.size and programme.logs is not None:
        raise ValidationError("'risk_parity' holds every asset: it can't choose among them")
    form = form_of(objective, programme, setting)
    found, lower, upper = None, None, None
    if programme.integers.size:
        found = search(form, time_limit)
        if found is None:
            _explain(setting, objective, constraints, searched=True)
        lower, upper = found.lower, found.upper
    try:
        answer = solve_form(form, lower, upper, solver)
    except ConvergenceError:
        _explain(setting, objective, constraints, searched=False)
        raise
    if answer is None or answer.fault > 1.0:
        _explain(setting, objective, constraints, searched=answer is None)
    return _dressed(setting, objective, constraints, form, answer, found, (lower, upper))


def _explain(setting, objective, constraints, searched):
    """Raise what's wrong with a problem that has no answer; return if nothing is known to be."""
    loose = _programme(setting, constraints, loose=True)
    if not is_feasible(loose):
        raise_conflict(loose, setting.current)
    if objective in RATIOS:
        slope, constant = ratio_terms(objective, setting)
        best = float(slope.max())
        if objective == "max_sharpe":
            raise ValidationError(
                "max_sharpe needs weights that earn more than risk_free, but none do under the "
                f"constraints: risk_free is {constant}, the best mean of an asset {best}"
            )
    if searched:
        raise ConvergenceError(
            "no weights were found within time_limit, though some may keep the constraints"
        )


def _dressed(setting, objective, constraints, form, answer, found, bounds):
    """Return an answer with its weights cleaned, and its certificate computed from them."""
    programme, problem = form.programme, setting.problem
    n = programme.assets
    weights = _cleaned(setting, constraints, programme, answer.x[:n], bounds)
    broken = _broken(setting, constraints, weights)
    spread = paid = 0.0
    for one in constraints:
        if isinstance(one, kinds.TransactionCost):
            spread, paid = cost_of(one, weights, setting)
    if objective in RATIOS and not excess_of(objective, weights, setting) - spread > 0:
        _explain(setting, objective, constraints, searched=False)
    numbers = np.full(FIELDS, np.nan)
    numbers[OBJECTIVE] = figure_of(objective, weights, setting, spread)
    numbers[RESIDUAL], numbers[GAP] = answer.residual, answer.gap
    numbers[ITERATIONS] = answer.iterations
    numbers[CONDITION] = _condition(problem.covariance, weights)
    notes = {"solver": answer.solver, "violation": broken}
    if len(answer.tried) > 1:
        notes["tried"] = tuple(answer.tried)
    if any(isinstance(one, kinds.TransactionCost) for one in constraints):
        notes["cost"] = paid if spread == 0.0 else spread
    if setting.current is not None:
        notes["turnover"] = float(np.abs(weights - setting.current).sum())
    open_gap = 0.0
    if found is not None:
        open_gap = found.gap
        notes["search"] = found.method
        notes["nodes"] = found.nodes
        numbers[GAP] = max(numbers[GAP], open_gap)
    fine = answer.fault <= 1.0 and broken <= _KEPT and open_gap == 0.0
    numbers[STATUS] = OPTIMAL if fine else NOT_CONVERGED
    problem.notes.update(notes)
    return Optimum(objective, problem, weights, numbers)


def _cleaned(setting, constraints, programme, weights, bounds):
    """Return weights on their bounds where they're next to them, adding up exactly."""
    n = programme.assets
    lower = programme.lower[:n] if bounds[0] is None else bounds[0][:n]
    upper = programme.upper[:n] if bounds[1] is None else bounds[1][:n]
    snapped = weights.copy()
    snapped[np.abs(weights) <= _SNAP] = 0.0
    for bound in (lower, upper):
        near = np.abs(weights - bound) <= _SNAP
        snapped[near] = bound[near]
    snapped = np.clip(snapped, lower, upper)
    fixed_sum = not any(
        isinstance(one, kinds.NetLimit) or getattr(one, "in_budget", False) for one in constraints
    )
    if fixed_sum:
        room = np.minimum(snapped - lower, upper - snapped)
        at = int(np.argmax(np.where(room > _SNAP, np.abs(snapped), -1.0)))
        for _ in range(3):
            snapped[at] += 1.0 - snapped.sum()
        snapped = np.clip(snapped, lower, upper)
    before, after = (_broken(setting, constraints, one) for one in (weights, snapped))
    return snapped if after <= max(before, 1e-9) else weights


def _broken(setting, constraints, weights):
    """Return the largest violation of anything, from its definition."""
    worst = max((setting.lower - weights).max(), (weights - setting.upper).max(), 0.0)
    net = next((one for one in constraints if isinstance(one, kinds.NetLimit)), None)
    total = weights.sum()
    for one in constraints:
        if isinstance(one, kinds.TransactionCost) and one.in_budget:
            total += cost_of(one, weights, setting)[1]
    least, most = (1.0, 1.0) if net is None else (net.lower, net.upper)
    worst = max(worst, least - total, total - most)
    for one in constraints:
        if not isinstance(one, kinds.NetLimit):
            worst = max(worst, violation(one, weights, setting))
    return float(worst)


def _condition(covariance, weights):
    held = np.flatnonzero(weights)
    if covariance is None or not held.size:
        return np.nan
    return float(np.linalg.cond(covariance[np.ix_(held, held)], 1))
