"""Neighbours of the best candidate, on grids and off them."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.statistics import plateau

NAN, INF = math.nan, math.inf
AXES = [[5, 10, 20, 50], [0.1, 0.2, 1.0], [1, 2]]
GRID = np.array(list(itertools.product(*AXES)))


@pytest.mark.core
@given(st.permutations(range(len(GRID))), st.integers(0, 99))
def test_a_neighbour_is_one_step_along_one_axis(order, seed):
    places = GRID[list(order)]
    values = np.random.default_rng(seed).normal(0, 1, len(GRID))
    found = plateau(values, places)
    assert found.on_grid
    assert found.best == values.argmax()
    steps = [[axis.index(v) for axis, v in zip(AXES, place, strict=True)] for place in places]
    expected = [
        s
        for s, step in enumerate(steps)
        if sum(abs(a - b) for a, b in zip(step, steps[found.best], strict=True)) == 1
    ]
    assert found.neighbours.tolist() == expected
    assert found.count == len(expected)
    around = values[expected]
    assert (found.mean, found.median, found.least) == (
        *(around.mean(), np.median(around), around.min()),
    )
    if found.value > 0:
        assert found.median_ratio == found.median / found.value
        assert found.least_ratio == found.least / found.value


@pytest.mark.core
def test_off_a_grid_the_nearest_by_rank_count():
    places = [[1.0, 1.0], [2.0, 1000.0], [3.0, 2.0], [9.0, 5000.0], [2.5, 3.0], [100.0, 4.0]]
    found = plateau([0, 1, 9, 2, 3, 4], places, nearest=2)
    assert not found.on_grid
    # Ranks: (0,0) (1,4) (3,1) (4,5) (2,2) (5,3); the nearest to (3,1) are (2,2), then (5,3).
    assert found.neighbours.tolist() == [4, 5]
    assert plateau([0, 1, 9, 2, 3, 4], places).count == 4


def test_a_hole_in_a_grid_makes_it_none():
    assert not plateau(np.arange(23.0), GRID[:-1]).on_grid
    assert not plateau(np.arange(25.0), np.vstack([GRID, GRID[:1]])).on_grid


@pytest.mark.core
def test_those_that_failed_are_no_neighbours():
    found = plateau([1.0, NAN, 3.0, 2.0], [[0], [1], [2], [3]])
    assert found.neighbours.tolist() == [3]
    asked = plateau([1.0, NAN, 3.0, 2.0], [[0], [1], [2], [3]], best=1)
    assert asked.neighbours.tolist() == [0, 2]
    assert math.isnan(asked.value)
    assert math.isnan(asked.median_ratio)
    assert plateau([1.0, NAN, 3.0], [[0], [1], [2]], nearest=5).neighbours.tolist() == [0]


@pytest.mark.core
def test_alone_there_are_no_neighbours():
    found = plateau([2.0], [[7.0]])
    assert found.count == 0
    assert all(map(math.isnan, [found.mean, found.median, found.least, found.median_ratio]))


def test_a_ratio_to_a_loss_means_nothing():
    found = plateau([-1.0, -2.0], [[0], [1]])
    assert math.isnan(found.median_ratio)
    assert math.isnan(found.least_ratio)
    assert_array_equal([found.median, found.best], [-2.0, 0])


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (([1.0, 2.0], [[0]]), ValidationError, "coordinates must have a row a value, 2"),
        (([1.0], np.empty((1, 0))), ValidationError, "a column an axis"),
        (([1.0], [[INF]]), ValidationError, "coordinates must be finite"),
        (([NAN], [[0]]), ValidationError, "values must hold a number"),
        (([], np.empty((0, 2))), ValidationError, "values must hold a number"),
        (([1.0], [[0]], 1), RangeError, "best must lie between 0 and 0, got 1"),
        (([1.0], [0]), ArgumentTypeError, "coordinates"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, error, text):
    with pytest.raises(error, match=text):
        plateau(*arguments)
    with pytest.raises(RangeError, match="nearest"):
        plateau([1.0], [[0]], nearest=0)
