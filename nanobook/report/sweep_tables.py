"""Tables of a sweep: a figure over two parameters, and how much each parameter matters."""

import numpy as np

from nanobook.report.scales import category_order, is_numeric, looks_logarithmic

__all__ = ["heat_table", "influence"]

#: An axis of more numbers than these is cut into so many stretches.
_MOST, _STRETCHES = 60, 24

#: Groups that a parameter's values are put into to see what it explains.
_GROUPS = 12


def heat_table(table, values, x, y, aggregate="median"):
    """Return a figure over two parameters, as `plot_heatmap` takes it.

    Parameters
    ----------
    table : DataFrame
        A row of parameters for each candidate.
    values : array_like of shape (S,)
        The figure of each; NaN doesn't count.
    x, y : str
        Two parameters. One that takes very many numbers is cut into stretches, labelled by
        their middles.
    aggregate : {"median", "mean", "max", "min"}, default "median"
        What stands for the candidates of a cell.

    Returns
    -------
    DataFrame
        A row for each value of `y`, a column for each of `x`, in their order; NaN where there's
        no candidate.
    """
    import pandas as pd

    (across, columns), (up, rows) = _cells(table[x]), _cells(table[y])
    frame = pd.DataFrame({"up": up, "across": across, "value": np.asarray(values, np.float64)})
    found = getattr(frame.groupby(["up", "across"])["value"], aggregate)().unstack("across")
    found = found.reindex(index=range(len(rows)), columns=range(len(columns)))
    return found.set_axis(rows, axis=0).set_axis(columns, axis=1)


def _cells(column):
    """Return the cell that each value is in, and the cells' labels."""
    import pandas as pd

    if not is_numeric(column):
        places, labels = category_order(column)
        return places, pd.Index(labels, dtype=object, name=column.name)
    numbers = column.to_numpy()
    distinct, places = np.unique(numbers, return_inverse=True)
    if distinct.size <= _MOST:
        return places, pd.Index(distinct, name=column.name)
    ends = distinct[0], distinct[-1]
    spread = np.geomspace if looks_logarithmic(distinct) else np.linspace
    edges = spread(*ends, _STRETCHES + 1)
    places = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, _STRETCHES - 1)
    middles = spread(*ends, 2 * _STRETCHES + 1)[1::2]
    return places, pd.Index([float(f"{middle:.3g}") for middle in middles], name=column.name)


def influence(table, values):
    """Return how much of a figure's spread each parameter explains by itself.

    Parameters
    ----------
    table : DataFrame
        A row of parameters for each candidate.
    values : array_like of shape (S,)
        The figure of each, of which ranks are taken; NaN doesn't count.

    Returns
    -------
    Series
        By parameter, most first: the share of the variance between groups of equal or similar
        values, less what chance would explain (epsilon squared); at least 0. A parameter with
        one value isn't in it.

    References
    ----------
    .. [1] Kelley (1935), "An unbiased correlation ratio measure".
    """
    import pandas as pd

    values = np.asarray(values, dtype=np.float64)
    known = ~np.isnan(values)
    ranks = pd.Series(values[known]).rank().to_numpy()
    shares = {}
    for name in table.columns:
        groups = _groups(table[name][known])
        count = int(groups.max(initial=-1)) + 1
        if count > 1:
            shares[name] = _explained(ranks, groups, count)
    return pd.Series(shares, dtype=np.float64).sort_values(ascending=False, kind="stable")


def _groups(column):
    if not is_numeric(column):
        return category_order(column)[0]
    numbers = column.to_numpy()
    distinct, groups = np.unique(numbers, return_inverse=True)
    if distinct.size <= _GROUPS:
        return groups
    edges = np.unique(np.quantile(numbers, np.linspace(0.0, 1.0, _GROUPS + 1)[1:-1]))
    return np.unique(np.searchsorted(edges, numbers, side="right"), return_inverse=True)[1]


def _explained(values, groups, count):
    sizes = np.bincount(groups, minlength=count)
    means = np.bincount(groups, values, minlength=count) / np.maximum(sizes, 1)
    total = float(((values - values.mean()) ** 2).sum())
    within = float(((values - means[groups]) ** 2).sum())
    free = values.size - count
    if not total > 0.0 or free < 1:
        return 0.0
    return max(0.0, (total - within - (count - 1) * within / free) / total)
