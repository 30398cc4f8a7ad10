"""The values one parameter takes: a list of them, or an interval to draw from."""

import math
from dataclasses import dataclass

import numpy as np

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.panel.arrays import as_float

__all__ = ["Uniform", "as_axis", "as_column"]


@dataclass(frozen=True)
class Uniform:
    """An interval that a sampled grid draws a parameter from.

    Parameters
    ----------
    low, high : float
        Its ends, finite, low below high. The high end is left out, except of integers.
    log : bool, default False
        Whether the logarithm is uniform; needs ends above 0.
    integer : bool, default False
        Whether draws are whole numbers, both ends included.

    Raises
    ------
    ArgumentTypeError
        If an end isn't a number.
    ValidationError
        If an end isn't finite, or an integer interval has an end that isn't whole.
    RangeError
        If `high` isn't above `low`, or a logarithmic interval doesn't start above 0.

    Examples
    --------
    >>> Uniform(5, 250, log=True, integer=True).at(0.5)
    35
    """

    low: float
    high: float
    log: bool = False
    integer: bool = False

    def __post_init__(self):
        low, high = as_float("low", self.low), as_float("high", self.high)
        if high <= low:
            raise RangeError(f"high must be above low, {low}, got {high}")
        if self.log and low <= 0:
            raise RangeError(f"low must be above 0 for a logarithmic interval, got {low}")
        if self.integer and not (low.is_integer() and high.is_integer()):
            raise ValidationError(f"an integer interval needs whole ends, got {low} and {high}")

    def at(self, share):
        """Return the values at shares of the interval.

        Parameters
        ----------
        share : float or ndarray
            In [0, 1).

        Returns
        -------
        float, int or ndarray
            The values; int64 of an integer interval.
        """
        low, high = float(self.low), float(self.high) + (1 if self.integer else 0)
        if self.log:
            value = np.exp(math.log(low) + np.asarray(share) * math.log(high / low))
        else:
            value = low + np.asarray(share) * (high - low)
        if self.integer:
            value = np.minimum(np.floor(value), float(self.high)).astype(np.int64)
        else:
            value = np.clip(value, low, np.nextafter(high, low))
        return value if value.ndim else value.item()


def as_axis(name, values):
    """Return the values of a parameter as a column, or the interval it is.

    Parameters
    ----------
    name : str
        The parameter's name, for the message.
    values : sequence or Uniform
        Numbers, words, cost models, stops: at least one, without repetition. One value alone
        stands for a list of it.

    Returns
    -------
    ndarray or Uniform
        int64 or float64 of numbers, else of objects.

    Raises
    ------
    ArgumentTypeError
        If it can't be walked through.
    ValidationError
        If it's empty, or a value stands twice.
    """
    if isinstance(values, Uniform):
        return values
    if isinstance(values, str | bytes) or values is None or not hasattr(values, "__iter__"):
        values = [values]
    if isinstance(values, dict | set | frozenset):
        raise ArgumentTypeError(
            f"grid[{name!r}] must be a list of values or a Uniform, got {type(values).__name__}"
        )
    column = as_column(list(values))
    if not column.size:
        raise ValidationError(f"grid[{name!r}] must hold at least one value, got none")
    seen = []
    for value in column.tolist():
        if any(_alike(value, other) for other in seen) if column.dtype == object else False:
            raise ValidationError(f"grid[{name!r}] must hold distinct values, got {value!r} twice")
        seen.append(value)
    if column.dtype != object and np.unique(column).size < column.size:
        ordered = np.sort(column)
        twice = ordered[1:][ordered[1:] == ordered[:-1]]
        twice = twice[0] if twice.size else math.nan
        raise ValidationError(f"grid[{name!r}] must hold distinct values, got {twice} twice")
    return column


def _alike(left, right):
    return type(left) is type(right) and left == right


def as_column(values):
    """Return values as one column of a table: numbers as numbers, others as objects.

    Parameters
    ----------
    values : list
        Anything.

    Returns
    -------
    ndarray
        int64, float64 or object, one-dimensional.
    """
    kinds = {type(value) for value in values}
    whole = {int, np.int64, np.int32, np.int16, np.int8, np.uint8, np.uint16, np.uint32}
    if kinds and kinds <= whole and all(-(2**63) <= value < 2**63 for value in values):
        return np.array(values, dtype=np.int64)
    if kinds and kinds <= whole | {float, np.float64, np.float32}:
        return np.array(values, dtype=np.float64)
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
