"""What a kernel reads of an event file is what JSON's own rules read of it, to the bit."""

import numpy as np
import pytest
from book.event_logs import random_log
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nanobook.book import event_lines
from nanobook.book.event_json import FORMS, BadLine, json_lines, messages_of_json
from nanobook.book.event_lines import messages_of_lines
from nanobook.book.exchange import Exchange

LIMIT = '{"SubmitLimit":{"side":"Buy","price":100,"quantity":5,"time_in_force":"GTC"}}'
LABELLED = LIMIT[:-2] + ',"owner":3,"tag":-7,"post_only":true}}'
MARKET, CANCEL = '{"SubmitMarket":{"side":"Sell","quantity":3}}', '{"Cancel":{"order_id":7}}'
MODIFY = '{"Modify":{"order_id":7,"new_price":-1,"new_quantity":2}}'
STOP = '{"SubmitStopLimit":{"side":"Buy","stop_price":1,"limit_price":2,"quantity":3,'
STOP += '"time_in_force":"FOK","tag":4}}'
TRAILING = '{"SubmitTrailingStopMarket":{"side":"Sell","stop_price":95,"quantity":3,'
TRAILING += '"trail_method":{"Percentage":0.05}}}'
SEVERAL = [LIMIT, LABELLED, MARKET, CANCEL, MODIFY, STOP, TRAILING]
SEVERAL += ['{"Reduce":{"order_id":7,"quantity":2}}', '{"CancelAll":{"side":null,"owner":1}}']
SEVERAL += ['{"SetSelfTradePrevention":{"policy":"CancelOldest"}}']

seeds = st.integers(0, 10**9)


def as_json(content):
    """Return what JSON makes of a text, each line by itself: messages and lines, or the error."""
    lines = [line.strip() for line in content.decode().split("\n")]
    numbers = [number for number, line in enumerate(lines, 1) if line]
    try:
        messages = messages_of_json([line for line in lines if line])
    except BadLine as error:
        return numbers[error.at], str(error)
    return messages.tolist(), messages.tobytes(), numbers


def as_lines(content):
    """Return the same of what is tested."""
    try:
        messages, numbers = messages_of_lines(content)
    except BadLine as error:
        return error.at, str(error)
    return messages.tolist(), messages.tobytes(), numbers.tolist()


def assert_same(content):
    assert as_lines(content) == as_json(content)


@pytest.mark.core
@settings(max_examples=20)
@given(seed=seeds, count=st.integers(0, 12), end=st.sampled_from(["", "\n", "\n\n", "\r\n"]))
def test_written_lines_are_read_as_json_reads_them(seed, count, end):
    assert_same(("\n".join(json_lines(random_log(seed, count))) + end).encode())


@settings(max_examples=100)
@given(seed=seeds, count=st.integers(1, 300))
def test_long_texts_are_read_as_json_reads_them(seed, count):
    assert_same("\n".join(json_lines(random_log(seed, count))).encode())


numbers = st.one_of(
    *(st.integers(), st.integers(-(2**65), 2**65), st.integers(-(10**18) - 2, 10**18 + 2)),
    st.sampled_from(["-0", "00", "01", "-01", "-", "+1", "1.0", "1e2", "0x1", "1_0", "null", ""]),
    st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**31 - 1, 2**31, 10**18 - 1]),
    st.sampled_from(["true", "false", '"1"', "[1]", "NaN", "\u0663", " 1", "1 "]),
)
words = st.sampled_from(
    ['"Buy"', '"Sell"', '"buy"', '"GTC"', '"IOC"', '"FOK"', '"Off"', '"Buy', '"B\\u0075y"', "null"]
)


@given(st.sampled_from(FORMS), st.data())
def test_any_values_are_read_as_json_reads_them(form, data):
    fields = [*form.fields, *(f for f in form.extras if data.draw(st.booleans()))]
    if data.draw(st.booleans()):
        fields = data.draw(st.permutations(fields))
    if data.draw(st.booleans()):
        fields = fields[data.draw(st.integers(0, 1)) :] + fields[: data.draw(st.integers(0, 1))]
    pairs = []
    for field in fields:
        good = [f'"{word}"' for word in (field.words or {}).values()] or ["1", "0", "-5", "77"]
        value = data.draw(st.one_of(st.sampled_from(good), numbers, words, st.just("true")))
        pairs.append(f'"{field.name}":{value}')
    line = f'{{"{form.name}":{{{",".join(pairs)}}}}}'
    assert_same("\n".join([CANCEL, line, LIMIT]).encode())


