"""From a compiled strategy to rows of weights: the kernel that calls it bar by bar."""

import math

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.panel.frames import is_frame
from nanobook.panel.rebalance import decision_bars
from nanobook.portfolio.inputs import read_prices
from nanobook.sweep.strategy import DONE

__all__ = ["FINE", "INFINITE", "RAISED", "fill_rows", "raise_fault", "weights_of"]

#: How a strategy's run ended: well, with an infinite weight, or with an exception.
FINE, INFINITE, RAISED = 0, 1, 2


@njit
def fill_rows(function, every_bar, prices, start, stop, decides, params, state, weights, bar_of):
    """Fill `weights` with the rows of the bars from `start` to before `stop` that decide.

    ``bar_of`` gets each row's bar. Rows of nothing but NaN, which keep every position, are left
    out. Returns the number of rows, how it ended and, if not well, at which bar.
    """
    rows = 0
    for t in range(np.int64(0) if every_bar else start, stop):
        counts = t >= start and decides[t]
        if not (counts or every_bar):
            continue
        row = weights[rows]
        for i in range(row.size):
            row[i] = 0.0
        if function(t, prices[: t + 1], params, state, row) != DONE:
            return rows, RAISED, t
        if not counts:
            continue
        known = False
        for i in range(row.size):
            if abs(row[i]) == math.inf:
                return rows, INFINITE, t
            known |= row[i] == row[i]
        if known:
            bar_of[rows] = t
            rows += 1
    return rows, FINE, stop


def weights_of(strategy, prices, rebalance, params):
    """Return the weights that a compiled strategy asks for; `Strategy.weights` says more.

    Parameters
    ----------
    strategy : Strategy
        The rule.
    prices : DataFrame or array_like of shape (T, N)
        In currency.
    rebalance : str, int or None
        Which bars decide.
    params : dict of str to float
        By name.

    Returns
    -------
    DataFrame or ndarray of shape (T, N)
        NaN in the rows of bars that don't decide.

    Raises
    ------
    ValidationError
        If prices or parameters aren't right, or a weight is infinite.
    """
    matrix, index, columns = read_prices(prices)
    vector = strategy.vector(params)
    bars, assets = matrix.shape
    decides = decision_bars(rebalance, index, bars)
    decides = np.ones(bars, dtype=bool) if decides is None else decides
    rows = np.empty((bars + 1, assets))
    bar_of = np.empty(bars + 1, dtype=np.int64)
    state = np.zeros(strategy.state_size(assets))
    count, code, bar = fill_rows(
        strategy.pointer, strategy.every_bar, matrix, 0, bars, decides, vector, state, rows, bar_of
    )
    if code != FINE:
        raise_fault(strategy, matrix, index, params, code, bar)
    out = np.full((bars, assets), np.nan)
    out[bar_of[:count]] = rows[:count]
    if not is_frame(prices):
        return out
    from pandas import DataFrame

    return DataFrame(out, index=index, columns=columns)


def raise_fault(strategy, prices, index, params, code, bar):
    """Raise what went wrong in a compiled strategy at one bar.

    What it raised is found out by running it as plain Python up to there.

    Parameters
    ----------
    strategy : Strategy
        The rule.
    prices : ndarray of shape (T, N)
        What it saw.
    index : Index or None
        Dates of the bars.
    params : dict of str to float
        By name.
    code : int
        INFINITE or RAISED.
    bar : int
        The bar.

    Raises
    ------
    ValidationError
        If a weight is infinite, or the strategy raises only when compiled. Otherwise what the
        strategy itself raised comes through, with a note.
    """
    when = f"bar {bar}" if index is None else str(index[bar])
    where = f"{strategy.name} with {params} at {when}"
    if code == RAISED:
        _run_plainly(strategy, prices, strategy.vector(params), bar, where)
        raise ValidationError(f"{where} raised an exception, but not as plain Python")
    raise ValidationError(f"weights must be finite, or NaN to keep a position: infinite in {where}")


def _run_plainly(strategy, prices, vector, bar, where):
    state, out = np.zeros(strategy.state_size(prices.shape[1])), np.zeros(prices.shape[1])
    first = 0 if strategy.every_bar or state.size else bar
    for t in range(first, bar + 1):
        out[:] = 0.0
        try:
            strategy.function(t, prices[: t + 1], vector, state, out)
        except Exception as error:
            error.add_note(f"raised by {where}")
            raise
