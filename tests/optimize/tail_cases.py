"""Returns and bounds that the tests of tail risk share: plain, degenerate and of any scale."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

SHARED = Path(__file__).parents[3] / "shared" / "data"


def made(periods, assets, seed):
    """Return fat-tailed returns of a few factors."""
    generator = np.random.default_rng(seed)
    factors = 0.008 * generator.standard_t(5, (periods, 3))
    loadings = generator.normal(1, 0.4, (3, assets)) * [[1.0], [0.5], [0.5]]
    noise = 0.012 * generator.standard_t(5, (periods, assets))
    return factors @ loadings + noise + 0.0003


def real():
    """Return the daily returns of 20 companies, or skip where they aren't."""
    path = SHARED / "sp100_ohlcv.csv.gz"
    if not path.exists():
        pytest.skip(f"{path.name} isn't there")
    closes = pd.read_csv(path).pivot(index="Date", columns="Ticker", values="Close")
    return closes.pct_change().dropna()


def case(seed):
    """Return (returns, linear, alpha, lower, upper) of a problem, one kind after the other."""
    generator = np.random.default_rng(seed)
    periods = int(generator.choice([5, 12, 40, 100, 300]))
    assets = int(generator.choice([2, 3, 8, 20, 60]))
    returns, linear = made(periods, assets, seed), np.zeros(assets)
    match seed % 10:
        case 1:  # duplicated assets
            returns[:, assets // 2 :] = returns[:, : assets - assets // 2]
        case 2:  # ties
            returns = np.round(returns, 2)
        case 3:  # more of them
            returns = np.round(returns * 100) / 50
        case 4:
            returns = 1e-8 * returns
        case 5:
            returns = 1e8 * returns
        case 6:  # nothing ever falls
            returns = np.abs(returns)
        case 7:
            returns[generator.random(returns.shape) < 0.5] = 0.0
        case 8:  # repeated periods
            returns = np.repeat(returns[: max(periods // 4, 2)], 4, axis=0)
        case 9:  # cash, and a mean
            returns[:, : assets // 2] = 0.0
            linear = returns.mean(axis=0) * generator.choice([0.1, 1.0, 10.0])
    alpha = float(generator.choice([0.5, 0.75, 0.9, 0.95, 0.99, 0.999]))
    lower, upper = np.zeros(assets), np.ones(assets)
    if generator.random() < 0.3:
        upper[:] = max(1 / assets, generator.choice([1 / assets, 2 / assets, 0.25, 0.5]))
    if generator.random() < 0.2:
        lower[:] = 0.5 / assets
    if generator.random() < 0.1:
        lower -= 0.3
    if generator.random() < 0.1:
        linear = generator.normal(size=assets) * np.abs(returns).mean()
    return returns, linear, alpha, lower, upper
