"""What weights may be held to, beyond bounds on each: a small frozen class for each kind.

A class checks what it's given when it's made; how it fits the assets is seen when it's used
(`nanobook.optimize.requirements`).
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.panel.arrays import as_count, as_float

__all__ = ["Cardinality", "FactorExposure", "GrossLimit", "GroupLimit", "LinearConstraint"]
__all__ += ["MinimumPosition", "NetLimit", "TrackingErrorLimit", "TransactionCost", "TurnoverLimit"]


@dataclasses.dataclass(frozen=True, eq=False)
class GroupLimit:
    """Limits on the sum of weights in each group of assets, such as a sector.

    Parameters
    ----------
    groups : mapping, Series or sequence of length N
        Each asset's group; a mapping may leave assets out, which are in no group then.
    lower, upper : float or mapping, optional
        Least and largest sum: one for all groups, or by group's name.

    Raises
    ------
    ArgumentTypeError
        If groups or limits can't be read.
    ValidationError
        If there's no limit, one isn't finite, or they cross.
    """

    groups: object
    lower: object = None
    upper: object = None

    def __post_init__(self):
        _need_a_limit("GroupLimit", self.lower, self.upper)
        for name, limit in (("lower", self.lower), ("upper", self.upper)):
            values = limit.items() if isinstance(limit, Mapping) else [(None, limit)]
            for group, value in values:
                if value is not None:
                    at = name if group is None else f"{name}[{group!r}]"
                    as_float(f"GroupLimit {at}", value)
        if isinstance(self.groups, str) or not hasattr(self.groups, "__len__"):
            raise ArgumentTypeError(
                f"GroupLimit groups must be a mapping or a sequence, got {self.groups!r}"
            )


@dataclasses.dataclass(frozen=True, eq=False)
class TurnoverLimit:
    """A limit on the sum of purchases and sales: ``sum |w - current| <= limit``.

    Parameters
    ----------
    limit : float
        0.1 lets 5 % of the portfolio be exchanged for something else.
    """

    limit: float

    def __post_init__(self):
        as_float("TurnoverLimit limit", self.limit, least=0.0)


@dataclasses.dataclass(frozen=True, eq=False)
class TransactionCost:
    """What it costs to come from the weights held now to others.

    ``(sum bps/10_000 |w - current| + sum impact (w - current)^2) / periods`` is taken from the
    objective.

    Parameters
    ----------
    bps : float, array_like of shape (N,), Series or mapping, default 0.0
        Basis points of what's bought or sold, one for all assets or each its own.
    impact : float, array_like of shape (N,), Series or mapping, default 0.0
        Cost that grows with the square of the trade: a trade of the whole portfolio's value
        costs this share of it.
    periods : float, default 1.0
        Over how many periods of the returns the cost is spread, in the objective.
    in_budget : bool, default False
        Whether costs are paid out of the portfolio, so that weights and linear costs add up to 1
        (all in fractions of what the portfolio is worth before).

    Raises
    ------
    ValidationError
        If a number isn't finite, a cost is negative, or `periods` isn't above 0.
    """

    bps: object = 0.0
    impact: object = 0.0
    periods: float = 1.0
    in_budget: bool = False

    def __post_init__(self):
        for name in ("bps", "impact"):
            value = getattr(self, name)
            if np.ndim(value) == 0 and not isinstance(value, Mapping):
                as_float(f"TransactionCost {name}", value, least=0.0)
        if not as_float("TransactionCost periods", self.periods) > 0:
            raise ValidationError(f"TransactionCost periods must be above 0, got {self.periods}")


@dataclasses.dataclass(frozen=True, eq=False)
class TrackingErrorLimit:
    """A limit on the standard deviation of the return beyond a benchmark's.

    Parameters
    ----------
    limit : float
        Per period of the returns.
    benchmark : array_like, Series or mapping, optional
        Its weights or returns, as `optimize` takes them; by default `optimize`'s own.
    """

    limit: float
    benchmark: object = None

    def __post_init__(self):
        as_float("TrackingErrorLimit limit", self.limit, least=0.0)


@dataclasses.dataclass(frozen=True, eq=False)
class GrossLimit:
    """A limit on the sum of long and short positions: ``sum |w| <= limit``.

    Parameters
    ----------
    limit : float
        1.6 allows 130 % long and 30 % short.
    """

    limit: float

    def __post_init__(self):
        as_float("GrossLimit limit", self.limit, least=0.0)


@dataclasses.dataclass(frozen=True, eq=False)
class NetLimit:
    """What weights add up to, in place of 1: ``lower <= sum w <= upper``.

    Parameters
    ----------
    lower : float, default 1.0
        0.0 and 0.0 make a portfolio that's long as much as it's short.
    upper : float, optional
        By default `lower`.
    """

    lower: float = 1.0
    upper: float = None

    def __post_init__(self):
        as_float("NetLimit lower", self.lower)
        if self.upper is None:
            object.__setattr__(self, "upper", self.lower)
        as_float("NetLimit upper", self.upper, least=self.lower)


@dataclasses.dataclass(frozen=True, eq=False)
class Cardinality:
    """How many assets are held.

    Parameters
    ----------
    most : int
        The largest number.
    least : int, default 0
        The smallest number; it needs a `MinimumPosition`, which says what held means.

    Raises
    ------
    ArgumentTypeError
        If they aren't integers.
    ValidationError
        If `most` is below 1, or `least` above it.
    """

    most: int
    least: int = 0

    def __post_init__(self):
        as_count("Cardinality most", self.most, least=1)
        as_count("Cardinality least", self.least)
        if self.least > self.most:
            raise ValidationError(
                f"Cardinality least must not be above most, got {self.least} above {self.most}"
            )


@dataclasses.dataclass(frozen=True, eq=False)
class MinimumPosition:
    """Positions too small to bother with aren't held: ``w = 0`` or ``|w| >= least``.

    Parameters
    ----------
    least : float, array_like of shape (N,), Series or mapping
        The smallest position, above 0.

    Raises
    ------
    ValidationError
        If it isn't finite and above 0.
    """

    least: object

    def __post_init__(self):
        if (
            np.ndim(self.least) == 0
            and not isinstance(self.least, Mapping)
            and not as_float("MinimumPosition least", self.least) > 0
        ):
            raise ValidationError(f"MinimumPosition least must be above 0, got {self.least}")


@dataclasses.dataclass(frozen=True, eq=False)
class FactorExposure:
    """Limits on ``loadings'w``, such as beta, size or duration.

    Parameters
    ----------
    loadings : DataFrame, array_like of shape (N,) or (N, K), Series or mapping
        Each asset's loading on each factor; frames and Series are read by the assets' names.
    lower, upper : float, array_like of shape (K,) or mapping, optional
        Limits, one for all factors or by factor.
    """

    loadings: object
    lower: object = None
    upper: object = None

    def __post_init__(self):
        _need_a_limit("FactorExposure", self.lower, self.upper)


@dataclasses.dataclass(frozen=True, eq=False)
class LinearConstraint:
    """Any linear limits: ``lower <= A w <= upper``.

    Parameters
    ----------
    A : DataFrame, array_like of shape (N,) or (K, N), Series or mapping
        A row for each limit; a frame's columns, a Series or a mapping are read by the assets'
        names, and assets that a mapping leaves out have 0.
    lower, upper : float or array_like of shape (K,), optional
        Limits, one for all rows or each its own.
    """

    A: object
    lower: object = None
    upper: object = None

    def __post_init__(self):
        _need_a_limit("LinearConstraint", self.lower, self.upper)


def _need_a_limit(kind, lower, upper):
    if lower is None and upper is None:
        raise ValidationError(f"{kind} must have a lower or an upper limit, got neither")
    plain = [np.ndim(limit) == 0 and not isinstance(limit, Mapping) for limit in (lower, upper)]
    if all(plain) and lower is not None and upper is not None and lower > upper:
        raise ValidationError(f"{kind} lower must not be above upper, got {lower} above {upper}")
