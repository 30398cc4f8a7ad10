"""`nanobook itch`: books of a feed as files and tables, and one line for whatever is wrong."""

import gzip
import io
import json
import sys

import numpy as np
import pandas as pd
import pytest
from itch.streams import captured, encode, framed, packed, random_day
from oracles.itch import frames

from nanobook.cli.files import clock, write_table
from nanobook.cli.main import run
from nanobook.itch import replay_itch

SECOND = 10**9
OPENING = 34_200 * SECOND


def message(kind, time, **fields):
    return encode(kind, locate=fields.pop("locate", 7), timestamp_ns=OPENING + time, **fields)


def add(time, reference, side, shares, price, name=b"AAPL", locate=7):
    fields = {"reference": reference, "side": side, "shares": shares, "stock": name}
    return message("A", time, **fields, price=price, locate=locate)


MESSAGES = (
    message("S", -SECOND, locate=0, event_code=b"Q"),
    message("R", -SECOND, stock=b"AAPL"),
    message("R", -SECOND, stock=b"MSFT", locate=8),
    add(0, 1, b"B", 300, 185_0000),
    add(10, 2, b"S", 100, 185_0200),
    add(20, 3, b"S", 50, 185_0500),
    message("E", SECOND, reference=2, shares=40, match=1),
    add(SECOND, 9, b"B", 10, 370_0000, b"MSFT", 8),
    message("D", 3 * SECOND, reference=77),
)
STREAM = framed(*MESSAGES)


@pytest.fixture
def feed(tmp_path):
    path = tmp_path / "day.itch"
    path.write_bytes(STREAM)
    return path


