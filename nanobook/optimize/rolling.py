"""`rolling_weights`: optimal weights at every date, from the returns before it."""

from functools import cached_property

import numpy as np

from nanobook.optimize.certificate import (
    CONDITION,
    GAP,
    ITERATIONS,
    OBJECTIVE,
    RESIDUAL,
    STATUS,
    status_word,
)

__all__ = ["RollingWeights", "rolling_weights"]


class RollingWeights:
    """Weights of many dates with their certificates, as `rolling_weights` returns them.

    Parameters
    ----------
    panel : Panel
        The returns' labels, and the rows that decide.
    params : dict
        What they were made with.
    weights : ndarray of shape (D, N)
        NaN in a row whose solve failed, 0 for an asset that wasn't in.
    numbers : ndarray of shape (D, FIELDS)
        As `nanobook.optimize.certificate` places them.
    """

    def __init__(self, panel, params, weights, numbers):
        self._panel, self._weights, self._numbers = panel, weights, numbers
        self.params = dict(params)

    @property
    def weights(self):
        """The weights at each date, known at its close.

        A frame of decision dates and assets, for `backtest` as it is; of an array an array of the
        returns' shape, NaN, hence "keep what you have", in rows that don't decide.
        """
        if self._panel.index is None:
            out = np.full((self._panel.bars, self._weights.shape[1]), np.nan)
            out[self._panel.rows] = self._weights
            return out
        from pandas import DataFrame

        return DataFrame(
            self._weights, index=self._panel.dates, columns=self._panel.columns, copy=False
        )

    @cached_property
    def certificates(self):
        """A frame: how each date's solve ended, and the figures that prove it.

        Condition numbers are those of the covariance of the assets held; NaN for rules, which
        solve nothing. `assets` is how many are held.
        """
        from pandas import DataFrame

        numbers = self._numbers
        return DataFrame(
            {
                "status": self.status,
                "objective": numbers[:, OBJECTIVE],
                "kkt_residual": numbers[:, RESIDUAL],
                "duality_gap": numbers[:, GAP],
                "iterations": np.nan_to_num(numbers[:, ITERATIONS]).astype(np.int64),
                "condition_number": numbers[:, CONDITION],
                "assets": (np.nan_to_num(self._weights) != 0.0).sum(axis=1),
            },
            index=self._panel.dates,
        )

    @property
    def status(self):
        """How each date's solve ended: a list of words."""
        return [status_word(code) for code in self._numbers[:, STATUS]]

    @cached_property
    def turnover(self):
        """Sum of the absolute changes of weights from one date to the next; the first buys all.

        Rows that failed keep the weights before; what prices do between dates isn't counted.
        """
        held = np.zeros(self._weights.shape[1])
        out = np.empty(len(self._weights))
        for at, row in enumerate(self._weights):
            new = np.where(np.isnan(row), held, row)
            out[at] = np.abs(new - held).sum()
            held = new
        if self._panel.index is None:
            return out
        from pandas import Series

        return Series(out, index=self._panel.dates, name="turnover")

    def __len__(self):
        return len(self._weights)

    def __repr__(self):
        failed = sum(word not in ("optimal", "computed") for word in self.status)
        shown = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return (
            f"RollingWeights({shown}: {len(self)} dates, {self._weights.shape[1]} assets, "
            f"{failed} failed)"
        )

    def plot_weights(self, path=None, *, ax=None):
        """Draw the weights over time, one area an asset.

        Parameters
        ----------
        path : str or PathLike, optional
            Where to save the picture; its suffix decides the format.
        ax : matplotlib.axes.Axes, optional
            Where to draw, in a figure of the caller's; a new one by default.

        Returns
        -------
        matplotlib.figure.Figure
            The picture, made without pyplot; a notebook shows it. With `ax`, the figure it's in.

        Raises
        ------
        MissingDependencyError
            If matplotlib isn't installed.
        ValidationError
            If no date has weights, or `path` ends in no suffix that matplotlib knows.
        """
        from pandas import DataFrame

        from nanobook.report.weights_plot import plot_weights_over_time

        frame = DataFrame(self._weights, index=self._panel.dates, columns=self._panel.columns)
        return plot_weights_over_time(frame.ffill(), path=path, ax=ax)


def rolling_weights(
    returns,
    method="min_variance",
    *,
    window=None,
    rebalance="M",
    min_periods=None,
    progress=None,
    **options,
):
    """Return a weight for every decision date and asset, from the returns up to that date.

    Parameters
    ----------
    returns : DataFrame or array_like of shape (T, N)
        Returns per period. NaN is an asset that isn't in, or a day without a return.
    method : str, default "min_variance"
        "min_variance", "max_sharpe", "utility", "max_diversification", "risk_parity",
        "inverse_volatility", "equal", "hrp", "herc", "nco", "cvar", "cdar", "mean_cvar",
        "inverse_cvar" or "inverse_cdar".
    window : int, optional
        Rows that a date looks back, its own among them; by default all there are (expanding).
    rebalance : {"W", "M", "Q", "Y"} or int, default "M"
        Which rows decide: the last of each week, month, quarter or year (never the data's last,
        as nothing tells that its period ends there), or every k-th from row 0 on. A letter needs
        dates as the index.
    min_periods : int, optional
        Returns without a gap that an asset must have up to a date to be in at it; by default
        `window`, or 252 where the window expands. Rows of the window in which an asset that's in
        has no return are left out, for all.
    progress : bool, optional
        Whether to show a bar; by default in a terminal or a notebook.
    **options
        Of the method's own function, with its defaults: `covariance`, `mean` (by name),
        `half_life`, `shrinkage`, `lower`, `upper`, `risk_aversion`, `risk_free`, `alpha`,
        `budgets`, `distance`, `clusters`. `lower`, `upper` and `budgets` are read over the assets
        that are in; budgets are scaled to add up to 1 among those.

    Returns
    -------
    RollingWeights
        `.weights` goes into `backtest` as it is, which trades a bar later.

    Raises
    ------
    ArgumentTypeError
        If an argument is of another kind.
    ValidationError
        If an option isn't known to the method or out of its range, or no date has enough rows.

    Notes
    -----
    A solve that fails is a row of NaN, which `backtest` reads as "keep", with its status in
    `.certificates`; it ends nothing. "unbounded" means that an asset, or a mix of them, has no
    risk, which shares of risk and ratios to it can't do with. Each solve starts from the date
    before. Dates run side by side in fixed chunks, so the bits don't depend on the number of
    threads.

    Examples
    --------
    >>> returns = np.random.default_rng(1).normal(0.0, 0.01, (300, 3))
    >>> rolled = rolling_weights(returns, "min_variance", window=100, rebalance=50)
    >>> rolled.weights[[100, 150]].sum(axis=1).round(12)
    array([1., 1.])
    """
    from nanobook.optimize.panels import run_candidates

    fixed = {"method": method, "window": window, "min_periods": min_periods, **options}
    panel, _, weights, numbers = run_candidates(returns, fixed, [{}], rebalance, progress)
    params = {name: value for name, value in fixed.items() if value is not None}
    return RollingWeights(panel, params, weights[0], numbers[0])
