"""Portfolio weights from returns: true optima with a certificate, for one date or for all.

Names load when first used, so that the function `nanobook.optimize` costs nothing to import.
"""

from importlib import import_module

_MODULE_OF = {
    "BlackLitterman": "views",
    "CovarianceEstimate": "covariance",
    "Optimum": "result",
    "black_litterman": "views",
    "compare_optimizers": "comparison",
    "equal_weights": "equal",
    "estimate_covariance": "covariance",
    "estimate_mean": "moments",
    "inverse_cdar_weights": "inverse_tails",
    "inverse_cvar_weights": "inverse_tails",
    "inverse_volatility_weights": "inverse_volatility",
    "nearest_covariance": "repair",
    "optimize_cdar": "tail_risk",
    "optimize_cvar": "tail_risk",
    "optimize_herc": "herc",
    "optimize_hrp": "hrp",
    "optimize_mean_cvar": "tail_risk",
    "optimize_nco": "nco",
    "optimize_risk_parity": "risk_parity",
}

__all__ = [
    "BlackLitterman",
    "CovarianceEstimate",
    "Optimum",
    "black_litterman",
    "compare_optimizers",
    "equal_weights",
    "estimate_covariance",
    "estimate_mean",
    "inverse_cdar_weights",
    "inverse_cvar_weights",
    "inverse_volatility_weights",
    "nearest_covariance",
    "optimize_cdar",
    "optimize_cvar",
    "optimize_herc",
    "optimize_hrp",
    "optimize_mean_cvar",
    "optimize_nco",
    "optimize_risk_parity",
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
