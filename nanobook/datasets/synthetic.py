"""Prices drawn at random, the same ones each time for the same seed."""

import numpy as np

from nanobook.errors import RangeError
from nanobook.panel.arrays import as_count, as_float

__all__ = ["random_prices"]


def random_prices(bars, assets, seed=0, *, drift=0.06, volatility=0.2, start=100.0):
    """Return a geometric random walk for each asset, on business days from 2000 on.

    Parameters
    ----------
    bars : int
        Days, at least 1.
    assets : int
        Columns, at least 1, named A0, A1, and so on.
    seed : int or numpy.random.Generator, default 0
        The same number gives the same prices.
    drift : float, default 0.06
        Expected growth a year of 252 bars, as a fraction.
    volatility : float, default 0.2
        Standard deviation a year of log prices.
    start : float, default 100.0
        Price of every asset at the first bar.

    Returns
    -------
    DataFrame
        Positive floats; assets move independently.

    Raises
    ------
    ArgumentTypeError
        If an argument is of another kind.
    RangeError
        If `bars` or `assets` is below 1, `volatility` below 0, `drift` not above -1, or
        `start` not above 0.
    ValidationError
        If a number isn't finite.

    Notes
    -----
    Log prices take steps of ``N((ln(1 + drift) - volatility**2 / 2) / 252,
    volatility**2 / 252)``, so that a price grows by `drift` a year on average.

    Examples
    --------
    >>> random_prices(500, 3, seed=1).shape
    (500, 3)
    """
    import pandas as pd

    bars = as_count("bars", bars, least=1)
    assets = as_count("assets", assets, least=1)
    drift = as_float("drift", drift)
    volatility = as_float("volatility", volatility, least=0)
    start = as_float("start", start)
    if drift <= -1:
        raise RangeError(f"drift must be above -1, got {drift}")
    if start <= 0:
        raise RangeError(f"start must be above 0, got {start}")
    steps = np.random.default_rng(seed).standard_normal((bars, assets))
    steps *= volatility / np.sqrt(252)
    steps += (np.log1p(drift) - volatility**2 / 2) / 252
    steps[0] = 0.0
    prices = start * np.exp(np.cumsum(steps, axis=0))
    dates = pd.bdate_range("2000-01-03", periods=bars, name="date")
    return pd.DataFrame(prices, index=dates, columns=[f"A{i}" for i in range(assets)])
