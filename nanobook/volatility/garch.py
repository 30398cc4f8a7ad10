"""`garch_fit`: GARCH, GJR and EGARCH by maximum likelihood, for a series or a whole universe."""

import warnings

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import one_parallel_kernel
from nanobook.panel.arrays import as_integer
from nanobook.panel.frames import as_columns, is_frame, is_series
from nanobook.volatility.estimates import Estimates
from nanobook.volatility.fit import fit_column, fit_columns
from nanobook.volatility.layout import count_parameters, make_layout
from nanobook.volatility.result import COVARIANCES, GarchResult

__all__ = ["garch_fit", "check_model", "fit_windows", "labels_of"]

#: The most lags of one kind.
_LAGS_MOST = 20

_CHOICES = {
    "model": ("GARCH", "GJR", "EGARCH"),
    "mean": ("constant", "zero", "ar1"),
    "dist": ("normal", "t"),
    "backcast": ("arch", "ssr"),
    "covariance": COVARIANCES,
}


def garch_fit(
    returns,
    *,
    model="GARCH",
    p=1,
    q=1,
    mean="constant",
    dist="normal",
    backcast="arch",
    variance_targeting=False,
    covariance="robust",
):
    """Fit a volatility model by maximum likelihood to a series, or to every column of a table.

    All columns are fitted in one compiled call, side by side, each on its own sample: NaNs are
    dropped, and the returns on both sides of a gap count as neighbours. Nothing has to be scaled:
    that happens inside, and all results are in the units of the returns.

    Parameters
    ----------
    returns : array_like of shape (T,) or (T, N), Series or DataFrame
        Returns per period, one column an asset.
    model : {"GARCH", "GJR", "EGARCH"}, default "GARCH"
        GJR and EGARCH tell bad news from good: they have a gamma for every alpha.
    p, q : int, default 1
        Lags of the shocks (at least 1), and of the variance (0 for an ARCH).
    mean : {"constant", "zero", "ar1"}, default "constant"
        What the returns are expected to be; "ar1" regresses them on those before and spends the
        first.
    dist : {"normal", "t"}, default "normal"
        Of the shocks; "t" is Student's with unit variance, nu between 2.05 and 500.
    backcast : {"arch", "ssr"}, default "arch"
        What stands for the variances and squares before the sample. "arch": the mean of the first
        75 squared residuals of the mean by least squares, weights falling by 0.94, as the package
        arch has it. "ssr": the mean square of all residuals, as in the benchmarks [4]_, [5]_; it
        moves with the mean, and an EGARCH starts from the mean residual as its shock.
    variance_targeting : bool, default False
        Whether omega follows from the others so that the unconditional variance is that of the
        sample. For GARCH and GJR.
    covariance : {"robust", "hessian", "opg"}, default "robust"
        What standard errors come from: Bollerslev and Wooldridge's sandwich [3]_, the inverse
        Hessian, the outer product of the scores.

    Returns
    -------
    GarchResult
        Parameters, likelihood, volatilities, forecasts and tests. A column that can't be fitted
        has NaNs, and ``.status`` says why.

    Raises
    ------
    ArgumentTypeError
        If `returns` doesn't hold real numbers in one or two dimensions.
    RangeError
        If `p` or `q` is out of range.
    ValidationError
        If there are no returns, or an option has another value than those named.

    Warns
    -----
    RuntimeWarning
        If a column wasn't fitted, or a fit didn't converge.

    Notes
    -----
    GARCH and GJR: ``h[t] = omega + sum(alpha[i] e[t-i]^2 + gamma[i] e[t-i]^2 (e[t-i] < 0)) +
    sum(beta[j] h[t-j])``, all terms at or above zero, persistence at most 1, omega at least 1e-8
    of the returns' variance.

    EGARCH: ``ln h[t] = omega + sum(alpha[i] (|z[t-i]| - sqrt(2 / pi)) + gamma[i] z[t-i]) +
    sum(beta[j] ln h[t-j])`` with ``z = e / sqrt(h)``, betas at or above zero and at most 1
    together. Parameters under which the filter doesn't forget where it started are left out
    [6]_: the likelihood has high and meaningless peaks there.

    The climb starts from several points, since the likelihood can have rival maxima. A column
    needs 50 returns.

    References
    ----------
    .. [1] Bollerslev (1986), "Generalized autoregressive conditional heteroskedasticity".
    .. [2] Glosten, Jagannathan, Runkle (1993), "On the relation between the expected value and
       the volatility of the nominal excess return on stocks"; Nelson (1991), "Conditional
       heteroskedasticity in asset returns: a new approach".
    .. [3] Bollerslev, Wooldridge (1992), "Quasi-maximum likelihood estimation and inference in
       dynamic models with time-varying covariances".
    .. [4] Fiorentini, Calzolari, Panattoni (1996), "Analytic derivatives and the computation of
       GARCH estimates".
    .. [5] Brooks, Burke, Persand (2001), "Benchmarks and the accuracy of GARCH model estimation".
    .. [6] Wintenberger (2013), "Continuous invertibility and stable QML estimation of the
       EGARCH(1,1) model".

    Examples
    --------
    >>> calm, wild = np.random.default_rng(3).normal(0, 0.01, (2, 500))
    >>> fit = garch_fit(np.concatenate([calm, 3 * wild, calm]))
    >>> bool(fit.persistence > 0.9), fit.forecast(3).volatility.shape
    (True, (3,))
    """
    layout = check_model(
        model=model,
        p=p,
        q=q,
        mean=mean,
        dist=dist,
        backcast=backcast,
        variance_targeting=variance_targeting,
        covariance=covariance,
    )
    matrix, dress = as_columns("returns", returns)
    if not matrix.size:
        raise ValidationError(f"returns must hold some, got shape {np.shape(returns)}")
    begins, ends = np.array([0]), np.array([len(matrix)])
    params, numbers, counts = fit_windows(layout, matrix, begins, ends)
    estimates = Estimates(layout, matrix, params[:, 0], numbers[:, 0], counts[:, 0])
    table, labels = labels_of(returns, matrix)
    result = GarchResult(estimates, table=table, labels=labels, dress=dress, covariance=covariance)
    _warn(estimates, labels)
    return result


