"""HAR: realised variance regressed on its own averages over a day, a week and a month."""

import dataclasses
from functools import cached_property
from itertools import pairwise

import numpy as np

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.jit import njit
from nanobook.panel.arrays import as_count
from nanobook.volatility.labels import Labels, read_panel
from nanobook.volatility.regression import (
    FITTED,
    Regressions,
    newey_west_lags,
    regress_columns,
)

__all__ = ["HarResult", "har_fit", "lag_means", "mean_ahead", "read_har", "restore", "transformed"]

#: What variances are before they are regressed; the place in the tuple is the kernels' code.
TRANSFORMS = ("level", "sqrt", "log")
LEVEL, SQRT, LOG = range(len(TRANSFORMS))


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class HarResult:
    """A HAR regression of each asset, and the forecasts that it makes.

    Tables have a row for each asset; of a single series they are a Series. Parameters and
    residuals are those of the variances as transformed; forecasts are variances again.

    Parameters
    ----------
    lags : tuple of int
        Periods of each average.
    transform : {"level", "sqrt", "log"}
        What the variances were before they were regressed.
    horizon : int
        Periods whose mean variance the regression explains.
    hac_lags : int
        Autocovariances that the standard errors count.
    """

    lags: tuple
    transform: str
    horizon: int
    hac_lags: int
    _labels: Labels
    _values: np.ndarray  # (T, N), transformed
    _found: Regressions

    @property
    def params(self):
        """The constant and the coefficient of each average: const, lag[1], lag[5], ..."""
        return self._rows(self._found.params)

    @property
    def std_err(self):
        """Newey-West standard errors of the parameters."""
        return self._rows(self._found.std_err)

    @property
    def tvalues(self):
        """Parameters over their standard errors."""
        return self._rows(self._found.params / self._found.std_err)

    @property
    def nobs(self):
        """Rows of the regression: those whose averages and target are all there."""
        return self._labels.per_asset(self._found.nobs, "nobs")

    @property
    def r_squared(self):
        """The share of the transformed variances' variance that the regression explains."""
        return self._labels.per_asset(self._found.r_squared, "r_squared")

    @property
    def residual_variance(self):
        """Sum of squared residuals over the observations less the parameters."""
        return self._labels.per_asset(self._found.noise, "residual_variance")

    @property
    def status(self):
        """What came of each regression, in words; "fitted" if all went well."""
        return self._labels.per_asset(self._found.words, "status")

    @property
    def fitted(self):
        """The forecast of variance that the regression makes at the end of each row.

        Of the mean over the next `horizon` periods, from averages up to that row; but the
        parameters know the whole sample: use `rolling_har` for a backtest.
        """
        return self._labels.like(self._predict())

    @property
    def resid(self):
        """What came less what was forecast in each row, both transformed."""
        return self._labels.like(self._targets - self._linear)

    @property
    def prediction(self):
        """The forecast from the last row: mean variance over the next `horizon` periods."""
        last = self._predict()[-1] if len(self._values) else np.full(self._values.shape[1], np.nan)
        return self._labels.per_asset(last, "prediction")

    def forecast(self, horizon=1):
        """Return the expected variance of each of the next periods.

        Parameters
        ----------
        horizon : int, default 1
            How many periods.

        Returns
        -------
        ndarray, Series or DataFrame
            Period 1 is the one after the last row: its index is 1 to `horizon`, its columns are
            the assets. NaN for an asset that couldn't be fitted or misses a value that's needed.

        Raises
        ------
        ArgumentTypeError
            If `horizon` isn't an integer.
        RangeError
            If it's below 1.
        ValidationError
            If the regression was of the mean over several periods: fit one with ``horizon=1``,
            or take its `prediction`.

        Notes
        -----
        The model is an autoregression with coefficients that are equal in steps, and is iterated
        as such. Behind a root or a logarithm the expected variance is
        ``m ** 2 + v`` or ``exp(m + v / 2)`` for a forecast m with variance v, residuals being
        normal.
        """
        horizon = as_count("horizon", horizon, least=1)
        if self.horizon != 1:
            raise ValidationError(
                "forecast needs a fit with horizon=1; this one, with horizon="
                f"{self.horizon}, has its prediction"
            )
        longest, params = max(self.lags), self._found.params
        count = len(params)
        path = np.full((longest + horizon, count), np.nan)
        known = self._values[-longest:]
        path[longest - len(known) : longest] = known
        phi = np.zeros((longest, count))  # phi[j] goes with the value j + 1 periods before
        for k, lag in enumerate(self.lags):
            phi[:lag] += params[:, k + 1] / lag
        response = np.zeros((horizon, count))
        response[0] = 1.0
        for step in range(horizon):
            back = path[step : step + longest][::-1]
            path[longest + step] = params[:, 0] + (phi * back).sum(axis=0)
            for j in range(min(step, longest)):
                response[step] += phi[j] * response[step - 1 - j]
        uncertainty = self._found.noise * np.cumsum(response**2, axis=0)
        variance = restore(path[longest:], uncertainty, TRANSFORMS.index(self.transform))
        return self._dress_steps(variance)

    def _dress_steps(self, variance):
        if self._labels.index is None:
            return variance[:, 0] if self._labels.is_vector else variance
        import pandas as pd

        steps = pd.RangeIndex(1, len(variance) + 1, name="horizon")
        if self._labels.is_vector:
            return pd.Series(variance[:, 0], index=steps, name=self._labels.name)
        return pd.DataFrame(variance, index=steps, columns=self._labels.columns)

    @cached_property
    def _linear(self):
        means = np.empty((*self._values.shape, len(self.lags)))
        lag_means(self._values, np.array(self.lags), means)
        params = self._found.params
        return params[:, 0] + (means * params[:, 1:]).sum(axis=2)

    @cached_property
    def _targets(self):
        code = TRANSFORMS.index(self.transform)
        targets = np.empty_like(self._values)
        mean_ahead(self._values, self.horizon, code, targets)
        return targets

    def _predict(self):
        return restore(self._linear, self._found.noise, TRANSFORMS.index(self.transform))

    def _rows(self, values):
        return self._labels.rows(values, ["const", *(f"lag[{lag}]" for lag in self.lags)], "har")

    def __repr__(self):
        status = self._found.status
        fitted = int((status == FITTED).sum())
        return (
            f"HarResult(lags={self.lags}, transform={self.transform!r}, horizon={self.horizon}, "
            f"fitted={fitted} of {len(status)})"
        )


