"""Portfolio weights from returns: true optima with a certificate, for one date or for all.

Names load when first used, so that the function `nanobook.optimize` costs nothing to import.
"""

from importlib import import_module

_MODULE_OF = {
    "BlackLitterman": "views",
    "CovarianceEstimate": "covariance",
    "Optimum": "result",
    "black_litterman": "views",
    "estimate_covariance": "covariance",
    "estimate_mean": "moments",
    "nearest_covariance": "repair",
}

__all__ = [
    "BlackLitterman",
    "CovarianceEstimate",
    "Optimum",
    "black_litterman",
    "estimate_covariance",
    "estimate_mean",
    "nearest_covariance",
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
