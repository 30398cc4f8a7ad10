"""`garch_model`: models that the kernels don't cover, fitted by arch, with the same result.

arch is given returns of about unit variance; its parameters are brought back to the units of the
returns afterwards, and its likelihood too.
"""

import warnings

import numpy as np

from nanobook.errors import ValidationError
from nanobook.panel.arrays import as_integer, as_matrix
from nanobook.panel.frames import as_columns
from nanobook.volatility.arch_estimates import ArchEstimates
from nanobook.volatility.garch import labels_of
from nanobook.volatility.result import COVARIANCES, GarchResult

__all__ = ["garch_model"]

_MODELS = ("GARCH", "EGARCH", "FIGARCH", "APARCH", "HARCH", "ARCH")
_MEANS = {"constant": "Constant", "zero": "Zero", "ar": "AR", "har": "HAR", "ls": "LS"}
_MEANS |= {"arx": "ARX", "harx": "HARX"}

#: The means that take regressors; arch ignores them beside any other.
_WITH_REGRESSORS = ("ls", "arx", "harx")
_DISTS = {"normal": "normal", "t": "t", "skewt": "skewt", "ged": "ged"}


def garch_model(
    returns,
    *,
    model="FIGARCH",
    p=1,
    o=0,
    q=1,
    power=2.0,
    mean="constant",
    lags=0,
    x=None,
    dist="normal",
    covariance="robust",
):
    """Fit a model of the package arch, column by column, and dress it as `garch_fit` does.

    It's for what `garch_fit` doesn't cover: FIGARCH, APARCH, HARCH, other powers, skewed t and
    generalised error shocks, longer autoregressions, exogenous regressors. It's as fast as arch.

    Parameters
    ----------
    returns : array_like of shape (T,) or (T, N), Series or DataFrame
        Returns per period, one column an asset. NaNs are dropped.
    model : {"FIGARCH", "APARCH", "HARCH", "GARCH", "EGARCH", "ARCH"}, default "FIGARCH"
        The variance's.
    p : int or list of int, default 1
        Lags of the shocks; HARCH takes a list.
    o : int, default 0
        Lags of the asymmetric shocks.
    q : int, default 1
        Lags of the variance.
    power : float, default 2.0
        What the GARCH and the FIGARCH are linear in: 2.0 the variance, 1.0 the volatility.
    mean : {"constant", "zero", "ar", "har", "ls", "arx", "harx"}, default "constant"
        The returns' mean; those with an x, and "ls", take regressors.
    lags : int or list of int, default 0
        Lags of the mean.
    x : array_like of shape (T, M), optional
        Regressors of the mean, the same for all columns.
    dist : {"normal", "t", "skewt", "ged"}, default "normal"
        Of the shocks.
    covariance : {"robust", "hessian"}, default "robust"
        What standard errors come from.

    Returns
    -------
    GarchResult
        Forecasts further ahead than arch's formulas reach are simulated, with a fixed seed.

    Raises
    ------
    ArgumentTypeError
        If `returns` or `x` doesn't hold real numbers.
    ValidationError
        If an option has another value than those named, or `x` has other rows than `returns`.

    Warns
    -----
    RuntimeWarning
        If a column wasn't fitted, or a fit didn't converge.

    See Also
    --------
    garch_fit : GARCH, GJR and EGARCH, faster by an order of magnitude.

    References
    ----------
    .. [1] Baillie, Bollerslev, Mikkelsen (1996), "Fractionally integrated generalized
       autoregressive conditional heteroskedasticity".
    .. [2] Ding, Granger, Engle (1993), "A long memory property of stock market returns and a new
       model": APARCH.
    .. [3] Müller et al. (1997), "Volatilities of different time resolutions": HARCH.
    """
    kinds = ("robust", "hessian")
    for name, value, known in (
        ("model", model, _MODELS),
        ("mean", mean, _MEANS),
        ("dist", dist, _DISTS),
        ("covariance", covariance, [kind for kind in COVARIANCES if kind in kinds]),
    ):
        if value not in known:
            raise ValidationError(f"{name} must be one of {tuple(known)}, got {value!r}")
    o = as_integer("o", o, least=0)
    matrix, dress = as_columns("returns", returns)
    if not matrix.size:
        raise ValidationError(f"returns must hold some, got shape {np.shape(returns)}")
    if x is not None:
        if mean not in _WITH_REGRESSORS:
            words = ", ".join(repr(word) for word in _WITH_REGRESSORS)
            raise ValidationError(f"x needs a mean of {words}, got mean={mean!r}")
        x = as_matrix("x", x)
        if len(x) != len(matrix):
            raise ValidationError(f"x must have the rows of returns, {len(matrix)}, got {len(x)}")
    options = {
        "mean": _MEANS[mean],
        "lags": lags,
        "vol": model,
        "p": p,
        "o": o,
        "q": q,
        "power": float(power),
        "dist": _DISTS[dist],
        "rescale": False,
    }
    estimates = ArchEstimates(matrix, x, options)
    table, labels = labels_of(returns, matrix)
    bad = np.flatnonzero(~estimates.converged)
    if bad.size:
        warnings.warn(
            f"{bad.size} of {len(labels)} series have no fit that converged; the first is "
            f"{labels[bad[0]]!r}: {estimates.status(bad[0])}; see .status",
            RuntimeWarning,
            stacklevel=2,
        )
    return GarchResult(estimates, table=table, labels=labels, dress=dress, covariance=covariance)
