"""Grids: every combination once and in order, samples by their seed, conditions, and no list."""

import itertools
import time
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from nanobook import ArgumentTypeError, CostModel, Grid, RangeError, Stops, Uniform, ValidationError
from nanobook.sweep.grid import BLOCK, as_grid

AXES = {"fast": [5, 10, 20], "slow": [20, 50], "word": ["a", "b"]}


def rows_of(columns):
    names = list(columns)
    lists = [column.tolist() for column in columns.values()]
    return [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]


def nested(axes):
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


# ---- products and lists ------------------------------------------------------------------------


@pytest.mark.core
def test_a_product_turns_its_last_axis_fastest():
    grid = Grid.product(AXES)
    assert list(grid) == nested(AXES)
    assert len(grid) == 12
    assert grid.names == ("fast", "slow", "word")
    assert grid[0] == {"fast": 5, "slow": 20, "word": "a"}
    assert grid[1]["word"] == "b"
    assert grid[-1] == {"fast": 20, "slow": 50, "word": "b"}
    assert type(grid[0]["fast"]) is int
    assert grid.columns(0, 12)["fast"].dtype == np.int64
    with pytest.raises(IndexError, match="12 combinations, there's no number 12"):
        grid[12]
    with pytest.raises(RangeError):
        grid[-13]


axes = st.dictionaries(
    st.sampled_from("abcd"),
    st.lists(st.integers(-5, 30), min_size=1, max_size=12, unique=True),
    min_size=1,
)


@pytest.mark.core
@given(axes, st.integers(2, 9), st.data())
def test_any_stretch_is_the_rows_one_by_one(axes, modulus, data):
    def condition(p):
        return sum(p.values()) % modulus != 0

    expected = [row for row in nested(axes) if condition(row)]
    if not expected:
        with pytest.raises(ValidationError, match="kept none"):
            Grid.product(axes, where=condition)
        return
    grid = Grid.product(axes, where=condition)
    assert len(grid) == len(expected)
    first = data.draw(st.integers(0, len(grid) - 1))
    last = data.draw(st.integers(first + 1, len(grid)))
    assert rows_of(grid.columns(first, last)) == expected[first:last]
    assert [grid[number] for number in range(first, last)] == expected[first:last]


def test_stretches_over_many_blocks_are_the_rows_of_all():
    axes = {"a": range(300), "b": range(200)}
    for where in (None, lambda p: (p["a"] + p["b"]) % 3 == 0, lambda p: p["a"] > 250):
        grid = Grid.product(axes, where=where)
        everything = grid.columns(0, len(grid))
        rng = np.random.default_rng(0)
        spans = [sorted(rng.integers(0, len(grid), 2).tolist()) for _ in range(20)]
        for first, last in (*spans, (BLOCK - 1, BLOCK + 1), (BLOCK, BLOCK + 1)):
            part = grid.columns(first, last + 1)
            for name in grid.names:
                assert_array_equal(part[name], everything[name][first : last + 1])
        assert [one["b"] for one in itertools.islice(grid, 100)] == everything["b"][:100].tolist()


@pytest.mark.core
def test_a_condition_may_take_columns_or_one_combination():
    for where in (
        lambda p: p["fast"] < p["slow"],
        lambda p: p["fast"] < p["slow"] and p["word"] in ("a", "b"),  # raises on columns
        lambda p: bool(np.all(p["fast"] < p["slow"])),  # no answer a row
        lambda p: 0 < p["fast"] < p["slow"],
    ):
        grid = Grid.product(AXES, where=where)
        assert list(grid) == [row for row in nested(AXES) if row["fast"] < row["slow"]]
    single = Grid.product({"a": [1], "b": [2]}, where=lambda p: p["a"] < p["b"])
    assert len(single) == 1


def test_what_a_condition_raises_comes_through():
    with pytest.raises(KeyError, match="wait"):
        Grid.product(AXES, where=lambda p: p["wait"] > 3)


@pytest.mark.core
def test_rows_keep_their_order_and_take_frames():
    rows = [{"a": 3, "b": 0.5}, {"b": 1, "a": 1}, {"a": 3, "b": 0.5}]
    grid = Grid.rows(rows)
    assert list(grid) == [{"a": 3, "b": 0.5}, {"a": 1, "b": 1.0}, {"a": 3, "b": 0.5}]
    assert list(Grid.rows(pd.DataFrame(rows))) == list(grid)
    assert list(Grid.rows(rows, where=lambda p: p["a"] == 3)) == [grid[0], grid[2]]
    for wrong in ([], [{}], "ab", {"a": 1}, [1, 2]):
        with pytest.raises(ValidationError):
            Grid.rows(wrong)
    with pytest.raises(ValidationError, match="in row 1"):
        Grid.rows([{"a": 1}, {"b": 1}])


