import copy
import json
import pickle

import numpy as np
import pytest
from book.event_logs import assert_equal, random_exchange, random_log
from book.streams import assert_same, narrow
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.order_book import NaiveExchange

from nanobook.book import MESSAGE, Event, Exchange
from nanobook.errors import ArgumentTypeError, RangeError, ValidationError
from nanobook.types.side import Side
from nanobook.types.time_in_force import TimeInForce

HIGHEST = 2**63 - 1

LIMIT = '{"SubmitLimit":{"side":"Buy","price":100,"quantity":5,"time_in_force":"GTC"}}'

seeds = st.integers(0, 10**9)


def trailing(method):
    return (
        '{"SubmitTrailingStopMarket":{"side":"Sell","stop_price":95,"quantity":3,'
        f'"trail_method":{method}}}}}'
    )


#: A call, and the kind, repr and JSON of its event.
CALLS = [
    (
        lambda e: e.submit_limit("b", 100, 5),
        "submit_limit",
        "SubmitLimit { side: Buy, price: Price(100), quantity: 5, time_in_force: GTC }",
        LIMIT,
    ),
    (
        lambda e: e.submit_limit("sell", -3, 0, "fok", owner=0, tag=-7),
        "submit_limit",
        "SubmitLimit { side: Sell, price: Price(-3), quantity: 0, time_in_force: FOK, "
        "owner: 0, tag: -7 }",
        '{"SubmitLimit":{"side":"Sell","price":-3,"quantity":0,"time_in_force":"FOK",'
        '"owner":0,"tag":-7}}',
    ),
    (
        lambda e: e.submit_limit("buy", 1, 2, post_only=True),
        "submit_limit",
        "SubmitLimit { side: Buy, price: Price(1), quantity: 2, time_in_force: GTC, "
        "post_only: true }",
        '{"SubmitLimit":{"side":"Buy","price":1,"quantity":2,"time_in_force":"GTC",'
        '"post_only":true}}',
    ),
    (
        lambda e: e.submit_market("sell", 3),
        "submit_market",
        "SubmitMarket { side: Sell, quantity: 3 }",
        '{"SubmitMarket":{"side":"Sell","quantity":3}}',
    ),
    (
        lambda e: e.cancel(7),
        "cancel",
        "Cancel { order_id: OrderId(7) }",
        '{"Cancel":{"order_id":7}}',
    ),
    (
        lambda e: e.modify(7, 1, 2),
        "modify",
        "Modify { order_id: OrderId(7), new_price: Price(1), new_quantity: 2 }",
        '{"Modify":{"order_id":7,"new_price":1,"new_quantity":2}}',
    ),
    (
        lambda e: e.reduce(7, 2),
        "reduce",
        "Reduce { order_id: OrderId(7), quantity: 2 }",
        '{"Reduce":{"order_id":7,"quantity":2}}',
    ),
    (
        lambda e: e.cancel_all(),
        "cancel_all",
        "CancelAll { side: None, owner: None }",
        '{"CancelAll":{"side":null,"owner":null}}',
    ),
    (
        lambda e: e.cancel_all("buy", 3),
        "cancel_all",
        "CancelAll { side: Buy, owner: 3 }",
        '{"CancelAll":{"side":"Buy","owner":3}}',
    ),
    (
        lambda e: setattr(e, "self_trade_prevention", "cancel_newest"),
        "set_self_trade_prevention",
        "SetSelfTradePrevention { policy: CancelNewest }",
        '{"SetSelfTradePrevention":{"policy":"CancelNewest"}}',
    ),
    (
        lambda e: e.submit_stop_market("buy", 120, 5),
        "submit_stop_market",
        "SubmitStopMarket { side: Buy, stop_price: Price(120), quantity: 5 }",
        '{"SubmitStopMarket":{"side":"Buy","stop_price":120,"quantity":5}}',
    ),
    (
        lambda e: e.submit_stop_limit("sell", 95, 94, 3, "ioc", tag=9),
        "submit_stop_limit",
        "SubmitStopLimit { side: Sell, stop_price: Price(95), limit_price: Price(94), "
        "quantity: 3, time_in_force: IOC, tag: 9 }",
        '{"SubmitStopLimit":{"side":"Sell","stop_price":95,"limit_price":94,"quantity":3,'
        '"time_in_force":"IOC","tag":9}}',
    ),
    (
        lambda e: e.submit_trailing_stop_market("sell", 95, 3, "fixed", 7.9),
        "submit_trailing_stop_market",
        "SubmitTrailingStopMarket { side: Sell, stop_price: Price(95), quantity: 3, "
        "trail_method: Fixed(7) }",
        trailing('{"Fixed":7}'),
    ),
    (
        lambda e: e.submit_trailing_stop_limit("buy", 105, 106, 3, "pct", 0.05),
        "submit_trailing_stop_limit",
        "SubmitTrailingStopLimit { side: Buy, stop_price: Price(105), limit_price: Price(106), "
        "quantity: 3, time_in_force: GTC, trail_method: Percentage(0.05) }",
        '{"SubmitTrailingStopLimit":{"side":"Buy","stop_price":105,"limit_price":106,"quantity":3,'
        '"time_in_force":"GTC","trail_method":{"Percentage":0.05}}}',
    ),
    (
        lambda e: e.submit_trailing_stop_market("sell", 95, 3, "atr", 2, 14),
        "submit_trailing_stop_market",
        "SubmitTrailingStopMarket { side: Sell, stop_price: Price(95), quantity: 3, "
        "trail_method: SmaAbsChange { multiplier: 2.0, period: 14 } }",
        trailing('{"SmaAbsChange":{"multiplier":2.0,"period":14}}'),
    ),
]


