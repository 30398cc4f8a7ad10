import datetime
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nanobook
from nanobook.errors import ArgumentTypeError, NanobookError, ValidationError
from nanobook.panel.frames import (
    as_columns,
    check_index,
    check_labels,
    is_frame,
    is_series,
    read_table,
)

DAYS = pd.date_range("2024-01-01", periods=4, freq="D")


def frame(index=DAYS, columns=("A", "B"), **dtypes):
    """Make a frame of 0.5, 1.5, ... with the index and columns given."""
    cells = np.arange(len(index) * len(columns)).reshape(len(index), len(columns)) + 0.5
    return pd.DataFrame(cells, index=index, columns=list(columns)).astype(dtypes)


# ---- what is a table ---------------------------------------------------------------------------


@pytest.mark.core
def test_frames_and_series_are_told_apart():
    table, column, plain = frame(), frame()["A"], np.ones((2, 2))
    assert [is_frame(thing) for thing in (table, column, plain, None, pd)] == [
        *(True, False, False, False, False)
    ]
    assert [is_series(thing) for thing in (table, column, plain, None, pd)] == [
        *(False, True, False, False, False)
    ]


@pytest.mark.core
def test_asking_doesnt_load_pandas():
    code = (
        "import sys; from nanobook.panel.frames import is_frame, is_series, read_table\n"
        "assert not is_frame(1) and not is_series([1])\n"
        "assert read_table('x', [[1.0]])[1:] == (None, None)\n"
        "assert 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(nanobook.__file__).parents[1])


@pytest.mark.core
def test_a_frame_gives_matrix_index_and_columns():
    table = frame()
    matrix, index, columns = read_table("prices", table)
    assert matrix.flags.c_contiguous
    assert matrix.flags.writeable
    np.testing.assert_array_equal(matrix, table.to_numpy())
    assert index is table.index
    assert columns.equals(table.columns)


@pytest.mark.core
def test_an_array_gives_a_matrix_only():
    for table in (np.ones((2, 3)), [[1, 1, 1], [1, 1, 1]], np.ones((3, 2), np.int8).T):
        matrix, index, columns = read_table("prices", table)
        assert (matrix.tolist(), index, columns) == ([[1.0] * 3] * 2, None, None)


@pytest.mark.core
@pytest.mark.parametrize(
    "table", [None, 1.0, "prices.csv", [1.0], frame()["A"], {"A": [1.0]}, [["a"]], np.ones(3)]
)
def test_what_isnt_a_table_is_refused(table):
    with pytest.raises(ArgumentTypeError, match=r"^prices must "):
        read_table("prices", table)


@pytest.mark.core
@pytest.mark.parametrize("shape", [(0, 0), (0, 2), (2, 0)])
def test_an_empty_table_is_refused(shape):
    for table in (np.empty(shape), pd.DataFrame(np.empty(shape))):
        with pytest.raises(ValidationError) as caught:
            read_table("prices", table)
        assert str(caught.value) == (
            f"prices must have at least one row and one column, got shape {shape}"
        )


@pytest.mark.core
@given(st.integers(1, 4), st.integers(1, 3))
def test_small_tables_are_tables(rows, columns):
    table = frame(range(rows), range(columns))
    assert read_table("prices", table)[0].tolist() == table.to_numpy().tolist()


# ---- what cells may hold -----------------------------------------------------------------------

NUMERIC = [
    *("int8", "uint8", "int64", "uint64", "float16", "float32", "float64", "bool"),
    *("Int8", "UInt16", "Int64", "Float32", "Float64", "boolean", "Sparse[float64]"),
    *("double[pyarrow]", "int64[pyarrow]", "bool[pyarrow]"),
]
NULLABLE = [dtype for dtype in NUMERIC if dtype[0] in "IUFbd" and dtype not in ("bool",)]


def column(values, dtype):
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    return pd.Series(values, index=DAYS[: len(values)]).astype(dtype)


@pytest.mark.core
@pytest.mark.parametrize("dtype", NUMERIC)
def test_every_numeric_dtype_is_read(dtype):
    table = pd.DataFrame({"A": column([1, 0], dtype), "B": [0.5, 2.0]})
    matrix, _, _ = read_table("prices", table)
    assert matrix.dtype == np.float64
    assert matrix.tolist() == [[1.0, 0.5], [0.0, 2.0]]
    assert read_table("prices", table[["A"]])[0].tolist() == [[1.0], [0.0]]


@pytest.mark.core
@pytest.mark.parametrize("dtype", ["Int8", "Int64", "Float64", "boolean", "double[pyarrow]"])
def test_a_missing_value_is_nan_whatever_its_dtype(dtype):
    missing = column([1, None], "Int64").astype(dtype)
    for table in (pd.DataFrame({"A": missing}), pd.DataFrame({"A": missing, "B": [0.5, 2.0]})):
        matrix, _, _ = read_table("prices", table)
        assert matrix[0, 0] == 1.0
        assert np.isnan(matrix[1, 0])
        assert not np.isnan(matrix[:, 1:]).any()


@pytest.mark.core
@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["1.0", "2.0"], "str"),
        (["1.0", "2.0"], "string"),
        ([1.0, 2.0], "object"),
        ([1.0, "2.0"], "object"),
        ([1.0, 2.0], "category"),
        ([1, 2], "datetime64[ns]"),
        ([1, 2], "timedelta64[ns]"),
        ([1.0, 2.0], "complex128"),
        ([None, None], "object"),
    ],
)
def test_a_column_that_isnt_numeric_is_refused_by_its_name(values, dtype):
    table = pd.DataFrame({"A": [1.0, 2.0], "B": pd.Series(values).astype(dtype)})
    with pytest.raises(ValidationError) as caught:
        read_table("prices", table)
    assert str(caught.value) == (
        f"prices must hold numbers only, but 'B' has dtype {table['B'].dtype}"
    )