def test_an_axis_takes_anything():
    axes = {
        "costs": [None, 5, CostModel(commission_bps=3)],
        "stops": [Stops(), {"fixed_stop_pct": 0.1}],
        "window": [(5, 20), (10, 50)],
        "weights": [[0.5, 0.5], [1.0, 0.0]],
        "flag": [True, False],
        "one": 3,
        "date": pd.date_range("2020-01-01", periods=2),
    }
    grid = Grid.product(axes)
    axes["one"] = [3]
    assert len(grid) == 3 * 2 * 2 * 2 * 2 * 2
    assert list(grid) == nested({name: list(values) for name, values in axes.items()})
    assert grid.values("window") == [(5, 20), (10, 50)]


@pytest.mark.core
def test_axes_are_checked():
    for axes, error in (
        ({}, ValidationError),
        ([1, 2], ArgumentTypeError),
        ({1: [2]}, ArgumentTypeError),
        ({"a": []}, ValidationError),
        ({"a": [1, 2, 1]}, ValidationError),
        ({"a": [1.5, np.nan, np.nan]}, ValidationError),
        ({"a": ["x", "x"]}, ValidationError),
        ({"a": {1, 2}}, ArgumentTypeError),
        ({"a": Uniform(1, 2)}, ValidationError),
    ):
        with pytest.raises(error):
            Grid.product(axes)
    with pytest.raises(RangeError, match="fewer than"):
        Grid.product({name: range(50_000) for name in "abcd"})


def test_what_stands_for_a_grid():
    assert list(as_grid(AXES)) == nested(AXES)
    assert list(as_grid([{"a": 1}])) == [{"a": 1}]
    assert as_grid(Grid.product(AXES)).kind == "product"
    with pytest.raises(ValidationError, match="Grid itself"):
        as_grid(Grid.product(AXES), where=lambda p: True)
    with pytest.raises(ValidationError, match=r"Grid\.random"):
        as_grid({"a": Uniform(1, 2)})
    with pytest.raises(ArgumentTypeError, match="dict of values"):
        as_grid(3)


# ---- samples -----------------------------------------------------------------------------------


@pytest.mark.core
def test_a_random_sample_of_values_has_none_twice():
    axes = {"a": range(10), "b": range(10)}
    grid = Grid.random(axes, 60, seed=3)
    rows = [tuple(row.values()) for row in grid]
    assert len(rows) == len(set(rows)) == 60
    assert rows == [tuple(row.values()) for row in Grid.random(axes, 60, seed=3)]
    assert rows != [tuple(row.values()) for row in Grid.random(axes, 60, seed=4)]
    assert grid.seed == 3
    everything = Grid.random(axes, 1000)
    assert len(everything) == 100
    assert sorted(map(repr, everything)) == sorted(map(repr, Grid.product(axes)))


def test_a_random_sample_keeps_what_the_condition_keeps():
    axes = {"a": range(60), "b": range(60)}
    grid = Grid.random(axes, 500, where=lambda p: p["a"] < p["b"])
    rows = {tuple(row.values()) for row in grid}
    assert len(rows) == len(grid) == 500
    assert all(a < b for a, b in rows)
    assert len(Grid.random(axes, 5000, where=lambda p: p["a"] < p["b"])) == 60 * 59 // 2
    # Each is as likely as any other: fewer than one in a thousand samples strays this far.
    assert abs(np.mean([a for a, _ in rows]) - 59 / 3) < 4 * 14 / 500**0.5


def test_a_random_sample_of_a_huge_grid_has_none_twice_either():
    axes = {"a": range(9000), "b": range(9000)}
    for where in (None, lambda p: p["a"] < p["b"]):
        grid = Grid.random(axes, 20_000, where=where)
        columns = grid.columns(0, 20_000)
        assert len(np.unique(columns["a"] * 9000 + columns["b"])) == 20_000


@pytest.mark.core
def test_draws_from_an_interval_keep_to_it():
    axes = {"x": Uniform(2, 3), "n": Uniform(5, 250, log=True, integer=True), "w": ["a", "b"]}
    for draw in (Grid.random, Grid.sobol):
        grid = draw(axes, 1000, seed=1)
        columns = grid.columns(0, 1000)
        assert columns["x"].min() >= 2
        assert columns["x"].max() < 3
        assert columns["n"].dtype == np.int64
        assert columns["n"].min() == 5
        assert columns["n"].max() == 250
        assert 30 < np.median(columns["n"]) < 41  # the middle of the logarithms is 35
        assert set(columns["w"]) == {"a", "b"}
        assert rows_of(draw(axes, 1000, seed=1).columns(0, 9)) == rows_of(grid.columns(0, 9))
        assert rows_of(draw(axes, 1000, seed=2).columns(0, 9)) != rows_of(grid.columns(0, 9))
        kept = draw(axes, 100, where=lambda p: p["x"] > 2.5)
        assert len(kept) == 100
        assert kept.columns(0, 100)["x"].min() > 2.5


def test_a_larger_sample_begins_as_a_smaller_one():
    for draw in (Grid.random, Grid.sobol):
        few, many = (draw({"x": Uniform(0, 1)}, n) for n in (50, 20_000))
        assert_array_equal(few.columns(0, 50)["x"], many.columns(0, 50)["x"])