# ---- what an event says -------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize(("call", "kind", "shown", "text"), CALLS, ids=[c[3][2:] for c in CALLS])
def test_an_event_has_a_kind_a_repr_and_json(call, kind, shown, text):
    exchange = Exchange()
    call(exchange)
    (event,) = exchange.events()
    assert (event.kind, repr(event), event.__getstate__()) == (kind, shown, text)
    assert Event(text) == event
    for name, value in next(iter(json.loads(text).values())).items():
        if name not in ("side", "time_in_force", "trail_method", "policy"):
            assert getattr(event, name) == value
    assert_equal(Exchange.replay([event]), exchange)


@pytest.mark.core
def test_fields_are_attributes():
    event = Event(LIMIT)
    assert (event.side, event.time_in_force) == (Side.BUY, TimeInForce.GTC) == ("buy", "gtc")
    assert (event.price, event.quantity) == (100, 5)
    assert (event.owner, event.tag, event.post_only) == (None, 0, False)
    assert {"kind", "price", "owner"} <= set(dir(event))
    for wrong in ("order_id", "stop_price", "trail_method", "nothing", "_nothing"):
        assert not hasattr(event, wrong)
    with pytest.raises(AttributeError):
        event.price = 3
    both = Event('{"CancelAll":{"side":null,"owner":null}}')
    assert (both.side, both.owner) == (None, None)
    assert Event('{"SetSelfTradePrevention":{"policy":"Off"}}').policy == "off"


@pytest.mark.core
@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ('{"Fixed":7}', ("fixed", 7, 0)),
        ('{"Fixed":-9223372036854775808}', ("fixed", -(2**63), 0)),
        ('{"Fixed":9223372036854775807}', ("fixed", HIGHEST, 0)),
        ('{"Percentage":0.05}', ("percentage", 0.05, 0)),
        ('{"SmaAbsChange":{"multiplier":2.0,"period":14}}', ("sma_abs_change", 2.0, 14)),
        ('{"TrueAtr":{"multiplier":2.5,"period":14}}', ("true_atr", 2.5, 14)),
    ],
)
def test_a_trail_method_is_an_attribute(method, expected):
    event = Event(trailing(method))
    assert event.trail_method == expected
    assert event.__getstate__() == trailing(method)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1e-5, "1e-5"),
        (0.0001, "0.0001"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e16"),
        (1.5e300, "1.5e300"),
        (5e-324, "5e-324"),
        (-0.0, "-0.0"),
        (1e17 / 3, "3.3333333333333332e16"),
    ],
)
def test_floats_are_shown_as_the_original_does(value, shown):
    event = Event(trailing(f'{{"Percentage":{value!r}}}'))
    assert f"Percentage({shown})" in repr(event)
    assert json.loads(event.__getstate__())["SubmitTrailingStopMarket"]["trail_method"] == {
        "Percentage": value
    }


