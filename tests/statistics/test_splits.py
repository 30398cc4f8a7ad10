"""Splits of time: nothing learned from what it's tested on, and every bar where it should be."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from oracles import statistics as oracle

from nanobook import py_time_series_split
from nanobook.errors import ArgumentTypeError, RangeError
from nanobook.statistics import (
    combinatorial_purged_splits,
    purged_kfold,
    time_series_split,
    walk_forward_splits,
)


@pytest.mark.core
@given(st.integers(0, 60), st.integers(0, 12))
def test_expanding_splits_are_the_originals(n, k):
    found = time_series_split(n, k)
    if k < 2 or n < 2 or n // (k + 1) == 0:
        assert found == []
        return
    size = n // (k + 1)
    for fold, (train, test) in enumerate(found):
        begin = n - k * size + fold * size
        assert (train, test) == (list(range(begin)), list(range(begin, begin + size)))
    assert len(found) == k


def test_expanding_splits_are_lists_of_ints_and_a_count_is_a_count():
    assert py_time_series_split is time_series_split
    [(train, test), *_] = time_series_split(np.int32(20))
    assert {type(value) for value in (*train, *test)} == {int}
    assert time_series_split(5, 2**63 - 1) == []
    with pytest.raises(TypeError, match="n_splits"):
        time_series_split(10, 2.0)
    with pytest.raises(OverflowError, match="n_samples"):
        time_series_split(-1)


@pytest.mark.core
@given(
    *(st.integers(1, 60), st.integers(1, 20), st.integers(1, 10), st.booleans()),
    *(st.integers(0, 5), st.integers(0, 5)),
)
def test_walking_forward(n, train, test, anchored, purge, embargo):
    if train + purge + test > n:
        with pytest.raises(RangeError, match="train \\+ purge \\+ test must fit"):
            walk_forward_splits(n, train, test, purge=purge)
        return
    found = walk_forward_splits(n, train, test, anchored=anchored, purge=purge, embargo=embargo)
    for at, (begin, end, first, last) in enumerate(found):
        assert 0 <= begin < end <= first < last <= n
        assert (last - first, first - end) == (test, purge)
        assert end - begin == train if not anchored else begin == 0
        assert first == train + purge + at * (test + embargo)
    assert n - found[-1][3] < test + embargo  # no further one fits


def test_walking_forward_strings_tests_together():
    found = walk_forward_splits(12, 4, 2)
    assert found == [(0, 4, 4, 6), (2, 6, 6, 8), (4, 8, 8, 10), (6, 10, 10, 12)]
    assert walk_forward_splits(12, 4, 4, anchored=True) == [(0, 4, 4, 8), (0, 8, 8, 12)]


margins = st.integers(0, 8)


@pytest.mark.core
@given(st.integers(2, 40), st.integers(2, 7), st.data(), margins, margins)
def test_purge_and_embargo_leave_what_the_definition_leaves(n, groups, data, purge, embargo):
    groups = min(groups, n)
    tested = data.draw(st.integers(1, groups - 1))
    splits = combinatorial_purged_splits(n, groups, tested, purge=purge, embargo=embargo)
    expected = list(itertools.combinations(range(groups), tested))
    assert len(splits) == len(expected)
    assert_array_equal(splits.test_groups, expected)
    for split, chosen in enumerate(expected):
        train, test = oracle.purged(n, groups, chosen, purge, embargo)
        assert splits.test_indices(split).tolist() == test
        assert splits.train_indices(split).tolist() == train
        assert all(begin < end for begin, end in splits.train[split])


@pytest.mark.core
@pytest.mark.parametrize(("groups", "tested"), [(6, 2), (5, 1), (5, 4), (8, 3), (2, 1)])
def test_every_path_tests_every_bar_once(groups, tested):
    splits = combinatorial_purged_splits(50, groups, tested)
    assert len(splits.paths) == tested * math.comb(groups, tested) // groups
    used = set()
    for path in splits.paths:
        for group, split in enumerate(path):
            assert group in splits.test_groups[split]
            used.add((group, split))
    assert len(used) == splits.paths.size == tested * len(splits)


def test_the_books_example_has_five_paths():
    """Lopez de Prado (2018), section 12.4: six groups, two tested: 15 splits, 5 paths."""
    splits = combinatorial_purged_splits(600)
    assert (len(splits), splits.paths.shape) == (15, (5, 6))
    # Figure 12.1: the first path takes groups 1 and 2 from the first split.
    assert splits.paths[0].tolist() == [0, 0, 1, 2, 3, 4]
    assert splits.test(14) == [(400, 500), (500, 600)]


def test_folds_are_tested_once_each():
    folds = purged_kfold(23, 4, purge=2, embargo=3)
    assert np.concatenate([test for _, test in folds]).tolist() == list(range(23))
    for number, (train, test) in enumerate(folds):
        expected_train, expected_test = oracle.purged(23, 4, (number,), 2, 3)
        assert (train.tolist(), test.tolist()) == (expected_train, expected_test)


def test_margins_may_leave_nothing_to_learn_from():
    assert [train.size for train, _ in purged_kfold(6, 2, purge=9, embargo=9)] == [0, 0]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: purged_kfold(5, 1), RangeError, "n_groups must lie between 2 and 5"),
        (lambda: purged_kfold(5, 6), RangeError, "got 6"),
        (lambda: purged_kfold(5, 2, purge=-1), RangeError, "purge"),
        (lambda: purged_kfold(5, 2, embargo=1.0), ArgumentTypeError, "embargo"),
        (lambda: combinatorial_purged_splits(9, 3, 3), RangeError, "n_test_groups"),
        (lambda: combinatorial_purged_splits(99, 40, 20), RangeError, "at most 1000000 splits"),
        (lambda: walk_forward_splits(9, 0, 1), RangeError, "train"),
        (lambda: walk_forward_splits(9, 1, 0), RangeError, "test"),
    ],
)
def test_what_lies_outside_its_range_is_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()
