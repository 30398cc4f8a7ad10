"""`nanobook sweep`: a grid of words in; the best, the verdict and files out."""

import csv

import numpy as np
import pandas as pd
import pytest

import nanobook
from nanobook.cli.main import run
from nanobook.cli.sweep import read_condition, read_grid
from nanobook.datasets import random_prices
from nanobook.errors import NanobookError, RangeError, ValidationError

PRICES = random_prices(260, 3, seed=4)
GRID = ["--grid", "fast=5:15:5", "--grid", "slow=20,40"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    PRICES.rename_axis("date").to_csv(tmp_path / "prices.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def swept(*words):
    return run(["sweep", "prices.csv", "moving_average_crossover", *words])


def refused(capsys, *words):
    """Run, and return the one line that must be on standard error."""
    assert swept(*words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("nanobook: ")
    assert shown.err.count("\n") == 1
    return shown.err


# ---- what it computes ------------------------------------------------------------------------


def test_the_outcome_is_that_of_sweep(folder, capsys):
    words = [*GRID, "--cash", "50000", "--costs", "10", "--rebalance", "5", "--lag", "2"]
    assert swept(*words, "--output", "out") == 0
    expected = nanobook.sweep(
        PRICES,
        "moving_average_crossover",
        {"fast": [5, 10, 15], "slow": [20, 40]},
        cash=50_000,
        costs=10,
        rebalance=5,
        lag=2,
    )
    table = pd.read_csv(folder / "out" / "sweep.csv")
    assert table["fast"].tolist() == [5, 5, 10, 10, 15, 15]
    for name in ("sharpe", "cagr", "total_costs"):
        np.testing.assert_array_equal(table[name], expected.metrics[name])
    shown = capsys.readouterr().out
    assert "6 candidates of moving_average_crossover" in shown
    assert "2000-01-03 to 2000-12-29, 3 symbols" in shown
    best = expected.best(n=1)
    assert f"{best['sharpe'].iloc[0]:.2f}" in shown
    assert f"{expected.overfitting().deflated_sharpe:.3f}" in shown
    for part in ("Deflated Sharpe", "Probability of overfitting", "saved out/sweep.csv"):
        assert part in shown
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "moving_average_crossover on prices.csv" in page


@pytest.mark.parametrize("suffix", ["npz", "parquet"])
def test_what_is_saved_is_loaded(folder, suffix):
    assert swept(*GRID, "--where", "fast<slow", "--output", "out", "--format", suffix) == 0
    loaded = nanobook.SweepResult.load(folder / "out" / f"sweep.{suffix}", prices=PRICES)
    assert len(loaded) == 6
    assert {path.name for path in (folder / "out").iterdir()} == {f"sweep.{suffix}", "report.html"}


def test_options_of_the_simulator_are_axes(folder):
    words = ["--grid", "fast=5", "--grid", "slow=20", "--grid", "rebalance=M,none"]
    assert swept(*words, "--grid", "trailing_stop_pct=0,0.05", "--output", "out") == 0
    with open("out/sweep.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["rebalance"], float(row["trailing_stop_pct"])) for row in rows] == [
        *(("M", 0.0), ("M", 0.05), ("", 0.0), ("", 0.05))
    ]


def test_without_a_grid_it_has_its_defaults(folder, capsys):
    assert run(["sweep", "prices.csv", "equal_weight"]) == 0
    assert "1 candidate of equal_weight" in capsys.readouterr().out


def test_some_are_drawn(folder, capsys):
    wide = ["--grid", "fast=2:30", "--grid", "slow=10:200:10"]
    assert swept(*wide, "--random", "7", "--seed", "3", "--where", "fast < slow") == 0
    assert "7 candidates" in capsys.readouterr().out


def test_the_best_by_another_figure(folder, capsys):
    assert swept(*GRID, "--by", "max_drawdown") == 0
    shown = capsys.readouterr().out
    assert shown.index("Max drawdown") < shown.index("Sharpe")


def test_it_goes_on_from_a_checkpoint(folder):
    for _ in range(2):
        assert swept(*GRID, "--checkpoint", "done.npz") == 0
    assert (folder / "done.npz").exists()


# ---- words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=5:50:15", [5, 20, 35, 50]),
        ("a=5:19:5", [5, 10, 15]),
        ("a=1:4", [1, 2, 3, 4]),
        ("a=0.05:0.2:0.05", [0.05, 0.1, 0.15, 0.2]),
        ("a=1,5:7,0.5", [1, 5, 6, 7, 0.5]),
        ("a = W, none ,M", ["W", None, "M"]),
        ("a=-3:-1", [-3, -2, -1]),
        ("a=7:7:2", [7]),
        ("a=1e-3", [0.001]),
    ],
)
def test_values_of_an_axis(text, values):
    assert read_grid([text]) == {"a": values}
    kinds = [type(value) for value in read_grid([text])["a"]]
    assert kinds == [type(value) for value in values]


@pytest.mark.parametrize(
    "text",
    ["a", "a=", "=5", "a=1,,2", "a=5:", "a=1:2:3:4", "a=x:5", "a=1:inf", "a=5:1", "a=1:5:0",
     "a=1:5:-1", "a=0:1e9"],
)  # fmt: skip
def test_axes_that_are_none(text):
    with pytest.raises((ValidationError, RangeError)) as caught:
        read_grid([text])
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("text", "holds"),
    [("a<b", True), ("a>=b", False), ("a == 1", True), ("2 != b", False), ("a<=1.0", True)],
)
def test_conditions(text, holds):
    test = read_condition(text, {"a": [1], "b": [2]})
    assert test({"a": 1, "b": 2}) == holds
    columns = {"a": np.array([1, 3]), "b": np.array([2, 2])}
    assert test(columns)[0] == holds


@pytest.mark.parametrize("text", ["a", "a<", "a<b<c", "a<c", "a=b", "w<a", ""])
def test_conditions_that_are_none(text):
    with pytest.raises(NanobookError, match="where"):
        read_condition(text, {"a": [1], "b": [2], "w": ["M"]})


# ---- what it refuses -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--grid", "fast=5", "--grid", "fast=6"], "'fast' twice"),
        (["--grid", "speed=5"], "speed"),
        (["--grid", "fast=5,5"], "distinct"),
        ([*GRID, "--where", "fast>slow"], "kept none"),
        ([*GRID, "--where", "fast~slow"], "fast~slow"),
        ([*GRID, "--by", "beauty"], "beauty"),
        ([*GRID, "--rebalance", "H"], "H"),
        ([*GRID, "--cash", "-1"], "cash"),
        ([*GRID, "--format", "xls", "--output", "out"], "xls"),
        (["--random", "5"], "grid"),
        ([*GRID, "--random", "0"], "random must"),
    ],
)
def test_bad_words_end_in_a_line(folder, capsys, words, part):
    assert part in refused(capsys, *words)
    assert {path.name for path in folder.iterdir()} == {"prices.csv"}


def test_an_unknown_strategy_is_answered_with_those_there_are(folder, capsys):
    assert run(["sweep", "prices.csv", "crystal_ball"]) == 2
    assert "moving_average_crossover" in capsys.readouterr().err
