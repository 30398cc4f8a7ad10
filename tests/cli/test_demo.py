"""The demo: what it saves and prints, and that its weights know nothing of the future."""

import csv
import json
import socket
import sys

import numpy as np

from nanobook.cli.demo import momentum_weights, run_demo
from nanobook.cli.main import run
from nanobook.datasets import daily_prices, random_prices


def test_it_saves_a_picture_trades_and_metrics_and_prints_a_table(tmp_path, capsys):
    folder = tmp_path / "made" / "here"
    assert run(["demo", "--output", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "SPX, IXIC and WTI" in shown
    assert "Buy and hold" in shown
    assert "Max drawdown" in shown
    assert f"saved {folder / 'equity.png'}\n" in shown
    assert (folder / "equity.png").read_bytes().startswith(b"\x89PNG")
    metrics = json.loads((folder / "metrics.json").read_text())
    assert f"{metrics['cagr']:.2%}" in shown
    rows = list(csv.DictReader((folder / "trades.csv").open()))
    assert list(rows[0]) == ["date", "symbol", "quantity", "price", "cost", "reason"]
    assert {row["reason"] for row in rows} == {"rebalance", "trailing"}


def test_costs_and_stops_are_at_work(tmp_path):
    demo = run_demo(tmp_path)
    assert demo.rotation.metrics.total_costs > 0
    assert len(demo.rotation.stop_events) > 0
    assert len(demo.holding.stop_events) == 0
    assert demo.rotation.equity.index.equals(demo.holding.equity.index)


def test_weights_are_monthly_and_sum_to_one_or_none():
    weights = momentum_weights(daily_prices())
    assert not weights.index.to_period("M").duplicated().any()
    total = weights.sum(axis=1)
    assert (np.isclose(total, 1.0) | (total == 0.0)).all()
    assert (weights >= 0).all().all()


def test_each_row_stands_on_the_last_bar_of_its_month():
    prices = random_prices(700, 3, seed=5)
    weights = momentum_weights(prices)
    last = prices.groupby(prices.index.to_period("M")).tail(1).index
    assert weights.index.equals(last[last >= weights.index[0]])


def test_weights_do_not_know_the_future():
    prices = random_prices(700, 3, seed=5)
    weights = momentum_weights(prices)
    cut = prices.index.get_loc(weights.index[10]) + 1
    scrambled = prices.copy()
    scrambled.iloc[cut:] = np.random.default_rng(6).uniform(1, 1000, scrambled.iloc[cut:].shape)
    again = momentum_weights(scrambled)
    assert not again.equals(weights)
    assert again.iloc[:11].equals(weights.iloc[:11])


def test_without_matplotlib_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "nanobook.report.picture", raising=False)
    for name in ["matplotlib", *(name for name in sys.modules if name.startswith("matplotlib."))]:
        monkeypatch.setitem(sys.modules, name, None)
    assert run(["demo", "--output", str(tmp_path / "out")]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("nanobook: ")
    assert shown.err.count("\n") == 1
    assert "pip install 'nanobook[plot]'" in shown.err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file_ends_in_one_line(tmp_path, capsys):
    path = tmp_path / "file"
    path.write_text("")
    assert run(["demo", "--output", str(path)]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(f"nanobook: {path}")
    assert shown.err.count("\n") == 1


def test_it_opens_no_connection(tmp_path, monkeypatch):
    def refuse(*_):
        raise AssertionError("the demo opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert run(["demo", "--output", str(tmp_path)]) == 0
