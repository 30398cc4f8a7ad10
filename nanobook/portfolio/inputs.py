"""What `backtest` is given, read: prices checked, weights brought onto their bars and columns."""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.panel.align import align_columns, align_rows, carry_targets, known_bars
from nanobook.panel.frames import read_table
from nanobook.panel.legal import first_illegal
from nanobook.panel.rebalance import latest_rows

__all__ = ["last_listed", "last_tradable", "read_prices", "read_weights", "rows_of_array"]


def read_prices(prices):
    """Take prices apart and check them.

    Parameters
    ----------
    prices : DataFrame or array_like of shape (T, N)
        In currency; NaN where an asset can't be traded.

    Returns
    -------
    matrix : ndarray of shape (T, N)
        C-ordered float64.
    index, columns : Index or None
        The frame's, None for an array.

    Raises
    ------
    ValidationError
        If the table is empty or badly labelled, or a price is negative or infinite.
    ArgumentTypeError
        If it isn't a table of numbers at all.
    """
    matrix, index, columns = read_table("prices", prices)
    illegal = first_illegal(matrix, 0.0)
    if illegal is not None:
        row, column = illegal
        raise ValidationError(
            "prices must be zero, positive or NaN, and finite, "
            f"got {matrix[row, column]} at {_spot(row, column, index, columns)}"
        )
    return matrix, index, columns


def last_listed(prices):
    """Return the last bar at which each column has a price, -1 for none.

    Parameters
    ----------
    prices : ndarray of shape (T, N)
        Prices; NaN or negative where a column isn't listed.

    Returns
    -------
    ndarray of shape (N,)
        int64.
    """
    bars, columns = prices.shape
    if not bars or (prices[-1] >= 0).all():
        return np.full(columns, bars - 1, dtype=np.int64)
    listed = prices >= 0
    last = bars - 1 - np.argmax(listed[::-1], axis=0)
    return np.where(listed.any(axis=0), last, -1).astype(np.int64)


def last_tradable(prices, delisting):
    """Return the bar after which each column's position is sold as delisted.

    Parameters
    ----------
    prices : ndarray of shape (T, N)
        NaN where a column isn't listed.
    delisting : {"sell", "hold"}
        With "hold" it never is.

    Returns
    -------
    ndarray of shape (N,)
        int64.
    """
    if delisting == "sell":
        return last_listed(prices)
    return np.full(prices.shape[1], len(prices), dtype=np.int64)


def read_weights(weights, shape, index, columns, lag, decides=None):
    """Bring weights onto the prices' columns, and say which row trades at which bar.

    Parameters
    ----------
    weights : DataFrame or array_like of shape (R, K)
        NaN keeps a position.
    shape : tuple of int
        That of the prices, (T, N).
    index, columns : Index or None
        The prices'.
    lag : int
        Bars between knowing weights and trading on them.
    decides : ndarray of shape (T,), optional
        The bars whose weights are traded; by default each row is, once.

    Returns
    -------
    targets : ndarray of shape (R, N)
        The weights in the prices' columns.
    row_at : ndarray of shape (T,)
        The row that trades at a bar, -1 for none.

    Raises
    ------
    ValidationError
        If a weight is infinite, or shape, dates or columns don't fit the prices'.
    ArgumentTypeError
        If it isn't a table of numbers at all.
    """
    targets, weight_index, weight_columns = read_table("weights", weights)
    illegal = first_illegal(targets, -np.inf)
    if illegal is not None:
        row, column = illegal
        raise ValidationError(
            f"weights must be finite, or NaN to keep a position, got {targets[row, column]} "
            f"at {_spot(row, column, weight_index, weight_columns)}"
        )
    if index is None or weight_index is None:
        if targets.shape != shape:
            raise ValidationError(
                f"weights must have the shape of prices, {shape}, got {targets.shape}; "
                "give both as frames to align them by their labels"
            )
        return targets, rows_of_array(targets, lag, decides)
    if decides is None:
        row_at = align_rows(index, weight_index, lag)
    else:
        row_at = latest_rows(known_bars(index, weight_index, lag), decides, lag)
    targets = carry_targets(targets, index, weight_index, lag)
    if columns is not weight_columns and not columns.equals(weight_columns):
        spread = np.full((len(targets), shape[1]), np.nan)
        spread[:, align_columns(columns, weight_columns)] = targets
        targets = spread
    return targets, row_at


def rows_of_array(targets, lag, decides=None):
    """Say which row trades at which bar, of weights that have a row for each bar.

    Parameters
    ----------
    targets : ndarray of shape (T, N)
        Rows of nothing but NaN trade nothing.
    lag : int
        Bars between knowing weights and trading on them.
    decides : ndarray of shape (T,), optional
        The bars whose weights are traded; all by default.

    Returns
    -------
    ndarray of shape (T,)
        int64, -1 for none.
    """
    bars = len(targets)
    rows = np.arange(bars) if decides is None else np.where(decides, np.arange(bars), -1)
    maybe_empty = np.flatnonzero(np.isnan(targets[:, 0]))
    rows[maybe_empty[np.isnan(targets[maybe_empty]).all(axis=1)]] = -1  # keep everything
    row_at = np.full(bars, -1, dtype=np.int64)
    row_at[lag:] = rows[: max(bars - lag, 0)]
    return row_at


def _spot(row, column, index, columns):
    bar = f"row {row}" if index is None else str(index[row])
    name = f"column {column}" if columns is None else repr(str(columns[column]))
    return f"{bar}, {name}"
