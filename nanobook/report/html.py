"""What all pages share: one style, and the pieces they're put together from."""

import base64
from html import escape

__all__ = ["STYLE", "card", "cards", "embedded", "section", "sheet_of", "table_of", "whole_page"]

#: Every rule is about what stands inside the sheet, as a notebook shows it among other things.
STYLE = """
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
.nanobook-sheet .card p { margin: 6px 0 2px; font-size: 12px; line-height: 1.4; color: #4a4a4a; }
.nanobook-sheet .card em { float: right; font-style: normal; font-size: 12px; font-weight: 600; }
.nanobook-sheet .explained .card { flex: 1 1 200px; }
.nanobook-sheet .verdict { border-left: 5px solid #8c8c8c; background: #f6f6f6;
  border-radius: 4px; padding: 10px 16px; margin: 14px 0; }
.nanobook-sheet .verdict h2 { font-size: 18px; margin: 2px 0 4px; }
.nanobook-sheet .verdict p { margin: 3px 0; max-width: 80ch; }
.nanobook-sheet .good { border-left: 5px solid #22834f; }
.nanobook-sheet .doubtful { border-left: 5px solid #c98500; }
.nanobook-sheet .bad { border-left: 5px solid #b3392f; }
.nanobook-sheet .good em { color: #22834f; }
.nanobook-sheet .doubtful em { color: #946200; }
.nanobook-sheet .bad em { color: #b3392f; }
.nanobook-sheet td.parameter { font-weight: 600; }
"""


def whole_page(title, body):
    """Return a page.

    Parameters
    ----------
    title : str
        What the browser calls it.
    body : str
        HTML.

    Returns
    -------
    str
        HTML that loads nothing from anywhere.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>body {{ margin: 0; background: #fff; }}</style>\n"
        f"</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def sheet_of(parts):
    """Return pieces as one element with its style.

    Parameters
    ----------
    parts : iterable of str
        HTML; empty ones are left out.

    Returns
    -------
    str
        A style and an element.
    """
    body = "\n".join(part for part in parts if part)
    return f'<style>{STYLE}</style>\n<div class="nanobook-sheet">\n{body}\n</div>'


def card(value, label, *, note="", kind="", tag=""):
    """Return a figure, large, over what it is.

    Parameters
    ----------
    value, label : str
        Text.
    note : str, optional
        What it means, in a sentence below.
    kind : str, optional
        "good", "doubtful" or "bad" give it a colour.
    tag : str, optional
        A word in that colour.

    Returns
    -------
    str
        HTML.
    """
    name = f"card {kind}" if kind else "card"
    above = f"<em>{escape(tag)}</em>" if tag else ""
    below = f"<p>{escape(note)}</p>" if note else ""
    figure = f"<b>{escape(value)}</b><span>{escape(label)}</span>"
    return f'<div class="{name}">{above}{figure}{below}</div>'


def cards(each, *, explained=False):
    """Return cards in a row that breaks where it must.

    Parameters
    ----------
    each : iterable of str
        What `card` returns.
    explained : bool, default False
        Whether they have notes, which take room.

    Returns
    -------
    str
        HTML, empty without cards.
    """
    inside = "".join(each)
    name = "cards explained" if explained else "cards"
    return f'<div class="{name}">{inside}</div>' if inside else ""


def embedded(name, picture):
    """Return a picture as an element that holds it.

    Parameters
    ----------
    name : str
        What it shows, for those who don't see it.
    picture : Picture
        A figure.

    Returns
    -------
    str
        HTML.
    """
    data = base64.b64encode(picture.to_png()).decode()
    return f'<img alt="{escape(name)}" src="data:image/png;base64,{data}">'


def section(name, body):
    """Return a part of a page under a headline.

    Parameters
    ----------
    name : str
        The headline.
    body : str
        HTML.

    Returns
    -------
    str
        HTML, empty without a body.
    """
    return f"<h2>{escape(name)}</h2>\n{body}" if body else ""


def table_of(head, rows):
    """Return a table that scrolls where it's wider than the page.

    Parameters
    ----------
    head : str
        The cells of its head, as HTML.
    rows : list of str
        Rows, as HTML.

    Returns
    -------
    str
        HTML.
    """
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
