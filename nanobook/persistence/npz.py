"""Arrays and a JSON header in one file, in NumPy's own format, never pickled."""

import json

import numpy as np

from nanobook.errors import FileFormatError, ValidationError
from nanobook.persistence.atomic import atomic_write

__all__ = ["read_npz", "write_npz"]

_HEADER = "header"


def write_npz(path, kind, header, arrays):
    """Write arrays and a header to a file, atomically.

    Parameters
    ----------
    path : str or PathLike
        The file; no suffix is added.
    kind : str
        What the file holds; `read_npz` asks for it by this name.
    header : dict
        What JSON can hold.
    arrays : dict of ndarray
        Of plain or struct dtype, without objects.

    Raises
    ------
    ValidationError
        If an array holds objects: they would have to be pickled.
    """
    for name, array in arrays.items():
        if np.asarray(array).dtype.hasobject:
            raise ValidationError(f"{name} must hold no objects to be saved, got {array.dtype}")
    text = json.dumps({"kind": kind, "version": 1, **header})
    with atomic_write(path) as file:
        np.savez_compressed(file, **{_HEADER: np.frombuffer(text.encode(), np.uint8)}, **arrays)


def read_npz(path, kind):
    """Read what `write_npz` wrote.

    Parameters
    ----------
    path : str or PathLike
        The file.
    kind : str
        What it should hold.

    Returns
    -------
    header : dict
        The header.
    arrays : dict of ndarray
        The arrays.

    Raises
    ------
    FileNotFoundError
        If there's no such file.
    FileFormatError
        If it isn't such a file, is damaged, or comes from a newer version.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: _array(file, name) for name in file.files}
        header = json.loads(arrays.pop(_HEADER).tobytes())
        found, version = header["kind"], header["version"]
    except FileNotFoundError:
        raise
    except Exception as error:  # of zip, zlib, tokenizer, memory: damage has many names
        raise FileFormatError(f"{path} isn't a whole nanobook {kind} file: {error!r}") from None
    if found != kind or version != 1:
        raise FileFormatError(f"{path} holds {found!r} version {version}, expected {kind!r} 1")
    return header, arrays


def _array(file, name):
    """Read one member, which NumPy gives as bytes where it isn't an array."""
    member = file[name]
    if not isinstance(member, np.ndarray):
        raise TypeError(f"{name} is no array")
    return member
