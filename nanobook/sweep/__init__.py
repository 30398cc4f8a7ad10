"""Parameter sweeps: thousands of backtests at once, and what the best of them is worth.

`sweep` runs each candidate of a `Grid` through the simulator's kernel, one candidate a lane
(`candidates`); a `Strategy` compiles to a function that the kernel calls, and `strategies` has
the textbook's. `walk_forward` and `combinatorial_cross_validation` choose in one stretch of time
and trade in another.

Names load when first used, so that the function `nanobook.sweep` costs nothing to import.
"""

from importlib import import_module

from nanobook.sweep.sweep import sweep

_MODULE_OF = {
    "Grid": "grid",
    "Uniform": "axes",
    "Strategy": "strategy",
    "SweepResult": "result",
    "OverfittingReport": "overfitting",
    "WalkForwardResult": "forward",
    "walk_forward": "forward",
    "CrossValidationResult": "cross_validation",
    "combinatorial_cross_validation": "cross_validation",
    "sweep_equal_weight": "seed",
    "sweep_strategy": "seed",
    "walkforward": "seed",
}

__all__ = [
    "CrossValidationResult",
    "Grid",
    "OverfittingReport",
    "Strategy",
    "SweepResult",
    "Uniform",
    "WalkForwardResult",
    "combinatorial_cross_validation",
    "sweep",
    "sweep_equal_weight",
    "sweep_strategy",
    "walk_forward",
    "walkforward",
]


def __getattr__(name):
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'nanobook.sweep' has no attribute {name!r}")
    value = getattr(import_module(f"nanobook.sweep.{module}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
