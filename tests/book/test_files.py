import gzip
import io
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from book.event_logs import assert_equal, random_exchange
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nanobook
from nanobook.book import EXTENDED_MESSAGE, MESSAGE, Event, Exchange
from nanobook.errors import FileFormatError, NanobookError, ValidationError
from nanobook.persistence.npz import read_npz, write_npz

in_one_folder = settings(
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ]
)

seeds = st.integers(0, 10**9)
NAMES = ("book.jsonl", "book.jsonl.gz", "book.npz")
names = pytest.mark.parametrize("name", NAMES)

BUY = '{"SubmitLimit":{"side":"Buy","price":100,"quantity":5,"time_in_force":"GTC"}}'
SELL = BUY.replace("Buy", "Sell")


# ---- there and back -----------------------------------------------------------------------------


@pytest.mark.core
@names
def test_a_short_log_is_saved_and_loaded(tmp_path, name):
    exchange = random_exchange(5, 30)
    for path in (tmp_path / name, str(tmp_path / name)):
        assert exchange.save(path) is None
        assert_equal(Exchange.load(path), exchange)
    assert [file.name for file in tmp_path.iterdir()] == [name]


@names
@settings(in_one_folder, max_examples=30)
@given(seed=seeds, count=st.integers(1, 300))
def test_load_gives_what_was_saved(tmp_path, name, seed, count):
    exchange = random_exchange(seed, count)
    exchange.save(tmp_path / name)
    loaded = Exchange.load(tmp_path / name)
    assert_equal(loaded, exchange)
    loaded.save(tmp_path / f"again-{name}")
    assert (tmp_path / f"again-{name}").read_bytes() == (tmp_path / name).read_bytes()


@names
def test_long_logs_are_saved_and_loaded(tmp_path, name):
    exchange = random_exchange(9, 70_000)
    exchange.save(tmp_path / name)
    assert_equal(Exchange.load(tmp_path / name), exchange)


@pytest.mark.deep
@names
@pytest.mark.parametrize("seed", range(50))
def test_many_logs_are_saved_and_loaded(tmp_path, name, seed):
    exchange = random_exchange(seed, 10_000)
    exchange.save(tmp_path / name)
    assert_equal(Exchange.load(tmp_path / name), exchange)


@pytest.mark.core
@names
def test_an_empty_exchange_is_saved_and_loaded(tmp_path, name):
    Exchange().save(tmp_path / name)
    assert Exchange.load(tmp_path / name) == Exchange()


@pytest.mark.core
@names
def test_a_loaded_exchange_goes_on(tmp_path, name):
    exchange = Exchange()
    exchange.submit_limit("buy", 100, 5)
    exchange.save(tmp_path / name)
    loaded = Exchange.load(tmp_path / name)
    for one in (exchange, loaded):
        assert one.submit_limit("sell", 100, 2).order_id == 2
    assert_equal(loaded, exchange)
    loaded.save(tmp_path / name)
    assert_equal(Exchange.load(tmp_path / name), exchange)


