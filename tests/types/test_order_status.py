import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanobook.errors import ValidationError
from nanobook.types.order_status import OrderStatus

statuses = st.sampled_from(OrderStatus)


# spec/order_book.md section 2.2: what orders and stops show, what results show, and the code.
@pytest.mark.parametrize(
    ("value", "display_name", "code", "is_terminal"),
    [
        ("new", "New", 0, False),
        ("partiallyfilled", "PartiallyFilled", 1, False),
        ("filled", "Filled", 2, True),
        ("cancelled", "Cancelled", 3, True),
        ("pending", "Pending", 4, False),
        ("triggered", "Triggered", 5, True),
    ],
)
def test_the_table(value, display_name, code, is_terminal):
    status = OrderStatus(value)
    assert (status.display_name, status.code, status.is_terminal) == (
        display_name,
        code,
        is_terminal,
    )


def test_there_are_no_others():
    assert len(OrderStatus) == 6


def test_equals_the_seed_strings():
    assert OrderStatus.PARTIALLY_FILLED == "partiallyfilled"
    assert {"cancelled": 1}[OrderStatus.CANCELLED] == 1
    assert json.dumps(OrderStatus.NEW) == '"new"'
    assert f"status={OrderStatus.NEW}" == "status=new"


@given(statuses)
def test_both_spellings_agree(status):
    assert status.display_name.lower() == status


@given(statuses)
def test_is_either_active_or_terminal(status):
    assert status.is_active != status.is_terminal


@given(statuses)
def test_code_leads_back(status):
    assert OrderStatus.from_code(status.code) is status


@pytest.mark.parametrize("code", [-1, 6, None])
def test_an_unknown_code_raises(code):
    with pytest.raises(ValidationError, match=f"order status code must be .* got {code}"):
        OrderStatus.from_code(code)


@given(statuses)
def test_pickle_and_copy_keep_identity(status):
    assert pickle.loads(pickle.dumps(status)) is status
    assert copy.deepcopy(status) is status
