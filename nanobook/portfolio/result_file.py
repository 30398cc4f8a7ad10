"""A backtest's parts in one file: arrays, labels and conventions, nothing pickled."""

import numpy as np

from nanobook.errors import FileFormatError
from nanobook.panel.labels import labels_from_arrays, labels_to_arrays
from nanobook.persistence.npz import read_npz, write_npz
from nanobook.portfolio.engine import Run

__all__ = ["read_result", "write_result"]

_KIND = "backtest"
_CONVENTIONS = ("periods_per_year", "risk_free", "carries_mark")


def write_result(path, run, *, start_cash, prices, index, columns, last_bar, conventions, listings):
    """Write what a `BacktestResult` is made of, whole or not at all.

    Parameters
    ----------
    path : str or PathLike
        The file.
    run : Run
        Series and records.
    start_cash : int or float
        Cash before the first bar.
    prices : ndarray or None
        None without records.
    index, columns : Index or None
        Labels.
    last_bar : ndarray
        The last bar with a price, per column.
    conventions : dict
        `periods_per_year`, `risk_free` and `carries_mark`.
    listings : ndarray
        The prices of periods that list a symbol more than once.

    Raises
    ------
    ValidationError
        If labels can't be stored without pickling.
    """
    arrays = {**run._asdict(), "last_bar": last_bar, "listings": listings}
    arrays["start_cash"] = np.array(start_cash)
    if prices is not None:
        arrays["prices"] = prices
    header = {name: conventions[name] for name in _CONVENTIONS}
    for name, labels in (("index", index), ("columns", columns)):
        header[name], values = labels_to_arrays(name, labels)
        arrays |= values
    write_npz(path, _KIND, header, arrays)


def read_result(path):
    """Read what `write_result` wrote.

    Parameters
    ----------
    path : str or PathLike
        The file.

    Returns
    -------
    dict
        Its arguments by name, `run` among them.

    Raises
    ------
    FileNotFoundError
        If there's no such file.
    FileFormatError
        If it isn't such a file, or is damaged.
    """
    header, arrays = read_npz(path, _KIND)
    try:
        return {
            "run": Run(**{name: arrays[name] for name in Run._fields}),
            "start_cash": arrays["start_cash"].item(),
            "prices": arrays.get("prices"),
            "index": labels_from_arrays("index", header["index"], arrays),
            "columns": labels_from_arrays("columns", header["columns"], arrays),
            "last_bar": arrays["last_bar"],
            "conventions": {name: header[name] for name in _CONVENTIONS},
            "listings": arrays["listings"],
        }
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(f"{path} isn't a whole backtest file: {error!r}") from None
