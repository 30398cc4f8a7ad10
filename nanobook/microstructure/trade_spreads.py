"""What trades cost against the mid price, and how that splits: what's kept, what's lost.

The effective spread is what the aggressor paid twice over, as a round trip would; the mid price
then moves his way, which is the price impact, and what's left is the realized spread, the
liquidity provider's.
"""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.microstructure.tables import dressed, read_vectors
from nanobook.microstructure.units import in_unit, read_unit

__all__ = ["effective_spread", "price_impact", "realized_spread"]


def effective_spread(trade_price, aggressor_side, mid, *, unit="price"):
    """Return twice the distance of trades from the mid price before them.

    Parameters
    ----------
    trade_price : array_like of shape (M,) or Series
        The trades' prices.
    aggressor_side : array_like of shape (M,) or Series
        +1 where a buyer took from the asks, -1 where a seller took from the bids, 0 or NaN where
        it isn't known.
    mid : array_like of shape (M,) or Series
        The mid price before each trade; `mid_at` finds it.
    unit : {"price", "fraction", "bps"}, default "price"
        The prices' own, fractions of `mid`, or hundredths of a percent of it.

    Returns
    -------
    ndarray or Series of shape (M,)
        ``2 * side * (price - mid)``: the quoted spread for a trade at the best price, less for
        one inside; NaN where the side or the mid price isn't known.

    Raises
    ------
    ValidationError
        If the lengths or the indexes differ, a side isn't one, or the unit isn't known.
    ArgumentTypeError
        If a value isn't a number.

    References
    ----------
    .. [1] Huang, Stoll (1996), "Dealer versus auction markets: a paired comparison of execution
       costs on NASDAQ and the NYSE", Journal of Financial Economics 41(3): twice the effective
       half-spread.
    .. [2] Holden, Jacobsen (2014), "Liquidity measurement problems in fast, competitive markets:
       expensive and cheap solutions", Journal of Finance 69(4): as a part of the mid price.

    Examples
    --------
    >>> effective_spread([101, 99.5, 100], [1, -1, 0], [100, 100, 100])
    array([ 2.,  1., nan])
    """
    factor = read_unit(unit)
    names = "trade_price", "aggressor_side", "mid"
    (price, side, mid), index = read_vectors(names, (trade_price, aggressor_side, mid))
    return dressed(_distance(side, price, mid, mid, factor), index, "effective_spread")


def realized_spread(trade_price, aggressor_side, mid_after, mid=None, *, unit="price"):
    """Return twice the distance of trades from the mid price some time after them.

    Parameters
    ----------
    trade_price : array_like of shape (M,) or Series
        The trades' prices.
    aggressor_side : array_like of shape (M,) or Series
        +1 where a buyer took from the asks, -1 where a seller took from the bids, 0 or NaN where
        it isn't known.
    mid_after : array_like of shape (M,) or Series
        The mid price some time after each trade; `mid_at` finds it.
    mid : array_like of shape (M,) or Series, optional
        The mid price before each trade, which units other than "price" refer to.
    unit : {"price", "fraction", "bps"}, default "price"
        The prices' own, fractions of `mid`, or hundredths of a percent of it.

    Returns
    -------
    ndarray or Series of shape (M,)
        ``2 * side * (price - mid_after)``: what's left of the effective spread once the mid price
        has moved; NaN where the side or a mid price isn't known.

    Raises
    ------
    ValidationError
        If the lengths or the indexes differ, a side isn't one, the unit isn't known, or it needs
        `mid`.
    ArgumentTypeError
        If a value isn't a number.

    Notes
    -----
    Of one trade it's the effective spread less the price impact, in any unit.

    References
    ----------
    .. [1] Huang, Stoll (1996), "Dealer versus auction markets: a paired comparison of execution
       costs on NASDAQ and the NYSE", Journal of Financial Economics 41(3): the realized
       half-spread, there against a later trade's price.
    .. [2] Holden, Jacobsen (2014), "Liquidity measurement problems in fast, competitive markets:
       expensive and cheap solutions", Journal of Finance 69(4): against a later mid price.

    Examples
    --------
    >>> realized_spread([101, 99], [1, -1], [100.5, 100.5])
    array([1., 3.])
    """
    factor = read_unit(unit)
    if mid is None and factor:
        raise ValidationError(f"mid must be given for a spread in {unit}")
    names = "trade_price", "aggressor_side", "mid_after", "mid"
    values = trade_price, aggressor_side, mid_after, mid_after if mid is None else mid
    (price, side, after, mid), index = read_vectors(names, values)
    return dressed(_distance(side, price, after, mid, factor), index, "realized_spread")


def price_impact(aggressor_side, mid, mid_after, *, unit="price"):
    """Return twice the way that the mid price went with trades.

    Parameters
    ----------
    aggressor_side : array_like of shape (M,) or Series
        +1 where a buyer took from the asks, -1 where a seller took from the bids, 0 or NaN where
        it isn't known.
    mid, mid_after : array_like of shape (M,) or Series
        The mid price before each trade, and some time after it; `mid_at` finds them.
    unit : {"price", "fraction", "bps"}, default "price"
        The prices' own, fractions of `mid`, or hundredths of a percent of it.

    Returns
    -------
    ndarray or Series of shape (M,)
        ``2 * side * (mid_after - mid)``, positive where the price went the aggressor's way; NaN
        where the side or a mid price isn't known.

    Raises
    ------
    ValidationError
        If the lengths or the indexes differ, a side isn't one, or the unit isn't known.
    ArgumentTypeError
        If a value isn't a number.

    References
    ----------
    .. [1] Holden, Jacobsen (2014), "Liquidity measurement problems in fast, competitive markets:
       expensive and cheap solutions", Journal of Finance 69(4): percent price impact.

    Examples
    --------
    >>> price_impact([1, -1], [100, 100], [100.5, 100.5])
    array([ 1., -1.])
    """
    factor = read_unit(unit)
    names = "aggressor_side", "mid", "mid_after"
    (side, mid, after), index = read_vectors(names, (aggressor_side, mid, mid_after))
    return dressed(_distance(side, after, mid, mid, factor), index, "price_impact")


def _distance(side, price, reference, mid, factor):
    fine = (side == 1) | (side == -1) | (side == 0) | (side != side)
    if not fine.all():
        row = int(np.argmin(fine))
        raise ValidationError(f"aggressor_side must be +1, -1 or 0, got {side[row]} in row {row}")
    out = np.empty(side.size)
    _signed_distance(side, price, reference, mid, factor, out)
    return out


@njit
def _signed_distance(side, price, reference, mid, factor, out):
    for at in range(out.size):
        distance = 2.0 * side[at] * (price[at] - reference[at])
        out[at] = in_unit(distance, mid[at], factor) if side[at] != 0 else np.nan
