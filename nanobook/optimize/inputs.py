"""What every optimizer is given: returns or moments, labels to dress weights with, bounds."""

import functools
import inspect
from collections.abc import Mapping

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.panel.arrays import as_matrix, as_vector
from nanobook.panel.frames import check_labels, is_frame, is_series, shown_labels

__all__ = ["Labels", "Problem", "also_named", "read_bounds", "read_labels", "read_problem"]
__all__ += ["read_rows", "read_square"]

#: The most that rounding may leave between a covariance matrix and its transpose, relative.
_SYMMETRY = 1e-8

#: How far below 0 the correlations' least eigenvalue may lie.
_DEFINITE = 1e-9


class Labels:
    """The assets' names, and the kind of object that weights are dressed as.

    Parameters
    ----------
    count : int
        How many assets there are.
    names : Index or list, optional
        What they're called; by default they're numbered.
    kind : {"array", "list", "series", "dict"}
        What weights come back as.
    """

    def __init__(self, count, names, kind):
        self.count, self.kind = count, kind
        self.names = range(count) if names is None else names

    def dress(self, values, name="weight"):
        """Return one value an asset as the caller would have it.

        Parameters
        ----------
        values : ndarray of shape (N,)
            The values.
        name : str, default "weight"
            What a Series is called.

        Returns
        -------
        ndarray, list, Series or dict
            Of two assets with one name a dict keeps the last.
        """
        if self.kind == "series":
            from pandas import Series

            return Series(values, index=self.names, name=name)
        if self.kind == "dict":
            return dict(zip(self.names, values.tolist(), strict=True))
        return values.tolist() if self.kind == "list" else values

    def series(self, values, name="weight"):
        """Return one value an asset as a Series, whatever the caller gave.

        Parameters
        ----------
        values : ndarray of shape (N,)
            The values.
        name : str, default "weight"
            What the Series is called.

        Returns
        -------
        Series
            Indexed by the assets' names.
        """
        from pandas import Series

        return Series(values, index=list(self.names), name=name)

    def read(self, name, values):
        """Return one number an asset from a number, a vector, a Series or a mapping.

        Parameters
        ----------
        name : str
            The argument's name, for messages.
        values : float, array_like of shape (N,), Series or mapping
            A Series or a mapping is read by the assets' names and must name each of them.

        Returns
        -------
        ndarray of shape (N,)
            A fresh float64 vector.

        Raises
        ------
        ArgumentTypeError
            If `values` doesn't hold real numbers.
        ValidationError
            If an asset is missing or unknown, or the length isn't N.
        """
        if is_series(values):
            values = dict(zip(values.index, values.to_numpy(), strict=True))
        if isinstance(values, Mapping):
            unknown = [key for key in values if key not in self.names]
            missing = [key for key in self.names if key not in values]
            if unknown or missing:
                fault = f"{shown_labels(unknown)} isn't one" if unknown else ""
                fault = fault or f"{shown_labels(missing)} is missing"
                raise ValidationError(f"{name} must have a value for each asset, but {fault}")
            values = [values[key] for key in self.names]
        if np.ndim(values) == 0:
            values = [values] * self.count
        vector = as_vector(name, values).copy()
        if vector.size != self.count:
            raise ValidationError(
                f"{name} must have a value for each of {self.count} assets, got {vector.size}"
            )
        return vector