def shown_by(capsys, *words):
    """Run, and return what is printed; nothing may be on standard error."""
    assert run(["itch", *map(str, words)]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


def refused(capsys, *words):
    """Run, and return the one line that must be on standard error."""
    assert run(["itch", *map(str, words)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("nanobook: ")
    assert shown.err.count("\n") == 1
    return shown.err


# ---- samples and trades as files ---------------------------------------------------------------


def test_a_parquet_file_has_the_frame_of_the_replay(feed, tmp_path, capsys):
    out, trades = tmp_path / "book.parquet", tmp_path / "trades.parquet"
    words = ("--symbol", "AAPL", "--levels", 2, "--every", "100ms", "--out", out)
    shown = shown_by(capsys, feed, *words, "--trades", trades)
    expected = replay_itch(STREAM, "AAPL", levels=2, every="100ms")
    assert len(expected) == 5
    for path, frame in ((out, expected.to_frame()), (trades, expected.trades_frame())):
        read = pd.read_parquet(path).set_index("timestamp")
        pd.testing.assert_frame_equal(read, frame, check_index_type=False)
    assert shown.splitlines() == [
        f"{feed}: 9 messages, 09:29:59 to 09:30:03, to the end of the file",
        "5 samples of 1 symbol, 1 trade",
        "messages that were passed over, or odd: 1 about an unknown reference",
        f"saved {out}",
        f"saved {trades}",
    ]


def test_a_csv_file_has_times_that_pandas_reads(feed, tmp_path, capsys):
    out, trades = tmp_path / "book.csv", tmp_path / "trades.csv"
    shown_by(capsys, feed, "--every", 1, "--out", out, "--trades", trades)
    expected = replay_itch(STREAM)
    read = pd.read_csv(out)
    assert read["timestamp"][4] == "09:30:00.000000020"
    assert pd.to_timedelta(read["timestamp"]).dt.as_unit("ns").astype("int64").tolist() == (
        expected.timestamp_ns.tolist()
    )
    assert read["ask_price_1"].tolist() == expected.ask_price[:, 0].tolist()
    assert pd.read_csv(trades)["quantity"].tolist() == [40]


def test_a_json_file_has_a_list_of_objects(feed, tmp_path, capsys):
    out = tmp_path / "trades.json"
    shown_by(capsys, feed, "--trades", out)
    (trade,) = json.loads(out.read_text())
    assert trade["timestamp"] == "09:30:01.000000000"
    assert (trade["symbol"], trade["price"], trade["price_float"]) == ("AAPL", 185_0200, 185.02)


def test_an_npz_file_has_the_arrays_of_the_replay(feed, tmp_path, capsys):
    out, trades = tmp_path / "book.npz", tmp_path / "trades.npz"
    shown_by(capsys, feed, "--every", 2, "--levels", 3, "--out", out, "--trades", trades)
    expected = replay_itch(STREAM, levels=3, every=2)
    with np.load(out) as arrays:
        assert json.loads(arrays["header"].tobytes())["symbols"] == {"7": "AAPL", "8": "MSFT"}
        for name in set(arrays.files) - {"header"}:
            assert np.array_equal(arrays[name], getattr(expected, name)), name
        assert len(arrays.files) == 8
    with np.load(trades) as arrays:
        assert np.array_equal(arrays["trades"], expected.trades)


def test_with_a_date_files_have_timestamps(feed, tmp_path, capsys):
    out, text = tmp_path / "book.parquet", tmp_path / "book.csv"
    for path in (out, text):
        shown_by(capsys, feed, "--date", "2019-01-30", "--out", path)
    assert pd.read_parquet(out)["timestamp"][0] == pd.Timestamp("2019-01-30 09:29:59")
    assert pd.read_csv(text, parse_dates=["timestamp"])["timestamp"].tolist() == (
        pd.read_parquet(out)["timestamp"].tolist()
    )


def test_times_of_a_day_limit_samples_and_reading(feed, tmp_path, capsys):
    out = tmp_path / "book.csv"
    words = ("--start", "09:30:00", "--stop", "09:30:01", "--every", 1, "--out", out)
    shown = shown_by(capsys, feed, *words)
    assert pd.read_csv(out)["message"].tolist() == [3, 4, 5]
    assert "6 messages, 09:29:59.000000000 to 09:30:00.000000020, to the time asked for" in shown


def test_several_symbols_can_be_followed(feed, capsys):
    words = ("--symbol", "AAPL", "--symbol", "MSFT", "--symbol", "NONE")
    shown = shown_by(capsys, feed, *words)
    assert "6 samples of 2 symbols, 1 trade\n" in shown
    assert "no message of NONE\n" in shown
    assert "1 sample of 1 symbol," in shown_by(capsys, feed, "--symbol", "MSFT", "--every", 2)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(STREAM), ()),
        (captured(packed(*MESSAGES)), ()),
        (packed(*MESSAGES), ("--framing", "moldudp64")),
    ],
    ids=["gzip", "pcap", "moldudp64"],
)
def test_it_reads_what_read_itch_reads(feed, tmp_path, capsys, content, words):
    plain, other = tmp_path / "plain.csv", tmp_path / "other.csv"
    shown_by(capsys, feed, "--every", 1, "--out", plain)
    feed.write_bytes(content)
    shown_by(capsys, feed, "--every", 1, "--out", other, *words)
    assert other.read_bytes() == plain.read_bytes()


def test_a_dash_is_standard_input(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(STREAM))))
    assert "-: 9 messages, 09:29:59 to 09:30:03" in shown_by(capsys, "-", "--summary")


# ---- what is shown -------------------------------------------------------------------------------


def test_without_a_file_the_first_samples_are_shown(feed, capsys):
    shown = shown_by(capsys, feed, "--symbol", "AAPL", "--levels", 2, "--start", "09:30:00")
    lines = [line.split() for line in shown.splitlines() if line.strip()]
    assert lines[1] == ["time", "symbol", "shares", "bid", "ask", "shares"]
    assert lines[3:-1] == [
        ["09:30:00", "AAPL", "300", "185.00"],
        ["09:30:01", "AAPL", "300", "185.00", "185.02", "60"],
        ["185.05", "50"],
        ["09:30:03", "AAPL", "300", "185.00", "185.02", "60"],
        ["185.05", "50"],
        ["3", "samples", "of", "1", "symbol,", "1", "trade"],
    ]


def test_fractions_of_a_cent_are_shown(tmp_path, capsys):
    path = tmp_path / "penny.itch"
    path.write_bytes(framed(add(0, 1, b"B", 1_000, 12_345, b"PNNY")))
    assert " PNNY      1,000   1.2345 " in shown_by(capsys, path)


