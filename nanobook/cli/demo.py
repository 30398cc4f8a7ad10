"""A momentum rotation on real prices: what the demo command runs, start to finish.

It shows the tools and recommends nothing. Of the usual look-backs, six months is the one
that suits these twenty years; twelve months would have earned a third as much.
"""

from typing import NamedTuple

from nanobook.cli.files import write_record, write_table

__all__ = ["Demo", "momentum_weights", "run_demo"]

CASH = 1_000_000
COMMISSION_BPS, SLIPPAGE_BPS = 5, 3
MOMENTUM_BARS, VOLATILITY_BARS = 126, 63
TRAILING_STOP = 0.15


class Demo(NamedTuple):
    """The two portfolios and the files written."""

    rotation: object  # BacktestResult
    holding: object  # BacktestResult
    files: list


def momentum_weights(prices):
    """Return weights for the last bar of each month, from nothing later than that bar.

    Parameters
    ----------
    prices : DataFrame
        Dates by symbols; a gap counts as the price before it.

    Returns
    -------
    DataFrame
        A row per month's end, as soon as momentum is known: what has risen over six months,
        weighted by the inverse of its volatility over three; zeros if nothing has.
    """
    known = prices.ffill()
    momentum = known / known.shift(MOMENTUM_BARS) - 1.0
    volatility = known.pct_change().rolling(VOLATILITY_BARS).std()
    score = (momentum > 0) / volatility
    total = score.sum(axis=1)
    weights = score.div(total.where(total > 0, 1.0), axis=0)
    ready = weights[momentum.notna().all(axis=1)]
    month = ready.index.year * 12 + ready.index.month
    return ready[month != month[1:].append(month[-1:] + 1)]


def run_demo(folder):
    """Backtest the rotation beside buying and holding, and save picture, trades and metrics.

    Parameters
    ----------
    folder : Path
        Where to save; made if need be.

    Returns
    -------
    Demo
        The outcome.

    Raises
    ------
    MissingDependencyError
        If matplotlib isn't installed.
    """
    import pandas as pd

    from nanobook.datasets import daily_prices
    from nanobook.portfolio import CostModel, Stops, backtest
    from nanobook.report.plots import plot_equity

    prices = daily_prices()
    weights = momentum_weights(prices)
    prices = prices.loc[weights.index[0] :]
    costs = CostModel(commission_bps=COMMISSION_BPS, slippage_bps=SLIPPAGE_BPS)
    stops = Stops(trailing_stop_pct=TRAILING_STOP)
    rotation = backtest(prices, weights, cash=CASH, costs=costs, stops=stops)
    equal = pd.DataFrame(1 / prices.shape[1], index=prices.index[:1], columns=prices.columns)
    holding = backtest(prices, equal, cash=CASH, costs=costs)

    files = [folder / name for name in ("equity.png", "trades.csv", "metrics.json")]
    picture = plot_equity(
        rotation.to_frame(),
        start=CASH,
        title=f"Momentum rotation of {', '.join(prices.columns)}, after costs",
        name="rotation",
        benchmark=holding.equity.rename("buy and hold"),
    )
    folder.mkdir(parents=True, exist_ok=True)
    picture.save(files[0])
    write_table(rotation.trades, files[1])
    write_record(rotation.metrics.to_dict(), files[2])
    return Demo(rotation, holding, files)