@pytest.mark.core
def test_of_many_bad_columns_five_are_named():
    table = pd.DataFrame({f"C{i}": ["x"] for i in range(8)})
    rule = r"but 'C0', 'C1', 'C2', 'C3', 'C4' and 3 more has dtype"
    with pytest.raises(ValidationError, match=rule):
        read_table("prices", table)


# ---- what labels may be ------------------------------------------------------------------------

GOOD_INDEXES = [
    DAYS,
    DAYS.tz_localize("UTC"),
    DAYS.tz_localize("America/New_York"),
    pd.DatetimeIndex(["2024-01-01"]),
    DAYS.to_period("D"),
    pd.period_range("2024", periods=3, freq="M"),
    pd.timedelta_range("1h", periods=3),
    pd.RangeIndex(3),
    pd.Index([1, 5, 9]),
    pd.Index([1, 5, 9], dtype="Int64"),
    pd.Index([0.5, 1.5]),
    pd.Index(["2024-01-01", "2024-01-02"]),
    pd.Index([datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)]),
]


@pytest.mark.core
@pytest.mark.parametrize("index", GOOD_INDEXES, ids=lambda index: str(index.dtype))
def test_every_kind_of_sorted_index_is_kept(index):
    check_index("prices", index)
    table = frame(index)
    _, kept, _ = read_table("prices", table)
    assert kept is table.index
    if len(index) > 1:
        with pytest.raises(ValidationError, match=r"^prices must be sorted by date, but "):
            check_index("prices", index[::-1])
        with pytest.raises(ValidationError, match=r"^prices must have one row a date, but "):
            check_index("prices", index.repeat(2))


@pytest.mark.core
@given(st.lists(st.sampled_from([*range(6), None]), min_size=1, max_size=6))
def test_an_index_is_legal_if_it_ascends_strictly(days):
    """Missing dates are told of first, then repeated ones, then the first that goes back."""
    origin = pd.Timestamp("2024-01-01")
    dates = [pd.NaT if day is None else origin + pd.Timedelta(days=day) for day in days]
    index = pd.DatetimeIndex(dates)
    if None in days:
        rule = f"prices must have a date in every row, but row {days.index(None)} has none"
    elif repeated := [d for i, d in enumerate(days) if d in days[:i]]:
        first = origin + pd.Timedelta(days=repeated[0])
        rule = f"prices must have one row a date, but '{first}'"
    elif fallen := [i for i in range(1, len(days)) if days[i] < days[i - 1]]:
        rule = (
            f"prices must be sorted by date, but {dates[fallen[0]]} comes after "
            f"{dates[fallen[0] - 1]}; call sort_index() first"
        )
    else:
        check_index("prices", index)
        return
    with pytest.raises(ValidationError) as caught:
        check_index("prices", index)
    assert str(caught.value).startswith(rule)


@pytest.mark.core
@pytest.mark.parametrize(
    "index",
    [
        pd.Index([np.nan, 1.0]),
        pd.Index([1, None], dtype="Int64"),
        pd.Index(["a", None]),
        pd.DatetimeIndex(["2024-01-01", None]),
        pd.PeriodIndex(["2024-01", None], freq="M"),
    ],
    ids=lambda index: str(index.dtype),
)
def test_a_row_without_a_label_is_refused(index):
    rule = rf"^prices must have a date in every row, but row {int(index.isna().argmax())} has none"
    with pytest.raises(ValidationError, match=rule):
        read_table("prices", frame(index))


