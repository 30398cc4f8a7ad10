"""How far a result could have fallen out otherwise: bands by the stationary bootstrap."""

import math
from dataclasses import dataclass

import numpy as np

from nanobook.errors import RangeError, ValidationError
from nanobook.jit import njit
from nanobook.panel.arrays import as_float, as_vector
from nanobook.panel.frames import is_series
from nanobook.statistics.bootstrap import stationary_bootstrap

__all__ = ["BootstrapBands", "bootstrap_bands"]

STATISTICS = ("sharpe", "mean", "volatility", "total_return", "cagr", "max_drawdown")

#: Values of all replications' paths held at a time.
HELD_AT_ONCE = 2**20


@dataclass(frozen=True)
class BootstrapBands:
    """A statistic of some returns and their equity path, each with a band.

    Parameters
    ----------
    statistic : str
        Which.
    estimate : float
        Its value for the returns as they are.
    lower, upper : float
        The band that holds the share `level` of the replications' values, as much of the rest
        on either side.
    replications : ndarray of shape (reps,)
        The value in each replication.
    level : float
        The share inside.
    equity, equity_lower, equity_median, equity_upper : ndarray of shape (T,) or Series
        What 1 has grown to by the end of each period: as it happened, and the replications'
        band and median, period by period.
    block_size : float
        The expected length of the bootstrap's blocks.
    seed : int
        What it was drawn from.
    """

    statistic: str
    estimate: float
    lower: float
    upper: float
    replications: np.ndarray
    level: float
    equity: np.ndarray
    equity_lower: np.ndarray
    equity_median: np.ndarray
    equity_upper: np.ndarray
    block_size: float
    seed: int

    def to_frame(self):
        """Return the equity paths as a DataFrame.

        Returns
        -------
        DataFrame
            Columns ``equity``, ``lower``, ``median``, ``upper``; the returns' index.
        """
        from pandas import DataFrame

        return DataFrame(
            {
                "equity": self.equity,
                "lower": self.equity_lower,
                "median": self.equity_median,
                "upper": self.equity_upper,
            }
        )


