"""How far below its running peak an equity curve is, and the stretches it spends there."""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.panel.arrays import as_vector
from nanobook.panel.frames import as_columns, is_series

__all__ = ["drawdown", "drawdown_series", "running_drawdown", "check_equity"]


def drawdown(equity):
    """Return the fraction of its running peak that an equity curve has lost.

    Parameters
    ----------
    equity : array_like of shape (T,) or (T, S), Series or DataFrame
        Equity in any currency unit, finite and positive; one column per run.

    Returns
    -------
    ndarray, Series or DataFrame
        What came in, in shape and labels: 0.0 at a peak, 0.25 a quarter below it.

    Raises
    ------
    ArgumentTypeError
        If `equity` doesn't hold real numbers in one or two dimensions.
    ValidationError
        If `equity` holds a value that isn't finite and positive.

    References
    ----------
    .. [1] Chekhlov, Uryasev, Zabarankin (2005), "Drawdown measure in portfolio optimization".

    Examples
    --------
    >>> drawdown([100, 90, 120, 60])
    array([0. , 0.1, 0. , 0.5])
    """
    curves, dress = as_columns("equity", equity)
    check_equity(curves)
    out = np.empty_like(curves)
    _drawdown(curves, out)
    return dress(out)


def drawdown_series(equity):
    """Return one dict per stretch that an equity curve spends below its running peak.

    A value at or above the peak ends a stretch and becomes the peak. The last stretch may
    be open: its recovery is None and its length runs to the last value.

    Parameters
    ----------
    equity : array_like of shape (T,) or Series
        Equity in any currency unit, finite and positive.

    Returns
    -------
    list of dict
        In the order of time: ``drawdown_pct`` (a fraction of the peak, at the first lowest
        value), ``underwater_periods`` (values below the peak), ``peak_index``,
        ``trough_index`` and ``recovery_index`` (positions), ``peak_date``, ``trough_date``
        and ``recovery_date`` (labels of a Series' index, otherwise the positions again), and
        ``underwater_days``, the original's other name for ``underwater_periods``.

    Raises
    ------
    ArgumentTypeError
        If `equity` isn't a vector of real numbers.
    ValidationError
        If `equity` holds a value that isn't finite and positive.

    Notes
    -----
    This is the original's definition. Its 0.19.2 took any equity and gave NaN fractions
    where a value was NaN; here such a value raises.

    Examples
    --------
    >>> drawdown_series([100, 80, 100])[0]["drawdown_pct"]
    0.2
    """
    curve = as_vector("equity", equity)
    check_equity(curve)
    index = equity.index if is_series(equity) else None

    def date(position):
        return position if index is None or position is None else index[position]

    events = np.empty(((curve.size + 1) // 2, 4), dtype=np.int64)
    count = _drawdown_events(curve, events)
    result = []
    for start, peak, trough, end in events[:count].tolist():
        recovery = end if end < curve.size else None
        result.append(
            {
                "drawdown_pct": float((curve[peak] - curve[trough]) / curve[peak]),
                "underwater_periods": end - start,
                "underwater_days": end - start,
                "peak_index": peak,
                "peak_date": date(peak),
                "trough_index": trough,
                "trough_date": date(trough),
                "recovery_index": recovery,
                "recovery_date": date(recovery),
            }
        )
    return result


@njit
def running_drawdown(equity, out):
    """Fill ``out`` with what ``equity``, a vector, has lost of its running peak.

    The peak starts at the first value. Equity may be anything: at or below zero it has lost
    1.0 or more of the peak; NaN gives NaN and leaves the peak; no peak above zero gives NaN.
    """
    _drawdown(equity.reshape((equity.size, 1)), out.reshape((out.size, 1)))


@njit
def _drawdown(equity, out):
    """Do it for every column, row by row, so that columns share a vector instruction."""
    periods, columns = equity.shape
    if periods == 0:
        return
    peak = equity[0].copy()
    for t in range(periods):
        for s in range(columns):
            value = equity[t, s]
            if value > peak[s] or peak[s] != peak[s]:
                peak[s] = value
            out[t, s] = (peak[s] - value) / peak[s] if peak[s] > 0.0 else np.nan


@njit
def _drawdown_events(equity, events):
    """Fill rows of (start, peak, trough, end), positions of each stretch below the peak.

    Start is the first value below the peak, end the first one that isn't or the length.
    Returns the number of rows; ``events`` has room for one in two values, rounded up.
    """
    count = 0
    peak = trough = start = 0
    below = False
    for t in range(equity.size):
        if equity[t] < equity[peak]:
            if not below:
                below = True
                start = trough = t
            elif equity[t] < equity[trough]:
                trough = t
            continue
        if below:
            events[count, 0], events[count, 1] = start, peak
            events[count, 2], events[count, 3] = trough, t
            count += 1
            below = False
        peak = t
    if below:
        events[count, 0], events[count, 1] = start, peak
        events[count, 2], events[count, 3] = trough, equity.size
        count += 1
    return count


def check_equity(equity):
    """Raise unless every value of an array of equity is finite and positive.

    Parameters
    ----------
    equity : ndarray
        Equity in any currency unit.

    Raises
    ------
    ValidationError
        If a value isn't; the message names the first one.
    """
    fine = (equity > 0.0) & (equity < np.inf)
    if not fine.all():
        where = np.unravel_index(np.argmin(fine), equity.shape)
        raise ValidationError(
            f"equity must be finite and positive, got {equity[where]} in row {where[0]}"
        )
