"""DCC: correlations that move, over volatilities that were fitted asset by asset."""

import dataclasses
from functools import cached_property

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.panel.arrays import as_count, as_matrix, as_vector
from nanobook.panel.frames import is_frame, is_series, shown_labels
from nanobook.volatility.dcc_likelihood import correlations, pair_correlations
from nanobook.volatility.dcc_optimum import LIKELIHOODS, largest_likelihood, robust_covariance
from nanobook.volatility.labels import Labels, read_panels

__all__ = ["DccResult", "dcc_fit"]

_PARAMS = ("a", "b")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class DccResult:
    """A DCC(1,1) fit: two parameters, and the correlations they make of the residuals.

    A row's correlation is the one expected for that row at the end of the row before.

    Parameters
    ----------
    likelihood : {"joint", "pairs"}
        What was maximised.
    loglikelihood : float
        The correlations' part of it: ``-(log det R + z' R^-1 z - z'z) / 2``, summed over rows.
    nobs : int
        Rows in which no residual is missing; the others leave correlations as they were.
    status : str
        "converged"; "a is 0", where correlations don't move and b can't be told; "a + b is 1",
        where they don't come back; or "not converged".
    """

    likelihood: str
    loglikelihood: float
    nobs: int
    status: str
    _labels: Labels
    _resids: np.ndarray  # (T, N); a row that doesn't count is all NaN
    _target: np.ndarray  # (N, N)
    _params: np.ndarray  # (2,)
    _fit: object  # what gave the volatilities and can forecast them, or None

    @property
    def params(self):
        """A Series of a and b."""
        return _by_name(self._params, "params")

    @property
    def std_err(self):
        """Robust standard errors of a and b; NaN at a bound.

        They take volatilities and the target for known, which makes them a little too small.
        """
        return _by_name(np.sqrt(np.diag(self._covariance)), "std_err")

    @property
    def persistence(self):
        """The share ``a + b`` of a deviation from the target that's left a period later."""
        return float(self._params.sum())

    @property
    def target(self):
        """The long-run matrix: the residuals' second moments."""
        return self._square(self._target)

    @property
    def correlation(self):
        """The correlation matrix of the last row."""
        return self._square(self._last[0])

    @property
    def correlations(self):
        """The correlation matrices of all rows.

        An array of shape (T, N, N); of frames a frame with a row for each date and asset.
        """
        out = np.empty((len(self._resids) + 1, *self._target.shape))
        correlations(self._resids, self._target, *self._params, 0, out)
        matrices = out[:-1]
        if self._labels.columns is None:
            return matrices
        import pandas as pd

        index, columns = self._labels.index, self._labels.columns
        rows = pd.MultiIndex.from_product([index, columns], names=[index.name, columns.name])
        return pd.DataFrame(matrices.reshape(len(rows), -1), index=rows, columns=columns)

    def correlation_between(self, left, right):
        """Return the correlation of two assets in every row.

        Parameters
        ----------
        left, right : label or int
            Columns' labels; their positions where the residuals were an array.

        Returns
        -------
        ndarray or Series of shape (T,)
            Expected for each row at the end of the row before.

        Raises
        ------
        ValidationError
            If there's no such column.
        """
        i, j = (self._position(name, value) for name, value in (("left", left), ("right", right)))
        out = np.empty(len(self._resids) + 1)
        pair_correlations(self._resids, self._target, *self._params, min(i, j), max(i, j), out)
        if i == j:
            out[:] = 1.0
        if self._labels.index is None:
            return out[:-1]
        import pandas as pd

        return pd.Series(out[:-1], index=self._labels.index, name="correlation")

    def correlation_forecast(self, horizon=1):
        """Return the correlation matrix expected for the period `horizon` rows after the last.

        Parameters
        ----------
        horizon : int, default 1
            How far ahead.

        Returns
        -------
        ndarray or DataFrame of shape (N, N)
            Beyond one period it goes back to the target by the factor ``a + b`` a period, as
            [1]_ suggests, since the exact expectation has no closed form.

        Raises
        ------
        ArgumentTypeError
            If `horizon` isn't an integer.
        RangeError
            If it's below 1.

        References
        ----------
        .. [1] Engle, Sheppard (2001), "Theoretical and empirical properties of dynamic conditional
           correlation multivariate GARCH", NBER working paper 8554, section 4.3.
        """
        return self._square(self._ahead(as_count("horizon", horizon, least=1)))

    def covariance_forecast(self, horizon=1, *, volatility=None, total=True):
        """Return the covariance matrix of the returns over the next periods.

        Parameters
        ----------
        horizon : int, default 1
            How many periods.
        volatility : array_like of shape (N,) or (horizon, N), Series or DataFrame, optional
            Forecasts of each asset's volatility, per period; a vector stands for every period.
            The fit's own forecasts if not given.
        total : bool, default True
            The sum over all periods, which is the covariance of the return over the horizon;
            otherwise that of the last of them.

        Returns
        -------
        ndarray or DataFrame of shape (N, N)
            Symmetric and positive definite, as optimizers want it.

        Raises
        ------
        ArgumentTypeError
            If an argument is of the wrong kind.
        ValidationError
            If `volatility` isn't given and there's no fit to forecast it, or it isn't finite and
            positive for each asset; its child RangeError if `horizon` is below 1.
        """
        horizon = as_count("horizon", horizon, least=1)
        if volatility is None:
            steps = self._forecast_volatility(horizon)
        else:
            steps = self._read_volatility(volatility, horizon)
        out = np.zeros_like(self._target)
        for ahead in range(1 if total else horizon, horizon + 1):
            deviations = steps[ahead - 1]
            out += self._ahead(ahead) * np.outer(deviations, deviations)
        return self._square(out)

    @cached_property
    def _covariance(self):
        kernel = LIKELIHOODS[self.likelihood]
        return robust_covariance(kernel, self._resids, self._target, self._params)

    @cached_property
    def _last(self):
        """The correlation matrices of the last row and of the next one."""
        out = np.empty((2, *self._target.shape))
        correlations(self._resids, self._target, *self._params, len(self._resids) - 1, out)
        return out

    def _ahead(self, horizon):
        scale = np.sqrt(np.diag(self._target))
        long_run = self._target / np.outer(scale, scale)
        return long_run + self.persistence ** (horizon - 1) * (self._last[1] - long_run)

    def _forecast_volatility(self, horizon):
        if self._fit is None:
            raise ValidationError(
                "volatility must be given: the residuals came without a fit that could forecast it"
            )
        variance = self._fit.forecast(horizon).variance
        return np.sqrt(self._by_period(variance))

    def _read_volatility(self, volatility, horizon):
        if np.ndim(volatility) == 1 and not is_frame(volatility):
            if is_series(volatility) and self._labels.columns is not None:
                volatility = volatility.reindex(self._labels.columns)
            values = np.tile(as_vector("volatility", volatility), (horizon, 1))
        else:
            values = self._by_period(volatility)
        if values.shape != (horizon, len(self._target)):
            raise ValidationError(
                f"volatility must have a value for each of {len(self._target)} assets, "
                f"or {horizon} rows of them, got shape {np.shape(volatility)}"
            )
        bad = values[~((values > 0.0) & (values < np.inf))]
        if bad.size:
            raise ValidationError(f"volatility must be finite and above 0, got {bad[0]}")
        return values

    def _by_period(self, table):
        """Return a table of forecasts, a row a period and a column an asset, as a matrix."""
        columns = self._labels.columns
        if is_frame(table) and columns is not None:
            table = table.reindex(columns=columns)
        return as_matrix("volatility", table)

    def _position(self, name, label):
        columns = self._labels.columns
        labels = range(len(self._target)) if columns is None else list(columns)
        if label not in labels:
            raise ValidationError(f"{name} must be one of the columns, got {label!r}")
        return labels.index(label)

    def _square(self, matrix):
        if self._labels.columns is None:
            return matrix
        import pandas as pd

        columns = self._labels.columns
        return pd.DataFrame(matrix, index=columns, columns=columns)

    def __repr__(self):
        a, b = self._params
        return (
            f"DccResult(assets={len(self._target)}, a={a:.4f}, b={b:.4f}, "
            f"loglikelihood={self.loglikelihood:.4f}, nobs={self.nobs}, status={self.status!r})"
        )


