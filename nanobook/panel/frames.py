"""Labelled tables in, labelled tables out.

pandas is never imported here for its own sake: whoever passes a frame has it loaded, and
a result dresses itself in frames only when asked to.
"""

import sys

import numpy as np

from nanobook.errors import ValidationError
from nanobook.panel.arrays import as_matrix, as_vector, kernel_ready

__all__ = ["is_frame", "is_series", "read_table", "as_columns"]
__all__ += ["check_index", "check_labels", "shown_labels"]


def is_frame(table):
    """Return whether `table` is a pandas DataFrame, without importing pandas to find out.

    Parameters
    ----------
    table : object
        Anything.

    Returns
    -------
    bool
        True for a DataFrame.
    """
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(table, pandas.DataFrame)


def is_series(table):
    """Return whether `table` is a pandas Series, without importing pandas to find out.

    Parameters
    ----------
    table : object
        Anything.

    Returns
    -------
    bool
        True for a Series.
    """
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(table, pandas.Series)


def read_table(name, table):
    """Take a table of numbers apart into a matrix, its index and its columns.

    Parameters
    ----------
    name : str
        The argument's name, for messages.
    table : DataFrame or array_like of shape (T, N)
        A frame must have distinct columns and a sorted index without duplicates.

    Returns
    -------
    matrix : ndarray of shape (T, N)
        C-ordered float64.
    index : Index or None
        The frame's, None for an array.
    columns : Index or None
        The frame's, None for an array.

    Raises
    ------
    ValidationError
        If the table is empty, a column isn't numeric, or labels repeat or aren't sorted.
    ArgumentTypeError
        If it isn't a table of numbers at all.
    """
    if not is_frame(table):
        matrix = as_matrix(name, table)
        _refuse_empty(name, matrix)
        return matrix, None, None
    _refuse_empty(name, table)
    check_labels(name, table.columns)
    check_index(name, table.index)
    dtypes = list(table.dtypes)
    if any(getattr(dtype, "kind", "O") not in "fiub" for dtype in set(dtypes)):
        _refuse_columns(name, table, dtypes)
    plain = all(isinstance(dtype, np.dtype) for dtype in set(dtypes))
    missing = {} if plain else {"na_value": np.nan}
    matrix = table.to_numpy(dtype=np.float64, **missing)
    return kernel_ready(matrix), table.index, table.columns


def check_labels(name, labels):
    """Raise if a column's label stands twice.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    labels : Index
        The columns of a frame.

    Raises
    ------
    ValidationError
        If labels are missing or repeat; the message names what repeats.
    """
    if any(level.hasnans for level in getattr(labels, "levels", [labels])):
        raise ValidationError(f"{name} must have a name for every column, but one is missing")
    if not labels.is_unique:
        repeated = list(dict.fromkeys(labels[labels.duplicated()]))
        raise ValidationError(
            f"{name} must have distinct columns, but {shown_labels(repeated)} repeats"
        )


def check_index(name, index):
    """Raise if an index isn't strictly ascending.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    index : Index
        The rows of a frame.

    Raises
    ------
    ValidationError
        If labels are missing, repeat or go back; the message names the first of them.
    """
    if index.nlevels > 1:
        raise ValidationError(
            f"{name} must have dates as its index and symbols as its columns, but its index has "
            f"{index.nlevels} levels; call unstack() first"
        )
    if index.hasnans:
        where = int(np.flatnonzero(index.isna())[0])
        raise ValidationError(f"{name} must have a date in every row, but row {where} has none")
    if not index.is_unique:
        repeated = list(dict.fromkeys(index[index.duplicated()]))
        raise ValidationError(
            f"{name} must have one row a date, but {shown_labels(repeated)} repeats"
        )
    if not index.is_monotonic_increasing:
        values = list(index)
        try:
            where = next(i for i in range(1, len(values)) if not values[i - 1] < values[i])
        except (TypeError, StopIteration):
            raise ValidationError(
                f"{name} must have an index that has an order, got dtype {index.dtype}"
            ) from None
        raise ValidationError(
            f"{name} must be sorted by date, but {values[where]} comes after {values[where - 1]}; "
            "call sort_index() first"
        )


def as_columns(name, values):
    """Return `values` as a matrix, and a function that dresses a result the way they came.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    values : array_like of shape (T,) or (T, S), Series or DataFrame
        Real numbers; a vector becomes one column.

    Returns
    -------
    matrix : ndarray of shape (T, S)
        C-ordered, writable float64.
    dress : callable
        Takes a matrix of that shape; returns a vector, Series or DataFrame with the labels
        of `values`.

    Raises
    ------
    ArgumentTypeError
        If `values` doesn't hold real numbers in one or two dimensions.
    """
    if is_frame(values):
        from pandas import DataFrame

        labels = {"index": values.index, "columns": values.columns}
        return as_matrix(name, values), lambda out: DataFrame(out, copy=False, **labels)
    if getattr(values, "ndim", 1) == 2:
        return as_matrix(name, values), lambda out: out
    column = as_vector(name, values).reshape(-1, 1)
    if is_series(values):
        from pandas import Series

        labels = {"index": values.index, "name": values.name}
        return column, lambda out: Series(out[:, 0], copy=False, **labels)
    return column, lambda out: out[:, 0]


def _refuse_columns(name, table, dtypes):
    bad = [at for at, dtype in enumerate(dtypes) if getattr(dtype, "kind", "O") not in "fiub"]
    labels = [table.columns[at] for at in bad]
    raise ValidationError(
        f"{name} must hold numbers only, but {shown_labels(labels)} has dtype {dtypes[bad[0]]}"
    )


def _refuse_empty(name, table):
    rows, columns = table.shape
    if not rows or not columns:
        raise ValidationError(
            f"{name} must have at least one row and one column, got shape {table.shape}"
        )


def shown_labels(labels, most=5):
    """Return labels as a message names them: the first few, and how many more there are.

    Parameters
    ----------
    labels : list
        At least one.
    most : int, default 5
        How many are spelled out.

    Returns
    -------
    str
        Such as ``'A', 'B' and 3 more``.
    """
    text = ", ".join(
        repr(label if isinstance(label, str | int | float | tuple) else str(label))
        for label in labels[:most]
    )
    return text if len(labels) <= most else f"{text} and {len(labels) - most} more"
