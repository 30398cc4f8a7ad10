"""Volatility, correlation and how good their forecasts were, for one asset or a whole panel.

GARCH by maximum likelihood, a universe at once: `garch` is the door; `layout` says what a model's
parameters are, `likelihood` what they're worth, `maximise` climbs to the best, `fit` does it for
columns, side by side; `estimates` and `result` hold what comes of it; `forecast`, `rolling`,
`model` and `select` use it.

`garch_ewma` is the seed's forecast at fixed coefficients; `ewma` weighs squared returns by age;
`har` and `har_rolling` regress realised variance on its own past; `realized` estimates from bars;
`dcc` lets correlations move; `evaluate` and `coverage` hold forecasts against what came.
`labels`, `regression` and `rolling_sums` are what they share.
"""

from nanobook.volatility.coverage import value_at_risk_backtest
from nanobook.volatility.dcc import DccResult, dcc_fit
from nanobook.volatility.evaluate import forecast_losses, mincer_zarnowitz
from nanobook.volatility.ewma import ewma_volatility, riskmetrics2006_volatility
from nanobook.volatility.forecast import garch_forecast
from nanobook.volatility.garch import garch_fit
from nanobook.volatility.garch_ewma import garch_ewma_forecast
from nanobook.volatility.har import HarResult, har_fit
from nanobook.volatility.har_rolling import rolling_har
from nanobook.volatility.model import garch_model
from nanobook.volatility.realized import realized_vol, rolling_realized_vol
from nanobook.volatility.result import GarchResult, VolatilityForecast
from nanobook.volatility.rolling import rolling_garch
from nanobook.volatility.select import GarchSelection, garch_select

__all__ = [
    "DccResult",
    "GarchResult",
    "GarchSelection",
    "HarResult",
    "VolatilityForecast",
    "dcc_fit",
    "ewma_volatility",
    "forecast_losses",
    "garch_ewma_forecast",
    "garch_fit",
    "garch_forecast",
    "garch_model",
    "garch_select",
    "har_fit",
    "mincer_zarnowitz",
    "realized_vol",
    "riskmetrics2006_volatility",
    "rolling_garch",
    "rolling_har",
    "rolling_realized_vol",
    "value_at_risk_backtest",
]
