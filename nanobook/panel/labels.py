"""An index of dates, numbers or strings as plain arrays, and back: for files without pickle."""

import numpy as np

from nanobook.errors import FileFormatError, ValidationError

__all__ = ["labels_to_arrays", "labels_from_arrays", "labels_equal"]


def labels_to_arrays(key, labels):
    """Take an index apart into a description and an array.

    Parameters
    ----------
    key : str
        The name to store it under.
    labels : Index or None
        Dates, numbers or strings.

    Returns
    -------
    description : dict
        What JSON can hold: kind, name, time zone.
    arrays : dict of ndarray
        The values, under `key`; empty for None.

    Raises
    ------
    ValidationError
        If labels are of a kind that can't be stored without pickling.
    """
    if labels is None:
        return {"kind": "none"}, {}
    name = labels.name if isinstance(labels.name, str | int | float | None) else str(labels.name)
    if hasattr(labels, "tz"):
        zone = None if labels.tz is None else str(labels.tz)
        described = {"kind": "dates", "name": name, "zone": zone, "unit": labels.unit}
        arrays = {key: np.array(labels.asi8)}
        if zone is not None:
            _check_zone(key, labels, described, arrays)
        return described, arrays
    if isinstance(labels.dtype, np.dtype) and labels.dtype.kind in "iufb":
        return {"kind": "numbers", "name": name}, {key: np.array(labels)}
    values = list(labels)
    fine = [isinstance(value, str) and not value.endswith("\0") for value in values]
    if all(fine):  # an array of strings would lose zeros at their ends
        return {"kind": "strings", "name": name}, {key: np.array(values, dtype=np.str_)}
    odd = values[fine.index(False)]
    raise ValidationError(
        "labels must be dates, numbers or strings to be saved, "
        f"got {type(odd).__name__} {odd!r} of dtype {labels.dtype}; pd.to_datetime, "
        "to_timestamp() or astype(str) makes them so"
    )


def _check_zone(key, labels, description, arrays):
    """Raise if a time zone can't be found again by its name, or another one is found."""
    try:
        back = labels_from_arrays(key, description, arrays)
    except FileFormatError:
        back = None
    if back is None or not back.tz_localize(None).equals(labels.tz_localize(None)):
        raise ValidationError(
            "labels must be dates, numbers or strings to be saved, and dates of a zone that its "
            f"name tells, got {labels.tz!r}; call tz_convert first"
        )


def labels_from_arrays(key, description, arrays):
    """Put an index together again.

    Parameters
    ----------
    key : str
        The name it was stored under.
    description : dict
        As `labels_to_arrays` gave it.
    arrays : mapping of ndarray
        The file's arrays.

    Returns
    -------
    Index or None
        The labels.

    Raises
    ------
    FileFormatError
        If the description is of no known kind, or doesn't fit the arrays.
    """
    try:
        return _put_together(description, arrays.get(key))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise FileFormatError(f"labels of {key} can't be read: {error!r}") from None


def _put_together(description, values):
    kind = description["kind"]
    if kind == "none":
        return None
    import pandas as pd

    if kind == "dates":
        dates = pd.DatetimeIndex(values.view(f"M8[{description['unit']}]"))
        if description["zone"] is not None:
            dates = dates.tz_localize("UTC").tz_convert(description["zone"])
        return dates.rename(description["name"])
    if kind == "numbers":
        return pd.Index(values, name=description["name"])
    if kind == "strings":
        return pd.Index(values.tolist(), name=description["name"])
    raise ValueError(f"unknown kind {kind!r}")


def labels_equal(left, right):
    """Return whether two indexes, or None, hold the same labels in the same order.

    Parameters
    ----------
    left, right : Index or None
        What to compare.

    Returns
    -------
    bool
        True if equal.
    """
    if left is None or right is None:
        return left is right
    return bool(left.equals(right))
