"""A tear sheet as HTML: one page that needs no other file, or a fragment for a notebook."""

from html import escape

from nanobook.errors import MissingDependencyError
from nanobook.report.figures import figures
from nanobook.report.html import card, cards, embedded, section, sheet_of, table_of, whole_page
from nanobook.report.plots import plot_equity, plot_rolling

__all__ = ["fragment", "page"]

#: Shown large, above everything else.
_CARDS = ("Total return", "CAGR", "Volatility", "Sharpe", "Max drawdown", "Time under water")


def page(sheet, title):
    """Return a whole page.

    Parameters
    ----------
    sheet : TearSheet
        What to show.
    title : str
        The headline.

    Returns
    -------
    str
        HTML that loads nothing from anywhere.
    """
    return whole_page(title, fragment(sheet, title))


def fragment(sheet, title=None):
    """Return what the page's body holds, with its own style.

    Parameters
    ----------
    sheet : TearSheet
        What to show.
    title : str, optional
        The headline; none without.

    Returns
    -------
    str
        One HTML element and its style.
    """
    head = f"<h1>{escape(title)}</h1>" if title else ""
    parts = (
        head,
        f'<p class="about">{escape(_about(sheet))}</p>',
        _cards(sheet),
        _pictures(sheet),
        section(_monthly_name(sheet), _monthly(sheet)),
        section("Deepest drawdowns", _drawdowns(sheet)),
        section("All figures", _all_figures(sheet)),
    )
    return sheet_of(parts)


def _about(sheet):
    trades = sheet["trade_analytics"]
    bars = f"{len(sheet.series):,} bars"
    if sheet.dated and len(sheet.series):
        first, last = sheet.series.index[0], sheet.series.index[-1]
        bars += f" from {_day(first)} to {_day(last)}"
    return (
        f"{bars}, {sheet.periods_per_year:g} to a year; {trades['trade_count']:,} positions "
        f"opened, {trades['open_trade_count']:,} open at the end"
    )


def _cards(sheet):
    words = dict(figures(sheet.figures))
    return cards(card(words[label], label) for label in _CARDS if label in words)


def _pictures(sheet):
    if not len(sheet.series):
        return ""
    try:
        pictures = [("Equity and drawdown", plot_equity(sheet.series, start=sheet.start))]
        if sheet.rolling.notna().any():
            name = f"Rolling Sharpe ratio, {sheet.rolling_window} bars"
            pictures.append((name, plot_rolling(sheet.rolling, title=name)))
    except MissingDependencyError as error:
        return f'<p class="about">{escape(str(error))}</p>'
    return "\n".join(embedded(name, picture) for name, picture in pictures)


def _monthly_name(sheet):
    return f"{'Monthly returns' if sheet.dated else 'Returns by 21 bars, twelve to a row'}, in %"


def _monthly(sheet):
    table = sheet.monthly
    if not len(table):
        return ""
    head = "".join(f"<th>{escape(str(label))}</th>" for label in ("", *table.columns))
    months = table.drop(columns="Year", errors="ignore").abs()
    most = float(months.max().max())
    rows = []
    for label, values in zip(table.index, table.to_numpy().tolist(), strict=True):
        cells = [
            _tinted(value, most) if name != "Year" else f'<td class="year">{_percent(value)}</td>'
            for name, value in zip(table.columns, values, strict=True)
        ]
        rows.append(f"<tr><th>{escape(str(label))}</th>{''.join(cells)}</tr>")
    return table_of(head, rows)


def _tinted(value, most):
    """Write a month's cell, greener the more it won and redder the more it lost."""
    if value != value:
        return "<td></td>"
    strength = min(abs(value) / most, 1.0) * 0.55 if most > 0 else 0.0
    colour = "34, 139, 84" if value > 0 else "190, 57, 47"
    style = f"background: rgba({colour}, {strength:.2f})"
    return f'<td style="{style}">{_percent(value)}</td>'


def _drawdowns(sheet):
    table = sheet.drawdowns
    if not len(table):
        return ""
    head = "".join(
        f"<th>{name}</th>" for name in ("", "Depth", "Peak", "Trough", "Recovery", "Bars")
    )
    rows = []
    for place, event in enumerate(table.itertuples(index=False), start=1):
        cells = (
            f"{event.depth:.2%}",
            _when(event.peak, "start"),
            _when(event.trough, ""),
            _when(event.recovery, "not yet"),
            f"{event.length:,}",
        )
        rows.append(
            f"<tr><th>{place}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        )
    return table_of(head, rows)


def _all_figures(sheet):
    words = figures(sheet.figures)
    half = (len(words) + 1) // 2
    tables = [
        "<table><tbody>"
        + "".join(
            f"<tr><th>{escape(label)}</th><td>{escape(text)}</td></tr>" for label, text in part
        )
        + "</tbody></table>"
        for part in (words[:half], words[half:])
        if part
    ]
    return f'<div class="pair">{"".join(tables)}</div>' if tables else ""


def _percent(value):
    return "" if value != value else f"{value * 100:.1f}".replace("-0.0", "0.0")


def _when(value, missing):
    import pandas as pd

    if pd.isna(value):
        return missing
    return _day(value) if hasattr(value, "date") else str(value)


def _day(stamp):
    """Write a date, and its time of day if it has one."""
    return str(stamp.date()) if stamp == stamp.normalize() else f"{stamp:%Y-%m-%d %H:%M}"
