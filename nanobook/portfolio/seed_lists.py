"""A result's matrices and records as the seed's lists of pairs and dicts."""

import contextlib
import gc
import math

import numpy as np

from nanobook.types.codes import REASONS

__all__ = ["pair_lists", "return_lists", "stop_dicts"]


def pair_lists(symbols, values, shown):
    """Turn a matrix into one list of (symbol, value) a period.

    Parameters
    ----------
    symbols : list
        The columns.
    values : ndarray of shape (T, N)
        What to pair them with.
    shown : ndarray of shape (T, N)
        Which pairs there are.

    Returns
    -------
    list of list of tuple
        In the order of the columns.
    """
    whole = shown.all(axis=1).tolist()
    with _collector_paused():
        return [
            list(zip(symbols, row, strict=True))
            if complete
            else [(symbols[i], row[i]) for i in np.flatnonzero(mask).tolist()]
            for row, mask, complete in zip(values.tolist(), shown, whole, strict=True)
        ]


@contextlib.contextmanager
def _collector_paused():
    """Keep the garbage collector from walking, again and again, pairs that hold no cycle."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def return_lists(symbols, prices, listings):
    """Return each listed price's relative change from the period just before, NaN for none.

    Parameters
    ----------
    symbols : list
        The columns.
    prices : ndarray of shape (T, N)
        NaN or negative where a symbol isn't listed.
    listings : ndarray of LISTING
        All prices of those periods that list a symbol more than once: each gets a pair.

    Returns
    -------
    list of list of tuple
        Pairs of symbol and return, in the order of the columns.
    """
    values = prices.astype(np.float64)
    moves = np.full(values.shape, np.nan)
    before, now = values[:-1], values[1:]
    np.divide(now - before, before, out=moves[1:], where=(before > 0) & (now > 0))
    lists = pair_lists(symbols, moves, prices >= 0)
    for bar in np.unique(listings["bar"]).tolist():
        here = listings[listings["bar"] == bar]
        here = here[np.argsort(here["column"], kind="stable")].tolist()
        base = prices[bar - 1].tolist() if bar else [0] * len(symbols)
        lists[bar] = [(symbols[i], _move(base[i], price)) for _, i, price in here]
    return lists


def _move(before, price):
    return (price - before) / before if before > 0 and price > 0 else math.nan


def stop_dicts(symbols, events):
    """Return each stop event as a dict.

    Parameters
    ----------
    symbols : list
        The columns.
    events : ndarray of STOP_EVENT
        In the order of time.

    Returns
    -------
    list of dict
        period_index, symbol, trigger_price, exit_price and reason.
    """
    return [
        {
            "period_index": bar,
            "symbol": symbols[column],
            "trigger_price": trigger,
            "exit_price": price,
            "reason": REASONS[reason],
        }
        for bar, column, trigger, price, reason in events.tolist()
    ]
