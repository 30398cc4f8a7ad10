"""Views: expected returns that the market implies, moved by what one thinks one knows."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from nanobook.errors import RangeError, ValidationError
from nanobook.optimize.blas import one_blas_thread
from nanobook.optimize.inputs import Labels, read_labels, read_square
from nanobook.panel.arrays import as_float, as_matrix, as_vector
from nanobook.panel.frames import is_frame, is_series, shown_labels

__all__ = ["BlackLitterman", "black_litterman"]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class BlackLitterman:
    """The posterior of a Black-Litterman model.

    Its `mean` and `covariance` can be given to any optimizer.

    Parameters
    ----------
    mean : Series or ndarray of shape (N,)
        Expected returns, given prior and views.
    covariance : DataFrame or ndarray of shape (N, N)
        Of returns around that mean: the covariance given, plus the uncertainty of the mean.
    prior : Series or ndarray of shape (N,)
        Expected returns without views.
    omega : ndarray of shape (K, K)
        Covariance of the views' errors; infinite for a view that has no confidence.
    """

    mean: object
    covariance: object
    prior: object
    omega: np.ndarray

    def __repr__(self):
        return f"BlackLitterman({len(self.mean)} assets, {len(self.omega)} views)"


def black_litterman(
    covariance,
    *,
    views,
    q=None,
    market_weights=None,
    prior=None,
    confidences=None,
    omega=None,
    tau=0.05,
    risk_aversion=2.5,
):
    """Return expected returns and their covariance from a prior and views, as Black and Litterman.

    Parameters
    ----------
    covariance : DataFrame, array_like of shape (N, N) or CovarianceEstimate
        Of returns per period.
    views : DataFrame or array_like of shape (K, N), list of mappings or mapping
        One row a view: the portfolio that it's about. A frame's columns and a row's keys are
        assets; those left out have no weight. One mapping of assets to returns is a view on each.
    q : float or array_like of shape (K,), optional
        The return per period that each view expects of its portfolio; not beside one mapping, which
        holds them.
    market_weights : array_like of shape (N,), Series or mapping, optional
        Weights of which the prior is what makes them optimal: ``risk_aversion * C w``.
    prior : float, array_like of shape (N,), Series or mapping, optional
        Expected returns per period, in place of `market_weights`.
    confidences : float or array_like of shape (K,), optional
        From 0, a view that's left out, to 1, one that will be met: the share of the way that a view
        alone moves the mean from prior to certainty, as [3]_.
    omega : array_like of shape (K,) or (K, K), optional
        Variances, or the covariance, of the views' errors, in place of confidences. Without either
        ``diag(tau P C P')``, as [2]_: a confidence of one half.
    tau : float, default 0.05
        The prior's uncertainty: its covariance is ``tau C``.
    risk_aversion : float, default 2.5
        Of the market; read with `market_weights` alone.

    Returns
    -------
    BlackLitterman
        Posterior mean and covariance, labelled as the covariance was.

    Raises
    ------
    ArgumentTypeError
        If an argument doesn't hold real numbers.
    ValidationError
        If shapes don't agree, an asset isn't known, not exactly one of `market_weights` and `prior`
        is given, or views of full confidence contradict or repeat each other; its child RangeError
        if a number lies outside its range.

    Notes
    -----
    With ``A = tau P C P' + omega`` the mean is ``pi + tau C P' A^-1 (q - P pi)``, and the
    covariance ``C + tau C - tau C P' A^-1 P C tau`` [2]_.

    References
    ----------
    .. [1] Black, Litterman (1992), "Global portfolio optimization", Financial Analysts Journal
       48(5).
    .. [2] He, Litterman (1999), "The intuition behind Black-Litterman model portfolios", Goldman
       Sachs, appendix.
    .. [3] Idzorek (2005), "A step-by-step guide to the Black-Litterman model"; omega in closed form
       as Walters (2014), "The Black-Litterman model in detail", section on Idzorek's extension.

    Examples
    --------
    >>> posterior = black_litterman(
    ...     [[0.04, 0.01], [0.01, 0.09]], market_weights=[0.6, 0.4], views=[[1, -1]], q=0.02
    ... )
    >>> posterior.prior.round(4), posterior.mean.round(4)
    (array([0.07 , 0.105]), array([0.0775, 0.085 ]))
    """
    given = getattr(covariance, "matrix", covariance)
    labels = read_labels(given, None)
    square = read_square(given, labels)
    tau = as_float("tau", tau)
    if tau <= 0.0:
        raise RangeError(f"tau must be above 0, got {tau}")
    if (market_weights is None) == (prior is None):
        raise ValidationError("exactly one of market_weights and prior must be given")
    if prior is None:
        weights = _finite("market_weights", labels.read("market_weights", market_weights))
        pi = as_float("risk_aversion", risk_aversion) * (square @ weights)
    else:
        pi = _finite("prior", labels.read("prior", prior))
    portfolios, expected = _read_views(views, q, labels)
    spread = tau * (portfolios @ square @ portfolios.T)
    errors = _read_errors(confidences, omega, spread, views)
    with one_blas_thread(kernels=False):
        mean, posterior = _posterior(square, tau, pi, portfolios, expected, spread, errors)
    return BlackLitterman(
        _dress_vector(mean, labels, "mean"),
        _dress_square(posterior, labels),
        _dress_vector(pi, labels, "prior"),
        errors,
    )


def _posterior(square, tau, pi, portfolios, expected, spread, errors):
    heard = np.isfinite(np.diag(errors))
    portfolios, expected = portfolios[heard], expected[heard]
    inner = spread[np.ix_(heard, heard)] + errors[np.ix_(heard, heard)]
    scale = np.sqrt(np.diag(inner))
    if (scale == 0.0).any() or np.linalg.matrix_rank(inner / scale / scale[:, None]) < len(inner):
        raise ValidationError(
            "views must not repeat or contradict each other with full confidence, nor be about a "
            "portfolio without variance; lower a confidence or leave a view out"
        )
    moves = tau * square @ portfolios.T
    solved = np.linalg.solve(inner, np.column_stack([expected - portfolios @ pi, moves.T]))
    posterior = square + tau * square - moves @ solved[:, 1:]
    return pi + moves @ solved[:, 0], (posterior + posterior.T) / 2


def _read_views(views, q, labels):
    if isinstance(views, Mapping):
        if q is not None:
            raise ValidationError("q must not be given beside a mapping of views, which holds it")
        expected = _finite("views", as_vector("views", list(views.values())))
        rows = [{asset: 1.0} for asset in views]
        return _from_rows(rows, labels), expected
    if q is None:
        raise ValidationError("q must be given: the return that each view expects")
    if is_frame(views):
        names = list(views.columns)
        values = as_matrix("views", views)
        portfolios = _from_rows([dict(zip(names, row, strict=True)) for row in values], labels)
    elif isinstance(views, list | tuple) and views and isinstance(views[0], Mapping):
        portfolios = _from_rows(views, labels)
    else:
        portfolios = as_matrix("views", views)
    if portfolios.shape[1] != labels.count or not len(portfolios):
        raise ValidationError(
            f"views must have a column for each of {labels.count} assets and at least one row, got "
            f"shape {portfolios.shape}"
        )
    if is_series(q) and is_frame(views) and not q.index.equals(views.index):
        raise ValidationError("q must have the index of views")
    return _finite("views", portfolios), _finite("q", _one_a_view("q", q, len(portfolios)))


def _from_rows(rows, labels):
    position = {name: at for at, name in enumerate(labels.names)}
    out = np.zeros((len(rows), labels.count))
    for row, view in zip(out, rows, strict=True):
        unknown = [asset for asset in view if asset not in position]
        if unknown:
            raise ValidationError(
                f"views must be about assets of the covariance, got {shown_labels(unknown)}"
            )
        for asset, weight in view.items():
            row[position[asset]] = as_float("views", weight)
    return out


def _read_errors(confidences, omega, spread, views):
    count = len(spread)
    if confidences is not None and omega is not None:
        raise ValidationError("omega must not be given beside confidences")
    if omega is not None:
        errors = np.asarray(omega, dtype=float)
        if errors.ndim == 2:
            return _finite("omega", read_square(omega, Labels(count, None, "array")))
        errors = _finite("omega", _one_a_view("omega", omega, count))
        if (errors < 0.0).any():
            raise RangeError(f"omega must not be negative, got {errors.min()}")
        return np.diag(errors)
    if isinstance(confidences, Mapping) and isinstance(views, Mapping):
        if set(confidences) != set(views):
            raise ValidationError("confidences must have a value for each view, and no other")
        confidences = [confidences[asset] for asset in views]
    share = _one_a_view("confidences", 0.5 if confidences is None else confidences, count)
    bad = share[~((share >= 0.0) & (share <= 1.0))]
    if bad.size:
        raise RangeError(f"confidences must lie between 0 and 1, got {bad[0]}")
    with np.errstate(divide="ignore"):
        odds = (1.0 - share) / share
    out = np.zeros((count, count))
    np.fill_diagonal(out, np.where(share > 0.0, odds * np.diag(spread), np.inf))
    return out


def _one_a_view(name, values, count):
    vector = as_vector(name, [values] * count if np.ndim(values) == 0 else values)
    if vector.size != count:
        raise ValidationError(
            f"{name} must have a value for each of {count} views, got {vector.size}"
        )
    return vector


def _finite(name, array):
    bad = array[~np.isfinite(array)]
    if bad.size:
        raise ValidationError(f"{name} must be finite, got {bad[0]}")
    return array


def _dress_vector(values, labels, name):
    return labels.dress(values, name) if labels.kind == "series" else values


def _dress_square(matrix, labels):
    if labels.kind != "series":
        return matrix
    from pandas import DataFrame

    return DataFrame(matrix, index=labels.names, columns=labels.names)