@pytest.mark.core
def test_events_are_copies():
    exchange = Exchange()
    exchange.submit_limit("buy", 100, 5)
    exchange.events()[0].__setstate__('{"Cancel":{"order_id":7}}')
    exchange.event_log()["price"] = 3
    assert exchange.events() == [Event(LIMIT)]


# ---- reading ------------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize(
    ("text", "same"),
    [
        (f" \n{LIMIT}\t\r ", LIMIT),
        ('{"SubmitLimit": {"time_in_force":"GTC","quantity":5, "side":"Buy","price":100}}', LIMIT),
        (LIMIT.replace("}}", ',"x":[1,{"a":null}],"x":2}}'), LIMIT),
        (LIMIT.replace("}}", ',"owner":null,"tag":0,"post_only":false}}'), LIMIT),
        ('{"SubmitLimit":["Buy",100,5,"GTC"]}', LIMIT),
        ('{"SubmitL\\u0069mit":["B\\u0075y",100,5,"GTC"]}', LIMIT),
        ('{"Cancel":[7]}', '{"Cancel":{"order_id":7}}'),
        ('{"Cancel":{"order_id":7,"owner":3}}', '{"Cancel":{"order_id":7}}'),
        ('{"CancelAll":{}}', '{"CancelAll":{"side":null,"owner":null}}'),
        ('{"CancelAll":[null,3]}', '{"CancelAll":{"side":null,"owner":3}}'),
        (trailing('{"Percentage":5}'), trailing('{"Percentage":5.0}')),
        *(
            (trailing(method), trailing('{"SmaAbsChange":{"multiplier":2.0,"period":3}}'))
            for method in (
                '{"Atr":{"multiplier":2.0,"period":3}}',
                '{"Atr":{"period":3,"x":1,"multiplier":2}}',
                '{"Atr":[2,3]}',
                '{"SmaAbsChange":[2.0,3]}',
            )
        ),
    ],
)
def test_other_spellings_are_read(text, same):
    event = Event('{"Cancel":{"order_id":1}}')
    assert event.__setstate__(text) is None
    assert event == Event(same)
    assert event.__getstate__() == same


WRONG = [
    *("", " ", "null", "[]", "{}", "5", '"Cancel"', "nonsense", LIMIT[:-1], "\ufeff" + LIMIT),
    *(LIMIT + "x", LIMIT + LIMIT, LIMIT + "," + LIMIT, f"[{LIMIT}]"),
    '{"cancel":{"order_id":5}}',
    '{"Cancel":5}',
    '{"Cancel":null}',
    '{"Cancel":{}}',
    '{"Cancel":[]}',
    '{"Cancel":[5,6]}',
    '{"Cancel":{"order_id":5},"Cancel":{"order_id":5}}',
    '{"Cancel":{"order_id":5},"x":1}',
    '{"Cancel":{"order_id":5,"order_id":5}}',
    '{"Cancel":{"order_id":5,}}',
    '{"Cancel":{"order_id":5,"x":NaN}}',
    '{"Cancel":{"order_id":5,"x":"\x01"}}',
    *(
        f'{{"Cancel":{{"order_id":{value}}}}}'
        for value in ("5.0", "5e0", '"5"', "null", "true", "-1", "05", str(2**63), "9" * 5000, "{}")
    ),
    '{"Cancel":{"order_id":5,"x":' + "[" * 100_000 + "]" * 100_000 + "}}",
    '{"SubmitLimit":["Buy",100,5]}',
    '{"SubmitLimit":["Buy",100,5,"GTC",3]}',
    LIMIT.replace("Buy", "buy"),
    LIMIT.replace('"Buy"', "null"),
    LIMIT.replace('"Buy"', "[]"),
    LIMIT.replace('"Buy"', "1"),
    LIMIT.replace("GTC", "gtc"),
    LIMIT.replace("100", str(2**63)),
    LIMIT.replace("100", "[100]"),
    LIMIT.replace("5", "-5"),
    *(
        LIMIT.replace("}}", f",{extra}}}}}")
        for extra in ('"owner":-1', '"owner":2147483648', '"owner":1.0', '"tag":"x"', '"tag":1e2')
    ),
    *(LIMIT.replace("}}", f',"post_only":{value}}}}}') for value in ("1", '"true"', "[]")),
    LIMIT.replace("GTC", "IOC").replace("}}", ',"post_only":true}}'),
    '{"SetSelfTradePrevention":{"policy":"off"}}',
    '{"SetSelfTradePrevention":{"policy":null}}',
    '{"CancelAll":{"side":"Both"}}',
    *(
        trailing(method)
        for method in (
            *("null", "5", "[]", "{}", '"Fixed"', '{"fixed":5}', '{"Fixed":5,"Fixed":5}'),
            *('{"Fixed":5.0}', '{"Fixed":[5]}', f'{{"Fixed":{2**63}}}', f'{{"Fixed":{2**53 + 1}}}'),
            *('{"Percentage":null}', '{"Percentage":1e400}', '{"Percentage":"1"}'),
            *('{"Percentage":NaN}', '{"Percentage":-Infinity}', f'{{"Percentage":1{"0" * 400}}}'),
            *('{"Atr":5}', '{"Atr":[2]}', '{"Atr":[2,3,4]}', '{"Atr":[2,3.0]}', '{"Atr":[2,-1]}'),
            '{"Atr":{"multiplier":2}}',
            '{"Atr":{"multiplier":2,"period":3,"period":3}}',
            '{"Atr":{"multiplier":2,"multiplier":3}}',
        )
    ),
]


