"""The figures of a backtest as words: a label and a text each, the same in every place."""

import math

__all__ = ["figure_label", "figure_text", "figures", "is_share"]

_PERCENT, _RATIO, _YEARLY, _MONEY, _COUNT = range(5)

_LINES = (
    ("Total return", "total_return", _PERCENT),
    ("CAGR", "cagr", _PERCENT),
    ("Volatility", "volatility", _PERCENT),
    ("Sharpe", "sharpe", _RATIO),
    ("Sortino", "sortino", _RATIO),
    ("Max drawdown", "max_drawdown", _PERCENT),
    ("Calmar", "calmar", _RATIO),
    ("Time under water", "time_under_water", _PERCENT),
    ("CVaR (95%)", "cvar_95", _PERCENT),
    ("Best period", "best_period", _PERCENT),
    ("Worst period", "worst_period", _PERCENT),
    ("Win rate", "win_rate", _PERCENT),
    ("Profit factor", "profit_factor", _RATIO),
    ("Payoff ratio", "payoff_ratio", _RATIO),
    ("Kelly", "kelly", _PERCENT),
    ("Exposure", "exposure", _PERCENT),
    ("Turnover", "turnover", _YEARLY),
    ("Costs", "total_costs", _MONEY),
    ("Periods", "num_periods", _COUNT),
)

_KINDS = {name: kind for _, name, kind in _LINES}
_KINDS |= {"winning_periods": _COUNT, "losing_periods": _COUNT}


def figures(metrics):
    """Return metrics as pairs of label and text, in the order they're best read.

    Parameters
    ----------
    metrics : Metrics or None
        Fields that are None are left out. Costs that are an integer are cents, shown as
        currency.

    Returns
    -------
    list of tuple of (str, str)
        Say ``("CAGR", "7.30%")``; empty for None.
    """
    if metrics is None:
        return []
    known = [(label, getattr(metrics, name), kind) for label, name, kind in _LINES]
    return [(label, _text(value, kind)) for label, value, kind in known if value is not None]


def figure_label(name):
    """Return what a figure is called in a headline.

    Parameters
    ----------
    name : str
        A field of `Metrics`, or any other name.

    Returns
    -------
    str
        Say "Max drawdown" of "max_drawdown".
    """
    known = {field: label for label, field, _ in _LINES}
    return known.get(name) or name.replace("_", " ").capitalize()


def figure_text(name, value):
    """Return a figure as text, as its field is shown everywhere.

    Parameters
    ----------
    name : str
        A field of `Metrics`; any other is a plain ratio.
    value : float or int
        The figure.

    Returns
    -------
    str
        Say "7.30%".
    """
    kind = _KINDS.get(name, _RATIO)
    if kind in (_RATIO, _YEARLY) and math.isfinite(value):
        return f"{value:,.2f}"
    return _text(int(value) if kind == _COUNT else float(value), kind)


def is_share(name):
    """Return whether a figure is a fraction, shown as a percentage.

    Parameters
    ----------
    name : str
        A field of `Metrics`, or any other name.

    Returns
    -------
    bool
        False of names that aren't known.
    """
    return _KINDS.get(name) == _PERCENT


def _text(value, kind):
    if math.isnan(value):
        return "n/a"
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    if kind == _PERCENT:
        return f"{value * 100:,.2f}%"
    if kind == _RATIO:
        return f"{value:.2f}"
    if kind == _YEARLY:
        return f"{value:.2f} a year"
    if kind == _MONEY:
        return f"{value / 100 if isinstance(value, int) else value:,.2f}"
    return f"{value:,d}"
