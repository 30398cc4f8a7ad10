"""Codes of symbols, whatever they are called by."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.microstructure.groups import by_group, read_groups

narrow = st.lists(st.integers(-5, 5), max_size=20)
wide = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20)
words = st.lists(st.text(max_size=2), max_size=20)


@given(narrow | wide | words)
def test_codes_stand_for_the_labels_in_their_order(column):
    (codes,), labels = read_groups(("locate",), (column,), (len(column),))
    assert list(labels) == sorted(set(column))
    assert [labels[code] for code in codes] == column
    order, begin = by_group(codes, len(labels))
    assert order.tolist() == sorted(range(len(column)), key=lambda row: column[row])
    assert [codes[order[b:e]].tolist() for b, e in pairwise(begin)] == [
        [code] * column.count(label) for code, label in enumerate(labels)
    ]


@pytest.mark.core
def test_columns_are_coded_alike():
    for first, second in (([7, 3], [3, 9, 7]), (["b", "a"], ["a", "c", "b"])):
        for kind in (list, np.array, pd.Series, pd.Categorical):
            codes, labels = read_groups(("x", "y"), (kind(first), kind(second)), (2, 3))
            assert [part.tolist() for part in codes] == [[1, 0], [0, 2, 1]]
            assert list(labels) == sorted({*first, *second})


@pytest.mark.core
def test_no_labels_are_one_group():
    codes, labels = read_groups(("x", "y"), (None, None), (2, 1))
    assert labels is None
    assert_array_equal(np.concatenate(codes), [0, 0, 0])


@pytest.mark.core
@pytest.mark.parametrize(
    ("values", "error", "text"),
    [
        ((None, [1]), ValidationError, "x must be given too, if x or y is"),
        (([1], None), ValidationError, "y must be given too"),
        (([1, 2], [1]), ValidationError, "x must have a label for each of 1 rows, got shape"),
        (([[1]], [1]), ValidationError, "got shape"),
        ((np.array([None]), ["a"]), ValidationError, "must have a label in every row"),
        (([np.nan], [1.0]), ValidationError, "must have a label in every row"),
        (([1], ["a"]), ArgumentTypeError, "x and y must be of one kind"),
        ((["a"], np.array([{}])), ArgumentTypeError, "x and y must be labels"),
    ],
)
def test_a_wrong_argument_is_named(values, error, text):
    with pytest.raises(error, match=text):
        read_groups(("x", "y"), values, (1, 1))
