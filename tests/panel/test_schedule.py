import collections
from array import array
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanobook.errors import ArgumentTypeError, NanobookError, RangeError, ValidationError
from nanobook.panel.schedule import merge_symbols, read_schedule
from nanobook.types.records import EARLIER_TARGET
from nanobook.types.symbol import Symbol

names = st.sampled_from(["A", "B", "C", "MSFT", "", "株式", "ABCDEFGH"])
weights = st.lists(st.lists(st.tuples(names, st.floats()), max_size=5), max_size=6)
prices = st.lists(
    st.lists(st.tuples(names, st.integers(-(2**63), 2**63 - 1)), max_size=5), max_size=6
)


def refused(schedule, typecode="d"):
    """Return the error that a schedule named `weight_schedule` is refused with."""
    with pytest.raises(NanobookError) as caught:
        read_schedule("weight_schedule", schedule, typecode)
    return caught.value


# ---- what comes out ----------------------------------------------------------------------------


@pytest.mark.core
@given(weights)
def test_a_schedule_is_read_as_it_stands(schedule):
    read = read_schedule("w", schedule, "d")
    assert [list(row) for row in read.rows] == [[name for name, _ in row] for row in schedule]
    assert all(values.typecode == "d" for values in read.values)
    for values, row in zip(read.values, schedule, strict=True):
        np.testing.assert_array_equal(values, [value for _, value in row])
    assert read.symbols == {name for row in schedule for name, _ in row}
    assert read.has_duplicates == any(len(dict(row)) < len(row) for row in schedule)


@pytest.mark.core
@given(weights, st.sampled_from([np.nan, -1.0]))
def test_a_matrix_holds_the_last_value_of_each_symbol(schedule, missing):
    read = read_schedule("w", schedule, "d")
    column_of = {name: column for column, name in enumerate(merge_symbols(read))}
    matrix = read.spread(column_of, missing, np.float64)
    expected = np.full((len(schedule), len(column_of)), missing)
    for bar, row in enumerate(schedule):
        for name, value in row:
            expected[bar, column_of[name]] = value
    np.testing.assert_array_equal(matrix, expected)


@pytest.mark.core
@given(prices)
def test_cents_are_kept_to_the_last_one(schedule):
    read = read_schedule("p", schedule, "q")
    column_of = {name: column for column, name in enumerate(merge_symbols(read))}
    matrix = read.spread(column_of, -1, np.int64)
    assert matrix.dtype == np.int64
    for bar, row in enumerate(schedule):
        last = dict(row)
        assert matrix[bar].tolist() == [last.get(name, -1) for name in column_of]


@pytest.mark.core
@given(weights)
def test_overruled_values_and_those_that_stay_make_up_the_schedule(schedule):
    read = read_schedule("w", schedule, "d")
    column_of = {name: column for column, name in enumerate(merge_symbols(read))}
    earlier = read.overruled(column_of)
    expected = [
        (bar, column_of[name], value)
        for bar, row in enumerate(schedule)
        for at, (name, value) in enumerate(row)
        if name in [later for later, _ in row[at + 1 :]]
    ]
    assert earlier.dtype == EARLIER_TARGET
    assert earlier["bar"].tolist() == [bar for bar, _, _ in expected]
    assert earlier["column"].tolist() == [column for _, column, _ in expected]
    np.testing.assert_array_equal(earlier["weight"], [value for _, _, value in expected])


@pytest.mark.core
@given(weights, prices)
def test_symbols_are_merged_in_the_order_of_their_bytes(left, right):
    both = [read_schedule("w", left, "d"), read_schedule("p", right, "q")]
    expected = {name.encode() for row in (*left, *right) for name, _ in row}
    assert [name.encode() for name in merge_symbols(*both)] == sorted(expected)


@pytest.mark.core
def test_no_schedules_have_no_symbols():
    assert merge_symbols() == []


@pytest.mark.core
@pytest.mark.parametrize("schedule", [[], (), [[]], [[], []], [(), []]])
def test_empty_schedules_and_periods_are_legal(schedule):
    read = read_schedule("w", schedule, "d")
    assert read.rows == [()] * len(schedule)
    assert read.spread({}, np.nan, np.float64).shape == (len(schedule), 0)
    assert read.spread({"A": 0}, 7.0, np.float64).tolist() == [[7.0]] * len(schedule)
    assert read.overruled({}).shape == (0,)


@pytest.mark.core
@pytest.mark.parametrize(
    "kind", [list, tuple, collections.deque, collections.UserList], ids=lambda kind: kind.__name__
)
def test_every_kind_of_sequence_is_read(kind):
    schedule = kind([kind([("A", 0.5), ("B", 0.25)]), kind([("A", 1.0)])])
    read = read_schedule("w", schedule, "d")
    assert read.rows == [("A", "B"), ("A",)]


