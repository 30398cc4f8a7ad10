"""`GarchResult`: what a fit of volatility models gives back, for one series or a whole table."""

import dataclasses
from functools import cached_property

import numpy as np

from nanobook.errors import ValidationError
from nanobook.panel.arrays import as_count
from nanobook.volatility.diagnostics import arch_lm_test, ljung_box_test

__all__ = ["COVARIANCES", "GarchResult", "VolatilityForecast"]

COVARIANCES = ("robust", "hessian", "opg")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class VolatilityForecast:
    """What a fit expects of the periods after its last one.

    Parameters
    ----------
    mean : Series or DataFrame
        The expected returns: a row a period ahead, from 1; a column an asset.
    variance : Series or DataFrame
        The expected variances of the returns' shocks, per period.
    """

    mean: object
    variance: object

    @property
    def volatility(self):
        """The root of `variance`, per period."""
        return _named(self.variance**0.5, "volatility")

    @property
    def cumulative_volatility(self):
        """The volatility of the sum of the first periods' shocks: the root of the running sum."""
        return _named(self.variance.cumsum() ** 0.5, "volatility")

    def __repr__(self):
        return f"VolatilityForecast(horizon={len(self.variance)})\n{self.volatility}"


class GarchResult:
    """The fit of a volatility model to one series of returns, or to every column of a table.

    For one series, figures are numbers and tables of parameters are Series; for a table they're
    a Series, and a DataFrame with a row an asset. All are in the units of the returns given.

    Attributes
    ----------
    covariance : str
        How `std_err` is estimated.
    """

    def __init__(self, estimates, *, table, labels, dress, covariance):
        """Wrap estimates; `garch_fit` and `garch_model` do that.

        Parameters
        ----------
        estimates : Estimates
            What was fitted.
        table : bool
            Whether the returns came as a table.
        labels : Index or sequence
            The columns' names.
        dress : callable
            Gives a matrix the form in which the returns came.
        covariance : {"robust", "hessian", "opg"}
            How standard errors are estimated.
        """
        self._estimates = estimates
        self._table = table
        self._labels = labels
        self._dress = dress
        self.covariance = covariance

    # ---- figures ---------------------------------------------------------------------------

    @property
    def params(self):
        """The parameters, by arch's names."""
        return self._by_parameter(self._estimates.params, "params")

    @property
    def loglikelihood(self):
        """The log-likelihood of the returns, in their own units."""
        return self._by_asset(self._estimates.loglikelihood, "loglikelihood")

    @property
    def nobs(self):
        """How many returns the likelihood counts."""
        return self._by_asset(self._estimates.nobs, "nobs")

    @property
    def aic(self):
        """Akaike's criterion: twice the parameters less twice the log-likelihood."""
        return self._by_asset(self._criterion(2.0), "aic")

    @property
    def bic(self):
        """Schwarz's criterion: as `aic`, with the log of `nobs` in the place of 2."""
        with np.errstate(divide="ignore"):
            return self._by_asset(self._criterion(np.log(self._estimates.nobs)), "bic")

    def _criterion(self, price):
        estimates = self._estimates
        out = price * len(estimates.names) - 2.0 * estimates.loglikelihood
        return np.where(estimates.fitted, out, np.nan)

    @property
    def status(self):
        """What came of each fit, in words: "converged", or what was in the way."""
        words = [self._estimates.status(n) for n in range(len(self._labels))]
        return self._by_asset(np.array(words, dtype=object), "status")

    @property
    def converged(self):
        """Whether each fit has reached a maximum."""
        return self._by_asset(self._estimates.converged, "converged")

    @property
    def gradient_norm(self):
        """The largest slope of the mean log-likelihood of returns scaled to unit variance.

        Bounds that hold a parameter back don't count, nor does the mean where a maximum of the
        EGARCH's is a kink.
        """
        return self._by_asset(self._estimates.gradient_norm, "gradient_norm")

    @property
    def persistence(self):
        """How much of a shock to the variance is left one period later."""
        return self._by_asset(self._estimates.persistence(), "persistence")

    @property
    def half_life(self):
        """The periods in which half of a shock to the variance is gone."""
        return self._by_asset(self._estimates.half_life(), "half_life")

    @property
    def unconditional_volatility(self):
        """The volatility per period that forecasts tend to.

        Infinite where the persistence is 1; of an EGARCH, that of the mean log-variance.
        """
        return self._by_asset(self._estimates.unconditional_variance() ** 0.5, "volatility")

    # ---- how sure they are -----------------------------------------------------------------

    @cached_property
    def std_err(self):
        """The standard errors of `params`; NaN for a parameter at its bound."""
        return self.standard_errors(self.covariance)

    @property
    def tvalues(self):
        """`params` over `std_err`."""
        return _named(self.params / self.std_err, "tvalues")

    @property
    def pvalues(self):
        """The probability of a larger t-value, either sign, were the parameter 0."""
        from scipy.special import ndtr

        return _named(2.0 * ndtr(-self.tvalues.abs()), "pvalues")

    def standard_errors(self, covariance):
        """Return standard errors of another kind than the result was made with.

        Parameters
        ----------
        covariance : {"robust", "hessian", "opg"}
            As in `garch_fit`.

        Returns
        -------
        Series or DataFrame
            By parameter; NaN for one at its bound.

        Raises
        ------
        ValidationError
            If there's no such kind.
        """
        if covariance not in COVARIANCES:
            raise ValidationError(f"covariance must be one of {COVARIANCES}, got {covariance!r}")
        rows = np.empty(self._estimates.params.shape)
        with np.errstate(invalid="ignore"):
            for n in range(len(rows)):
                rows[n] = np.sqrt(np.diag(self._estimates.covariance(n, covariance)))
        return self._by_parameter(rows, "std_err")

    def parameter_covariance(self, asset=None):
        """Return the covariance matrix of the parameters.

        Parameters
        ----------
        asset : label, optional
            Which column; must be given for a table.

        Returns
        -------
        DataFrame
            By parameter, both ways.

        Raises
        ------
        ValidationError
            If there's no such column.
        """
        import pandas as pd

        names = self._estimates.names
        matrix = self._estimates.covariance(self._place(asset), self.covariance)
        return pd.DataFrame(matrix, index=names, columns=names)

    # ---- per period ------------------------------------------------------------------------

    @cached_property
    def _paths(self):
        return self._estimates.paths()

    @property
    def conditional_volatility(self):
        """The volatility of each period as the returns before it have it; NaN where none came."""
        return self._dress(self._paths[0].copy())

    @property
    def resid(self):
        """Returns less their conditional mean."""
        return self._dress(self._paths[1].copy())

    @property
    def std_resid(self):
        """`resid` over `conditional_volatility`."""
        volatility, resids = self._paths
        return self._dress(resids / volatility)

    def forecast(self, horizon=1):
        """Return what the fit expects of the periods after the last return.

        Parameters
        ----------
        horizon : int, default 1
            How many periods.

        Returns
        -------
        VolatilityForecast
            ``.mean``, ``.variance`` and ``.volatility``, a row a period ahead.

        Raises
        ------
        RangeError
            If `horizon` is below 1.

        Notes
        -----
        Nothing is simulated: GARCH and GJR follow their recursion, an EGARCH with normal shocks
        has a closed form. With Student's t an EGARCH's variance has no expectation beyond one
        period; what's given there is the exponential of the expected log-variance.

        With an AR(1) mean, variances are those of each period's shock.
        """
        import pandas as pd

        horizon = as_count("horizon", horizon, least=1)
        mean, variance = self._estimates.forecast(horizon)
        ahead = pd.RangeIndex(1, horizon + 1, name="horizon")
        if self._table:
            frames = [pd.DataFrame(a, index=ahead, columns=self._labels) for a in (mean, variance)]
        else:
            names = ("mean", "variance")
            frames = [
                pd.Series(a[:, 0], index=ahead, name=name)
                for a, name in zip((mean, variance), names, strict=True)
            ]
        return VolatilityForecast(*frames)

    def simulate(self, periods, seed=None):
        """Return returns that the fitted model could have made, from its stationary state on.

        Parameters
        ----------
        periods : int
            How many.
        seed : int, optional
            The same seed gives the same returns.

        Returns
        -------
        Series or DataFrame
            A row a period; a column an asset.

        Raises
        ------
        RangeError
            If `periods` is below 1.
        """
        import pandas as pd

        periods = as_count("periods", periods, least=1)
        returns, _ = self._estimates.simulate(periods, np.random.default_rng(seed))
        if self._table:
            return pd.DataFrame(returns, columns=self._labels)
        return pd.Series(returns[:, 0], name=self._labels[0])

    # ---- what's left over ------------------------------------------------------------------

    def ljung_box(self, lags=10, *, squared=False):
        """Test the standardised residuals, or their squares, for autocorrelation.

        Parameters
        ----------
        lags : int, default 10
            How many autocorrelations are tested together.
        squared : bool, default False
            Whether the squares are tested.

        Returns
        -------
        Series or DataFrame
            ``statistic`` and ``pvalue``: a small p-value says that something is left over.

        Raises
        ------
        RangeError
            If `lags` is below 1.

        References
        ----------
        .. [1] Ljung, Box (1978), "On a measure of lack of fit in time series models".
        """
        lags = as_count("lags", lags, least=1)
        return self._tested(lambda z: ljung_box_test(z**2 if squared else z, lags))

    def arch_lm(self, lags=5):
        """Test the standardised residuals for ARCH that the model hasn't caught.

        Parameters
        ----------
        lags : int, default 5
            How many lags of the squares.

        Returns
        -------
        Series or DataFrame
            ``statistic`` and ``pvalue``: a small p-value says that something is left over.

        Raises
        ------
        RangeError
            If `lags` is below 1.

        References
        ----------
        .. [1] Engle (1982), "Autoregressive conditional heteroscedasticity with estimates of the
           variance of United Kingdom inflation".
        """
        lags = as_count("lags", lags, least=1)
        return self._tested(lambda z: arch_lm_test(z, lags))

    def _tested(self, test):
        import pandas as pd

        volatility, resids = self._paths
        rows = []
        for n in range(resids.shape[1]):
            z = resids[:, n] / volatility[:, n]
            rows.append(test(z[~np.isnan(z)]))
        frame = pd.DataFrame(rows, index=self._labels, columns=["statistic", "pvalue"])
        return frame if self._table else frame.iloc[0]

    # ---- looks -----------------------------------------------------------------------------

    def summary(self, asset=None):
        """Return the fit of one asset as text: figures, then parameters with their errors.

        Parameters
        ----------
        asset : label, optional
            Which column; must be given for a table.

        Returns
        -------
        str
            Some lines.

        Raises
        ------
        ValidationError
            If there's no such column.
        """
        n = self._place(asset)
        estimates, words = self._estimates, self._estimates.words()
        criteria = [self._criterion(2.0)[n], self._criterion(np.log(max(estimates.nobs[n], 1)))[n]]
        lines = [
            f"{words['model']}, mean {words['mean']}, shocks {words['dist']}: {self._labels[n]}",
            f"status          {estimates.status(n)}",
            f"returns         {estimates.nobs[n]}",
            f"log-likelihood  {estimates.loglikelihood[n]:.4f}",
            f"AIC, BIC        {criteria[0]:.2f}, {criteria[1]:.2f}",
            f"persistence     {estimates.persistence()[n]:.6f}",
            f"half-life       {estimates.half_life()[n]:.1f} periods",
            f"volatility      {estimates.unconditional_variance()[n] ** 0.5:.6g} per period",
            "",
            f"{'':12}{'estimate':>14}{'std err':>14}{'t':>9}   ({self.covariance} errors)",
        ]
        with np.errstate(all="ignore"):
            errors = np.sqrt(np.diag(estimates.covariance(n, self.covariance)))
            for name, value, error in zip(
                estimates.names, estimates.params[n], errors, strict=True
            ):
                lines.append(f"{name:12}{value:14.6g}{error:14.4g}{value / error:9.2f}")
        return "\n".join(lines)

    def plot(self, asset=None):
        """Draw the returns, the conditional volatility, and the standardised residuals.

        Parameters
        ----------
        asset : label, optional
            Which column; must be given for a table.

        Returns
        -------
        matplotlib.figure.Figure
            The picture, made without pyplot; a notebook shows it.

        Raises
        ------
        ValidationError
            If there's no such column.
        MissingDependencyError
            If matplotlib isn't installed.
        """
        from nanobook.volatility.plot import plot_volatility

        n = self._place(asset)
        volatility, resids = (path[:, n] for path in self._paths)
        index = getattr(self._dress(self._paths[0]), "index", None)
        when = np.arange(len(resids)) if index is None else index
        words = self._estimates.words()
        title = f"{self._labels[n]}: {words['model']}, shocks {words['dist']}"
        return plot_volatility(when, resids, volatility, title)

    def __repr__(self):
        return f"GarchResult({', '.join(f'{name}={value}' for name, value in self._headline())})"

    def _headline(self):
        estimates, words = self._estimates, self._estimates.words()
        rows = [("model", words["model"]), ("mean", words["mean"]), ("dist", words["dist"])]
        if self._table:
            return [
                *rows,
                ("assets", len(self._labels)),
                ("converged", int(estimates.converged.sum())),
            ]
        return [
            *rows,
            ("returns", int(estimates.nobs[0])),
            ("loglikelihood", f"{estimates.loglikelihood[0]:.4f}"),
            ("persistence", f"{estimates.persistence()[0]:.4f}"),
            ("status", repr(estimates.status(0))),
        ]

    def _repr_html_(self):
        if self._table:
            frame = self.params.assign(loglikelihood=self.loglikelihood, status=self.status)
        else:
            import pandas as pd

            frame = pd.DataFrame({"estimate": self.params, "std_err": self.std_err})
        return f"<p>{self!r}</p>".replace("GarchResult", "", 1) + frame._repr_html_()

    # ---- labels ----------------------------------------------------------------------------

    def _by_asset(self, values, name):
        import pandas as pd

        if not self._table:
            return values[0].item() if isinstance(values[0], np.generic) else values[0]
        return pd.Series(values, index=self._labels, name=name)

    def _by_parameter(self, rows, name):
        import pandas as pd

        names = self._estimates.names
        if not self._table:
            return pd.Series(rows[0], index=names, name=name)
        return pd.DataFrame(rows, index=self._labels, columns=names)

    def _place(self, asset):
        if asset is None and not self._table:
            return 0
        places = [n for n, label in enumerate(self._labels) if label == asset]
        if asset is None or not places:
            raise ValidationError(f"asset must be one of the columns, got {asset!r}")
        return places[0]


def _named(table, name):
    """Return a Series under another name, and a DataFrame as it is."""
    return table.rename(name) if table.ndim == 1 else table