def test_sobol_points_fill_the_interval_evenly():
    columns = Grid.sobol({"x": Uniform(0, 1), "y": Uniform(0, 1)}, 4 * BLOCK).columns(0, 4 * BLOCK)
    assert_array_equal(np.bincount((columns["x"] * 1024).astype(int)), np.full(1024, 32))
    cells = (columns["x"] * 64).astype(int) * 64 + (columns["y"] * 64).astype(int)
    assert_array_equal(np.bincount(cells), np.full(64 * 64, 8))


def test_a_condition_that_keeps_next_to_nothing_is_given_up_on():
    with pytest.raises(ValidationError, match="it kept 0 of the 3 asked for"):
        Grid.random({"x": Uniform(0, 1)}, 3, where=lambda p: p["x"] > 2)


@pytest.mark.core
def test_an_interval_is_checked():
    assert Uniform(5, 250, log=True, integer=True).at(0.5) == 35
    assert type(Uniform(1, 2).at(0.5)) is float
    assert_array_equal(Uniform(1, 3, integer=True).at(np.array([0, 0.34, 0.999])), [1, 2, 3])
    for arguments, error in (
        ((1, 1), RangeError),
        ((2, 1), RangeError),
        ((0, 1, True), RangeError),
        ((0.5, 2, False, True), ValidationError),
        ((np.nan, 1), ValidationError),
        ((0, np.inf), ValidationError),
        (("a", 1), ArgumentTypeError),
    ):
        with pytest.raises(error):
            Uniform(*arguments)
    for n, seed in ((0, 0), (1, -1)):
        for draw in (Grid.random, Grid.sobol):
            with pytest.raises(RangeError):
                draw({"x": Uniform(0, 1)}, n, seed=seed)


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.floats(0, 1, exclude_max=True), st.booleans())
def test_an_interval_never_leaves_its_ends(low, width, share, log):
    if low + width > low:
        assert low <= Uniform(low, low + width, log=log).at(share) < low + width


# ---- large ones --------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [None, lambda p: p["a"] < p["b"]])
def test_ten_million_combinations_are_never_all_made(where):
    axes = {"a": range(100), "b": range(100), "c": range(1000)}
    tracemalloc.start()
    start = time.process_time()
    grid = Grid.product(axes, where=where)
    size = len(grid)
    rows = grid[size // 2], grid[size - 1], rows_of(grid.columns(size - 3, size))
    seconds, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == (10_000_000 if where is None else 4_950_000)
    assert rows[1] == rows[2][-1]
    assert peak < 4e6
    assert seconds < 60  # a second: this only tells from making all


def test_a_sample_of_ten_million_makes_only_itself():
    axes = {"a": range(100), "b": range(100), "c": Uniform(0, 1)}
    tracemalloc.start()
    grid = Grid.random(axes, 10_000_000)
    assert len(grid) == 10_000_000
    assert grid[9_999_999]
    assert tracemalloc.get_traced_memory()[1] < 4e6
    tracemalloc.stop()


# ---- what tells grids apart ----------------------------------------------------------------------


@pytest.mark.core
def test_a_description_tells_grids_apart():
    square = {"a": [1, 2, 3], "b": [1, 2, 3]}
    grids = [
        Grid.product(square),
        Grid.product({"a": [1, 2, 3], "b": [1, 2, 4]}),
        Grid.product(square, where=lambda p: p["a"] < p["b"]),
        Grid.product(square, where=lambda p: p["a"] > p["b"]),
        Grid.random(square, 3, seed=1),
        Grid.random(square, 3, seed=2),
        Grid.random(square, 2, seed=2, where=lambda p: p["a"] < p["b"]),
        Grid.random(square, 2, seed=2, where=lambda p: p["a"] > p["b"]),
        Grid.sobol(square, 3, seed=1),
        Grid.rows(list(Grid.product(square))),
    ]
    texts = [grid.describe() for grid in grids]
    assert len(set(texts)) == len(grids)
    assert texts[3] == Grid.product(square, where=lambda p: p["b"] < p["a"]).describe()


@pytest.mark.core
def test_coordinates_are_places_along_the_axes():
    grid = Grid.product({"n": [30, 10, 20], "word": ["b", "a"]})
    assert_array_equal(
        grid.coordinates(grid.columns(0, 6)), [[2, 0], [2, 1], [0, 0], [0, 1], [1, 0], [1, 1]]
    )
    drawn = Grid.random({"x": Uniform(10, 20), "n": [1, 2]}, 5)
    columns = drawn.columns(0, 5)
    assert_array_equal(drawn.coordinates(columns)[:, 0], (columns["x"] - 10) / 10)


@pytest.mark.core
def test_a_grid_shows_itself_in_short():
    assert repr(Grid.product({"a": range(6), "w": ["x"]})) == (
        "Grid.product(6 combinations of a: [0, 1, 2, 3, ... 6 values], w: ['x'])"
    )
    assert "Uniform(low=0, high=1" in repr(Grid.sobol({"x": Uniform(0, 1)}, 8))
