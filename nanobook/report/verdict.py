"""What figures of overfitting say, in words: each by itself, and all together."""

import math
from typing import NamedTuple

__all__ = ["Check", "checks", "verdict"]

GOOD, DOUBTFUL, BAD, NEUTRAL = "good", "doubtful", "bad", ""


class Check(NamedTuple):
    """One figure in words."""

    label: str
    value: str
    want: str  # what it should be, if there's a usual bar
    kind: str  # "good", "doubtful", "bad", or "" for no judgement
    note: str


def checks(report):
    """Return the figures of a report, each with what it means.

    Parameters
    ----------
    report : OverfittingReport
        Or whatever has its attributes.

    Returns
    -------
    list of Check
        The most telling first.
    """
    found = [_deflated(report), _chosen(report), _superior(report), _length(report)]
    found += [_trials(report), _band(report), _neighbours(report)]
    return [check for check in found if check is not None]


def verdict(report):
    """Return what the figures say together.

    Parameters
    ----------
    report : OverfittingReport
        Or whatever has its attributes.

    Returns
    -------
    kind : str
        "good", "doubtful" or "bad".
    headline : str
        A few words.
    sentence : str
        Why.
    """
    skill = [_kind_of_deflated(report), _kind_of_superior(report)]
    skill = [kind for kind in skill if kind != NEUTRAL]
    choice = _kind_of_chosen(report)
    if not report.trials or not skill:
        return BAD, "Nothing to judge", "No candidate has returns that vary."
    trials = f"{report.trials:,} candidates" if report.trials > 1 else "one candidate"
    if BAD in skill:
        return (
            BAD,
            "Luck is enough to explain the best",
            f"Of {trials} without any skill the best one would often look as good as this one "
            "does. Nothing here says that it will go on.",
        )
    held = ""
    if choice == BAD:
        held = (
            "The one that was best in half of the time was no better than the median in the "
            f"other half in {report.pbo.probability:.0%} of the splits: choosing added nothing."
        )
    if skill != [GOOD] * len(skill):
        return (
            DOUBTFUL,
            "Not proven",
            f"The best of {trials} looks better than luck would make it, but not by so much that "
            f"luck could be ruled out. {held}".strip(),
        )
    if choice == BAD:
        return (
            DOUBTFUL,
            "More than luck, but choosing the best added nothing",
            f"The best candidate earns more than luck would explain. {held} Expect what the "
            "median candidate earns.",
        )
    if choice == DOUBTFUL or _kind_of_length(report) == BAD:
        return (
            DOUBTFUL,
            "More than luck, with doubts",
            "The best candidate earns more than luck would explain, but not every test says so.",
        )
    return (
        GOOD,
        "Hard to explain by luck",
        f"The best of {trials} earns more than luck would explain"
        + (", and what was best in half of the time stayed ahead in the other." if choice else "."),
    )


def _kind_of_deflated(report):
    value = report.deflated_sharpe
    if math.isnan(value):
        return NEUTRAL
    return GOOD if value >= 0.95 else DOUBTFUL if value >= 0.5 else BAD


def _kind_of_superior(report):
    value = report.spa_consistent
    if math.isnan(value):
        return NEUTRAL
    return GOOD if value < 0.05 else DOUBTFUL if value < 0.2 else BAD


def _kind_of_chosen(report):
    if report.pbo is None:
        return NEUTRAL
    value = report.pbo.probability
    return GOOD if value < 0.05 else DOUBTFUL if value < 0.5 else BAD


def _kind_of_length(report):
    return GOOD if report.years >= report.minimum_backtest_length else BAD


def _deflated(report):
    return Check(
        "Deflated Sharpe ratio",
        _chance(report.deflated_sharpe),
        "above 0.95",
        _kind_of_deflated(report),
        f"How likely the best one's Sharpe ratio, {_ratio(report.sharpe)}, is truly above "
        f"{_ratio(report.expected_maximum_sharpe)}, which luck alone would reach in so many "
        "trials.",
    )


def _chosen(report):
    if report.pbo is None:
        return None
    return Check(
        "Probability of overfitting",
        f"{report.pbo.probability:.0%}",
        "below 5%",
        _kind_of_chosen(report),
        f"The share of {len(report.pbo.logits):,} splits of time in which the best of one half "
        "was no better than the median in the other. Choosing blindly has about 50%.",
    )


def _superior(report):
    return Check(
        "Superior ability, p-value",
        _chance(report.spa_consistent),
        "below 0.05",
        _kind_of_superior(report),
        "How often the best would look this much better than the benchmark if none were: "
        f"Hansen's test, by bootstrap. White's reality check says {_chance(report.reality_check)}.",
    )


def _length(report):
    needed = report.minimum_backtest_length
    if math.isinf(needed):
        value, note = "none is enough", "The best Sharpe ratio isn't above 0."
    else:
        value = f"{needed:.1f} years"
        note = (
            f"There are {report.years:.1f} years. In fewer than {needed:.1f}, trials without "
            "skill would be expected to show a Sharpe ratio as high."
        )
    return Check("Minimum backtest length", value, "", _kind_of_length(report), note)


def _trials(report):
    if math.isnan(report.average_correlation):
        note = "What was tried counts, also what isn't in this sweep."
    else:
        note = (
            f"Returns of two candidates have a mean correlation of "
            f"{_ratio(report.average_correlation)}, so {report.trials:,} trials are worth "
            f"{report.effective_trials:,.1f}. Sweeps before this one count, too."
        )
    value = f"{report.trials:,} worth {report.effective_trials:,.0f}"
    return Check("Trials", value, "", NEUTRAL, note)


def _band(report):
    bands = report.bands
    if bands is None:
        return None
    return Check(
        "Its Sharpe ratio, by bootstrap",
        f"{_ratio(bands.lower)} to {_ratio(bands.upper)}",
        "",
        NEUTRAL,
        f"{bands.level:.0%} of the replications of its own returns lie in between. That it was "
        "chosen as the best isn't in it.",
    )


def _neighbours(report):
    plateau = report.plateau
    if plateau is None or not plateau.count or math.isnan(plateau.median_ratio):
        return None
    word = "neighbour" if plateau.count == 1 else "neighbours"
    return Check(
        "Its neighbours reach",
        f"{plateau.median_ratio:.0%} of it".replace("-", "\N{MINUS SIGN}"),
        "",
        NEUTRAL,
        f"The Sharpe ratio of its {plateau.count} {word} among the parameters, in the median. "
        "A lonely peak is a sign of luck.",
    )


def _chance(value):
    return "n/a" if math.isnan(value) else f"{value:.3f}"


def _ratio(value):
    return "n/a" if math.isnan(value) else f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
