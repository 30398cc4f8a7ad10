"""Scalars, vectors and matrices as callers give them, to what kernels take.

Kernels take writable C-ordered arrays of float64 or int64 and nothing else: another
layout or a read-only array would be another type, hence another compile.
"""

import math
import numbers
import operator
import sys
from collections.abc import Mapping, Set

import numpy as np

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError

__all__ = [
    "as_float",
    "as_integer",
    "as_count",
    "as_vector",
    "as_matrix",
    "kernel_ready",
]

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


def as_float(name, value, *, least=None, below=None, finite=True):
    """Return `value` as a float that keeps to the rule, or raise.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : float
        An int, float, bool or NumPy scalar.
    least : float, optional
        The smallest value allowed.
    below : float, optional
        The value must be smaller than this.
    finite : bool, default True
        Whether NaN and infinities are refused.

    Returns
    -------
    float
        The value.

    Raises
    ------
    ArgumentTypeError
        If `value` isn't a real number.
    ValidationError
        If it isn't finite; its child RangeError if it breaks a bound.
    """
    if not isinstance(value, numbers.Real | np.bool_):
        raise ArgumentTypeError(f"{name} must be a number, got {value!r}")
    try:
        number = float(value)
    except OverflowError:
        raise RangeError(f"{name} must fit in a float, got {_shorten(value)}") from None
    if finite and not math.isfinite(number):
        raise ValidationError(f"{name} must be finite, got {number}")
    if least is not None and not number >= least:
        raise RangeError(f"{name} must be at least {least}, got {number}")
    if below is not None and not number < below:
        raise RangeError(f"{name} must be below {below}, got {number}")
    return number


def as_integer(name, value, *, least=INT64_MIN, most=INT64_MAX):
    """Return `value` as an int within the range, or raise.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : int
        An int, bool or NumPy integer; a float isn't taken, not even 1.0.
    least, most : int, optional
        The range, by default that of int64.

    Returns
    -------
    int
        The value.

    Raises
    ------
    ArgumentTypeError
        If `value` isn't an integer.
    RangeError
        If it lies outside the range.
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise ArgumentTypeError(f"{name} must be an integer, got {value!r}") from None
    if not least <= number <= most:
        raise RangeError(f"{name} must lie between {least} and {most}, got {number}")
    return number


def as_count(name, value, *, least=0):
    """Return `value` as an int that isn't negative (or at least `least`), or raise.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : int
        An int, bool or NumPy integer.
    least : int, default 0
        The smallest value allowed.

    Returns
    -------
    int
        The value.

    Raises
    ------
    ArgumentTypeError
        If `value` isn't an integer.
    RangeError
        If it's below `least` or above the range of int64.
    """
    return as_integer(name, value, least=least)


def as_vector(name, values):
    """Return `values` as a float64 vector a kernel can take, or raise.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    values : array_like of shape (T,)
        Real numbers: a list, a tuple, an array, a Series.

    Returns
    -------
    ndarray of shape (T,)
        C-ordered, writable float64; the caller's own array where that is one already.

    Raises
    ------
    ArgumentTypeError
        If `values` isn't a sequence of real numbers.
    """
    array = _as_real_array(name, values)
    if array.ndim != 1:
        raise ArgumentTypeError(f"{name} must be a vector, got an array of shape {array.shape}")
    return kernel_ready(array)


def as_matrix(name, values):
    """Return `values` as a float64 matrix a kernel can take, or raise.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    values : array_like of shape (T, N)
        Real numbers: an array, a DataFrame, a list of rows.

    Returns
    -------
    ndarray of shape (T, N)
        C-ordered, writable float64; the caller's own array where that is one already.

    Raises
    ------
    ArgumentTypeError
        If `values` isn't a table of real numbers.
    """
    array = _as_real_array(name, values)
    if array.ndim != 2:
        hint = "; a Series has to_frame()" if array.ndim == 1 else ""
        raise ArgumentTypeError(
            f"{name} must be a matrix, got an array of shape {array.shape}{hint}"
        )
    return kernel_ready(array)


def kernel_ready(array, dtype=np.float64):
    """Return `array` C-ordered, writable and of one dtype; copies only where it must.

    Parameters
    ----------
    array : ndarray
        Any layout.
    dtype : dtype, default float64
        What the kernel takes.

    Returns
    -------
    ndarray
        The same values.
    """
    return np.require(array, dtype, ["C", "ALIGNED", "WRITEABLE", "ENSUREARRAY"])


def _as_real_array(name, values):
    if isinstance(values, str | bytes | Mapping | Set) or values is None:
        raise ArgumentTypeError(f"{name} must hold numbers, got {_shorten(values)}")
    if not hasattr(values, "__len__") and not hasattr(values, "__array__"):
        raise ArgumentTypeError(f"{name} must be a sequence or an array, got {_shorten(values)}")
    if isinstance(values, np.ma.MaskedArray):
        values = values.astype(np.float64).filled(np.nan)
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            f"{name} must hold numbers in rows of one length: {error}"
        ) from None
    if array.dtype.kind == "O":
        array = _from_objects(name, array)
    if array.dtype.kind not in "fiub":
        raise ArgumentTypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    return array


def _from_objects(name, array):
    """Take an object array whose elements are all real numbers or pandas' NA."""
    missing = getattr(sys.modules.get("pandas"), "NA", array)
    out = np.empty(array.shape)
    for place, element in np.ndenumerate(array):
        if element is missing:
            out[place] = np.nan
            continue
        if not isinstance(element, numbers.Real | np.bool_):
            raise ArgumentTypeError(f"{name} must hold real numbers, got {_shorten(element)}")
        out[place] = as_float(name, element, finite=False)
    return out


def _shorten(value):
    text = repr(value)
    return f"{type(value).__name__} {text[:40]}{'…' if len(text) > 40 else ''}"