@pytest.mark.core
@pytest.mark.parametrize("text", WRONG, ids=lambda text: repr(text)[:90])
def test_what_is_no_event_is_refused_and_changes_nothing(text):
    event = Event('{"Cancel":{"order_id":1}}')
    with pytest.raises(ValidationError):
        event.__setstate__(text)
    assert event.__getstate__() == '{"Cancel":{"order_id":1}}'
    with pytest.raises(ValueError):  # noqa: PT011
        Event(text)


@pytest.mark.parametrize("state", [None, 5, b"{}", {}, ("x",)])
def test_a_state_that_is_no_text_is_a_type_error(state):
    event = Event(LIMIT)
    with pytest.raises(TypeError):
        event.__setstate__(state)
    assert event == Event(LIMIT)


TEXTS = [text for *_, text in CALLS]


@settings(max_examples=300)
@given(st.sampled_from(TEXTS), st.data())
def test_a_damaged_text_is_refused_or_is_an_event(text, data):
    at = data.draw(st.integers(0, len(text)))
    much = data.draw(st.integers(0, 4))
    new = data.draw(st.text('0123456789-.eE"{}[],:GTCnulltrue x\\', max_size=4))
    event = Event(LIMIT)
    try:
        event.__setstate__(text[:at] + new + text[at + much :])
    except ValueError:
        assert event == Event(LIMIT)
    else:
        assert Event(event.__getstate__()) == event
        repr(event)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["Buy", "GTC", ""]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["Fixed", "Atr", "x"]), inner),
    max_leaves=5,
)


@settings(max_examples=300)
@given(st.sampled_from(TEXTS), st.data())
def test_any_value_in_a_field_is_refused_or_is_kept(text, data):
    document = json.loads(text)
    ((_, body),) = document.items()
    name = data.draw(st.sampled_from(sorted(body)))
    body[name] = data.draw(json_values)
    try:
        event = Event(json.dumps(document))
    except ValueError:
        return
    kept = next(iter(json.loads(event.__getstate__()).values()))
    if name in kept and name != "trail_method":
        assert kept[name] == body[name]


# ---- there and back -----------------------------------------------------------------------------


@given(seeds)
def test_json_pickle_and_copies_give_the_same_event(seed):
    events = random_exchange(seed, 60).events()
    for event in events:
        text = event.__getstate__()
        same = Event(text)
        assert same == event
        assert hash(same) == hash(event)
        assert json.loads(text) == json.loads(json.dumps(json.loads(text)))
        assert ": " not in text
        assert ", " not in text
    assert copy.deepcopy(events) == events == [copy.copy(event) for event in events]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(events, protocol)) == events


@pytest.mark.core
def test_events_compare_by_what_they_say():
    one, same = Event(LIMIT), Event('{"SubmitLimit":["Buy",100,5,"GTC"]}')
    other = Event(LIMIT.replace("100", "101"))
    assert one == same
    assert one != other
    assert one != LIMIT
    assert {one, same, other} == {one, other}
    zeros = [Event(trailing(f'{{"Percentage":{zero}}}')) for zero in ("0.0", "-0.0", "0")]
    assert zeros[0] == zeros[1] == zeros[2]
    assert len(set(zeros)) == 1


