"""`nanobook backtest`: files in, figures and files out, one line for whatever is wrong."""

import gzip
import json
import sys

import numpy as np
import pandas as pd
import pytest

import nanobook
from nanobook.cli.files import read_wide_table, write_record, write_table
from nanobook.cli.main import run
from nanobook.errors import ValidationError

DATES = pd.bdate_range("2020-01-01", periods=6, name="date")
PRICES = pd.DataFrame({"AAA": [10.0, 11, 12, 9, 10, 11], "BBB": [5.0, 5, 6, 7, 7, 6]}, index=DATES)
WEIGHTS = pd.DataFrame({"AAA": [0.5, 0.9], "BBB": [0.5, 0.1]}, index=DATES[[0, 3]])
CSV = "date,AAA\n2020-01-01,10\n2020-01-02,11\n"


@pytest.fixture
def files(tmp_path):
    PRICES.to_csv(tmp_path / "prices.csv")
    WEIGHTS.to_csv(tmp_path / "weights.csv")
    return tmp_path


def refused(capsys, *words):
    """Run, and return the one line that must be on standard error."""
    assert run([str(word) for word in words]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("nanobook: ")
    assert shown.err.count("\n") == 1
    return shown.err


def hide(monkeypatch, package):
    names = [name for name in sys.modules if name.partition(".")[0] == package]
    for name in {package, *names}:
        monkeypatch.setitem(sys.modules, name, None)


# ---- what it computes ------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_outcome_is_that_of_backtest(files, capsys, suffix):
    words = ["backtest", files / "prices.csv", files / "weights.csv", "--cash", 10_000]
    words += ["--commission-bps", 10, "--slippage-bps", 5, "--min-fee", 1, "--per-share", 0.01]
    words += ["--trailing-stop", 0.1, "--out", files / "out", "--format", suffix]
    assert run([str(word) for word in words]) == 0
    expected = nanobook.backtest(
        PRICES,
        WEIGHTS,
        cash=10_000,
        costs=nanobook.CostModel(10, 5, 1, 0.01),
        stops=nanobook.Stops(trailing_stop_pct=0.1),
    )
    read = pd.read_parquet if suffix == "parquet" else pd.read_csv
    equity = read(files / "out" / f"equity.{suffix}")
    assert equity["equity"].tolist() == expected.equity.tolist()
    trades = read(files / "out" / f"trades.{suffix}")
    assert trades["quantity"].tolist() == expected.trades["quantity"].tolist()
    assert trades["reason"].tolist() == expected.trades["reason"].tolist()
    assert len(read(files / "out" / f"stop_events.{suffix}")) == len(expected.stop_events) > 0
    metrics = read(files / "out" / f"metrics.{suffix}").set_index("name")["value"]
    assert metrics["sharpe"] == expected.metrics.sharpe
    shown = capsys.readouterr().out
    assert f"{expected.equity.iloc[-1]:,.2f}" in shown
    assert shown.count("saved ") == 4


def test_every_option_reaches_the_simulator(files, monkeypatch):
    import nanobook.portfolio

    seen = {}

    def spy(prices, weights, **options):
        seen.update(options)
        return nanobook.portfolio.backtest.__wrapped__(prices, weights, **options)

    spy.__wrapped__ = nanobook.portfolio.backtest
    monkeypatch.setattr(nanobook.portfolio, "backtest", spy)
    words = "--cash 5000 --commission-bps 1 --slippage-bps 2 --min-fee 3 --per-share 0.5"
    words += " --fixed-stop 0.2 --trailing-stop 0.3 --atr-multiple 4 --atr-period 5 --reentry 6"
    words += " --lag 2 --lot 0 --sizing pre-cost --delisting hold --periods-per-year 12"
    words += " --risk-free 0.001"
    assert run(["backtest", f"{files}/prices.csv", f"{files}/weights.csv", *words.split()]) == 0
    assert seen == {
        "cash": 5000,
        "costs": nanobook.CostModel(1, 2, 3, 0.5),
        "stops": nanobook.Stops(0.2, 0.3, 4, 5, 6),
        "lag": 2,
        "lot_size": 0,
        "sizing": "pre_cost",
        "delisting": "hold",
        "periods_per_year": 12,
        "risk_free": 0.001,
    }


def test_json_is_strict_and_keeps_every_digit(files):
    words = ["backtest", files / "prices.csv", files / "weights.csv"]
    words += ["--out", files, "--format", "json"]
    assert run([str(word) for word in words]) == 0

    def no_constant(name):
        raise AssertionError(f"{name} isn't JSON")

    equity = json.loads((files / "equity.json").read_text(), parse_constant=no_constant)
    expected = nanobook.backtest(PRICES, WEIGHTS, cash=1_000_000)
    assert [row["equity"] for row in equity] == expected.equity.tolist()
    assert equity[0]["date"] == "2020-01-01"
    metrics = json.loads((files / "metrics.json").read_text(), parse_constant=no_constant)
    assert metrics["max_drawdown"] == expected.metrics.max_drawdown
    assert isinstance(metrics["num_periods"], int)


def test_a_picture_is_saved_when_asked_for(files, capsys):
    plot = files / "equity.svg"
    words = ["backtest", files / "prices.csv", files / "weights.csv", "--plot", plot]
    assert run([str(word) for word in words]) == 0
    assert "<svg" in plot.read_text()
    assert f"saved {plot}" in capsys.readouterr().out


def test_gaps_and_delistings_are_mentioned(files, capsys):
    prices = PRICES.assign(CCC=[1.0, np.nan, 1, 1, np.nan, np.nan])
    prices.to_csv(files / "prices.csv")
    assert run(["backtest", f"{files}/prices.csv", f"{files}/weights.csv"]) == 0
    shown = capsys.readouterr().out
    assert "CCC 3" in shown
    assert f"CCC has no prices after {DATES[3]:%Y-%m-%d}" in shown


def test_neither_matplotlib_nor_pyarrow_is_needed(files, monkeypatch):
    hide(monkeypatch, "matplotlib")
    hide(monkeypatch, "pyarrow")
    monkeypatch.delitem(sys.modules, "nanobook.report.picture", raising=False)
    words = ["backtest", f"{files}/prices.csv", f"{files}/weights.csv", "--out", f"{files}/out"]
    assert run(words) == 0


# ---- what it reads ---------------------------------------------------------------------------


def read(tmp_path, text, name="table.csv", **options):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_wide_table(path, **options)


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        "AAA,Date\n10,2020-01-01\n11,2020-01-02\n",
        "AAA,TIMESTAMP\n10,2020-01-01\n11,2020-01-02\n",
        ",AAA\n2020-01-01,10\n2020-01-02,11\n",
        "when,AAA\n20200101,10\n20200102,11\n",
        "date , AAA \n 2020-01-01 , 10\n\n2020-01-02,11\n\n\n",
        "\ufeffdate,AAA\r\n2020-01-01,10\r\n2020-01-02,11\r\n",
        "date,AAA\n2020-01-02,11\n2020-01-01,10\n",
        'date,"AAA"\n"2020-01-01","10"\n"2020-01-02","11"\n',
        gzip.compress(CSV.encode(), mtime=0),
    ],
)
def test_the_same_table_written_differently(tmp_path, text):
    name = "table.csv.gz" if isinstance(text, bytes) else "table.csv"
    table = read(tmp_path, text, name)
    assert table["AAA"].tolist() == [10.0, 11.0]
    assert [str(date.date()) for date in table.index] == ["2020-01-01", "2020-01-02"]


