"""Figures of one or more results side by side, for a terminal."""

from nanobook.report.figures import figures

__all__ = ["metrics_table"]

#: A line is drawn above these, so that returns, risk, bets and trading read as groups.
_GROUPS = ("Max drawdown", "Win rate", "Exposure")


def metrics_table(results):
    """Return a table with a row per figure and a column per result.

    Parameters
    ----------
    results : dict of str to BacktestResult
        By the name that heads the column.

    Returns
    -------
    rich.table.Table
        To be printed by a rich console.
    """
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("")
    for name in results:
        table.add_column(name, justify="right")
    columns = [dict(_lines(result)) for result in results.values()]
    for label in dict.fromkeys(label for column in columns for label in column):
        if label in _GROUPS:
            table.add_section()
        table.add_row(label, *(column.get(label, "") for column in columns))
    return table


def _lines(result):
    equity = result.equity
    yield "Final equity", f"{equity.iloc[-1]:,.2f}"
    yield from figures(result.metrics)
    yield "Trades", f"{len(result.trades):,}"
    yield "Stops hit", f"{len(result.stop_events):,}"
