import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanobook.errors import ArgumentTypeError, ValidationError
from nanobook.types.time_in_force import TimeInForce

members = st.sampled_from(TimeInForce)
SPELLINGS = {"gtc": TimeInForce.GTC, "ioc": TimeInForce.IOC, "fok": TimeInForce.FOK}
KELVIN_SIGN = "\N{KELVIN SIGN}"


def test_equals_the_seed_strings():
    assert [str(tif) for tif in TimeInForce] == ["gtc", "ioc", "fok"]
    assert {"gtc": 1, "ioc": 2}[TimeInForce.IOC] == 2
    assert json.dumps(TimeInForce.FOK) == '"fok"'


@given(members)
def test_the_name_is_the_event_log_spelling(tif):
    assert tif.name == tif.value.upper()


def test_codes():
    assert [tif.code for tif in TimeInForce] == [0, 1, 2]


@given(members)
def test_code_leads_back(tif):
    assert TimeInForce.from_code(tif.code) is tif


@pytest.mark.parametrize("code", [-1, 3, None])
def test_an_unknown_code_raises(code):
    with pytest.raises(ValidationError, match=f"tif code must be .* got {code}"):
        TimeInForce.from_code(code)


@given(st.sampled_from(sorted(SPELLINGS)), st.lists(st.booleans(), min_size=3, max_size=3))
def test_parse_takes_any_case(text, capitals):
    spelled = "".join(
        letter.upper() if capital else letter
        for letter, capital in zip(text, capitals, strict=True)
    )
    assert TimeInForce.parse(spelled) is SPELLINGS[text]


@given(st.text().filter(lambda text: text.lower() not in SPELLINGS))
def test_parse_takes_no_other_text(text):
    with pytest.raises(ValidationError):
        TimeInForce.parse(text)


@pytest.mark.parametrize("text", ["", "gtc ", "\tioc", "day", "gt", "good till cancelled", "0"])
def test_near_misses_raise(text):
    with pytest.raises(ValidationError):
        TimeInForce.parse(text)


def test_only_ascii_letters_have_case():
    assert ("fo" + KELVIN_SIGN).lower() == "fok"
    with pytest.raises(ValidationError):
        TimeInForce.parse("fo" + KELVIN_SIGN)


def test_the_error_names_rule_and_value_as_given():
    with pytest.raises(ValidationError) as caught:
        TimeInForce.parse("Day")
    assert str(caught.value) == "tif must be 'gtc', 'ioc' or 'fok', got 'Day'"
    assert not isinstance(caught.value, TypeError)


@pytest.mark.parametrize("text", [0, None, b"gtc"])
def test_parse_takes_only_strings(text):
    with pytest.raises(ArgumentTypeError, match="tif must be a string"):
        TimeInForce.parse(text)


@given(members)
def test_parse_takes_a_member(tif):
    assert TimeInForce.parse(tif) is tif


@given(members)
def test_pickle_and_copy_keep_identity(tif):
    assert pickle.loads(pickle.dumps(tif)) is tif
    assert copy.deepcopy(tif) is tif
