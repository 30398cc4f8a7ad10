"""Weights onto prices: which row of weights trades at which bar, and which column is whose."""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.panel.frames import shown_labels

__all__ = ["align_rows", "align_columns", "carry_targets", "known_bars"]


def align_rows(index, weight_index, lag):
    """Find for every bar the row of weights that trades there.

    A row dated on a bar trades `lag` bars later. A row dated between two bars is known when
    the earlier one has closed, so it trades `lag` bars after that one, and never before its
    own date. Where several rows meet at one bar, the latest wins.

    Parameters
    ----------
    index : Index of length T
        Dates of the prices, ascending.
    weight_index : Index of length R
        Dates of the weights, ascending; any subset of the prices' dates, or other dates.
    lag : int
        Bars between knowing a weight and trading on it.

    Returns
    -------
    ndarray of shape (T,)
        int64: a row of the weights, or -1 where nothing trades.

    Raises
    ------
    ValidationError
        If the two indexes can't be compared, or all weights are dated after the last price.
    """
    trades_at = _trading_bars(index, weight_index, lag)
    row_at = np.full(len(index), -1, dtype=np.int64)
    rows = np.flatnonzero(trades_at < len(index))
    row_at[trades_at[rows]] = rows  # the last of several stays
    return row_at


def carry_targets(targets, index, weight_index, lag):
    """Give a row the targets it keeps from an earlier row that trades at the same bar.

    Only the latest of several rows trades (see `align_rows`), and its NaN keep the position that
    the ones before it asked for, not the one held.

    Parameters
    ----------
    targets : ndarray of shape (R, N)
        The weights; NaN keeps.
    index, weight_index : Index
        Dates of the prices and of the weights, ascending.
    lag : int
        Bars between knowing a weight and trading on it.

    Returns
    -------
    ndarray of shape (R, N)
        The same array where no two rows meet.
    """
    trades_at = _trading_bars(index, weight_index, lag)
    meets_last = np.flatnonzero(np.diff(trades_at) == 0) + 1
    if not meets_last.size or trades_at[meets_last[0]] >= len(index):
        return targets
    targets = targets.copy()
    for row in meets_last:
        keeps = np.isnan(targets[row])
        targets[row, keeps] = targets[row - 1, keeps]
    return targets


def _trading_bars(index, weight_index, lag):
    """Return the bar at which each row of weights is due; beyond the last bar, never."""
    bars = len(index)
    lag = min(lag, bars + 1)  # as good as any larger one, and no sum overflows
    if index is not weight_index:
        _check_kinds(index, weight_index)
    if index is weight_index or index.equals(weight_index):
        return np.arange(bars) + lag
    where = _positions(index, weight_index)
    exact = np.zeros(len(weight_index), dtype=bool)
    inside = where < bars
    exact[inside] = np.asarray(index[where[inside]] == weight_index[inside])
    if not inside.any():
        raise ValidationError(
            f"weights must have a date up to the last price, {index[-1]}, "
            f"but begin at {weight_index[0]}"
        )
    return np.where(exact, where + lag, where + max(lag - 1, 0))


def known_bars(index, weight_index, lag):
    """Return the bar at whose close each row of weights is known.

    Parameters
    ----------
    index, weight_index : Index
        Dates of the prices and of the weights, ascending.
    lag : int
        Bars between knowing a weight and trading on it.

    Returns
    -------
    ndarray of shape (R,)
        A row dated between two bars is known at the earlier one's close, or, as with ``lag=0``
        it would trade before its own date there, at the later one's; beyond the last bar, never.

    Raises
    ------
    ValidationError
        If the two indexes can't be compared, or all weights are dated after the last price.
    """
    return _trading_bars(index, weight_index, lag) - min(lag, len(index) + 1)


def align_columns(columns, weight_columns):
    """Find the column of the prices that each column of the weights belongs to.

    Parameters
    ----------
    columns : Index of length N
        Symbols of the prices.
    weight_columns : Index of length K
        Symbols of the weights, in any order.

    Returns
    -------
    ndarray of shape (K,)
        Positions in `columns`.

    Raises
    ------
    ValidationError
        If a column of the weights has no prices; the message names it.
    """
    where = columns.get_indexer(weight_columns)
    unknown = [label for label, at in zip(weight_columns, where, strict=True) if at < 0]
    if unknown:
        raise ValidationError(
            f"weights must have columns that prices have, but {shown_labels(unknown)} isn't among "
            f"{shown_labels(list(columns))}"
        )
    return where


def _check_kinds(index, weight_index):
    """Raise if one index holds dates, or times, and the other doesn't."""
    kinds = {index.dtype.kind, weight_index.dtype.kind}
    if len(kinds) > 1 and kinds & {"M", "m"}:
        raise ValidationError(
            f"weights and prices must be indexed alike, got {weight_index.dtype} "
            f"beside {index.dtype}"
        )


def _positions(index, weight_index):
    """Return where each weight's date stands among the prices' dates, from the left."""
    try:
        return np.asarray(index.searchsorted(weight_index, side="left"), dtype=np.int64)
    except TypeError as error:
        raise ValidationError(
            f"weights and prices must be indexed alike, got {weight_index.dtype} "
            f"beside {index.dtype}: {error}"
        ) from None
