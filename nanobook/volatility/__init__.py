"""Volatility models by maximum likelihood, for one series or a whole universe at once.

`garch` is the door; `layout` says what a model's parameters are, `likelihood` what they're worth,
`maximise` climbs to the best, `fit` does it for columns, side by side. `estimates` and `result`
hold what comes of it.
"""

from nanobook.volatility.garch import garch_fit
from nanobook.volatility.result import GarchResult, VolatilityForecast

__all__ = [
    "GarchResult",
    "VolatilityForecast",
    "garch_fit",
]
