"""`backtest_weights`: the original's door, in cents, with its sizing and same-bar fills."""

import numpy as np

from nanobook.errors import RangeError, ValidationError
from nanobook.panel.align import align_columns
from nanobook.panel.arrays import INT64_MAX, as_float, as_integer
from nanobook.panel.frames import is_frame, read_table
from nanobook.panel.legal import first_illegal
from nanobook.panel.schedule import merge_symbols, read_schedule
from nanobook.portfolio.costs import CostModel
from nanobook.portfolio.engine import run
from nanobook.portfolio.inputs import last_listed
from nanobook.portfolio.result import BacktestResult
from nanobook.portfolio.simulate import Market, Rules
from nanobook.portfolio.stops import as_stops
from nanobook.types.records import EARLIER_TARGET, LISTING

__all__ = ["backtest_weights", "cents_rules"]

#: In a matrix of cents: not listed at that bar.
_UNLISTED = -1

#: Cents that sums of positions have to stay below, so that none wraps.
_LARGEST = 2.0**62

#: Cents above which floats no longer hold every integer.
_EXACT = 2**53


def backtest_weights(
    weight_schedule,
    price_schedule,
    initial_cash,
    cost_bps,
    periods_per_year=252.0,
    risk_free=0.0,
    stop_cfg=None,
):
    """Backtest the original's schedules, to the cent as the original did.

    The weights of a period trade at the prices of that same period and earn the move to the
    next: shift them yourself if they know those prices. Targets are fractions of the equity
    before costs, in whole shares, truncated toward zero; a symbol that isn't in a
    period's weights is sold. Use `backtest` for one-bar lag, exact costs and currency.

    Parameters
    ----------
    weight_schedule : list of list of (str, float), or DataFrame, or array of shape (T, N)
        Per period the targets; in a table NaN means the symbol isn't named.
    price_schedule : list of list of (str, int), or DataFrame, or array of shape (T, N)
        Per period prices in whole cents, zero or above; in a table NaN means there's none.
        A held symbol without a price counts as 0 at that period, as in the original; what's
        missing is counted in ``result.missing``.
    initial_cash : int
        Cents before the first period.
    cost_bps : float
        Cost of each fill in basis points of its value, floored to a whole cent.
    periods_per_year : float, default 252.0
        For annualised figures.
    risk_free : float, default 0.0
        Return per period that the Sharpe and Sortino ratios compare with.
    stop_cfg : dict or Stops, optional
        `fixed_stop_pct`, `trailing_stop_pct`, `atr_multiple`, `atr_period` (default 14). Stops
        are checked after the rebalance, at the period's price; the next period's weights enter
        again.

    Returns
    -------
    BacktestResult
        As a mapping it has the original's keys with the original's lists: returns,
        equity_curve, final_cash, metrics, holdings, symbol_returns, stop_events.

    Raises
    ------
    ValidationError
        If the schedules differ in length, a weight isn't finite, a price is negative,
        `initial_cash` isn't positive, or `cost_bps` is above 10,000.
    ArgumentTypeError
        If an argument is of another kind.
    RangeError
        If an integer is outside its range, or a position's value leaves that of int64.

    Notes
    -----
    It deviates from the original where that was wrong: an ATR stop doesn't close a position
    on its entry bar, and bad schedules raise instead of giving an empty result.

    Examples
    --------
    >>> result = backtest_weights([[("A", 1.0)], [("A", 1.0)]], [[("A", 100)], [("A", 110)]],
    ...                           initial_cash=1000, cost_bps=0)
    >>> result["equity_curve"]
    [1000, 1000, 1100]
    """
    weights, prices, earlier, listings, index, columns = _read(weight_schedule, price_schedule)
    initial_cash = as_integer("initial_cash", initial_cash)
    cost_bps = as_float("cost_bps", cost_bps, least=0)
    periods_per_year = as_float("periods_per_year", periods_per_year, finite=False)
    risk_free = as_float("risk_free", risk_free, finite=False)
    stops = as_stops("stop_cfg", stop_cfg)
    if initial_cash <= 0:
        raise ValidationError(f"initial_cash must be above 0 cents, got {initial_cash}")
    if cost_bps > 10_000:
        raise RangeError(f"cost_bps must be at most 10000, got {cost_bps:g}")
    market = Market(
        prices=prices,
        weights=weights,
        row_at=np.arange(len(prices), dtype=np.int64),
        last_bar=np.full(prices.shape[1], INT64_MAX, dtype=np.int64),
        earlier=earlier,
    )
    done = run(
        market,
        initial_cash,
        cents_rules(stops),
        CostModel(commission_bps=cost_bps).rates(cents=True),
        post_cost=False,
        atr_period=stops.atr_period if stops.atr_multiple else 0,
    )
    _check_magnitudes(done.positions, prices)
    return BacktestResult(
        done,
        start_cash=initial_cash,
        prices=prices,
        index=index,
        columns=columns,
        last_bar=last_listed(prices),
        listings=listings,
        conventions={
            "periods_per_year": periods_per_year,
            "risk_free": risk_free,
            "carries_mark": False,
        },
    )


