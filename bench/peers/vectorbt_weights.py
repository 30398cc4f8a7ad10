"""vectorbt's side of bench_portfolio: target weights with shared cash, 10 basis points a trade.

Started by the bench, in an environment with vectorbt, with the folder of the problem.
"""

import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from peers.process import serve


def main(folder):
    """Answer the bench."""
    begin = time.perf_counter()
    import numpy as np
    import pandas as pd
    import vectorbt as vbt

    imported = time.perf_counter() - begin
    problem = np.load(Path(folder) / "problem.npz")
    dates = pd.bdate_range("2014-01-01", periods=len(problem["prices"]))
    prices = pd.DataFrame(problem["prices"], index=dates)
    weights = {
        name: pd.DataFrame(problem[name], index=dates) for name in ("random_weights", "equal")
    }
    cash, fees = float(problem["cash"]), float(problem["fees"])

    def simulate(name, fees=fees):
        return vbt.Portfolio.from_orders(
            prices,
            weights[name],
            size_type="targetpercent",
            cash_sharing=True,
            group_by=True,
            call_seq="auto",
            fees=fees,
            init_cash=cash,
            freq="1D",
        )

    def with_figures(name):
        portfolio = simulate(name)
        return portfolio.returns(), portfolio.sharpe_ratio(), portfolio.max_drawdown()

    tasks = {}
    for name in weights:
        tasks[f"{name}: simulation"] = lambda name=name: simulate(name)
        tasks[f"{name}: figures"] = lambda name=name: with_figures(name)
    answers = {
        "final equity without costs": lambda: float(simulate("random_weights", 0.0).final_value())
    }
    packages = {"vectorbt": vbt, "numpy": np, "pandas": pd, "numba": sys.modules["numba"]}
    versions = {name: package.__version__ for name, package in packages.items()}
    serve({"versions": versions, "import": imported}, tasks, answers)


if __name__ == "__main__":
    main(sys.argv[1])
