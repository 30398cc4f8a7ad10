"""The rows of bench_optimize: a name, what's asked for, and of which returns."""

__all__ = ["ALPHA", "ROWS", "WINDOW", "tasks_of"]

#: Level of the tails, and rows of a rolling window.
ALPHA, WINDOW = 0.95, 252

#: Name of a row: kind of problem, and the key of its returns in the problem's file.
ROWS = {
    **{f"min variance, {n} assets": ("min_variance", f"returns_{n}") for n in (50, 200, 500)},
    **{f"max Sharpe, {n} assets": ("max_sharpe", f"returns_{n}") for n in (50, 200, 500)},
    **{f"risk parity, {n} assets": ("risk_parity", f"returns_{n}") for n in (100, 500)},
    "CVaR, 1000 x 50": ("cvar", "tails_50"),
    "CDaR, 1000 x 50": ("cdar", "tails_50"),
    "HRP, 200 assets": ("hrp", "returns_200"),
    "rolling min variance, 100 assets": ("rolling", "returns_100"),
}


def tasks_of(solvers, problem):
    """Return the rows that a peer can do, each as a call that returns its weights.

    Parameters
    ----------
    solvers : dict of str to callable
        For a kind of problem, what makes a call of the returns.
    problem : mapping
        The returns by key.

    Returns
    -------
    dict of str to callable
        Calls without arguments.
    """
    return {
        name: solvers[kind](problem[key]) for name, (kind, key) in ROWS.items() if kind in solvers
    }
