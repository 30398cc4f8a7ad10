"""Volatility, correlation and how good their forecasts were, for one asset or a whole panel.

`garch_ewma` is the seed's forecast at fixed coefficients; `ewma` weighs squared returns by age;
`har` and `har_rolling` regress realised variance on its own past; `realized` estimates from bars;
`dcc` lets correlations move; `evaluate` and `coverage` hold forecasts against what came.
`labels`, `regression` and `rolling_sums` are what they share.
"""

from nanobook.volatility.coverage import value_at_risk_backtest
from nanobook.volatility.dcc import DccResult, dcc_fit
from nanobook.volatility.evaluate import forecast_losses, mincer_zarnowitz
from nanobook.volatility.ewma import ewma_volatility, riskmetrics2006_volatility
from nanobook.volatility.garch_ewma import garch_ewma_forecast
from nanobook.volatility.har import HarResult, har_fit
from nanobook.volatility.har_rolling import rolling_har
from nanobook.volatility.realized import realized_vol, rolling_realized_vol

__all__ = [
    "DccResult",
    "HarResult",
    "dcc_fit",
    "ewma_volatility",
    "forecast_losses",
    "garch_ewma_forecast",
    "har_fit",
    "mincer_zarnowitz",
    "realized_vol",
    "riskmetrics2006_volatility",
    "rolling_har",
    "rolling_realized_vol",
    "value_at_risk_backtest",
]