def dcc_fit(returns=None, *, volatility=None, std_resid=None, likelihood="joint"):
    """Fit dynamic conditional correlations of the first order to residuals of several assets.

    Parameters
    ----------
    returns : array_like of shape (T, N), DataFrame or fit, optional
        Returns with mean zero, if `volatility` is given; any returns, to which `garch_fit` then
        fits GARCH(1,1) with a constant; or what `garch_fit` gave for them.
    volatility : array_like of shape (T, N) or DataFrame, optional
        Each asset's volatility in each row, known at the end of the row before.
    std_resid : array_like of shape (T, N) or DataFrame, optional
        Standardised residuals, instead of `returns`: returns less their mean over volatility.
    likelihood : {"joint", "pairs"}, default "joint"
        What is maximised: the likelihood of all residuals together, at a cost of N^3 a row; or
        the sum of those of neighbouring columns, at a cost of N, for hundreds of assets.

    Returns
    -------
    DccResult
        Parameters, correlations and forecasts.

    Raises
    ------
    ArgumentTypeError
        If an argument doesn't hold real numbers in two dimensions.
    ValidationError
        If the arguments don't go together, a volatility isn't positive, residuals have variances
        far from 1, there are fewer than two columns or one of them is empty, fewer complete rows
        than columns, or columns that add up to another one.

    Notes
    -----
    The long-run matrix isn't searched for but is the residuals' second moment (correlation
    targeting). Aielli (2013) shows that this isn't quite consistent and corrects it (cDCC); at
    daily data's persistence the difference is small. A row in which a residual is missing
    doesn't count and leaves correlations as they were.

    References
    ----------
    .. [1] Engle (2002), "Dynamic conditional correlation", Journal of Business and Economic
       Statistics 20(3), equations (18) to (26).
    .. [2] Aielli (2013), "Dynamic conditional correlation: on properties and estimation", Journal
       of Business and Economic Statistics 31(3).
    .. [3] Pakel, Shephard, Sheppard, Engle (2021), "Fitting vast dimensional time-varying
       covariance models", Journal of Business and Economic Statistics 39(3): "pairs".

    Examples
    --------
    >>> import numpy as np
    >>> residuals = np.random.default_rng(1).normal(size=(500, 2))
    >>> dcc_fit(std_resid=residuals).nobs
    500
    """
    if likelihood not in LIKELIHOODS:
        raise ValidationError(
            f"likelihood must be one of {', '.join(LIKELIHOODS)}, got {likelihood!r}"
        )
    resids, labels, fit = _read_residuals(returns, volatility, std_resid)
    complete = np.isfinite(resids).all(axis=1)
    count, columns = int(complete.sum()), resids.shape[1]
    if columns < 2:
        raise ValidationError(f"std_resid must have at least two columns, got {columns}")
    empty = np.flatnonzero(~np.isfinite(resids).any(axis=0))
    if empty.size:
        named = [at if labels.columns is None else labels.columns[at] for at in empty.tolist()]
        raise ValidationError(
            f"std_resid must have values in every column, but {shown_labels(named)} has none"
        )
    if count <= columns:
        raise ValidationError(
            f"std_resid must have more complete rows than columns, {columns}, got {count}"
        )
    resids = np.where(complete[:, None], resids, np.nan)
    target = resids[complete].T @ resids[complete] / count
    _check_variances(np.diag(target))
    scale = np.sqrt(np.diag(target))
    if np.linalg.eigvalsh(target / np.outer(scale, scale))[0] < 1e-10:
        raise ValidationError(
            "std_resid must have columns that don't add up to one another, but its correlation "
            "matrix is singular"
        )
    kernel = LIKELIHOODS[likelihood]
    params, total, status = largest_likelihood(kernel, resids, target)
    return DccResult(likelihood, total, count, status, labels, resids, target, params, fit)


