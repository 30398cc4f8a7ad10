"""Volatility models by maximum likelihood, for one series or a whole universe at once.

`garch` is the door; `layout` says what a model's parameters are, `likelihood` what they're worth,
`maximise` climbs to the best, `fit` does it for columns, side by side. `estimates` and `result`
hold what comes of it.
"""

from nanobook.volatility.forecast import garch_forecast
from nanobook.volatility.garch import garch_fit
from nanobook.volatility.model import garch_model
from nanobook.volatility.result import GarchResult, VolatilityForecast
from nanobook.volatility.rolling import rolling_garch
from nanobook.volatility.select import GarchSelection, garch_select

__all__ = [
    "GarchResult",
    "GarchSelection",
    "VolatilityForecast",
    "garch_fit",
    "garch_forecast",
    "garch_model",
    "garch_select",
    "rolling_garch",
]