@pytest.mark.core
def test_a_text_file_is_the_originals(tmp_path):
    exchange = Exchange()
    exchange.submit_limit("buy", 100, 5)
    exchange.submit_market("sell", 2)
    exchange.submit_trailing_stop_market("sell", 95, 3, "atr", 2, 14)
    exchange.save(tmp_path / "book.jsonl")
    lines = [event.__getstate__() for event in exchange.events()]
    assert (tmp_path / "book.jsonl").read_bytes() == "".join(f"{x}\n" for x in lines).encode()
    exchange.save(tmp_path / "book.gz")
    packed = (tmp_path / "book.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "book.jsonl").read_bytes()


@pytest.mark.core
def test_files_of_both_versions_of_the_original_are_read(tmp_path):
    path = tmp_path / "book.log"
    stop = '{"SubmitTrailingStopMarket":["Sell",95,3,{"%s":{"multiplier":2.0,"period":14}}]}'
    path.write_text(f"\r\n  {BUY}\r\n\n\t{stop % 'Atr'} \n{stop % 'SmaAbsChange'}", newline="")
    exchange = Exchange.load(path)
    assert [event.kind for event in exchange.events()] == [
        "submit_limit",
        *["submit_trailing_stop_market"] * 2,
    ]
    assert exchange.events()[1] == exchange.events()[2]


@pytest.mark.core
def test_an_array_file_has_a_header_and_the_log(tmp_path):
    exchange = random_exchange(5, 30)
    exchange.save(tmp_path / "book.npz")
    header, arrays = read_npz(tmp_path / "book.npz", "exchange")
    assert header == {"kind": "exchange", "version": 1}
    assert list(arrays) == ["events"]
    assert arrays["events"].dtype == MESSAGE


# ---- what can't be saved ------------------------------------------------------------------------


def cleared():
    exchange = Exchange()
    exchange.submit_limit("buy", 100, 5)
    exchange.clear_events()
    exchange.submit_limit("buy", 100, 5)
    return exchange


@pytest.mark.core
@names
@pytest.mark.parametrize("make", [cleared, lambda: Exchange(record_events=False)])
def test_an_exchange_without_its_whole_log_isnt_saved(tmp_path, name, make):
    path = tmp_path / name
    path.write_bytes(b"old")
    exchange = make()
    for one in (exchange, pickle.loads(pickle.dumps(exchange))):
        with pytest.raises(ValidationError, match="must have recorded all its events"):
            one.save(path)
    assert path.read_bytes() == b"old"


@pytest.mark.core
@names
def test_a_copy_and_a_replay_can_be_saved(tmp_path, name):
    exchange = random_exchange(5, 30)
    for one in (pickle.loads(pickle.dumps(exchange)), Exchange.replay(exchange.event_log())):
        one.save(tmp_path / name)
        assert_equal(Exchange.load(tmp_path / name), exchange)


@pytest.mark.core
@names
def test_a_place_that_isnt_there_is_told_of(tmp_path, name):
    with pytest.raises(FileNotFoundError):
        Exchange().save(tmp_path / "no" / name)
    with pytest.raises(FileNotFoundError):
        Exchange.load(tmp_path / name)


# ---- what can't be loaded -----------------------------------------------------------------------


BAD = [
    ("nonsense", "Expecting value at column 1"),
    (BUY[:-1], "Expecting ',' delimiter at column 77"),
    (BUY + BUY, "text must end after the event"),
    ("[]", "event must be an object with one key"),
    ('{"Submit":{}}', "event must be one of SubmitLimit, "),
    (BUY.replace("5", "5.0"), "quantity must be an integer, got 5.0"),
    (BUY.replace("5", "-5"), "quantity must be from 0 to 9223372036854775807, got -5"),
    (BUY.replace("Buy", "buy"), "side must be one of Buy, Sell; got 'buy'"),
    (BUY.replace('"price":100,', ""), "price of SubmitLimit is missing"),
    ("[" * 10_000, "it is nested too deep"),
]


@pytest.mark.core
@pytest.mark.parametrize(("line", "reason"), BAD, ids=[reason for _, reason in BAD])
def test_a_bad_line_is_named(tmp_path, line, reason):
    for name in ("book.jsonl", "book.gz"):
        text = f"{BUY}\n\n{SELL}\n{BUY}\n \n  {line}\n{BUY}\nworse\n".encode()
        content = gzip.compress(text) if name.endswith("gz") else text
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FileFormatError) as caught:
            Exchange.load(tmp_path / name)
        assert f"{name}: line 6: {reason}" in str(caught.value)


@pytest.mark.core
def test_a_line_with_which_too_much_would_rest_is_named(tmp_path):
    path = tmp_path / "book.jsonl"
    path.write_text(f"{BUY}\n\n{BUY.replace('5', str(2**63 - 1))}\n{BUY}\n")
    with pytest.raises(FileFormatError, match=r"line 3: quantity must leave the total"):
        Exchange.load(path)


