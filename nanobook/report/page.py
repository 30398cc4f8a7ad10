"""A tear sheet as HTML: one page that needs no other file, or a fragment for a notebook."""

import base64
from html import escape

from nanobook.errors import MissingDependencyError
from nanobook.report.figures import figures
from nanobook.report.plots import plot_equity, plot_rolling

__all__ = ["fragment", "page"]

#: Shown large, above everything else.
_CARDS = ("Total return", "CAGR", "Volatility", "Sharpe", "Max drawdown", "Time under water")

_STYLE = """
.nanobook-sheet { background: #fff; color: #2b2b2b; max-width: 980px; margin: 0 auto;
  padding: 8px 24px 24px; font: 14px/1.45 system-ui, -apple-system, "Segoe UI", sans-serif; }
.nanobook-sheet h1 { font-size: 24px; margin: 18px 0 2px; }
.nanobook-sheet h2 { font-size: 15px; margin: 26px 0 8px; }
.nanobook-sheet .about { color: #6b6b6b; margin: 0 0 16px; }
.nanobook-sheet .cards { display: flex; flex-wrap: wrap; gap: 10px; margin: 14px 0; }
.nanobook-sheet .card { flex: 1 1 120px; border: 1px solid #e4e4e4; border-radius: 8px;
  padding: 8px 12px; }
.nanobook-sheet .card b { display: block; font-size: 20px; font-weight: 600;
  font-variant-numeric: tabular-nums; }
.nanobook-sheet .card span { color: #6b6b6b; font-size: 12px; }
.nanobook-sheet img { display: block; width: 100%; height: auto; margin: 14px 0 0; }
.nanobook-sheet .wide { overflow-x: auto; }
.nanobook-sheet table { border-collapse: collapse; width: 100%; margin: 0; background: #fff;
  color: #2b2b2b; font-size: 13px; font-variant-numeric: tabular-nums; border: 0; }
.nanobook-sheet th, .nanobook-sheet td { padding: 4px 8px; text-align: right;
  border: 0; border-bottom: 1px solid #ededed; white-space: nowrap; background: none; }
.nanobook-sheet th { color: #6b6b6b; font-weight: 500; }
.nanobook-sheet th:first-child { text-align: left; }
.nanobook-sheet td.year { font-weight: 600; border-left: 1px solid #ededed; }
.nanobook-sheet .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr));
  column-gap: 36px; align-items: start; }
.nanobook-sheet .pair td { color: #2b2b2b; }
"""


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
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>body {{ margin: 0; background: #fff; }}</style>\n"
        f"</head>\n<body>\n{fragment(sheet, title)}\n</body>\n</html>\n"
    )


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
        _section(_monthly_name(sheet), _monthly(sheet)),
        _section("Deepest drawdowns", _drawdowns(sheet)),
        _section("All figures", _all_figures(sheet)),
    )
    body = "\n".join(part for part in parts if part)
    return f'<style>{_STYLE}</style>\n<div class="nanobook-sheet">\n{body}\n</div>'


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
    cards = [
        f'<div class="card"><b>{escape(words[label])}</b><span>{escape(label)}</span></div>'
        for label in _CARDS
        if label in words
    ]
    return f'<div class="cards">{"".join(cards)}</div>' if cards else ""


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
    return "\n".join(
        f'<img alt="{escape(name)}" src="data:image/png;base64,'
        f'{base64.b64encode(picture.to_png()).decode()}">'
        for name, picture in pictures
    )


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
    return _table(head, rows)


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
    return _table(head, rows)


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


def _section(name, body):
    return f"<h2>{escape(name)}</h2>\n{body}" if body else ""


def _table(head, rows):
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


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
