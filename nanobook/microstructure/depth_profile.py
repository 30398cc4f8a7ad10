"""How much rests how far from the mid price, on average over time."""

import dataclasses

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.microstructure.bins import bin_of
from nanobook.microstructure.tables import read_tables
from nanobook.microstructure.times import durations
from nanobook.panel.arrays import as_count, as_float

__all__ = ["DepthProfile", "depth_profile"]


@dataclasses.dataclass(frozen=True, eq=False)
class DepthProfile:
    """What rests by distance from the mid price, weighted by how long it stood.

    Parameters
    ----------
    distance : ndarray of shape (B,)
        The nearer end of each bin, which belongs to it.
    bid_quantity, ask_quantity : ndarray of shape (B,)
        The average quantity within each bin; NaN where it was never known.
    bid_known, ask_known : ndarray of shape (B,)
        The part of the time for which the levels told what a bin holds.
    """

    distance: np.ndarray
    bid_quantity: np.ndarray
    ask_quantity: np.ndarray
    bid_known: np.ndarray
    ask_known: np.ndarray

    def __len__(self):
        return len(self.distance)

    def to_frame(self):
        """Return the profile as a frame.

        Returns
        -------
        DataFrame
            A row for each distance, its index, and a column for each figure.
        """
        import pandas as pd

        names = "bid_quantity", "ask_quantity", "bid_known", "ask_known"
        columns = {name: getattr(self, name) for name in names}
        return pd.DataFrame(columns, index=pd.Index(self.distance, name="distance"))


def depth_profile(
    bid_price,
    bid_quantity,
    ask_price,
    ask_quantity,
    timestamp_ns=None,
    *,
    width,
    bins=10,
    end_ns=None,
):
    """Return the average quantity resting at each distance from the mid price.

    Parameters
    ----------
    bid_price, bid_quantity, ask_price, ask_quantity : array_like of shape (M,) or (M, K)
        Levels of both sides of one symbol's book, best first; DataFrames too.
    timestamp_ns : array_like of shape (M,), optional
        When each state began, never going back: it weighs as much as it lasts, until the next
        one. Every state weighs the same if not given.
    width : float
        The width of a bin, in prices.
    bins : int, default 10
        How many bins, from the mid price on.
    end_ns : int, str or timedelta, optional
        When the last state ended; it lasts no time if not given.

    Returns
    -------
    DepthProfile
        Both sides by distance.

    Raises
    ------
    ValidationError
        If shapes or indexes differ, times go back, aren't as many as states, or `end_ns` lies
        before them, or `width` isn't positive.
    ArgumentTypeError
        If a value isn't a number, or a time not whole nanoseconds.
    RangeError
        If `bins` is below 1.

    Notes
    -----
    A state with an empty side has no mid price and counts for nothing, as does one with a price
    that is NaN where something rests. Where all K levels of a side are there, more may rest
    behind the last one: bins that reach past it aren't known, and the state doesn't count for
    them. In a crossed book the levels beyond the mid price are in the first bin.

    References
    ----------
    .. [1] Gould, Porter, Williams, McDonald, Fenn, Howison (2013), "Limit order books",
       Quantitative Finance 13(11), section 3: the relative depth profile, here by the distance
       from the mid price.

    Examples
    --------
    >>> tables = [[99, 97]], [[5, 7]], [[101, 0]], [[4, 0]]
    >>> profile = depth_profile(*tables, width=1, bins=4)
    >>> profile.bid_quantity, profile.ask_quantity
    (array([ 0.,  5.,  0., nan]), array([0., 4., 0., 0.]))
    """
    width = as_float("width", width)
    if width <= 0:
        raise ValidationError(f"width must be above 0, got {width}")
    bins = as_count("bins", bins, least=1)
    names = "bid_price", "bid_quantity", "ask_price", "ask_quantity"
    tables, _ = read_tables(names, (bid_price, bid_quantity, ask_price, ask_quantity))
    weights = durations(timestamp_ns, end_ns, len(tables[0]))
    sums, known = np.zeros((2, bins)), np.zeros((2, bins))
    total = _depth_profile(*tables, weights, width, sums, known)
    with np.errstate(invalid="ignore", divide="ignore"):
        return DepthProfile(np.arange(bins) * width, *(sums / known), *(known / total))


@njit
def _depth_profile(bid_price, bid_quantity, ask_price, ask_quantity, weights, width, sums, known):
    """Add up quantity times weight, and the weight for which a bin is known; return all weight."""
    total = 0.0
    for at in range(weights.size):
        weight = weights[at]
        if bid_price.shape[1] == 0 or not weight > 0:
            continue
        if not (bid_quantity[at, 0] > 0 and ask_quantity[at, 0] > 0):
            continue
        if not (_readable(bid_price, bid_quantity, at) and _readable(ask_price, ask_quantity, at)):
            continue
        total += weight
        mid = bid_price[at, 0] + (ask_price[at, 0] - bid_price[at, 0]) / 2.0
        _add_side(bid_price, bid_quantity, at, mid, -1.0, weight, width, sums[0], known[0])
        _add_side(ask_price, ask_quantity, at, mid, 1.0, weight, width, sums[1], known[1])
    return total


@njit
def _readable(price, quantity, at):
    for level in range(price.shape[1]):
        if quantity[at, level] > 0 and not np.isfinite(price[at, level]):
            return False
    return True


@njit
def _add_side(price, quantity, at, mid, outward, weight, width, sums, known):
    bins, last = sums.size, price.shape[1] - 1
    reach = bins  # the first bin that isn't known
    if quantity[at, last] > 0:
        reach = _bin(price[at, last], mid, outward, width, bins)
    for place in range(reach):
        known[place] += weight
    for level in range(last + 1):
        if quantity[at, level] > 0:
            place = _bin(price[at, level], mid, outward, width, bins)
            if place < reach:
                sums[place] += weight * quantity[at, level]


@njit
def _bin(price, mid, outward, width, bins):
    """Return a level's bin; ``bins`` for any past the last one."""
    distance = outward * (price - mid)
    if not distance < width * (bins + 1.0):
        return bins
    return min(max(np.int64(bin_of(distance, width, abs(mid))), 0), bins)