def bootstrap_bands(
    returns,
    *,
    statistic="sharpe",
    reps=1000,
    block_size=None,
    level=0.95,
    seed=0,
    periods_per_year=252,
):
    """Return percentile bands of a statistic of some returns, and of their equity path.

    Parameters
    ----------
    returns : array_like of shape (T,) or Series
        Returns per period, finite, at least two.
    statistic : str, default "sharpe"
        ``"sharpe"`` and ``"volatility"`` (annual, deviations over T - 1), ``"mean"`` (per
        period), ``"total_return"``, ``"cagr"`` or ``"max_drawdown"``. A replication that
        doesn't vary has the Sharpe ratio 0.
    reps : int, default 1000
        Replications.
    block_size : float, optional
        The expected length of a block, by default the root of T, rounded down.
    level : float, default 0.95
        The share of the replications inside the bands, above 0 and below 1.
    seed : int, default 0
        The same seed gives the same bands.
    periods_per_year : float, default 252
        What annualises.

    Returns
    -------
    BootstrapBands
        The bands. Only the path's spread is in them: the best of many candidates is found to be
        too good by its estimate, and its band lies around that.

    Raises
    ------
    ArgumentTypeError
        If `returns` isn't a vector of numbers.
    ValidationError
        If a return isn't finite, or the statistic unknown.
    RangeError
        If there are fewer than two returns, or a number lies outside its range.

    References
    ----------
    .. [1] Politis, Romano (1994), "The stationary bootstrap".
    """
    vector = as_vector("returns", returns)
    if statistic not in STATISTICS:
        known = ", ".join(STATISTICS)
        raise ValidationError(f"statistic must be one of {known}, got {statistic!r}")
    if vector.size < 2:
        raise RangeError(f"returns must be at least 2, got {vector.size}")
    if not np.isfinite(vector).all():
        where = int(np.argmin(np.isfinite(vector)))
        raise ValidationError(f"returns must be finite, got {vector[where]} in row {where}")
    level = as_float("level", level, below=1)
    if level <= 0.0:
        raise RangeError(f"level must be above 0, got {level}")
    periods_per_year = as_float("periods_per_year", periods_per_year, least=0)
    bootstrap = stationary_bootstrap(vector.size, block_size, reps, seed)
    shares = [0.5 - 0.5 * level, 0.5, 0.5 + 0.5 * level]

    figures = _Figures(vector.mean(), bootstrap.reps)
    bands = np.empty((3, vector.size))
    rows = max(1, HELD_AT_ONCE // bootstrap.reps)
    block, used = bootstrap.offsets[:-1].copy(), np.zeros(bootstrap.reps, dtype=np.int64)
    for begin in range(0, vector.size, rows):
        drawn = np.empty((min(rows, vector.size - begin), bootstrap.reps))
        _resample(vector, bootstrap.starts, bootstrap.lengths, block, used, drawn)
        paths = figures.add(drawn)
        bands[:, begin : begin + len(drawn)] = np.quantile(paths, shares, axis=1)
    values = figures.value(statistic, periods_per_year)
    itself = _Figures(vector.mean(), 1)
    equity = itself.add(vector[:, None])[:, 0]
    lower, upper = np.quantile(values, [shares[0], shares[2]])

    def dress(path):
        if not is_series(returns):
            return path
        from pandas import Series

        return Series(path, index=returns.index)

    return BootstrapBands(
        statistic=statistic,
        estimate=float(itself.value(statistic, periods_per_year)[0]),
        lower=float(lower),
        upper=float(upper),
        replications=values,
        level=level,
        equity=dress(equity),
        equity_lower=dress(bands[0]),
        equity_median=dress(bands[1]),
        equity_upper=dress(bands[2]),
        block_size=bootstrap.block_size,
        seed=bootstrap.seed,
    )


class _Figures:
    """Statistics of many paths that come a stretch of time at a time."""

    def __init__(self, centre, paths):
        """Begin before the first period; deviations are taken from `centre`, then corrected."""
        self.centre, self.count = centre, 0
        self.total, self.squares = np.zeros(paths), np.zeros(paths)
        self.equity, self.peak, self.deepest = np.ones(paths), np.ones(paths), np.zeros(paths)

    def add(self, returns):
        """Take in a stretch, (periods, paths), and return the paths of equity over it."""
        apart = returns - self.centre
        self.count += len(returns)
        self.total += apart.sum(axis=0)
        self.squares += (apart * apart).sum(axis=0)
        paths = 1.0 + returns
        paths[0] *= self.equity
        np.cumprod(paths, axis=0, out=paths)
        peaks = np.maximum(np.maximum.accumulate(paths, axis=0), self.peak)
        self.deepest = np.maximum(self.deepest, ((peaks - paths) / peaks).max(axis=0))
        self.equity, self.peak = paths[-1].copy(), peaks[-1].copy()
        return paths

    def value(self, statistic, periods_per_year):
        """Return a statistic of every path."""
        mean = self.centre + self.total / self.count
        if statistic == "mean":
            return mean
        if statistic == "max_drawdown":
            return self.deepest
        if statistic == "total_return":
            return self.equity - 1.0
        if statistic == "cagr":
            years = self.count / periods_per_year if periods_per_year else math.inf
            return np.maximum(self.equity, 0.0) ** (1.0 / years) - 1.0
        squares = np.maximum(self.squares - self.total * self.total / self.count, 0.0)
        squares[squares <= 1e-24 * self.count * (self.centre**2 + mean**2)] = 0.0
        deviation = np.sqrt(squares / (self.count - 1))
        if statistic == "volatility":
            return deviation * math.sqrt(periods_per_year)
        flat = deviation == 0.0
        return np.where(flat, 0.0, mean / np.where(flat, 1.0, deviation)) * math.sqrt(
            periods_per_year
        )


@njit
def _resample(series, starts, lengths, block, used, out):
    """Fill ``out`` (periods, paths) with the next observations of every replication.

    ``block`` is the block that each is in, ``used`` what's been used of it; both move on.
    """
    for t in range(out.shape[0]):
        for b in range(out.shape[1]):
            at = block[b]
            out[t, b] = series[starts[at] + used[b]]
            used[b] += 1
            if used[b] == lengths[at]:
                block[b] += 1
                used[b] = 0
