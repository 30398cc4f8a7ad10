import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.types.side import Side

sides = st.sampled_from(Side)
SPELLINGS = {"buy": Side.BUY, "b": Side.BUY, "sell": Side.SELL, "s": Side.SELL}
LONG_S = "\N{LATIN SMALL LETTER LONG S}"  # its capital is S


def test_equals_the_seed_strings():
    assert [str(side) for side in Side] == ["buy", "sell"]
    assert {"buy": 1, "sell": 2}[Side.SELL] == 2
    assert json.dumps(Side.BUY) == '"buy"'


@given(sides)
def test_opposite_turns_the_sign_and_back(side):
    assert side.opposite.sign == -side.sign
    assert side.opposite.opposite is side


def test_a_buy_is_plus_one():
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)


@given(sides)
def test_code_is_the_sign_and_leads_back(side):
    assert side.code == side.sign
    assert Side.from_code(side.code) is side


@pytest.mark.parametrize("code", [0, 2, None])
def test_an_unknown_code_raises(code):
    with pytest.raises(ValidationError, match=f"side code must be .* got {code}"):
        Side.from_code(code)


@given(st.sampled_from(sorted(SPELLINGS)), st.lists(st.booleans(), min_size=4, max_size=4))
def test_parse_takes_any_case(text, capitals):
    spelled = "".join(
        letter.upper() if capital else letter
        for letter, capital in zip(text, capitals, strict=False)
    )
    assert Side.parse(spelled) is SPELLINGS[text]


@given(st.text().filter(lambda text: text.lower() not in SPELLINGS))
def test_parse_takes_no_other_text(text):
    with pytest.raises(ValidationError):
        Side.parse(text)


@pytest.mark.parametrize("text", ["", " buy", "buy\n", "bu", "bid", "long", "1", LONG_S + "ell"])
def test_near_misses_raise(text):
    with pytest.raises(ValidationError):
        Side.parse(text)


def test_the_error_names_rule_and_value_as_given():
    with pytest.raises(ValidationError) as caught:
        Side.parse("Hold")
    assert str(caught.value) == "side must be 'buy', 'b', 'sell' or 's', got 'Hold'"
    assert not isinstance(caught.value, TypeError)


@pytest.mark.parametrize("text", [1, None, b"buy"])
def test_parse_takes_only_strings(text):
    with pytest.raises(ArgumentTypeError, match="side must be a string"):
        Side.parse(text)


@given(sides)
def test_parse_takes_a_member(side):
    assert Side.parse(side) is side


@given(sides)
def test_pickle_and_copy_keep_identity(side):
    assert pickle.loads(pickle.dumps(side)) is side
    assert copy.deepcopy(side) is side
