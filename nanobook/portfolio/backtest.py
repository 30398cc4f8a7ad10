"""`backtest`: prices and weights as frames or arrays, in currency, without look-ahead."""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.panel.arrays import as_count, as_float
from nanobook.panel.frequency import infer_periods_per_year
from nanobook.panel.rebalance import decision_bars
from nanobook.portfolio.costs import as_cost_model
from nanobook.portfolio.engine import run
from nanobook.portfolio.inputs import last_listed, last_tradable, read_prices, read_weights
from nanobook.portfolio.result import BacktestResult
from nanobook.portfolio.simulate import Market, currency_rules
from nanobook.portfolio.stops import as_stops
from nanobook.types.records import EARLIER_TARGET

__all__ = ["backtest"]


def backtest(
    prices,
    weights,
    *,
    cash,
    costs=None,
    lag=1,
    lot_size=1,
    rebalance=None,
    sizing="post_cost",
    stops=None,
    delisting="sell",
    periods_per_year=None,
    risk_free=0.0,
    records=True,
):
    """Trade a portfolio toward target weights and return what became of it.

    At each bar, in this order: positions are valued at the bar's prices; delisted ones are
    sold; stops are checked; and if weights are due, the portfolio trades toward them at the
    bar's prices. With the default ``lag=1`` the weights of one bar trade at the next one,
    so nothing is traded at a price that the weights could have known.

    Parameters
    ----------
    prices : DataFrame or array_like of shape (T, N)
        Bars by assets, in currency, ascending in time. NaN: the asset can't be traded at
        that bar, is valued at its last known price, and is counted in ``result.missing``.
        A price of 0 is a valuation, but nothing is rebalanced at it.
    weights : DataFrame or array_like of shape (T, N)
        Targets as fractions of equity: negative ones go short, a sum above 1 borrows, NaN keeps
        the position, a row of zeros goes flat. A frame may hold only the dates on which to
        rebalance and only some of the columns; a row dated between two bars counts as known
        at the earlier one's close. An array has a row for each bar.
    cash : float
        Currency before the first bar.
    costs : CostModel or float, optional
        What trades cost; a number is a commission in basis points; None is free.
    lag : int, default 1
        Bars between a row of weights and its trades. 0 trades at the prices of the very
        bar whose date the weights bear.
    lot_size : float, default 1
        Targets are rounded toward zero to multiples of it; 0 trades any fraction.
    rebalance : {"W", "M", "Q", "Y"} or int, optional
        Trade only the weights of some bars: of the last bar of each week, month, quarter or
        year (the data's last bar isn't one), or of every so many bars from the first one on.
        Where weights stand on fewer dates than prices, the latest known row is traded toward at
        each such bar. By default each row of weights is traded once.
    sizing : {"post_cost", "pre_cost"}, default "post_cost"
        "post_cost": weights are fractions of the equity left when all trades of the bar are
        paid for; what can't be paid for scales all buys by one factor. Exact, independent of
        the order of columns, and a second rebalance at the same prices does nothing.
        "pre_cost": the original's rule: fractions of the equity before costs, which are then
        paid from cash or borrowed.
    stops : Stops or dict, optional
        Exits; see `Stops`.
    delisting : {"sell", "hold"}, default "sell"
        Of an asset whose prices end for good before the last bar: sold at its last price on
        the first bar without one, or held at that price. That the prices have ended is taken
        as known on that bar, as a delisting notice would be.
    periods_per_year : float, optional
        For annualised figures; by default read off a DatetimeIndex, else 252.
    risk_free : float, default 0.0
        Return per period that the Sharpe and Sortino ratios compare with.
    records : bool, default True
        Whether positions, trades and stop events are kept.

    Returns
    -------
    BacktestResult
        Series and tables labelled like `prices`, or arrays if `prices` is one.

    Raises
    ------
    ValidationError
        If a table is empty, unsorted, has repeated labels or columns that aren't numeric or
        aren't in `prices`; if a price is negative or infinite, or a weight infinite; if
        `cash` isn't positive or a word isn't known.
    ArgumentTypeError
        If an argument is of another kind.

    Notes
    -----
    Every bar satisfies: change of cash + value of trades + costs = 0.

    Rebalancing twice at the same prices is rebalancing once, with two limits: where targets can't
    be paid for, a second rebalance has been seen to trade once more (in fewer than one of a
    thousand wild random panels, nearly all with a minimum fee); and where positions hold more
    than about 1e12 lots, floats can't tell one lot from the next.

    While equity isn't positive nothing is rebalanced, though stops still close positions; the
    return of the bar after such a one is NaN, and metrics leave it out.

    Dates are taken as the moments at which weights are known and prices are traded. Give daily
    weights and closes the same dates: weights dated at midnight beside closes dated 16:00 trade
    at that same day's close.

    A gap that lasts to the end of the data can't be told from a delisting: cut the data in the
    middle of a gap, and the position is sold there.

    Examples
    --------
    >>> import numpy as np
    >>> prices = np.array([[10.0], [11.0], [12.0]])
    >>> result = backtest(prices, np.ones((3, 1)), cash=1_100)
    >>> result.equity.tolist()
    [1100.0, 1100.0, 1200.0]
    """
    cash = as_float("cash", cash)
    if cash <= 0:
        raise ValidationError(f"cash must be above 0, got {cash}")
    costs = as_cost_model("costs", costs)
    lag = as_count("lag", lag)
    lot_size = as_float("lot_size", lot_size, least=0)
    stops = as_stops("stops", stops, known_only=True)
    risk_free = as_float("risk_free", risk_free)
    _one_of("sizing", sizing, ("post_cost", "pre_cost"))
    _one_of("delisting", delisting, ("sell", "hold"))
    matrix, index, columns = read_prices(prices)
    decides = decision_bars(rebalance, index, len(matrix))
    targets, row_at = read_weights(weights, matrix.shape, index, columns, lag, decides)
    if periods_per_year is None:
        periods_per_year = infer_periods_per_year(index)
    market = Market(
        prices=matrix,
        weights=targets,
        row_at=row_at,
        last_bar=last_tradable(matrix, delisting),
        earlier=np.zeros(0, EARLIER_TARGET),
    )
    done = run(
        market,
        cash,
        currency_rules(stops, lot_size),
        costs.rates(cents=False),
        post_cost=sizing == "post_cost",
        atr_period=stops.atr_period if stops.atr_multiple else 0,
        records=bool(records),
    )
    return BacktestResult(
        done,
        start_cash=cash,
        prices=_own(matrix, prices) if records else None,
        index=index,
        columns=columns,
        last_bar=last_listed(matrix),
        conventions={
            "periods_per_year": as_float("periods_per_year", periods_per_year, finite=False),
            "risk_free": risk_free,
            "carries_mark": True,
        },
    )


def _own(matrix, given):
    """Return a matrix that later changes to the caller's table can't reach."""
    return matrix.copy() if np.may_share_memory(matrix, np.asarray(given)) else matrix


def _one_of(name, value, choices):
    if not isinstance(value, str) or value not in choices:
        words = " or ".join(repr(choice) for choice in choices)
        raise ValidationError(f"{name} must be {words}, got {value!r}")
