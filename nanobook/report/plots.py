"""Pictures of a backtest: equity above its drawdown, and rolling figures."""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.report.drawing import BLUE, GREY, INK, RED, headline, minus, money, new_picture, tidy
from nanobook.report.time_axis import ends_of, label_bars, place_bars

__all__ = ["check_format", "plot_equity", "plot_rolling"]


def check_format(path):
    """Raise unless a picture can be drawn and saved under such a name.

    Parameters
    ----------
    path : str or PathLike
        Its suffix is the format.

    Raises
    ------
    MissingDependencyError
        If matplotlib isn't installed.
    ValidationError
        If matplotlib knows no such format.
    """
    new_picture(1, 1).format_of(path)


def plot_equity(frame, *, start, path=None, title=None, name="portfolio", benchmark=None):
    """Draw equity, and beneath it how far it was below its peak.

    Parameters
    ----------
    frame : DataFrame
        By bar, `equity` and `drawdown` (a fraction, positive), as ``BacktestResult.to_frame``
        gives them. Integers are cents and are shown as currency.
    start : float
        Equity before the first bar, in the unit of `frame`.
    path : str or PathLike, optional
        Where to save the picture; its suffix decides the format.
    title : str, optional
        The headline; by default it says what was earned and what was lost at worst.
    name : str, default "portfolio"
        What the legend calls it; there's a legend only beside a benchmark.
    benchmark : Series, optional
        Equity of another portfolio by the same index, from the same start, drawn in grey and
        called by the Series' name.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, made without pyplot; a notebook shows it.

    Raises
    ------
    MissingDependencyError
        If matplotlib isn't installed.
    ValidationError
        If `frame` has no rows, or `path` ends in no suffix that matplotlib knows.
    """
    if not len(frame):
        raise ValidationError("there is nothing to draw: the result has no bars")
    figure = new_picture(9.0, 5.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.15))
    unit = 100 if frame["equity"].dtype.kind == "i" else 1
    when = place_bars(frame.index)
    equity = frame["equity"].to_numpy() / unit
    fall = -100.0 * frame["drawdown"].to_numpy()

    above.axhline(start / unit, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    above.plot(when, equity, color=BLUE, linewidth=1.5, label=name, zorder=3)
    if benchmark is not None:
        other = benchmark.to_numpy() / unit
        above.plot(when, other, color=GREY, linewidth=1.1, label=benchmark.name, zorder=2)
        above.legend(loc="upper left", frameon=False, fontsize=9, labelcolor=INK)
        peak = np.maximum.accumulate(np.maximum(other, start / unit))
        below.plot(when, 100.0 * (other / peak - 1.0), color=GREY, linewidth=0.8, zorder=2)
    above.set_ylabel("equity", color=INK)
    above.yaxis.set_major_formatter(money)

    below.fill_between(when, fall, 0.0, color=RED, alpha=0.28, linewidth=0)
    below.plot(when, fall, color=RED, linewidth=0.9, zorder=3)
    below.set_ylabel("drawdown", color=INK)
    below.yaxis.set_major_formatter(_percent)
    lowest = np.nanmin(fall, initial=0.0)
    below.set_ylim(bottom=min(below.get_ylim()[0], lowest * 1.08) if lowest else -1.0, top=0.0)

    for axes in (above, below):
        tidy(axes)
    label_bars(below, frame.index)
    above.set_xlim(*ends_of(when))
    figure.align_ylabels()
    headline(above, title or _summary(equity[-1], start / unit, lowest))
    if path is not None:
        figure.save(path)
    return figure


def plot_rolling(series, *, title, path=None):
    """Draw a figure of trailing windows over time, with zero as the line to compare with.

    Parameters
    ----------
    series : Series
        The figure by bar; NaN leaves a gap.
    title : str
        The headline.
    path : str or PathLike, optional
        Where to save the picture; its suffix decides the format.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, made without pyplot; a notebook shows it.

    Raises
    ------
    MissingDependencyError
        If matplotlib isn't installed.
    ValidationError
        If `series` is empty, or `path` ends in no suffix that matplotlib knows.
    """
    if not len(series):
        raise ValidationError("there is nothing to draw: the result has no bars")
    figure = new_picture(9.0, 2.5)
    axes = figure.subplots()
    when = place_bars(series.index)
    axes.axhline(0.0, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    axes.plot(when, series.to_numpy(), color=BLUE, linewidth=1.2)
    tidy(axes)
    label_bars(axes, series.index)
    axes.set_xlim(*ends_of(when))
    headline(axes, title)
    if path is not None:
        figure.save(path)
    return figure


def _summary(last, start, lowest):
    return f"{minus(f'{last / start - 1.0:+.1%}')} in all, {-lowest:.1f}% below the peak at worst"


def _percent(value, _):
    return minus(f"{value:.3g}%")
