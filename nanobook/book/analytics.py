"""Figures of whole columns of book states: what `BookSnapshot` says of one, for thousands.

Prices and quantities are as samples have them: of shape (M, levels), the best level first,
quantity 0 where there's no level. What can't be said is NaN.
"""

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.jit import njit
from nanobook.panel.arrays import as_count
from nanobook.types.records import BOOK_ORDER

__all__ = ["microprice", "order_imbalance", "queue_positions", "sweep_price", "vwap"]


def microprice(bid_price, bid_quantity, ask_price, ask_quantity, levels=1):
    """Return the mid price weighted by the imbalance of the best levels.

    Parameters
    ----------
    bid_price, bid_quantity, ask_price, ask_quantity : array_like of shape (M,) or (M, K)
        Levels of both sides, best first.
    levels : int, default 1
        How many levels count for the imbalance.

    Returns
    -------
    ndarray of shape (M,)
        ``bid + I * (ask - bid)``, where I is the bids' share of what rests on the levels counted;
        NaN where a side is empty.

    Raises
    ------
    ValidationError
        If the shapes differ, or `levels` is more than there are.
    ArgumentTypeError
        If a value isn't a number.
    RangeError
        If `levels` is below 1.

    References
    ----------
    .. [1] Stoikov (2018), "The micro-price: a high-frequency estimator of future prices",
       Quantitative Finance 18(12), section 2: the weighted mid price.

    Examples
    --------
    >>> microprice([100], [30], [102], [10])
    array([101.5])
    """
    names = "bid_price", "bid_quantity", "ask_price", "ask_quantity"
    tables = _tables(names, (bid_price, bid_quantity, ask_price, ask_quantity))
    levels = _levels(levels, tables[0])
    out = np.empty(len(tables[0]))
    _microprice(*tables, levels, out)
    return out


def order_imbalance(bid_quantity, ask_quantity, levels=1):
    """Return the excess of bids over asks as a fraction of both.

    Parameters
    ----------
    bid_quantity, ask_quantity : array_like of shape (M,) or (M, K)
        What rests on the levels of both sides, best first.
    levels : int, default 1
        How many levels count.

    Returns
    -------
    ndarray of shape (M,)
        From -1, nothing but asks, to 1; NaN where nothing rests.

    Raises
    ------
    ValidationError
        If the shapes differ, or `levels` is more than there are.
    ArgumentTypeError
        If a value isn't a number.
    RangeError
        If `levels` is below 1.

    References
    ----------
    .. [1] Cartea, Jaimungal, Penalva (2015), "Algorithmic and High-Frequency Trading",
       section 12.2: order imbalance.

    Examples
    --------
    >>> order_imbalance([30, 0], [10, 0])
    array([0.5, nan])
    """
    tables = _tables(("bid_quantity", "ask_quantity"), (bid_quantity, ask_quantity))
    levels = _levels(levels, tables[0])
    out = np.empty(len(tables[0]))
    _imbalance(*tables, levels, out)
    return out


def sweep_price(price, quantity, wanted):
    """Return the average price of taking a quantity from one side of the book.

    Parameters
    ----------
    price, quantity : array_like of shape (M,) or (M, K)
        The levels of the side that is taken from, best first.
    wanted : int
        How much is taken, at least 1.

    Returns
    -------
    ndarray of shape (M,)
        The average price; NaN where the levels hold less than `wanted`.

    Raises
    ------
    ValidationError
        If the shapes differ.
    ArgumentTypeError
        If a value isn't a number.
    RangeError
        If `wanted` is below 1.

    Examples
    --------
    >>> sweep_price([[100, 101]], [[10, 30]], 20)
    array([100.5])
    """
    wanted = as_count("wanted", wanted, least=1)
    tables = _tables(("price", "quantity"), (price, quantity))
    out = np.empty(len(tables[0]))
    _sweep_price(*tables, float(wanted), out)
    return out


def vwap(price, quantity):
    """Return an average price weighted by quantity.

    Parameters
    ----------
    price, quantity : array_like of shape (M,)
        Of trades, say the fields of a TRADE array.

    Returns
    -------
    float
        The average; NaN if nothing was traded.

    Raises
    ------
    ValidationError
        If the shapes differ, or aren't of one axis.
    ArgumentTypeError
        If a value isn't a number.

    Examples
    --------
    >>> vwap([100, 103], [20, 10])
    101.0
    """
    price, quantity = _tables(("price", "quantity"), (price, quantity))
    if price.shape[1] != 1:
        raise ValidationError(f"price must have one axis, got {price.shape[1]} columns")
    return float(_vwap(price[:, 0], quantity[:, 0]))


