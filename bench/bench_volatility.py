"""Time volatility models beside the package arch.

One series of 2,500 daily S&P 500 returns: GARCH with normal shocks, GJR with Student's t, EGARCH.
A universe of 431 simulated series of 2,517 returns in one call, beside arch on some of them, one
after the other. A forecast for every day of ten years and 100 assets, fitted again every 21 days.
Both are given returns in percent, which suits arch; log-likelihoods are compared, and the worst
difference printed.

Run it from a checkout, with nanobook installed: ``python bench/bench_volatility.py``.
"""

import argparse
import warnings

import numpy as np
from timing import Clock, machine, print_firsts, print_table, race, show, time_call

import nanobook

BARS, UNIVERSE, UNIVERSE_BARS, ARCH_SERIES = 2500, 431, 2517, 12
ASSETS, YEARS, REFIT = 100, 10, 21

MODELS = {
    "GARCH(1,1), normal": ({}, {}),
    "GJR(1,1), Student's t": ({"model": "GJR", "dist": "t"}, {"o": 1, "dist": "t"}),
    "EGARCH(1,1), normal": ({"model": "EGARCH"}, {"vol": "EGARCH", "o": 1}),
}


def main():
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, a smaller universe")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore")
    print(machine("numba", "numpy", "arch", "nanobook"))
    returns = _sp500()[:BARS]
    for title, (ours, theirs) in MODELS.items():
        print(f"\n{title}, {BARS} returns")
        clocks = [
            Clock("ours", lambda ours=ours: nanobook.garch_fit(returns, **ours)),
            Clock("arch", lambda theirs=theirs: arch_fit(returns, **theirs)),
        ]
        print_firsts(clocks)
        print_table(race(clocks, 2 if quick else 6))
        fit = nanobook.garch_fit(returns, **ours)
        gain = fit.loglikelihood - arch_fit(returns, **theirs).loglikelihood
        print(f"log-likelihood above arch's by {gain:.1e}")
    _universe(60 if quick else UNIVERSE)
    _rolling(10 if quick else ASSETS)


def _universe(count):
    table = universe(count, UNIVERSE_BARS)
    print(f"\nGARCH(1,1), normal: {count} series of {UNIVERSE_BARS}")
    print(f"first call: ours {show(time_call(lambda: nanobook.garch_fit(table)))}")
    ours = min(time_call(lambda: nanobook.garch_fit(table)) for _ in range(3))
    theirs = []
    seconds = time_call(lambda: theirs.extend(arch_fit(column) for column in table.T[:ARCH_SERIES]))
    arch = seconds / ARCH_SERIES * count
    print(f"ours {show(ours)}; arch {show(arch)} (from {ARCH_SERIES} of them): {arch / ours:.0f} x")
    fit = nanobook.garch_fit(table)
    gains = fit.loglikelihood[:ARCH_SERIES] - [result.loglikelihood for result in theirs]
    print(f"converged {int(fit.converged.sum())} of {count}; worst gain {gains.min():.1e}")


def _rolling(count):
    table = universe(count, 252 * YEARS)
    fits = len(range(252, 252 * YEARS + 1, REFIT)) * count
    print(
        f"\nrolling_garch: {count} assets, {YEARS} years, refitted every {REFIT} days: {fits} fits"
    )
    for name, options in (("expanding", {}), ("windows of 1000", {"window": 1000})):
        seconds = time_call(
            lambda options=options: nanobook.rolling_garch(table, refit_every=REFIT, **options)
        )
        print(f"{name}: {show(seconds)}")


def arch_fit(returns, **options):
    """Return arch's fit, without its printing."""
    from arch import arch_model

    return arch_model(returns, rescale=False, **options).fit(disp="off", show_warning=False)


def universe(columns, periods):
    """Return simulated GARCH returns in percent, a column an asset."""
    generator = np.random.default_rng(7)
    alpha = generator.uniform(0.03, 0.12, columns)
    beta = generator.uniform(0.82, 0.985, columns) - alpha
    level = generator.uniform(0.5, 6.0, columns)
    omega = level * (1.0 - alpha - beta)
    shocks = generator.standard_t(6, (periods + 300, columns)) * np.sqrt(4.0 / 6.0)
    out, h = np.empty_like(shocks), level
    for t, z in enumerate(shocks):
        out[t] = z * np.sqrt(h)
        h = omega + alpha * out[t] ** 2 + beta * h
    return out[300:]


def _sp500():
    import arch.data.sp500

    closes = arch.data.sp500.load()["Adj Close"]
    return 100.0 * closes.pct_change().dropna().to_numpy()


if __name__ == "__main__":
    main()
