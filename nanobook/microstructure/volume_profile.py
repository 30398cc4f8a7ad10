"""How much was traded at each price, and where most of it was."""

import dataclasses
import math

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.microstructure.bins import bin_of
from nanobook.microstructure.tables import read_vectors
from nanobook.panel.arrays import as_float

__all__ = ["VolumeProfile", "volume_profile"]

#: A tick that makes more rows than this is a slip.
_MOST_ROWS = 2**24


@dataclasses.dataclass(frozen=True, eq=False)
class VolumeProfile:
    """Volume by price.

    Parameters
    ----------
    price : ndarray of shape (K,)
        Prices, ascending; of a row as wide as a tick the lowest.
    volume : ndarray of shape (K,)
        What was traded at each.
    buys, sells : ndarray of shape (K,)
        What of it buyers began, and sellers; NaN if the sides weren't given.
    point_of_control : float
        The price with the most volume; NaN if nothing was traded.
    value_area_low, value_area_high : float
        The first and the last row of the value area; NaN if nothing was traded.
    """

    price: np.ndarray
    volume: np.ndarray
    buys: np.ndarray
    sells: np.ndarray
    point_of_control: float
    value_area_low: float
    value_area_high: float

    def __len__(self):
        return len(self.price)

    def to_frame(self):
        """Return the profile as a frame.

        Returns
        -------
        DataFrame
            A row for each price, its index, with volume, buys, sells and in_value_area.
        """
        import pandas as pd

        columns = {name: getattr(self, name) for name in ("volume", "buys", "sells")}
        columns["in_value_area"] = (self.price >= self.value_area_low) & (
            self.price <= self.value_area_high
        )
        return pd.DataFrame(columns, index=pd.Index(self.price, name="price"))


def volume_profile(price, quantity, aggressor_side=None, *, tick=None, value_area=0.7):
    """Return the volume traded at each price, the busiest price and the area around it.

    Parameters
    ----------
    price, quantity : array_like of shape (M,) or Series
        Of trades of one symbol. A trade whose price isn't finite, or whose quantity isn't
        positive, is left out.
    aggressor_side : array_like of shape (M,) or Series, optional
        +1 where a buyer began the trade, -1 a seller, anything else neither.
    tick : float, optional
        How wide rows are, from multiples of it on, with empty rows between; each price that was
        traded has a row of its own if not given.
    value_area : float, default 0.7
        The part of the volume that the value area holds at least.

    Returns
    -------
    VolumeProfile
        Rows by price, ascending.

    Raises
    ------
    ValidationError
        If the lengths or the indexes differ, `value_area` isn't within (0, 1], `tick` isn't
        positive, or it makes more than 16,777,216 rows.
    ArgumentTypeError
        If a value isn't a number.

    Notes
    -----
    The point of control is the row with the most volume, of several the one nearest to the
    middle of the range, of two as near the lower. The value area grows from it by one row at a
    time, the one above or the one below, whichever has more volume, the upper of two alike,
    until it holds its part.

    References
    ----------
    .. [1] Chicago Board of Trade (1996), "A six-part study guide to Market Profile".
    .. [2] Steidlmayer, Hawkins (2003), "Steidlmayer on Markets: Trading with Market Profile".

    Examples
    --------
    >>> profile = volume_profile([100, 101, 101, 102], [10, 30, 20, 5], [1, 1, -1, -1])
    >>> profile.volume, profile.buys
    (array([10., 50.,  5.]), array([10., 30.,  0.]))
    >>> profile.point_of_control, profile.value_area_low, profile.value_area_high
    (101.0, 101.0, 101.0)
    """
    value_area = as_float("value_area", value_area)
    if not 0 < value_area <= 1:
        raise ValidationError(f"value_area must be above 0 and at most 1, got {value_area}")
    names, values = ["price", "quantity"], [price, quantity]
    if aggressor_side is not None:
        names, values = [*names, "aggressor_side"], [*values, aggressor_side]
    columns, _ = read_vectors(names, values)
    traded = np.isfinite(columns[0]) & (columns[1] > 0)
    prices, quantities, *sides = (column[traded] for column in columns)
    rows, row_of = _rows(prices, tick)
    tallies = np.zeros((3, rows.size))
    _tally(row_of, quantities, sides[0] if sides else np.zeros(prices.size), tallies)
    if not sides:
        tallies[1:] = np.nan
    if not rows.size:
        return VolumeProfile(rows, *tallies, math.nan, math.nan, math.nan)
    low, busiest, high = _value_area(rows, tallies[0], value_area)
    return VolumeProfile(rows, *tallies, *(float(rows[at]) for at in (busiest, low, high)))


def _rows(prices, tick):
    """Return the prices of rows, and the row of each trade."""
    if tick is None:
        rows, row_of = np.unique(prices, return_inverse=True)
        return rows, row_of.astype(np.int64)
    tick = as_float("tick", tick)
    if tick <= 0:
        raise ValidationError(f"tick must be above 0, got {tick}")
    if not prices.size:
        return prices, np.empty(0, np.int64)
    low, high = float(prices.min()), float(prices.max())
    reach, count = max(abs(low), abs(high)) / tick, (high - low) / tick
    if not (reach < 2**53 and count < _MOST_ROWS - 1):
        raise ValidationError(
            f"tick must make at most {_MOST_ROWS} rows of prices from {low} to {high}, got {tick}"
        )
    row_of = np.empty(prices.size, np.int64)
    _place(prices, tick, row_of)
    lowest = row_of.min()
    return (lowest + np.arange(row_of.max() - lowest + 1)) * tick, row_of - lowest


@njit
def _place(prices, tick, out):
    for at in range(out.size):
        out[at] = bin_of(prices[at], tick, abs(prices[at]))


@njit
def _tally(row_of, quantities, sides, tallies):
    """Add up all volume, then that of buys and of sells."""
    for at in range(row_of.size):
        row, quantity = row_of[at], quantities[at]
        tallies[0, row] += quantity
        if sides[at] == 1:
            tallies[1, row] += quantity
        elif sides[at] == -1:
            tallies[2, row] += quantity


@njit
def _value_area(rows, volume, part):
    """Return the first row of the value area, the busiest one, and the last."""
    middle = rows[0] + (rows[-1] - rows[0]) / 2.0
    busiest = 0
    total = 0.0
    for at in range(rows.size):
        total += volume[at]
        nearer = abs(rows[at] - middle) < abs(rows[busiest] - middle)
        if volume[at] > volume[busiest] or (volume[at] == volume[busiest] and nearer):
            busiest = at
    low = high = busiest
    held, wanted = volume[busiest], total * part * (1.0 - 1e-12)
    while held < wanted and (low > 0 or high < rows.size - 1):
        above = volume[high + 1] if high < rows.size - 1 else -1.0
        below = volume[low - 1] if low > 0 else -1.0
        if above >= below:
            high += 1
            held += above
        else:
            low -= 1
            held += below
    return low, busiest, high
