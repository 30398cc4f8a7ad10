"""How much rests at a level over time."""

import dataclasses

import numpy as np

from nanobook.jit import njit
from nanobook.microstructure.tables import read_tables
from nanobook.microstructure.times import durations

__all__ = ["QueueLengths", "queue_lengths"]


@dataclasses.dataclass(frozen=True, eq=False)
class QueueLengths:
    """What the quantity at each level of one side was over time, weighted by how long it stood.

    Parameters
    ----------
    mean, deviation : ndarray of shape (K,)
        The average, and the standard deviation around it; an empty level counts as 0.
    median : ndarray of shape (K,)
        The smallest quantity that the level didn't exceed for at least half of the time.
    minimum, maximum : ndarray of shape (K,)
        The extremes.
    empty : ndarray of shape (K,)
        The part of the time without that level.
    weight : ndarray of shape (K,)
        The time all this is said of, in ns; in states where no times were given.
    """

    mean: np.ndarray
    deviation: np.ndarray
    median: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray
    empty: np.ndarray
    weight: np.ndarray

    def __len__(self):
        return len(self.mean)

    def to_frame(self):
        """Return the figures as a frame.

        Returns
        -------
        DataFrame
            A row for each level, from 1, and a column for each figure.
        """
        import pandas as pd

        columns = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return pd.DataFrame(columns, index=pd.RangeIndex(1, len(self) + 1, name="level"))


def queue_lengths(quantity, timestamp_ns=None, *, end_ns=None):
    """Return how much rested at each level, averaged over time.

    Parameters
    ----------
    quantity : array_like of shape (M,) or (M, K), or Series or DataFrame
        What rests on the levels of one side of one symbol's book, best first. What isn't
        positive is an empty level, NaN one that isn't known and counts for no time.
    timestamp_ns : array_like of shape (M,), optional
        When each state began, never going back: it weighs as much as it lasts, until the next
        one. Every state weighs the same if not given.
    end_ns : int, str or timedelta, optional
        When the last state ended; it lasts no time if not given.

    Returns
    -------
    QueueLengths
        Figures of each level; NaN where no time is known.

    Raises
    ------
    ValidationError
        If times go back, aren't as many as states, or `end_ns` lies before them.
    ArgumentTypeError
        If a value isn't a number, or a time not whole nanoseconds.

    References
    ----------
    .. [1] Gould, Porter, Williams, McDonald, Fenn, Howison (2013), "Limit order books",
       Quantitative Finance 13(11), section 3: the depth available at a price.

    Examples
    --------
    >>> lengths = queue_lengths([10, 40, 0], [0, 30, 40], end_ns=60)
    >>> lengths.mean.round(3), lengths.median, lengths.empty.round(3)
    (array([11.667]), array([10.]), array([0.333]))
    """
    (table,), _ = read_tables(("quantity",), (quantity,))
    weights = durations(timestamp_ns, end_ns, len(table))
    figures = np.full((7, table.shape[1]), np.nan)
    _queue_lengths(table, weights, np.empty((2, len(table))), figures)
    return QueueLengths(*figures)


@njit
def _queue_lengths(table, weights, room, out):
    """Fill a column of figures for each level; ``room`` has space for its known quantities."""
    rows, levels = table.shape
    for level in range(levels):
        total, weighted, empty, known = 0.0, 0.0, 0.0, np.int64(0)
        lowest, highest = np.inf, -np.inf
        for at in range(rows):
            quantity, weight = table[at, level], weights[at]
            if quantity == quantity and weight > 0:
                quantity = max(quantity, 0.0)
                room[0, known], room[1, known] = quantity, weight
                known += 1
                total += weight
                weighted += weight * quantity
                empty += weight if quantity == 0 else 0.0
                lowest, highest = min(lowest, quantity), max(highest, quantity)
        out[6, level] = total
        if known == 0:
            continue
        mean, squares = weighted / total, 0.0
        for at in range(known):
            squares += room[1, at] * (room[0, at] - mean) ** 2
        out[0, level] = mean
        out[1, level] = np.sqrt(squares / total)
        out[2, level] = _weighted_median(room, known, total)
        out[3, level] = lowest
        out[4, level] = highest
        out[5, level] = empty / total


@njit
def _weighted_median(room, count, total):
    """Return the smallest value that at least half of the weight doesn't exceed.

    Quickselect: split ``room``, values above weights, by one of the values, and go on in the
    part that holds the median. Changes their order.
    """
    low, high, lighter = (
        np.int64(0),
        count - 1,
        0.0,
    )  # all before `low` are smaller and weigh `lighter`
    draw = 1
    while low < high:
        draw = (draw * 48271) % 2147483647  # no order of values makes every split a bad one
        pivot = room[0, low + draw % (high - low + 1)]
        smaller, at, larger = low, low, high
        below, same = 0.0, 0.0
        while at <= larger:
            value = room[0, at]
            if value < pivot:
                below += room[1, at]
                _swap(room, smaller, at)
                smaller += 1
                at += 1
            elif value > pivot:
                _swap(room, larger, at)
                larger -= 1
            else:
                same += room[1, at]
                at += 1
        if 2.0 * (lighter + below) >= total and smaller > low:
            high = smaller - 1
        elif 2.0 * (lighter + below + same) >= total or larger == high:
            return pivot
        else:
            lighter += below + same
            low = larger + 1
    return room[0, low]


@njit
def _swap(room, one, other):
    for row in range(2):
        room[row, one], room[row, other] = room[row, other], room[row, one]