def test_empty_cells_are_gaps_and_short_rows_too(tmp_path):
    table = read(tmp_path, "date,A,B\n2020-01-01,,1\n2020-01-02,NaN,2\n2020-01-03,3\n")
    assert table.isna().to_numpy().tolist() == [[True, False], [True, False], [False, True]]


def test_a_format_of_ones_own(tmp_path):
    table = read(tmp_path, "date,A\n31.01.2020,1\n03.02.2020,2\n", date_format="%d.%m.%Y")
    assert [str(date.date()) for date in table.index] == ["2020-01-31", "2020-02-03"]


def test_summer_time_changes_the_offset(tmp_path):
    text = "date,A\n2020-01-01 10:00-05:00,1\n2020-07-01 10:00-04:00,2\n"
    assert str(read(tmp_path, text).index[1]) == "2020-07-01 14:00:00+00:00"


@pytest.mark.parametrize("indexed", [True, False])
def test_parquet_with_dates_as_index_or_column(tmp_path, indexed):
    path = tmp_path / "prices.parquet"
    (PRICES if indexed else PRICES.reset_index()).to_parquet(path)
    table = read_wide_table(path)
    pd.testing.assert_frame_equal(table, PRICES, check_freq=False, check_index_type=False)


def test_what_is_written_is_read_again(tmp_path):
    for name in ("table.csv", "table.parquet"):
        write_table(PRICES, tmp_path / name)
        table = read_wide_table(tmp_path / name)
        pd.testing.assert_frame_equal(table, PRICES, check_freq=False, check_index_type=False)


# ---- what it refuses -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("date,AAA\n2020-01-01,10\n2020-13-01,11\n", ["line 3", "'date'", "'2020-13-01'"]),
        ("date,AAA\n01/02/2020,10\n", ["line 2", "'01/02/2020'", "2020-01-31"]),
        ("date,AAA\n\n0,10\n", ["line 3", "'0'"]),
        ("date,AAA\n,10\n", ["line 2", "nothing"]),
        ("date,AAA\n2020-01-01,ten\n", ["line 2", "'AAA'", "'ten'"]),
        ('date,AAA\n2020-01-01,1\n2020-01-02,"1,5"\n', ["line 3", "'AAA'", "'1,5'"]),
        ("date,AAA\n2020-01-01,true\n", ["line 2", "'AAA'"]),
        ("date,AAA\n2020-01-01,1,5\n", ["line 2", "more cells"]),
        ("date,AAA\n2020-01-01,1\n2020-01-02,1,5\n", ["line 3"]),
        ("date,AAA,AAA\n2020-01-01,1,2\n", ["'AAA'", "repeats"]),
        ("date,AAA,\n2020-01-01,1,2\n", ["column 3"]),
        ("date\n2020-01-01\n", ["column"]),
        ("date,AAA\n", ["0 rows"]),
        ("", ["no rows"]),
        ("date,AAA\n2020-01-01,-1\n", ["-1.0", "AAA"]),
        ("date,AAA\n2020-01-01,inf\n", ["inf", "AAA"]),
        ("date,AAA\n2020-01-01,1\n2020-01-01,2\n", ["2020-01-01", "repeats"]),
        (b"\xff\xfe\x00date", ["csv"]),
    ],
)
def test_bad_prices_end_in_a_line_that_names_the_place(files, capsys, text, parts):
    path = files / "bad.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    line = refused(capsys, "backtest", path, files / "weights.csv")
    assert all(part in line for part in parts), line


