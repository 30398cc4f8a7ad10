"""Twenty years of daily closes, read from the files of the installed arch package."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from nanobook.errors import MissingDependencyError, ValidationError

__all__ = ["daily_prices"]

#: Symbol: the data set of `arch.data`, and its column.
_SOURCES = {
    "SPX": ("sp500", "Adj Close"),
    "IXIC": ("nasdaq", "Adj Close"),
    "WTI": ("wti", "DCOILWTICO"),
}


def daily_prices(symbols=None):
    """Return real daily closes of two stock indexes and of crude oil, 1999 to 2018.

    Parameters
    ----------
    symbols : str or iterable of str, optional
        Some of "SPX" (S&P 500), "IXIC" (NASDAQ Composite) and "WTI" (West Texas Intermediate,
        spot, per barrel), in the order wanted; by default all three.

    Returns
    -------
    DataFrame
        A row per day on which US stocks traded, labelled "date"; a column per symbol; floats in
        dollars or index points. NaN where oil wasn't quoted that day. Yours to change.

    Raises
    ------
    ValidationError
        If a symbol isn't one of the three, repeats, or none is named.
    MissingDependencyError
        If arch isn't installed.

    Notes
    -----
    The indexes leave out dividends, and nobody can hold spot oil for free: good for trying
    things out, not for a verdict on a strategy.

    References
    ----------
    .. [1] `arch.data`, which took the indexes from Yahoo! Finance, and oil from FRED (DCOILWTICO).

    Examples
    --------
    >>> daily_prices("SPX").loc["2018-12-31", "SPX"].round(2).item()
    2506.85
    """
    if symbols is None:
        chosen = list(_SOURCES)
    else:
        chosen = [symbols] if isinstance(symbols, str) else list(symbols)
    unknown = [symbol for symbol in chosen if symbol not in _SOURCES]
    if unknown or not chosen or len(set(chosen)) < len(chosen):
        raise ValidationError(
            f"symbols must be different ones of {', '.join(_SOURCES)}, got {chosen!r}"
        )
    import pandas as pd

    closes = {symbol: _read(*_SOURCES[symbol]) for symbol in chosen}
    days = closes["SPX"].index if "SPX" in closes else _read(*_SOURCES["SPX"]).index
    return pd.DataFrame({symbol: close.reindex(days) for symbol, close in closes.items()})


def _read(name, column):
    """Return one column of a data set of `arch.data`, by date.

    Importing arch takes two seconds, for models that aren't needed here, so its file is
    read where it lies; if it lies elsewhere in another version, arch itself loads it.
    """
    import pandas as pd

    spec = find_spec("arch")
    if spec is None:
        raise MissingDependencyError(
            "the daily prices come with the arch package, which isn't installed: pip install arch"
        )
    path = Path(spec.origin).parent / "data" / name / f"{name}.csv.gz"
    if path.exists():
        table = pd.read_csv(path, usecols=["Date", column], index_col="Date", na_values=".")
        table.index = pd.to_datetime(table.index)
    else:
        table = import_module(f"arch.data.{name}").load()
    return table[column].astype(float).rename_axis("date")
