"""How nanobook compiles: the flags, and a cache folder that is never stale.

Numba looks only at a kernel's own file when it decides whether a cached compile is
still good, so an edited callee would leave its callers running the old code. The
folder is therefore named after the Numba version, the processor and a hash of all
kernel sources: change anything a kernel could be made of, and the folder is another.

The folder is set only around our own decorators and put back afterwards, so a user's
``@njit(cache=True)`` functions stay where they were.
"""

import hashlib
import os
import stat
import sys
import tempfile
import threading
import warnings
from functools import cache
from pathlib import Path

import llvmlite.binding
import numba

__all__ = ["njit", "prange", "kernels", "cache_base", "cache_folder"]
__all__ += ["entry_point", "function_pointer", "one_parallel_kernel"]

prange = numba.prange

#: Held around every call from Python into a parallel kernel: where Numba finds no OpenMP,
#: two Python threads inside parallel kernels would abort the process.
one_parallel_kernel = threading.RLock()

#: The rooms above all kernels. Nothing imports from them, so no kernel depends on them.
_ROOMS_WITHOUT_KERNELS = {"cli", "report"}

_kernels = []
_decorating = threading.Lock()


def njit(function=None, **options):
    """Compile a kernel on its first call, with our flags and our cache folder.

    Parameters
    ----------
    function : callable, optional
        The kernel, where the decorator is written without parentheses.
    **options
        More options of ``numba.njit``, say ``parallel=True``.

    Returns
    -------
    callable
        Numba's dispatcher, or the plain function under ``NUMBA_DISABLE_JIT=1``.
    """
    if function is None:
        return lambda function: njit(function, **options)
    folder = cache_folder()
    with _decorating:
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(folder or "")
        try:
            kernel = numba.njit(function, cache=folder is not None, error_model="numpy", **options)
        finally:
            numba.config.CACHE_DIR = before
    _kernels.append(kernel)
    return kernel


def kernels():
    """Return the kernels decorated so far in this process.

    Returns
    -------
    list of callable
        Numba dispatchers, in the order of their decoration.
    """
    return list(_kernels)


def entry_point(kernel, count):
    """Return the function behind a kernel of integers, which skips looking at their types.

    A call through it costs a third of a call through the kernel, and truncates what isn't an
    integer: who calls it has made sure.

    Parameters
    ----------
    kernel : callable
        A kernel that takes integers only.
    count : int
        How many it takes.

    Returns
    -------
    callable
        The compiled function, or the plain one under ``NUMBA_DISABLE_JIT=1``.
    """
    if numba.config.DISABLE_JIT:
        return kernel
    signature = (numba.int64,) * count
    kernel.compile(signature)
    return kernel.overloads[signature].entry_point


def function_pointer(function, signature, *, cached=False):
    """Compile a function to a pointer that kernels take as an argument, typed by signature alone.

    So a kernel that calls it is compiled once, whatever functions it's given.

    Parameters
    ----------
    function : callable
        A plain Python function.
    signature : numba signature
        Its argument types and return type.
    cached : bool, default False
        Whether it belongs in our cache folder; a user's own function doesn't.

    Returns
    -------
    callable
        Numba's C callback, or the plain function under ``NUMBA_DISABLE_JIT=1``.
    """
    if numba.config.DISABLE_JIT:
        return function
    folder = cache_folder() if cached else None
    with _decorating:
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(folder or "")
        try:
            return numba.cfunc(signature, cache=folder is not None, error_model="numpy")(function)
        finally:
            numba.config.CACHE_DIR = before


def cache_base():
    """Return the folder that holds one cache folder per version, processor and source hash.

    ``NUMBA_CACHE_DIR`` wins; otherwise the platform's own place for caches.

    Returns
    -------
    pathlib.Path
        The folder; it needn't exist.

    Raises
    ------
    FileNotFoundError
        If the user has no home, and no variable names a place.
    """
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return Path(chosen) / "nanobook"
    try:
        if sys.platform == "win32":
            base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError as error:  # a number that no password file knows, without HOME
        raise FileNotFoundError(f"{error} Set NUMBA_CACHE_DIR.") from None
    return Path(base) / "nanobook"


@cache
def cache_folder():
    """Return the folder this process's kernels are cached in, made if need be.

    Where the platform's place can't be written, a folder of this user's in the temporary
    directory serves; where that can't be written either, kernels aren't cached and a
    warning says so.

    Returns
    -------
    pathlib.Path or None
        The folder, or None where there's no place to write.
    """
    checked = "-boundscheck" if numba.config.BOUNDSCHECK else ""
    name = f"numba-{numba.__version__}-{_processor()}-{_source_hash()}{checked}"
    faults = []
    for base in (cache_base, _temporary_base):
        try:
            folder = base() / name
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError as error:
            faults.append(str(error))
    warnings.warn(
        f"nanobook has no folder to cache kernels in ({'; '.join(faults)}): they will be compiled "
        "anew in every process; set NUMBA_CACHE_DIR to a folder you can write to",
        RuntimeWarning,
        stacklevel=3,
    )
    return None


def _temporary_base():
    """Make this user's folder in the temporary directory, trusted only if it's ours alone.

    Cached code is loaded and run, so a folder that somebody else made there won't do.
    """
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    base = Path(tempfile.gettempdir()) / f"nanobook-{user}"
    base.mkdir(mode=0o700, exist_ok=True)
    owner = base.lstat()  # of a link itself: who owns it could turn it elsewhere later
    ours = stat.S_ISDIR(owner.st_mode) and owner.st_uid == user and not owner.st_mode & 0o022
    if hasattr(os, "getuid") and not ours:
        raise PermissionError(f"{base} is a link, or another user's, or can be written by one")
    return base


def _processor():
    """Name the processor and its features, which decide what compiled code may hold."""
    features = llvmlite.binding.get_host_cpu_features().flatten()
    digest = hashlib.sha256(features.encode()).hexdigest()[:8]
    return f"{llvmlite.binding.get_host_cpu_name()}-{digest}"


def _source_hash():
    """Hash every source file that a kernel, or a constant in one, can come from."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).parts
        if parts[0] not in _ROOMS_WITHOUT_KERNELS:
            digest.update("/".join(parts).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