def _check_variances(variances):
    """Raise if what should be standardised isn't by far, which a plain return isn't."""
    odd = ~((variances > 0.1) & (variances < 10.0))
    if odd.any():
        raise ValidationError(
            f"std_resid must have variances of about 1, got {variances[odd][0]:.6g}; returns "
            "are to be divided by their volatility"
        )


def _read_residuals(returns, volatility, std_resid):
    """Return standardised residuals, their labels, and the fit that they came from if any."""
    if std_resid is not None:
        if returns is not None:
            raise ValidationError("std_resid must not be given beside returns")
        (resids, _), labels = read_panels(std_resid=std_resid, volatility=volatility)
        return _two_dimensional("std_resid", resids, labels), labels, None
    if returns is None:
        raise ValidationError("returns or std_resid must be given, got neither")
    if volatility is not None:
        (matrix, volatility), labels = read_panels(returns=returns, volatility=volatility)
        bad = volatility[(volatility <= 0.0) | np.isinf(volatility)]
        if bad.size:
            raise ValidationError(f"volatility must be finite and above 0, got {bad[0]}")
        return _two_dimensional("returns", matrix / volatility, labels), labels, None
    if not hasattr(returns, "std_resid"):
        from nanobook.volatility.garch import garch_fit

        returns = garch_fit(returns)
    (resids,), labels = read_panels(std_resid=returns.std_resid)
    return _two_dimensional("returns", resids, labels), labels, returns


def _two_dimensional(name, matrix, labels):
    if labels.is_vector:
        raise ArgumentTypeError(f"{name} must be a matrix, got a vector")
    return matrix


def _by_name(values, name):
    import pandas as pd

    return pd.Series(values, index=list(_PARAMS), name=name)