@pytest.mark.core
def test_named_tuples_are_tuples_and_symbols_are_strings():
    Target = collections.namedtuple("Target", "symbol weight")
    read = read_schedule("w", [[Target("A", 1.0), (Symbol("B"), 0.5), (np.str_("C"), 0.25)]], "d")
    assert read.rows == [("A", "B", "C")]


@pytest.mark.core
@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1.0), (True, 1.0), (np.int8(1), 1.0), (np.float32(0.5), 0.5), (2**60, 2.0**60)],
    ids=repr,
)
def test_a_weight_may_be_any_real_number(value, expected):
    assert read_schedule("w", [[("A", value)]], "d").values[0].tolist() == [expected]


@pytest.mark.core
@pytest.mark.parametrize(
    "value", [1, True, np.int8(1), np.uint64(2**63 - 1), -(2**63), 2**63 - 1], ids=repr
)
def test_a_price_may_be_any_integer_of_64_bits(value):
    assert read_schedule("p", [[("A", value)]], "q").values[0].tolist() == [int(value)]


# ---- what is refused, with the original's kinds of errors: spec/portfolio.md, section 2 ---------


@pytest.mark.core
@pytest.mark.parametrize(
    "schedule",
    [
        *(None, 1, 1.0, "AAPL", b"AAPL", {}, {"A": 1.0}, {("A", 1.0)}, frozenset(), object()),
        *(iter([]), (row for row in []), {}.items(), map(list, []), np.float64(1)),
    ],
    ids=lambda schedule: type(schedule).__name__,
)
def test_what_isnt_a_list_is_a_type_error(schedule):
    error = refused(schedule)
    assert isinstance(error, ArgumentTypeError)
    assert str(error) == f"weight_schedule must be a list, got {type(schedule).__name__}"


@pytest.mark.core
@pytest.mark.parametrize(
    "period",
    [None, 1, "A", b"A", {"A": 1.0}, {("A", 1.0)}, iter([("A", 1.0)]), (x for x in [])],
    ids=lambda period: type(period).__name__,
)
def test_a_period_that_isnt_a_list_is_a_type_error_that_names_it(period):
    error = refused([[("A", 1.0)], period])
    assert isinstance(error, ArgumentTypeError)
    assert str(error) == f"weight_schedule[1] must be a list, got {type(period).__name__}"


@pytest.mark.parametrize(
    "period",
    [
        np.array([["A", "1"], ["B", "2"]]),
        np.array([("A", 1.0), ("B", 2.0)], dtype="U1,f8"),
        np.ones((2, 2)),
        pd.Series([1.0, 2.0], index=["A", "B"]),
        pd.DataFrame({"symbol": ["A", "B"], "weight": [1.0, 2.0]}),
    ],
    ids=["strings", "records", "numbers", "series", "frame"],
)
def test_a_period_that_is_an_array_is_a_type_error_that_names_it(period):
    error = refused([[("A", 1.0)], period])
    assert isinstance(error, ArgumentTypeError)
    assert str(error).startswith("weight_schedule[1]")


@pytest.mark.core
@pytest.mark.parametrize("typecode", ["d", "q"])
@pytest.mark.parametrize(
    "pair",
    [["A", 1], "A1", b"A1", None, 1, {"A": 1, "B": 2}, {"A", 1}, np.array([1, 2])],
    ids=repr,
)
@pytest.mark.parametrize("place", [0, 1])
def test_a_pair_that_isnt_a_tuple_is_a_type_error_that_names_it(pair, place, typecode):
    period = [("Z", 1)]
    period.insert(place, pair)
    error = refused([[], [("A", 1)], period], typecode)
    assert isinstance(error, ArgumentTypeError)
    assert str(error).startswith(
        f"weight_schedule[2][{place}] must be a tuple (symbol, value), got {type(pair).__name__}"
    )


@pytest.mark.core
@pytest.mark.parametrize("pair", [(), ("A",), ("A", 1, 2), ("A", 1, 2, 3)])
@pytest.mark.parametrize("others", [0, 1])
def test_a_tuple_of_another_length_is_a_value_error_that_names_it(pair, others):
    error = refused([[], [*[("Z", 1.0)] * others, pair]])
    assert isinstance(error, ValidationError)
    assert not isinstance(error, TypeError | OverflowError)
    assert str(error) == (
        f"weight_schedule[1][{others}] must be a pair (symbol, value), got {len(pair)} items"
    )


NOT_WEIGHTS = ["1", "", None, 1j, [], [1.0], {}, np.array([1.0]), pd.NA, pd.NaT, b"1", object()]
NOT_PRICES = [*NOT_WEIGHTS, 1.0, np.float64(1), Decimal(1), np.True_, float("nan")]