def test_only_so_many_lines_are_shown(tmp_path, capsys):
    path = tmp_path / "day.itch"
    path.write_bytes(framed(*(add(at, at + 1, b"B", 1, 100 + 100 * at) for at in range(100))))
    for levels in (1, 5, 12):
        shown = shown_by(capsys, path, "--every", 1, "--levels", levels)
        assert shown.count(" AAPL ") == {1: 20, 5: 4, 12: 2}[levels]
        assert "100 samples of 1 symbol, 0 trades" in shown


def test_the_summary_counts(feed, capsys):
    lines = [line.split() for line in shown_by(capsys, feed, "--summary").splitlines()]
    for expected in (
        "S system event 1",
        "R stock directory 2",
        "A add 4",
        "AAPL 6 3 1 3 0 0",
        "MSFT 2 1 0 1 0 0",
        "of an unknown type 0",
        "about an unknown reference 1",
    ):
        assert expected.split() in lines


def test_the_summary_names_what_is_odd(tmp_path, capsys):
    path = tmp_path / "odd.itch"
    path.write_bytes(
        framed(
            *MESSAGES[:5],
            add(30, 2, b"B", 1, 1),  # in use
            add(40, 5, b"B", 0, 1),  # of no shares
            add(50, 6, b"B", 5, 185_0200),  # locks
            add(60, 7, b"B", 5, 185_0300),  # crosses
            b"A123",  # short
            b"z" + bytes(10),
            b"\x01" + bytes(10),
        )[:-3]
    )
    shown = shown_by(capsys, path, "--summary")
    lines = [line.split() for line in shown.splitlines()]
    assert "cut off in the middle of a message" in shown
    for expected in (
        "z not a type of ITCH 5.0 1",
        "of an unknown type 1",
        "shorter than its layout 1",
        "malformed, of these symbols 1",
        "adding a reference in use 1",
        "leaving its book locked 1",
        "leaving its book crossed 1",
    ):
        assert expected.split() in lines
    assert "1 adding a reference in use, 1 leaving its book locked" in shown_by(capsys, path)


def test_the_summary_tells_of_packets(tmp_path, capsys):
    path = tmp_path / "day.pcap"
    first, second = packed(*MESSAGES[:4]), packed(*MESSAGES[6:], sequence=7)
    path.write_bytes(captured(first, first, second, b"a greeting"))
    lines = [line.split() for line in shown_by(capsys, path, "--summary").splitlines()]
    for expected in (
        "of MoldUDP64 3",
        "of anything else, passed over 1",
        "messages repeated, and dropped 4",
        "missing between packets 2",
    ):
        assert expected.split() in lines
    assert "2 missing between packets" in shown_by(capsys, path)


def test_a_letter_that_cannot_be_printed_is_a_number(tmp_path, capsys):
    path = tmp_path / "odd.itch"
    path.write_bytes(framed(b"\x01" + bytes(10), b"\xff" + bytes(10)))
    shown = shown_by(capsys, path, "--summary")
    assert "0x01" in shown
    assert "0xff" in shown


def test_the_summary_ends_with_all_other_symbols(tmp_path, capsys):
    path = tmp_path / "many.itch"
    names = [(code, f"S{code:03d}".encode()) for code in range(1, 31)]
    path.write_bytes(
        framed(*(add(0, code, b"B", 1, 100, name, code) for code, name in names))
        + framed(add(1, 99, b"B", 1, 100, b"S030", 30))
    )
    shown = shown_by(capsys, path, "--summary")
    lines = [line.split() for line in shown.splitlines()]
    assert ["S030", "2", "2", "0", "2", "0", "0"] in lines
    assert ["10", "others", "10", "10", "0", "10", "0", "0"] in lines
    assert "S029" not in shown


def test_a_summary_can_come_with_files(feed, tmp_path, capsys):
    out, trades = tmp_path / "book.csv", tmp_path / "trades.csv"
    for path, word, count in ((out, "--out", 6), (trades, "--trades", 1)):
        shown = shown_by(capsys, feed, "--summary", word, path)
        assert "stock directory" in shown
        assert f"saved {path}" in shown
        assert len(pd.read_csv(path)) == count


