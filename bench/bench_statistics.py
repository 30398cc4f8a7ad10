"""Time tests of luck beside arch and plain NumPy.

White's and Hansen's tests of 100 candidates over 2520 days beside ``arch.bootstrap.SPA`` (its
p-values are those without division by deviations, so ours are asked for the same), and of 2000
by ours alone; the probability of overfitting of 200 candidates beside NumPy, which adds up all
12,870 splits by products of matrices, and of 10,000 by ours alone, from sums over blocks; bands
of a Sharpe ratio beside arch's stationary bootstrap.

Run it from a checkout, with nanobook installed: ``python bench/bench_statistics.py``.
"""

import argparse
import itertools

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
    plenty = rng.normal(0.0002, 0.01, (DAYS, 2000))
    _alone(
        f"superior_predictive_ability, {DAYS} x 2000, {REPS} replications",
        lambda: nanobook.superior_predictive_ability(plenty),
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
    clocks = [
        Clock("ours", lambda: nanobook.probability_of_overfitting(returns)),
        Clock("NumPy", lambda: numpy_overfitting(returns)),
    ]
    print_firsts(clocks)
    print_table(race(clocks, rounds))
    expected = numpy_overfitting(returns)
    found = nanobook.probability_of_overfitting(returns)
    print(f"largest difference of a logit {np.abs(found.logits - expected).max():.1e}")


def numpy_overfitting(returns):
    """Return the logits of all splits, by NumPy: sums over halves as products of matrices."""
    edges = np.arange(BLOCKS + 1) * len(returns) // BLOCKS
    counts = np.diff(edges)[:, None]
    sums = np.add.reduceat(returns, edges[:-1])
    squares = np.add.reduceat(returns * returns, edges[:-1])
    splits = list(itertools.combinations(range(BLOCKS), BLOCKS // 2))
    inside = np.zeros((len(splits), BLOCKS))
    np.put_along_axis(inside, np.array(splits), 1.0, axis=1)

    def sharpe(half):
        n, total = half @ counts, half @ sums
        mean = total / n
        return mean / np.sqrt((half @ squares - total * mean) / (n - 1))

    best = sharpe(inside).argmax(axis=1)
    outside = sharpe(1.0 - inside)
    mine = np.take_along_axis(outside, best[:, None], axis=1)
    ranks = (outside < mine).sum(axis=1) + 1
    return np.log(ranks / (returns.shape[1] + 1 - ranks))


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
