"""Reading ITCH: every field against the layouts, every source, every way a stream can end."""

import gzip
import io
import random
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from itch.streams import (
    OPENING,
    SYMBOLS,
    captured,
    damaged_streams,
    encode,
    framed,
    mutate,
    packed,
    random_day,
    small_streams,
)
from oracles.itch import LAYOUTS, SIZES, Fault, frames, pcap_messages, read

from nanobook.errors import FileFormatError, NanobookError, ValidationError
from nanobook.itch import ItchError, read_itch

DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no real data at {DATA}")

#: What archives and captures begin with.
MAGIC = (b"\x1f\x8b", *(bytes.fromhex(word) for word in ("a1b2c3d4", "d4c3b2a1")))
MAGIC += tuple(bytes.fromhex(word) for word in ("a1b23c4d", "4d3cb2a1", "0a0d0d0a"))

#: The fields that every record begins with.
COMMON = ("message", "timestamp_ns", "locate", "tracking")


def plain(value):
    """Return a field's value as both sides can have it: eight bytes may be signed or not."""
    return value.rstrip(b"\0") if isinstance(value, bytes) else int(value) % 2**64


def rows_of(array):
    return [tuple(map(plain, row)) for row in array.tolist()]


def expected_rows(found):
    """Return the oracle's messages of a type as rows, in the layout's order."""
    rows = []
    for index, fields in found:
        names = [*COMMON[1:], *(name for name, _ in LAYOUTS[fields["type"]])]
        rows.append((index, *(plain(fields[name]) for name in names)))
    return rows


def assert_same(got, expected):
    """Fail unless messages are the oracle's, each field of each, and all that is told of them."""
    for kind in LAYOUTS:
        array = got[kind] if kind in got else np.zeros(0)
        assert len(array) == len(expected.messages.get(kind, [])), kind
        if len(array):
            assert array.dtype.names[:4] == COMMON
            assert rows_of(array) == expected_rows(expected.messages[kind])
    assert got.counts == expected.counts
    assert got.malformed == expected.malformed
    assert got.status == expected.status
    names = {at: name.decode("ascii", "replace") for at, name in expected.names.items() if name}
    assert got.symbols == names


def check(data, symbols=None, **options):
    """Compare what is read of a stream with the oracle, strictly too; return it."""
    theirs = None if symbols is None else [name.encode() for name in symbols]
    expected = read(data, theirs, **options)
    got = read_itch(data, symbols, **options)
    assert_same(got, expected)
    check_strict(lambda: read_itch(data, symbols, strict=True, **options), data, theirs, options)
    return got


def check_strict(call, data, symbols, options):
    fault = None
    try:
        read(data, symbols, strict=True, **options)
    except Fault as found:
        fault = found
    if fault is None:
        call()
        return
    with pytest.raises(ItchError) as raised:
        call()
    assert (raised.value.offset, raised.value.message) == (fault.offset, fault.message)
    assert raised.value.errno is None
    assert isinstance(raised.value, FileFormatError)


# ---- each type -----------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize("kind", LAYOUTS)
def test_every_type_has_the_fields_of_the_published_layout(kind):
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    number = 0x0102030405060708
    fields = {}
    for at, (name, code) in enumerate(LAYOUTS[kind]):
        size = int(code[:-1] or 1)
        fields[name] = letters[at : at + size] if code[-1] in "cs" else number + at
        fields[name] = fields[name] % 2**32 if code == "I" else fields[name]
    header = {"locate": 0x0A0B, "tracking": 0x0C0D, "timestamp_ns": 0x010203040506}
    message = encode(kind, **header, **fields)
    assert len(message) == SIZES[kind]
    got = check(framed(message))[kind]
    head = [header[name] for name in COMMON[1:]]
    assert rows_of(got) == [(0, *map(plain, [*head, *fields.values()]))]
    dtypes = [got.dtype[name] for name in got.dtype.names[len(COMMON) :]]
    for (name, code), dtype in zip(LAYOUTS[kind], dtypes, strict=True):
        if code[-1] in "cs":
            assert dtype == f"S{code[:-1] or 1}"
        else:
            any_number = name in ("reference", "new_reference", "match")
            assert dtype == (np.uint64 if any_number else np.int64)


