"""A sweep's page is whole, says what the figures say, and trusts no text it's given."""

import html.parser
import math
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from nanobook.errors import ValidationError
from nanobook.report.sweep_page import page
from nanobook.report.sweep_plots import plot_parallel
from nanobook.report.verdict import checks, verdict

EVIL = "<script>alert('$1 & $2')</script>"


class Checker(html.parser.HTMLParser):
    """Raises where tags don't match."""

    def __init__(self):
        super().__init__()
        self.open, self.texts, self.pictures = [], [], 0

    def handle_starttag(self, tag, attrs):
        self.pictures += tag == "img"
        assert tag != "script"
        if tag not in ("meta", "img", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def read(text):
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert checker.open == []
    return checker


def report(**changes):
    """Return figures that pass every check, with changes."""
    rng = np.random.default_rng(1)
    logits = changes.pop("logits", rng.normal(3.0, 0.5, 70))
    pbo = SimpleNamespace(
        probability=float((logits <= 0).mean()),
        logits=logits,
        in_sample=rng.normal(0.1, 0.01, 70),
        out_of_sample=rng.normal(0.05, 0.01, 70),
    )
    figures = {
        "best": {"fast": 5, "slow": 50},
        "sharpe": 1.5,
        "n_obs": 2520,
        "years": 10.0,
        "trials": 40,
        "average_correlation": 0.5,
        "effective_trials": 20.5,
        "expected_maximum_sharpe": 0.4,
        "deflated_sharpe": 0.99,
        "minimum_backtest_length": 1.5,
        "pbo": pbo,
        "reality_check": 0.02,
        "spa_consistent": 0.01,
        "bands": SimpleNamespace(lower=0.9, upper=2.1, level=0.9),
        "plateau": SimpleNamespace(count=4, median_ratio=0.9),
    }
    return SimpleNamespace(**{**figures, **changes})


class Swept:
    """What a page needs of a sweep: any parameters, and the seed's figures."""

    complete = True

    def __init__(self, params, judged=None):
        self.params, self._judged = params, judged
        rng = np.random.default_rng(2)
        count = len(params)
        names = ("sharpe", "cagr", "volatility", "max_drawdown", "time_under_water")
        figures = {name: rng.random(count) for name in (*names, "turnover", "total_costs")}
        index = (
            pd.MultiIndex.from_frame(params) if params.shape[1] > 1 else pd.Index(params.iloc[:, 0])
        )
        self.metrics = pd.DataFrame(figures, index=index)

    parameters = property(lambda self: list(self.params.columns))

    def __len__(self):
        return len(self.params)

    def best(self, by, *, n):
        return self.metrics.sort_values(by, ascending=by == "max_drawdown").iloc[:n]

    def overfitting(self):
        if self._judged is None:
            raise ValidationError("sweep with overfitting=True")
        return self._judged

    def parallel_coordinates(self, by):
        ranked = self.best(by, n=len(self))
        return plot_parallel(ranked.index.to_frame(index=False), ranked[by].to_numpy(), by)


def grid_of(**axes):
    return pd.MultiIndex.from_product(axes.values(), names=list(axes)).to_frame(index=False)


FAST_SLOW = grid_of(fast=[5, 10, 15, 20], slow=range(30, 130, 10))


# ---- the page --------------------------------------------------------------------------------


def test_it_has_the_verdict_the_best_and_the_pictures():
    swept = Swept(FAST_SLOW, report())
    text = page(swept, "sharpe", "My sweep")
    seen = read(text)
    assert text.startswith("<!DOCTYPE html>")
    assert "http" not in text
    assert seen.pictures == 5
    words = " ".join(seen.texts)
    for part in ("My sweep", "40 candidates over fast, slow", "2,520 returns, 10.0 years"):
        assert part in words
    for part in (
        "Hard to explain by luck",
        "fast = 5, slow = 50",
        "The best 20 by Sharpe",
        "passes",
    ):
        assert part in words
    assert text.count("<tr>") == 21
    best = swept.best("sharpe", n=1)
    assert f"<td>{best['sharpe'].iloc[0]:.2f}</td>" in text


@pytest.mark.parametrize(
    ("params", "pictures"),
    [
        (grid_of(only=range(30)), 3),  # profile, lines, luck
        (grid_of(a=[1, 2], b=[1, 2], c=["x", "y"]), 6),  # profile, three maps, lines, luck
        (grid_of(a=[1, 2], b=[1, 2], c=[True, False], d=[0, 1]), 4),
        (grid_of(a=[1], b=[2]), 0),
    ],
)
def test_as_many_maps_as_there_are_parameters(params, pictures):
    seen = read(page(Swept(params, report(pbo=None)), "max_drawdown", "Sweep"))
    assert seen.pictures == pictures


def test_everything_is_escaped():
    params = grid_of(**{EVIL: [1, 2], "b": [EVIL, "M"]})
    text = page(Swept(params, report(best={EVIL: EVIL})), "sharpe", EVIL)
    assert "<script" not in text
    assert EVIL in " ".join(read(text).texts)


def test_what_is_missing_is_said():
    words = " ".join(read(page(Swept(FAST_SLOW), "sharpe", "Sweep")).texts)
    assert "overfitting=True" in words
    empty = Swept(FAST_SLOW[:0])
    assert "No candidate has a sharpe" in " ".join(read(page(empty, "sharpe", "Sweep")).texts)
    early = Swept(FAST_SLOW, report())
    early.complete = False
    assert "ended early" in page(early, "sharpe", "Sweep")


def test_a_figure_that_nobody_has_is_said():
    swept = Swept(FAST_SLOW, report())
    swept.metrics["calmar"] = np.nan
    assert "No candidate has a calmar" in page(swept, "calmar", "Sweep")


def test_without_matplotlib_the_page_says_so(monkeypatch):
    monkeypatch.delitem(sys.modules, "nanobook.report.picture", raising=False)
    for name in ["matplotlib", *(name for name in sys.modules if name.startswith("matplotlib."))]:
        monkeypatch.setitem(sys.modules, name, None)
    seen = read(page(Swept(FAST_SLOW, report()), "sharpe", "Sweep"))
    assert seen.pictures == 0
    assert "nanobook[plot]" in " ".join(seen.texts)


# ---- the verdict -----------------------------------------------------------------------------


def test_passing_everything_is_hard_to_explain_by_luck():
    kind, words, _ = verdict(report())
    assert (kind, words) == ("good", "Hard to explain by luck")
    assert [check.kind for check in checks(report())][:4] == ["good"] * 4


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"deflated_sharpe": 0.2}, "bad", "Luck is enough"),
        ({"spa_consistent": 0.6}, "bad", "Luck is enough"),
        ({"deflated_sharpe": 0.8}, "doubtful", "Not proven"),
        ({"spa_consistent": 0.1}, "doubtful", "Not proven"),
        ({"logits": np.full(70, -1.0)}, "doubtful", "choosing the best added nothing"),
        ({"logits": np.repeat([-1.0, 1.0], [20, 50])}, "doubtful", "with doubts"),
        ({"minimum_backtest_length": 30.0}, "doubtful", "with doubts"),
        ({"pbo": None, "trials": 1}, "good", "Hard to explain"),
        ({"trials": 0}, "bad", "Nothing to judge"),
        ({"deflated_sharpe": math.nan, "spa_consistent": math.nan}, "bad", "Nothing to judge"),
    ],
)
def test_the_verdict_is_that_of_the_weakest_evidence(changes, kind, words):
    found, said, sentence = verdict(report(**changes))
    assert found == kind
    assert words in said
    assert sentence.endswith(".")


def test_figures_that_are_not_there_are_left_out_or_named():
    bare = report(
        pbo=None,
        bands=None,
        plateau=None,
        average_correlation=math.nan,
        minimum_backtest_length=math.inf,
        deflated_sharpe=math.nan,
    )
    found = {check.label: check for check in checks(bare)}
    assert found["Deflated Sharpe ratio"].value == "n/a"
    assert found["Minimum backtest length"].value == "none is enough"
    assert len(found) == 4
    lonely = report(plateau=SimpleNamespace(count=1, median_ratio=-0.5))
    assert "1 neighbour " in checks(lonely)[-1].note
