import math
from array import array
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nanobook.errors import ArgumentTypeError, NanobookError, RangeError, ValidationError
from nanobook.panel.arrays import (
    as_count,
    as_float,
    as_integer,
    as_matrix,
    as_vector,
    kernel_ready,
)

INT64 = st.integers(-(2**63), 2**63 - 1)
DTYPES = ("f8", "f4", "f2", "i8", "i4", "u8", "u1", "?", ">f8", ">i4")

#: Things that are no number, whatever one asks for.
NOT_NUMBERS = [
    *(None, "1", b"1", "", [], [1.0], (1,), {}, {1}, 1j, Decimal("1.5"), pd.NA, pd.NaT),
    *(np.array(1.0), np.array([1.0]), np.datetime64("2024"), pd.Timestamp("2024"), object, len),
]


def is_kernel_ready(matrix, dtype=np.float64):
    flags = matrix.flags
    good = flags.c_contiguous and flags.writeable and flags.aligned
    return type(matrix) is np.ndarray and matrix.dtype == dtype and good


# ---- one number --------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize(
    "value",
    [2, 2.0, True, np.int8(2), np.uint64(2), np.float32(2), np.float64(2), np.True_, Fraction(2)],
    ids=repr,
)
def test_a_real_number_becomes_a_float(value):
    number = as_float("x", value)
    assert type(number) is float
    assert number == value


@pytest.mark.core
@pytest.mark.parametrize("value", NOT_NUMBERS, ids=repr)
def test_what_isnt_a_number_is_refused_as_one(value):
    for convert in (as_float, as_integer, as_count):
        with pytest.raises(ArgumentTypeError, match=r"^cash must be "):
            convert("cash", value)


@pytest.mark.core
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan")], ids=repr)
def test_a_float_is_finite_unless_it_neednt_be(value):
    with pytest.raises(ValidationError, match=r"^cash must be finite, got (nan|-?inf)$") as caught:
        as_float("cash", value)
    assert not isinstance(caught.value, TypeError | OverflowError)
    assert math.isinf(value) == math.isinf(as_float("cash", value, finite=False))


@pytest.mark.parametrize("value", [10**400, -(10**400), Fraction(10**400, 3)], ids=["+", "-", "/"])
def test_a_number_too_large_for_a_float_is_refused_as_out_of_range(value):
    for convert in (as_float, lambda name, value: as_vector(name, [value])):
        with pytest.raises(RangeError, match=r"^cash "):
            convert("cash", value)


@pytest.mark.core
@given(st.floats(), st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_bounds_are_least_and_below(value, least, below):
    if least <= value < below:
        assert as_float("x", value, least=least, below=below, finite=False) == value
    else:
        with pytest.raises(RangeError, match=r"^x must be (at least|below) .*, got "):
            as_float("x", value, least=least, below=below, finite=False)


@pytest.mark.core
@pytest.mark.parametrize(
    "value", [7, True, np.int8(7), np.uint64(7), np.int64(-7), -(2**63), 2**63 - 1], ids=repr
)
def test_an_integer_becomes_an_int(value):
    number = as_integer("n", value)
    assert type(number) is int
    assert number == value


@pytest.mark.core
@pytest.mark.parametrize("value", [1.0, np.float64(1.0), Fraction(1), np.True_], ids=repr)
def test_a_number_that_is_only_whole_by_chance_is_no_integer(value):
    with pytest.raises(ArgumentTypeError, match=r"^n must be an integer, got "):
        as_integer("n", value)


@pytest.mark.core
@given(st.integers(-(2**65), 2**65), INT64, INT64)
def test_an_integer_keeps_to_its_range(value, least, most):
    if least <= value <= most:
        assert as_integer("n", value, least=least, most=most) == value
    else:
        rule = f"^n must lie between {least} and {most}, got {value}$"
        with pytest.raises(RangeError, match=rule):
            as_integer("n", value, least=least, most=most)


@pytest.mark.core
@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, np.uint64(2**63), 10**400], ids=str)
def test_an_integer_is_in_int64_unless_said_otherwise(value):
    with pytest.raises(RangeError):
        as_integer("n", value)


