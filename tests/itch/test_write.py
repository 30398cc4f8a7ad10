"""Writing ITCH: what was read comes back, byte for byte; and what can't be written is told."""

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from itch.streams import KNOWN_TYPES, OPENING, encode, framed, random_day, small_streams
from oracles.itch import LAYOUTS, frames, packet_messages

from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.itch import read_itch
from nanobook.itch import write as write_module
from nanobook.itch.layout import LETTERS, RECORD
from nanobook.itch.write import write_itch


@pytest.fixture
def path(tmp_path):
    return tmp_path / "day.itch"


def records(letter, count=1, **values):
    table = np.zeros(count, RECORD[letter])
    for name, value in values.items():
        table[name] = value
    return table


def written(messages, path, **options):
    """Return what is written of messages."""
    count = write_itch(messages, path, **options)
    data = path.read_bytes()
    if options.get("framing", "itch") == "itch":
        assert count == len(frames(data)[0])
    return data


# ---- there and back ------------------------------------------------------------------------------


@given(small_streams())
def test_what_was_read_is_written_as_it_was(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("write") / "x.itch"
    messages = read_itch(data)
    assert written(messages, path) == data
    assert read_itch(path) == messages


@pytest.mark.parametrize("letter", KNOWN_TYPES)
def test_every_type_is_written(path, letter):
    bare = {letter: np.zeros(2, RECORD[letter][["message"]])}
    assert written(bare, path) == framed(*[encode(letter, timestamp_ns=0)] * 2)
    high = encode(
        letter,
        locate=2**16 - 1,
        tracking=2**16 - 1,
        timestamp_ns=2**48 - 1,
        **{
            name: {"I": 2**32 - 1, "Q": 2**63 - 1}.get(code, b"~" * int(code[:-1] or 1))
            for name, code in LAYOUTS[letter]
        },
    )
    assert written(read_itch(framed(high)), path) == framed(high)


def test_numbers_of_orders_have_eight_bytes(path):
    table = records("U", reference=2**64 - 1, new_reference=2**63)
    data = framed(encode("U", timestamp_ns=0, reference=2**64 - 1, new_reference=2**63))
    assert written({"U": table}, path) == data


@pytest.mark.parametrize("chunk", [1, 7, 1 << 18])
def test_a_day_is_written_as_it_was(path, chunk, monkeypatch):
    monkeypatch.setattr(write_module, "_CHUNK", chunk)
    day = random_day(11, 1_500, junk=0)
    messages = read_itch(day)
    assert set(messages) == set(LETTERS)
    assert written(messages, path) == day
    as_frames = {letter: messages.to_frame(letter) for letter in messages}
    assert written(as_frames, path) == day


def test_a_name_ending_in_gz_compresses(tmp_path):
    day = random_day(12, 300, junk=0)
    messages = read_itch(day)
    path = tmp_path / "day.ITCH.GZ"
    assert write_itch(messages, path) == len(frames(day)[0])
    first = path.read_bytes()
    assert gzip.decompress(first) == day
    assert read_itch(path) == messages
    write_itch(messages, path)
    assert path.read_bytes() == first


@pytest.mark.parametrize("chunk", [1, 7, 1 << 18])
def test_packets_are_written(path, chunk, monkeypatch):
    monkeypatch.setattr(write_module, "_CHUNK", chunk)
    day = random_day(13, 500, junk=0)
    messages = read_itch(day)
    data = written(messages, path, framing="moldudp64", session="20190130")
    assert read_itch(path, framing="moldudp64") == messages
    expected, sequence, largest = [message for _, message in frames(day)[0]], 1, 0
    while data:
        session, number, found, rest = packet_messages(data)
        assert session == b"20190130  "
        assert number == sequence
        largest = max(largest, len(data) - len(rest))
        assert found or data[18:] == b"\xff\xff"
        if found:
            count = int.from_bytes(data[18:20])
            found, rest = _cut(data, count)
        assert found == expected[sequence - 1 : sequence - 1 + len(found)]
        sequence, data = sequence + len(found), rest
    assert sequence == len(expected) + 1
    assert largest <= 1472


def _cut(data, count):
    """Return the messages of the first packet, and what follows it."""
    at, found = 20, []
    for _ in range(count):
        end = at + 2 + int.from_bytes(data[at : at + 2])
        found.append(data[at + 2 : end])
        at = end
    return found, data[at:]


# ---- order ---------------------------------------------------------------------------------------


def test_numbers_of_messages_give_the_order(path):
    tables = {
        "D": records("D", 3, message=[7, 0, 4], reference=[3, 1, 2], timestamp_ns=[1, 2, 3]),
        "B": records("B", 2, message=[5, 1], match=[8, 9], timestamp_ns=[4, 5]),
    }
    expected = framed(
        encode("D", reference=1, timestamp_ns=2),
        encode("B", match=9, timestamp_ns=5),
        encode("D", reference=2, timestamp_ns=3),
        encode("B", match=8, timestamp_ns=4),
        encode("D", reference=3, timestamp_ns=1),
    )
    assert written(tables, path) == expected


def test_else_times_do_and_equal_ones_stay_as_they_come(path):
    tables = {
        "D": pd.DataFrame({"timestamp_ns": [5, 1, 5], "reference": [1, 2, 3]}),
        "B": pd.DataFrame({"timestamp_ns": [1, 5], "match": [4, 5]}),
        "X": pd.DataFrame({"timestamp_ns": [], "reference": []}),
    }
    expected = framed(
        encode("D", reference=2, timestamp_ns=1),
        encode("B", match=4, timestamp_ns=1),
        encode("D", reference=1, timestamp_ns=5),
        encode("D", reference=3, timestamp_ns=5),
        encode("B", match=5, timestamp_ns=5),
    )
    assert written(tables, path) == expected
    reordered = {letter: tables[letter] for letter in "BXD"}
    assert frames(written(reordered, path))[0][0][1][:1] == b"B"


def test_some_tables_with_numbers_and_some_without_cannot_be_ordered(path):
    tables = {"D": records("D"), "B": pd.DataFrame({"match": [1]})}
    with pytest.raises(ValidationError, match=r"'message' in all tables or in none.* got it in D"):
        write_itch(tables, path)
    assert write_itch({"D": records("D"), "B": pd.DataFrame({"match": []})}, path) == 1


@pytest.mark.parametrize("messages", [{}, {"A": records("A", 0)}, {"A": pd.DataFrame()}])
def test_no_messages_make_an_empty_file(path, messages):
    assert written(messages, path) == b""
    assert write_itch(messages, path, framing="moldudp64") == 0
    assert sum(map(len, read_itch(path, framing="moldudp64").values())) == 0


# ---- what columns may hold -----------------------------------------------------------------------

ADD = encode("A", timestamp_ns=OPENING, reference=7, side=b"B", shares=5, stock=b"ZVZZT", price=9)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"side": [b"B"], "stock": [b"ZVZZT   "]},
        {"side": pd.Categorical(["B"], ["S", "B"]), "stock": pd.Categorical(["ZVZZT"])},
        {"stock": pd.array(["ZVZZT"], "string")},
        {"stock": None, "symbol": ["ZVZZT"]},
        {"stock": ["ZVZZT"], "symbol": ["OTHER"]},
        {"price_float": [0.0009]},
        {"reference": np.array([7], np.uint64), "shares": np.array([5], np.int8)},
        {"reference": pd.array([7], "Int64"), "price": pd.Series([9], dtype=object)},
        {"timestamp_ns": pd.to_timedelta([OPENING], unit="ns")},
        {"timestamp_ns": np.array([34_200], "m8[s]")},
        {"timestamp_ns": None, "index": pd.to_timedelta(["09:30:00"])},
        {"timestamp_ns": None, "index": pd.DatetimeIndex(["2019-01-30 09:30"])},
        {"timestamp_ns": None, "index": pd.DatetimeIndex(["2019-01-30 09:30"], tz="US/Eastern")},
    ],
)
def test_columns_may_be_of_many_kinds(path, changes):
    columns = {"timestamp_ns": [OPENING], "reference": [7], "side": ["B"]}
    columns |= {"shares": [5], "stock": ["ZVZZT"], "price": [9], **changes}
    index = columns.pop("index", None)
    columns = {name: values for name, values in columns.items() if values is not None}
    frame = pd.DataFrame({name: list(v) if index is not None else v for name, v in columns.items()})
    if index is not None:
        frame.index = index
    assert written({"A": frame}, path) == framed(ADD)


