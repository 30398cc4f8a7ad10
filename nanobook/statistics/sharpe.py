"""What a Sharpe ratio is worth, given the length of its record, its shape and how it was found.

Sharpe ratios here are per period, never annualised: an annual one is divided by the root of the
periods in a year first. `minimum_backtest_length` alone speaks in years. Kurtosis is that of
which a normal distribution has 3.
"""

import math
from statistics import NormalDist

import numpy as np

from nanobook.errors import ArgumentTypeError, RangeError
from nanobook.panel.arrays import as_count, as_float

__all__ = [
    "deflated_sharpe",
    "effective_trials",
    "expected_maximum_sharpe",
    "minimum_backtest_length",
    "minimum_track_record_length",
    "probabilistic_sharpe",
    "trial_count_deflated_sharpe",
]

EULER_GAMMA = 0.5772156649015329

_NORMAL = NormalDist()


def probabilistic_sharpe(sharpe, *, n_obs, skew=0.0, kurtosis=3.0, benchmark=0.0):
    """Return the probability that the true Sharpe ratio exceeds a benchmark.

    Parameters
    ----------
    sharpe : float or array_like
        The estimated Sharpe ratio per period, not annualised.
    n_obs : int or array_like
        Number of returns it was estimated from, at least 2.
    skew : float or array_like, default 0.0
        Skewness of the returns.
    kurtosis : float or array_like, default 3.0
        Kurtosis of the returns, 3 for normal ones.
    benchmark : float or array_like, default 0.0
        The Sharpe ratio per period to exceed.

    Returns
    -------
    float or ndarray
        The probability; an array if an argument is one. NaN where an argument isn't finite.

    Raises
    ------
    ArgumentTypeError
        If an argument doesn't hold numbers, or shapes don't go together.
    RangeError
        If `n_obs` is below 2, or the kurtosis below what the skewness allows, 1 + skew^2.

    References
    ----------
    .. [1] Bailey, Lopez de Prado (2012), "The Sharpe ratio efficient frontier", Journal of Risk
       15, equation 11.

    Examples
    --------
    >>> round(probabilistic_sharpe(0.1, n_obs=500), 4)
    0.9871
    """
    sharpe, n_obs, skew, kurtosis, benchmark = _broadcast(
        sharpe=sharpe, n_obs=n_obs, skew=skew, kurtosis=kurtosis, benchmark=benchmark
    )
    _check_least("n_obs", n_obs, 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(_spread(sharpe, skew, kurtosis))
        z = (sharpe - benchmark) * np.sqrt(n_obs - 1.0) / spread
    return _normal_cdf(z)


def deflated_sharpe(sharpe, *, n_obs, n_trials, variance, skew=0.0, kurtosis=3.0):
    """Return the probability that a Sharpe ratio, the best of several trials, is above 0.

    It is the probabilistic Sharpe ratio over the benchmark that the best of so many trials
    without any skill is expected to reach.

    Parameters
    ----------
    sharpe : float or array_like
        The estimated Sharpe ratio per period, not annualised.
    n_obs : int or array_like
        Number of returns it was estimated from, at least 2.
    n_trials : float
        Number of independent trials it's the best of, at least 1; see `effective_trials`.
    variance : float
        Variance of the trials' Sharpe ratios per period: that of annual ones over the periods
        in a year.
    skew : float or array_like, default 0.0
        Skewness of the returns.
    kurtosis : float or array_like, default 3.0
        Kurtosis of the returns, 3 for normal ones.

    Returns
    -------
    float or ndarray
        The probability; an array if an argument is one. NaN where an argument isn't finite.
        With one trial or no variance, the probability that it's above 0 without deflation.

    Raises
    ------
    ArgumentTypeError
        If an argument doesn't hold numbers, or shapes don't go together.
    ValidationError
        If `n_trials` or `variance` isn't finite.
    RangeError
        If `n_obs` is below 2, `n_trials` below 1, `variance` below 0, or the kurtosis below
        what the skewness allows, 1 + skew^2.

    References
    ----------
    .. [1] Bailey, Lopez de Prado (2014), "The deflated Sharpe ratio", Journal of Portfolio
       Management 40, equations 1 and 2.

    Examples
    --------
    The paper's: an annual 2.5 from 1,250 days, 250 a year, the best of 100.

    >>> year = 250
    >>> found = deflated_sharpe(
    ...     2.5 / year**0.5, n_obs=1250, n_trials=100, variance=0.5 / year, skew=-3, kurtosis=10
    ... )
    >>> round(found, 4)
    0.9004
    """
    benchmark = expected_maximum_sharpe(n_trials, variance)
    return probabilistic_sharpe(
        sharpe, n_obs=n_obs, skew=skew, kurtosis=kurtosis, benchmark=benchmark
    )


def expected_maximum_sharpe(n_trials, variance=1.0):
    """Return the Sharpe ratio that the best of several trials without skill is expected to have.

    Parameters
    ----------
    n_trials : float
        Number of independent trials, at least 1.
    variance : float, default 1.0
        Variance of their Sharpe ratios; the result is in the unit of its root.

    Returns
    -------
    float
        The expected maximum; 0 for one trial, or where the approximation is below 0 (it is
        between one trial and one and a half).

    Raises
    ------
    ArgumentTypeError
        If an argument isn't a number.
    ValidationError
        If it isn't finite.
    RangeError
        If there's less than one trial, or the variance is negative.

    References
    ----------
    .. [1] Bailey, Lopez de Prado (2014), "The deflated Sharpe ratio", equation 1.

    Examples
    --------
    >>> round(expected_maximum_sharpe(100, 0.5 / 250), 4)
    0.1132
    """
    n_trials = as_float("n_trials", n_trials, least=1)
    variance = as_float("variance", variance, least=0)
    return math.sqrt(variance) * max(_expected_maximum(n_trials), 0.0)


def _expected_maximum(n):
    """Approximate the expected maximum of n standard normal draws; n above 1."""
    if n <= 1.0:
        return 0.0
    # Quantiles of the upper tail, where 1 - 1/n would lose the digits of a large n.
    upper, further = -_NORMAL.inv_cdf(1.0 / n), -_NORMAL.inv_cdf(1.0 / (n * math.e))
    return (1.0 - EULER_GAMMA) * upper + EULER_GAMMA * further


def minimum_backtest_length(n_trials, sharpe=1.0, *, bound=False):
    """Return the years below which the best of several trials without skill reaches a Sharpe ratio.

    Parameters
    ----------
    n_trials : float
        Number of independent trials, at least 1.
    sharpe : float, default 1.0
        The annual Sharpe ratio that the best of them is expected to reach in so short a time.
    bound : bool, default False
        Whether to return the paper's simpler upper bound, ``2 ln(n_trials) / sharpe^2``.

    Returns
    -------
    float
        Years; 0 for one trial.

    Raises
    ------
    ArgumentTypeError
        If an argument isn't a number.
    ValidationError
        If it isn't finite.
    RangeError
        If there's less than one trial, or `sharpe` isn't above 0.

    References
    ----------
    .. [1] Bailey, Borwein, Lopez de Prado, Zhu (2014), "Pseudo-mathematics and financial
       charlatanism", Notices of the American Mathematical Society 61, equation 6.

    Examples
    --------
    Five years of data carry no more than 45 trials.

    >>> round(minimum_backtest_length(45, 1.0), 2)
    5.0
    """
    n_trials = as_float("n_trials", n_trials, least=1)
    sharpe = as_float("sharpe", sharpe)
    if sharpe <= 0.0:
        raise RangeError(f"sharpe must be above 0, got {sharpe}")
    if bound:
        return 2.0 * math.log(n_trials) / sharpe**2
    return (expected_maximum_sharpe(n_trials) / sharpe) ** 2


def minimum_track_record_length(sharpe, *, skew=0.0, kurtosis=3.0, benchmark=0.0, confidence=0.95):
    """Return the number of returns from which a Sharpe ratio is above a benchmark with confidence.

    Parameters
    ----------
    sharpe : float or array_like
        The estimated Sharpe ratio per period, not annualised.
    skew : float or array_like, default 0.0
        Skewness of the returns.
    kurtosis : float or array_like, default 3.0
        Kurtosis of the returns, 3 for normal ones.
    benchmark : float or array_like, default 0.0
        The Sharpe ratio per period to exceed.
    confidence : float, default 0.95
        The probabilistic Sharpe ratio to reach, above 0.5 and below 1.

    Returns
    -------
    float or ndarray
        Number of returns, not rounded; infinite where `sharpe` isn't above `benchmark`, NaN
        where an argument isn't finite.

    Raises
    ------
    ArgumentTypeError
        If an argument doesn't hold numbers, or shapes don't go together.
    RangeError
        If `confidence` lies outside its range, or the kurtosis is below what the skewness
        allows, 1 + skew^2.

    References
    ----------
    .. [1] Bailey, Lopez de Prado (2012), "The Sharpe ratio efficient frontier", equation 13.
    """
    confidence = as_float("confidence", confidence, below=1)
    if confidence <= 0.5:
        raise RangeError(f"confidence must be above 0.5, got {confidence}")
    sharpe, skew, kurtosis, benchmark = _broadcast(
        sharpe=sharpe, skew=skew, kurtosis=kurtosis, benchmark=benchmark
    )
    quantile = _NORMAL.inv_cdf(confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        lead = sharpe - benchmark
        length = 1.0 + _spread(sharpe, skew, kurtosis) * (quantile / lead) ** 2
        length = np.where(lead > 0.0, length, np.where(np.isnan(length), np.nan, np.inf))
    return float(length) if length.ndim == 0 else length


def effective_trials(n_trials, average_correlation):
    """Return how many independent trials so many correlated ones amount to.

    Parameters
    ----------
    n_trials : float
        Number of trials, at least 1.
    average_correlation : float
        Mean correlation of the returns of two of them, -1 to 1; below 0 counts as 0.

    Returns
    -------
    float
        ``rho + (1 - rho) * n_trials``: all of them at a correlation of 0, one at 1.

    Raises
    ------
    ArgumentTypeError
        If an argument isn't a number.
    ValidationError
        If it isn't finite.
    RangeError
        If there's less than one trial, or the correlation lies outside its range.

    References
    ----------
    .. [1] Bailey, Lopez de Prado (2014), "The deflated Sharpe ratio", appendix A.3.

    Examples
    --------
    >>> effective_trials(101, 0.5)
    51.0
    """
    n_trials = as_float("n_trials", n_trials, least=1)
    rho = as_float("average_correlation", average_correlation, least=-1)
    if rho > 1.0:
        raise RangeError(f"average_correlation must be at most 1, got {rho}")
    rho = max(rho, 0.0)
    return rho + (1.0 - rho) * n_trials


def trial_count_deflated_sharpe(sr, n_trials, skew, kurt):
    """Return the original's deflated Sharpe ratio, which takes the trials for the sample length.

    It's here so that old numbers can be reproduced. `deflated_sharpe` is the one to use.

    Parameters
    ----------
    sr : float
        The estimated Sharpe ratio.
    n_trials : int
        Number of trials, used for the number of returns as well.
    skew : float
        Skewness of the returns.
    kurt : float
        Kurtosis of the returns.

    Returns
    -------
    float
        A probability; NaN for no trials or an impossible kurtosis, `sr` for one trial.

    Raises
    ------
    ArgumentTypeError
        If an argument isn't a number or `n_trials` not an integer.
    RangeError
        If `n_trials` is negative.
    """
    sharpe = as_float("sr", sr, finite=False)
    skew = as_float("skew", skew, finite=False)
    kurtosis = as_float("kurt", kurt, finite=False)
    n = as_count("n_trials", n_trials)
    if n == 0:
        return math.nan
    if n == 1:
        return sharpe
    variance = (1.0 - skew * sharpe + 0.25 * (kurtosis - 1.0) * sharpe**2) / (n - 1)
    if not 0.0 < variance < math.inf:
        return math.nan
    error = math.sqrt(variance)
    return float(_normal_cdf(np.array((sharpe - error * _expected_maximum(n)) / error)))


def _broadcast(**values):
    """Return the arguments as float64 arrays of one shape."""
    arrays = []
    for name, value in values.items():
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise ArgumentTypeError(f"{name} must hold numbers, got {value!r}")
        arrays.append(array.astype(np.float64))
    try:
        return np.broadcast_arrays(*arrays)
    except ValueError:
        shapes = ", ".join(
            f"{name} {array.shape}" for name, array in zip(values, arrays, strict=True)
        )
        raise ArgumentTypeError(f"shapes must go together, got {shapes}") from None


def _check_least(name, values, least):
    if (values < least).any():
        raise RangeError(f"{name} must be at least {least}, got {values[values < least].flat[0]}")


def _spread(sharpe, skew, kurtosis):
    """Return the variance of an estimated Sharpe ratio, times one less than the sample."""
    least = 1.0 + skew * skew
    impossible = kurtosis < least - 1e-9 * least
    if impossible.any():
        at = np.unravel_index(np.argmax(impossible), impossible.shape)
        raise RangeError(
            f"kurtosis must be at least 1 + skew^2, {least[at]:g} here, got {kurtosis[at]}: "
            "it's the kurtosis of which a normal distribution has 3"
        )
    return np.maximum(1.0 - skew * sharpe + 0.25 * (kurtosis - 1.0) * sharpe * sharpe, 0.0)


def _normal_cdf(z):
    """Return the standard normal distribution function of an array, as a float if it's one."""
    root = math.sqrt(0.5)
    if z.ndim == 0:
        return 0.5 * math.erfc(-float(z) * root)
    flat = (0.5 * math.erfc(-value * root) for value in z.ravel().tolist())
    return np.fromiter(flat, dtype=np.float64, count=z.size).reshape(z.shape)
