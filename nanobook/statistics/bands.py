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

#: Rows of the states of paths.
TOTAL, SQUARES, EQUITY, PEAK, DEEPEST = range(5)

#: A deviation below this part of the mean is rounding: the returns don't vary.
LEAST_VARIATION = 1e-12

#: Values of all replications' paths held at a time.
HELD_AT_ONCE = 2**20


@dataclass(frozen=True, eq=False)
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
        band and median, period by period, or None where they weren't asked for.
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
    path=True,
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
    path : bool, default True
        Whether bands of the equity path are worked out, which takes most of the time.

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

    centre = vector.mean()
    states = _first_states(bootstrap.reps)
    bands = np.empty((3, vector.size))
    rows = max(1, HELD_AT_ONCE // bootstrap.reps)
    block, used = bootstrap.offsets[:-1].copy(), np.zeros(bootstrap.reps, dtype=np.int64)
    for begin in range(0, vector.size, rows):
        paths = np.empty((min(rows, vector.size - begin), bootstrap.reps))
        _walk(vector, centre, bootstrap.starts, bootstrap.lengths, block, used, states, paths)
        if path:
            bands[:, begin : begin + len(paths)] = _quantiles(paths, shares)
    values = _figures(states, statistic, vector.size, centre, periods_per_year)
    lower, upper = np.quantile(values, [shares[0], shares[2]])

    itself, equity = _first_states(1), np.empty((vector.size, 1))
    nothing, everything = np.zeros(1, dtype=np.int64), np.array([vector.size])
    _walk(vector, centre, nothing, everything, nothing.copy(), nothing.copy(), itself, equity)
    estimate = _figures(itself, statistic, vector.size, centre, periods_per_year)

    def dress(curve):
        if not is_series(returns):
            return curve
        from pandas import Series

        return Series(curve, index=returns.index)

    return BootstrapBands(
        statistic=statistic,
        estimate=float(estimate[0]),
        lower=float(lower),
        upper=float(upper),
        replications=values,
        level=level,
        equity=dress(equity[:, 0]),
        equity_lower=dress(bands[0]) if path else None,
        equity_median=dress(bands[1]) if path else None,
        equity_upper=dress(bands[2]) if path else None,
        block_size=bootstrap.block_size,
        seed=bootstrap.seed,
    )


def _first_states(paths):
    """Return the states of paths before their first period."""
    states = np.zeros((5, paths))
    states[[EQUITY, PEAK]] = 1.0
    return states


@njit
def _walk(series, centre, starts, lengths, block, used, states, out):
    """Fill ``out`` (periods, paths) with the equity of every replication's next periods.

    ``block`` is the block that each is in, ``used`` what's been used of it. Both move on, and
    so do ``states``: sums of deviations from ``centre`` and of their squares, equity, its peak
    and the largest drawdown.
    """
    for t in range(out.shape[0]):
        for b in range(out.shape[1]):
            at = block[b]
            r = series[starts[at] + used[b]]
            used[b] += 1
            if used[b] == lengths[at]:
                block[b] += 1
                used[b] = 0
            apart = r - centre
            states[TOTAL, b] += apart
            states[SQUARES, b] += apart * apart
            equity = states[EQUITY, b] * (1.0 + r)
            peak = max(states[PEAK, b], equity)
            states[EQUITY, b], states[PEAK, b] = equity, peak
            states[DEEPEST, b] = max(states[DEEPEST, b], (peak - equity) / peak)
            out[t, b] = equity


def _quantiles(paths, shares):
    """Return quantiles of every row, between the nearest two values; reorders the rows."""
    paths.sort(axis=1)
    places = np.array(shares) * (paths.shape[1] - 1)
    below = np.floor(places).astype(np.int64)
    above = np.minimum(below + 1, paths.shape[1] - 1)
    lower = paths[:, below].T
    return lower + (paths[:, above].T - lower) * (places - below)[:, None]


def _figures(states, statistic, periods, centre, periods_per_year):
    """Return a statistic of every path."""
    mean = centre + states[TOTAL] / periods
    if statistic == "mean":
        return mean
    if statistic == "max_drawdown":
        return states[DEEPEST]
    if statistic == "total_return":
        return states[EQUITY] - 1.0
    if statistic == "cagr":
        growth = np.maximum(states[EQUITY], 0.0)
        return growth ** (periods_per_year / periods) - 1.0
    squares = states[SQUARES] - states[TOTAL] * states[TOTAL] / periods
    flat = squares <= LEAST_VARIATION**2 * periods * (centre * centre + mean * mean)
    deviation = np.sqrt(np.where(flat, 0.0, squares) / (periods - 1))
    if statistic == "volatility":
        return deviation * math.sqrt(periods_per_year)
    return np.where(flat, 0.0, mean / np.where(flat, 1.0, deviation)) * math.sqrt(periods_per_year)