def _check_magnitudes(positions, prices):
    """Raise if positions are or were worth so much that sums in int64 may have wrapped."""
    if not positions.size:
        return
    largest = float(np.abs(positions).max()) * float(prices.max())
    if largest * positions.shape[1] < _LARGEST:
        return
    shares, cents = np.abs(positions.astype(np.float64)), np.maximum(prices, 0).astype(np.float64)
    worth = (shares * cents).sum(axis=1)
    worth[1:] = np.maximum(worth[1:], (shares[:-1] * cents[1:]).sum(axis=1))
    if worth.max() >= _LARGEST:
        raise RangeError(
            "positions must be worth less than 2**62 cents in all, got more at period "
            f"{int(np.argmax(worth >= _LARGEST))}; use smaller cash, weights or units"
        )


def cents_rules(stops):
    """Return the original's way of trading, in the kernel's terms.

    Parameters
    ----------
    stops : Stops
        What closes positions.

    Returns
    -------
    Rules
        Whole shares and cents; stops after the rebalance.
    """
    return Rules(
        whole=True,
        lot=1,
        absent_closes=True,
        carries_mark=False,
        stops_last=True,
        ceiling=2.0**62,
        fixed=float(stops.fixed_stop_pct),
        trailing=float(stops.trailing_stop_pct),
        atr_multiple=float(stops.atr_multiple or 0.0),
        lock_bars=0,
    )


def _read(weight_schedule, price_schedule):
    """Return weights, prices, overruled targets, repeated prices, index and columns."""
    tables = [_is_table(schedule) for schedule in (weight_schedule, price_schedule)]
    if all(tables):
        return _read_tables(weight_schedule, price_schedule)
    if any(tables):
        raise ValidationError(
            "weight_schedule and price_schedule must both be lists or both be tables, got "
            f"{type(weight_schedule).__name__} and {type(price_schedule).__name__}"
        )
    weights = read_schedule("weight_schedule", weight_schedule, "d")
    prices = read_schedule("price_schedule", price_schedule, "q")
    _same_length(len(weights.rows), len(prices.rows))
    symbols = merge_symbols(weights, prices)
    column_of = {symbol: column for column, symbol in enumerate(symbols)}
    for name, schedule, legal in (
        ("weight_schedule", weights, np.isfinite),
        ("price_schedule", prices, lambda values: values >= 0),
    ):
        _check_values(name, schedule, legal)
    return (
        weights.spread(column_of, np.nan, np.float64),
        prices.spread(column_of, _UNLISTED, np.int64),
        weights.overruled(column_of),
        prices.repeated(column_of),
        None,
        symbols,
    )


def _is_table(schedule):
    return is_frame(schedule) or isinstance(schedule, np.ndarray)


def _same_length(weights, prices):
    if weights != prices:
        raise ValidationError(
            "weight_schedule and price_schedule must have as many periods, "
            f"got {weights} and {prices}"
        )


def _check_values(name, schedule, legal):
    """Raise if a value of a schedule isn't legal, naming its place."""
    if legal(schedule.flat).all():
        return
    rule = "finite" if name == "weight_schedule" else "zero or above"
    for period, (row, values) in enumerate(zip(schedule.rows, schedule.values, strict=True)):
        for symbol, value in zip(row, values, strict=True):
            if not legal(value):
                raise ValidationError(
                    f"{name}[{period}] must hold values that are {rule}, got {value} for {symbol!r}"
                )


def _read_tables(weights, prices):
    cents, index, columns = read_table("price_schedule", prices)
    listed = ~np.isnan(cents)
    wrong = listed & ((cents < 0) | (cents > _EXACT) | (cents != np.floor(cents)))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValidationError(
            "price_schedule must hold whole cents from 0 to 2**53, or NaN for none, "
            f"got {cents[row, column]} at row {row}, column {column}"
        )
    targets, _, weight_columns = read_table("weight_schedule", weights)
    if first_illegal(targets, -np.inf) is not None:
        raise ValidationError("weight_schedule must be finite, or NaN where nothing is named")
    _same_length(len(targets), len(cents))
    if columns is not None and weight_columns is not None:
        if not index.equals(weights.index):
            raise ValidationError("weight_schedule and price_schedule must have the same index")
        spread = np.full(cents.shape, np.nan)
        spread[:, align_columns(columns, weight_columns)] = targets
        targets = spread
    elif targets.shape != cents.shape:
        raise ValidationError(
            f"weight_schedule must have the shape of price_schedule, {cents.shape}, "
            f"got {targets.shape}"
        )
    whole = np.where(listed, cents, _UNLISTED).astype(np.int64)
    return targets, whole, np.zeros(0, EARLIER_TARGET), np.zeros(0, LISTING), index, columns