@pytest.mark.core
@pytest.mark.parametrize(
    ("typecode", "value"),
    [*(("d", value) for value in NOT_WEIGHTS), *(("q", value) for value in NOT_PRICES)],
    ids=repr,
)
def test_a_value_of_another_kind_is_a_type_error_that_names_it(typecode, value):
    error = refused([[("A", 1)], [("A", 1), ("B", value)]], typecode)
    kind = {"d": "a number", "q": "an integer"}[typecode]
    assert isinstance(error, ArgumentTypeError)
    assert str(error) == f"weight_schedule[1][1] must have {kind} as its value, got {value!r}"


@pytest.mark.core
@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, np.uint64(2**63), 10**400], ids=str)
def test_cents_beyond_int64_are_an_overflow_error_that_names_them(value):
    error = refused([[], [("A", 1), ("B", value)]], "q")
    assert isinstance(error, RangeError)
    assert str(error) == f"weight_schedule[1][1] must have a value inside int64, got {value}"


def test_a_weight_beyond_floats_is_an_overflow_error_that_says_so():
    error = refused([[], [("A", 1.0), ("B", 10**400)]])
    assert isinstance(error, RangeError)
    assert str(error).startswith("weight_schedule[1][1] must ")
    assert "int64" not in str(error)


@pytest.mark.core
@pytest.mark.parametrize("typecode", ["d", "q"])
@pytest.mark.parametrize("symbol", ["ABCDEFGHI", "株式株", "A\ud800"])
def test_a_symbol_over_eight_bytes_is_a_value_error(symbol, typecode):
    error = refused([[("A", 1)], [("A", 1), (symbol, 1)]], typecode)
    assert isinstance(error, ValidationError)
    assert not isinstance(error, TypeError | OverflowError)
    assert repr(symbol) in str(error)


def test_a_symbol_that_is_too_long_is_told_of_with_its_place():
    error = refused([[("A", 1.0)], [("A", 1.0), ("ABCDEFGHI", 1.0)]])
    assert str(error).startswith("weight_schedule[1]")


@pytest.mark.core
@pytest.mark.parametrize("symbol", [1, 1.5, None, b"A", ("A",), ["A"], {"A": 1}, {"A"}], ids=repr)
@pytest.mark.parametrize("before", [[], [("A", 1.0)]], ids=["first", "second"])
def test_a_symbol_that_isnt_a_string_is_a_type_error_that_names_it(symbol, before):
    error = refused([before, [(symbol, 1.0)]])
    assert isinstance(error, ArgumentTypeError)
    assert str(error).startswith("weight_schedule[1]")
    assert repr(symbol) in str(error)


@pytest.mark.parametrize(
    "symbol", [np.array(["A", "B"]), pd.NA, pd.Series(["A", "B"])], ids=["array", "NA", "Series"]
)
@pytest.mark.parametrize("before", [[], [("A", 1.0)]], ids=["first", "second"])
def test_a_symbol_that_cant_even_be_compared_is_a_type_error(symbol, before):
    error = refused([before, [(symbol, 1.0)]])
    assert isinstance(error, ArgumentTypeError)
    assert str(error).startswith("weight_schedule[1]")


@pytest.mark.core
def test_the_first_fault_is_told_of():
    error = refused([[("A", 1.0)], [("B", "x"), ("C", None)], [("D", 1.0, 2.0)]])
    assert str(error).startswith("weight_schedule[1][0]")


# ---- whatever comes ----------------------------------------------------------------------------

oddments = st.sampled_from(
    [None, 1, 1.5, "A", "ABCDEFGHI", b"A", 1j, 2**70, True, pd.NA, [], (), {}, np.ones(2)]
)
pairs = st.one_of(
    st.tuples(names, st.floats()),
    st.tuples(oddments, oddments),
    st.lists(oddments, max_size=3).map(tuple),
    st.lists(oddments, max_size=2),
    oddments,
)
periods = st.one_of(st.lists(pairs, max_size=3), st.lists(pairs, max_size=3).map(tuple), oddments)


@given(st.one_of(st.lists(periods, max_size=3), oddments), st.sampled_from("dq"))
def test_whatever_comes_is_read_or_refused_by_us(schedule, typecode):
    try:
        read = read_schedule("w", schedule, typecode)
    except NanobookError:
        return
    for row, values, given_row in zip(read.rows, read.values, schedule, strict=True):
        assert all(isinstance(symbol, str) and len(symbol.encode()) <= 8 for symbol in row)
        assert isinstance(values, array)
        assert len(row) == len(values) == len(given_row)
        assert all(isinstance(pair, tuple) for pair in given_row)
