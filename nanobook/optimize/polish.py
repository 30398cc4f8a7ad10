"""The last digits of a quadratic programme: its active rows as equations, solved directly."""

import numpy as np

__all__ = ["polish"]

#: More unknowns than these aren't worth a dense factorisation.
_MOST = 1500

#: Largest violation, in scaled units, that a polished answer may have.
_CLOSE = 1e-13


def polish(standard, x, multipliers):
    """Sharpen an interior point's answer, where its active set is clear.

    Parameters
    ----------
    standard : Standard
        Quadratic, without cones and logarithms.
    x, multipliers : ndarray
        The answer.

    Returns
    -------
    tuple of ndarray or None
        Variables and multipliers; None where no active set was found within a few changes.
    """
    matrix = standard.matrix
    width = standard.root.shape[1]
    slope = standard.linear + matrix.T @ multipliers
    slope[:width] += standard.root.T @ (standard.root @ x[:width] - standard.target)
    sums = matrix @ x
    side = np.zeros(x.size, np.int8)
    side[slope > x - standard.lower] = -1
    side[-slope > standard.upper - x] = 1
    side[standard.lower == standard.upper] = -1
    equal = standard.row_lower == standard.row_upper
    active = np.zeros(sums.size, np.int8)
    active[multipliers > standard.row_upper - sums] = 1
    active[-multipliers > sums - standard.row_lower] = -1
    active[equal] = 1
    if np.count_nonzero(side == 0) + np.count_nonzero(active) > _MOST:
        return None
    for _ in range(12):
        answer = _solve(standard, side, active)
        if answer is None:
            return None
        if not _repair(standard, *answer, side, active, equal):
            x, multipliers, _ = answer
            inside = np.clip(x, standard.lower, standard.upper)
            return inside, multipliers
    return None


def _solve(standard, side, active):
    """Return variables, multipliers and reduced costs of an active set."""
    free = np.flatnonzero(side == 0)
    rows = np.flatnonzero(active)
    x = np.where(side < 0, standard.lower, np.where(side > 0, standard.upper, 0.0))
    width = standard.root.shape[1]
    root = standard.root[:, free[free < width]]
    quadratic = np.zeros((free.size, free.size))
    inner = np.count_nonzero(free < width)
    quadratic[:inner, :inner] = root.T @ root
    fixed = np.where(side[:width] == 0, 0.0, x[:width])
    bent = standard.root @ fixed - standard.target
    slope = standard.linear.copy()
    slope[:width] += standard.root.T @ bent
    block = standard.matrix[rows]
    limits = np.where(active[rows] > 0, standard.row_upper[rows], standard.row_lower[rows])
    dense = block[:, free].toarray()
    system = np.block([[quadratic, dense.T], [dense, np.zeros((rows.size, rows.size))]])
    right = np.concatenate([-slope[free], limits - block @ x])
    found = _dense_solve(system, right)
    if found is None:
        return None
    x[free] = found[: free.size]
    multipliers = np.zeros(active.size)
    multipliers[rows] = found[free.size :]
    reduced = standard.linear + standard.matrix.T @ multipliers
    reduced[:width] += standard.root.T @ (standard.root @ x[:width] - standard.target)
    return x, multipliers, reduced


def _dense_solve(system, right):
    """Solve a symmetric system, which may be singular, and refine."""
    size = np.abs(right).max() or 1.0
    try:
        inverse = np.linalg.inv(system)
        found = inverse @ right
        for _ in range(2):
            found += inverse @ (right - system @ found)
        if np.abs(system @ found - right).max() <= 1e-13 * size:
            return found
    except np.linalg.LinAlgError:
        pass
    found = np.linalg.lstsq(system, right, rcond=1e-13)[0]
    found += np.linalg.lstsq(system, right - system @ found, rcond=1e-13)[0]
    return found if np.abs(system @ found - right).max() <= 1e-11 * size else None


def _repair(standard, x, multipliers, reduced, side, active, equal):
    """Change the active set where the answer breaks it; return whether anything changed."""
    free = side == 0
    below = free & (x < standard.lower - _CLOSE)
    above = free & (x > standard.upper + _CLOSE)
    sums = standard.matrix @ x
    short = (active == 0) & (sums < standard.row_lower - _CLOSE)
    past = (active == 0) & (sums > standard.row_upper + _CLOSE)
    unit = np.abs(standard.linear).max() + np.abs(reduced[free]).max(initial=0.0) or 1.0
    unit = max(unit, 1e-3)
    fixed = standard.lower == standard.upper
    wrong = ~fixed & (((side < 0) & (reduced < -1e-11 * unit)) | ((side > 0) & (reduced > 1e-11 * unit)))
    released = ~equal & (active * multipliers < -1e-11 * unit)
    if not (below.any() or above.any() or short.any() or past.any()):
        side[wrong] = 0
        active[released] = 0
        return bool(wrong.any() or released.any())
    side[below], side[above] = -1, 1
    active[short], active[past] = -1, 1
    return True
