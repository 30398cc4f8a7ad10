"""Repair: the nearest matrix that can be a covariance to one that can't."""

import numpy as np

from nanobook.errors import ConvergenceError, ValidationError
from nanobook.optimize.blas import one_blas_thread
from nanobook.optimize.inputs import read_labels, read_square
from nanobook.panel.frames import is_frame

__all__ = ["REPAIRS", "nearest_covariance", "repaired"]

REPAIRS = ("higham", "clip")

_STEPS = 100


def nearest_covariance(covariance, method="higham"):
    """Return the positive semidefinite matrix nearest to a symmetric one.

    Covariances estimated pair by pair, or put together by hand, needn't fit each other: some
    weights would have a negative variance.

    Parameters
    ----------
    covariance : DataFrame or array_like of shape (N, N)
        Symmetric, with variances that aren't negative.
    method : {"higham", "clip"}, default "higham"
        "higham" keeps the variances and moves the correlations to the nearest matrix of
        correlations, in the Frobenius norm, which is the problem of [1]_; it's solved by the
        Newton method of [2]_. "clip" sets negative eigenvalues of the covariance to zero, which is
        the nearest of all, and raises variances.

    Returns
    -------
    matrix : DataFrame or ndarray of shape (N, N)
        The same numbers where nothing had to be repaired.
    distance : float
        Frobenius norm of what changed; 0.0 where nothing did.

    Raises
    ------
    ArgumentTypeError
        If `covariance` doesn't hold numbers.
    ValidationError
        If it isn't square, finite and symmetric, or `method` isn't known.
    ConvergenceError
        If Newton's method stopped short.

    References
    ----------
    .. [1] Higham (2002), "Computing the nearest correlation matrix: a problem from finance", IMA
       Journal of Numerical Analysis 22(3).
    .. [2] Qi, Sun (2006), "A quadratically convergent Newton method for computing the nearest
       correlation matrix", SIAM Journal on Matrix Analysis and Applications 28(2).

    Examples
    --------
    >>> matrix, distance = nearest_covariance([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    >>> matrix.round(4)
    array([[1.    , 0.7607, 0.1573],
           [0.7607, 1.    , 0.7607],
           [0.1573, 0.7607, 1.    ]])
    >>> round(distance, 4)
    0.5278
    """
    read_method(method)
    labels = read_labels(covariance, None)
    matrix, distance = repaired(read_square(covariance, labels), method)
    if is_frame(covariance):
        from pandas import DataFrame

        matrix = DataFrame(matrix, index=covariance.index, columns=covariance.columns)
    return matrix, distance


def read_method(method):
    """Raise if a repair isn't known.

    Parameters
    ----------
    method : str
        What the caller gave.

    Raises
    ------
    ValidationError
        If it isn't one of `REPAIRS`.
    """
    if method not in REPAIRS:
        raise ValidationError(f"repair must be 'higham' or 'clip', got {method!r}")


def repaired(square, method):
    """Return a symmetric matrix made positive semidefinite, and how far it was moved.

    Parameters
    ----------
    square : ndarray of shape (N, N)
        Symmetric and finite.
    method : {"higham", "clip"}
        See `nearest_covariance`.

    Returns
    -------
    matrix : ndarray of shape (N, N)
        `square` itself where its eigenvalues aren't negative beyond rounding.
    distance : float
        Frobenius norm of the difference.

    Raises
    ------
    ConvergenceError
        If Newton's method stopped short.
    """
    with one_blas_thread(kernels=False):
        deviations = np.sqrt(np.diag(square))
        live = deviations > 0.0
        scale = np.where(live, deviations, 1.0)
        correlation = square / scale / scale[:, None]
        if live.all() and _is_semidefinite(correlation):
            return square, 0.0
        if method == "clip":
            matrix = square if _is_semidefinite(square) else _positive_part(square)
        else:
            # What has no variance can't covary.
            inside = correlation[np.ix_(live, live)]
            if not _is_semidefinite(inside):
                inside = _nearest_correlation(inside)
            correlation = np.zeros_like(square)
            correlation[np.ix_(live, live)] = inside
            matrix = correlation * scale * scale[:, None]
            np.fill_diagonal(matrix, np.diag(square))
    return matrix, float(np.linalg.norm(matrix - square))


def _is_semidefinite(square):
    if not square.size:
        return True
    values = np.linalg.eigvalsh(square)
    return values[0] >= -10.0 * len(square) * np.finfo(float).eps * max(values[-1], -values[0])


def _positive_part(square):
    values, vectors = np.linalg.eigh(square)
    keep = values > 0.0
    roots = vectors[:, keep] * np.sqrt(values[keep])
    return roots @ roots.T


def _nearest_correlation(square):
    """Newton's method on the dual: multipliers y so that (square + diag(y))+ has diagonal one."""
    size = len(square)
    y = np.zeros(size)
    value, gradient, values, vectors = _dual(square, y)
    for _ in range(_STEPS):
        slack = np.linalg.norm(gradient)
        if slack <= 1e-13 * size:
            break
        step = _newton_step(values, vectors, gradient, slack)
        slope, length = gradient @ step, 1.0
        while True:
            trial = _dual(square, y + length * step)
            # Near the end the dual's value is flat to rounding, and its gradient tells more.
            better = np.linalg.norm(trial[1]) < 0.5 * slack
            if better or trial[0] <= value + 1e-4 * length * slope or length < 1e-6:
                break
            length /= 2.0
        if length < 1e-6 or (np.linalg.norm(trial[1]) >= slack and slack <= 1e-10 * size):
            break
        y = y + length * step
        value, gradient, values, vectors = trial
    slack = np.linalg.norm(gradient)
    if not slack <= 1e-7 * size:
        raise ConvergenceError(
            f"the nearest correlation matrix wasn't reached: diagonals are off by {slack:.3g}; "
            "repair='clip' always works"
        )
    roots = vectors * np.sqrt(np.maximum(values, 0.0))
    matrix = roots @ roots.T
    inverse = 1.0 / np.sqrt(np.diag(matrix))
    return matrix * inverse * inverse[:, None]


def _dual(square, y):
    shifted = square.copy()
    np.fill_diagonal(shifted, np.diag(square) + y)
    values, vectors = np.linalg.eigh(shifted)
    positive = np.maximum(values, 0.0)
    gradient = (vectors * vectors) @ positive - 1.0
    return 0.5 * positive @ positive - y.sum(), gradient, values, vectors


def _newton_step(values, vectors, gradient, slack):
    """Solve for the step by conjugate gradients; the Hessian is only ever applied."""
    high, low = np.maximum(values, 0.0), np.minimum(values, 0.0)
    spread = (high - low)[:, None] + (high - low)
    share = np.divide(high[:, None] + high, spread, out=np.ones_like(spread), where=spread > 0.0)
    softening = min(1e-8, 1e-3 * slack)

    def applied(direction):
        inner = vectors.T @ (vectors * direction[:, None])
        return ((vectors @ (share * inner)) * vectors).sum(axis=1) + softening * direction

    squared = vectors * vectors
    diagonal = np.maximum(((squared @ share) * squared).sum(axis=1), 1e-8)
    step, rest = np.zeros_like(gradient), -gradient
    scaled = rest / diagonal
    direction, product = scaled, rest @ scaled
    for _ in range(2 * gradient.size + 20):
        if np.linalg.norm(rest) <= min(1e-2, slack) * slack:
            break
        image = applied(direction)
        length = product / (direction @ image)
        step, rest = step + length * direction, rest - length * image
        scaled = rest / diagonal
        product, before = rest @ scaled, product
        direction = scaled + product / before * direction
    return step