@pytest.mark.core
@pytest.mark.parametrize(("value", "least"), [(-1, 0), (0, 1), (2**63, 0)])
def test_a_count_isnt_below_its_least(value, least):
    with pytest.raises(RangeError, match=f"^n must lie between {least} and "):
        as_count("n", value, least=least)
    assert as_count("n", least, least=least) == least


# ---- vectors -----------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize(
    "values",
    [
        [1, 2],
        (1.0, 2.0),
        range(1, 3),
        array("d", [1, 2]),
        array("b", [1, 2]),
        memoryview(array("d", [1, 2])),
        [True, 2.0],
        [np.float32(1), np.int8(2)],
        [Fraction(1), 2],
        pd.Series([1, 2]),
        pd.Series([1, 2], dtype="Int64"),
        pd.Series([1.0, 2.0], dtype="Float64"),
        pd.Series([1, 2.0], dtype=object),
        pd.Index([1, 2]),
        np.ma.array([1.0, 2.0]),
        *(np.array([1, 2], dtype=dtype) for dtype in DTYPES if dtype != "?"),
        np.array([1, 9, 2, 9])[::2],
        np.array([[1.0, 9.0], [2.0, 9.0]])[:, 0],
    ],
    ids=repr,
)
def test_every_sequence_of_numbers_becomes_a_vector(values):
    vector = as_vector("returns", values)
    assert is_kernel_ready(vector)
    assert vector.tolist() == [1.0, 2.0]


@pytest.mark.core
@pytest.mark.parametrize("values", [[], (), np.empty(0), range(0), pd.Series([], dtype=float)])
def test_an_empty_vector_is_one(values):
    vector = as_vector("returns", values)
    assert is_kernel_ready(vector)
    assert vector.shape == (0,)


@pytest.mark.core
@pytest.mark.parametrize(
    "values",
    [
        *(None, "12", b"12", {1.0: 2.0}, {1.0}, frozenset([1.0]), 1.0, np.float64(1), object()),
        *((x for x in [1.0]), iter([1.0]), {1.0: 2}.keys(), len),
        *(["a"], ["1.0"], [1.0, "2"], [None], [1.0, None], [1j], [pd.NaT], [Decimal(1)], [b"1"]),
        *([[1.0], [2.0]], [[1.0], [2.0, 3.0]], [[]], np.ones((2, 2)), np.ones(()), [1.0, [2.0]]),
        *(np.array(["2024"], "M8[D]"), np.array([1j]), np.array(["a"]), np.zeros(1, "f8,i4")),
        *(pd.Series(["a"]), pd.Series(pd.to_datetime(["2024"])), pd.DataFrame({"a": [1.0]})),
        *(pd.Series([1, "a"]), pd.Series(["a"], dtype="category")),
    ],
    ids=lambda values: repr(values)[:30],
)
def test_what_isnt_a_sequence_of_numbers_is_refused_by_name(values):
    with pytest.raises(ArgumentTypeError, match=r"^returns must "):
        as_vector("returns", values)


@pytest.mark.core
def test_the_message_says_it_once():
    with pytest.raises(ArgumentTypeError) as caught:
        as_vector("returns", [1.0, None])
    assert str(caught.value) == "returns must hold real numbers, got NoneType None"


@pytest.mark.core
@pytest.mark.parametrize("dtype", ["Float64", "Int64", "Float32"])
def test_a_missing_value_of_pandas_is_nan(dtype):
    vector = as_vector("returns", pd.Series([1, None], dtype=dtype))
    np.testing.assert_array_equal(vector, [1.0, np.nan])


def test_a_masked_value_isnt_taken_for_a_number():
    # np.asarray would hand out what lies under the mask.
    masked = np.ma.array([1.0, 999.0], mask=[False, True])
    try:
        vector = as_vector("returns", masked)
    except ValidationError:
        return
    np.testing.assert_array_equal(vector, [1.0, np.nan])


# ---- matrices ----------------------------------------------------------------------------------


