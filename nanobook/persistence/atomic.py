"""Write a file beside its place, then move it there: whole or not at all."""

import contextlib
import errno
import os
import secrets
import shutil
from pathlib import Path

__all__ = ["atomic_write"]


@contextlib.contextmanager
def atomic_write(path):
    """Give a binary file to write to; it takes the place of `path` when the block has ended.

    Parameters
    ----------
    path : str or PathLike
        Where the file shall be; an old one stays untouched until then, or if the block raises.
        The new one has the old one's mode.

    Yields
    ------
    file object
        Open for writing bytes.

    Raises
    ------
    FileNotFoundError
        If the folder it shall be in doesn't exist.
    """
    path = Path(path)
    beside = path.with_name(f".nanobook-{secrets.token_hex(6)}.part")
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
    try:
        with open(beside, "wb") as file:
            with contextlib.suppress(OSError):
                shutil.copymode(path, beside)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
