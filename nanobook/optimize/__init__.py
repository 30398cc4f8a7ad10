"""Portfolio weights from returns: true optima with a certificate, for one date or for all.

Names load when first used, so that the function `nanobook.optimize` costs nothing to import.
"""

from importlib import import_module

from nanobook.optimize.optimize import optimize

_MODULE_OF = {
    "BlackLitterman": "views",
    "Cardinality": "constraints",
    "CovarianceEstimate": "covariance",
    "EfficientFrontier": "frontier",
    "FactorExposure": "constraints",
    "GrossLimit": "constraints",
    "GroupLimit": "constraints",
    "LinearConstraint": "constraints",
    "MinimumPosition": "constraints",
    "NetLimit": "constraints",
    "Optimum": "result",
    "RollingWeights": "rolling",
    "TrackingErrorLimit": "constraints",
    "TransactionCost": "constraints",
    "TurnoverLimit": "constraints",
    "WeightCube": "cube",
    "black_litterman": "views",
    "compare_optimizers": "comparison",
    "efficient_frontier": "frontier",
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
    "optimize_max_diversification": "max_diversification",
    "optimize_max_sharpe": "max_sharpe",
    "optimize_mean_cvar": "tail_risk",
    "optimize_min_variance": "min_variance",
    "optimize_nco": "nco",
    "optimize_risk_parity": "risk_parity",
    "optimize_utility": "utility",
    "rolling_weights": "rolling",
    "weight_cube": "cube",
}

__all__ = [
    "BlackLitterman",
    "Cardinality",
    "CovarianceEstimate",
    "EfficientFrontier",
    "FactorExposure",
    "GrossLimit",
    "GroupLimit",
    "LinearConstraint",
    "MinimumPosition",
    "NetLimit",
    "Optimum",
    "RollingWeights",
    "TrackingErrorLimit",
    "TransactionCost",
    "TurnoverLimit",
    "WeightCube",
    "black_litterman",
    "compare_optimizers",
    "efficient_frontier",
    "equal_weights",
    "estimate_covariance",
    "estimate_mean",
    "inverse_cdar_weights",
    "inverse_cvar_weights",
    "inverse_volatility_weights",
    "nearest_covariance",
    "optimize",
    "optimize_cdar",
    "optimize_cvar",
    "optimize_herc",
    "optimize_hrp",
    "optimize_max_diversification",
    "optimize_max_sharpe",
    "optimize_mean_cvar",
    "optimize_min_variance",
    "optimize_nco",
    "optimize_risk_parity",
    "optimize_utility",
    "rolling_weights",
    "weight_cube",
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