@pytest.mark.core
@given(
    hnp.arrays(
        st.sampled_from(DTYPES),
        hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4),
    ),
    st.sampled_from(["C", "F", "reversed", "read-only", "list"]),
)
def test_a_matrix_has_two_dimensions_and_the_same_values(given_array, layout):
    values = {
        "C": given_array,
        "F": np.asfortranarray(given_array),
        "reversed": given_array[::-1],
        "read-only": given_array.copy(),
        "list": given_array.tolist(),
    }[layout]
    if layout == "read-only":
        values.flags.writeable = False
    expected = given_array[::-1] if layout == "reversed" else given_array
    if np.ndim(values) == 2 and expected.ndim == 2:
        matrix = as_matrix("prices", values)
        assert is_kernel_ready(matrix)
        np.testing.assert_array_equal(matrix, expected.astype(np.float64))
    else:
        with pytest.raises(ArgumentTypeError, match=r"^prices must be a matrix, got an array"):
            as_matrix("prices", values)


@pytest.mark.core
def test_a_frame_becomes_a_matrix():
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, None]}, index=["x", "y"])
    np.testing.assert_array_equal(as_matrix("prices", frame), [[1.0, 0.5], [2.0, np.nan]])


@pytest.mark.core
def test_a_frame_of_several_dtypes_keeps_its_missing_values():
    frame = pd.DataFrame({"a": pd.array([1.0, None], dtype="Float64"), "b": [1, 2]})
    np.testing.assert_array_equal(as_matrix("returns", frame), [[1.0, 1.0], [np.nan, 2.0]])


@pytest.mark.core
@pytest.mark.parametrize("rows", [[[1.0], [2.0, 3.0]], [[1.0], "a"], [["a"]], [[None]], [{}], [[]]])
def test_rows_of_something_else_are_refused(rows):
    if rows == [[]]:
        assert as_matrix("prices", rows).shape == (1, 0)
        return
    with pytest.raises(ArgumentTypeError, match=r"^prices must "):
        as_matrix("prices", rows)


# ---- ready for a kernel ------------------------------------------------------------------------


@pytest.mark.core
def test_what_is_ready_isnt_copied():
    ready = np.zeros((3, 2))
    assert kernel_ready(ready) is ready
    assert as_matrix("x", ready) is ready
    assert as_vector("x", ready[0]).base is ready


@pytest.mark.core
@pytest.mark.parametrize("dtype", [np.float64, np.int64])
@pytest.mark.parametrize("source", DTYPES)
def test_other_dtypes_and_layouts_are_made_ready(source, dtype):
    values = np.array([[1, 0, 1], [0, 1, 1]], dtype=source)
    for layout in (values, np.asfortranarray(values), values[::-1, ::-1], values[:, 1:2]):
        ready = kernel_ready(layout, dtype)
        assert is_kernel_ready(ready, dtype)
        np.testing.assert_array_equal(ready, layout.astype(dtype))


@pytest.mark.core
def test_a_read_only_array_is_copied():
    frozen = np.frombuffer(np.arange(4.0).tobytes())
    ready = kernel_ready(frozen)
    ready[0] = 9.0
    assert frozen[0] == 0.0


@pytest.mark.core
def test_an_array_between_words_is_copied():
    # Numba takes an unaligned array for another type: another compile, of slower code.
    unaligned = np.frombuffer(bytearray(b"\0" + np.arange(4.0).tobytes()), np.float64, offset=1)
    assert not unaligned.flags.aligned
    assert is_kernel_ready(kernel_ready(unaligned))


# ---- whatever comes ----------------------------------------------------------------------------

scalars = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    *(
        st.complex_numbers(),
        st.binary(max_size=3),
        st.dates(),
        st.decimals(allow_nan=False),
        st.fractions(),
    ),
    st.sampled_from([pd.NA, pd.NaT, np.float32(1), np.int64(1), np.True_, object()]),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=1), inner, max_size=2),
        st.lists(inner, max_size=3).map(pd.Series),
    ),
    max_leaves=6,
)


@given(anything)
def test_whatever_comes_is_converted_or_refused_by_us(value):
    for convert in (as_vector, as_matrix, as_float, as_integer):
        try:
            result = convert("x", value)
        except NanobookError as error:
            result = error
        if isinstance(result, NanobookError):
            assert str(result).startswith("x must ")
        else:
            assert type(result) in (float, int, np.ndarray)
