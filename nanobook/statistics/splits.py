"""Ways to cut time into what is learned from and what is tested on.

Intervals are positions, the first inside, the last one outside: ``(3, 7)`` is 3, 4, 5, 6.
Purging drops bars in front of a test, whose outcome may reach into it; an embargo drops bars
after it, which may remember it.

References
----------
.. [1] Lopez de Prado (2018), "Advances in Financial Machine Learning", chapters 7 and 12.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from nanobook.errors import RangeError
from nanobook.panel.arrays import as_count, as_integer

__all__ = [
    "CombinatorialSplits",
    "combinatorial_purged_splits",
    "purged_kfold",
    "time_series_split",
    "walk_forward_splits",
]

#: More splits than this aren't listed.
MOST_SPLITS = 1_000_000


def time_series_split(n_samples, n_splits=5):
    """Return the original's expanding splits: test windows at the end, trained on all before.

    Parameters
    ----------
    n_samples : int
        Bars.
    n_splits : int, default 5
        Number of test windows, each ``n_samples // (n_splits + 1)`` long.

    Returns
    -------
    list of (list, list)
        Positions to train on and positions to test on. Empty if there are fewer than two
        samples or splits, or too few samples for a window.

    Raises
    ------
    ArgumentTypeError
        If an argument isn't an integer.
    RangeError
        If it's negative.

    Examples
    --------
    >>> time_series_split(6, 2)
    [([0, 1], [2, 3]), ([0, 1, 2, 3], [4, 5])]
    """
    n_samples = as_count("n_samples", n_samples)
    n_splits = as_count("n_splits", n_splits)
    if n_splits < 2 or n_samples < 2:
        return []
    test = n_samples // (n_splits + 1)
    if test == 0:
        return []
    begin = n_samples - n_splits * test
    return [(list(range(at)), list(range(at, at + test))) for at in range(begin, n_samples, test)]


def walk_forward_splits(n_obs, train, test, *, anchored=False, purge=0, embargo=0):
    """Return windows to learn in, each followed by a window to test in.

    Test windows follow each other without a gap or an overlap (but for the embargo), so that
    they can be strung together. Bars at the end that don't fill a window aren't tested.

    Parameters
    ----------
    n_obs : int
        Bars.
    train : int
        Bars to learn from, at least 1; with `anchored` of the first window.
    test : int
        Bars to test on, at least 1.
    anchored : bool, default False
        Whether every window to learn in begins at bar 0 and grows, instead of moving on.
    purge : int, default 0
        Bars left out between learning and testing.
    embargo : int, default 0
        Bars left out after each test window, before the next.

    Returns
    -------
    list of (int, int, int, int)
        Where training begins and ends and testing begins and ends.

    Raises
    ------
    ArgumentTypeError
        If a count isn't an integer.
    RangeError
        If it's below its smallest value, or no window fits.

    Examples
    --------
    >>> walk_forward_splits(10, 4, 2, purge=1)
    [(0, 4, 5, 7), (2, 6, 7, 9)]
    """
    n_obs = as_count("n_obs", n_obs)
    train, test = as_count("train", train, least=1), as_count("test", test, least=1)
    purge, embargo = as_count("purge", purge), as_count("embargo", embargo)
    needed = train + purge + test
    if needed > n_obs:
        raise RangeError(
            f"train + purge + test must fit in {n_obs} bars, got {train} + {purge} + {test}"
        )
    return [
        (0 if anchored else at, at + train, at + train + purge, at + needed)
        for at in range(0, n_obs - needed + 1, test + embargo)
    ]


def purged_kfold(n_obs, n_splits=5, *, purge=0, embargo=0):
    """Return folds in order of time, each tested once, trained on the others but for a margin.

    Parameters
    ----------
    n_obs : int
        Bars.
    n_splits : int, default 5
        Number of folds, 2 to `n_obs`; their lengths differ by at most one.
    purge : int, default 0
        Bars dropped from training in front of the test.
    embargo : int, default 0
        Bars dropped from training after the test.

    Returns
    -------
    list of (ndarray, ndarray)
        Positions to train on and positions to test on.

    Raises
    ------
    ArgumentTypeError
        If a count isn't an integer.
    RangeError
        If it lies outside its range.

    References
    ----------
    .. [1] Lopez de Prado (2018), "Advances in Financial Machine Learning", section 7.4.

    Examples
    --------
    >>> train, test = purged_kfold(8, 4, purge=1, embargo=1)[1]
    >>> train, test
    (array([0, 5, 6, 7]), array([2, 3]))
    """
    splits = combinatorial_purged_splits(n_obs, n_splits, 1, purge=purge, embargo=embargo)
    return [(splits.train_indices(i), splits.test_indices(i)) for i in range(len(splits))]


@dataclass(frozen=True, eq=False)
class CombinatorialSplits:
    """Every way to test on some groups of bars and learn from the others.

    Parameters
    ----------
    edges : ndarray of int64 of shape (n_groups + 1,)
        Group ``g`` is the bars from ``edges[g]`` until before ``edges[g + 1]``.
    test_groups : ndarray of int64 of shape (n_splits, n_test_groups)
        The groups tested in each split, in the order of `itertools.combinations`.
    train : list of list of (int, int)
        For each split the intervals to learn from, after purge and embargo.
    paths : ndarray of int64 of shape (n_paths, n_groups)
        ``paths[p, g]`` is the split in which path ``p`` takes group ``g`` from. Each path tests
        every bar once; each split's group is in one path.
    """

    edges: np.ndarray
    test_groups: np.ndarray
    train: list
    paths: np.ndarray

    def __len__(self):
        return len(self.test_groups)

    def test(self, split):
        """Return the intervals that a split is tested on.

        Parameters
        ----------
        split : int
            The split, from 0.

        Returns
        -------
        list of (int, int)
            One a group, in order of time.
        """
        groups = self.test_groups[split]
        return [(int(self.edges[g]), int(self.edges[g + 1])) for g in groups]

    def test_indices(self, split):
        """Return the bars that a split is tested on.

        Parameters
        ----------
        split : int
            The split, from 0.

        Returns
        -------
        ndarray of int64
            Positions, ascending.
        """
        return _positions(self.test(split))

    def train_indices(self, split):
        """Return the bars that a split learns from.

        Parameters
        ----------
        split : int
            The split, from 0.

        Returns
        -------
        ndarray of int64
            Positions, ascending.
        """
        return _positions(self.train[split])


def combinatorial_purged_splits(n_obs, n_groups=6, n_test_groups=2, *, purge=0, embargo=0):
    """Return every way to test on some groups of bars and learn from the rest.

    Parameters
    ----------
    n_obs : int
        Bars.
    n_groups : int, default 6
        Groups in order of time, 2 to `n_obs`; their lengths differ by at most one.
    n_test_groups : int, default 2
        Groups tested in a split, at least 1 and fewer than `n_groups`.
    purge : int, default 0
        Bars dropped from training in front of each group that is tested.
    embargo : int, default 0
        Bars dropped from training after each group that is tested.

    Returns
    -------
    CombinatorialSplits
        The splits, and how their tests make paths through all bars.

    Raises
    ------
    ArgumentTypeError
        If a count isn't an integer.
    RangeError
        If it lies outside its range, or there would be more than a million splits.

    References
    ----------
    .. [1] Lopez de Prado (2018), "Advances in Financial Machine Learning", section 12.4.

    Examples
    --------
    >>> splits = combinatorial_purged_splits(12, 6, 2)
    >>> len(splits), len(splits.paths)
    (15, 5)
    """
    n_obs = as_count("n_obs", n_obs, least=2)
    n_groups = as_integer("n_groups", n_groups, least=2, most=n_obs)
    n_test_groups = as_integer("n_test_groups", n_test_groups, least=1, most=n_groups - 1)
    purge, embargo = as_count("purge", purge), as_count("embargo", embargo)
    n_splits = math.comb(n_groups, n_test_groups)
    if n_splits > MOST_SPLITS:
        raise RangeError(
            f"n_groups and n_test_groups must make at most {MOST_SPLITS} splits, got {n_splits}"
        )
    edges = np.arange(n_groups + 1, dtype=np.int64) * n_obs // n_groups
    chosen = list(itertools.combinations(range(n_groups), n_test_groups))
    limits = edges.tolist()
    train = [_train_intervals(limits, groups, purge, embargo) for groups in chosen]
    return CombinatorialSplits(
        edges, np.array(chosen, dtype=np.int64), train, _paths(chosen, n_groups, n_test_groups)
    )


def _train_intervals(edges, groups, purge, embargo):
    """Return what the margins of the tested groups leave of the others."""
    intervals = []
    begin = 0
    for group in groups:
        end = edges[group] - purge
        if end > begin:
            intervals.append((begin, end))
        begin = edges[group + 1] + embargo
    if edges[-1] > begin:
        intervals.append((begin, edges[-1]))
    return intervals


def _paths(chosen, n_groups, n_test_groups):
    """Deal the splits that test a group to the paths, in their order."""
    paths = np.empty((len(chosen) * n_test_groups // n_groups, n_groups), dtype=np.int64)
    dealt = [0] * n_groups
    for split, groups in enumerate(chosen):
        for group in groups:
            paths[dealt[group], group] = split
            dealt[group] += 1
    return paths


def _positions(intervals):
    """Return the positions in some intervals."""
    parts = [np.arange(begin, end, dtype=np.int64) for begin, end in intervals]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
