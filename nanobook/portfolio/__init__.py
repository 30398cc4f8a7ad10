"""The portfolio simulator: weights and prices in, equity, positions, trades and metrics out.

`backtest` is the array door, `backtest_weights` the seed's; both go through `engine` to the
one kernel in `simulate`. `costs`, `sizing` and `stops` are its rules, `result` what it gives.
"""

from nanobook.portfolio.backtest import backtest
from nanobook.portfolio.costs import CostModel
from nanobook.portfolio.result import BacktestResult
from nanobook.portfolio.seed import backtest_weights
from nanobook.portfolio.stops import Stops

__all__ = ["BacktestResult", "CostModel", "Stops", "backtest", "backtest_weights"]
