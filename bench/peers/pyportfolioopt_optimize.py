"""PyPortfolioOpt's side of bench_optimize, with the settings it comes with.

Started by the bench, in an environment with PyPortfolioOpt, with the folder of the problem.
Covariances are given to it ready-made.
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
    from pypfopt import EfficientCDaR, EfficientCVaR, EfficientFrontier, HRPOpt

    imported = time.perf_counter() - begin
    warnings.simplefilter("ignore")

    def weights(found):
        return [float(value) for value in found.values()]

    def min_variance(returns):
        covariance = np.cov(returns, rowvar=False)
        return lambda: weights(EfficientFrontier(None, covariance).min_volatility())

    def max_sharpe(returns):
        covariance, mean = np.cov(returns, rowvar=False), returns.mean(axis=0)
        return lambda: weights(EfficientFrontier(mean, covariance).max_sharpe(risk_free_rate=0.0))

    def cvar(returns):
        frame = pd.DataFrame(returns)
        return lambda: weights(EfficientCVaR(None, frame, beta=ALPHA).min_cvar())

    def cdar(returns):
        frame = pd.DataFrame(returns)
        return lambda: weights(EfficientCDaR(None, frame, beta=ALPHA).min_cdar())

    def hrp(returns):
        frame = pd.DataFrame(returns)

        def solve():
            found = HRPOpt(frame).optimize()
            return [float(found[column]) for column in frame.columns]

        return solve

    solvers = {"min_variance": min_variance, "max_sharpe": max_sharpe, "cvar": cvar}
    solvers |= {"cdar": cdar, "hrp": hrp}
    with np.load(Path(folder) / "problem.npz") as problem:
        tasks = tasks_of(solvers, problem)
    versions = {name: version(name) for name in ("pyportfolioopt", "cvxpy", "numpy")}
    serve({"versions": versions, "import": imported, "rows": list(tasks)}, tasks, tasks)


if __name__ == "__main__":
    main(sys.argv[1])
