"""The seed's ``py_*`` names: the same functions."""

from nanobook.capabilities import capabilities as py_capabilities
from nanobook.metrics import compute_metrics as py_compute_metrics
from nanobook.metrics import rolling_sharpe as py_rolling_sharpe
from nanobook.metrics import rolling_volatility as py_rolling_volatility
from nanobook.portfolio import backtest_weights as py_backtest_weights
from nanobook.volatility import garch_forecast as py_garch_forecast

__all__ = [
    "py_backtest_weights",
    "py_capabilities",
    "py_compute_metrics",
    "py_garch_forecast",
    "py_rolling_sharpe",
    "py_rolling_volatility",
]