class Problem:
    """What an optimizer works on.

    Parameters
    ----------
    labels : Labels
        The assets.
    returns : ndarray of shape (T, N) or None
        Finite returns per period; None where moments were given instead.
    covariance : ndarray of shape (N, N) or None
        Per period, symmetric; None where the method has no use for it.
    mean : ndarray of shape (N,) or None
        Per period; None where the method has no use for it.
    notes : dict, optional
        What the estimators did: rows dropped, shrinkage, distance of a repair.
    """

    def __init__(self, labels, returns, covariance, mean, notes=None):
        self.labels, self.returns = labels, returns
        self.covariance, self.mean, self.notes = covariance, mean, dict(notes or {})

    def answer(self, method, weights, numbers, certificate):
        """Return weights dressed, or with their certificate.

        Parameters
        ----------
        method : str
            The objective's name.
        weights : ndarray of shape (N,)
            The weights.
        numbers : ndarray of shape (FIELDS,)
            What `nanobook.optimize.certificate` describes.
        certificate : bool
            Whether the caller wants an `Optimum`.

        Returns
        -------
        ndarray, list, Series, dict or Optimum
            As `Labels.dress` does.

        Raises
        ------
        ConvergenceError
            If the solve failed, and bare weights couldn't say so.
        """
        from nanobook.optimize.result import Optimum

        optimum = Optimum(method, self, weights, numbers)
        if certificate:
            return optimum
        optimum.raise_for_status()
        return optimum.weights


def read_labels(returns, symbols):
    """Return the assets of a table of returns, and what their weights come back as.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N)
        The table as the caller gave it; a square one serves as well.
    symbols : sequence of str or None
        Names; blank ones don't count, as they didn't in the original.

    Returns
    -------
    Labels
        With `symbols` weights are a dict; of a frame they're a Series, of an array an array, of
        a list a list.

    Raises
    ------
    ValidationError
        If there isn't a symbol for each column.
    ArgumentTypeError
        If `symbols` isn't a sequence of strings.
    """
    count = _columns(returns)
    if symbols is not None:
        if isinstance(symbols, str) or not all(isinstance(s, str) for s in symbols):
            raise ArgumentTypeError(f"symbols must be a sequence of strings, got {symbols!r}")
        names = [symbol for symbol in symbols if symbol.strip()]
        if len(names) != count:
            raise ValidationError(
                f"symbols must name each of {count} columns, got {len(names)} that aren't blank"
            )
        return Labels(count, names, "dict")
    if is_frame(returns):
        check_labels("returns", returns.columns)
        return Labels(count, returns.columns, "series")
    return Labels(count, None, "list" if isinstance(returns, list | tuple) else "array")


def read_problem(
    returns,
    symbols=None,
    *,
    covariance="sample",
    mean="historical",
    half_life=None,
    shrinkage=None,
    missing="raise",
    needs=("covariance",),
):
    """Check what an optimizer was given, and estimate the moments that it needs.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N), or None
        Returns per period; None where every moment that's needed is given.
    symbols : sequence of str, optional
        Names for a dict of weights.
    covariance : str, array_like of shape (N, N) or object, default "sample"
        A name that `estimate_covariance` knows, a matrix, or what has `covariance_forecast`.
    mean : str, array_like of shape (N,) or Series, default "historical"
        A name that `estimate_mean` knows, or expected returns per period.
    half_life : float, optional
        Of weights that fall with age, in periods, for the estimators that have them.
    shrinkage : float, optional
        A fixed intensity in place of an estimated one.
    missing : {"raise", "complete", "pairwise"}, default "raise"
        What NaNs do; see `estimate_covariance`.
    needs : tuple of str, default ("covariance",)
        Among "returns", "covariance" and "mean".

    Returns
    -------
    Problem
        Checked: finite, of one size, at least two rows.

    Raises
    ------
    ArgumentTypeError
        If something can't be read as numbers.
    ValidationError
        If shapes don't agree, a value isn't finite, rows are too few or a name isn't known.
    """
    from nanobook.optimize.covariance import estimate_covariance
    from nanobook.optimize.moments import estimate_mean

    given = getattr(covariance, "matrix", covariance)
    if hasattr(given, "covariance_forecast"):
        given = given.covariance_forecast(1)
    named = isinstance(given, str)
    source = returns
    if returns is None:
        if "returns" in needs or named or ("mean" in needs and isinstance(mean, str)):
            raise ValidationError(
                "returns must be given, unless each moment that's needed is given in their place"
            )
        source = given
    _refuse_unused(half_life, shrinkage, named and given, isinstance(mean, str) and mean, needs)
    labels = read_labels(source, symbols)
    matrix, notes = None, {}
    if returns is not None:
        matrix, notes = read_rows(returns, missing, labels)
    square = vector = None
    if "covariance" in needs:
        if named:
            estimate = estimate_covariance(
                matrix,
                given,
                half_life=half_life if given == "ewma" else None,
                shrinkage=shrinkage,
                missing=missing,
            )
            square = np.asarray(estimate.matrix)
            notes.update(estimate.notes)
        else:
            square = read_square(given, labels)
            if given is covariance:  # a matrix of the caller's own; what we estimate is sound
                _refuse_indefinite(square)
    if "mean" in needs:
        if isinstance(mean, str):
            vector = estimate_mean(
                matrix, mean, half_life=half_life if mean == "ewma" else None, missing=missing
            )
        else:
            vector = labels.read("mean", mean)
            _refuse_infinite("mean", vector)
    return Problem(labels, matrix, square, vector, notes)


