"""Which rows belong together: the symbol of each, as a small code."""

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.jit import njit

__all__ = ["by_group", "read_groups"]

#: Labels of integers within so wide a range, such as locates, are coded without sorting.
_NARROW = 2**20


def read_groups(names, values, rows):
    """Return the group of each row of one or more columns, coded alike in all of them.

    Parameters
    ----------
    names : sequence of str
        The arguments' names, for messages.
    values : sequence of array_like or None
        Integers or words, such as locates or symbols; all None for one group of everything.
    rows : sequence of int
        How many rows each must have.

    Returns
    -------
    codes : list of ndarray
        C-ordered int64, from 0 on, in the order of the labels.
    labels : ndarray or None
        What the codes stand for; None if there's one group of everything.

    Raises
    ------
    ValidationError
        If some are given and some not, a length is wrong, or a label is missing.
    ArgumentTypeError
        If some are numbers and some words, or a label can't be one.
    """
    if all(value is None for value in values):
        return [np.zeros(count, np.int64) for count in rows], None
    columns = []
    for name, value, count in zip(names, values, rows, strict=True):
        if value is None:
            raise ValidationError(f"{name} must be given too, if {' or '.join(names)} is")
        column = np.asarray(value)
        if column.shape != (count,):
            raise ValidationError(
                f"{name} must have a label for each of {count} rows, got shape {column.shape}"
            )
        columns.append(column)
    if len({column.dtype.kind in "iufb" for column in columns if column.size}) > 1:
        raise ArgumentTypeError(f"{' and '.join(names)} must be of one kind, numbers or words")
    together = np.concatenate(columns) if len(columns) > 1 else columns[0]
    labels, codes = _coded(names, together)
    ends = np.cumsum(rows)[:-1]
    return np.split(codes.astype(np.int64, copy=False), ends), labels


def by_group(codes, groups):
    """Return rows in the order of their groups, and where each group begins.

    Parameters
    ----------
    codes : ndarray of shape (M,)
        As `read_groups` gives them.
    groups : int
        How many groups there are.

    Returns
    -------
    order : ndarray of shape (M,)
        Rows, those of one group in their own order.
    begin : ndarray of shape (groups + 1,)
        The place in `order` of each group's first row, and the end.
    """
    begin = np.zeros(groups + 1, np.int64)
    np.cumsum(np.bincount(codes, minlength=groups), out=begin[1:])
    order = np.empty(codes.size, np.int64)
    _by_group(codes, begin[:-1].copy(), order)
    return order, begin


@njit
def _by_group(codes, place, order):
    for at in range(codes.size):
        order[place[codes[at]]] = at
        place[codes[at]] += 1


def _coded(names, together):
    """Return distinct labels in their order, and the place among them of each row's."""
    if together.dtype.kind not in "iub":
        return _factorize(names, together)
    if together.dtype.kind == "i" and together.size:
        lowest, highest = int(together.min()), int(together.max())
        if highest - lowest < _NARROW:
            places = together.astype(np.int64) - lowest
            there = np.bincount(places) > 0
            labels = (np.flatnonzero(there) + lowest).astype(together.dtype)
            return labels, (np.cumsum(there) - 1)[places]
    return np.unique(together, return_inverse=True)


def _factorize(names, together):
    import pandas as pd

    if pd.isna(together).any():
        raise ValidationError(f"{' and '.join(names)} must have a label in every row")
    try:
        codes, labels = pd.factorize(together, sort=True)
    except TypeError as error:
        raise ArgumentTypeError(f"{' and '.join(names)} must be labels: {error}") from None
    return labels, codes