def test_a_symbol_is_passed_over_where_no_stock_is_sent(path):
    frame = pd.DataFrame({"symbol": ["ZVZZT", None], "reference": [1, 2]})
    expected = framed(*(encode("D", reference=number, timestamp_ns=0) for number in (1, 2)))
    assert written({"D": frame}, path) == expected


def test_structs_may_have_other_widths(path):
    table = np.array([(7, b"ZVZZT", "B")], [("price", "u2"), ("stock", "S5"), ("side", "U1")])
    expected = framed(encode("A", timestamp_ns=0, price=7, stock=b"ZVZZT", side=b"B"))
    assert written({"A": table}, path) == expected


def test_letters_hold_what_is_between_them(path):
    table = records("A", stock=b" A\0B", side=b"B")
    expected = framed(encode("A", timestamp_ns=0, stock=b" A\0B    ", side=b"B"))
    assert written({"A": table}, path) == expected


# ---- what can't be written -----------------------------------------------------------------------

U4, I8 = 2**32 - 1, 2**63 - 1


@pytest.mark.parametrize(
    ("letter", "name", "values", "text"),
    [
        ("A", "price", [1, -1], "must lie between 0 and 4294967295, got -1 at row 1"),
        ("A", "price", [1, U4 + 1], "must lie between 0 and 4294967295, got 4294967296 at row 1"),
        ("A", "shares", [U4 + 1, -1], "must lie between 0 and 4294967295"),
        ("A", "locate", [1, 65_536], "must lie between 0 and 65535, got 65536 at row 1"),
        ("A", "tracking", [0, 65_536], "must lie between 0 and 65535, got 65536 at row 1"),
        ("A", "reference", [3, -3], "must lie between 0 and 18446744073709551615, got -3 at row 1"),
        ("A", "reference", [3, 2**64], "got 18446744073709551616 at row 1"),
        ("Q", "shares", [3, -(2**63)], "got -9223372036854775808 at row 1"),
        ("A", "timestamp_ns", [0, 2**48], "must lie between 0 and 281474976710655, got 2814749767"),
        ("A", "message", [0, -1], "must lie between 0 and 9223372036854775807, got -1 at row 1"),
        ("A", "message", [0, 2**63], "got 9223372036854775808 at row 1"),
        ("A", "timestamp_ns", pd.to_timedelta([0, -1]), "got -1 at row 1"),
        ("A", "timestamp_ns", pd.to_timedelta([0, None]), "at row 1"),
    ],
)
def test_a_number_beyond_its_field_is_told(path, letter, name, values, text):
    frame = pd.DataFrame({name: values})
    with pytest.raises(RangeError) as caught:
        write_itch({letter: frame}, path)
    assert str(caught.value).startswith(f"messages['{letter}']['{name}'] must")
    assert text in str(caught.value)
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("price", [1.5, 2], "must be integers, got 1.5 at row 0"),
        ("price", [1.0, np.nan], "must be integers, got 1.0 at row 0"),
        ("price", [1, "2"], "must be integers, got '2' at row 1"),
        ("price", pd.array([1, None], "Int64"), "must be integers, got <NA> at row 1"),
        ("price", ["1", "2"], "must be integers, got '1' at row 0"),
        ("stock", [1, 2], "must be text, got 1 at row 0"),
        ("stock", ["A", None], "must be text, got "),
        ("stock", pd.Categorical(["A", None]), "must be text, got None at row 1"),
        ("stock", pd.Categorical([1, 2]), "must be text, got 1 at row 0"),
    ],
)
def test_a_value_of_another_kind_is_told(path, name, values, text):
    with pytest.raises(ArgumentTypeError) as caught:
        write_itch({"A": pd.DataFrame({name: values})}, path)
    assert f"messages['A']['{name}'] {text}" in str(caught.value)
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("stock", ["A", "NINELONGS"], "at most 8 ASCII letters, got 'NINELONGS' at row 1"),
        ("stock", ["A", "É"], "at most 8 ASCII letters, got 'É' at row 1"),
        ("side", ["B", "BS"], "at most 1 ASCII letters, got 'BS' at row 1"),
        ("side", pd.Categorical(["B", "S", "BS"]), "got 'BS' at row 2"),
        ("side", pd.Categorical(["B", "BS", "S"]).set_categories(["UNUSED", "BS", "B", "S"]), "1"),
        ("stock", np.array([b"A", b"\xe9"]), "got b'\\xe9' at row 1"),
        ("stock", np.array([b"A", b"NINELONGS"]), "got b'NINELONGS' at row 1"),
    ],
)
@pytest.mark.parametrize("struct", [False, True])
def test_a_text_that_does_not_fit_is_told(path, name, values, text, struct):
    table = pd.DataFrame({name: values})
    if struct:
        values = np.array(list(values))
        table = np.zeros(len(values), [(name, values.dtype)])
        table[name] = values
    with pytest.raises(ValidationError) as caught:
        write_itch({"F": table}, path)
    assert str(caught.value).startswith(f"messages['F']['{name}'] must have at most")
    assert text in str(caught.value)
    assert not path.exists()


