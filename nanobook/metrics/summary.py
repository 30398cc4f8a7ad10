"""`Metrics`: what a column of returns comes to, and the door that computes it."""

import dataclasses

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import one_parallel_kernel
from nanobook.metrics.ratios import (
    SUMMARY_FIELDS,
    summarize,
    summarize_columns,
    summarize_columns_parallel,
)
from nanobook.panel.arrays import as_float, as_matrix, as_vector
from nanobook.panel.frames import is_frame

__all__ = ["Metrics", "compute_metrics"]

_COUNTS = ("num_periods", "winning_periods", "losing_periods")

#: Returns from which loading a parallel kernel, half a second in a process, is worth it.
_PARALLEL_FROM = 1_000_000

#: The text form's lines: label, field, "%" where a fraction is shown in percent.
_LINES = (
    ("Total return", "total_return", "%"),
    ("CAGR", "cagr", "%"),
    ("Volatility", "volatility", "%"),
    ("Sharpe", "sharpe", ""),
    ("Sortino", "sortino", ""),
    ("Max drawdown", "max_drawdown", "%"),
    ("Calmar", "calmar", ""),
    ("Win/Loss/Total", None, ""),
    ("CVaR (95%)", "cvar_95", "%"),
    ("Win rate", "win_rate", "%"),
    ("Profit factor", "profit_factor", ""),
    ("Payoff ratio", "payoff_ratio", ""),
    ("Kelly", "kelly", "%"),
)

#: What only the table shows, where it's known.
_MORE_LINES = (
    ("Best period", "best_period", "%"),
    ("Worst period", "worst_period", "%"),
    ("Time under water", "time_under_water", "%"),
    ("Turnover", "turnover", ""),
    ("Exposure", "exposure", "%"),
    ("Total costs", "total_costs", ""),
)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Metrics:
    """What a backtest's returns come to. Rates are fractions: 0.25 is a quarter.

    Two are equal if all their fields are, NaN beside NaN included.

    Parameters
    ----------
    total_return : float
        Growth of one unit of equity over all periods, less one.
    cagr : float
        The yearly rate that compounds to it; -1 after a total loss.
    volatility : float
        Annualised standard deviation of returns, over n - 1.
    sharpe : float
        Annualised mean excess return over standard deviation; 0 without volatility.
    sortino : float
        Annualised mean excess return over downside deviation, the root of the summed squares
        of negative excess returns over n - 1, n counting all periods; 0 without downside.
    max_drawdown : float
        Largest fraction lost of the running peak, the first peak being 1; above 1 where equity
        fell below zero.
    calmar : float
        `cagr` over `max_drawdown`; 0 without drawdown.
    num_periods, winning_periods, losing_periods : int
        Periods in all, with a return above zero, and below.
    cvar_95 : float
        Mean of the returns below the normal distribution's 5 % quantile at their own mean and
        deviation, else the smallest return; a loss is negative.
    win_rate : float
        Winning periods over all periods.
    profit_factor : float
        Sum of winning returns over that of losing ones; inf without losers.
    payoff_ratio : float
        Mean winning return over mean losing one; inf without losers.
    kelly : float
        ``win_rate - (1 - win_rate) / payoff_ratio``; 0 where the ratio is 0 or inf.
    best_period, worst_period : float
        The largest and the smallest return; NaN where no return is a number.
    time_under_water : float
        Fraction of periods that end with equity below its running peak, the first peak being 1.
    turnover : float, optional
        Filled in by a simulator; None where only returns are known.
    exposure : float, optional
        Filled in by a simulator: a fraction of equity.
    total_costs : float, optional
        Filled in by a simulator: in its money unit.
    """

    total_return: float
    cagr: float
    volatility: float
    sharpe: float
    sortino: float
    max_drawdown: float
    calmar: float
    num_periods: int
    winning_periods: int
    losing_periods: int
    cvar_95: float
    win_rate: float
    profit_factor: float
    payoff_ratio: float
    kelly: float
    best_period: float
    worst_period: float
    time_under_water: float
    turnover: float | None = None
    exposure: float | None = None
    total_costs: float | None = None

    @classmethod
    def from_row(cls, row):
        """Build from what the kernel `summarize` wrote.

        Parameters
        ----------
        row : ndarray of float64
            One value per name in ``SUMMARY_FIELDS``, and maybe those of a simulator after them.

        Returns
        -------
        Metrics
            The figures; turnover, exposure and costs unknown if the row ends before them.
        """
        names = [field.name for field in dataclasses.fields(cls)][: len(row)]
        fields = dict(zip(names, row.tolist(), strict=True))
        for name in _COUNTS:
            fields[name] = int(fields[name])
        return cls(**fields)

    def to_dict(self):
        """Return all fields by name, None where unknown.

        Returns
        -------
        dict
            A fresh one, in the fields' order.
        """
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def to_series(self):
        """Return the known fields as a Series of floats.

        Returns
        -------
        pandas.Series
            Labelled by field, in the fields' order, named "metrics".
        """
        import pandas as pd

        known = {name: value for name, value in self.to_dict().items() if value is not None}
        return pd.Series(known, dtype=np.float64, name="metrics")

    def _key(self):
        """Return the fields with one stand-in for every NaN, to compare and hash by."""
        return tuple("NaN" if value != value else value for value in self.to_dict().values())

    def __eq__(self, other):
        if not isinstance(other, Metrics):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    def __repr__(self):
        return (
            f"Metrics(total_return={_text(self.total_return * 100, '.2f')}%, "
            f"sharpe={_text(self.sharpe, '.2f')}, "
            f"max_drawdown={_text(self.max_drawdown * 100, '.2f')}%, "
            f"win_rate={_text(self.win_rate * 100, '.1f')}%)"
        )

    def __str__(self):
        lines = [f"  {label + ':':<17}{self._show(*line, '>8.2f')}" for label, *line in _LINES]
        return "\n".join(["Performance Metrics", *lines])

    def _repr_html_(self):
        rows = [
            f"<tr><th>{label}</th><td>{self._show(name, percent, '.2f')}</td></tr>"
            for label, name, percent in (*_LINES, *_MORE_LINES)
            if name is None or getattr(self, name) is not None
        ]
        return "\n".join(["<table>", "<caption>Performance Metrics</caption>", *rows, "</table>"])

    def _show(self, name, percent, spec):
        if name is None:
            return f"{self.winning_periods}/{self.losing_periods}/{self.num_periods}"
        value = getattr(self, name)
        return _text(value * 100 if percent else value, spec) + percent