def har_fit(realised_variance, *, lags=(1, 5, 22), transform="level", horizon=1, hac_lags=None):
    """Regress realised variance on its averages over several spans, asset by asset.

    Parameters
    ----------
    realised_variance : array_like of shape (T,) or (T, N), Series or DataFrame
        Realised variance per period, not volatility: at least 0. NaN where it's missing.
    lags : sequence of int, default (1, 5, 22)
        Periods of each average, ascending: a day, a week and a month of trading.
    transform : {"level", "sqrt", "log"}, default "level"
        What is regressed: variances themselves, their roots or their logarithms. The averages
        are those of the transformed values. Under "log" a variance of 0 is missing.
    horizon : int, default 1
        Periods ahead whose mean variance, transformed, is explained.
    hac_lags : int, optional
        Autocovariances that the standard errors count: ``4 (T / 100)^(2/9)``, and no fewer than
        the overlap of targets, ``horizon - 1``, if not given.

    Returns
    -------
    HarResult
        Parameters, standard errors and forecasts. An asset that can't be fitted has NaN and says
        why in its `status`.

    Raises
    ------
    ArgumentTypeError
        If an argument is of the wrong kind.
    ValidationError
        If a variance is negative or infinite, `lags` isn't ascending or `transform` isn't known;
        its child RangeError if a number lies outside its range.

    Notes
    -----
    A row counts if its target and all its averages are there, so that a gap costs as many rows
    as the longest average has periods. In levels a forecast can fall below zero; in logarithms
    it can't.

    References
    ----------
    .. [1] Corsi (2009), "A simple approximate long-memory model of realized volatility", Journal
       of Financial Econometrics 7(2), equation (6).

    Examples
    --------
    >>> variance = [1.0, 2.0, 1.5, 3.0, 2.5, 2.0, 1.0, 1.5, 2.5, 3.5]
    >>> har_fit(variance, lags=(1, 2)).params.round(4).tolist()
    [2.1424, 0.7424, -0.7553]
    """
    matrix, labels, lags, code = read_har(realised_variance, lags, transform)
    horizon = as_count("horizon", horizon, least=1)
    if hac_lags is None:
        hac_lags = max(newey_west_lags(len(matrix)), horizon - 1)
    hac_lags = as_count("hac_lags", hac_lags)
    values = transformed(matrix, code)
    means, targets = np.empty((*values.shape, len(lags))), np.empty_like(values)
    lag_means(values, np.array(lags), means)
    mean_ahead(values, horizon, code, targets)
    found = regress_columns(targets, means, hac_lags)
    return HarResult(lags, transform, horizon, hac_lags, labels, values, found)


