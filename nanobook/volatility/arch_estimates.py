"""The fits that arch makes, with the methods that results are made with."""

import warnings

import numpy as np

from nanobook.errors import ValidationError
from nanobook.volatility.fit import LEAST_RETURNS

__all__ = ["ArchEstimates"]

#: Paths of a simulated forecast, and where their shocks come from.
_PATHS, _SEED = 2000, 20260101

#: How a parameter that isn't named here changes with the scale of the returns: not at all.
_MEAN_TERMS = ("mu", "Const")


class ArchEstimates:
    """The fits of all columns by arch.

    Parameters
    ----------
    returns : ndarray of shape (T, N)
        As they were given, NaN where there's none.
    x : ndarray of shape (T, M) or None
        Regressors.
    options : dict
        What arch's own maker of models takes.
    """

    def __init__(self, returns, x, options):
        self.returns, self._x, self._options = returns, x, options
        columns = returns.shape[1]
        self._fits, self._scales, self._words = [], np.full(columns, np.nan), []
        self._rows = []
        for n in range(columns):
            self._fit(n)
        some = next((fit for fit in self._fits if fit is not None), None)
        self.names = list(some.params.index) if some is not None else []
        self.params = np.full((columns, len(self.names)), np.nan)
        self.loglikelihood, self.gradient_norm = np.full((2, columns), np.nan)
        self.nobs = np.zeros(columns, dtype=np.int64)
        self.fitted = np.array([fit is not None for fit in self._fits])
        self.converged = self.fitted.copy()
        for n in np.flatnonzero(self.fitted):
            fit, scale = self._fits[n], self._scales[n]
            self.params[n], _ = self._in_units(fit.params.to_numpy(), scale)
            self.nobs[n] = fit.nobs
            self.loglikelihood[n] = fit.loglikelihood - fit.nobs * np.log(scale)
            self.converged[n] = fit.convergence_flag == 0

    def _fit(self, n):
        """Fit one column, at unit variance, and note what came of it."""
        from arch import arch_model

        column = self.returns[:, n]
        rows = np.flatnonzero(~np.isnan(column))
        if self._x is not None:
            rows = rows[np.isfinite(self._x[rows]).all(axis=1)]
        y = column[rows]
        self._rows.append(rows)
        self._fits.append(None)
        if np.isinf(y).any():
            self._words.append("infinite return")
        elif y.size < LEAST_RETURNS:
            self._words.append(f"too few returns: {y.size}, at least {LEAST_RETURNS} are needed")
        elif not np.ptp(y) > 0.0:
            self._words.append("no variation: all returns are the same")
        else:
            self._scales[n] = y.std()
            regressors = None if self._x is None else self._x[rows]
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")  # what arch has to say stands in the status
                model = arch_model(y / self._scales[n], regressors, **self._options)
                fit = model.fit(disp="off", show_warning=False)
            self._fits[n] = fit
            message = getattr(fit.optimization_result, "message", "")
            done = fit.convergence_flag == 0
            self._words.append("converged" if done else f"not converged: {message}")

    def _in_units(self, params, scale):
        """Return parameters in the units of the returns, and the matrix of their slopes."""
        out, slopes = params.copy(), np.eye(len(params))
        model, power = self._options["vol"], self._options["power"]
        betas = [k for k, name in enumerate(self.names) if name.startswith("beta[")]
        variance_begins = self.names.index("omega")
        for k, name in enumerate(self.names):
            if name in _MEAN_TERMS or (k < variance_begins and not name.endswith("]")):
                out[k] = params[k] * scale  # a constant, or a regressor's coefficient
                slopes[k, k] = scale
            elif name == "omega" and model == "EGARCH":
                out[k] += (1.0 - params[betas].sum()) * 2.0 * np.log(scale)
                slopes[k, betas] = -2.0 * np.log(scale)
            elif name == "omega":
                exponent = power
                if model == "APARCH":
                    delta = self.names.index("delta") if "delta" in self.names else None
                    exponent = params[delta] if delta is not None else power
                elif model == "HARCH":
                    exponent = 2.0
                out[k] = params[k] * scale**exponent
                slopes[k, k] = scale**exponent
                if model == "APARCH" and delta is not None:
                    slopes[k, delta] = out[k] * np.log(scale)
        return out, slopes

    def words(self):
        """Return the model in words.

        Returns
        -------
        dict of str
            ``model``, ``mean`` and ``dist``.
        """
        some = next((fit for fit in self._fits if fit is not None), None)
        model = self._options["vol"] if some is None else str(some.model.volatility)
        return {
            "model": model.split(", power")[0],
            "mean": self._options["mean"],
            "dist": self._options["dist"],
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
        return self._words[n]

    def paths(self):
        """Return the conditional volatilities and the residuals, in the units of the returns.

        Returns
        -------
        volatility, resids : ndarray of shape (T, N)
            NaN where there's no return, or no fit.
        """
        volatility, residuals = np.full((2, *self.returns.shape), np.nan)
        for n in np.flatnonzero(self.fitted):
            fit, rows = self._fits[n], self._rows[n]
            volatility[rows, n] = np.asarray(fit.conditional_volatility) * self._scales[n]
            residuals[rows, n] = np.asarray(fit.resid) * self._scales[n]
        return volatility, residuals

    def covariance(self, n, kind):
        """Return the covariance matrix of a column's parameters.

        Parameters
        ----------
        n : int
            Its place.
        kind : {"robust", "hessian"}
            How it's estimated.

        Returns
        -------
        ndarray of shape (K, K)
            NaN without a fit.

        Raises
        ------
        ValidationError
            If arch has no such kind.
        """
        if kind == "opg":
            raise ValidationError("covariance must be 'robust' or 'hessian' here, got 'opg'")
        if not self.fitted[n]:
            return np.full((len(self.names),) * 2, np.nan)
        fit = self._fits[n]
        params = fit.params.to_numpy()
        _, slopes = self._in_units(params, self._scales[n])
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            matrix = fit.model.compute_param_cov(params, robust=kind == "robust")
        return slopes @ matrix @ slopes.T

    def persistence(self):
        """Return how much of a shock to the variance is left one period later.

        Returns
        -------
        ndarray of shape (N,)
            The sum of alphas, betas and half the gammas of a GARCH, of betas of an EGARCH; NaN of
            models that have no such number.
        """
        share = np.zeros(len(self.names))
        model = self._options["vol"]
        if model not in ("GARCH", "ARCH", "EGARCH") or self._options["power"] != 2.0:
            return np.full(len(self.params), np.nan)
        for k, name in enumerate(self.names):
            if name.startswith("beta[") or (model != "EGARCH" and name.startswith("alpha[")):
                share[k] = 1.0
            elif model != "EGARCH" and name.startswith("gamma["):
                share[k] = 0.5
        return self.params @ share

    def half_life(self):
        """Return the periods in which half of a shock to the variance is gone.

        Returns
        -------
        ndarray of shape (N,)
            NaN where there's no `persistence`.
        """
        with np.errstate(all="ignore"):
            return np.log(0.5) / np.log(self.persistence())

    def unconditional_variance(self):
        """Return the variance that forecasts tend to, in the units of the returns.

        Returns
        -------
        ndarray of shape (N,)
            NaN where there's no `persistence`.
        """
        if not self.names:
            return np.full(len(self.params), np.nan)
        with np.errstate(all="ignore"):
            level = self.params[:, self.names.index("omega")] / (1.0 - self.persistence())
        return np.exp(level) if self._options["vol"] == "EGARCH" else level

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

        Raises
        ------
        ValidationError
            If the mean needs regressors of periods to come.
        """
        if self._x is not None:
            raise ValidationError("a model with regressors x can't forecast without those to come")
        mean, variance = np.full((2, horizon, len(self.params)), np.nan)
        for n in np.flatnonzero(self.fitted):
            fit = self._fits[n]
            try:
                ahead = fit.forecast(horizon=horizon)
            except ValueError:  # no formula that far
                ahead = fit.forecast(
                    horizon=horizon,
                    method="simulation",
                    simulations=_PATHS,
                    random_state=np.random.RandomState(_SEED),
                )
            mean[:, n] = ahead.mean.iloc[-1] * self._scales[n]
            variance[:, n] = ahead.residual_variance.iloc[-1] * self._scales[n] ** 2
        return mean, variance

    def simulate(self, periods, generator):
        """Return returns that the models could have made.

        Parameters
        ----------
        periods : int
            How many.
        generator : numpy.random.Generator
            Where the seed of arch's generator comes from.

        Returns
        -------
        returns, volatility : ndarray of shape (periods, N)
            NaN without a fit.

        Raises
        ------
        ValidationError
            If the mean needs regressors of periods to come.
        """
        if self._x is not None:
            raise ValidationError("a model with regressors x can't simulate without those to come")
        returns, volatility = np.full((2, periods, len(self.params)), np.nan)
        for n in np.flatnonzero(self.fitted):
            fit = self._fits[n]
            fit.model.distribution._generator = np.random.default_rng(generator.integers(2**63))
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")  # where arch starts an odd persistence
                made = fit.model.simulate(fit.params.to_numpy(), periods)
            returns[:, n] = made["data"].to_numpy() * self._scales[n]
            volatility[:, n] = made["volatility"].to_numpy() * self._scales[n]
        return returns, volatility
