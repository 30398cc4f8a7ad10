"""Time how the cost of a backtest grows with assets and with bars.

From 10 to 2000 assets at 2520 bars, and from 250 to 25,000 bars at 100 assets: weights change
every day, trades cost 10 basis points; with metrics alone and with trades recorded as well.
What's printed is the time per cell (one asset at one bar) and its ratio to the smallest one.
Growth counts as linear where, from the middle size up, times per cell stay within a factor of 2.

Run it from a checkout, with nanobook installed: ``python bench/bench_growth.py``.
"""

import argparse

from market import random_walk, random_weights
from timing import Clock, machine, print_firsts, print_rows, race, show

import nanobook

BARS, ASSETS = 2520, 100

#: Enough that costs, day after day, don't leave less than a share of anything after 25,000 bars.
CASH_PER_ASSET = 100_000_000.0


def main():
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer sizes and rounds")
    quick = parser.parse_args().quick
    rounds = 2 if quick else 5
    assets = [10, 100, 500] if quick else [10, 30, 100, 300, 1000, 2000]
    bars = [250, 2520, 10_000] if quick else [250, 1000, 2520, 8000, 25_000]
    print(machine("numba", "numpy", "pandas", "nanobook"))
    for records, what in ((False, "metrics"), (True, "metrics and trades")):
        sizes = [(BARS, count) for count in assets]
        _bench(f"{what}, {BARS} bars, more and more assets", sizes, records, rounds)
        sizes = [(count, ASSETS) for count in bars]
        _bench(f"{what}, {ASSETS} assets, more and more bars", sizes, records, rounds)


def _bench(title, sizes, records, rounds):
    print(f"\n{title}")
    clocks = race([_clock(*size, records) for size in sizes], rounds)
    print_firsts(clocks)
    cells = [
        clock.median / (bars * assets) for clock, (bars, assets) in zip(clocks, sizes, strict=True)
    ]
    rows = [("bars x assets", "best", "median", "median per cell", "x smallest")]
    for clock, cell in zip(clocks, cells, strict=True):
        best, median = show(min(clock.samples)), show(clock.median)
        rows.append((clock.name, best, median, show(cell), f"{cell / min(cells):.2f}"))
    print_rows(rows)
    middle = (len(cells) - 1) // 2
    factor = max(cells[middle:]) / min(cells[middle:])
    verdict = "linear" if factor <= 2 else "NOT linear"
    name = clocks[middle].name
    print(f"{verdict}: from {name} up, times per cell are within a factor of {factor:.2f}")


def _clock(bars, assets, records):
    prices, weights = random_walk(bars, assets), random_weights(bars, assets)
    cash = CASH_PER_ASSET * assets

    def backtest():
        return nanobook.backtest(prices, weights, cash=cash, costs=10, records=records).metrics

    return Clock(f"{bars} x {assets}", backtest)


if __name__ == "__main__":
    main()
