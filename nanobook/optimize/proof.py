"""How good an answer is, from the answer: a bound below the optimum, and what breaks optimality.

Any multipliers give a bound: the objective's tangent at the answer, plus the rows weighed by
them, is least at a corner of the box that holds all variables (Neumaier, Shcherbina 2004).
So the gap proves the answer whatever the solver claims.
"""

import numpy as np

__all__ = ["prove"]


def prove(form, x, multipliers, cones, lower=None, upper=None):
    """Return the gap and the residual of an answer.

    Parameters
    ----------
    form : Form
        The programme.
    x : ndarray
        Its variables.
    multipliers : ndarray
        Of its rows.
    cones : sequence of ndarray
        Of its cones, a vector each.
    lower, upper : ndarray, optional
        Bounds, if they're other than the programme's.

    Returns
    -------
    gap : float
        How far the objective is from its bound, over the size of its terms.
    residual : float
        Largest violation of stationarity and complementarity, in units of weights.
    """
    programme = form.programme
    lower = programme.lower if lower is None else lower
    upper = programme.upper if upper is None else upper
    matrix, least, most, _ = form.rows
    slope, size, unit = form.slope(x)
    up = np.where(np.isfinite(most), np.maximum(multipliers, 0.0), 0.0)
    down = np.where(np.isfinite(least), np.maximum(-multipliers, 0.0), 0.0)
    rest = slope + matrix.T @ (up - down)
    sums = matrix @ x
    slack_up = up * np.where(up > 0, most - sums, 0.0)
    slack_down = down * np.where(down > 0, sums - least, 0.0)
    gap = slack_up.sum() + slack_down.sum()
    for cone, push in zip(form.cones, cones, strict=True):
        aside = cone.matrix @ x[cone.columns] - cone.target
        weight = np.linalg.norm(push)
        limit = cone.limit
        rest[cone.columns] += cone.matrix.T @ push
        if cone.slope.size:
            rest -= weight * cone.slope
            limit = limit + cone.slope @ x
        gap += weight * limit - push @ aside
    floor, ceiling = np.maximum(lower, programme.floor), np.minimum(upper, programme.ceiling)
    gap += (rest * (x - np.where(rest > 0, floor, ceiling))).sum()
    moved = x - np.clip(x - rest / unit, lower, upper)
    loose = np.concatenate([slack_up, slack_down, [0.0]])
    residual = max(np.abs(moved).max(), np.abs(loose).max() / unit)
    return max(float(gap), 0.0) / max(size, 1e-3), float(residual)
