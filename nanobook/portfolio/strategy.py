"""`run_backtest`: a Python function decides each bar's weights from prices and portfolio."""

from collections.abc import Mapping
from dataclasses import dataclass

from nanobook.errors import ArgumentTypeError, NanobookError, ValidationError
from nanobook.metrics.summary import Metrics
from nanobook.portfolio.portfolio import Portfolio

__all__ = ["EqualWeight", "StrategyResult", "run_backtest"]


class EqualWeight:
    """The strategy that holds every listed symbol at the same weight."""

    def compute_weights(self, bar_index, prices, portfolio):
        """Return one weight for each symbol with a price.

        Parameters
        ----------
        bar_index : int
            Number of the bar.
        prices : dict of str to int
            Cents.
        portfolio : Portfolio
            The account before the bar's trades.

        Returns
        -------
        list of (str, float)
            Empty for a bar without prices.
        """
        return [(symbol, 1.0 / len(prices)) for symbol in prices]


@dataclass(frozen=True)
class StrategyResult:
    """What `run_backtest` gives back.

    Parameters
    ----------
    portfolio : Portfolio
        The account after the last bar.
    metrics : Metrics or None
        None if there are no returns.
    """

    portfolio: Portfolio
    metrics: Metrics | None

    def __repr__(self):
        sharpe = None if self.metrics is None else f"{self.metrics.sharpe:.2f}"
        return f"StrategyResult(returns={len(self.portfolio.returns())}, sharpe={sharpe})"


def run_backtest(
    strategy, price_series, initial_cash, cost_model, periods_per_year=252.0, risk_free=0.0
):
    """Ask a strategy for its weights at every bar and trade them at that bar's prices.

    Parameters
    ----------
    strategy : callable or object with `compute_weights`
        Called with the bar's number, its prices as a dict, and a copy of the portfolio;
        returns a list of (symbol, weight).
    price_series : list of dict of str to int
        Cents by symbol, one dict a bar.
    initial_cash : int
        Cents.
    cost_model : CostModel
        What trades cost.
    periods_per_year : float, default 252.0
        For annualised figures.
    risk_free : float, default 0.0
        Return per period.

    Returns
    -------
    StrategyResult
        The portfolio and its metrics.

    Raises
    ------
    ArgumentTypeError
        If `strategy` can't be called, `price_series` isn't a list of dicts, or the strategy
        returns what isn't a list of (symbol, weight) pairs. The original sold everything
        in silence instead.
    ValidationError
        If a symbol is too long.

    Notes
    -----
    What the strategy raises comes through as it is.

    Examples
    --------
    >>> result = run_backtest(lambda bar, prices, portfolio: [("A", 1.0)],
    ...                       [{"A": 100}, {"A": 110}], 1000, CostModel.zero())
    >>> result.portfolio.equity_curve()
    [1000, 1000, 1100]
    """
    decide = getattr(strategy, "compute_weights", strategy)
    if not callable(decide):
        raise ArgumentTypeError(f"strategy must be callable, got {strategy!r}")
    if isinstance(price_series, str | bytes | Mapping) or not hasattr(price_series, "__len__"):
        raise ArgumentTypeError(
            f"price_series must be a list of dicts, got {type(price_series).__name__}"
        )
    portfolio = Portfolio(initial_cash, cost_model)
    for number, bar in enumerate(price_series):
        if not isinstance(bar, Mapping):
            raise ArgumentTypeError(
                f"price_series[{number}] must be a dict of symbol to cents, "
                f"got {type(bar).__name__}"
            )
        prices = list(bar.items())
        portfolio.total_equity(prices)  # refuses what isn't a price before the strategy sees it
        weights = decide(number, dict(bar), _copied(portfolio))
        try:
            portfolio.rebalance_simple(weights, prices)
        except NanobookError as error:
            kind = ArgumentTypeError if isinstance(error, TypeError) else ValidationError
            raise kind(f"strategy returned no weights at bar {number}: {error}") from None
        portfolio.record_return(prices)
    return StrategyResult(portfolio, portfolio.compute_metrics(periods_per_year, risk_free))


def _copied(portfolio):
    """Return a portfolio whose changes can't reach this one."""
    twin = Portfolio(portfolio.cash, portfolio._cost_model)
    twin._positions = portfolio.positions()
    twin._returns = portfolio.returns()
    twin._equity_curve = portfolio.equity_curve()
    return twin
