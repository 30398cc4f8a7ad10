"""The original's side of bench_portfolio: its compiled `backtest_weights` on lists of tuples.

Started by the bench, in an environment with the original's wheel, with the folder of the
problem. It's isolated: `nanobook` must be the wheel here.
"""

import json
import pickle
import sys
import time
from importlib.metadata import version
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from peers.process import serve

KEYS = (
    "returns",
    "equity_curve",
    "final_cash",
    "metrics",
    "holdings",
    "symbol_returns",
    "stop_events",
)


def main(folder):
    """Answer the bench."""
    begin = time.perf_counter()
    import nanobook

    imported = time.perf_counter() - begin
    folder = Path(folder)
    call = pickle.loads((folder / "schedules.pickle").read_bytes())

    def backtest():
        return nanobook.backtest_weights(**call)

    def read_all():
        result = backtest()
        return [result[key] for key in KEYS]

    def write_answer():
        result = backtest()
        figures = result["metrics"]
        names = [n for n in dir(figures) if isinstance(getattr(figures, n), int | float)]
        answer = {key: result[key] for key in KEYS}
        answer["metrics"] = {name: getattr(figures, name) for name in names}
        (folder / "answer.json").write_text(json.dumps(answer))
        return "answer.json"

    serve(
        {"versions": {"nanobook": version("nanobook")}, "import": imported},
        {"call": backtest, "all keys": read_all},
        {"result": write_answer},
    )


if __name__ == "__main__":
    main(sys.argv[1])
