"""cvxpy's side of bench_optimize: each problem stated, compiled and solved by Clarabel or HiGHS.

Started by the bench, with the folder of the problem. Moments are given to it ready-made. Of a
rolling window the problem is stated and compiled once, with the covariance's root as a parameter.
"""

import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from peers.optimize_rows import ALPHA, WINDOW, tasks_of
from peers.process import serve


def main(folder):
    """Answer the bench."""
    begin = time.perf_counter()
    import cvxpy as cp
    import numpy as np

    imported = time.perf_counter() - begin

    def min_variance(returns):
        covariance = np.cov(returns, rowvar=False)

        def solve():
            w = cp.Variable(len(covariance))
            risk = cp.quad_form(w, cp.psd_wrap(covariance))
            cp.Problem(cp.Minimize(risk), [cp.sum(w) == 1, w >= 0]).solve(solver=cp.CLARABEL)
            return w.value.tolist()

        return solve

    def max_sharpe(returns):
        covariance, mean = np.cov(returns, rowvar=False), returns.mean(axis=0)

        def solve():
            y = cp.Variable(len(covariance))
            risk = cp.quad_form(y, cp.psd_wrap(covariance))
            cp.Problem(cp.Minimize(risk), [mean @ y == 1, y >= 0]).solve(solver=cp.CLARABEL)
            return (y.value / y.value.sum()).tolist()

        return solve

    def risk_parity(returns):
        covariance = np.cov(returns, rowvar=False)
        scaled = covariance / np.diag(covariance).mean()  # its tolerances are absolute

        def solve():
            y = cp.Variable(len(covariance))
            risk = 0.5 * cp.quad_form(y, cp.psd_wrap(scaled))
            total = risk - cp.sum(cp.log(y)) / len(covariance)
            cp.Problem(cp.Minimize(total)).solve(solver=cp.CLARABEL)
            return (y.value / y.value.sum()).tolist()

        return solve

    def cvar(returns):
        periods, assets = returns.shape

        def solve():
            w, level, over = cp.Variable(assets), cp.Variable(), cp.Variable(periods, nonneg=True)
            rules = [cp.sum(w) == 1, w >= 0, over >= -returns @ w - level]
            loss = level + cp.sum(over) / ((1 - ALPHA) * periods)
            cp.Problem(cp.Minimize(loss), rules).solve(solver=cp.HIGHS)
            return w.value.tolist()

        return solve

    def cdar(returns):
        periods, assets = returns.shape
        sums = np.cumsum(returns, axis=0)

        def solve():
            w, level, over = cp.Variable(assets), cp.Variable(), cp.Variable(periods, nonneg=True)
            peak = cp.Variable(periods)
            rules = [cp.sum(w) == 1, w >= 0, over >= peak - sums @ w - level]
            rules += [peak >= sums @ w, peak[1:] >= peak[:-1], peak[0] >= 0]
            loss = level + cp.sum(over) / ((1 - ALPHA) * periods)
            cp.Problem(cp.Minimize(loss), rules).solve(solver=cp.HIGHS)
            return w.value.tolist()

        return solve

    def rolling(returns):
        assets = returns.shape[1]
        w, root = cp.Variable(assets), cp.Parameter((assets, assets))
        problem = cp.Problem(cp.Minimize(cp.sum_squares(root @ w)), [cp.sum(w) == 1, w >= 0])
        at = [WINDOW]

        def solve():
            at[0] = at[0] + 1 if at[0] < len(returns) else WINDOW
            covariance = np.cov(returns[at[0] - WINDOW : at[0]], rowvar=False)
            root.value = np.linalg.cholesky(covariance).T / np.sqrt(np.trace(covariance))
            problem.solve(solver=cp.CLARABEL)
            return w.value.tolist()

        return solve

    solvers = {"min_variance": min_variance, "max_sharpe": max_sharpe, "rolling": rolling}
    solvers |= {"risk_parity": risk_parity, "cvar": cvar, "cdar": cdar}
    with np.load(Path(folder) / "problem.npz") as problem:
        tasks = tasks_of(solvers, problem)
    versions = {"cvxpy": cp.__version__, "numpy": np.__version__}
    serve({"versions": versions, "import": imported, "rows": list(tasks)}, tasks, tasks)


if __name__ == "__main__":
    main(sys.argv[1])
