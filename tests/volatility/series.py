"""Returns that the tests of volatility models share: real ones, and made ones."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from oracles import volatility as oracle

SHARED = Path(__file__).parents[3] / "shared" / "data"


def shared(name):
    """Return the path of a shared file, or skip where it isn't."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} isn't there")
    return path


@cache
def dm_gbp():
    """Return the 1,974 returns of Bollerslev and Ghysels (1996)."""
    return np.loadtxt(shared("dm_gbp.txt"), skiprows=1)


@cache
def sp500():
    """Return the S&P 500's daily returns in percent, 1999 to 2018."""
    import arch.data.sp500

    return 100.0 * arch.data.sp500.load()["Adj Close"].pct_change().dropna()


def made(model="GARCH", periods=1000, seed=0, scale=1.0, **changes):
    """Return simulated returns, as an array."""
    params = {
        "mean": [0.05],
        "omega": 0.02,
        "alpha": [0.08],
        "gamma": [] if model == "GARCH" else [0.1],
        "beta": [0.85],
        "nu": None,
    }
    if model == "EGARCH":
        params |= {"omega": -0.02, "alpha": [0.15], "gamma": [-0.08], "beta": [0.96]}
    params |= changes
    generator = np.random.default_rng(seed)
    return scale * np.array(oracle.simulate(model, params, periods, generator))


def real():
    """Yield (name, returns) of the real series at hand, in percent."""
    import arch.data.nasdaq
    import arch.data.vix

    yield "sp500", sp500().to_numpy()
    nasdaq = arch.data.nasdaq.load()["Adj Close"]
    yield "nasdaq", 100.0 * nasdaq.pct_change().dropna().to_numpy()
    vix = arch.data.vix.load().iloc[:, 0].dropna()
    yield "vix", 100.0 * np.log(vix).diff().dropna().to_numpy()
    path = SHARED / "sp100_ohlcv.csv.gz"
    if path.exists():
        rows = pd.read_csv(path)
        closes = rows.pivot(index="Date", columns="Ticker", values="Close")
        for name in closes:
            yield name, 100.0 * closes[name].pct_change().dropna().to_numpy()