def read_bounds(labels, lower, upper):
    """Return bounds on each asset's weight, after making sure that some weights keep to them.

    Parameters
    ----------
    labels : Labels
        The assets.
    lower, upper : float, array_like of shape (N,), Series or mapping
        Least and largest weights.

    Returns
    -------
    lower, upper : ndarray of shape (N,)
        Fresh vectors.

    Raises
    ------
    ArgumentTypeError
        If they aren't numbers.
    ValidationError
        If one isn't finite, they cross, or no weights between them add up to 1.
    """
    least, most = labels.read("lower", lower), labels.read("upper", upper)
    for name, vector in (("lower", least), ("upper", most)):
        _refuse_infinite(name, vector)
    crossed = np.flatnonzero(least > most)
    if crossed.size:
        at = crossed[0]
        raise ValidationError(
            f"lower must not be above upper, got {least[at]} above {most[at]} "
            f"for {shown_labels([labels.names[at]])}"
        )
    if least.sum() > 1.0 + 1e-12:
        raise ValidationError(f"lower must leave room to add up to 1, but adds up to {least.sum()}")
    if most.sum() < 1.0 - 1e-12:
        raise ValidationError(f"upper must let weights add up to 1, but adds up to {most.sum()}")
    return least, most


def also_named(**others):
    """Let a function's parameters be given by the names they had elsewhere, too.

    Parameters
    ----------
    **others
        The other name, and the parameter it stands for.

    Returns
    -------
    callable
        A decorator; the function keeps its own signature.
    """

    def decorate(function):
        names = tuple(inspect.signature(function).parameters)

        @functools.wraps(function)
        def call(*args, **options):
            for other, name in others.items():
                if other in options:
                    if name in options or names.index(name) < len(args):
                        raise TypeError(
                            f"{function.__name__}() got {name!r} twice, once as {other!r}"
                        )
                    options[name] = options.pop(other)
            return function(*args, **options)

        return call

    return decorate


def _columns(table):
    shape = np.shape(table) if not hasattr(table, "shape") else table.shape
    if len(shape) != 2:
        raise ArgumentTypeError(f"returns must be a matrix of periods and assets, got {shape}")
    if not shape[1]:
        raise ValidationError(f"returns must have at least one column, got shape {tuple(shape)}")
    return shape[1]