@pytest.mark.core
def test_the_highest_numbers_come_whole():
    fields = {"reference": 2**64 - 1, "new_reference": 2**63, "shares": 2**32 - 1}
    message = encode("U", locate=65_535, timestamp_ns=2**48 - 1, price=2**32 - 1, **fields)
    [row] = check(framed(message))["U"]
    assert [int(row[name]) for name in fields] == list(fields.values())
    assert (row["price"], row["timestamp_ns"], row["locate"]) == (2**32 - 1, 2**48 - 1, 65_535)


@pytest.mark.core
def test_stocks_come_without_the_spaces_behind_them():
    stocks = [b"A", b"LONGNAME", b"BRK.A", b"A B", b" LED"]
    got = check(framed(*(encode("Y", locate=at + 1, stock=s) for at, s in enumerate(stocks))))
    assert got["Y"]["stock"].tolist() == stocks


# ---- streams -------------------------------------------------------------------------------------


@pytest.mark.core
def test_a_short_day_is_what_the_oracle_reads():
    check(random_day(1, 120))
    check(random_day(2, 60, slice_from=30))


@given(data=small_streams())
@settings(max_examples=100)
def test_any_stream_is_what_the_oracle_reads(data):
    check(data)


@pytest.mark.parametrize("seed", range(4))
def test_a_random_day_is_what_the_oracle_reads(seed):
    check(random_day(seed, 3_000, slice_from=700 * (seed % 2), junk=0.02 * seed))


@pytest.mark.parametrize("options", [{"types": "A"}, {"types": "hHB"}, {"types": ["E", "C"]}])
def test_types_are_picked(options):
    got = check(random_day(5, 2_000), **options)
    assert set(got) <= set(options["types"])


@pytest.mark.parametrize("symbols", [["AAPL"], ["Z", "BRK.A"], ["NONE"]])
@pytest.mark.parametrize("slice_from", [0, 900])
def test_symbols_are_picked(symbols, slice_from):
    check(random_day(6, 2_000, slice_from=slice_from), symbols)


def test_a_single_symbol_needs_no_list():
    data = random_day(6, 300)
    assert_same(read_itch(data, "Z"), read(data, [b"Z"]))