def test_files_that_are_none(files, capsys):
    assert "no such file" in refused(capsys, "backtest", files / "no.csv", files / "weights.csv")
    (files / "prices.xls").write_text(CSV)
    assert ".parquet" in refused(capsys, "backtest", files / "prices.xls", files / "weights.csv")
    (files / "folder.csv").mkdir()
    assert "folder.csv" in refused(capsys, "backtest", files / "folder.csv", files / "weights.csv")
    (files / "bad.parquet").write_text(CSV)
    assert "parquet" in refused(capsys, "backtest", files / "bad.parquet", files / "weights.csv")
    (files / "bad.csv.gz").write_text(CSV)
    assert "bad.csv.gz" in refused(capsys, "backtest", files / "bad.csv.gz", files / "weights.csv")


def test_weights_of_unknown_symbols_and_dates_too_late(files, capsys):
    weights = files / "weights.csv"
    WEIGHTS.rename(columns={"BBB": "ZZZ"}).to_csv(weights)
    assert "'ZZZ'" in refused(capsys, "backtest", files / "prices.csv", weights)
    WEIGHTS.shift(freq="900D").to_csv(weights)
    assert "weights" in refused(capsys, "backtest", files / "prices.csv", weights)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--cash", "0"], "cash"),
        (["--cash", "nan"], "cash"),
        (["--trailing-stop", "5"], "trailing_stop_pct"),
        (["--atr-multiple", "-1"], "atr_multiple"),
        (["--reentry", "never"], "never"),
        (["--lag", "-1"], "lag"),
        (["--lot", "-1"], "lot_size"),
        (["--sizing", "big"], "sizing"),
        (["--delisting", "sue"], "delisting"),
        (["--commission-bps", "-1"], "commission_bps"),
        (["--date-format", "%Q"], "%Q"),
        (["--plot", "equity.xyz"], ".png"),
        (["--out", "out", "--format", "xls"], ".csv"),
    ],
)
def test_bad_options_end_in_a_line(files, capsys, words, part, monkeypatch):
    monkeypatch.chdir(files)
    assert part in refused(capsys, "backtest", "prices.csv", "weights.csv", *words)
    assert {path.name for path in files.iterdir()} == {"prices.csv", "weights.csv"}


def test_what_is_not_installed_is_named(files, capsys, monkeypatch):
    PRICES.to_parquet(files / "prices.parquet")
    hide(monkeypatch, "matplotlib")
    monkeypatch.delitem(sys.modules, "nanobook.report.picture", raising=False)
    words = ["backtest", files / "prices.csv", files / "weights.csv"]
    assert "nanobook[plot]" in refused(capsys, *words, "--plot", files / "equity.png")
    hide(monkeypatch, "pyarrow")
    parquet = ["--out", files / "out", "--format", "parquet"]
    assert "nanobook[parquet]" in refused(capsys, *words, *parquet)
    words[1] = files / "prices.parquet"
    assert "nanobook[parquet]" in refused(capsys, *words)


def test_tables_and_records_go_only_to_known_suffixes(tmp_path):
    with pytest.raises(ValidationError, match=r"\.json"):
        write_table(PRICES, tmp_path / "prices.txt")
    with pytest.raises(ValidationError, match=r"\.json"):
        write_record({"a": 1.0}, tmp_path / "metrics.txt")


def test_dates_with_a_time_of_day_keep_it_in_json(tmp_path):
    frame = pd.DataFrame({"date": pd.to_datetime(["2020-01-01 09:30"]), "a": [np.inf]})
    write_table(frame, tmp_path / "t.json")
    assert json.loads((tmp_path / "t.json").read_text()) == [
        {"date": "2020-01-01T09:30:00", "a": None}
    ]


@pytest.mark.parametrize("name", ["nowhere/equity.png", "equity.xyz"])
def test_a_picture_that_cant_be_saved_is_told_of_before_the_work(tmp_path, capsys, name):
    missing = [str(tmp_path / "no-prices.csv"), str(tmp_path / "no-weights.csv")]
    assert run(["backtest", *missing, "--plot", str(tmp_path / name)]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert message.startswith("nanobook: ")
    assert "no-prices" not in message
