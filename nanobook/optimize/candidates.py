"""The methods that rolling weights know, and the table of candidates that kernels read."""

from typing import NamedTuple

import numpy as np

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.optimize.distances import read_distance
from nanobook.optimize.estimators import COVARIANCES
from nanobook.optimize.herc import RISKS
from nanobook.optimize.inputs import read_bounds
from nanobook.optimize.linkage import read_linkage
from nanobook.optimize.moments import MEANS
from nanobook.optimize.nco import OBJECTIVES
from nanobook.panel.arrays import as_count, as_float

__all__ = ["AVERSION", "CLUSTERS", "COLUMNS", "COVARIANCE", "DECAY", "DISTANCE", "HALF_LIFE"]
__all__ += ["LEVEL", "LINKAGE", "MEAN", "METHOD", "METHODS", "NEED", "RISK_FREE", "RUNNING"]
__all__ += ["SHRINKAGE", "TAIL_METHODS", "VARIANT", "WINDOW", "Candidates", "read_candidates"]

#: Places in a candidate's row of numbers.
WINDOW = 0  # rows; 0 for all there are
NEED = 1  # returns in a row that an asset must have to be in
RUNNING = 2  # 1.0 where moments can be kept from date to date
DECAY = 3  # of a row's weight with its age
COVARIANCE = 4  # place in COVARIANCES
MEAN = 5  # place in MEANS
HALF_LIFE = 6
SHRINKAGE = 7  # NaN for the estimated one
METHOD = 8  # place in METHODS
AVERSION = 9
RISK_FREE = 10
LEVEL = 11  # alpha of the tail
DISTANCE = 12  # codes of trees
LINKAGE = 13
CLUSTERS = 14
VARIANT = 15  # HERC's risk or NCO's objective
COLUMNS = 16

_ESTIMATION = frozenset({"covariance", "half_life", "shrinkage"})
_BOUNDS = frozenset({"lower", "upper"})
_TREE = frozenset({"distance", "linkage"})

#: What each method takes besides `window` and `min_periods`.
METHODS = {
    "min_variance": _ESTIMATION | _BOUNDS,
    "max_sharpe": _ESTIMATION | _BOUNDS | {"mean", "risk_free"},
    "utility": _ESTIMATION | _BOUNDS | {"mean", "risk_aversion"},
    "max_diversification": _ESTIMATION | _BOUNDS,
    "risk_parity": _ESTIMATION | {"budgets"},
    "inverse_volatility": _ESTIMATION,
    "equal": frozenset(),
    "hrp": _ESTIMATION | _TREE,
    "herc": _ESTIMATION | _TREE | {"clusters", "risk"},
    "nco": _ESTIMATION | _TREE | {"clusters", "objective", "mean", "risk_free"},
    "cvar": _BOUNDS | {"alpha"},
    "cdar": _BOUNDS | {"alpha"},
    "mean_cvar": _BOUNDS | {"alpha", "risk_aversion"},
    "inverse_cvar": frozenset({"alpha"}),
    "inverse_cdar": frozenset({"alpha"}),
}

#: Those that look at the returns themselves.
TAIL_METHODS = ("cvar", "cdar", "mean_cvar", "inverse_cvar", "inverse_cdar")

_DEFAULTS = {
    "method": "min_variance",
    "window": None,
    "min_periods": None,
    "covariance": "sample",
    "mean": "historical",
    "half_life": None,
    "shrinkage": None,
    "lower": 0.0,
    "upper": 1.0,
    "risk_aversion": 1.0,
    "risk_free": 0.0,
    "alpha": 0.95,
    "budgets": None,
    "distance": "correlation",
    "linkage": None,
    "clusters": None,
    "risk": None,
    "objective": "min_variance",
}

#: Rows before the first weights where the window takes all there are.
_LEAST_ROWS = 252


class Candidates(NamedTuple):
    """What kernels read of S candidates."""

    params: list  # a dict of what differs, for each
    settings: np.ndarray  # (S, COLUMNS)
    lower: np.ndarray  # (S, N)
    upper: np.ndarray  # (S, N)
    budgets: np.ndarray  # (S, N)


def read_candidates(labels, fixed, axes):
    """Check what was asked for, candidate by candidate.

    Parameters
    ----------
    labels : Labels
        The assets.
    fixed : dict
        What all candidates share.
    axes : list of dict
        What each has of its own; the same names in all.

    Returns
    -------
    Candidates
        The table.

    Raises
    ------
    ArgumentTypeError
        If a value is of another kind.
    RangeError
        If a number is out of its range.
    ValidationError
        If a method or a parameter isn't known, isn't used by any method asked for, or has a value
        that it can't have.
    """
    varying = set(axes[0])
    twice = sorted(varying & {name for name in fixed if name != "method"})
    if twice:
        raise ValidationError(f"{twice[0]} must stand in the grid or beside it, not in both")
    methods = {_method({**fixed, **axis}) for axis in axes}
    known = {"window", "min_periods", "method"}.union(*(METHODS[method] for method in methods))
    for name in [*fixed, *varying]:
        if name not in _DEFAULTS:
            raise ValidationError(f"{name} isn't a parameter; known are {_listed(_DEFAULTS)}")
        if name not in known:
            raise ValidationError(
                f"{name} isn't a parameter of {_listed(sorted(methods))}, which "
                f"take{'s' if len(methods) == 1 else ''} {_listed(sorted(known))}"
            )
    shape = len(axes), labels.count
    settings = np.full((len(axes), COLUMNS), np.nan)
    lower, upper, budgets = np.empty(shape), np.empty(shape), np.empty(shape)
    read = {}
    for at, axis in enumerate(axes):
        chosen = {**_DEFAULTS, **fixed, **axis}
        settings[at] = _row(chosen)
        key = tuple(_mark(chosen[name]) for name in ("lower", "upper", "budgets"))
        if key not in read:
            bounds = read_bounds(labels, chosen["lower"], chosen["upper"])
            read[key] = *bounds, _budgets(labels, chosen["budgets"])
        lower[at], upper[at], budgets[at] = read[key]
    return Candidates(axes, settings, lower, upper, budgets)


