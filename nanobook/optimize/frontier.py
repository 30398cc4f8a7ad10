"""The efficient frontier, exact: all of it, not a grid of points."""

import math
from functools import cached_property

import numpy as np

from nanobook.errors import ArgumentTypeError, ConvergenceError, ValidationError
from nanobook.optimize.certificate import (
    CONDITION,
    FIELDS,
    ITERATIONS,
    OBJECTIVE,
    OPTIMAL,
    RESIDUAL,
    STATUS,
)
from nanobook.optimize.critical_line import trace
from nanobook.optimize.inputs import also_named, read_bounds, read_problem
from nanobook.optimize.quadratic import SUM_ONE, certify, held_condition
from nanobook.optimize.result import Optimum

__all__ = ["EfficientFrontier", "efficient_frontier"]

#: The largest residual of a turning point.
_ENOUGH = 1e-8


class EfficientFrontier:
    """Every portfolio that earns the most for its risk, as `efficient_frontier` returns it.

    Between two turning points weights are a straight mixture of theirs, so the turning points
    are all there is to know.

    Parameters
    ----------
    problem : Problem
        The assets and their moments.
    lower, upper : ndarray of shape (N,)
        Bounds of the weights.
    tolerances : ndarray of shape (K,)
        1 over the risk aversions of the turning points, falling.
    weights : ndarray of shape (K, N)
        The turning points, from the largest return to the least variance.

    Attributes
    ----------
    weights : ndarray of shape (K, N)
        As above.
    returns, volatilities : ndarray of shape (K,)
        Per period, of the turning points.
    risk_aversions : ndarray of shape (K,)
        The smallest risk aversion that chooses each turning point, rising from 0 to infinity.
        The literature's lambda is 1 over it.
    """

    def __init__(self, problem, lower, upper, tolerances, weights):
        self._problem, self._lower, self._upper = problem, lower, upper
        self._tolerances, self.weights = tolerances, weights
        self.returns = weights @ problem.mean
        self.volatilities = self._volatility(weights)
        with np.errstate(divide="ignore"):
            self.risk_aversions = 1.0 / tolerances

    @cached_property
    def kkt_residual(self):
        """The largest residual along the frontier, as `nanobook.optimize.quadratic` has it.

        Each turning point is held to the optimality conditions at its own risk aversion, the
        first at that of the second, and so is the middle between each two.
        """
        pairs = [*zip(self._tolerances[1:], self.weights[1:], strict=True)]
        pairs += [(self._tolerances[1], self.weights[0])] if len(self) > 1 else []
        for k in range(1, len(self) - 1):
            middle = (self._tolerances[k] + self._tolerances[k + 1]) / 2.0
            pairs.append((middle, self._mix(k, 0.5)))
        return max((self._residual(weights, tolerance) for tolerance, weights in pairs), default=0)

    @property
    def turning_points(self):
        """A DataFrame, a row each: `return`, `volatility`, `risk_aversion`, weights by asset."""
        return self._frame(self.weights, self.risk_aversions)

    def points(self, n=100):
        """Return portfolios along the frontier, evenly spaced in return.

        Parameters
        ----------
        n : int, default 100
            How many, at least 2; the first has the least variance, the last the largest return.

        Returns
        -------
        DataFrame
            As `turning_points`.

        Raises
        ------
        ValidationError
            If `n` isn't a whole number of at least 2.
        """
        if not isinstance(n, int | np.integer) or n < 2:
            raise ValidationError(f"n must be a whole number of at least 2, got {n!r}")
        targets = np.linspace(self.returns[-1], self.returns[0], n)
        places = [self._place_of_return(target) for target in targets]
        weights = np.array([self._mix(*place) for place in places])
        aversions = np.array([self._aversion(*place) for place in places])
        return self._frame(weights, aversions)

    def weights_at(self, *, target_return=None, volatility=None, risk_aversion=None):
        """Return the one efficient portfolio of a return, a volatility or a risk aversion.

        Parameters
        ----------
        target_return : float, optional
            Per period.
        volatility : float, optional
            Per period.
        risk_aversion : float, optional
            At least 0, as `optimize_utility` has it; infinity gives the least variance.

        Returns
        -------
        ndarray, Series, list or dict
            As the returns were given.

        Raises
        ------
        ArgumentTypeError
            If it isn't a number.
        ValidationError
            If not exactly one of them is given, or the frontier doesn't reach there.
        """
        given = {
            "target_return": target_return,
            "volatility": volatility,
            "risk_aversion": risk_aversion,
        }
        given = {name: value for name, value in given.items() if value is not None}
        if len(given) != 1:
            raise ValidationError(
                "weights_at must be told one of target_return, volatility and risk_aversion, "
                f"got {', '.join(given) or 'none'}"
            )
        [(name, value)] = given.items()
        try:
            value = float(value)
        except (TypeError, ValueError):
            raise ArgumentTypeError(f"{name} must be a number, got {value!r}") from None
        if name == "risk_aversion":
            if not value >= 0.0:
                raise ValidationError(f"risk_aversion must be at least 0, got {value}")
            place = self._place_of_tolerance(1.0 / value if value > 0.0 else math.inf)
        else:
            ends = self.returns if name == "target_return" else self.volatilities
            value = self._within(name, value, ends[-1], ends[0])
            find = self._place_of_return if name == "target_return" else self._place_of_volatility
            place = find(value)
        return self._problem.labels.dress(self._mix(*place))

    def min_variance(self):
        """Return the portfolio of the least variance; of several, the one that earns the most.

        Returns
        -------
        Optimum
            Its weights and their certificate.
        """
        variance = float(self.volatilities[-1] ** 2)
        return self._optimum("min_variance", self.weights[-1].copy(), variance, 0.0)

    def max_sharpe(self, risk_free=0.0):
        """Return the portfolio of the largest Sharpe ratio.

        Parameters
        ----------
        risk_free : float, default 0.0
            The risk-free return per period.

        Returns
        -------
        Optimum
            Its weights and their certificate.

        Raises
        ------
        ArgumentTypeError
            If `risk_free` isn't a number.
        ValidationError
            If no portfolio earns more than `risk_free`.
        ConvergenceError
            If one that does has no risk.
        """
        try:
            risk_free = float(risk_free)
        except (TypeError, ValueError):
            raise ArgumentTypeError(f"risk_free must be a number, got {risk_free!r}") from None
        if not self.returns[0] > risk_free:
            raise ValidationError(
                f"risk_free must be below the best return, {self.returns[0]}, got {risk_free}"
            )
        best, place = -math.inf, (0, 0.0)
        for k in range(len(self.weights) - 1):
            for share in (0.0, self._sharpest(k, risk_free), 1.0):
                weights = self._mix(k, share)
                earned, risk = weights @ self._problem.mean - risk_free, self._volatility(weights)
                if risk == 0.0 and earned > 0.0:
                    raise ConvergenceError("max_sharpe has no bound: a portfolio has no risk")
                if risk > 0.0 and earned / risk > best:
                    best, place = earned / risk, (k, share)
        weights = self._mix(*place)
        earned = weights @ self._problem.mean - risk_free
        tolerance = self._volatility(weights) ** 2 / earned
        return self._optimum("max_sharpe", weights, best, tolerance)

    def plot(self, *, path=None, title=None, risk_free=None):
        """Draw the frontier, its turning points and the assets.

        Parameters
        ----------
        path : str or PathLike, optional
            Where to save the picture; its suffix decides the format.
        title : str, optional
            The headline.
        risk_free : float, optional
            Marks the largest Sharpe ratio over it, and draws the line that touches there.

        Returns
        -------
        matplotlib.figure.Figure
            The picture, made without pyplot; a notebook shows it.

        Raises
        ------
        MissingDependencyError
            If matplotlib isn't installed.
        ValidationError
            If no portfolio earns more than `risk_free`, or `path` has no suffix of a picture.
        """
        from nanobook.report.frontier_plot import plot_frontier

        mean, covariance = self._problem.mean, self._problem.covariance
        tangent = None if risk_free is None else self.max_sharpe(risk_free)
        return plot_frontier(
            self.points(300),
            self.turning_points,
            assets=(np.sqrt(np.diag(covariance)), mean, list(self._problem.labels.names)),
            tangent=None if tangent is None else (tangent.volatility, tangent.expected_return),
            risk_free=risk_free,
            path=path,
            title=title,
        )

    def __len__(self):
        return len(self.weights)

    def __repr__(self):
        return (
            f"EfficientFrontier({len(self)} turning points of {self.weights.shape[1]} assets, "
            f"volatility {self.volatilities[-1]:.4g} to {self.volatilities[0]:.4g}, "
            f"return {self.returns[-1]:.4g} to {self.returns[0]:.4g})"
        )

    def _volatility(self, weights):
        variance = np.einsum("...i,ij,...j->...", weights, self._problem.covariance, weights)
        return np.sqrt(np.maximum(variance, 0.0))

    def _frame(self, weights, aversions):
        from pandas import DataFrame

        figures = {
            "return": weights @ self._problem.mean,
            "volatility": self._volatility(weights),
            "risk_aversion": aversions,
        }
        frame = DataFrame(weights, columns=list(self._problem.labels.names))
        for place, (name, values) in enumerate(figures.items()):
            frame.insert(place, name, values, allow_duplicates=True)
        return frame

    def _mix(self, k, share):
        """Return the portfolio a share of the way from turning point k to the next."""
        if share == 0.0:
            return self.weights[k].copy()
        if share == 1.0:
            return self.weights[k + 1].copy()
        mixed = (1.0 - share) * self.weights[k] + share * self.weights[k + 1]
        return np.clip(mixed, self._lower, self._upper)

    def _aversion(self, k, share):
        if not math.isfinite(self._tolerances[k]):
            return self.risk_aversions[k] if share == 0.0 else self.risk_aversions[k + 1]
        tolerance = (1.0 - share) * self._tolerances[k] + share * self._tolerances[k + 1]
        return 1.0 / tolerance if tolerance > 0.0 else math.inf

    def _within(self, name, value, least, most):
        room = 1e-12 * max(abs(least), abs(most))
        if not least - room <= value <= most + room:
            raise ValidationError(
                f"{name} must lie on the frontier, from {least} to {most}, got {value}"
            )
        return min(max(value, least), most)

    def _place_of_tolerance(self, tolerance):
        if tolerance >= self._tolerances[1]:
            return 0, 0.0
        k = int(np.flatnonzero(self._tolerances > tolerance)[-1])
        above, below = self._tolerances[k], self._tolerances[k + 1]
        return k, float((above - tolerance) / (above - below))

    def _place_of_return(self, target):
        if target >= self.returns[0]:
            return 0, 0.0
        k = int(np.flatnonzero(self.returns > target)[-1])
        k = min(k, len(self) - 2)
        fall = self.returns[k] - self.returns[k + 1]
        return k, float(min((self.returns[k] - target) / fall, 1.0)) if fall > 0.0 else 1.0

    def _place_of_volatility(self, target):
        if target >= self.volatilities[0]:
            return 0, 0.0
        k = min(int(np.flatnonzero(self.volatilities > target)[-1]), len(self) - 2)
        along = self.weights[k] - self.weights[k + 1]
        # From the calmer end: variance = a + 2 b s + c s^2.
        matrix = self._problem.covariance
        b, c = along @ matrix @ self.weights[k + 1], along @ matrix @ along
        room = target**2 - self.volatilities[k + 1] ** 2
        root = math.sqrt(max(b * b + c * room, 0.0))
        share = room / (b + root) if b + root > 0.0 else 0.0
        return k, 1.0 - min(max(share, 0.0), 1.0)

    def _sharpest(self, k, risk_free):
        """Return where between two turning points a line from the risk-free return touches."""
        start, along = self.weights[k], self.weights[k + 1] - self.weights[k]
        matrix, mean = self._problem.covariance, self._problem.mean
        earned, more = start @ mean - risk_free, along @ mean
        variance, mixed = start @ matrix @ start, start @ matrix @ along
        curve = along @ matrix @ along
        # d/ds of (earned + more s) / sqrt(variance + 2 mixed s + curve s^2) is zero.
        down = earned * curve - more * mixed
        if down == 0.0:
            return 0.0
        return min(max((more * variance - earned * mixed) / down, 0.0), 1.0)

    def _residual(self, weights, tolerance):
        """Return the residual of a portfolio, taken to be the best for this tolerance of risk."""
        linear, gradient = tolerance * self._problem.mean, np.empty(weights.size)
        return certify(
            *(self._problem.covariance, linear, self._lower, self._upper, SUM_ONE),
            *(weights.copy(), gradient),
        )

    def _optimum(self, method, weights, objective, tolerance):
        numbers = np.full(FIELDS, np.nan)
        numbers[RESIDUAL] = self._residual(weights, tolerance)
        numbers[STATUS], numbers[OBJECTIVE] = OPTIMAL, objective
        numbers[ITERATIONS] = len(self)
        numbers[CONDITION] = held_condition(self._problem.covariance, weights)
        return Optimum(method, self._problem, weights, numbers)


