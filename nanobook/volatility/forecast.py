"""`garch_forecast`: the next period's volatility, and nothing else."""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.panel.frames import is_frame
from nanobook.volatility.garch import garch_fit

__all__ = ["garch_forecast"]

_MEANS = {"zero": "zero", "constant": "constant", "mean": "constant", "ar1": "ar1"}


def garch_forecast(returns, p=1, q=1, mean="zero"):
    """Fit a GARCH(p, q) by maximum likelihood and return the next period's volatility.

    Parameters
    ----------
    returns : array_like of shape (T,) or (T, N), Series or DataFrame
        Returns per period, one column an asset. NaNs are dropped.
    p, q : int, default 1
        Lags of the shocks and of the variance.
    mean : str, default "zero"
        "zero", "constant" (or "mean") or "ar1", in any case.

    Returns
    -------
    float, ndarray or Series
        The standard deviation that the fit expects of the next return; one per column. NaN
        where there's no fit.

    Raises
    ------
    ArgumentTypeError
        If `returns` doesn't hold real numbers in one or two dimensions.
    ValidationError
        If `mean` is another word, or `p` or `q` is out of range.

    Warns
    -----
    RuntimeWarning
        If a column has no fit, say for fewer than 50 returns or none that vary.

    See Also
    --------
    garch_fit : The fit itself, with errors, paths and forecasts further ahead.

    Notes
    -----
    The original's function of this name took fixed coefficients, counted the last shock twice
    and any other `mean` as zero.

    Examples
    --------
    >>> returns = np.random.default_rng(3).normal(0, 0.01, 1000)
    >>> bool(0.009 < garch_forecast(returns) < 0.011)
    True
    """
    known = _MEANS.get(mean.lower()) if isinstance(mean, str) else None
    if known is None:
        raise ValidationError(f"mean must be one of {tuple(_MEANS)}, got {mean!r}")
    volatility = garch_fit(returns, p=p, q=q, mean=known).forecast(1).volatility
    if getattr(volatility, "ndim", 1) == 1:
        return float(volatility.iloc[0])
    row = volatility.iloc[0].rename("volatility")
    return row if is_frame(returns) else np.array(row)
