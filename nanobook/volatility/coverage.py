"""Whether losses beyond a value at risk were as many, as scattered and as large as it says."""

import numpy as np

from nanobook.errors import RangeError, ValidationError
from nanobook.panel.arrays import as_float
from nanobook.volatility.labels import read_panels

__all__ = ["value_at_risk_backtest"]


def value_at_risk_backtest(returns, var, es=None, level=0.95):
    """Test forecasts of value at risk, and of expected shortfall, against the returns that came.

    Row t of all arguments is about the same period: a forecast known at the end of row t - 1 is
    shifted by one row first. A return below minus the value at risk is a hit.

    Parameters
    ----------
    returns : array_like of shape (T,) or (T, N), Series or DataFrame
        Returns per period; one column per asset.
    var : array_like of the same shape
        Value at risk as a positive loss: 0.02 says that a return below -0.02 has the probability
        ``1 - level``.
    es : array_like of the same shape, optional
        Expected shortfall as a positive loss: the mean loss of hits, hence at least `var`.
    level : float, default 0.95
        The probability that the loss stays within `var`.

    Returns
    -------
    Series or DataFrame
        A Series for one asset, a row for each of several: ``nobs``, the rows without NaN;
        ``hits``, ``expected`` hits and ``hit_rate``; then likelihood ratios and their p-values:
        ``kupiec`` and ``kupiec_p`` for the number of hits, ``independence`` and
        ``independence_p`` for hits that follow one another, ``conditional`` and
        ``conditional_p`` for both at once. With `es` also ``es_z2``, 0 on average if both
        forecasts hold and negative if losses were larger.

    Raises
    ------
    ArgumentTypeError
        If an argument doesn't hold real numbers.
    ValidationError
        If shapes or labels differ, no `var` is positive, a forecast is infinite or `es` is below
        `var`; its child RangeError if `level` isn't between 0 and 1.

    Notes
    -----
    ``independence`` compares how often a hit follows a hit with how often it follows none, over
    rows whose row before isn't NaN; ``conditional`` is the sum of the other two. Under the null
    hypothesis the three follow chi-squared distributions with 1, 1 and 2 degrees of freedom, in
    large samples. For `es_z2` [3]_ finds that below -0.7 forecasts are rejected at 5 % and below
    -1.8 at 0.01 %, for a tail of 2.5 % over 250 days and across distributions.

    References
    ----------
    .. [1] Kupiec (1995), "Techniques for verifying the accuracy of risk measurement models",
       Journal of Derivatives 3(2).
    .. [2] Christoffersen (1998), "Evaluating interval forecasts", International Economic Review
       39(4), section 3.
    .. [3] Acerbi, Szekely (2014), "Backtesting expected shortfall", Risk, test 2.

    Examples
    --------
    >>> returns = [0.01, -0.03, 0.02, -0.01, 0.00, 0.01, -0.02, 0.01, 0.02, 0.00]
    >>> table = value_at_risk_backtest(returns, [0.025] * 10, level=0.9)
    >>> table[["hits", "expected", "kupiec"]].round(4).tolist()
    [1.0, 1.0, 0.0]
    """
    level = as_float("level", level)
    if not 0.0 < level < 1.0:
        raise RangeError(f"level must lie between 0 and 1, got {level}")
    (matrix, var, es), labels = read_panels(returns=returns, var=var, es=es)
    _check_losses(var, es)
    known = ~(np.isnan(matrix) | np.isnan(var))
    if es is not None:
        known &= ~np.isnan(es)
    hit = known & (matrix < -var)
    tail = 1.0 - level
    count, hits = known.sum(axis=0), hit.sum(axis=0)
    kupiec = 2.0 * (_bernoulli(hits, count, hits / np.maximum(count, 1)))
    kupiec -= 2.0 * _bernoulli(hits, count, tail)
    independence = _independence(hit, known)
    kupiec, independence = np.maximum(kupiec, 0.0), np.maximum(independence, 0.0)
    kupiec[count == 0] = np.nan
    from scipy.stats import chi2

    with np.errstate(invalid="ignore", divide="ignore"):
        columns = {
            "nobs": count,
            "hits": hits,
            "expected": count * tail,
            "hit_rate": hits / count,
            "kupiec": kupiec,
            "kupiec_p": chi2.sf(kupiec, 1),
            "independence": independence,
            "independence_p": chi2.sf(independence, 1),
            "conditional": kupiec + independence,
            "conditional_p": chi2.sf(kupiec + independence, 2),
        }
        if es is not None:
            shortfalls = np.where(hit, matrix / es, 0.0).sum(axis=0)
            columns["es_z2"] = shortfalls / (count * tail) + 1.0
    table = labels.rows(np.column_stack(list(columns.values())), columns, "value_at_risk")
    return table if labels.is_vector else table.astype({"nobs": np.int64, "hits": np.int64})


def _check_losses(var, es):
    for name, losses in (("var", var), ("es", es)):
        if losses is not None and np.isinf(losses).any():
            raise ValidationError(f"{name} must be finite, got {losses[np.isinf(losses)][0]}")
    known = var[~np.isnan(var)]
    if known.size and not (known > 0.0).any():
        raise ValidationError(f"var must be a positive loss, such as 0.02, got {known[0]}")
    if es is not None and (es < var).any():
        where = np.unravel_index(np.argmax(es < var), var.shape)
        raise ValidationError(f"es must be at least var, {var[where]}, got {es[where]}")


def _bernoulli(hits, count, probability):
    """Return the log-likelihood of so many hits; 0 log 0 is 0."""
    from scipy.special import xlog1py, xlogy

    return xlogy(hits, probability) + xlog1py(count - hits, -probability)


def _independence(hit, known):
    """Return Christoffersen's likelihood ratio; NaN without two rows in a row."""
    pair = known[1:] & known[:-1]
    before, now = hit[:-1] & pair, hit[1:] & pair
    after_hit, after_none = before.sum(axis=0), (pair & ~before).sum(axis=0)
    hit_after_hit, hit_after_none = (before & now).sum(axis=0), (now & ~before).sum(axis=0)
    total, hits = after_hit + after_none, hit_after_hit + hit_after_none
    apart = _bernoulli(hit_after_hit, after_hit, hit_after_hit / np.maximum(after_hit, 1))
    apart += _bernoulli(hit_after_none, after_none, hit_after_none / np.maximum(after_none, 1))
    ratio = 2.0 * (apart - _bernoulli(hits, total, hits / np.maximum(total, 1)))
    ratio[total == 0] = np.nan
    return ratio
