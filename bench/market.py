"""The market that the benches trade: geometric random walks, and weights that always change."""

import numpy as np

__all__ = ["momentum_weights", "random_walk", "random_weights"]


def random_walk(bars, assets, seed=7):
    """Return daily prices to the cent, starting between 20 and 500.

    Parameters
    ----------
    bars, assets : int
        The shape.
    seed : int, default 7
        Of the random numbers.

    Returns
    -------
    ndarray of shape (bars, assets)
        At least 0.01; 0.03 % drift and 1.5 % volatility a day.
    """
    draw = np.random.default_rng(seed)
    start = draw.uniform(np.log(20.0), np.log(500.0), assets)
    steps = draw.normal(0.0003 - 0.5 * 0.015**2, 0.015, (bars, assets))
    return np.maximum(np.round(np.exp(start + np.cumsum(steps, axis=0)), 2), 0.01)


def random_weights(bars, assets, seed=8):
    """Return long-only weights, drawn anew for every bar; each row sums to 1.

    Parameters
    ----------
    bars, assets : int
        The shape.
    seed : int, default 8
        Of the random numbers.

    Returns
    -------
    ndarray of shape (bars, assets)
        Above 0.
    """
    weights = np.random.default_rng(seed).random((bars, assets))
    return weights / weights.sum(axis=1, keepdims=True)


def momentum_weights(prices, lookback):
    """Return equal parts of the assets that rose over `lookback` bars, at each bar.

    Parameters
    ----------
    prices : ndarray of shape (T, N)
        Above 0.
    lookback : int
        Bars.

    Returns
    -------
    ndarray of shape (T, N)
        1 / N or 0; nothing before bar `lookback`.
    """
    weights = np.zeros(prices.shape)
    weights[lookback:] = (prices[lookback:] > prices[:-lookback]) / prices.shape[1]
    return weights
