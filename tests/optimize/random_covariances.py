"""Covariances and returns to draw tests from."""

import numpy as np

__all__ = ["clustered_returns", "random_covariance", "random_returns"]


def random_returns(seed, periods, assets, factors=3):
    """Return daily returns of assets that share a few factors, of uneven volatility."""
    rng = np.random.default_rng(seed)
    moves = 0.01 * rng.standard_normal((periods, factors))
    loads = rng.standard_normal((factors, assets)) * 0.4
    loads[0] += 1.0
    own = 0.01 * rng.standard_normal((periods, assets)) * rng.uniform(0.3, 3.0, assets)
    return moves @ loads + own


def clustered_returns(seed, periods, sizes, own=0.5):
    """Return returns of blocks of assets, each block with a factor of its own."""
    rng = np.random.default_rng(seed)
    blocks = [
        rng.standard_normal((periods, 1)) + own * rng.standard_normal((periods, size))
        for size in sizes
    ]
    return 0.01 * np.hstack(blocks)


def random_covariance(seed, assets):
    """Return a covariance of one of several kinds, from tame to all but singular."""
    rng = np.random.default_rng(seed)
    kind = seed % 4
    if kind == 0:  # a sample's, with many periods
        return np.cov(random_returns(seed, 20 * assets + 5, assets), rowvar=False).reshape(
            assets, assets
        )
    if kind == 1:  # a sample's, with fewer periods than assets
        found = np.cov(random_returns(seed, assets // 2 + 3, assets), rowvar=False)
        return found.reshape(assets, assets)
    if kind == 2:  # eigenvalues over eight powers of ten
        turn, _ = np.linalg.qr(rng.standard_normal((assets, assets)))
        found = (turn * 10.0 ** -rng.uniform(0, 8, assets)) @ turn.T
        return 0.5 * (found + found.T)
    scale = 10.0 ** rng.uniform(-3, 3, assets)  # volatilities over six
    found = np.cov(rng.standard_normal((3 * assets + 5, assets)) * scale, rowvar=False)
    return found.reshape(assets, assets)
