"""What an account's series come to: the metrics of its returns, turnover, exposure, costs."""

import math

from nanobook.jit import njit
from nanobook.metrics.ratios import SUMMARY_FIELDS, summarize
from nanobook.portfolio.simulate import COSTS, EQUITY, GROSS, TRADED

__all__ = ["ACCOUNT_FIELDS", "account_figures"]

#: What `account_figures` writes, in order: all fields of `Metrics`.
ACCOUNT_FIELDS = (*SUMMARY_FIELDS, "turnover", "exposure", "total_costs")

_RETURNS = len(SUMMARY_FIELDS)
_TURNOVER, _EXPOSURE, _TOTAL_COSTS = _RETURNS, _RETURNS + 1, _RETURNS + 2


@njit
def account_figures(money, returns, periods_per_year, risk_free, defined, row):
    """Fill ``row`` with the figures named in ``ACCOUNT_FIELDS``.

    ``money`` and ``returns`` are what `simulate` filled; NaN returns are left out. ``defined`` is
    room for as many values as there are returns.
    """
    bars = returns.size
    count = 0
    for t in range(bars):
        if not math.isnan(returns[t]):
            defined[count] = returns[t]
            count += 1
    summarize(defined[:count], periods_per_year, risk_free, row[:_RETURNS])
    equity = traded = costs = exposure = 0.0
    solvent = 0
    for t in range(bars):
        equity += money[EQUITY, t]
        traded += money[TRADED, t]
        costs += money[COSTS, t]
        if money[EQUITY, t] > 0:
            exposure += money[GROSS, t] / money[EQUITY, t]
            solvent += 1
    row[_TURNOVER] = 0.0
    if equity > 0.0 and periods_per_year > 0.0:
        row[_TURNOVER] = traded / equity * periods_per_year
    row[_EXPOSURE] = exposure / solvent if solvent > 0 else 0.0
    row[_TOTAL_COSTS] = costs
