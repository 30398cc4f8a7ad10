"""skfolio's side of bench_optimize, with the settings it comes with.

Started by the bench, in an environment with skfolio, with the folder of the problem. Its
estimators take returns: its times hold the estimation of moments.
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
    from skfolio import RiskMeasure
    from skfolio.optimization import (
        HierarchicalRiskParity,
        MeanRisk,
        ObjectiveFunction,
        RiskBudgeting,
    )

    imported = time.perf_counter() - begin
    warnings.simplefilter("ignore")

    def of(make):
        return lambda returns: lambda: make().fit(returns).weights_.tolist()

    solvers = {
        "min_variance": of(MeanRisk),
        "max_sharpe": of(lambda: MeanRisk(objective_function=ObjectiveFunction.MAXIMIZE_RATIO)),
        "risk_parity": of(RiskBudgeting),
        "cvar": of(lambda: MeanRisk(risk_measure=RiskMeasure.CVAR, cvar_beta=ALPHA)),
        "cdar": of(lambda: MeanRisk(risk_measure=RiskMeasure.CDAR, cdar_beta=ALPHA)),
        "hrp": of(HierarchicalRiskParity),
    }
    with np.load(Path(folder) / "problem.npz") as problem:
        tasks = tasks_of(solvers, problem)
    versions = {name: version(name) for name in ("skfolio", "cvxpy-base", "numpy")}
    serve({"versions": versions, "import": imported, "rows": list(tasks)}, tasks, tasks)


if __name__ == "__main__":
    main(sys.argv[1])
