"""What constraints and objectives are read against: assets, moments, bounds, what's held."""

import dataclasses

import numpy as np

from nanobook.errors import ValidationError
from nanobook.panel.arrays import as_vector
from nanobook.panel.frames import is_series, shown_labels

__all__ = ["Setting", "covariance_root", "read_benchmark", "read_limits"]


@dataclasses.dataclass
class Setting:
    """The problem, and the caller's options."""

    problem: object
    lower: np.ndarray
    upper: np.ndarray
    current: np.ndarray
    benchmark: object
    options: dict
    source: object  # returns as the caller gave them, for their index

    @property
    def labels(self):
        """The assets."""
        return self.problem.labels

    @property
    def held(self):
        """Weights held now; raises where they're needed and weren't given."""
        if self.current is None:
            raise ValidationError("current must be given: turnover and costs count from it")
        return self.current


def covariance_root(covariance):
    """Return an upper triangle, or its first rows, whose square is the covariance.

    Parameters
    ----------
    covariance : ndarray of shape (N, N)
        Symmetric.

    Returns
    -------
    ndarray of shape (K, N)
        ``R`` with ``R'R = C``; K is the rank.

    Raises
    ------
    ValidationError
        If the covariance isn't positive semidefinite by more than rounding.
    """
    try:
        root = np.linalg.cholesky(covariance).T
        diagonal = np.diag(root)
        if diagonal.min() > 1e-6 * diagonal.max():
            return root
    except np.linalg.LinAlgError:
        pass
    values, vectors = np.linalg.eigh(covariance)
    if values[0] < -1e-8 * max(values[-1], 0.0) or values[-1] < 0:
        raise ValidationError(
            f"covariance must be positive semidefinite, but its least eigenvalue is {values[0]} "
            f"and its largest {values[-1]}"
        )
    kept = values > 1e-15 * values[-1]
    scaled = np.sqrt(values[kept])[:, None] * vectors.T[kept]
    return np.linalg.qr(scaled, mode="r")


def read_limits(kind, setting, limit, names, empty):
    """Return one limit for each name of a constraint with several of them.

    Parameters
    ----------
    kind : str
        What the messages call it.
    setting : Setting
        Unused but for its kind's sake.
    limit : None, float, sequence or mapping
        As the caller gave it.
    names : list
        Of factors, groups or rows.
    empty : float
        What None stands for.

    Returns
    -------
    ndarray
        A limit for each name.

    Raises
    ------
    ValidationError
        If a name isn't known, the length is another one or a limit is NaN.
    """
    if limit is None:
        return np.full(len(names), empty)
    if is_series(limit):
        limit = dict(zip(limit.index, limit.to_numpy(), strict=True))
    if hasattr(limit, "keys"):
        unknown = [name for name in limit if name not in names]
        if unknown:
            raise ValidationError(f"{kind} must name what there is, got {shown_labels(unknown)}")
        values = [limit.get(name) for name in names]
        return np.array([empty if value is None else float(value) for value in values])
    values = [limit] * len(names) if np.ndim(limit) == 0 else limit
    vector = as_vector(kind, values)
    if vector.size != len(names):
        raise ValidationError(f"{kind} must have {len(names)} values, got {vector.size}")
    if np.isnan(vector).any():
        raise ValidationError(f"{kind} must not be NaN")
    return vector


def read_benchmark(setting, benchmark):
    """Return what the tracking error is the norm of: ``R w - r``.

    Parameters
    ----------
    setting : Setting
        With a covariance.
    benchmark : array_like, Series or mapping
        Weights of the assets, or returns of the same periods.

    Returns
    -------
    root : ndarray of shape (K, N)
        Upper triangular.
    target : ndarray of shape (K,)
        Of the benchmark.

    Raises
    ------
    ValidationError
        If there's no benchmark, it fits neither assets nor periods, or isn't finite.
    """
    benchmark = setting.benchmark if benchmark is None else benchmark
    if benchmark is None:
        raise ValidationError("benchmark must be given: tracking error is measured from it")
    problem, labels = setting.problem, setting.labels
    by_date = is_series(benchmark) and (
        hasattr(setting.source, "index") and benchmark.index.equals(setting.source.index)
    )
    sized = not hasattr(benchmark, "keys") and np.ndim(benchmark) == 1
    periods = None if problem.returns is None else len(problem.returns)
    if by_date or (sized and len(benchmark) == periods != labels.count):
        vector = as_vector("benchmark", benchmark)
        if vector.size != periods or not np.isfinite(vector).all():
            raise ValidationError(
                f"benchmark must have a finite return for each of {periods} periods"
            )
        both = np.column_stack([problem.returns, vector])
        both = (both - both.mean(axis=0)) / np.sqrt(max(periods - 1, 1))
        triangle = np.linalg.qr(both, mode="r")
        return np.ascontiguousarray(triangle[:, :-1]), triangle[:, -1].copy()
    weights = labels.read("benchmark", benchmark)
    if not np.isfinite(weights).all():
        raise ValidationError("benchmark must have finite weights")
    root = covariance_root(problem.covariance)
    return root, root @ weights
