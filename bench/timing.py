"""How all benches measure and print, and what they ran on.

A call is timed once cold (its own line), called once more to warm up, and then sampled in
rounds. Contenders take turns, round after round (A B C A B C), so that a busy minute of the
machine is everybody's and the ratios stay fair. Only the standard library is imported, since
peers in environments of their own use this file too.
"""

import os
import platform
import statistics
import sys
import textwrap
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = [
    "Clock",
    "machine",
    "most_memory",
    "print_firsts",
    "print_rows",
    "print_table",
    "race",
    "show",
    "time_call",
]

#: Seconds that a contender samples in one round, and the most samples it takes in them.
ROUND_SECONDS, ROUND_SAMPLES = 0.25, 40

#: A call shorter than this is repeated inside each sample until the sample is as long.
SAMPLE_SECONDS = 0.0005


class Clock:
    """One thing to time: its first call, then samples of it."""

    def __init__(self, name, call):
        """Time the first call, then warm up."""
        self.name = name
        self.samples = []
        self._call = call
        self.first = time_call(call)
        seconds = min(time_call(call) for _ in range(2))
        self._number = max(1, round(SAMPLE_SECONDS / max(seconds, 1e-9)))
        self._count = min(ROUND_SAMPLES, max(2, int(ROUND_SECONDS / (seconds * self._number))))

    def sample(self):
        """Take one round of samples."""
        self.samples += [time_call(self._call, self._number) for _ in range(self._count)]

    @property
    def median(self):
        """The median sample in seconds."""
        return statistics.median(self.samples)


def time_call(call, number=1):
    """Return the seconds that one call takes; what it returns is dropped within that time."""
    begin = time.perf_counter()
    for _ in range(number):
        call()
    return (time.perf_counter() - begin) / number


def race(clocks, rounds):
    """Let clocks sample in turn, round after round, and return them."""
    for _ in range(rounds):
        for clock in clocks:
            clock.sample()
    return clocks


def machine(*packages):
    """Return two lines: processor, cores and load; Python and the packages' versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = [f"Python {platform.python_version()}"]
    versions += [f"{package} {_version(package)}" for package in packages]
    load = f", {os.getloadavg()[0]:.1f} of them busy" if hasattr(os, "getloadavg") else ""
    return f"{_processor()}, {cores} cores{load}, {platform.system()}\n{', '.join(versions)}"


def most_memory():
    """Return the most bytes of memory that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():  # what resource tells begins with the most that the parent held
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _processor():
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:  # a checkout on the path, not installed
        return getattr(sys.modules.get(package), "__version__", "?")


def print_firsts(clocks):
    """Print the line of first calls, which load or compile what later calls find ready."""
    line = "first call: " + "; ".join(f"{clock.name} {show(clock.first)}" for clock in clocks)
    print(textwrap.fill(line, 100, subsequent_indent="  "))


def print_table(clocks):
    """Print best, median and spread of each clock, and its median as a multiple of the first's."""
    base = clocks[0]
    rows = [("", "best", "median", "spread", "samples", f"x {base.name}")]
    for clock in clocks:
        low, high = min(clock.samples), max(clock.samples)
        ratio = f"{clock.median / base.median:.2f}"
        spread = f"{show(low)} .. {show(high)}"
        median = show(clock.median)
        rows.append((clock.name, show(low), median, spread, str(len(clock.samples)), ratio))
    print_rows(rows)


def print_rows(rows):
    """Print rows of strings as a table: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        name, *cells = (
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([name, *cells]).rstrip())


def show(seconds):
    """Return a time with its unit, to three figures."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return f"{_figures(seconds * scale)} {unit}"
    return f"{_figures(seconds * 1e9)} ns"


def _figures(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"
