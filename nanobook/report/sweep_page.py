"""A sweep as one HTML page: the best candidates, pictures, and how likely they are luck."""

import itertools
import math
from html import escape

import numpy as np

from nanobook.errors import MissingDependencyError, ValidationError
from nanobook.report.drawing import short
from nanobook.report.figures import figure_label, figure_text
from nanobook.report.html import card, cards, embedded, section, sheet_of, table_of, whole_page
from nanobook.report.overfitting_plots import plot_logits, plot_luck, plot_splits
from nanobook.report.sweep_plots import plot_heatmap, plot_profile
from nanobook.report.sweep_tables import heat_table, influence
from nanobook.report.verdict import checks, verdict

__all__ = ["page"]

#: Figures in the table of the best, beside the one they're ranked by.
_SHOWN = (
    *("sharpe", "cagr", "volatility", "max_drawdown", "time_under_water"),
    *("turnover", "total_costs"),
)

_BEST = 20

_SPLITS = (
    "Each split of time into two halves chooses the candidate with the highest Sharpe ratio in one "
    "and looks at it in the other. Left: where it ranks there. Right: its Sharpe ratio there. The "
    "halves make up one history, so what is high in one tends to be low in the other, and the red "
    "line falls even where a candidate is steady; what counts is how much lies below zero."
)

_WORDS = {"good": "passes", "doubtful": "doubtful", "bad": "fails", "": ""}


def page(result, by, title):
    """Return a page about a sweep.

    Parameters
    ----------
    result : SweepResult
        Or whatever has its attributes.
    by : str
        The figure that candidates are ranked by.
    title : str
        The headline.

    Returns
    -------
    str
        HTML that loads nothing from anywhere.
    """
    ranked = _ranked(result, by)
    report, why_not = _overfitting(result)
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="about">{escape(_about(result, by, report))}</p>',
    ]
    if ranked is None:
        parts.append(f'<p class="about">{escape(f"No candidate has a {by}.")}</p>')
    else:
        parts.append(_judgement(report, why_not))
        parts.append(section(_best_name(ranked, by), _best_table(ranked, by)))
        try:
            parts += _pictures(result, ranked, by, report)
        except MissingDependencyError as error:
            parts.append(f'<p class="about">{escape(str(error))}</p>')
    return whole_page(title, sheet_of(parts))


def _ranked(result, by):
    """Return metrics of the candidates, best first, or None where nobody has the figure."""
    if not len(result) or result.metrics[by].isna().all():
        return None
    return result.best(by, n=len(result))


def _overfitting(result):
    try:
        return result.overfitting(), ""
    except ValidationError as error:
        return None, str(error)


def _about(result, by, report):
    count = len(result)
    parts = [f"{count:,} candidate{'' if count == 1 else 's'} over {', '.join(result.parameters)}"]
    if not result.complete:
        parts[0] += " (the sweep was ended early)"
    if report is not None:
        parts.append(f"{report.n_obs:,} returns, {report.years:.1f} years")
    parts.append(f"ranked by {figure_label(by)}")
    return "; ".join(parts)


# ---- the verdict -----------------------------------------------------------------------------


def _judgement(report, why_not):
    if report is None:
        words = f"How likely the best is luck isn't known: {why_not}"
        return f'<div class="verdict doubtful"><p>{escape(words)}</p></div>'
    kind, short_words, sentence = verdict(report)
    best = ", ".join(f"{name} = {short(value)}" for name, value in report.best.items())
    about = f"Judged is the candidate with the highest Sharpe ratio: {best}."
    box = (
        f'<div class="verdict {kind}"><h2>{escape(short_words)}</h2>'
        f"<p>{escape(sentence)}</p><p>{escape(about)}</p></div>"
    )
    return box + cards(map(_card, checks(report)), explained=True)


def _card(check):
    label = f"{check.label}, want {check.want}" if check.want else check.label
    return card(check.value, label, note=check.note, kind=check.kind, tag=_WORDS[check.kind])


# ---- the best --------------------------------------------------------------------------------


def _best_name(ranked, by):
    few = min(_BEST, len(ranked))
    return f"The best {few} by {figure_label(by)}" if few > 1 else "The best"


def _best_table(ranked, by):
    best = ranked.iloc[:_BEST]
    names = list(dict.fromkeys((by, *_SHOWN)))
    params = best.index.to_frame(index=False)
    heads = ["", *(str(name) for name in params.columns), *(figure_label(name) for name in names)]
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    rows = []
    chosen = zip(_rows(params), _rows(best[names]), strict=True)
    for place, (values, figures) in enumerate(chosen, start=1):
        cells = [f'<td class="parameter">{escape(short(value))}</td>' for value in values]
        cells += [
            f"<td>{escape(figure_text(name, value))}</td>"
            for name, value in zip(names, figures, strict=True)
        ]
        rows.append(f"<tr><th>{place}</th>{''.join(cells)}</tr>")
    return table_of(head, rows)


def _rows(frame):
    return zip(*(frame[name].tolist() for name in frame.columns), strict=True)


# ---- pictures --------------------------------------------------------------------------------


def _pictures(result, ranked, by, report):
    params = ranked.index.to_frame(index=False)
    values = ranked[by].to_numpy(dtype=np.float64)
    smaller = bool(values[0] < values[-1])
    shares = influence(params, values)
    parts = []
    if len(shares):
        parts.append(section("Over the parameters", _maps(params, values, by, smaller, shares)))
        lines = result.parallel_coordinates(by)
        parts.append(section("All parameters at once", embedded("Parallel coordinates", lines)))
    if report is not None:
        parts.append(section("Is it luck?", _luck(result, report)))
    return parts


def _maps(params, values, by, smaller, shares):
    """Return heat maps of the parameters that matter most, and each parameter by itself."""
    names = list(shares.index)
    words = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    parts = [
        '<p class="about">'
        + escape(f"Of the spread of {figure_label(by)}, each explains by itself: {words}.")
        + "</p>"
    ]
    if len(names) == 1 or len(names) > 2:
        profile = plot_profile(params[names], values, by, smaller=smaller)
        parts.append(embedded(f"{figure_label(by)} by parameter", profile))
    drawn = names if len(names) <= 3 else names[:2]
    drawn = [name for name in params.columns if name in drawn]
    pairs = list(itertools.combinations(drawn, 2))
    for x, y in pairs:
        grid = heat_table(params, values, x, y)
        picture = plot_heatmap(grid, by, smaller=smaller)
        parts.append(embedded(f"{figure_label(by)} over {x} and {y}", picture))
    if len(names) > 2 and pairs:
        parts.append('<p class="about">A cell shows the median of its candidates.</p>')
    return "\n".join(parts)


def _luck(result, report):
    parts = []
    sharpes = result.metrics["sharpe"].to_numpy()
    if np.isfinite(sharpes).sum() > 1:
        picture = plot_luck(sharpes, report.expected_maximum_sharpe)
        parts.append(embedded("Sharpe ratios of all candidates", picture))
    if report.pbo is not None:
        year = math.sqrt(report.n_obs / report.years) if report.years > 0 else 1.0
        inside, outside = year * report.pbo.in_sample, year * report.pbo.out_of_sample
        pair = (
            embedded("Ranks out of sample", plot_logits(report.pbo.logits)),
            embedded("In sample and out of sample", plot_splits(inside, outside)),
        )
        parts.append(f'<div class="pair">{"".join(pair)}</div>')
        parts.append(f'<p class="about">{escape(_SPLITS)}</p>')
    return "\n".join(parts)
