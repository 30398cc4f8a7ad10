"""How far variance forecasts were from what came: losses, and the regression of one on the other.

Both take a proxy for the variance that nobody sees: squared returns, or realised variance.
"""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.panel.arrays import as_count
from nanobook.volatility.labels import read_panels
from nanobook.volatility.regression import newey_west_lags, regress_columns

__all__ = ["forecast_losses", "mincer_zarnowitz"]


def forecast_losses(realised_variance, forecast):
    """Return the mean losses of variance forecasts, one row per asset.

    Row t of both arguments is about the same period: a forecast known at the end of row t - 1,
    such as those of `ewma_volatility` and `rolling_har`, is shifted by one row first, and a
    volatility is squared.

    Parameters
    ----------
    realised_variance : array_like of shape (T,) or (T, N), Series or DataFrame
        The proxy: squared returns or realised variance, at least 0.
    forecast : array_like of the same shape
        Forecasts of variance, above 0.

    Returns
    -------
    Series or DataFrame
        A Series for one asset, a row for each of several: ``mse``, the mean of
        ``(proxy - forecast)^2``; ``qlike``, the mean of ``log(forecast) + proxy / forecast``;
        ``nobs``, the rows that count. Rows where either is NaN don't.

    Raises
    ------
    ArgumentTypeError
        If an argument doesn't hold real numbers.
    ValidationError
        If shapes or labels differ, a proxy is negative or infinite, or a forecast isn't finite
        and above 0.

    Notes
    -----
    Both losses rank forecasts as the true variance would, whatever noise an unbiased proxy has.
    QLIKE isn't swayed by the few largest days as squared errors are. Differences between two
    forecasts mean something, the level of QLIKE depends on the returns' unit.

    References
    ----------
    .. [1] Patton (2011), "Volatility forecast comparison using imperfect volatility proxies",
       Journal of Econometrics 160(1), equations (4) and (5).

    Examples
    --------
    >>> forecast_losses([1.0, 4.0], [1.0, 2.0]).round(4).tolist()
    [2.0, 1.8466, 2.0]
    """
    proxy, forecast, labels = _read_pair(realised_variance, forecast)
    known = ~(np.isnan(proxy) | np.isnan(forecast))
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = np.where(known, proxy - forecast, 0.0)
        mse = (errors * errors).sum(axis=0) / count
        likelihoods = np.where(known, np.log(forecast) + proxy / forecast, 0.0)
        qlike = likelihoods.sum(axis=0) / count
    table = labels.rows(np.column_stack([mse, qlike, count]), ["mse", "qlike", "nobs"], "losses")
    return table if labels.is_vector else table.astype({"nobs": np.int64})


def mincer_zarnowitz(realised_variance, forecast, *, hac_lags=None):
    """Regress what came on a constant and its forecast, and test that they are 0 and 1.

    Parameters
    ----------
    realised_variance : array_like of shape (T,) or (T, N), Series or DataFrame
        The proxy: squared returns or realised variance, at least 0.
    forecast : array_like of the same shape
        Forecasts of variance for the same rows, above 0; see `forecast_losses`.
    hac_lags : int, optional
        Autocovariances that the Newey-West errors count, ``4 (T / 100)^(2/9)`` if not given. At
        least h - 1 where rows overlap as forecasts over h periods do.

    Returns
    -------
    Series or DataFrame
        A Series for one asset, a row for each of several: ``const``, ``slope``, their standard
        errors ``const_err`` and ``slope_err``, ``r_squared``, ``wald``, the statistic that both
        are as they should be, its ``p_value`` by the chi-squared distribution with 2 degrees of
        freedom, ``nobs`` and ``status``.

    Raises
    ------
    ArgumentTypeError
        If an argument is of the wrong kind.
    ValidationError
        If shapes or labels differ, a proxy is negative or infinite, or a forecast isn't finite
        and above 0; its child RangeError if `hac_lags` is negative.

    References
    ----------
    .. [1] Mincer, Zarnowitz (1969), "The evaluation of economic forecasts".

    Examples
    --------
    >>> table = mincer_zarnowitz([1.0, 4.0, 2.0, 5.0], [1.0, 2.0, 2.0, 3.0], hac_lags=0)
    >>> table[["const", "slope"]].astype(float).round(4).tolist()
    [-1.0, 2.0]
    """
    proxy, forecast, labels = _read_pair(realised_variance, forecast)
    if hac_lags is None:
        hac_lags = newey_west_lags(len(proxy))
    hac_lags = as_count("hac_lags", hac_lags)
    found = regress_columns(proxy, forecast[:, :, None], hac_lags)
    params, errors = found.params, found.std_err
    wald = _wald(params - [0.0, 1.0], found.covariance)
    from scipy.stats import chi2

    columns = {
        "const": params[:, 0],
        "slope": params[:, 1],
        "const_err": errors[:, 0],
        "slope_err": errors[:, 1],
        "r_squared": found.r_squared,
        "wald": wald,
        "p_value": chi2.sf(wald, 2),
        "nobs": found.nobs,
        "status": found.words,
    }
    values = np.empty((len(params), len(columns)), dtype=object)
    for at, column in enumerate(columns.values()):
        values[:, at] = column
    table = labels.rows(values, columns, "mincer_zarnowitz")
    return table if labels.is_vector else table.infer_objects()


def _read_pair(realised_variance, forecast):
    (proxy, forecast), labels = read_panels(realised_variance=realised_variance, forecast=forecast)
    bad = proxy[(proxy < 0.0) | np.isinf(proxy)]
    if bad.size:
        raise ValidationError(f"realised_variance must be finite and at least 0, got {bad[0]}")
    bad = forecast[(forecast <= 0.0) | np.isinf(forecast)]
    if bad.size:
        raise ValidationError(f"forecast must be finite and above 0, got {bad[0]}")
    return proxy, forecast, labels


def _wald(distance, covariance):
    """Return ``d' V^-1 d`` for each row of two, NaN where V can't be inverted."""
    a, b, c = covariance[:, 0, 0], covariance[:, 0, 1], covariance[:, 1, 1]
    left, right = distance[:, 0], distance[:, 1]
    determinant = a * c - b * b
    determinant[~(determinant > 0.0)] = np.nan
    return (c * left**2 - 2.0 * b * left * right + a * right**2) / determinant
