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
    order = np.ascontiguousarray(np.argsort(table, axis=0))
    figures = np.full((7, table.shape[1]), np.nan)
    _queue_lengths(table, weights, order, figures)
    return QueueLengths(*figures)


@njit
def _queue_lengths(table, weights, order, out):
    """Fill a column of figures for each level; ``order`` sorts the level's quantities."""
    rows, levels = table.shape
    for level in range(levels):
        total, weighted, empty = 0.0, 0.0, 0.0
        lowest, highest = np.inf, -np.inf
        for at in range(rows):
            quantity, weight = max(table[at, level], 0.0), weights[at]
            if table[at, level] == table[at, level] and weight > 0:
                total += weight
                weighted += weight * quantity
                empty += weight if quantity == 0 else 0.0
                lowest, highest = min(lowest, quantity), max(highest, quantity)
        out[6, level] = total
        if total == 0:
            continue
        mean, squares = weighted / total, 0.0
        for at in range(rows):
            if table[at, level] == table[at, level]:
                distance = max(table[at, level], 0.0) - mean
                squares += weights[at] * distance * distance
        passed, place = 0.0, 0
        while place < rows:
            at = order[place, level]
            if table[at, level] == table[at, level] and weights[at] > 0:
                passed += weights[at]
                if passed * 2.0 >= total:
                    break
            place += 1
        out[0, level] = mean
        out[1, level] = np.sqrt(squares / total)
        out[2, level] = max(table[order[place, level], level], 0.0)
        out[3, level] = lowest
        out[4, level] = highest
        out[5, level] = empty / total