def _text(value, spec):
    """Write a number the way the original does, which spells NaN so."""
    return format(value, spec).replace("nan", "NaN")


def compute_metrics(returns, periods_per_year=252.0, risk_free=0.0):
    """Return what returns come to: one `Metrics`, or a row of them per column.

    Parameters
    ----------
    returns : array_like of shape (T,), ndarray of shape (T, S), Series or DataFrame
        Simple returns per period. A NaN never raises: it makes `total_return` and `volatility`
        NaN, `sharpe`, `cagr` and `calmar` 0, `sortino` NaN (0 where no other return is below
        `risk_free`), the drawdown the one before it; counts and extremes are those of the other
        returns.
    periods_per_year : float, default 252
        What annualises. 0 makes annualised figures 0; below zero, they are NaN or 0.
    risk_free : float, default 0
        Risk-free return per period.

    Returns
    -------
    Metrics, DataFrame or None
        None for a vector without returns. A matrix gives a DataFrame with a row per column,
        labelled as the columns were, and the fields that returns alone can tell as columns.

    Raises
    ------
    ArgumentTypeError
        If an argument doesn't hold real numbers, or `returns` is nested lists.
    ValidationError
        If a matrix has no rows or no columns.

    Notes
    -----
    Every figure is the original's definition, to the last bit, except `cvar_95` where the first
    return is NaN: it's the smallest other return rather than NaN.

    Examples
    --------
    >>> compute_metrics([0.01, -0.02, 0.03])
    Metrics(total_return=1.95%, sharpe=4.21, max_drawdown=2.00%, win_rate=66.7%)
    """
    periods_per_year = as_float("periods_per_year", periods_per_year, finite=False)
    risk_free = as_float("risk_free", risk_free, finite=False)
    if getattr(returns, "ndim", 1) == 2:
        return _metrics_frame(returns, periods_per_year, risk_free)
    vector = as_vector("returns", returns)
    if vector.size == 0:
        return None
    row = np.empty(len(SUMMARY_FIELDS))
    summarize(vector, periods_per_year, risk_free, row)
    return Metrics.from_row(row)


def _metrics_frame(returns, periods_per_year, risk_free):
    import pandas as pd

    matrix = as_matrix("returns", returns)
    if matrix.size == 0:
        raise ValidationError(f"returns must hold rows and columns, got shape {matrix.shape}")
    rows = np.empty((matrix.shape[1], len(SUMMARY_FIELDS)))
    if matrix.size >= _PARALLEL_FROM:
        with one_parallel_kernel:
            summarize_columns_parallel(matrix, periods_per_year, risk_free, rows)
    else:
        summarize_columns(matrix, periods_per_year, risk_free, rows)
    index = returns.columns if is_frame(returns) else None
    frame = pd.DataFrame(rows, index=index, columns=list(SUMMARY_FIELDS))
    return frame.astype(dict.fromkeys(_COUNTS, np.int64))
