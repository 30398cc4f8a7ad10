"""What a panel was labelled with, and results dressed the same way."""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.panel.arrays import as_matrix, as_vector
from nanobook.panel.frames import is_frame, is_series

__all__ = ["Labels", "read_panel", "read_panels", "shared_panel"]


class Labels:
    """The index and the columns of a panel, or that it had none.

    Parameters
    ----------
    table : object
        The argument as the caller gave it.
    """

    def __init__(self, table):
        self.is_vector = not is_frame(table) and getattr(table, "ndim", 1) != 2
        self.index = table.index if is_frame(table) or is_series(table) else None
        self.columns = table.columns if is_frame(table) else None
        self.name = table.name if is_series(table) else None

    def same_as(self, other):
        """Return whether two panels can stand beside each other, label by label.

        Parameters
        ----------
        other : Labels
            Of a panel of the same shape.

        Returns
        -------
        bool
            True where labels are equal, or one of the two has none.
        """
        pairs = (self.index, other.index), (self.columns, other.columns)
        return all(
            left is None or right is None or left is right or left.equals(right)
            for left, right in pairs
        )

    def like(self, out):
        """Dress a matrix of the panel's shape as the panel was.

        Parameters
        ----------
        out : ndarray of shape (T, N)
            The values.

        Returns
        -------
        ndarray, Series or DataFrame
            A vector for a vector.
        """
        if self.columns is not None:
            from pandas import DataFrame

            return DataFrame(out, index=self.index, columns=self.columns, copy=False)
        out = out[:, 0] if self.is_vector else out
        if self.index is not None:
            from pandas import Series

            return Series(out, index=self.index, name=self.name, copy=False)
        return out

    def per_asset(self, values, name):
        """Dress one value a column.

        Parameters
        ----------
        values : ndarray of shape (N,)
            The values.
        name : str
            What a Series of them is called.

        Returns
        -------
        scalar, ndarray or Series
            A plain number for a vector, a Series for a frame.
        """
        if self.is_vector:
            return values[0].item() if isinstance(values[0], np.generic) else values[0]
        if self.columns is None:
            return values
        from pandas import Series

        return Series(values, index=self.columns, name=name)

    def rows(self, values, fields, name=None):
        """Dress several figures a column as a table.

        Parameters
        ----------
        values : ndarray of shape (N, M)
            The figures.
        fields : sequence of length M
            Their names.
        name : str, optional
            What a Series is called where the panel had no name of its own.

        Returns
        -------
        Series or DataFrame
            A Series by field for a vector; a row for each column otherwise.
        """
        import pandas as pd

        if self.is_vector:
            label = name if self.name is None else self.name
            return pd.Series(values[0], index=list(fields), name=label)
        return pd.DataFrame(values, index=self.columns, columns=list(fields))


def read_panel(name, table):
    """Return a panel as a matrix, and its labels.

    Parameters
    ----------
    name : str
        The argument's name, for messages.
    table : array_like of shape (T,) or (T, N), Series or DataFrame
        Real numbers; a vector becomes one column.

    Returns
    -------
    matrix : ndarray of shape (T, N)
        C-ordered, writable float64.
    labels : Labels
        What to dress results with.

    Raises
    ------
    ArgumentTypeError
        If `table` doesn't hold real numbers in one or two dimensions.
    """
    labels = Labels(table)
    if labels.is_vector:
        return as_vector(name, table).reshape(-1, 1), labels
    return as_matrix(name, table), labels


def read_panels(**tables):
    """Return panels that stand beside each other as matrices of one shape, and their labels.

    Parameters
    ----------
    **tables
        The arguments by name; None is passed on.

    Returns
    -------
    matrices : list of ndarray of shape (T, N)
        In the order given, None where the argument was.
    labels : Labels
        The first panel's that has labels, else the first's.

    Raises
    ------
    ArgumentTypeError
        If an argument doesn't hold real numbers in one or two dimensions.
    ValidationError
        If shapes or labels differ.
    """
    read = {name: read_panel(name, t) for name, t in tables.items() if t is not None}
    first, *others = read
    for other in others:
        if read[other][0].shape != read[first][0].shape:
            shapes = [read[name][0].shape for name in (first, other)]
            raise ValidationError(
                f"{other} must have the shape of {first}, {shapes[0]}, got {shapes[1]}"
            )
    labels = shared_panel({name: labels for name, (_, labels) in read.items()})
    return [None if t is None else read[name][0] for name, t in tables.items()], labels


def shared_panel(labels):
    """Return the labels that panels share.

    Parameters
    ----------
    labels : dict of str to Labels
        Of panels of one shape, by argument.

    Returns
    -------
    Labels
        The first that has an index or columns, else the first.

    Raises
    ------
    ValidationError
        If two panels are labelled differently.
    """
    names = list(labels)
    labelled = [name for name in names if labels[name].index is not None]
    for name in labelled[1:]:
        if not labels[name].same_as(labels[labelled[0]]):
            raise ValidationError(
                f"{name} must have the index and columns of {labelled[0]}; "
                "reindex one of them, or pass arrays"
            )
    return labels[(labelled or names)[0]]
