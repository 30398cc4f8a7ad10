"""Time `optimize` under constraints, beside the same model written in cvxpy each time.

The first call of a structure makes cvxpy's problem, later calls fill new numbers into it; a
plain model is what one writes without nanobook, canonicalised at every call. Objectives stand
side by side. After them, searches among combinations: cardinality and minimum positions.

Run it from a checkout, with nanobook installed: ``python bench/bench_constrained.py``.
"""

import argparse
import warnings

import numpy as np
from timing import Clock, machine, print_firsts, print_table, race, show, time_call

from nanobook import (
    Cardinality,
    GroupLimit,
    MinimumPosition,
    TrackingErrorLimit,
    TurnoverLimit,
    optimize,
)

PERIODS = 1000


def main():
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller problems")
    quick = parser.parse_args().quick
    start = time_call(lambda: __import__("cvxpy"))
    print(machine("cvxpy", "clarabel", "highspy", "numpy", "nanobook"))
    print(f"import of cvxpy: {show(start)}")
    warnings.simplefilter("ignore")  # the plain models' accuracy
    for assets in (20, 50) if quick else (20, 50, 100, 200):
        _race("min_variance", assets, "turnover and groups", 1 if quick else 3)
    _race("max_sharpe", 50, "turnover and groups", 1 if quick else 3)
    _race("min_variance", 50, "tracking error", 1 if quick else 3)
    _race("cvar", 50, "turnover and groups", 1)
    for assets, most in ((20, 5),) if quick else ((20, 5), (50, 10)):
        _search("min_variance", assets, [Cardinality(most)])
        _search("min_variance", assets, [MinimumPosition(0.08)])
        _search("cvar", assets, [Cardinality(most)], periods=250)


def _race(name, assets, kind, rounds):
    from nanobook.optimize import parametric

    draws = [factor_returns(assets, seed) for seed in range(8)]
    current = np.full(assets, 1.0 / assets)
    sectors = [at % 5 for at in range(assets)]
    if kind == "tracking error":
        constraints = [TrackingErrorLimit(0.002, current)]
    else:
        constraints = [TurnoverLimit(0.5), GroupLimit(sectors, upper=0.3)]
    turns = {"cached": 0, "fresh": 0, "plain": 0}

    def ours(which):
        turns[which] += 1
        returns = draws[turns[which] % len(draws)]
        if which == "fresh":
            parametric.clear_problems()
        return optimize(returns, name, constraints=constraints, current=current)

    def plain():
        turns["plain"] += 1
        return plain_model(name, draws[turns["plain"] % len(draws)], current, sectors, kind)

    print(f"\n{name}, {PERIODS} x {assets}, {kind}")
    parametric.clear_problems()
    clocks = [
        Clock("cached structure", lambda: ours("cached")),
        Clock("fresh structure", lambda: ours("fresh")),
        Clock("plain cvxpy model", plain),
    ]
    print_firsts(clocks)
    ours("cached")
    for clock in clocks:  # in blocks: a fresh structure empties the cache of the others
        race([clock], rounds)
        ours("cached")
    print_table(clocks)
    best = optimize(draws[0], name, constraints=constraints, current=current)
    other = plain_model(name, draws[0], current, sectors, kind)
    print(
        f"objective {best.objective:.12g}, plain {other:.12g}; "
        f"gap {best.duality_gap:.1e}, violation {best.notes['violation']:.1e}"
    )


def _search(name, assets, constraints, periods=PERIODS):
    returns = factor_returns(assets, 1)[:periods]
    words = ", ".join(repr(one) for one in constraints)
    found = []
    seconds = time_call(
        lambda: found.append(optimize(returns, name, constraints=constraints, time_limit=20.0))
    )
    best = found[0]
    print(
        f"\n{name}, {periods} x {assets}, {words}: {show(seconds)}, {best.notes['search']}, "
        f"{best.notes['nodes']} nodes, {best.status}, gap {best.duality_gap:.1e}, "
        f"objective {best.objective:.9g}"
    )


def factor_returns(assets, seed):
    """Return daily returns of a market and what's each asset's own."""
    draw = np.random.default_rng(seed)
    market = draw.normal(0.0004, 0.009, (PERIODS, 1))
    own = draw.normal(0.0002, 0.012, (PERIODS, assets)) * draw.uniform(0.5, 1.8, assets)
    return market * draw.uniform(0.6, 1.4, assets) + own


def plain_model(name, returns, current, sectors, kind):
    """Return the objective that a cvxpy model finds, written as in its tutorials."""
    import cvxpy

    assets = returns.shape[1]
    covariance, mean = np.cov(returns, rowvar=False), returns.mean(axis=0)
    weights, scale = cvxpy.Variable(assets), 1.0
    if name == "max_sharpe":
        scale = cvxpy.Variable(nonneg=True)
    rules = [weights >= 0, cvxpy.sum(weights) == scale]
    if kind == "tracking error":
        root = np.linalg.cholesky(covariance).T
        rules.append(cvxpy.norm(root @ (weights - scale * current)) <= 0.002 * scale)
    else:
        rules.append(cvxpy.norm1(weights - scale * current) <= 0.5 * scale)
        for sector in set(sectors):
            mask = np.array(sectors) == sector
            rules.append(cvxpy.sum(weights[mask]) <= 0.3 * scale)
    if name == "cvar":
        level = cvxpy.Variable()
        excess = cvxpy.pos(-returns @ weights - level)
        objective = level + cvxpy.sum(excess) / (0.05 * len(returns))
    else:
        objective = cvxpy.quad_form(weights, cvxpy.psd_wrap(covariance))
    if name == "max_sharpe":
        rules.append(mean @ weights == 1)
    problem = cvxpy.Problem(cvxpy.Minimize(objective), rules)
    problem.solve(solver="HIGHS" if name == "cvar" else "CLARABEL")
    if name != "max_sharpe":
        return problem.value
    chosen = weights.value / scale.value
    return mean @ chosen / np.sqrt(chosen @ covariance @ chosen)


if __name__ == "__main__":
    main()