def test_a_bad_line_far_down_is_named(tmp_path):
    path = tmp_path / "book.jsonl"
    path.write_text(f"{BUY}\n" * 9_000 + "\n" + BUY.replace("100", "1e2") + "\n{}\n")
    with pytest.raises(FileFormatError, match=r"line 9002: price must be an integer, got 100\.0"):
        Exchange.load(path)


def test_lines_that_are_whole_only_together_are_told_of(tmp_path):
    path = tmp_path / "book.jsonl"
    path.write_text('{"Cancel":{"x":[{}\n{}],"order_id":1}}\n')
    with pytest.raises(FileFormatError, match="line 1: "):
        Exchange.load(path)


def rows(**fields):
    out = np.zeros(3, MESSAGE)
    out["side"], out["owner"], out["quantity"] = 1, -1, 5
    for name, value in fields.items():
        out[name][-1] = value
    return out


@pytest.mark.core
@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({}, "must hold an array 'events' of MESSAGE"),
        ({"events": np.zeros(3)}, "must hold an array 'events' of MESSAGE"),
        ({"events": np.zeros((3, 1), MESSAGE)}, "must hold an array 'events' of MESSAGE"),
        ({"events": np.zeros(3, EXTENDED_MESSAGE)}, "must hold an array 'events' of MESSAGE"),
        ({"events": rows(flags=2)}, "events must be whole messages"),
        ({"events": rows(kind=7)}, "events must be whole messages"),  # a stop order, half of it
        ({"events": rows(side=0)}, "side of row 2 must be 1 (buy) or -1 (sell)"),
        ({"events": rows(kind=99)}, "kind of row 2 must be one of"),
        ({"events": rows(quantity=-1)}, "quantity of row 2 must not be negative"),
        ({"events": rows(quantity=2**63 - 1)}, "event 2: quantity must leave the total"),
    ],
)
def test_an_array_that_is_no_log_is_told_of(tmp_path, arrays, reason):
    write_npz(tmp_path / "book.npz", "exchange", {}, arrays)
    with pytest.raises(FileFormatError) as caught:
        Exchange.load(tmp_path / "book.npz")
    assert reason in str(caught.value)
    assert "book.npz" in str(caught.value)


@pytest.mark.core
@names
def test_a_file_of_another_form_is_told_of(tmp_path, name):
    exchange = random_exchange(5, 30)
    for other in NAMES:
        if other == name:
            continue
        exchange.save(tmp_path / other)
        shutil.copy(tmp_path / other, tmp_path / name)
        with pytest.raises(FileFormatError):
            Exchange.load(tmp_path / name)
    write_npz(tmp_path / "book.npz", "backtest", {}, {})
    with pytest.raises(FileFormatError, match="holds 'backtest' version 1, expected 'exchange' 1"):
        Exchange.load(tmp_path / "book.npz")


@pytest.mark.core
@names
def test_nothing_is_unpickled(tmp_path, name):
    sprung = tmp_path / "sprung"

    class Trap:
        def __reduce__(self):
            return Path.touch, (sprung,)

    content = pickle.dumps(Trap())
    if name.endswith(".gz"):
        content = gzip.compress(content)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileFormatError):
        Exchange.load(tmp_path / name)
    if name.endswith(".npz"):
        member = io.BytesIO()
        np.save(member, np.array([Trap()], object), allow_pickle=True)
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("events.npy", member.getvalue())
        with pytest.raises(FileFormatError):
            Exchange.load(tmp_path / name)
    assert not sprung.exists()


# ---- damage -------------------------------------------------------------------------------------


def load_or_refuse(path):
    """Load a file that may be damaged: anything but FileFormatError goes up."""
    try:
        exchange = Exchange.load(path)
    except FileFormatError:
        return None
    assert_equal(Exchange.replay(exchange.event_log()), exchange)
    return exchange


@names
@settings(in_one_folder, max_examples=40)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_off_is_told_of(tmp_path, name, share):
    path = tmp_path / name
    exchange = random_exchange(7, 100)
    exchange.save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    loaded = load_or_refuse(path)
    if name == "book.jsonl" and loaded is not None:  # cut between two lines, or right before an end
        count = len(loaded.events())
        assert loaded.events() == exchange.events()[:count]
    else:
        assert loaded is None


