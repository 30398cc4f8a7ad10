"""A picture of a fit: returns within their volatility, and what's left over."""

import numpy as np

from nanobook.errors import MissingDependencyError

__all__ = ["plot_volatility"]

_BLUE, _GREY, _INK = "#1f5a94", "#8c8c8c", "#2b2b2b"


def plot_volatility(when, resids, volatility, title):
    """Draw residuals between twice their volatility, above the standardised residuals.

    Parameters
    ----------
    when : array_like of shape (T,)
        Dates or numbers.
    resids, volatility : ndarray of shape (T,)
        NaN leaves a gap.
    title : str
        Above the picture.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, made without pyplot.

    Raises
    ------
    MissingDependencyError
        If matplotlib isn't installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingDependencyError(
            "plots need matplotlib: pip install 'nanobook[plot]'"
        ) from None
    figure = Figure(figsize=(9.0, 5.6), dpi=144, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    above.plot(when, resids, color=_GREY, linewidth=0.6, label="residual")
    above.plot(when, 2.0 * volatility, color=_BLUE, linewidth=1.2, label="twice its volatility")
    above.plot(when, -2.0 * volatility, color=_BLUE, linewidth=1.2)
    above.legend(loc="upper left", frameon=False, fontsize=9, labelcolor=_INK)
    above.set_title(title, color=_INK, loc="left")
    with np.errstate(invalid="ignore", divide="ignore"):
        below.plot(when, resids / volatility, color=_GREY, linewidth=0.6)
    below.axhline(0.0, color=_INK, linewidth=0.6)
    below.set_ylabel("standardised", color=_INK)
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    return figure
