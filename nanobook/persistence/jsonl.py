"""Lines of text in a file, one record each, as JSON Lines has them; compressed by suffix."""

import gzip
import struct
import zlib
from itertools import islice
from pathlib import Path

from nanobook.errors import FileFormatError
from nanobook.persistence.atomic import atomic_write

__all__ = ["read_text", "write_lines"]

#: So many lines are joined at a time.
_TOGETHER = 10_000

#: Fast, and a tenth larger than at the usual level.
_GZIP_LEVEL = 3


def write_lines(path, lines):
    r"""Write lines to a file, atomically.

    Parameters
    ----------
    path : str or PathLike
        The file; compressed if its name ends in ``.gz``.
    lines : iterable of str
        Without line ends; each gets a ``\n``.
    """
    with atomic_write(path) as file:
        if _is_compressed(path):
            with gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as packed:
                _write(packed, iter(lines))
        else:
            _write(file, iter(lines))


def _write(file, lines):
    while some := list(islice(lines, _TOGETHER)):
        some.append("")
        file.write("\n".join(some).encode())


def read_text(path):
    """Read what the lines of a file are made of.

    Parameters
    ----------
    path : str or PathLike
        The file; compressed if its name ends in ``.gz``.

    Returns
    -------
    bytes
        Text in UTF-8, decompressed.

    Raises
    ------
    FileNotFoundError
        If there's no such file.
    FileFormatError
        If it's damaged, or holds what isn't UTF-8.
    """
    content = Path(path).read_bytes()
    if _is_compressed(path):
        try:
            if not content:
                raise EOFError("it is empty")
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error, struct.error) as error:
            raise FileFormatError(f"{path} isn't a whole gzip file: {error}") from None
    if not content.isascii():
        try:
            content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise FileFormatError(f"{path}: line {line}: must be UTF-8: {error.reason}") from None
    return content


def _is_compressed(path):
    return Path(path).suffix.lower() == ".gz"
