"""What the kernels' fit of a table of returns leaves, and all that follows from it."""

import math

import numpy as np

from nanobook.volatility.filtering import filter_variances
from nanobook.volatility.fit import (
    CONVERGED,
    LEAST_RETURNS,
    NO_VARIATION,
    NOT_CONVERGED,
    NOT_FINITE,
    TOO_FEW,
)
from nanobook.volatility.layout import (
    AR1,
    EGARCH,
    GARCH,
    MEAN,
    MODEL,
    STUDENT,
    P,
    Q,
    fill_bounds,
    first_beta,
    first_gamma,
    parameter_names,
    to_units,
)
from nanobook.volatility.likelihood import MEAN_ABS_NORMAL
from nanobook.volatility.projection import project_variance
from nanobook.volatility.uncertainty import held_back, parameter_covariance

__all__ = ["Estimates"]

#: Periods that a simulation runs before those it gives.
_BURN = 500


class Estimates:
    """The fits of all columns: parameters, and the methods that results are made with.

    Parameters
    ----------
    layout : ndarray of int64
        The model.
    returns : ndarray of shape (T, N)
        As they were given, NaN where there's none.
    params : ndarray of shape (N, K)
        The vectors that kernels work with.
    numbers : ndarray of shape (N, 4)
        Log-likelihood, size of the gradient, scale and presample variance.
    counts : ndarray of shape (N, 2)
        A code, and the number of returns.
    """

    def __init__(self, layout, returns, params, numbers, counts):
        self.layout = layout
        self.returns = returns
        self.x = params
        self.loglikelihood, self.gradient_norm, self.scale, self.presample = numbers.T
        self.codes, self.sizes = counts.T
        self.names = parameter_names(layout)
        self.nobs = np.maximum(self.sizes - (layout[MEAN] == AR1), 0)
        self.params = to_units(layout, params, self.scale)
        least, most, self._share = np.empty((3, params.shape[1]))
        fill_bounds(layout, least, most, self._share)
        self.fitted = np.isfinite(params).all(axis=1)
        self.converged = self.codes == CONVERGED
        self._filtered = {}

    def words(self):
        """Return the model in words.

        Returns
        -------
        dict of str
            ``model``, ``mean`` and ``dist``.
        """
        layout = self.layout
        name = ("GARCH", "GJR", "EGARCH")[layout[MODEL]]
        return {
            "model": f"{name}({layout[P]},{layout[Q]})",
            "mean": ("zero", "constant", "AR(1)")[layout[MEAN]],
            "dist": "Student's t" if layout[STUDENT] else "normal",
        }

    def status(self, n):
        """Return what came of a column, in words.

        Parameters
        ----------
        n : int
            Its place.

        Returns
        -------
        str
            Begins with "converged" or with what was in the way.
        """
        code = self.codes[n]
        if code == TOO_FEW:
            return f"too few returns: {self.sizes[n]}, at least {LEAST_RETURNS} are needed"
        if code == NOT_FINITE:
            return "infinite return"
        if code == NO_VARIATION:
            return "no variation: all returns are the same"
        held, spent, _ = held_back(self.layout, self.x[n])
        limits = [name for name, at_bound in zip(self.names, held, strict=True) if at_bound]
        text = "converged" if code == CONVERGED else "not converged"
        if code == NOT_CONVERGED and self.layout[MODEL] == EGARCH:
            text += ": the likelihood rises to where the filter stops forgetting"
        if limits:
            text += f"; at its bound: {', '.join(limits)}"
        return text + ("; persistence is 1" if spent else "")

    def known(self, n):
        """Return which of a column's rows have a residual.

        Parameters
        ----------
        n : int
            Its place.

        Returns
        -------
        ndarray of int
            Ascending.
        """
        rows = np.flatnonzero(~np.isnan(self.returns[:, n]))
        return rows[int(self.layout[MEAN] == AR1) :]

    def scaled(self, n):
        """Return a column's returns without NaN, at unit variance.

        Parameters
        ----------
        n : int
            Its place.

        Returns
        -------
        ndarray
            Float64.
        """
        column = self.returns[:, n]
        return column[~np.isnan(column)] / self.scale[n]

    def filtered(self, n):
        """Return a column's residuals and variances, scaled; an EGARCH's variances are logs.

        Parameters
        ----------
        n : int
            Its place.

        Returns
        -------
        resids : ndarray of shape (nobs,)
            Returns less their mean.
        variances : ndarray of shape (nobs + 1,)
            The last one is the next period's.
        """
        if n not in self._filtered:
            y = self.scaled(n)
            resids = np.empty(y.size)
            variances = np.empty(y.size + 1)
            filter_variances(self.layout, y, self.x[n], self.presample[n], resids, variances)
            size = int(self.nobs[n])
            self._filtered[n] = resids[:size], variances[: size + 1]
        return self._filtered[n]

    def paths(self):
        """Return the conditional volatilities and the residuals, in the units of the returns.

        Returns
        -------
        volatility, resids : ndarray of shape (T, N)
            NaN where there's no return, or no fit.
        """
        volatility = np.full_like(self.returns, np.nan)
        residuals = np.full_like(self.returns, np.nan)
        for n in np.flatnonzero(self.fitted):
            resids, variances = self.filtered(n)
            rows = self.known(n)
            volatility[rows, n] = self._root(variances[:-1]) * self.scale[n]
            residuals[rows, n] = resids * self.scale[n]
        return volatility, residuals

    def _root(self, variances):
        return np.exp(0.5 * variances) if self.layout[MODEL] == EGARCH else np.sqrt(variances)

    def covariance(self, n, kind):
        """Return the covariance matrix of a column's parameters.

        Parameters
        ----------
        n : int
            Its place.
        kind : {"robust", "hessian", "opg"}
            How it's estimated.

        Returns
        -------
        ndarray of shape (K, K)
            NaN without a fit.
        """
        if not self.fitted[n]:
            return np.full((len(self.names),) * 2, np.nan)
        return parameter_covariance(
            self.layout, self.scaled(n), self.x[n], self.scale[n], self.presample[n], kind
        )

    def persistence(self):
        """Return how much of a shock to the variance is left one period later.

        Returns
        -------
        ndarray of shape (N,)
            The sum of alphas, betas and half the gammas; EGARCH: of betas.
        """
        return self.x @ self._share

    def unconditional_variance(self):
        """Return the variance that forecasts tend to, in the units of the returns.

        Returns
        -------
        ndarray of shape (N,)
            Infinite where the persistence is 1. EGARCH: the exponential of the mean log-variance.
        """
        omega = int(self.layout[MEAN])
        left = 1.0 - self.persistence()
        with np.errstate(all="ignore"):
            variance = self.x[:, omega] / np.where(left > 1e-9, left, 0.0)
            if self.layout[MODEL] == EGARCH:
                alphas = self.x[:, omega + 1 : int(first_gamma(self.layout))].sum(axis=1)
                shift = np.array([self._mean_abs(n) - MEAN_ABS_NORMAL for n in range(len(left))])
                variance = np.exp(variance + alphas * shift / np.where(left > 1e-9, left, 0.0))
        return variance * self.scale**2

    def _mean_abs(self, n):
        from nanobook.volatility.projection import mean_abs_student

        student = self.layout[STUDENT] and self.fitted[n]
        return mean_abs_student(1.0 / self.x[n, -1]) if student else MEAN_ABS_NORMAL

    def forecast(self, horizon):
        """Return the expected returns, and the expected variances of their shocks.

        Parameters
        ----------
        horizon : int
            How many periods.

        Returns
        -------
        mean, variance : ndarray of shape (horizon, N)
            NaN without a fit.
        """
        mean, variance = np.full((2, horizon, len(self.x)), np.nan)
        for n in np.flatnonzero(self.fitted):
            resids, variances = self.filtered(n)
            scale, params = self.scale[n], self.params[n]
            expected = project_variance(self.layout, self.x[n], resids, variances, horizon)
            variance[:, n] = expected * scale**2
            if self.layout[MEAN] != AR1:
                mean[:, n] = params[0] if self.layout[MEAN] else 0.0
                continue
            value = self.scaled(n)[-1] * scale
            for step in range(horizon):
                value = params[0] + params[1] * value
                mean[step, n] = value
        return mean, variance

    def simulate(self, periods, generator):
        """Return returns that the models could have made, from the stationary state on.

        Parameters
        ----------
        periods : int
            How many.
        generator : numpy.random.Generator
            Where shocks come from.

        Returns
        -------
        returns, volatility : ndarray of shape (periods, N)
            NaN without a fit.
        """
        layout, x = self.layout, self.x
        p, q, omega = int(layout[P]), int(layout[Q]), int(layout[MEAN])
        betas = int(first_beta(layout))
        total, width = periods + _BURN, len(x)
        shocks = generator.standard_normal((total, width))
        if layout[STUDENT]:
            with np.errstate(all="ignore"):
                nu = np.where(self.fitted, 1.0 / x[:, -1], 4.0)
            shocks *= np.sqrt((nu - 2.0) / generator.chisquare(nu, (total, width)))
        alpha = x[:, omega + 1 : omega + 1 + p].T
        gamma = alpha if layout[MODEL] == GARCH else x[:, int(first_gamma(layout)) : betas].T
        beta = x[:, betas : betas + q].T
        level = self.unconditional_variance() / self.scale**2
        level = np.where(np.isfinite(level), level, 1.0)
        lags = max(p, q)
        value = np.empty((total + lags, width))
        value[:lags] = np.log(level) if layout[MODEL] == EGARCH else level
        news = np.empty((total + lags, p, width))
        news[:lags] = 0.0 if layout[MODEL] == EGARCH else 0.5 * (alpha + gamma) * level
        for t in range(lags, total + lags):
            now = x[:, omega].copy()
            for i in range(p):
                now += news[t - 1 - i, i]
            for j in range(q):
                now += beta[j] * value[t - 1 - j]
            value[t] = now
            z = shocks[t - lags]
            if layout[MODEL] == EGARCH:
                news[t] = alpha * (np.abs(z) - MEAN_ABS_NORMAL) + gamma * z
            else:
                news[t] = np.where(z < 0.0, gamma, alpha) * z**2 * now
        volatility = self._root(value[lags:]) * self.scale
        returns = shocks * volatility
        if layout[MEAN] == AR1:
            returns[0] += self.params[:, 0] / (1.0 - self.params[:, 1])
            for t in range(1, total):
                returns[t] += self.params[:, 0] + self.params[:, 1] * returns[t - 1]
        elif layout[MEAN]:
            returns += self.params[:, 0]
        return returns[_BURN:], volatility[_BURN:]

    def half_life(self):
        """Return the periods in which half of a shock to the variance is gone.

        Returns
        -------
        ndarray of shape (N,)
            Infinite where the persistence is 1.
        """
        persistence = self.persistence()
        with np.errstate(all="ignore"):
            out = math.log(0.5) / np.log(np.minimum(persistence, 1.0))
        return np.where(persistence >= 1.0 - 1e-9, np.where(self.fitted, np.inf, np.nan), out)