@names
@settings(in_one_folder, max_examples=80)
@given(
    flips=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=3
    )
)
def test_flipped_bytes_are_told_of_or_make_another_exchange(tmp_path, name, flips):
    path = tmp_path / name
    exchange = random_exchange(7, 100)
    exchange.save(path)
    content = bytearray(path.read_bytes())
    for where, value in flips:
        content[int(where * len(content))] = value
    path.write_bytes(content)
    loaded = load_or_refuse(path)
    if name != "book.jsonl" and loaded is not None:
        assert_equal(loaded, exchange)


@names
@settings(in_one_folder, max_examples=40)
@given(
    content=st.binary(max_size=200),
    magic=st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b\x08\0", b"{", b"\xef\xbb\xbf"]),
)
def test_any_bytes_are_told_of(tmp_path, name, content, magic):
    (tmp_path / name).write_bytes(magic + content)
    loaded = load_or_refuse(tmp_path / name)
    assert loaded is None or not (magic + content).strip()


@settings(in_one_folder, max_examples=150)
@given(
    seed=seeds,
    flips=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4
    ),
)
def test_any_rows_in_a_whole_file_are_told_of_or_make_an_exchange(tmp_path, seed, flips):
    path = tmp_path / "book.npz"
    content = bytearray(random_exchange(seed % 20, 40)._store.events.tobytes())
    for where, value in flips:
        content[int(where * len(content))] = value
    write_npz(path, "exchange", {}, {"events": np.frombuffer(bytes(content), MESSAGE)})
    load_or_refuse(path)


# ---- a process that dies ------------------------------------------------------------------------

SAVER = """
import os, sys
from nanobook import Exchange

path, *sources = sys.argv[1:]
exchanges = [Exchange.load(source) for source in sources]
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        while True:
            for exchange in exchanges:
                exchange.save(path)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


def kill_savers(folder, name, times):
    """Kill a process that saves in a loop at random moments; the file must always load."""
    chance = random.Random(times)
    exchanges = [random_exchange(seed, count) for seed, count in ((1, 400), (2, 3_000))]
    sources = [folder / f"{at}.npz" for at in range(2)]
    for exchange, source in zip(exchanges, sources, strict=True):
        exchange.save(source)
    path = folder / name
    exchanges[0].save(path)
    environment = {**os.environ, "PYTHONPATH": str(Path(nanobook.__file__).parents[1])}
    command = [sys.executable, "-c", SAVER, path, *sources]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        for _ in range(times):
            process.stdin.write("go\n")
            process.stdin.flush()
            child = int(process.stdout.readline())
            time.sleep(chance.uniform(0, 0.06))
            os.kill(child, signal.SIGKILL)
            assert process.stdout.readline() == "gone\n"
            assert Exchange.load(path) in exchanges
        process.stdin.close()
        assert process.wait(20) == 0
    left = [file.name for file in folder.iterdir() if file not in (path, *sources)]
    assert all(name.endswith(".part") for name in left)


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")


@needs_fork
@names
def test_a_killed_process_leaves_the_old_file_or_the_new_one(tmp_path, name):
    kill_savers(tmp_path, name, 5)


@needs_fork
@pytest.mark.deep
@names
def test_a_process_killed_often_leaves_the_old_file_or_the_new_one(tmp_path, name):
    kill_savers(tmp_path, name, 200)


@pytest.mark.core
def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    exchange = Exchange()
    exchange.apply(Event(BUY))
    for name in NAMES:
        exchange.save(tmp_path / name)

    def fail(*arguments):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", fail)
    other = Exchange()
    for name in NAMES:
        with pytest.raises(OSError, match="no space") as caught:
            other.save(tmp_path / name)
        assert not isinstance(caught.value, NanobookError)
        assert Exchange.load(tmp_path / name) == exchange
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(NAMES)
