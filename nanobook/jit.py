"""How nanobook compiles: the flags, and a cache folder that is never stale.

Numba looks only at a kernel's own file when it decides whether a cached compile is
still good, so an edited callee would leave its callers running the old code. The
folder is therefore named after the Numba version, the processor and a hash of all
kernel sources: change anything a kernel could be made of, and the folder is another.

The folder is set only around our own decorators and put back afterwards, so a user's
``@njit(cache=True)`` functions stay where they were.
"""

import ctypes
import hashlib
import os
import stat
import sys
import tempfile
import threading
import warnings
from functools import cache
from importlib import metadata
from pathlib import Path

import llvmlite.binding
import numba

__all__ = ["njit", "prange", "kernels", "cache_base", "cache_folder"]
__all__ += ["entry_point", "function_pointer", "one_parallel_kernel"]

prange = numba.prange


class _ParallelGate:
    """Lets one Python thread at a time into parallel kernels, and no forked child that would die.

    Where Numba finds neither TBB nor OpenMP, two threads inside would abort the process; and GNU
    OpenMP ends a child that was forked after it began to work.
    """

    def __init__(self):
        self._lock, self._began = threading.RLock(), None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self):
        self._lock = threading.RLock()  # the parent's may be held by a thread that isn't here

    def __enter__(self):
        self._lock.acquire()
        if self._began is None:
            self._began = os.getpid()
        elif not self.works():
            self._lock.release()
            raise RuntimeError(
                "parallel kernels can't run in a process that was forked after one had run: start "
                "processes by 'spawn' or 'forkserver', or fork before the first call"
            )
        return self

    def __exit__(self, *_):
        self._lock.release()

    def works(self):
        """Return whether parallel kernels can run in this process."""
        if self._began in (None, os.getpid()):
            return True
        try:
            return numba.threading_layer() == "tbb"
        except ValueError:  # none was started
            return True


def _load_tbb():
    """Open the library of the `tbb` package, which lies where the loader doesn't look."""
    if numba.config.DISABLE_JIT or sys.platform == "win32":
        return
    try:
        files = metadata.files("tbb") or []
    except metadata.PackageNotFoundError:
        return
    for file in files:
        if file.name.startswith("libtbb.") and file.name != "libtbb.so":
            try:
                ctypes.CDLL(str(file.locate().resolve()), mode=ctypes.RTLD_GLOBAL)
            except OSError:
                continue
            return


_load_tbb()  # before anything asks Numba for its threads

#: Held around every call from Python into a parallel kernel.
one_parallel_kernel = _ParallelGate()

#: The rooms above all kernels. Nothing imports from them, so no kernel depends on them.
_ROOMS_WITHOUT_KERNELS = {"cli", "report"}

_kernels = []
_decorating = threading.RLock()  # compiling may import a room, whose kernels are decorated


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
    if folder is None:
        return numba.cfunc(signature, error_model="numpy")(function)
    with _decorating:
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(folder)
        try:
            return numba.cfunc(signature, cache=True, error_model="numpy")(function)
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
