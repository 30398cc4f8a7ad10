"""A sweep's outcome for a terminal: the best candidates, and whether they're luck."""

from nanobook.report.drawing import short
from nanobook.report.figures import figure_label, figure_text
from nanobook.report.verdict import checks, verdict

__all__ = ["best_table", "headline", "luck_table", "luck_words"]

_SHOWN = ("sharpe", "cagr", "volatility", "max_drawdown", "turnover")
_STYLES = {"good": "green", "doubtful": "yellow", "bad": "red", "": ""}
_WORDS = {"good": "passes", "doubtful": "doubtful", "bad": "fails", "": ""}


def headline(result, file, prices, strategy):
    """Return a line that says what was swept.

    Parameters
    ----------
    result : SweepResult
        The outcome.
    file : Path
        Where prices came from.
    prices : DataFrame
        The prices.
    strategy : str
        The strategy's name.

    Returns
    -------
    str
        One line.
    """
    first, last = prices.index[[0, -1]]
    count = len(result)
    early = "" if result.complete else ", ended early"
    return (
        f"{file}: {first:%Y-%m-%d} to {last:%Y-%m-%d}, {prices.shape[1]:,} symbols; "
        f"{count:,} candidate{'' if count == 1 else 's'} of {strategy}{early}"
    )


def best_table(result, by, most=10):
    """Return a table of the best candidates.

    Parameters
    ----------
    result : SweepResult
        The outcome.
    by : str
        The figure they're ranked by.
    most : int, default 10
        How many.

    Returns
    -------
    rich.table.Table
        To be printed by a rich console.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    best = result.best(by, n=most)
    params, names = best.index.to_frame(index=False), list(dict.fromkeys((by, *_SHOWN)))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in params.columns:
        table.add_column(Text(str(name)), justify="right")
    for name in names:
        table.add_column(figure_label(name), justify="right")
    for at in range(len(best)):
        values = [Text(short(params[name].iloc[at]), "bold") for name in params.columns]
        figures = [figure_text(name, best[name].iloc[at]) for name in names]
        table.add_row(*values, *figures)
    return table


def luck_words(report):
    """Return what the tests of luck say together, for a rich console.

    Parameters
    ----------
    report : OverfittingReport
        The figures.

    Returns
    -------
    rich.text.Text
        A headline and a sentence.
    """
    from rich.text import Text

    kind, words, sentence = verdict(report)
    return Text.assemble((words, f"bold {_STYLES[kind]}"), f"\n{sentence}")


def luck_table(report):
    """Return the tests of luck as a table.

    Parameters
    ----------
    report : OverfittingReport
        The figures.

    Returns
    -------
    rich.table.Table
        To be printed by a rich console.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("Of the best by Sharpe")
    for name in ("", "want", ""):
        table.add_column(name, justify="right" if not name else "left")
    for check in checks(report):
        word = Text(_WORDS[check.kind], _STYLES[check.kind])
        table.add_row(check.label, check.value, check.want, word)
    return table
