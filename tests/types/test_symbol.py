import copy
import pickle
from enum import Enum

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.types.symbol import Symbol

encodable = st.characters(exclude_categories=["Cs"])
any_text = st.text(encodable, max_size=12)
short_text = any_text.filter(lambda text: len(text.encode()) <= 8)
LONE_SURROGATE = "A\ud800"


@given(any_text)
def test_is_legal_up_to_eight_bytes(text):
    symbol = Symbol.try_new(text)
    if len(text.encode()) <= 8:
        assert type(symbol) is Symbol
        assert symbol == Symbol(text) == text
    else:
        assert symbol is None
        with pytest.raises(ValidationError, match="at most 8 bytes"):
            Symbol(text)


@pytest.mark.parametrize("text", ["", "A", "ABCDEFGH", "BRK.B", "åäöé", "株式", "🦀🦀", "A\0", " "])
def test_legal_symbols(text):
    assert Symbol(text) == text


@pytest.mark.parametrize("text", ["ABCDEFGHI", "åäöéA", "株式株", "🦀🦀A"])
def test_bytes_count_and_not_characters(text):
    assert Symbol.try_new(text) is None


def test_the_error_names_rule_value_and_length():
    with pytest.raises(ValidationError) as caught:
        Symbol("TOOLONGNAME")
    assert str(caught.value) == (
        "symbol must be at most 8 bytes in UTF-8, got 'TOOLONGNAME' (11 bytes)"
    )


@given(short_text, short_text)
def test_sorts_as_its_bytes_do(left, right):
    assert (Symbol(left) < Symbol(right)) == (left.encode() < right.encode())


def test_sorts_characters_beyond_the_basic_plane_last():
    # In UTF-16, the order of some languages' strings, the crab would come first.
    assert sorted([Symbol("🦀"), Symbol("\uffee")]) == ["\uffee", "🦀"]


@given(short_text)
def test_finds_the_plain_string_in_a_dict(text):
    assert {text: 1}[Symbol(text)] == 1
    assert {Symbol(text): 1}[text] == 1


def test_case_matters():
    assert Symbol("aapl") != Symbol("AAPL")


@given(short_text)
def test_pickle_and_copy_keep_the_class(text):
    symbol = Symbol(text)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(symbol, protocol))
        assert (type(again), again) == (Symbol, text)
    assert type(copy.deepcopy(symbol)) is Symbol


def test_is_immutable():
    with pytest.raises(AttributeError):
        Symbol("AAPL").name = "Apple"


@given(any_text)
def test_truncation_keeps_as_many_whole_characters_as_fit(text):
    symbol = Symbol.from_str_truncated(text)
    assert type(symbol) is Symbol
    assert text.startswith(symbol)
    longer = text[: len(symbol) + 1]
    assert longer == symbol or len(longer.encode()) > 8


@given(st.text(encodable, min_size=9))
def test_no_long_text_gets_through_a_subclass_that_prints_differently(text):
    class Masked(str):
        def __str__(self):
            return "ok"

    assert Symbol.try_new(Masked(text)) is None


@given(short_text)
def test_holds_the_text_and_not_how_it_prints(text):
    class Tickers(str, Enum):  # noqa: UP042 - the old kind, whose str is its name
        HELD = text

    assume(text != "")
    assert Symbol(Tickers.HELD) == text


def test_a_lone_surrogate_is_no_symbol():
    with pytest.raises(ValidationError, match="form in UTF-8") as caught:
        Symbol(LONE_SURROGATE)
    assert not isinstance(caught.value, UnicodeError)
    assert Symbol.try_new(LONE_SURROGATE) is None
    with pytest.raises(ValidationError, match="form in UTF-8"):
        Symbol.from_str_truncated(LONE_SURROGATE)


@pytest.mark.parametrize("make", [Symbol, Symbol.try_new, Symbol.from_str_truncated])
@pytest.mark.parametrize("text", [b"AAPL", 1, None, ["AAPL"]])
def test_only_strings_are_taken(make, text):
    with pytest.raises(ArgumentTypeError, match="symbol must be a string"):
        make(text)
