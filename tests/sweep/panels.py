"""Random prices for the sweep's tests, and the parameters of each compiled rule."""

import numpy as np
import pandas as pd


def random_prices(seed, most_bars=80, most_assets=5):
    """Draw prices with gaps, halts, late listings and delistings, at any level."""
    rng = np.random.default_rng(seed)
    bars, assets = int(rng.integers(1, most_bars)), int(rng.integers(1, most_assets + 1))
    level = 10.0 ** rng.uniform(-2, 8, assets)
    noise = rng.choice([1e-4, 0.02, 0.2])
    prices = level * np.exp(np.cumsum(rng.normal(0, noise, (bars, assets)), axis=0))
    for _ in range(rng.integers(0, 4)):  # trading halts: the price stands still
        first, asset = rng.integers(bars), rng.integers(assets)
        prices[first : first + rng.integers(1, 40), asset] = prices[first, asset]
    if rng.random() < 0.5:
        prices[rng.random((bars, assets)) < rng.choice([0.02, 0.1, 0.4])] = np.nan
    if rng.random() < 0.3:
        prices[: rng.integers(bars), rng.integers(assets)] = np.nan
    if rng.random() < 0.3:
        prices[rng.integers(bars) :, rng.integers(assets)] = np.nan
    return prices


def as_frame(prices, start="2021-03-03"):
    """Label prices with business days and letters."""
    dates = pd.bdate_range(start, periods=len(prices), name="date")
    return pd.DataFrame(prices, dates, list("ABCDEFGHIJ"[: prices.shape[1]]))


def random_parameters(name, seed):
    """Draw the parameters of a compiled rule."""
    rng = np.random.default_rng([seed, 1])
    window, other = (int(one) for one in rng.integers(1, 25, 2))
    short = float(rng.choice([0, 1, 0.5]))
    choices = {
        "equal_weight": {},
        "time_series_momentum": {
            "lookback": window,
            "skip": int(rng.integers(0, window + 1)),
            "short": short,
        },
        "cross_sectional_momentum": {
            "lookback": window,
            "skip": int(rng.integers(0, window + 1)),
            "top": int(rng.integers(0, 4)),
            "bottom": int(rng.integers(0, 4)),
        },
        "moving_average_crossover": {"fast": window, "slow": other, "short": short},
        "mean_reversion": {
            "lookback": window,
            "entry": float(rng.uniform(0, 2.5)),
            "exit": float(rng.uniform(0, 1)),
            "short": short,
        },
        "bollinger": {"period": window, "width": float(rng.uniform(0, 2.5))},
        "inverse_volatility": {"lookback": window},
        "volatility_target": {
            "lookback": window,
            "target": float(rng.uniform(0.05, 0.5)),
            "leverage": float(rng.uniform(0.5, 3)),
            "periods_per_year": 252,
        },
        "rsi": {
            "period": window,
            "low": float(rng.uniform(10, 60)),
            "high": float(rng.uniform(40, 90)),
        },
        "breakout": {"entry": window, "exit": other},
    }
    return choices[name]
