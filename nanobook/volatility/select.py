"""`garch_select`: fit several models to every asset and keep each asset's best."""

import dataclasses
import warnings

import numpy as np

from nanobook.errors import ValidationError
from nanobook.volatility.garch import garch_fit
from nanobook.volatility.result import GarchResult

__all__ = ["GarchSelection", "garch_select"]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class GarchSelection:
    """Which model suits which asset, and all the fits.

    Parameters
    ----------
    criterion : {"aic", "bic"}
        What was compared: the smaller, the better.
    table : DataFrame
        The criterion: a row an asset, a column a model with its distribution. NaN where a fit
        didn't converge.
    best : Series
        Each asset's best column; None where there's none.
    fits : dict of GarchResult
        By the columns of `table`.
    """

    criterion: str
    table: object
    best: object
    fits: dict

    def __repr__(self):
        counts = self.best.value_counts().to_dict()
        return f"GarchSelection(criterion={self.criterion!r}, assets={len(self.best)}, {counts})"

    def _repr_html_(self):
        return self.table.assign(best=self.best)._repr_html_()


def garch_select(
    returns,
    *,
    models=("GARCH", "GJR", "EGARCH"),
    dists=("normal", "t"),
    criterion="bic",
    **options,
):
    """Fit every model with every distribution, and choose by an information criterion.

    Parameters
    ----------
    returns : array_like of shape (T,) or (T, N), Series or DataFrame
        Returns per period, one column an asset.
    models : sequence of str, default ("GARCH", "GJR", "EGARCH")
        As in `garch_fit`.
    dists : sequence of str, default ("normal", "t")
        As in `garch_fit`.
    criterion : {"aic", "bic"}, default "bic"
        Akaike's or Schwarz's.
    **options
        Passed on to `garch_fit`.

    Returns
    -------
    GarchSelection
        ``.best`` by asset, ``.table`` of the criterion, and the ``.fits``.

    Raises
    ------
    ValidationError
        If `criterion` is another word, a model or a distribution isn't known, or there's none.

    Examples
    --------
    >>> returns = np.random.default_rng(3).standard_t(4, 1000)
    >>> chosen = garch_select(returns, models=["GARCH"])
    >>> chosen.best.iloc[0]
    'GARCH, t'
    """
    import pandas as pd

    if criterion not in ("aic", "bic"):
        raise ValidationError(f"criterion must be 'aic' or 'bic', got {criterion!r}")
    pairs = [(model, dist) for model in models for dist in dists]
    if not pairs:
        raise ValidationError(f"models and dists must hold some, got {models!r} and {dists!r}")
    fits = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the table shows them as NaN
        for model, dist in pairs:
            fits[f"{model}, {dist}"] = garch_fit(returns, model=model, dist=dist, **options)
    columns = {}
    for name, fit in fits.items():
        value = pd.Series(getattr(fit, criterion), index=_labels(fit))
        columns[name] = value.where(pd.Series(fit.converged, index=value.index))
    table = pd.DataFrame(columns)
    best = np.full(len(table), None, dtype=object)
    some = table.notna().any(axis=1).to_numpy()
    best[some] = table[some].idxmin(axis=1).to_numpy()
    return GarchSelection(
        criterion, table, pd.Series(best, table.index, dtype=object, name="best"), fits
    )


def _labels(fit: GarchResult):
    """Return the assets' names; a fit of one series has none but its own."""
    return fit._labels