def test_times_are_picked():
    data = random_day(7, 2_000)
    times = sorted(read_itch(data)["A"]["timestamp_ns"].tolist())
    middle, late = times[len(times) // 3], times[2 * len(times) // 3]
    for start, stop in ((middle, None), (None, late), (middle, late), (late, middle), (0, 0)):
        check(data, start=start, stop=stop)
    check(data, ["MSFT"], types="AD", start=middle, stop=late + 1)


@pytest.mark.core
@pytest.mark.parametrize("symbols", [None, ["ONE"]])
def test_a_symbol_said_before_the_start_is_known(symbols):
    directory = [encode("R", locate=1, stock=b"ONE"), encode("R", locate=2, stock=b"TWO")]
    late = [encode("D", locate=at, reference=at, timestamp_ns=OPENING + 9) for at in (1, 2)]
    got = check(framed(*directory, *late), symbols, start=OPENING + 1)
    assert got["D"]["locate"].tolist() == ([1, 2] if symbols is None else [1])


def test_times_are_whatever_pandas_takes():
    data = random_day(7, 1_000)
    words = read_itch(data, start="09:30:01", stop=pd.Timedelta(hours=9.5, seconds=8))
    assert_same(words, read(data, start=OPENING + 10**9, stop=OPENING + 8 * 10**9))


# ---- ends ----------------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize("kept", [0, 1, 2, 3, 13, 14, 15, 16, 54, 55, 56, 90])
def test_a_cut_file_ends_cleanly(kept):
    stream = framed(
        encode("S", event_code=b"O"),
        encode("R", locate=1, stock=b"A"),
        encode("A", locate=1, stock=b"A", reference=1, side=b"B", shares=1, price=1),
    )
    got = check(stream[:kept])
    assert got.status == ("end of file" if kept in (0, 14, 55) else "cut")


@pytest.mark.core
@pytest.mark.parametrize("behind", [b"", b"\0", b"\0\0", framed(encode("S"))])
def test_a_zero_length_ends_the_session(behind):
    got = check(framed(encode("S")) + b"\0\0" + behind)
    assert got.status == "session end"
    assert len(got["S"]) == 1


@pytest.mark.core
def test_unknown_short_and_long_messages_are_passed_over_by_their_length():
    whole = encode("D", locate=1, reference=5)
    stream = framed(b"Z", b"D", whole[:-1], b"z" * 300, whole + b"more", b"\xff" * 65_535, whole)
    got = check(stream)
    assert got["D"]["message"].tolist() == [4, 6]
    assert got["D"]["reference"].tolist() == [5, 5]
    assert got.malformed == 2


def test_a_length_that_lies_reads_no_further_than_the_file():
    stream = bytearray(framed(*[encode("D", locate=1, reference=5)] * 3))
    for length in range(2**16):
        if length in (0, 1, 18, 19, 20, 40, 61) or length % 5_001 == 0:
            stream[21:23] = length.to_bytes(2, "big")
            check(bytes(stream))


# ---- sources -------------------------------------------------------------------------------------


class Trickle(io.RawIOBase):
    """A file that gives a few bytes at a time, as pipes and sockets do."""

    def __init__(self, data, most):
        self.data, self.most, self.at = data, most, 0

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self.data[self.at : self.at + min(self.most, len(buffer))]
        buffer[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)


DAY = random_day(8, 400)


def on_disk(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("end", [b"", b"\0\0", b"\0", b"\0\x20A"])
def test_a_source_is_a_source(tmp_path, end):
    data = DAY + end
    expected = read(data)
    packed_twice = gzip.compress(data[:5_000]) + gzip.compress(data[5_000:])
    sources = [
        data,
        bytearray(data),
        memoryview(data),
        np.frombuffer(data, np.uint8),
        np.frombuffer(data + data, np.uint8)[: len(data)],
        np.repeat(np.frombuffer(data, np.uint8), 2)[::2],
        io.BytesIO(data),
        Trickle(data, 97),
        on_disk(tmp_path, "day.itch", data),
        str(on_disk(tmp_path, "day", data)),
        on_disk(tmp_path, "day.gz", gzip.compress(data)),
        on_disk(tmp_path, "day.itch50", gzip.compress(data)),
        on_disk(tmp_path, "twice.gz", packed_twice),
        gzip.compress(data),
        io.BytesIO(gzip.compress(data)),
    ]
    for source in sources:
        assert_same(read_itch(source), expected)
    with gzip.open(on_disk(tmp_path, "open.gz", gzip.compress(data))) as file:
        assert_same(read_itch(file), expected)


@pytest.mark.parametrize("lost", [1, 8, 50, 3_000])
def test_a_cut_archive_gives_what_it_still_holds(tmp_path, lost):
    archive = gzip.compress(DAY)[:-lost]
    held = read(zlib.decompressobj(31).decompress(archive))
    for source in (archive, on_disk(tmp_path, "cut.gz", archive), io.BytesIO(archive)):
        got = read_itch(source)
        assert (got.counts, got.status) == (held.counts, "cut")
        with pytest.raises(NanobookError):
            read_itch(archive, strict=True)


def test_an_open_file_is_read_from_where_it_stands_and_stays_open(tmp_path):
    path = on_disk(tmp_path, "day.itch", b"head" + DAY)
    with path.open("rb") as file:
        file.read(4)
        assert_same(read_itch(file), read(DAY))
        assert not file.closed


def test_an_empty_source_is_an_empty_stream(tmp_path):
    for source in (b"", io.BytesIO(), on_disk(tmp_path, "empty", b"")):
        assert_same(read_itch(source), read(b""))


@pytest.mark.parametrize(
    "options", [{}, {"nanoseconds": False}, {"big_endian": True}, {"vlan": False}]
)
def test_packets_hold_the_same_messages(tmp_path, options):
    messages = [message for _, message in frames(DAY)[0]]
    packets, sequence = [packed(count=0)], 1
    rng = random.Random(3)
    while messages:
        count = rng.choice([0, 1, 1, 2, 30])
        packets.append(packed(*messages[:count], sequence=sequence))
        messages, sequence = messages[count:], sequence + len(messages[:count])
    capture = captured(*packets, **options)
    assert pcap_messages(capture) == [message for _, message in frames(DAY)[0]]
    expected = read(DAY)
    sources = [capture, on_disk(tmp_path, "day.pcap", capture), gzip.compress(capture)]
    for source in sources:
        assert_same(read_itch(source), expected)
        assert_same(read_itch(source, framing="pcap"), expected)
    assert_same(read_itch(b"".join(packets), framing="moldudp64"), expected)


def test_an_end_of_session_packet_ends_the_session():
    first, last = packed(encode("S"), encode("S")), packed(sequence=3, count=0xFFFF)
    for behind in (b"", packed(encode("S"), sequence=3)):
        got = read_itch(first + last + behind, framing="moldudp64")
        assert len(got["S"]) == 2
        assert got.status == "session end"


# ---- chunks --------------------------------------------------------------------------------------


def assert_chunks_are(chunks, whole):
    """Fail unless chunks hold what was read in one piece, each message once and in order."""
    chunks = list(chunks)
    for kind in LAYOUTS:
        parts = [chunk[kind] for chunk in chunks if kind in chunk]
        rows = [row for part in parts for row in rows_of(part)]
        assert rows == (rows_of(whole[kind]) if kind in whole else [])
    assert [chunk.status for chunk in chunks[:-1]] == ["more"] * (len(chunks) - 1)
    assert chunks[-1].status == whole.status
    assert chunks[-1].symbols == whole.symbols
    assert (chunks[-1].counts, chunks[-1].malformed) == (whole.counts, whole.malformed)
    return len(chunks)


@pytest.mark.parametrize("chunksize", [1, 100, 4_096, 50_000, 10**9])
@pytest.mark.parametrize("end", [b"", b"\0\0rest", b"\0\x10"])
def test_chunks_hold_all_messages(tmp_path, chunksize, end):
    data = random_day(9, 8_000 if chunksize > 100 else 300) + end
    path = on_disk(tmp_path, "day.itch", data)
    packed_path = on_disk(tmp_path, "day.gz", gzip.compress(data))
    for symbols in (None, ["MSFT", "Z"]):
        whole = read_itch(data, symbols)
        for source in (data, path, packed_path, io.BytesIO(data), Trickle(data, 7_001)):
            assert_chunks_are(read_itch(source, symbols, chunksize=chunksize), whole)


def test_chunks_of_a_long_stream_are_many():
    data = random_day(10, 2_000) * 20
    assert assert_chunks_are(read_itch(data, chunksize=100_000), read_itch(data)) > 5


def test_a_strict_reader_of_chunks_raises_where_the_whole_does():
    data = random_day(11, 3_000, junk=0) + framed(b"D") + random_day(11, 100)
    check_strict(lambda: list(read_itch(data, chunksize=10_000, strict=True)), data, None, {})


# ---- frames --------------------------------------------------------------------------------------


def test_a_frame_has_exact_prices_times_and_symbols():
    data = random_day(12, 500)
    messages = read_itch(data, types="A")
    frame, array = messages.to_frame("A"), messages["A"]
    assert frame["price"].tolist() == array["price"].tolist()
    assert frame["price_float"].tolist() == (array["price"] / 10_000).tolist()
    assert frame["reference"].tolist() == array["reference"].tolist()
    assert frame.index.astype("int64").tolist() == array["timestamp_ns"].tolist()
    assert isinstance(frame["symbol"].dtype, pd.CategoricalDtype)
    assert frame["symbol"].tolist() == [stock.decode() for stock in array["stock"].tolist()]
    assert set(frame["symbol"]) <= {symbol.decode() for symbol in SYMBOLS}


def test_a_date_makes_timestamps_of_times():
    frame = read_itch(DAY, date="2019-01-30").to_frame()
    assert frame.index[0] == pd.Timestamp("2019-01-30 09:30")
    assert frame["message"].is_monotonic_increasing
    known = read(DAY).messages
    assert len(frame) == sum(len(found) for found in known.values())


# ---- damage --------------------------------------------------------------------------------------


@given(data=damaged_streams())
@settings(max_examples=80)
def test_any_damage_is_read_as_the_oracle_reads_it(data):
    check(data)


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_stream(data):
    if data[:4] not in MAGIC and data[:2] != MAGIC[0]:
        check(data)


def check_mutations(seed, rounds):
    rng = random.Random(seed)
    day = random_day(seed, rng.choice([3, 40, 150]), junk=rng.random() * 0.2)
    for _ in range(rounds):
        data = day
        for _ in range(rng.randrange(1, 8)):
            data = mutate(data, rng)
        try:
            check(data, rng.choice([None, None, ["AAPL", "Z"]]))
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {data!r}: {error}") from error


def test_mutated_days_are_read_as_the_oracle_reads_them():
    for seed in range(10):
        check_mutations(seed, 15)


@pytest.mark.deep
def test_many_mutated_days_are_read_as_the_oracle_reads_them():
    for seed in range(1_000, 1_100):
        check_mutations(seed, 50)


def wrapped(data, rng):
    """Return a stream gzipped or in packets, and how it's framed."""
    messages = [message for _, message in frames(data)[0]]
    what = rng.randrange(3)
    if what == 0:
        return gzip.compress(data), "auto"
    packets = [packed(*messages[at : at + 7], sequence=at + 1) for at in range(0, len(messages), 7)]
    if what == 1:
        return b"".join(packets), "moldudp64"
    return captured(*packets), "pcap"


def check_wrapped_mutations(seed, rounds):
    """Read damaged gzip, packets and captures: an answer or an error of ours, nothing else."""
    rng = random.Random(seed)
    day = random_day(seed, 60)
    for _ in range(rounds):
        data, framing = wrapped(day, rng)
        for _ in range(rng.randrange(1, 6)):
            data = mutate(data, rng)
        for strict in (False, True):
            try:
                got = read_itch(data, framing=framing, strict=strict)
            except NanobookError:
                continue
            assert sum(len(got[kind]) for kind in got) <= sum(got.counts.values())
            assert sum(got.counts.values()) <= 20 * len(data)


def test_mutated_packets_and_archives_are_read_or_refused():
    for seed in range(5):
        check_wrapped_mutations(seed, 20)


@pytest.mark.deep
def test_many_mutated_packets_and_archives_are_read_or_refused():
    for seed in range(1_000, 1_050):
        check_wrapped_mutations(seed, 50)


# ---- arguments -----------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize(
    "options",
    [
        {"types": "a"},
        {"types": 5},
        {"symbols": 5},
        {"symbols": [5]},
        {"symbols": []},
        {"start": "nonsense"},
        {"start": -1},
        {"stop": 1.5},
        {"chunksize": 0},
        {"chunksize": "big"},
        {"framing": "tcp"},
        {"date": "nonsense"},
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_read(options):
    with pytest.raises(ValidationError):
        read_itch(DAY, **options)


@pytest.mark.core
@pytest.mark.parametrize("source", [None, 5, 1.5, [1, 2], np.zeros(3), io.StringIO("text")])
def test_wrong_sources_are_refused(source):
    with pytest.raises(ValidationError):
        read_itch(source)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_itch(tmp_path / "none.itch")
    with pytest.raises(IsADirectoryError):
        read_itch(tmp_path)


# ---- real bytes ----------------------------------------------------------------------------------


@needs_data
@pytest.mark.parametrize(
    ("name", "counts", "status"),
    [
        ("nasdaq_first_1000_messages.itch", {"S": 1, "R": 993, "H": 3, "Y": 3}, "end of file"),
        ("nasdaq_first_4096_bytes.itch", {"S": 1, "R": 98, "H": 1, "Y": 1}, "cut"),
    ],
)
def test_nasdaq_bytes_are_read(name, counts, status):
    data = (DATA / "raw_itch" / name).read_bytes()
    got = check(data)
    assert got.counts == counts
    assert got.status == status
    assert_same(read_itch(DATA / "raw_itch" / name), read(data))
    assert got.symbols[1] == "A"


@needs_data
@pytest.mark.parametrize("path", sorted((DATA / "raw_itch").glob("*.pcap")), ids=lambda p: p.stem)
def test_captured_packets_are_read(path):
    messages = pcap_messages(path.read_bytes())
    assert len(messages) == (39 if "Multiple" in path.stem else 1)
    got = read_itch(path)
    assert_same(got, read(framed(*messages)))
    assert all(len(message) == SIZES[message[:1].decode()] for message in messages)


@needs_data
def test_a_real_half_minute_is_read():
    path = DATA / "aapl_20190130_0930.itch.gz"
    data = gzip.decompress(path.read_bytes())
    got = read_itch(path)
    assert_same(got, read(data))
    counts = {"S": 6, "R": 1, "H": 1, "Y": 1, "A": 7_521, "F": 109}
    assert got.counts == counts | {"E": 729, "C": 17, "X": 6, "D": 1_237, "U": 437}
    whole = read_itch(path)
    assert_chunks_are(read_itch(path, chunksize=10_000), whole)
    assert got.symbols == {14: "AAPL"}
