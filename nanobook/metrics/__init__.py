"""What returns and equity come to: performance figures, rolling ones, and drawdowns.

`ratios` holds the kernel that summarizes a column of returns, `summary` the `Metrics` it
fills; `rolling` has the figures of trailing windows, `drawdown` those of falls from a peak.
"""

from nanobook.metrics.drawdown import drawdown, drawdown_series, running_drawdown
from nanobook.metrics.ratios import (
    SUMMARY_FIELDS,
    summarize,
    summarize_columns,
    summarize_columns_parallel,
)
from nanobook.metrics.rolling import rolling_max_drawdown, rolling_sharpe, rolling_volatility
from nanobook.metrics.summary import Metrics, compute_metrics

__all__ = [
    "Metrics",
    "compute_metrics",
    "rolling_sharpe",
    "rolling_volatility",
    "rolling_max_drawdown",
    "drawdown",
    "drawdown_series",
    "running_drawdown",
    "SUMMARY_FIELDS",
    "summarize",
    "summarize_columns",
    "summarize_columns_parallel",
]
