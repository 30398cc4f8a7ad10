"""Pictures of what the best of many candidates is worth."""

import math

import numpy as np

from nanobook.errors import ValidationError
from nanobook.report.drawing import BLUE, GREY, INK, RED, headline, minus, new_picture, tidy

__all__ = ["plot_logits", "plot_luck", "plot_splits"]

#: From so many points on, they're counted in cells.
_MANY = 1500


def plot_luck(sharpes, expected_maximum, path=None):
    """Draw how many candidates have which Sharpe ratio, and what the best of luck would be.

    Parameters
    ----------
    sharpes : array_like of shape (S,)
        Annual; those that aren't finite are left out.
    expected_maximum : float
        The highest that's expected of so many candidates without skill.
    path : str or PathLike, optional
        Where to save the picture; its suffix decides the format.

    Returns
    -------
    matplotlib.figure.Figure
        The dashed line is luck's best, the red one the best of all.

    Raises
    ------
    MissingDependencyError
        If matplotlib isn't installed.
    ValidationError
        If no Sharpe ratio is finite, or `path` ends in no suffix that matplotlib knows.
    """
    sharpes = np.asarray(sharpes, dtype=np.float64)
    sharpes = sharpes[np.isfinite(sharpes)]
    if not sharpes.size:
        raise ValidationError("there is nothing to draw: no Sharpe ratio is finite")
    figure = new_picture(8.6, 2.9)
    axes = figure.subplots()
    bins = int(np.clip(2 * math.sqrt(sharpes.size), 10, 80))
    axes.hist(sharpes, bins=_edges(sharpes, bins), color=BLUE, alpha=0.75, edgecolor="white")
    best = float(sharpes.max())
    middle = 0.5 * (best + min(float(sharpes.min()), expected_maximum))
    if math.isfinite(expected_maximum):
        leftward = middle < expected_maximum <= best
        _upright(axes, expected_maximum, "luck's best", INK, (4, 3), left=leftward, down=20)
    _upright(axes, best, "the best", RED, None, left=not expected_maximum > best, down=5)
    axes.margins(x=0.08)
    axes.set_xlabel("Sharpe ratio", color=INK)
    axes.set_ylabel("candidates", color=INK)
    axes.set_ylim(top=axes.get_ylim()[1] * 1.25)
    tidy(axes)
    title = f"{sharpes.size:,} candidates, the best {best:.2f}"
    if math.isfinite(expected_maximum):
        title += f"; luck alone would reach {expected_maximum:.2f}"
    headline(axes, minus(title))
    if path is not None:
        figure.save(path)
    return figure


def plot_logits(logits, path=None):
    """Draw where the best candidate of one half of time ranks in the other half.

    Parameters
    ----------
    logits : array_like of shape (N,)
        Of each split, as `probability_of_overfitting` gives them: 0 is the median.
    path : str or PathLike, optional
        Where to save the picture; its suffix decides the format.

    Returns
    -------
    matplotlib.figure.Figure
        Splits in which the choice was no better than the median are red.

    Raises
    ------
    MissingDependencyError
        If matplotlib isn't installed.
    ValidationError
        If there's no split, or `path` ends in no suffix that matplotlib knows.
    """
    logits = np.asarray(logits, dtype=np.float64)
    if not logits.size:
        raise ValidationError("there is nothing to draw: there are no splits")
    figure = new_picture(5.4, 3.7)
    axes = figure.subplots()
    reach = max(float(np.abs(logits).max()), 0.5)
    width = reach / 20.0
    edges = np.arange(-20, 21) * width + 1e-9 * width  # 0 itself lies to the left
    edges[0], edges[-1] = -reach - width, reach + width
    counts, _ = np.histogram(logits, edges)
    edges[0], edges[-1] = -reach, reach
    shares = 100.0 * counts / logits.size
    colours = np.where(edges[:-1] < -0.5 * width, RED, BLUE)
    axes.bar(edges[:-1], shares, np.diff(edges), align="edge", color=colours, alpha=0.78,
             edgecolor="white", linewidth=0.6)  # fmt: skip
    axes.axvline(0.0, color=INK, linewidth=1.0)
    axes.set_xlabel("logit of its rank; 0 is the median", color=INK)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    axes.set_ylabel("splits", color=INK)
    tidy(axes)
    headline(axes, f"{(logits <= 0).mean():.0%} of choices: no better than the median")
    if path is not None:
        figure.save(path)
    return figure


def plot_splits(in_sample, out_of_sample, path=None):
    """Draw the Sharpe ratio of each choice in the other half of time over that in its own.

    Parameters
    ----------
    in_sample, out_of_sample : array_like of shape (N,)
        Of the candidate chosen in each split, in the half it was chosen in and in the other.
    path : str or PathLike, optional
        Where to save the picture; its suffix decides the format.

    Returns
    -------
    matplotlib.figure.Figure
        The red line is the fitted one; on the dotted one a choice does as well as it looked.

    Raises
    ------
    MissingDependencyError
        If matplotlib isn't installed.
    ValidationError
        If there's no split, or `path` ends in no suffix that matplotlib knows.
    """
    x, y = np.asarray(in_sample, dtype=np.float64), np.asarray(out_of_sample, dtype=np.float64)
    if not x.size:
        raise ValidationError("there is nothing to draw: there are no splits")
    figure = new_picture(5.4, 3.7)
    axes = figure.subplots()
    varies = np.ptp(x) > 0 and np.ptp(y) > 0
    if x.size > _MANY and varies:
        axes.hexbin(x, y, gridsize=(44, 30), mincnt=1, bins="log", cmap="Blues", linewidths=0.2,
                    vmin=0.25)  # fmt: skip
    else:
        axes.scatter(x, y, s=10, color=BLUE, alpha=0.5, linewidths=0)
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    ends = np.array([x.min(), x.max()])
    axes.plot(ends, ends, color=INK, linewidth=1.0, linestyle=(0, (1, 2)))
    if varies:
        slope, level = np.polyfit(x, y, 1)
        axes.plot(ends, level + slope * ends, color=RED, linewidth=2.0)
    axes.set_xlabel("Sharpe ratio in the half it was chosen in", color=INK)
    axes.set_ylabel("in the other half", color=INK)
    tidy(axes)
    headline(axes, f"{(y < 0).mean():.0%} of choices: a loss in the other half")
    if path is not None:
        figure.save(path)
    return figure


def _edges(values, bins):
    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = low - 0.05, high + 0.05
    return np.linspace(low, high, bins + 1)


def _upright(axes, at, name, colour, dashes, *, left, down):
    """Draw a line upwards, and write what it is beside its top."""
    style = "solid" if dashes is None else (0, dashes)
    axes.axvline(at, color=colour, linewidth=1.8, linestyle=style, zorder=4)
    text = axes.annotate(
        minus(f"{name} {at:.2f}"),
        *((at, 1.0), (-5 if left else 5, -down)),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
    )
    text.set(ha="right" if left else "left", va="top", color=colour, fontsize=9, fontweight="bold")
    text.set(zorder=6, bbox={"facecolor": "white", "alpha": 0.85, "linewidth": 0, "pad": 1.5})
