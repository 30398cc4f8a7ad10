"""The original's side of bench_optimize: its compiled optimizers on lists of lists.

Started by the bench, in an environment with one of the original's wheels, with the folder of the
problem. It's isolated: `nanobook` must be the wheel here. Its environment has no NumPy.
"""

import pickle
import sys
import time
from importlib.metadata import version
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from peers.optimize_rows import ALPHA, tasks_of
from peers.process import serve


def main(folder):
    """Answer the bench."""
    begin = time.perf_counter()
    import nanobook

    imported = time.perf_counter() - begin
    names = {
        "min_variance": ("optimize_min_variance", ()),
        "max_sharpe": ("optimize_max_sharpe", (0.0,)),
        "risk_parity": ("optimize_risk_parity", ()),
        "cvar": ("inverse_cvar_weights", (ALPHA,)),
        "cdar": ("inverse_cdar_weights", (ALPHA,)),
        "hrp": ("optimize_hrp", ()),
    }

    def maker(name, more):
        def make(returns):
            symbols = [str(column) for column in range(len(returns[0]))]

            def solve():
                found = getattr(nanobook, name)(returns, symbols, *more)
                return [found[symbol] for symbol in symbols]

            return solve

        return make

    solvers = {
        kind: maker(name, more) for kind, (name, more) in names.items() if hasattr(nanobook, name)
    }
    problem = pickle.loads((Path(folder) / "lists.pickle").read_bytes())
    tasks = tasks_of(solvers, problem)
    versions = {"nanobook": version("nanobook")}
    serve({"versions": versions, "import": imported, "rows": list(tasks)}, tasks, tasks)


if __name__ == "__main__":
    main(sys.argv[1])