@pytest.mark.parametrize(
    ("messages", "error", "text"),
    [
        ([records("A")], ArgumentTypeError, "messages must be a mapping of letters to tables"),
        (records("A"), ArgumentTypeError, "messages must be a mapping"),
        ({"Z": records("A")}, ValidationError, "must have types of S, R, .* for keys, got 'Z'"),
        ({1: records("A")}, ValidationError, "got 1$"),
        ({"A": [1, 2]}, ArgumentTypeError, r"\['A'\] must be a row of structs or a DataFrame"),
        ({"A": np.zeros(3)}, ArgumentTypeError, r"\['A'\] must be a row of structs"),
        ({"A": records("A", 4).reshape(2, 2)}, ArgumentTypeError, r"\['A'\] must be a row"),
        ({"D": records("A")}, ValidationError, r"\['D'\] must have columns of .*, got 'side'"),
        ({"A": pd.DataFrame({"prize": [1]})}, ValidationError, "got 'prize'"),
        ({"A": pd.DataFrame({"price_float": [1.0]})}, ValidationError, "got 'price_float'"),
        ({"A": pd.DataFrame({3: [1.0]})}, ValidationError, "got 3"),
        (
            {"A": pd.DataFrame([[1, 2]], columns=["price", "price"])},
            ValidationError,
            "must have each column once",
        ),
    ],
)
def test_tables_of_other_kinds_are_told(path, messages, error, text):
    with pytest.raises(error, match=text):
        write_itch(messages, path)
    assert not path.exists()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"framing": "pcap"}, ValidationError),
        ({"framing": "auto"}, ValidationError),
        ({"session": "ELEVENCHARS"}, ValidationError),
        ({"session": ""}, ValidationError),
        ({"session": "É"}, ValidationError),
        ({"session": "A\n"}, ValidationError),
        ({"session": b"A"}, ArgumentTypeError),
    ],
)
def test_options_are_checked(path, options, error):
    with pytest.raises(error, match=f"^{next(iter(options))} must"):
        write_itch({}, path, **options)


def test_an_old_file_stays_if_a_new_one_cannot_be_written(path, monkeypatch):
    path.write_bytes(b"old")
    with pytest.raises(RangeError):
        write_itch({"A": records("A", price=-1)}, path)
    monkeypatch.setattr(write_module, "_frames", None)
    with pytest.raises(TypeError):
        write_itch({"A": records("A")}, path)
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]
    with pytest.raises(FileNotFoundError):
        write_itch({}, path.parent / "none" / "x.itch")


@given(st.lists(st.sampled_from(KNOWN_TYPES), max_size=30), st.randoms(use_true_random=False))
def test_any_mixture_of_types_keeps_its_order(tmp_path_factory, kinds, rng):
    path = tmp_path_factory.mktemp("write") / "x.itch"
    places = list(range(len(kinds)))
    rng.shuffle(places)
    tables = {}
    for letter in rng.sample(KNOWN_TYPES, len(KNOWN_TYPES)):
        mine = [place for place in places if kinds[place] == letter]
        tables[letter] = records(letter, len(mine), message=mine, tracking=mine)
    expected = [encode(kind, tracking=n, timestamp_ns=0) for n, kind in enumerate(kinds)]
    assert written(tables, path) == framed(*expected)
