"""Expected returns."""

__all__ = ["estimate_mean"]


def estimate_mean(returns, method="historical", *, half_life=None, missing="raise"):
    """Estimate them."""
    return returns.mean(axis=0)