def _row(chosen):
    """Return a candidate's numbers."""
    row = np.full(COLUMNS, np.nan)
    method = _method(chosen)
    used = METHODS[method]
    window = chosen["window"]
    row[WINDOW] = 0 if window is None else as_count("window", window, least=2)
    least = chosen["min_periods"]
    if least is None:
        least = _LEAST_ROWS if window is None else window
    row[NEED] = as_count("min_periods", least, least=2)
    if window is not None and row[NEED] > row[WINDOW]:
        raise ValidationError(f"min_periods must not be above window, got {least} above {window}")
    row[METHOD] = list(METHODS).index(method)
    row[COVARIANCE] = _place("covariance", chosen["covariance"], COVARIANCES)
    row[MEAN] = _place("mean", chosen["mean"], MEANS)
    row[AVERSION] = as_float("risk_aversion", chosen["risk_aversion"], least=0.0)
    if method == "mean_cvar" and not row[AVERSION] > 0.0:
        raise RangeError(f"risk_aversion must be positive for 'mean_cvar', got {row[AVERSION]}")
    row[RISK_FREE] = as_float("risk_free", chosen["risk_free"])
    row[LEVEL] = as_float("alpha", chosen["alpha"], finite=method not in TAIL_METHODS[3:])
    if method in TAIL_METHODS[:3] and not 0.0 < row[LEVEL] < 1.0:
        raise ValidationError(f"alpha must lie between 0 and 1, got {row[LEVEL]}")
    ewma = "ewma" in (
        chosen["covariance"] if "covariance" in used else "",
        chosen["mean"] if "mean" in used else "",
    )
    if chosen["half_life"] is not None:
        row[HALF_LIFE] = as_float("half_life", chosen["half_life"])
        if not row[HALF_LIFE] > 0.0:
            raise ValidationError(f"half_life must be positive, got {row[HALF_LIFE]}")
        if not ewma:
            raise ValidationError("half_life is for covariance='ewma' or mean='ewma'")
    elif ewma:
        raise ValidationError("half_life must be given where covariance or mean is 'ewma'")
    if chosen["shrinkage"] is not None:
        row[SHRINKAGE] = as_float("shrinkage", chosen["shrinkage"], least=0.0)
        if row[SHRINKAGE] > 1.0:
            raise ValidationError(f"shrinkage must lie between 0 and 1, got {row[SHRINKAGE]}")
    row[RUNNING] = _can_run(chosen, used)
    row[DECAY] = 0.5 ** (1.0 / row[HALF_LIFE]) if ewma and row[RUNNING] else 1.0
    _read_tree(chosen, method, row)
    return row


def _can_run(chosen, used):
    """Return 1.0 where one weighted sum of rows gives all moments that the method needs."""
    if "covariance" not in used:
        return 0.0
    covariance, mean = chosen["covariance"], chosen["mean"] if "mean" in used else None
    if covariance == "ledoit_wolf" and chosen["shrinkage"] is not None:
        covariance = "sample"
    pairs = {"sample": "historical", "ewma": "ewma"}
    return float(covariance in pairs and mean in (None, pairs[covariance]))


def _read_tree(chosen, method, row):
    """Fill what methods that stand on a tree have of their own."""
    if not METHODS[method] >= _TREE:
        return
    linkage = chosen["linkage"] or ("single" if method == "hrp" else "ward")
    row[DISTANCE], row[LINKAGE] = read_distance(chosen["distance"]), read_linkage(linkage)
    if method == "hrp":
        return
    if chosen["clusters"] is None:
        raise ValidationError(
            f"clusters must be given for {method!r} where weights are made for many dates"
        )
    row[CLUSTERS] = as_count("clusters", chosen["clusters"], least=1)
    if method == "herc":
        row[VARIANT] = _place("risk", chosen["risk"] or next(iter(RISKS)), RISKS)
    else:
        row[VARIANT] = _place("objective", chosen["objective"], OBJECTIVES)


def _budgets(labels, budgets):
    if budgets is None:
        return np.full(labels.count, 1.0 / labels.count)
    budgets = labels.read("budgets", budgets)
    if not (np.isfinite(budgets).all() and (budgets >= 0).all() and budgets.sum() > 0):
        raise ValidationError(f"budgets must be finite and not negative, got {budgets.min()}")
    return budgets / budgets.sum()


def _method(chosen):
    method = chosen.get("method", _DEFAULTS["method"])
    if not isinstance(method, str):
        raise ArgumentTypeError(f"method must be a string, got {method!r}")
    if method not in METHODS:
        raise ValidationError(f"method must be one of {_listed(METHODS)}, got {method!r}")
    return method


def _place(name, word, words):
    if not isinstance(word, str):
        raise ArgumentTypeError(
            f"{name} must be a string where weights are made for many dates, got {word!r}"
        )
    if word not in words:
        raise ValidationError(f"{name} must be one of {_listed(words)}, got {word!r}")
    return list(words).index(word)


def _mark(value):
    """Return something that can be looked up, equal for the same object."""
    return value if isinstance(value, float | int | None) else id(value)


def _listed(words):
    return ", ".join(repr(word) for word in words)
