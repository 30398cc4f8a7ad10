"""vectorbt's side of bench_sweep: one momentum rule at many lookbacks, shared cash.

Started by the bench, in an environment with vectorbt, with the folder of the problem. It answers
with seconds and with the most memory its process has held, in bytes.
"""

import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from market import momentum_weights
from peers.process import serve
from timing import most_memory


def main(folder):
    """Answer the bench."""
    begin = time.perf_counter()
    import numpy as np
    import pandas as pd
    import vectorbt as vbt

    imported = time.perf_counter() - begin
    problem = np.load(Path(folder) / "problem.npz")
    matrix, lookbacks = problem["prices"], problem["lookbacks"].tolist()
    dates = pd.bdate_range("2014-01-01", periods=len(matrix))
    cash, fees = float(problem["cash"]), float(problem["fees"])
    symbols = [f"S{column:03d}" for column in range(matrix.shape[1])]

    def figures(weights, prices, group):
        portfolio = vbt.Portfolio.from_orders(
            prices,
            weights,
            size_type="targetpercent",
            cash_sharing=True,
            group_by=group,
            call_seq="auto",
            fees=fees,
            init_cash=cash,
            freq="1D",
        )
        return portfolio.total_return(), portfolio.sharpe_ratio(), portfolio.max_drawdown()

    def one_by_one(chosen):
        prices = pd.DataFrame(matrix, index=dates, columns=symbols)
        for lookback in chosen:
            weights = np.roll(momentum_weights(matrix, lookback), 1, axis=0)
            figures(pd.DataFrame(weights, index=dates, columns=symbols), prices, True)

    def at_once(chosen):
        """Put a batch side by side: vectorbt's own way of sweeping, a group a candidate."""
        columns = pd.MultiIndex.from_product([chosen, symbols], names=["lookback", "symbol"])
        weights = [np.roll(momentum_weights(matrix, lookback), 1, axis=0) for lookback in chosen]
        weights = pd.DataFrame(np.hstack(weights), index=dates, columns=columns)
        prices = pd.DataFrame(np.tile(matrix, len(chosen)), index=dates, columns=columns)
        figures(weights, prices, "lookback")

    def timed(work, chosen):
        work(chosen[:2])
        begin = time.perf_counter()
        work(chosen)
        seconds = time.perf_counter() - begin
        return [seconds, most_memory()]

    answers = {
        "one by one": lambda: timed(one_by_one, lookbacks),
        "at once": lambda: timed(at_once, lookbacks),
    }
    packages = {"vectorbt": vbt, "numpy": np, "pandas": pd, "numba": sys.modules["numba"]}
    versions = {name: package.__version__ for name, package in packages.items()}
    serve({"versions": versions, "import": imported}, {}, answers)


if __name__ == "__main__":
    main(sys.argv[1])
