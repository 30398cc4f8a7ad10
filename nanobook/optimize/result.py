"""`Optimum`: weights, and the proof that they are what they're said to be."""

import math
from functools import cached_property

import numpy as np

from nanobook.errors import ConvergenceError, ValidationError
from nanobook.optimize.certificate import (
    CONDITION,
    GAP,
    ITERATIONS,
    OBJECTIVE,
    RESIDUAL,
    STATUS,
    solved,
    status_word,
)

__all__ = ["Optimum"]


class Optimum:
    """Weights with their certificate, as `optimize` returns them.

    Parameters
    ----------
    method : str
        The objective's name.
    problem : Problem
        What was solved.
    weights : ndarray of shape (N,)
        The weights.
    numbers : ndarray of shape (FIELDS,)
        The solver's figures, as `nanobook.optimize.certificate` places them.
    """

    def __init__(self, method, problem, weights, numbers):
        self._method, self._problem = method, problem
        self._weights, self._numbers = weights, numbers

    @property
    def method(self):
        """The objective's name."""
        return self._method

    @property
    def weights(self):
        """The weights, dressed as the returns were."""
        return self._problem.labels.dress(self._weights)

    @property
    def status(self):
        """How the solve ended: "optimal", or why not; "computed" for a rule without objective."""
        return status_word(self._numbers[STATUS])

    @property
    def objective(self):
        """What was minimised or maximised, at these weights."""
        return float(self._numbers[OBJECTIVE])

    @property
    def kkt_residual(self):
        """Largest violation of the optimality conditions, relative; NaN for linear programmes."""
        return float(self._numbers[RESIDUAL])

    @property
    def duality_gap(self):
        """Primal minus dual objective over the objective's size; NaN where there's no dual."""
        return float(self._numbers[GAP])

    @property
    def iterations(self):
        """Steps of the solver's outer loop."""
        return int(self._numbers[ITERATIONS])

    @property
    def condition_number(self):
        """Condition number, in the 1-norm, of the covariance of the assets held."""
        return float(self._numbers[CONDITION])

    @property
    def notes(self):
        """What the estimators did on the way, by name."""
        return dict(self._problem.notes)

    @cached_property
    def volatility(self):
        """Standard deviation per period; NaN where no covariance was estimated."""
        if self._problem.covariance is None:
            return math.nan
        return math.sqrt(max(self._weights @ self._problem.covariance @ self._weights, 0.0))

    @cached_property
    def expected_return(self):
        """Expected return per period; NaN where no mean was estimated."""
        return math.nan if self._problem.mean is None else float(self._weights @ self._problem.mean)

    def risk_contributions(self):
        """Return the share of the variance that each asset brings in.

        Returns
        -------
        ndarray, list, Series or dict
            ``w_i (C w)_i / w'Cw``; they add up to 1.

        Raises
        ------
        ValidationError
            If no covariance was estimated.
        """
        covariance = self._problem.covariance
        if covariance is None:
            raise ValidationError(
                f"risk_contributions needs a covariance, and {self.method} was solved without one"
            )
        marginal = covariance @ self._weights
        shares = self._weights * marginal / (self._weights @ marginal)
        return self._problem.labels.dress(shares, "risk_contribution")

    def plot_weights(self, path=None, *, most=30, title=None):
        """Draw the weights, and beside them the share of risk that each one brings in.

        Parameters
        ----------
        path : str or PathLike, optional
            Where to save the picture; its suffix decides the format.
        most : int, default 30
            Of more positions than these the largest are drawn, and the rest as one.
        title : str, optional
            The headline; by default the objective and how many assets are held.

        Returns
        -------
        matplotlib.figure.Figure
            The picture, made without pyplot; a notebook shows it.

        Raises
        ------
        MissingDependencyError
            If matplotlib isn't installed.
        ValidationError
            If nothing is held, or `path` ends in no suffix that matplotlib knows.
        """
        from nanobook.report.weights_plot import plot_weights

        weights = self._problem.labels.series(self._weights)
        risk = None
        if self._problem.covariance is not None and self.volatility > 0:
            marginal = self._problem.covariance @ self._weights
            shares = self._weights * marginal / (self._weights @ marginal)
            risk = self._problem.labels.series(shares, "risk_contribution")
        if title is None:
            held = np.count_nonzero(self._weights)
            title = f"{self._method}: {held} of {self._weights.size} assets held"
        return plot_weights(weights, risk, most=most, title=title, path=path)

    def raise_for_status(self):
        """Raise if the solve failed.

        Raises
        ------
        ConvergenceError
            If the status is neither "optimal" nor "computed".
        """
        if not solved(self._numbers[STATUS]):
            known = [x for x in (self.kkt_residual, self.duality_gap) if not math.isnan(x)]
            left = f", with a residual of {max(known):.3g}" if known else ""
            raise ConvergenceError(
                f"{self.method} ended as {self.status!r} after {self.iterations} iterations{left}"
            )

    def __repr__(self):
        return (
            f"Optimum({self.method}: {self.status}, objective={self.objective:.6g}, "
            f"{np.count_nonzero(np.abs(self._weights) > 1e-12)} of {self._weights.size} assets)"
        )