def check_model(*, p, q, variance_targeting, **choices):
    """Return a model's numbers, or raise where an option isn't one.

    Parameters
    ----------
    p, q : int
        Lags.
    variance_targeting : bool
        Whether omega targets the variance.
    **choices
        `model`, `mean`, `dist`, `backcast`, `covariance`.

    Returns
    -------
    ndarray of int64
        As kernels take them.

    Raises
    ------
    ValidationError
        If an option has another value than those it can have.
    """
    for name, value in choices.items():
        if value not in _CHOICES[name]:
            raise ValidationError(f"{name} must be one of {_CHOICES[name]}, got {value!r}")
    p = as_integer("p", p, least=1, most=_LAGS_MOST)
    q = as_integer("q", q, least=0, most=_LAGS_MOST)
    if variance_targeting and choices["model"] == "EGARCH":
        raise ValidationError("variance_targeting is for GARCH and GJR, got model 'EGARCH'")
    del choices["covariance"]
    return make_layout(p=p, q=q, variance_targeting=variance_targeting, **choices)


def fit_windows(layout, matrix, begins, ends):
    """Fit every column over every window.

    Parameters
    ----------
    layout : ndarray of int64
        The model.
    matrix : ndarray of shape (T, N)
        Returns.
    begins, ends : ndarray of int64, of shape (R,)
        The first row of each window, and the row after its last.

    Returns
    -------
    params : ndarray of shape (N, R, K)
        The vectors that kernels work with.
    numbers : ndarray of shape (N, R, 4)
        Log-likelihood, size of the gradient, scale and presample variance.
    counts : ndarray of int64, of shape (N, R, 2)
        A code, and the number of returns.
    """
    columns, windows = matrix.shape[1], len(begins)
    params = np.empty((columns, windows, int(count_parameters(layout))))
    numbers = np.empty((columns, windows, 4))
    counts = np.empty((columns, windows, 2), dtype=np.int64)
    if columns > 1 or windows > 1:
        with one_parallel_kernel:
            fit_columns(layout, matrix, begins, ends, params, numbers, counts)
    else:  # loading the parallel kernel would take longer than the fit
        start = np.full(params.shape[2], np.nan)
        column = matrix[begins[0] : ends[0], 0].copy()
        code, total, norm, size, scale, presample = fit_column(layout, column, start, params[0, 0])
        numbers[0, 0] = total, norm, scale, presample
        counts[0, 0] = code, size
    return params, numbers, counts


def labels_of(returns, matrix):
    """Return whether returns are a table, and the names of their columns.

    Parameters
    ----------
    returns : array_like
        As the caller gave them.
    matrix : ndarray of shape (T, N)
        The same as numbers.

    Returns
    -------
    table : bool
        Whether there are columns at all.
    labels : Index or sequence
        Numbers from 0 where they have no names.
    """
    if is_frame(returns):
        return True, returns.columns
    if is_series(returns):
        return False, ["returns" if returns.name is None else returns.name]
    if getattr(returns, "ndim", 1) == 2:
        return True, range(matrix.shape[1])
    return False, ["returns"]


def _warn(estimates, labels):
    """Warn of columns that have no maximum, by the reason of the first."""
    bad = np.flatnonzero(~estimates.converged)
    if bad.size:
        warnings.warn(
            f"{bad.size} of {len(labels)} series have no fit that converged; the first is "
            f"{labels[bad[0]]!r}: {estimates.status(bad[0])}; see .status",
            RuntimeWarning,
            stacklevel=3,
        )
