"""Random panels for the simulator's tests: every trouble a real one has, from one seed."""

import numpy as np

import nanobook as nb


def random_panel(seed):
    """Draw prices (NaN where missing) and weights with shorts, gaps, leverage and ruin."""
    rng = np.random.default_rng(seed)
    bars, columns = int(rng.integers(1, 24)), int(rng.integers(1, 6))
    level = 10.0 ** rng.uniform(-2, 4, columns)
    noise = rng.choice([0.001, 0.02, 0.2])
    prices = level * np.exp(np.cumsum(rng.normal(0, noise, (bars, columns)), axis=0))
    if rng.random() < 0.3:
        prices = np.maximum(np.round(prices, 2), 0.01)
    prices[rng.random((bars, columns)) < rng.choice([0, 0, 0.1, 0.4])] = np.nan
    if rng.random() < 0.2:
        prices[rng.integers(bars) :, rng.integers(columns)] = np.nan
    if rng.random() < 0.2:
        prices[rng.integers(bars), rng.integers(columns)] = 0.0
    weights = rng.normal(0, 1, (bars, columns))
    style = rng.integers(5)
    if style == 0:
        weights = np.abs(weights)
    if style in (0, 1):
        weights /= np.abs(weights).sum(axis=1, keepdims=True)
    if style == 2:
        weights = np.full((bars, columns), 1 / columns)
    if style == 3:
        weights *= rng.choice([1, 3, 10])
    if style == 4:
        weights = np.round(weights, 1)
    weights[rng.random((bars, columns)) < rng.choice([0, 0.2])] = np.nan
    weights[rng.random((bars, columns)) < rng.choice([0, 0.2])] = 0.0
    return prices, weights


def random_options(seed):
    """Draw the other arguments of `backtest`."""
    rng = np.random.default_rng(seed + 10**9)
    options = {
        "cash": float(10.0 ** rng.uniform(2, 7)),
        "lag": int(rng.integers(0, 3)),
        "lot_size": float(rng.choice([1, 1, 0, 0, 10, 0.001])),
        "sizing": str(rng.choice(["post_cost", "post_cost", "pre_cost"])),
        "delisting": str(rng.choice(["sell", "hold"])),
        "costs": nb.CostModel(
            commission_bps=float(rng.choice([0, 5, 12.5, 100])),
            slippage_bps=float(rng.choice([0, 3])),
            min_trade_fee=float(rng.choice([0, 0, 1, 5])),
            per_share=float(rng.choice([0, 0, 0.0002])),
        ),
    }
    if rng.random() < 0.5:
        options["stops"] = nb.Stops(
            fixed_stop_pct=float(rng.choice([0, 0.02, 0.1])),
            trailing_stop_pct=float(rng.choice([0, 0.02, 0.1])),
            atr_multiple=[None, 1.0, 3.0][rng.integers(3)],
            atr_period=int(rng.choice([1, 3, 14])),
            reentry=["rebalance", "signal", 0, 1, 3][rng.integers(5)],
        )
    return options