@pytest.mark.core
@pytest.mark.parametrize(
    "index",
    [
        pd.MultiIndex.from_tuples([("2024-01-01", "A"), ("2024-01-01", "B")]),
        pd.Index([1, "a"]),
        pd.Index(["a", 1]),
        pd.Index([datetime.date(2024, 1, 1), "2024-01-02"]),
        pd.CategoricalIndex(["a", "b"], categories=["b", "a"], ordered=True),
    ],
    ids=["pairs", "mixed", "mixed the other way", "dates and strings", "against its categories"],
)
def test_an_index_without_an_order_is_refused(index):
    # A long frame (date and symbol in the index) is the likeliest of all mistakes.
    with pytest.raises(ValidationError, match=r"^prices must "):
        read_table("prices", frame(index))


@pytest.mark.core
@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (["A", "B", "A"], "'A'"),
        (["A", "B", "B", "A"], "'B', 'A'"),
        ([1, 1], "1"),
        ([("a", 1), ("a", 1)], r"\('a', 1\)"),
        (list("AABBCCDDEEFF"), "'A', 'B', 'C', 'D', 'E' and 1 more"),
    ],
)
def test_repeated_columns_are_refused_by_name(columns, shown):
    table = frame(columns=columns)
    rule = f"^prices must have distinct columns, but ({shown}) repeats$"
    with pytest.raises(ValidationError, match=rule):
        read_table("prices", table)
    with pytest.raises(ValidationError, match=rule):
        check_labels("prices", table.columns)


@pytest.mark.core
@pytest.mark.parametrize("columns", [["A", "a"], [1, "1"], [1, 2.5], [("a", 1), ("a", 2)]])
def test_columns_may_be_anything_distinct(columns):
    assert list(read_table("prices", frame(columns=columns))[2]) == columns


labels = st.lists(st.sampled_from([0, 1, 2, "a", "b", None]), max_size=3)


@given(labels, labels, st.sampled_from([0.5, 1, True, "x", None, pd.NA]))
def test_whatever_a_frame_holds_it_is_read_or_refused_by_us(index, columns, cell):
    table = pd.DataFrame([[cell] * len(columns)] * len(index), index=index, columns=columns)
    try:
        matrix, _, _ = read_table("prices", table)
    except NanobookError as error:
        assert str(error)[:12] == "prices must "  # noqa: PT017
    else:
        assert matrix.shape == (len(index), len(columns))


# ---- columns that go out as they came in ---------------------------------------------------------


@pytest.mark.core
def test_a_vector_becomes_a_column_and_goes_out_as_a_vector():
    for values in ([1, 2, 3], (1.0, 2.0, 3.0), range(1, 4), np.array([1.0, 2.0, 3.0])):
        matrix, dress = as_columns("returns", values)
        assert matrix.tolist() == [[1.0], [2.0], [3.0]]
        assert matrix.flags.c_contiguous
        assert matrix.flags.writeable
        dressed = dress(matrix * 2)
        assert type(dressed) is np.ndarray
        assert dressed.tolist() == [2.0, 4.0, 6.0]


@pytest.mark.core
def test_a_matrix_goes_out_as_a_matrix():
    matrix, dress = as_columns("returns", np.ones((3, 2), np.int8).T)
    assert matrix.shape == (2, 3)
    assert dress(matrix) is matrix


@pytest.mark.core
@pytest.mark.parametrize("dtype", ["float64", "int64", "Float64", "Int64"])
def test_series_and_frames_go_out_with_their_labels(dtype):
    table = frame(index=DAYS, columns=("A", "B")).round().astype(dtype).rename_axis("date")
    for given_table in (table, table["A"], table["A"].rename(None), table[::-1]):
        matrix, dress = as_columns("returns", given_table)
        assert matrix.shape == (4, 1 if given_table.ndim == 1 else 2)
        dressed = dress(matrix)
        assert type(dressed) is type(given_table)
        assert dressed.equals(given_table.astype("float64"))
        assert dressed.index.equals(given_table.index)
        assert dressed.index.name == "date"
        if given_table.ndim == 1:
            assert dressed.name == given_table.name


@pytest.mark.core
@pytest.mark.parametrize("dtype", ["Float64", "Int64", "double[pyarrow]"])
def test_missing_values_of_all_dtypes_are_nan_in_columns_too(dtype):
    missing = column([1, None], "Int64").astype(dtype)
    for values in (missing, pd.DataFrame({"A": missing}), pd.DataFrame({"A": missing, "B": 0.5})):
        matrix, _ = as_columns("returns", values)
        assert np.isnan(matrix[:, 0]).tolist() == [False, True]


@pytest.mark.core
@pytest.mark.parametrize(
    "values", [None, 1.0, "ab", [[1.0], [2.0]], np.ones((1, 1, 1)), np.ones(()), ["a"], {"A": 1}]
)
def test_what_has_no_columns_is_refused(values):
    with pytest.raises(ArgumentTypeError, match=r"^returns must "):
        as_columns("returns", values)
