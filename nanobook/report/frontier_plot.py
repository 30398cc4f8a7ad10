"""A picture of the efficient frontier: what's to be earned for which risk."""

import numpy as np

from nanobook.report.drawing import BLUE, GREY, INK, RED, headline, minus, new_picture, plain, tidy

__all__ = ["plot_frontier"]

#: Up to so many assets are called by their names.
_NAMED = 25


def plot_frontier(
    points, turning_points, *, assets, tangent=None, risk_free=None, path=None, title=None
):
    """Draw efficient portfolios by volatility and return, with the assets they're made of.

    Parameters
    ----------
    points, turning_points : DataFrame
        With `volatility` and `return`, per period.
    assets : tuple of (array_like, array_like, list)
        Volatilities, returns and names.
    tangent : tuple of (float, float), optional
        Volatility and return of the portfolio of the largest Sharpe ratio.
    risk_free : float, optional
        Where the line to `tangent` begins.
    path : str or PathLike, optional
        Where to save the picture; its suffix decides the format.
    title : str, optional
        The headline; by default it says from where to where the frontier goes.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, made without pyplot; a notebook shows it.

    Raises
    ------
    MissingDependencyError
        If matplotlib isn't installed.
    ValidationError
        If `path` ends in no suffix that matplotlib knows.
    """
    figure = new_picture(8.6, 4.8)
    axes = figure.subplots()
    risks, gains, names = assets
    risks, gains = 100.0 * np.asarray(risks), 100.0 * np.asarray(gains)
    along = 100.0 * points["volatility"].to_numpy(), 100.0 * points["return"].to_numpy()
    turns = 100.0 * turning_points["volatility"], 100.0 * turning_points["return"]
    axes.scatter(risks, gains, s=16, color=GREY, linewidth=0, zorder=2)
    if len(names) <= _NAMED:
        for risk, gain, name in zip(risks, gains, names, strict=True):
            place = {"xytext": (5, -3), "textcoords": "offset points"}
            axes.annotate(plain(name, 14), (risk, gain), fontsize=8, color=GREY, **place)
    axes.plot(*along, color=BLUE, linewidth=1.8, zorder=3)
    axes.scatter(*turns, s=18, facecolor="white", edgecolor=BLUE, linewidth=1.1, zorder=4)
    if tangent is not None:
        risk, gain, start = 100.0 * tangent[0], 100.0 * tangent[1], 100.0 * risk_free
        end = max(float(along[0].max()), risk)
        line = [start, start + (gain - start) * end / risk]
        axes.plot([0.0, end], line, color=RED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
        axes.scatter([risk], [gain], s=42, color=RED, zorder=5)
        sharpe = minus(f"Sharpe {(gain - start) / risk:.3g}")
        place = {"xytext": (-8, 6), "textcoords": "offset points", "ha": "right"}
        axes.annotate(sharpe, (risk, gain), fontsize=9, color=RED, **place)
        axes.set_ylim(top=max(float(gains.max()), gain, float(along[1].max())) * 1.08)
    axes.set_xlim(left=0.0)
    axes.set_xlabel("volatility per period, %", color=INK)
    axes.set_ylabel("return per period, %", color=INK)
    tidy(axes)
    low, high = along[0].min(), along[0].max()
    default = f"Efficient from {low:.3g} % to {high:.3g} % volatility, {len(turning_points)} turns"
    headline(axes, title or minus(default))
    if path is not None:
        figure.save(path)
    return figure
