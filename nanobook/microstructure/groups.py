"""Which rows belong together: the symbol of each, as a small code."""

import numpy as np

from nanobook.errors import ArgumentTypeError, ValidationError

__all__ = ["read_groups"]


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
        If labels of different kinds have no order.
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
    together = np.concatenate(columns) if len(columns) > 1 else columns[0]
    if together.dtype.kind in "iub":
        labels, codes = np.unique(together, return_inverse=True)
    else:
        labels, codes = _factorize(names, together)
    ends = np.cumsum(rows)[:-1]
    return np.split(codes.astype(np.int64), ends), labels


def _factorize(names, together):
    import pandas as pd

    if pd.isna(together).any():
        raise ValidationError(f"{' and '.join(names)} must have a label in every row")
    try:
        codes, labels = pd.factorize(together, sort=True)
    except TypeError as error:
        raise ArgumentTypeError(f"{' and '.join(names)} must be of one kind: {error}") from None
    return labels, codes
