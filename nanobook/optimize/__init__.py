"""Portfolio weights from returns: true optima with a certificate, for one date or for all.

Names load when first used, so that the function `nanobook.optimize` costs nothing to import.
"""

from importlib import import_module

from nanobook.optimize.optimize import optimize

_MODULE_OF = {
    "Cardinality": "constraints",
    "FactorExposure": "constraints",
    "GrossLimit": "constraints",
    "GroupLimit": "constraints",
    "LinearConstraint": "constraints",
    "MinimumPosition": "constraints",
    "NetLimit": "constraints",
    "Optimum": "result",
    "TrackingErrorLimit": "constraints",
    "TransactionCost": "constraints",
    "TurnoverLimit": "constraints",
}

__all__ = [
    "Cardinality",
    "FactorExposure",
    "GrossLimit",
    "GroupLimit",
    "LinearConstraint",
    "MinimumPosition",
    "NetLimit",
    "Optimum",
    "TrackingErrorLimit",
    "TransactionCost",
    "TurnoverLimit",
    "optimize",
]


def __getattr__(name):
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'nanobook.optimize' has no attribute {name!r}")
    value = getattr(import_module(f"nanobook.optimize.{module}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