def queue_positions(queues):
    """Return what stands before each order at its price.

    Parameters
    ----------
    queues : ndarray of BOOK_ORDER
        As `Exchange.queues` gives them: of each side the next to trade first.

    Returns
    -------
    orders, quantity : ndarray of shape (M,)
        Orders and quantity ahead of each.

    Raises
    ------
    ValidationError
        If it's another kind of array.

    Examples
    --------
    >>> exchange = Exchange()
    >>> for quantity in (5, 7, 9):
    ...     _ = exchange.submit_limit("buy", 100, quantity)
    >>> queue_positions(exchange.queues())
    (array([0, 1, 2]), array([ 0,  5, 12]))
    """
    if getattr(queues, "dtype", None) != BOOK_ORDER or queues.ndim != 1:
        raise ValidationError("queues must be an array of BOOK_ORDER, as Exchange.queues gives")
    orders, quantity = np.empty(len(queues), np.int64), np.empty(len(queues), np.int64)
    columns = (np.ascontiguousarray(queues[name]) for name in ("side", "price", "quantity"))
    _queue_positions(*columns, orders, quantity)
    return orders, quantity


def _tables(names, values):
    """Return arrays of one shape (M, K) as float64."""
    tables = []
    for name, value in zip(names, values, strict=True):
        try:
            table = np.asarray(value, np.float64)
        except (TypeError, ValueError) as error:
            raise ArgumentTypeError(f"{name} must be numbers: {error}") from None
        if table.ndim not in (1, 2):
            raise ValidationError(f"{name} must have one or two axes, got shape {table.shape}")
        tables.append(np.ascontiguousarray(table if table.ndim == 2 else table[:, None]))
        if tables[-1].shape != tables[0].shape:
            raise ValidationError(
                f"{name} must have the shape of {names[0]}, "
                f"{tables[0].shape}, got {tables[-1].shape}"
            )
    return tables


def _levels(levels, table):
    levels = as_count("levels", levels, least=1)
    if levels > max(1, table.shape[1]):
        raise ValidationError(f"levels must be at most {table.shape[1]}, got {levels}")
    return np.int64(min(levels, table.shape[1]))


@njit
def _best_sum(table, at, levels):
    """Return the sum of a row's first values, leaving out what isn't positive."""
    total = 0.0
    for level in range(levels):
        if table[at, level] > 0:
            total += table[at, level]
    return total


@njit
def _microprice(bid_price, bid_quantity, ask_price, ask_quantity, levels, out):
    for at in range(out.size):
        if levels > 0 and bid_quantity[at, 0] > 0 and ask_quantity[at, 0] > 0:
            bid = _best_sum(bid_quantity, at, levels)
            ask = _best_sum(ask_quantity, at, levels)
            spread = ask_price[at, 0] - bid_price[at, 0]
            out[at] = bid_price[at, 0] + spread * (bid / (bid + ask))
        else:
            out[at] = np.nan


@njit
def _imbalance(bid_quantity, ask_quantity, levels, out):
    for at in range(out.size):
        bid = _best_sum(bid_quantity, at, levels)
        ask = _best_sum(ask_quantity, at, levels)
        out[at] = (bid - ask) / (bid + ask) if bid + ask > 0 else np.nan


@njit
def _sweep_price(price, quantity, wanted, out):
    for at in range(out.size):
        left, above = wanted, 0.0
        for level in range(price.shape[1]):
            if left > 0 and quantity[at, level] > 0:
                taken = min(left, quantity[at, level])
                above += taken * (price[at, level] - price[at, 0])
                left -= taken
        out[at] = price[at, 0] + above / wanted if left <= 0 else np.nan


@njit
def _vwap(price, quantity):
    notional, total = 0.0, 0.0
    for at in range(price.size):
        notional += quantity[at] * (price[at] - price[0])
        total += quantity[at]
    return price[0] + notional / total if total > 0 else np.nan


@njit
def _queue_positions(side, price, quantity, orders_ahead, quantity_ahead):
    for at in range(side.size):
        if at > 0 and side[at] == side[at - 1] and price[at] == price[at - 1]:
            orders_ahead[at] = orders_ahead[at - 1] + 1
            quantity_ahead[at] = quantity_ahead[at - 1] + quantity[at - 1]
        else:
            orders_ahead[at] = 0
            quantity_ahead[at] = 0
