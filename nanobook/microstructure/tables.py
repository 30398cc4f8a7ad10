"""Tables of book states and columns of trades as callers give them, to what kernels take.

A table has the shape (M, levels), the best level first, and quantity 0 where there's no level.
Where an argument came with an index, the result has it too.
"""

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.panel.arrays import as_count, as_vector, kernel_ready
from nanobook.panel.frames import is_frame, is_series

__all__ = ["dressed", "read_tables", "read_vectors"]


def read_tables(names, values, levels=None):
    """Return the best levels of tables of one shape, and the index they share.

    Parameters
    ----------
    names : sequence of str
        The arguments' names, for messages.
    values : sequence of array_like of shape (M,) or (M, K)
        The tables; a vector is one level.
    levels : int, optional
        How many levels are kept, all of them if not given.

    Returns
    -------
    tables : list of ndarray of shape (M, levels)
        C-ordered float64.
    index : Index or None
        That of the Series and frames among them.

    Raises
    ------
    ValidationError
        If the shapes or the indexes differ, or `levels` is more than there are.
    ArgumentTypeError
        If a value isn't a number.
    RangeError
        If `levels` is below 1.
    """
    tables = []
    for name, value in zip(names, values, strict=True):
        table = _as_array(name, value)
        if table.ndim not in (1, 2):
            raise ValidationError(f"{name} must have one or two axes, got shape {table.shape}")
        tables.append(table if table.ndim == 2 else table[:, None])
        if tables[-1].shape != tables[0].shape:
            raise ValidationError(
                f"{name} must have the shape of {names[0]}, "
                f"{tables[0].shape}, got {tables[-1].shape}"
            )
    if levels is not None:
        levels = as_count("levels", levels, least=1)
        most = tables[0].shape[1]
        if levels > max(1, most):
            raise ValidationError(f"levels must be at most {most}, got {levels}")
    kept = [_as_numbers(name, t[:, :levels]) for name, t in zip(names, tables, strict=True)]
    return kept, _shared_index(names, values)


def read_vectors(names, values):
    """Return columns of one length as vectors, and the index they share.

    Parameters
    ----------
    names : sequence of str
        The arguments' names, for messages.
    values : sequence of array_like of shape (M,)
        The columns.

    Returns
    -------
    vectors : list of ndarray of shape (M,)
        C-ordered float64.
    index : Index or None
        That of the Series among them.

    Raises
    ------
    ValidationError
        If the lengths or the indexes differ.
    ArgumentTypeError
        If one isn't a sequence of real numbers.
    """
    vectors = [as_vector(name, value) for name, value in zip(names, values, strict=True)]
    for name, vector in zip(names, vectors, strict=True):
        if vector.size != vectors[0].size:
            raise ValidationError(
                f"{name} must be as long as {names[0]}, {vectors[0].size}, got {vector.size}"
            )
    return vectors, _shared_index(names, values)


def dressed(out, index, name):
    """Return a result with the index that its arguments had.

    Parameters
    ----------
    out : ndarray of shape (M,) or (M, K)
        The bare result.
    index : Index or None
        What `read_tables` or `read_vectors` found.
    name : str
        What a Series is called.

    Returns
    -------
    ndarray, Series or DataFrame
        `out` itself without an index; the columns of a frame are the levels, from 1.
    """
    if index is None:
        return out
    import pandas as pd

    if out.ndim == 1:
        return pd.Series(out, index=index, name=name, copy=False)
    levels = pd.RangeIndex(1, out.shape[1] + 1, name="level")
    return pd.DataFrame(out, index=index, columns=levels, copy=False)


def _as_array(name, value):
    try:
        if is_frame(value) or is_series(value):
            return value.to_numpy(np.float64, na_value=np.nan)
        if isinstance(value, np.ma.MaskedArray):
            return value.astype(np.float64).filled(np.nan)
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(f"{name} must be numbers: {error}") from None
    if array.dtype.kind not in "fiubO":
        raise ArgumentTypeError(f"{name} must be numbers, got dtype {array.dtype}")
    return array


def _as_numbers(name, table):
    try:
        return kernel_ready(table)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(f"{name} must be numbers: {error}") from None


def _shared_index(names, values):
    """Return the index of what is labelled, or None; raise if there are two that differ."""
    found = None
    for name, value in zip(names, values, strict=True):
        if not (is_frame(value) or is_series(value)):
            continue
        if found is None:
            found, owner = value.index, name
        elif not (value.index is found or value.index.equals(found)):
            raise ValidationError(
                f"{name} must have the index of {owner}; reindex one of them, or pass arrays"
            )
    return found
