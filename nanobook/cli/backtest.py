"""A backtest of two files, and its outcome as files."""

from nanobook.cli.files import read_wide_table, require_writer, write_record, write_table
from nanobook.report.plots import check_format

__all__ = ["backtest_files", "check_outputs", "check_picture", "save_result"]

_TABLES = ("equity", "trades", "stop_events", "metrics")


def backtest_files(prices, weights, *, date_format=None, costs=None, stops=None, **options):
    """Read prices and weights, and backtest.

    Parameters
    ----------
    prices, weights : str or PathLike
        Files as `read_wide_table` takes them.
    date_format : str, optional
        How dates are written in both; by default as ISO 8601 has it.
    costs, stops : dict, optional
        Arguments of `CostModel` and of `Stops`.
    **options
        More arguments of `backtest`.

    Returns
    -------
    BacktestResult
        The outcome.
    """
    from nanobook.portfolio import CostModel, Stops, backtest

    costs = CostModel(**(costs or {}))
    stops = Stops(**(stops or {}))
    price_table = read_wide_table(prices, date_format)
    weight_table = read_wide_table(weights, date_format)
    return backtest(price_table, weight_table, costs=costs, stops=stops, **options)


def check_outputs(folder, suffix):
    """Raise unless `save_result` could write such files, before any work is done.

    Parameters
    ----------
    folder : Path
        Where they shall be.
    suffix : str
        csv, parquet or json.
    """
    for name in _TABLES:
        require_writer(folder / f"{name}.{suffix}")


def check_picture(path):
    """Raise unless a picture could be saved there, before any work is done.

    Parameters
    ----------
    path : Path
        Its suffix is the format.

    Raises
    ------
    FileNotFoundError
        If the folder doesn't exist.
    ValidationError
        If matplotlib knows no such format.
    MissingDependencyError
        If matplotlib isn't installed.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(2, "there is no such folder", str(path.parent))
    check_format(path)


def save_result(result, folder, suffix):
    """Write equity, trades, stop events and metrics to a folder, made if need be.

    Parameters
    ----------
    result : BacktestResult
        With records.
    folder : Path
        The folder.
    suffix : str
        csv, parquet or json.

    Returns
    -------
    list of Path
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.{suffix}" for name in _TABLES]
    tables = (result.to_frame().rename_axis("date"), result.trades, result.stop_events)
    for table, path in zip(tables, paths, strict=False):
        write_table(table, path)
    write_record(result.metrics.to_dict() if result.metrics else {}, paths[-1])
    return paths
