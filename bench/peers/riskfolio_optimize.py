"""Riskfolio-Lib's side of bench_optimize, with the settings it comes with.

Started by the bench, in an environment with Riskfolio-Lib, with the folder of the problem.
Moments are given to it ready-made.
"""

import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from peers.optimize_rows import ALPHA, tasks_of
from peers.process import serve


def main(folder):
    """Answer the bench."""
    begin = time.perf_counter()
    import numpy as np
    import pandas as pd
    import riskfolio as rp

    imported = time.perf_counter() - begin
    warnings.simplefilter("ignore")

    def portfolio(returns):
        frame = pd.DataFrame(returns, columns=[f"A{i:03d}" for i in range(returns.shape[1])])
        made = rp.Portfolio(returns=frame, alpha=1.0 - ALPHA)
        made.assets_stats(method_mu="hist", method_cov="hist")
        return made

    def least(measure, objective="MinRisk"):
        def make(returns):
            made = portfolio(returns)

            def solve():
                found = made.optimization(model="Classic", rm=measure, obj=objective, rf=0.0)
                return found["weights"].tolist()

            return solve

        return make

    def risk_parity(returns):
        made = portfolio(returns)
        return lambda: made.rp_optimization(model="Classic", rm="MV")["weights"].tolist()

    def hrp(returns):
        frame = portfolio(returns).returns

        def solve():
            made = rp.HCPortfolio(returns=frame)
            found = made.optimization(
                model="HRP", codependence="pearson", rm="MV", linkage="single", leaf_order=False
            )
            return found["weights"].reindex(frame.columns).tolist()

        return solve

    solvers = {"min_variance": least("MV"), "max_sharpe": least("MV", "Sharpe")}
    solvers |= {"risk_parity": risk_parity, "cvar": least("CVaR"), "cdar": least("CDaR")}
    solvers["hrp"] = hrp
    with np.load(Path(folder) / "problem.npz") as problem:
        tasks = tasks_of(solvers, problem)
    versions = {name: version(name) for name in ("riskfolio-lib", "cvxpy", "numpy")}
    serve({"versions": versions, "import": imported, "rows": list(tasks)}, tasks, tasks)


if __name__ == "__main__":
    main(sys.argv[1])
