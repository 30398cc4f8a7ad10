"""Which side began each trade, told from its price."""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.microstructure.best import read_best
from nanobook.microstructure.groups import read_groups
from nanobook.microstructure.mid_price import fill_mid
from nanobook.microstructure.tables import dressed, read_vectors

__all__ = ["trade_signs"]

#: np.int64, for a kernel called with a plain constant would compile once for each.
_TICK, _QUOTE, _LEE_READY, _EMO = map(np.int64, range(4))
_METHODS = {"tick": _TICK, "quote": _QUOTE, "lee_ready": _LEE_READY, "emo": _EMO}


def trade_signs(price, bid=None, ask=None, *, mid=None, method="lee_ready", locate=None):
    """Return +1 for trades that a buyer began, -1 for a seller's.

    Parameters
    ----------
    price : array_like of shape (M,) or Series
        Prices of trades, in the order of time.
    bid, ask : array_like of shape (M,) or Series, optional
        The best prices before each trade, 0 or NaN for none; `state_at` finds their rows.
    mid : array_like of shape (M,) or Series, optional
        The mid price before each trade, in place of `bid` and `ask`.
    method : {"lee_ready", "quote", "tick", "emo"}, default "lee_ready"
        The rule; see the notes.
    locate : array_like of shape (M,), optional
        The symbol of each trade, where trades of several are mixed: the tick rule compares a
        trade with those of its own.

    Returns
    -------
    ndarray or Series of shape (M,)
        Integers; 0 where the rule can't say, or the price is NaN.

    Raises
    ------
    ValidationError
        If the lengths or the indexes differ, the method isn't known or needs quotes, or `mid` is
        given beside `bid` and `ask`.
    ArgumentTypeError
        If a value isn't a number.

    Notes
    -----
    ``tick``: +1 above the last different price before it, -1 below; 0 until there's one.
    ``quote``: +1 above the mid price, -1 below; 0 at it, or without one.
    ``lee_ready``: the quote rule; the tick rule at the mid price, or without one.
    ``emo``: +1 at the ask, -1 at the bid; the tick rule elsewhere, and where both are one price.

    Lee and Ready compare with quotes five seconds old, since those of their day came early; what
    is in one feed needs no delay.

    References
    ----------
    .. [1] Lee, Ready (1991), "Inferring trade direction from intraday data", Journal of Finance
       46(2).
    .. [2] Ellis, Michaely, O'Hara (2000), "The accuracy of trade classification rules: evidence
       from Nasdaq", Journal of Financial and Quantitative Analysis 35(4).

    Examples
    --------
    >>> trade_signs([101, 100, 100], mid=[100, 100, 100.5])
    array([ 1, -1, -1])
    >>> trade_signs([100, 101, 101, 99], method="tick")
    array([ 0,  1,  1, -1])
    """
    if not isinstance(method, str) or method not in _METHODS:
        raise ValidationError(f"method must be one of {', '.join(_METHODS)}, got {method!r}")
    given = [name for name, value in (("bid", bid), ("ask", ask)) if value is not None]
    if mid is not None and given:
        raise ValidationError(f"mid must not be given beside {' and '.join(given)}")
    if len(given) == 1:
        raise ValidationError(f"bid and ask must be given together, got {given[0]} alone")
    needs = {"tick": "nothing", "emo": "bid and ask"}.get(method, "mid, or bid and ask")
    if not given and (method == "emo" or (mid is None and method != "tick")):
        raise ValidationError(f"method {method} needs {needs}")
    names, values = ["price", *given], [price, *(v for v in (bid, ask) if v is not None)]
    if mid is not None:
        names, values = ["price", "mid"], [price, mid]
    columns, index = read_vectors(names, values)
    (group,), labels = read_groups(("locate",), (locate,), (columns[0].size,))
    bids = asks = mids = np.full(columns[0].size, np.nan)
    if given:
        bids, asks, _ = read_best(columns[1], columns[2])
        mids = np.empty(bids.size)
        fill_mid(bids, asks, mids)
    elif mid is not None:
        mids = columns[1]
    groups = 1 if labels is None else len(labels)
    last_price, last_sign = np.full(groups, np.nan), np.zeros(groups, np.int64)
    out = np.zeros(columns[0].size, np.int64)
    quotes = bids, asks, mids
    _trade_signs(columns[0], *quotes, group, last_price, last_sign, _METHODS[method], out)
    return dressed(out, index, "trade_sign")


@njit
def _trade_signs(price, bid, ask, mid, group, last_price, last_sign, method, out):
    for at in range(out.size):
        paid, g = price[at], group[at]
        if paid != paid:
            continue
        if paid > last_price[g]:
            last_sign[g] = 1
        elif paid < last_price[g]:
            last_sign[g] = -1
        last_price[g] = paid
        tick = last_sign[g]
        if method == _TICK:
            out[at] = tick
        elif method == _EMO:
            at_ask, at_bid = paid == ask[at], paid == bid[at]
            out[at] = tick if at_ask == at_bid else (1 if at_ask else -1)
        elif abs(paid - mid[at]) > 1e-15 * abs(paid):  # a mid price of decimals is rounded
            out[at] = 1 if paid > mid[at] else -1
        elif method == _LEE_READY:
            out[at] = tick
