"""Time tests of luck beside arch and plain NumPy.

White's and Hansen's tests of 100 candidates over 2520 days beside ``arch.bootstrap.SPA`` (its
p-values are those without division by deviations, so ours are asked for the same), and of 2000
by ours alone; the probability of overfitting of 200 candidates beside a NumPy implementation
that goes through all 12,870 splits, and of 10,000 by ours alone, from sums over blocks; bands of
a Sharpe ratio beside arch's stationary bootstrap.

Run it from a checkout, with nanobook installed: ``python bench/bench_statistics.py``.
"""

import argparse
import itertools
import time

import numpy as np
from arch.bootstrap import SPA, StationaryBootstrap
from timing import Clock, machine, print_firsts, print_table, race, show

import nanobook
from nanobook.statistics import add_candidate, empty_maxima, pbo_from_sums

DAYS, BLOCKS, BLOCK_SIZE, REPS = 2520, 16, 50, 1000


def main():
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds and candidates")
    quick = parser.parse_args().quick
    rounds = 2 if quick else 4
    print(machine("numba", "numpy", "arch", "nanobook"))
    rng = np.random.default_rng(7)
    returns = rng.normal(0.0002, 0.01, (DAYS, 200))
    _ability(returns[:, :100], rounds)
    _streamed(returns[:, 0].copy())
    _overfitting(returns, rounds)
    _alone(
        "superior_predictive_ability, 2520 x 2000",
        lambda table=rng.normal(0.0002, 0.01, (DAYS, 2000)): nanobook.superior_predictive_ability(
            table
        ),
        rounds,
    )
    many = 2_000 if quick else 10_000
    counts = np.full((many, BLOCKS), DAYS / BLOCKS)
    sums = rng.normal(0.0, 0.12, counts.shape)
    squares = counts * 1e-4 * rng.uniform(0.8, 1.2, counts.shape)
    _alone(
        f"pbo_from_sums, {many} x {BLOCKS} blocks",
        lambda: pbo_from_sums(counts, sums, squares),
        rounds,
    )
    _bands(returns[:, 0].copy(), rounds)


def _ability(returns, rounds):
    print(f"\nsuperior_predictive_ability, {DAYS} x {returns.shape[1]}, {REPS} replications")
    benchmark = np.zeros(DAYS)

    def theirs():
        test = SPA(benchmark, -returns, block_size=BLOCK_SIZE, reps=REPS, seed=1)
        test.compute()
        return test.pvalues

    def ours():
        return nanobook.superior_predictive_ability(
            returns, block_size=BLOCK_SIZE, reps=REPS, studentize=False
        )

    clocks = [Clock("ours", ours), Clock("arch", theirs)]
    print_firsts(clocks)
    print_table(race(clocks, rounds))
    print(f"p-values, of other draws: ours {ours().consistent:.3f}, {theirs()['consistent']:.3f}")


def _streamed(returns):
    """Time what a sweep pays for a candidate."""
    drawn = nanobook.stationary_bootstrap(DAYS, BLOCK_SIZE, REPS)
    room = np.empty(DAYS + 1), np.empty(REPS)
    blocks = drawn.starts, drawn.lengths, drawn.offsets
    target = empty_maxima(REPS)
    clock = Clock(
        "add_candidate",
        lambda: add_candidate(returns, *room, *blocks, drawn.block_size, True, *target),
    )
    drawing = Clock("drawing", lambda: nanobook.stationary_bootstrap(DAYS, BLOCK_SIZE, REPS))
    race([clock, drawing], 2)
    print(f"one candidate more: {show(clock.median)}; drawing the blocks: {show(drawing.median)}")


def _overfitting(returns, rounds):
    print(f"\nprobability_of_overfitting, {DAYS} x {returns.shape[1]}, {BLOCKS} blocks")
    begin = time.perf_counter()
    expected = numpy_overfitting(returns)
    seconds = time.perf_counter() - begin
    clocks = [Clock("ours", lambda: nanobook.probability_of_overfitting(returns))]
    print_firsts(clocks)
    print_table(race(clocks, rounds))
    ratio = seconds / clocks[0].median
    print(f"NumPy, once: {show(seconds)}, {ratio:.0f} times ours")
    found = nanobook.probability_of_overfitting(returns)
    print(f"largest difference of a logit {np.abs(found.logits - expected).max():.1e}")


def numpy_overfitting(returns):
    """Return the logits of all splits, by NumPy, a split at a time."""
    parts = np.array_split(returns, BLOCKS)
    logits = []
    for inside in itertools.combinations(range(BLOCKS), BLOCKS // 2):
        outside = [k for k in range(BLOCKS) if k not in inside]
        one = np.concatenate([parts[k] for k in inside])
        other = np.concatenate([parts[k] for k in outside])
        best = (one.mean(axis=0) / one.std(axis=0, ddof=1)).argmax()
        sharpe = other.mean(axis=0) / other.std(axis=0, ddof=1)
        omega = (sharpe < sharpe[best]).sum() + 1
        logits.append(np.log(omega / (sharpe.size + 1 - omega)))
    return np.array(logits)


def _alone(title, call, rounds):
    print(f"\n{title}")
    clocks = [Clock("ours", call)]
    print_firsts(clocks)
    print_table(race(clocks, rounds))


def _bands(returns, rounds):
    print(f"\nbootstrap_bands, {DAYS} returns, {REPS} replications")

    def theirs():
        """Do the Sharpe ratio alone, without paths."""
        drawn = StationaryBootstrap(BLOCK_SIZE, returns, seed=1)
        return drawn.apply(lambda r: r.mean() / r.std(ddof=1), REPS)

    clocks = [
        Clock("ours, with paths", lambda: nanobook.bootstrap_bands(returns)),
        Clock("arch", theirs),
    ]
    print_firsts(clocks)
    print_table(race(clocks, rounds))


if __name__ == "__main__":
    main()
