"""How much memory a sweep will take, worked out before it runs."""

import os
import sys
from typing import NamedTuple

from nanobook.errors import ValidationError

__all__ = ["Plan", "available_memory", "check_plan", "plan_of"]

#: Of the memory that's free, how much a sweep may plan to take.
_SHARE = 0.8


class Plan(NamedTuple):
    """What a sweep will hold beside its input, in bytes."""

    candidates: int | None
    shape: tuple
    results: int
    work: int
    kept: int

    @property
    def total(self):
        """All of it."""
        return self.results + self.work + self.kept

    def __str__(self):
        count = "candidates" if self.candidates is None else f"{self.candidates:,} candidates"
        bars, assets = self.shape
        return (
            f"{count} of {bars:,} bars x {assets:,} assets: {_size(self.total)} of memory "
            f"({_size(self.results)} results, {_size(self.work)} working room"
            + (f", {_size(self.kept)} paths kept)" if self.kept else ")")
        )


def plan_of(*, candidates, bars, assets, row_bytes, lanes, given, reps, kept):
    """Return the memory that a sweep takes beside its input.

    Parameters
    ----------
    candidates : int or None
        How many; None where nobody knows.
    bars, assets : int
        Shape of the prices.
    row_bytes : int
        What is kept of each candidate.
    lanes : int
        Candidates simulated at a time.
    given : int
        Matrices of weights held at a time, where they don't come from a compiled strategy.
    reps : int
        Replications of the bootstrap, 0 without one.
    kept : int
        Candidates whose paths are kept.

    Returns
    -------
    Plan
        In bytes.
    """
    lane = 8 * (bars * assets + 10 * bars + 20 * assets + 6 * reps)
    bootstrap = 12 * int(reps * (bars**0.5 + 2))
    return Plan(
        candidates=candidates,
        shape=(bars, assets),
        results=row_bytes * (candidates or 0),
        work=lanes * lane + 8 * given * bars * assets + bootstrap,
        kept=kept * 8 * bars * (assets + 6),
    )


def check_plan(plan, limit=None):
    """Raise if a plan can't fit into memory.

    Parameters
    ----------
    plan : Plan
        What will be held.
    limit : float, optional
        Bytes that may be; by default four fifths of what's free, where that's known.

    Raises
    ------
    ValidationError
        The message says what is planned, and what there is.
    """
    if limit is None:
        free = available_memory()
        limit = None if free is None else _SHARE * free
    if limit is not None and plan.total > limit:
        raise ValidationError(
            f"a sweep must fit into memory, of which it may take {_size(limit)}, but it plans "
            f"{plan}; take fewer candidates, keep fewer paths, or set overfitting=False"
        )


def available_memory():
    """Return how many bytes are free, or None where that can't be told.

    Returns
    -------
    int or None
        On Linux what the kernel calls available, less where a container sets a lower bound.
    """
    if sys.platform == "win32":
        return _windows_memory()
    try:
        with open("/proc/meminfo") as file:
            lines = dict(line.split(":", 1) for line in file)
        free = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        try:
            return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
        except (ValueError, OSError, AttributeError):
            return None
    room = _container_room()
    return free if room is None else min(free, room)


def _container_room():
    """Return what a control group leaves free, or None without a bound."""
    try:
        with open("/sys/fs/cgroup/memory.max") as file:
            most = int(file.read())
        with open("/sys/fs/cgroup/memory.current") as file:
            used = int(file.read())
        with open("/sys/fs/cgroup/memory.stat") as file:
            cached = dict(line.split() for line in file).get("inactive_file", 0)
    except (OSError, ValueError):
        return None
    return max(most - used + int(cached), 0)


def _windows_memory():
    import ctypes

    class Status(ctypes.Structure):
        """What Windows fills in."""

        _fields_ = (
            [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)]
            + [(name, ctypes.c_ulonglong) for name in ("total", "free", "total_page", "free_page")]
            + [(name, ctypes.c_ulonglong) for name in ("total_virtual", "virtual", "extended")]
        )

    status = Status()
    status.length = ctypes.sizeof(status)
    fine = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status.free) if fine else None


def _size(count):
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} GB"