def read_har(realised_variance, lags, transform):
    """Check what a HAR regression is about.

    Parameters
    ----------
    realised_variance : array_like of shape (T,) or (T, N), Series or DataFrame
        Realised variance per period.
    lags : sequence of int
        Periods of each average.
    transform : str
        One of `TRANSFORMS`.

    Returns
    -------
    matrix : ndarray of shape (T, N)
        The variances.
    labels : Labels
        What to dress results with.
    lags : tuple of int
        The periods.
    code : int
        The transform's place in `TRANSFORMS`.

    Raises
    ------
    ArgumentTypeError
        If an argument is of the wrong kind.
    ValidationError
        If a variance is negative or infinite, `lags` isn't ascending or `transform` isn't known.
    """
    matrix, labels = read_panel("realised_variance", realised_variance)
    bad = matrix[(matrix < 0.0) | np.isinf(matrix)]
    if bad.size:
        raise ValidationError(f"realised_variance must be finite and at least 0, got {bad[0]}")
    if isinstance(lags, str) or not hasattr(lags, "__iter__"):
        raise ArgumentTypeError(f"lags must be a sequence of integers, got {lags!r}")
    lags = tuple(as_count("lags", lag, least=1) for lag in lags)
    if not lags or any(a >= b for a, b in pairwise(lags)):
        raise ValidationError(f"lags must be ascending, at least one, got {lags}")
    if lags[-1] > 2**31:
        raise RangeError(f"lags must be below 2**31, got {lags[-1]}")
    if transform not in TRANSFORMS:
        raise ValidationError(f"transform must be one of {TRANSFORMS}, got {transform!r}")
    return matrix, labels, lags, TRANSFORMS.index(transform)


def transformed(variance, code):
    """Return variances as they are regressed; NaN for the logarithm of 0.

    Parameters
    ----------
    variance : ndarray
        At least 0.
    code : int
        Place in `TRANSFORMS`.

    Returns
    -------
    ndarray
        A fresh array.
    """
    if code == LEVEL:
        return variance.copy()
    if code == SQRT:
        return np.sqrt(variance)
    return np.log(variance, out=np.full_like(variance, np.nan), where=variance > 0.0)


def restore(forecast, uncertainty, code):
    """Return the expected variance behind a forecast of the transformed one.

    Parameters
    ----------
    forecast : ndarray
        Forecasts as regressed.
    uncertainty : ndarray
        Variance of their errors.
    code : int
        Place in `TRANSFORMS`.

    Returns
    -------
    ndarray
        Variances.
    """
    if code == LEVEL:
        return forecast
    if code == SQRT:
        return forecast**2 + uncertainty
    return np.exp(forecast + uncertainty / 2.0)


@njit
def lag_means(values, lags, out):
    """Fill ``out[t, s, k]`` with the mean of the last ``lags[k]`` values up to row t, or NaN."""
    periods, columns = values.shape
    for t in range(periods):
        for s in range(columns):
            total = 0.0
            reached = 0
            for k in range(lags.size):
                if lags[k] > t + 1:
                    out[t, s, k] = np.nan
                    continue
                while reached < lags[k]:
                    total += values[t - reached, s]
                    reached += 1
                out[t, s, k] = total / lags[k]


@njit
def mean_ahead(values, horizon, code, out):
    """Fill ``out[t, s]`` with the mean variance of rows t + 1 to t + horizon, transformed again."""
    periods, columns = values.shape
    for t in range(periods):
        for s in range(columns):
            if t + horizon >= periods:
                out[t, s] = np.nan
                continue
            if horizon == 1:
                out[t, s] = values[t + 1, s]
                continue
            total = 0.0
            for ahead in range(1, horizon + 1):
                value = values[t + ahead, s]
                if code == SQRT:
                    value *= value
                elif code == LOG:
                    value = np.exp(value)
                total += value
            total /= horizon
            if code == SQRT:
                total = np.sqrt(total)
            elif code == LOG:
                total = np.log(total)
            out[t, s] = total
