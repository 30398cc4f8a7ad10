"""The two parameters of a DCC model at which the likelihood is largest, and their errors."""

import math

import numpy as np

from nanobook.volatility.dcc_likelihood import joint_likelihood, pair_likelihood

__all__ = ["LIKELIHOODS", "largest_likelihood", "robust_covariance"]

#: The likelihoods that can be maximised, by their public names.
LIKELIHOODS = {"joint": joint_likelihood, "pairs": pair_likelihood}

#: The largest a + b that is tried.
MOST_PERSISTENCE = 1.0 - 1e-6

#: Where the search begins from the best of: persistence, and the share of it that is a's.
STARTS = [(s, f) for s in (0.6, 0.9, 0.97, 0.995) for f in (0.02, 0.06, 0.2)]

#: Below this a the likelihood says nothing about b.
LEAST_A = 1e-6

#: Step of finite differences, in units of a and b.
STEP = 1e-4

#: What a Newton step has to gain, and how many are made at most.
LEAST_GAIN, MOST_STEPS = 1e-10, 20


def largest_likelihood(kernel, resids, target):
    """Maximise over a and b, both at least 0 and together below 1.

    The search runs over persistence ``a + b`` and the share of it that is a's, between bounds;
    Newton steps over a and b end it.

    Parameters
    ----------
    kernel : callable
        One of `LIKELIHOODS`.
    resids : ndarray of shape (T, N)
        Standardised residuals; a row that doesn't count begins with NaN.
    target : ndarray of shape (N, N)
        The long-run matrix.

    Returns
    -------
    params : ndarray of shape (2,)
        a and b.
    total : float
        The log-likelihood there.
    status : {"converged", "a is 0", "a + b is 1", "not converged"}
        What came of the search.
    """
    from scipy.optimize import minimize

    terms = np.empty(len(resids))
    count = max(int((~np.isnan(resids[:, 0])).sum()), 1)

    def loss(point):
        persistence, share = point
        total = kernel(resids, target, persistence * share, persistence * (1.0 - share), terms)
        return -total / count if math.isfinite(total) else 1e10

    start = min(STARTS, key=loss)
    found = minimize(
        loss,
        start,
        jac="3-point",
        method="L-BFGS-B",
        bounds=[(0.0, MOST_PERSISTENCE), (0.0, 1.0)],
        options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 200},
    )
    persistence, share = found.x
    params = np.array([persistence * share, persistence * (1.0 - share)])
    total = -found.fun * count
    converged = bool(found.success)
    if params[0] > 2 * STEP and params[1] > 2 * STEP and params.sum() < 1.0 - 4 * STEP:
        params, total, converged = _newton(kernel, resids, target, params, total, terms)
    if params[0] < LEAST_A:
        return np.zeros(2), kernel(resids, target, 0.0, 0.0, terms), "a is 0"
    if params.sum() > 1.0 - 1e-5:
        return params, total, "a + b is 1"
    return params, total, "converged" if converged else "not converged"


def _newton(kernel, resids, target, params, total, terms):
    """Climb by Newton steps; return parameters, log-likelihood and whether nothing was left."""
    for _ in range(MOST_STEPS):
        gradient, hessian, _ = _derivatives(kernel, resids, target, params)
        try:
            step = -np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:
            return params, total, False
        expected = 0.5 * float(gradient @ step)
        if not 0.0 <= expected < 1e6:
            return params, total, False  # not concave here
        if expected < LEAST_GAIN:
            return params, total, True
        for _ in range(30):
            point = params + step
            if point.min() > STEP and point.sum() < 1.0 - 2 * STEP:
                value = kernel(resids, target, point[0], point[1], terms)
                if value > total:
                    break
            step = step / 2.0
        else:
            return params, total, expected < 1e-7
        params, total = point, value
    return params, total, False


def _derivatives(kernel, resids, target, params):
    """Return gradient, Hessian and the scores of rows, by central differences."""
    periods = len(resids)
    values, rows = {}, {}
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            terms = np.empty(periods)
            a, b = params[0] + i * STEP, params[1] + j * STEP
            values[i, j] = kernel(resids, target, a, b, terms)
            rows[i, j] = terms
    gradient = np.array([values[1, 0] - values[-1, 0], values[0, 1] - values[0, -1]]) / (2 * STEP)
    twice = 2.0 * values[0, 0]
    cross = (values[1, 1] - values[1, -1] - values[-1, 1] + values[-1, -1]) / 4.0
    hessian = np.array(
        [
            [values[1, 0] + values[-1, 0] - twice, cross],
            [cross, values[0, 1] + values[0, -1] - twice],
        ]
    )
    scores = np.column_stack([rows[1, 0] - rows[-1, 0], rows[0, 1] - rows[0, -1]]) / (2 * STEP)
    return gradient, hessian / STEP**2, scores


def robust_covariance(kernel, resids, target, params):
    """Return the sandwich covariance of a and b; NaN near a bound.

    Parameters
    ----------
    kernel : callable
        One of `LIKELIHOODS`.
    resids : ndarray of shape (T, N)
        Standardised residuals.
    target : ndarray of shape (N, N)
        The long-run matrix.
    params : ndarray of shape (2,)
        a and b.

    Returns
    -------
    ndarray of shape (2, 2)
        The inverse Hessian on both sides of the scores' outer product.
    """
    if params.min() <= 2 * STEP or params.sum() >= 1.0 - 4 * STEP:
        return np.full((2, 2), np.nan)
    _, hessian, scores = _derivatives(kernel, resids, target, params)
    try:
        bread = np.linalg.inv(hessian)
    except np.linalg.LinAlgError:
        return np.full((2, 2), np.nan)
    return bread @ (scores.T @ scores) @ bread