@pytest.mark.core
def test_a_short_log_replays():
    exchange = random_exchange(3, 40)
    assert_equal(Exchange.replay(exchange.events()), exchange)
    assert_equal(Exchange.replay(exchange.event_log()), exchange)


@settings(max_examples=60)
@given(seeds, st.integers(1, 400))
def test_replay_rebuilds_the_exchange(seed, count):
    exchange = random_exchange(seed, count)
    events = exchange.events()
    for log in (events, tuple(events), exchange.event_log()):
        assert_equal(Exchange.replay(log), exchange)
    texts = [event.__getstate__() for event in events]
    assert_equal(Exchange.replay([Event(text) for text in texts]), exchange)


@settings(max_examples=15)
@given(seeds, st.integers(1, 200))
def test_replay_takes_a_frame(seed, count):
    exchange = random_exchange(seed, count)
    assert_equal(Exchange.replay(exchange.events_frame()), exchange)


@settings(max_examples=25)
@given(seeds, st.integers(1, 300))
def test_split_batches_are_one_batch(seed, count):
    messages = random_log(seed, count)
    whole, parts, alone = Exchange(), Exchange(), Exchange()
    whole.process(messages)
    cut = seed % (count + 1)
    parts.process(messages[:cut])
    parts.process(messages[cut:])
    assert_equal(parts, whole)
    for event in whole.events():
        alone.apply(event)
    assert_equal(alone, whole)


@settings(max_examples=25)
@given(seeds, st.integers(1, 200))
def test_replay_agrees_with_the_oracle(seed, count):
    exchange, oracle = random_exchange(seed, count), NaiveExchange()
    for message in exchange.event_log().tolist():
        oracle.apply(message)
    replayed = Exchange.replay(exchange.events())
    assert_same(replayed, oracle)
    assert replayed.pending_stop_count() == oracle.pending_stop_count()


@settings(max_examples=15)
@given(seeds, st.integers(1, 300))
def test_what_was_cleared_is_back_after_replay(seed, count):
    cleared, kept = random_exchange(seed, count, clear=True), random_exchange(seed, count)
    assert_equal(Exchange.replay(cleared.event_log()), kept)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(300))
def test_long_streams_replay(seed):
    exchange = random_exchange(seed, 5_000)
    assert_equal(Exchange.replay(exchange.events()), exchange)
    assert_equal(Exchange.replay(exchange.event_log()), exchange)


def test_narrow_messages_are_logged_and_replayed():
    messages = narrow(random_log(1, 300))
    messages = messages[messages["kind"] < 7]
    exchange = Exchange()
    exchange.process(messages)
    assert_equal(Exchange.replay(messages), exchange)
    assert len(exchange.event_log()) == len(messages)


# ---- what is no log -----------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize(
    "events",
    [
        *("text", b"bytes", None, 5, {1}, iter([])),
        *([LIMIT], [Event(LIMIT), None], ({},), [json.loads(LIMIT)], np.arange(3)),
    ],
    ids=repr,
)
def test_other_things_cant_be_replayed(events):
    with pytest.raises(TypeError):
        Exchange.replay(events)
    with pytest.raises(TypeError):
        Exchange.replay(event for event in [Event(LIMIT)])


def test_a_bad_message_is_told_of():
    messages = np.zeros(2, MESSAGE)
    with pytest.raises(ValidationError, match="side of row 0"):
        Exchange.replay(messages)


@pytest.mark.core
def test_an_empty_log_is_an_empty_exchange():
    assert Exchange.replay([]) == Exchange() == Exchange.replay(Exchange().event_log())
    assert Exchange().events() == []
    assert len(Exchange().events_frame()) == 0


HUGE = LIMIT.replace("5", str(HIGHEST))


@pytest.mark.core
def test_too_much_is_refused_and_not_recorded():
    exchange = Exchange()
    events = [Event(LIMIT), Event(HUGE), Event(LIMIT)]
    with pytest.raises(RangeError, match="quantity of event 1 must leave the total"):
        exchange.apply_all(events)
    assert exchange.events() == events[:1]
    with pytest.raises(RangeError, match="quantity must leave the total"):
        exchange.apply(Event(HUGE))
    assert exchange.events() == events[:1]
    with pytest.raises(OverflowError):
        Exchange.replay(events)
    with pytest.raises(OverflowError):
        exchange.submit_limit("buy", 100, HIGHEST)
    exchange.process(exchange.event_log())
    assert exchange.events() == events[::2]


