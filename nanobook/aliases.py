"""The seed's ``py_*`` names: the same functions.

But for `py_deflated_sharpe`: the original's takes the number of trials for the sample length,
and `nanobook.deflated_sharpe` doesn't.
"""

from nanobook.capabilities import capabilities as py_capabilities
from nanobook.metrics import compute_metrics as py_compute_metrics
from nanobook.metrics import rolling_sharpe as py_rolling_sharpe
from nanobook.metrics import rolling_volatility as py_rolling_volatility
from nanobook.optimize import optimize_hrp as py_optimize_hrp
from nanobook.optimize import optimize_risk_parity as py_optimize_risk_parity
from nanobook.portfolio import backtest_weights as py_backtest_weights
from nanobook.statistics import time_series_split as py_time_series_split
from nanobook.statistics import trial_count_deflated_sharpe as py_deflated_sharpe
from nanobook.volatility import garch_ewma_forecast as py_garch_ewma_forecast
from nanobook.volatility import garch_forecast as py_garch_forecast
from nanobook.volatility import realized_vol as py_realized_vol

__all__ = [
    "py_backtest_weights",
    "py_capabilities",
    "py_compute_metrics",
    "py_deflated_sharpe",
    "py_garch_ewma_forecast",
    "py_garch_forecast",
    "py_optimize_hrp",
    "py_optimize_risk_parity",
    "py_realized_vol",
    "py_rolling_sharpe",
    "py_rolling_volatility",
    "py_time_series_split",
]