def read_rows(returns, missing, labels):
    """Return the returns that count, and what was left out.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N)
        Returns per period.
    missing : {"raise", "complete", "pairwise"}
        What NaNs do.
    labels : Labels
        The assets, for messages.

    Returns
    -------
    matrix : ndarray of shape (T, N)
        At least two rows; NaNs are left only where `missing` is "pairwise".
    notes : dict
        How many rows were dropped or values are missing, where any are.

    Raises
    ------
    ArgumentTypeError
        If `returns` doesn't hold numbers.
    ValidationError
        If a return isn't finite, rows are too few or `missing` isn't one of the three.
    """
    if missing not in ("raise", "complete", "pairwise"):
        raise ValidationError(f"missing must be 'raise', 'complete' or 'pairwise', got {missing!r}")
    matrix = as_matrix("returns", returns)
    if np.isinf(matrix).any():
        row, column = np.argwhere(np.isinf(matrix))[0]
        raise ValidationError(
            f"returns must be finite, got {matrix[row, column]} in row {row} of "
            f"{shown_labels([labels.names[column]])}"
        )
    gone, notes = np.isnan(matrix), {}
    if gone.any():
        if missing == "raise":
            row, column = np.argwhere(gone)[0]
            raise ValidationError(
                f"returns must be finite, got NaN in row {row} of "
                f"{shown_labels([labels.names[column]])}; missing='complete' leaves such rows "
                "out, missing='pairwise' leaves out such pairs"
            )
        if missing == "complete":
            matrix = np.ascontiguousarray(matrix[~gone.any(axis=1)])
            notes["rows_dropped"] = int(gone.any(axis=1).sum())
        else:
            notes["values_missing"] = int(gone.sum())
    if len(matrix) < 2:
        raise ValidationError(f"returns must have at least two complete rows, got {len(matrix)}")
    return matrix, notes


def read_square(given, labels):
    """Return a covariance matrix that the caller gave, checked.

    Parameters
    ----------
    given : DataFrame or array_like of shape (N, N)
        The matrix.
    labels : Labels
        The assets.

    Returns
    -------
    ndarray of shape (N, N)
        Symmetric to the last bit.

    Raises
    ------
    ArgumentTypeError
        If it doesn't hold numbers.
    ValidationError
        If it isn't finite and symmetric, one row and column an asset, or a variance is negative.
    """
    square = as_matrix("covariance", given)
    if square.shape != (labels.count, labels.count):
        raise ValidationError(
            f"covariance must have a row and a column for each of {labels.count} assets, "
            f"got shape {square.shape}"
        )
    if is_frame(given) and labels.kind == "series" and not given.columns.equals(labels.names):
        raise ValidationError("covariance must have the columns of returns, in their order")
    _refuse_infinite("covariance", square)
    uneven = np.abs(square - square.T).max()
    if uneven > _SYMMETRY * np.abs(square).max():
        raise ValidationError(f"covariance must be symmetric, but is off by up to {uneven}")
    if (np.diag(square) < 0).any():
        raise ValidationError(
            f"covariance must not have negative variances, got {np.diag(square).min()}"
        )
    return (square + square.T) / 2


def _refuse_indefinite(square):
    """Raise if a portfolio has a negative variance, beyond what rounding does."""
    from nanobook.optimize.blas import one_blas_thread

    scale = np.sqrt(np.diag(square))
    scale[scale == 0.0] = 1.0
    shifted = square / scale / scale[:, None]
    shifted[np.diag_indices_from(shifted)] += _DEFINITE
    with one_blas_thread(kernels=False):
        try:
            np.linalg.cholesky(shifted)
        except np.linalg.LinAlgError:
            least = np.linalg.eigvalsh(square)[0]
            raise ValidationError(
                f"covariance must be positive semidefinite, but its least eigenvalue is {least}; "
                "nearest_covariance() repairs it"
            ) from None


def _refuse_unused(half_life, shrinkage, covariance, mean, needs):
    """Raise if a number was given that no estimator would read."""
    used = [name for name in ("covariance", "mean") if name in needs]
    chosen = [{"covariance": covariance, "mean": mean}[name] for name in used]
    if half_life is not None and "ewma" not in chosen:
        raise ValidationError(
            f"half_life must be given only where {' or '.join(used) or 'an estimator'} is 'ewma', "
            f"got {half_life!r}"
        )
    if shrinkage is not None and not ("covariance" in used and covariance):
        raise ValidationError(
            "shrinkage must be given only where covariance is the name of an estimator that has "
            f"one, got {shrinkage!r}"
        )


def _refuse_infinite(name, array):
    bad = array[~np.isfinite(array)]
    if bad.size:
        raise ValidationError(f"{name} must be finite, got {bad[0]}")