@pytest.mark.core
def test_large_quantities_that_fit_replay():
    exchange = Exchange()
    exchange.submit_limit("buy", 100, HIGHEST)
    exchange.submit_market("sell", HIGHEST)
    exchange.submit_stop_market("sell", 1, HIGHEST)
    assert_equal(Exchange.replay(exchange.events()), exchange)


@pytest.mark.core
@pytest.mark.parametrize("kind", ["submit_market", "modify", "cancel", "submit_stop_market"])
def test_what_cant_rest_or_was_taken_off_counts_for_nothing(kind):
    exchange = Exchange()
    exchange.submit_limit("buy", 100, HIGHEST)
    for _ in range(3):
        if kind == "submit_market":
            exchange.submit_market("buy", HIGHEST)
        elif kind == "modify":
            exchange.modify(len(exchange.orders()), 100, HIGHEST)
        elif kind == "cancel":
            exchange.cancel(len(exchange.orders()))
            exchange.submit_limit("buy", 100, HIGHEST)
        else:
            exchange.cancel_all()
            exchange.submit_stop_market("buy", 100, HIGHEST)
    assert_equal(Exchange.replay(exchange.events()), exchange)
    assert_equal(Exchange.replay(exchange.event_log()), exchange)


# ---- one at a time ------------------------------------------------------------------------------


@pytest.mark.core
def test_apply_gives_the_events_own_trades():
    exchange = Exchange()
    for price in (100, 101, 102):
        assert exchange.apply(Event(f'{{"SubmitLimit":["Sell",{price},5,"GTC"]}}')) == []
    assert exchange.apply(Event('{"SubmitStopMarket":["Buy",100,2]}')) == []
    own = exchange.apply(Event('{"SubmitMarket":["Buy",3]}'))
    assert [trade.quantity for trade in own] == [3]
    assert len(exchange.trades()) == 2
    assert own == exchange.trades()[:1]
    exchange.apply(Event('{"SubmitLimit":["Buy",90,5,"GTC"]}'))
    own = exchange.apply(Event('{"Modify":[7,101,5]}'))
    assert [(trade.price, trade.quantity) for trade in own] == [(101, 5)]
    assert exchange.apply(Event('{"CancelAll":{}}')) == []


@pytest.mark.core
def test_a_strict_exchange_stays_strict():
    exchange = Exchange(strict=True)
    for call in (exchange.apply, lambda event: exchange.apply_all([event])):
        with pytest.raises(ValidationError, match="price of row 0 must be at least 1"):
            call(Event(LIMIT.replace("100", "0")))
    assert exchange.events() == []


@pytest.mark.core
@pytest.mark.parametrize("event", [None, LIMIT, [Event(LIMIT)], 5])
def test_only_events_can_be_applied(event):
    with pytest.raises(ArgumentTypeError):
        Exchange().apply(event)


@pytest.mark.core
def test_cleared_events_are_gone_and_ids_go_on():
    exchange = Exchange()
    exchange.submit_limit("buy", 100, 5)
    exchange.clear_events()
    assert exchange.events() == []
    assert exchange.submit_limit("buy", 100, 5).order_id == 2
    assert exchange.events() == [Event(LIMIT)]
    assert Exchange.replay(exchange.events()).orders()["order_id"].tolist() == [1]


@pytest.mark.core
def test_nothing_is_recorded_where_nobody_wants_it():
    exchange = Exchange(record_events=False)
    exchange.submit_limit("buy", 100, 5)
    assert exchange.events() == []
    assert len(exchange.event_log()) == 0


@pytest.mark.core
def test_what_raises_is_not_recorded():
    exchange = Exchange()
    for call in (
        lambda: exchange.submit_limit("x", 1, 1),
        lambda: exchange.submit_limit("buy", 1.5, 1),
        lambda: exchange.cancel(-1),
        lambda: exchange.submit_trailing_stop_market("buy", 1, 1, "fixed", float("nan")),
        lambda: exchange.submit_trailing_stop_market("buy", 1, 1, "pct", float("inf")),
    ):
        with pytest.raises(ValueError):  # noqa: PT011
            call()
    exchange.clear_trades()
    exchange.clear_order_history()
    exchange.compact()
    assert exchange.events() == []