def test_a_file_of_nothing_has_nothing(tmp_path, capsys):
    path, out = tmp_path / "empty.itch", tmp_path / "book.parquet"
    path.write_bytes(b"")
    assert shown_by(capsys, path) == (
        f"{path}: 0 messages, to the end of the file\n0 samples of 0 symbols, 0 trades\n"
    )
    assert "of an unknown type" in shown_by(capsys, path, "--summary")
    shown_by(capsys, path, "--out", out)
    assert len(pd.read_parquet(out)) == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_replay_s_times_are_those_of_its_first_and_last_message(seed):
    data = random_day(seed, 300)
    times = [int.from_bytes(body[5:11], "big") for _, body in frames(data)[0] if len(body) >= 11]
    assert replay_itch(data, every=None).times == (times[0], times[-1])
    assert replay_itch(b"").times is None


def test_the_bar_is_for_terminals_only(feed, monkeypatch, capsys):
    from nanobook.itch import feed as room

    wanted = []
    bar_of = room.bar_of
    monkeypatch.setattr(room, "bar_of", lambda source, on: wanted.append(on) or bar_of(source, on))
    shown_by(capsys, feed)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert run(["itch", str(feed)]) == 0
    assert wanted == [False, True]
    assert "itch: " in capsys.readouterr().err


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--out", "book.xlsx"), "book.xlsx must end in .csv, .parquet, .json or .npz"),
        (("--trades", "trades"), "trades must end in .csv"),
        (("--out", "nowhere/book.csv"), "nowhere: there is no such folder"),
        (("--out", "a.csv", "--trades", "a.csv"), "must be two files"),
        (("--symbol", "TSLA"), "has no message of TSLA"),
        (("--symbol", "MUCHTOOLONG"), "symbols must have 1 to 8 letters"),
        (("--levels", "0"), "levels must lie between 1 and"),
        (("--levels", "many"), "--levels"),
        (("--every", "soon"), "every must be a time of day, got 'soon'"),
        (("--start", "soon"), "start must be a time of day, got 'soon'"),
        (("--stop", "-1s"), "stop"),
        (("--date", "someday"), "date must be a day, got 'someday'"),
        (("--framing", "morse"), "framing must be one of"),
        (("--framing", "pcap"), "capture"),
        (("--strict",), "a message refers to an order that was never added (message 8, byte"),
    ],
)
def test_what_is_wrong_ends_in_one_line(feed, monkeypatch, capsys, words, part):
    monkeypatch.chdir(feed.parent)
    assert part in refused(capsys, feed, *words)
    assert [path.name for path in feed.parent.iterdir()] == ["day.itch"]


def test_a_missing_file_or_a_folder_is_refused(tmp_path, capsys):
    assert f"{tmp_path / 'none.itch'}: " in refused(capsys, tmp_path / "none.itch")
    assert f"{tmp_path}: " in refused(capsys, tmp_path)


def test_without_pyarrow_parquet_is_refused_before_reading(feed, monkeypatch, capsys):
    names = [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]
    for name in {"pyarrow", *names}:
        monkeypatch.setitem(sys.modules, name, None)
    for word in ("--out", "--trades"):
        said = refused(capsys, feed, word, feed.parent / "book.parquet")
        assert "pip install 'nanobook[parquet]'" in said


def test_damage_to_a_gzip_file_is_refused(tmp_path, capsys):
    path = tmp_path / "day.itch.gz"
    packed = bytearray(gzip.compress(STREAM))
    packed[20] ^= 0xFF
    path.write_bytes(packed)
    assert "damaged" in refused(capsys, path, "--out", tmp_path / "book.csv")
    assert not (tmp_path / "book.csv").exists()


# ---- times as text -------------------------------------------------------------------------------


def test_times_of_day_are_text_of_one_length(tmp_path):
    assert clock(0) == "00:00:00.000000000"
    assert clock(OPENING + 1) == "09:30:00.000000001"
    assert clock(30 * 3600 * SECOND) == "30:00:00.000000000"
    frame = pd.DataFrame({"t": pd.to_timedelta([1, OPENING], unit="ns"), "n": [1, 2]})
    write_table(frame, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text().splitlines()[1:] == [
        "00:00:00.000000001,1",
        "09:30:00.000000000,2",
    ]
    assert frame["t"].dtype.kind == "m"
