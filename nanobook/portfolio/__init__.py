"""The portfolio simulator: weights and prices in, equity, positions, trades and metrics out.

`backtest` is the array door, `backtest_weights` the seed's; both go through `engine` to the
one kernel in `simulate`. `costs`, `sizing` and `stops` are its rules, `result` what it gives.
`Portfolio` and `run_backtest` decide bar by bar in Python, by the same sizing.
"""

from nanobook.portfolio.backtest import backtest
from nanobook.portfolio.costs import CostModel
from nanobook.portfolio.portfolio import Portfolio
from nanobook.portfolio.position import Position
from nanobook.portfolio.result import BacktestResult
from nanobook.portfolio.seed import backtest_weights
from nanobook.portfolio.stops import Stops
from nanobook.portfolio.strategy import EqualWeight, StrategyResult, run_backtest

__all__ = [
    "BacktestResult",
    "CostModel",
    "EqualWeight",
    "Portfolio",
    "Position",
    "Stops",
    "StrategyResult",
    "backtest",
    "backtest_weights",
    "run_backtest",
]