pieces = st.one_of(
    st.text('{}[]":,-0123456789.eE \t\r\n\\ntruefalsnullBuySellGTCIOK', max_size=3),
    st.sampled_from(["\x00", "\x0b", "\x1c", "\x85", "\xa0", "\u2028", "\ufeff", "é", "\n\n"]),
    st.sampled_from(['"price":1,', '"owner":1', ',"owner":null', ',"post_only":false', "}}", "{}"]),
)


@settings(max_examples=300)
@example(edits=[(0, 0, "\ufeff")], lines=[LIMIT])
@example(edits=[(5, 10**6, "")], lines=[LIMIT])
@given(
    edits=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 4), pieces), max_size=3),
    lines=st.lists(st.sampled_from(SEVERAL), min_size=1, max_size=4),
)
def test_damaged_texts_are_read_as_json_reads_them(edits, lines):
    text = "\n".join(lines)
    for at, cut, piece in edits:
        at %= len(text) + 1
        text = text[:at] + piece + text[at + cut :]
    assert_same(text.encode())


@pytest.mark.parametrize("line", SEVERAL)
def test_every_cut_and_every_changed_byte_is_read_as_json_reads_it(line):
    for at in range(len(line) + 1):
        assert_same(line[:at].encode())
        for piece in ("", " ", "0", "}", '"', "\n"):
            assert_same(f"{line[:at]}{piece}{line[at + 1 :]}\n{CANCEL}".encode())
            assert_same(f"{line[:at]}{piece}{line[at:]}".encode())


@pytest.mark.core
def test_lines_are_trimmed_and_blank_ones_count():
    text = f"\r\n  {CANCEL}\t\r\n\n\x0b\n\xa0{MARKET} \n{CANCEL}\n\n {LIMIT}"
    messages, numbers = messages_of_lines(text.encode())
    assert numbers.tolist() == [2, 5, 6, 8]
    assert messages["kind"].tolist() == [2, 1, 2, 0]
    assert_same(text.encode())
    assert len(messages_of_lines(b"")[0]) == len(messages_of_lines(b"\n \n")[0]) == 0


@pytest.mark.core
def test_the_first_bad_line_is_named():
    text = "\n".join([CANCEL, "", TRAILING, LIMIT, "{}", CANCEL, "[]"])
    with pytest.raises(BadLine, match="event must be an object with one key") as caught:
        messages_of_lines(text.encode())
    assert caught.value.at == 5


@pytest.mark.core
def test_json_is_asked_only_for_what_isnt_plain(monkeypatch):
    asked = []

    def count(lines):
        asked.extend(lines)
        return messages_of_json(lines)

    monkeypatch.setattr(event_lines, "messages_of_json", count)
    long = CANCEL.replace("7", str(10**18))
    text = "\n".join([*SEVERAL, long, CANCEL.replace("7", str(10**18 - 1)), f"{CANCEL} "])
    messages_of_lines(text.encode())
    assert asked == [line for line in SEVERAL if "Trailing" in line or "CancelAll" in line] + [
        *(long, CANCEL)
    ]


@pytest.mark.core
def test_messages_are_as_an_exchange_logs_them():
    exchange = Exchange()
    exchange.submit_limit("buy", 100, 5, owner=3, tag=-7, post_only=True)
    exchange.submit_market("sell", 3)
    exchange.modify(1, -1, 2)
    exchange.submit_stop_limit("buy", 1, 2, 3, "fok", tag=4)
    exchange.submit_stop_market("sell", -5, 3, owner=1)
    log = exchange.event_log()
    messages, _ = messages_of_lines("\n".join(json_lines(log)).encode())
    assert messages.tobytes() == log.tobytes()
    assert np.array_equal(messages, log)