@also_named(returns_matrix="returns")
def efficient_frontier(
    returns,
    symbols=None,
    *,
    covariance="sample",
    mean="historical",
    half_life=None,
    shrinkage=None,
    missing="raise",
    lower=0.0,
    upper=1.0,
):
    """Return all portfolios that earn the most for their risk, by the critical line.

    They're exact: the turning points, where an asset comes in, goes out or reaches a bound, and
    straight mixtures of neighbours between them.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N), or None
        Returns per period; None where both moments are given.
    symbols : sequence of str, optional
        Names of the assets; weights come back as a dict then.
    covariance : str, array_like of shape (N, N) or object, default "sample"
        How `estimate_covariance` is to estimate it, the matrix, or what has one.
    mean : str, array_like of shape (N,), Series or mapping, default "historical"
        How `estimate_mean` is to estimate it, or expected returns per period.
    half_life : float, optional
        Of weights that fall with age, in periods, for the estimators that have them.
    shrinkage : float, optional
        A fixed intensity in place of an estimated one.
    missing : {"raise", "complete", "pairwise"}, default "raise"
        What NaNs do; see `estimate_covariance`.
    lower : float, array_like of shape (N,), Series or mapping, default 0.0
        Least weights.
    upper : float, array_like of shape (N,), Series or mapping, default 1.0
        Largest weights.

    Returns
    -------
    EfficientFrontier
        Turning points, any point between, the largest Sharpe ratio, a plot.

    Raises
    ------
    ArgumentTypeError
        If something can't be read as numbers.
    ValidationError
        If shapes don't agree, a value isn't finite, or no weights keep to the bounds.
    ConvergenceError
        If the line couldn't be followed to its end.

    References
    ----------
    .. [1] Markowitz (1956), "The optimization of a quadratic function subject to linear
       constraints", Naval Research Logistics Quarterly 3.
    .. [2] Bailey, Lopez de Prado (2013), "An open-source implementation of the critical-line
       algorithm for portfolio optimization", Algorithms 6.
    """
    problem = read_problem(
        returns,
        symbols,
        covariance=covariance,
        mean=mean,
        half_life=half_life,
        shrinkage=shrinkage,
        missing=missing,
        needs=("covariance", "mean"),
    )
    lower, upper = read_bounds(problem.labels, lower, upper)
    room = 4 * lower.size + 20
    count = 0
    while count == 0 and room <= 200 * (lower.size + 5):
        tolerances, weights = np.empty(room), np.empty((room, lower.size))
        count = trace(problem.covariance, problem.mean, lower, upper, tolerances, weights)
        room *= 2
    if count <= 0:
        raise ConvergenceError("efficient_frontier couldn't follow the critical line to its end")
    frontier = EfficientFrontier(
        problem, lower, upper, tolerances[:count].copy(), weights[:count].copy()
    )
    if not frontier.kkt_residual <= _ENOUGH:
        raise ConvergenceError(
            "efficient_frontier lost the critical line: a turning point has a residual of "
            f"{frontier.kkt_residual:.3g}; assets that stand in for each other can do that"
        )
    return frontier
