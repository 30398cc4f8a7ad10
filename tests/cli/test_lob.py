"""The order book console: each command and each error, scripts, files, and a real terminal."""

import io
import os
import re
import subprocess
import sys
import time

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanobook.cli import lob as console
from nanobook.cli.lob_commands import COMMANDS, help_lines
from nanobook.cli.lob_files import read_messages
from nanobook.cli.lob_screen import Screen
from nanobook.cli.lob_session import Session
from nanobook.cli.lob_words import Words, money
from nanobook.errors import FileFormatError, NanobookError, ValidationError


class Typist:
    """Types lines into a session and reads what it shows, without a terminal."""

    def __init__(self, encoding=None):
        self.file = io.StringIO() if encoding is None else Encoded(encoding)
        self.session = Session(Screen(self.file))

    def __call__(self, *lines):
        """Return what the last line shows."""
        for line in lines:
            start = len(self.file.getvalue())
            self.session.do(line)
        return self.file.getvalue()[start:]

    def refused(self, line):
        """Return why a line is refused."""
        start = len(self.file.getvalue())
        with pytest.raises((NanobookError, OSError)) as caught:
            self.session.do(line)
        assert len(self.file.getvalue()) == start
        return console._text(caught.value)

    @property
    def exchange(self):
        return self.session.exchange


class Encoded(io.StringIO):
    """Text that can't hold what its encoding can't."""

    def __init__(self, encoding):
        super().__init__()
        self.name_of_it = encoding

    @property
    def encoding(self):
        return self.name_of_it

    def write(self, text):
        text.encode(self.name_of_it)
        return super().write(text)


@pytest.fixture
def lob():
    return Typist()


LADDER = ("sell 101 50", "sell 101.5 20", "sell 102 30", "buy 100.50 40")


# ---- orders ------------------------------------------------------------------------------------


def test_an_order_that_rests(lob):
    assert lob("buy 100.50 100") == "#1 buy 100 at $100.50 gtc - new: 100 resting\n"
    assert lob.exchange.best_bid_ask() == (10050, None)


def test_an_order_that_trades_shows_its_trades_and_average(lob):
    assert lob(*LADDER, "BUY 101.50 60 IOC").splitlines() == [
        "#5 buy 60 at $101.50 ioc - filled: 60 filled; average price $101.0833",
        "  trade 1: 50 at $101.00, #5 buys from #1",
        "  trade 2: 10 at $101.50, #5 buys from #2",
    ]


def test_an_order_that_trades_in_part(lob):
    assert "partly filled: 50 filled, 10 resting; average" in lob(LADDER[0], "buy 101 60")
    assert "partly filled: 10 filled, 5 cancelled; average" in lob("sell 101 15 ioc")
    assert lob("sell 90 5 fok") == "#4 sell 5 at $90.00 fok - cancelled: 5 cancelled\n"


def test_a_market_order(lob):
    assert lob("market b 5") == "#1 buy 5 at market - cancelled: 5 cancelled\n"
    shown = lob(*LADDER, "market sell 41")
    assert "partly filled: 40 filled, 1 cancelled; average price $100.5000" in shown
    assert "trade 1: 40 at $100.50, #5 buys from #6" in shown


def test_modify(lob):
    shown = lob(*LADDER, "modify #4 101 60")
    assert shown.startswith(
        "#5 buy 60 at $101.00 gtc, in place of #4 - partly filled: 50 filled, 10"
    )
    assert "trade 1: 50 at $101.00" in shown
    assert lob.refused("modify 4 100 1") == "order #4 isn't in the book any more: cancelled"
    assert lob.refused("modify 9 100 1") == "there is no order #9"
    lob("stop buy 200 1")
    assert lob.refused("modify 6 100 1") == "#6 is a stop: cancel it and type another"


def test_reduce(lob):
    lob("buy 100 40")
    assert lob("reduce 1 15") == "order #1 reduced by 15: 25 left in its place\n"
    assert lob("reduce 1 99") == "order #1 reduced by 25: nothing left, so it's cancelled\n"
    assert "isn't in the book any more" in lob.refused("reduce 1 1")


def test_cancel(lob):
    lob("buy 100 40", "stop sell 90 7")
    assert lob("c 1") == "order #1 cancelled: 40 taken back\n"
    assert lob("cancel #2") == "stop #2 cancelled: 7 taken back\n"
    assert lob.refused("cancel 1") == "order #1 isn't in the book any more: cancelled"
    assert lob.refused("cancel 2") == "stop #2 doesn't wait any more: cancelled"
    assert lob.refused("cancel 3") == "there is no order #3"


# ---- stops -------------------------------------------------------------------------------------


def test_stops_that_wait(lob):
    assert lob("stop buy 105 10") == "#1 stop, buy 10 at market from $105.00 - waits\n"
    shown = lob("stoplimit SELL 95 94.5 10 IOC")
    assert shown == "#2 stop, sell 10 at $94.50 ioc from $95.00 - waits\n"
    assert lob.exchange.pending_stop_count() == 2


@pytest.mark.parametrize(
    ("line", "told", "kept"),
    [
        ("trail sell 95 10 fixed 2.5", "market from $95.00, trailing fixed 2.50", ("fixed", 250.0)),
        ("trail s 95 10 pct 2.5", "market from $95.00, trailing pct 2.5", ("percentage", 0.025)),
        ("trail b 95 10 percent 7%", "market from $95.00, trailing pct 7", ("percentage", 0.07)),
        (
            "trail sell 95 10 atr 3 14 limit 90 ioc",
            "$90.00 ioc from $95.00, trailing atr 3 14",
            ("sma_abs_change", 3.0),
        ),
        (
            "trail buy 95 10 wilder 2.5 20",
            "market from $95.00, trailing wilder 2.5 20",
            ("true_atr", 2.5),
        ),
        (
            "trail sell 95 10 fixed 1 limit 90",
            "$90.00 gtc from $95.00, trailing fixed 1.00",
            ("fixed", 100.0),
        ),
    ],
)
def test_trailing_stops(lob, line, told, kept):
    shown = lob(line)
    assert told in shown
    assert shown.endswith(" - waits\n")
    stop = lob.exchange.get_stop_order(1)
    assert (stop["trail_type"], stop["trail_value"]) == kept
    assert stop["atr_period"] == {"atr": 14, "wilder": 20}.get(line.split()[4])
    assert stop["limit_price"] == (9000 if "limit" in line else None)


def test_stops_set_off_are_told_with_their_trades(lob):
    lob("buy 100 10", "buy 99 10", "buy 98 5", "stop sell 100 10", "stoplimit sell 99 98.5 7")
    assert lob("market sell 10").splitlines() == [
        "#6 sell 10 at market - filled: 10 filled; average price $100.0000",
        "  trade 1: 10 at $100.00, #1 buys from #6",
        "  stop #4 set off: #7 sell 10 at market - filled: 10 filled; average price $99.0000",
        "    trade 2: 10 at $99.00, #2 buys from #7",
        "  stop #5 set off: #8 sell 7 at $98.50 gtc - new",
    ]
    assert "became         #8" in lob("status 5")
    assert lob.refused("cancel 5") == "stop #5 doesn't wait any more: triggered, it became #8"


def test_a_stop_that_is_set_off_at_once(lob):
    lob("buy 100 10", "sell 100 5")
    assert lob("stop sell 100 3").splitlines() == [
        "#3 stop, sell 3 at market from $100.00 - the last trade is there already, so it's set off",
        "  stop #3 set off: #4 sell 3 at market - filled: 3 filled; average price $100.0000",
        "    trade 2: 3 at $100.00, #1 buys from #4",
    ]
    assert "stop #5 set off: #6 buy 9 at $101.00 fok - cancelled\n" in lob(
        "stoplimit buy 99 101 9 fok"
    )


def test_the_end_of_a_cascade_is_told(lob):
    for at in range(130):
        lob(f"sell {money(1000 + at)} 1", f"stop buy {money(1000 + at)} 1")
    shown = lob("market buy 1")
    assert "set each other off more than 100 times" in shown
    assert shown.count("set off:") == 100
    assert lob.exchange.pending_stop_count() == 30


# ---- views -------------------------------------------------------------------------------------


def test_the_book_is_drawn(lob):
    assert lob("book") == "  the book is empty\n"
    lines = lob(*LADDER, "b").splitlines()
    assert [line[:32] for line in lines] == [
        "         price  quantity  orders",
        "  ask  $102.00        30       1",
        "  ask  $101.50        20       1",
        "  ask  $101.00        50       1",
        "  ── spread $0.50 · mid $100.75 ",
        "  bid  $100.50        40       1",
    ]
    assert max(map(len, lines)) <= 79
    bars = [line.count("█") for line in lines if "$10" in line and "mid" not in line]
    assert bars == [27, 18, 45, 36]


def test_depth_says_what_it_leaves_out(lob):
    lines = lob(*LADDER, "market buy 1", "depth 1").splitlines()
    assert lines[1] == "       and 2 more levels with 50"
    assert "last trade $101.00" in lines[3]
    assert len(lob("depth").splitlines()) == 6


def test_a_book_of_one_side(lob):
    assert "no bids" in lob("sell 1 1", "book").splitlines()[-1]
    assert "no asks, last" not in lob("book")
    assert "no asks" in lob("clear", "buy 1.01 1", "book").splitlines()[1]


def test_a_book_in_ascii():
    lob = Typist("ascii")
    shown = lob(*LADDER, "market buy 1", "book")
    assert "spread $0.50, mid $100.75, last trade $101.00 --" in shown
    assert "#" * 20 in shown


def test_the_middle_of_a_book_may_be_half_a_cent(lob):
    assert "mid $100.005" in lob("buy 100 1", "sell 100.01 1", "book")


def test_prices_from_python_may_be_negative(lob):
    lob.exchange.submit_limit("buy", -1, 2**62)
    lob.exchange.submit_limit("sell", 0, 2**61)
    shown = lob("book")
    assert "$-0.01" in shown
    assert "mid $-0.005" in shown


def test_status_of_an_order(lob):
    lob("buy 100.50 100", "buy 100.50 7", "sell 100.50 35")
    assert lob("s 1").splitlines() == [
        "order #1",
        "  side           buy",
        "  price          $100.50",
        "  quantity       100 (35 filled, 65 remaining)",
        "  status         partly filled",
        "  time in force  gtc",
        "  ahead of it    0 orders with 0 at its price",
    ]
    assert "1 order with 65 at its price" in lob("status 2")
    assert "price          market" in lob("market buy 1", "status 4")
    assert lob.refused("status 9") == "there is no order #9"


def test_status_of_a_stop(lob):
    lob("buy 100 9", "trail sell 95 10 fixed 2.5 limit 90 ioc", "sell 100 1")
    assert lob("status 2").splitlines() == [
        "stop #2",
        "  side           sell",
        "  stop price     $97.50",
        "  then           limit order at $90.00",
        "  trail          fixed 2.50",
        "  best price     $100.00",
        "  quantity       10",
        "  status         pending",
        "  time in force  ioc",
    ]


def test_owners_and_tags_from_python_are_shown(lob):
    lob.exchange.submit_limit("buy", 100, 5, owner=3, tag=8)
    shown = lob("status 1")
    assert "owner          3" in shown
    assert "tag            8" in shown
    assert lob("events").split() == ["1", "buy", "1.00", "5", "gtc", "[owner", "3,", "tag", "8]"]


def test_lists(lob):
    assert lob("orders") == "no orders in the book\n"
    assert lob("stops") == "no stops wait\n"
    assert lob("trades") == "no trades yet\n"
    assert lob("events") == "no messages yet\n"
    lob(*LADDER, "market buy 60", "stop buy 110 5", "trail sell 90 5 pct 5 limit 89")
    assert lob("orders").splitlines() == [
        "  order  side    price  left  of  time in force",
        "     #2  sell  $101.50    10  20  gtc",
        "     #3  sell  $102.00    30  30  gtc",
        "     #4  buy   $100.50    40  40  gtc",
    ]
    assert lob("stops").splitlines() == [
        "  stop  side     from  quantity          at  trail",
        "    #6  buy   $110.00         5      market",
        "    #7  sell   $90.00         5  $89.00 gtc  pct 5",
    ]
    assert lob("t 1").splitlines() == [
        "  trade    price  quantity  buyer  seller  set off by",
        "      2  $101.50        10     #5      #2  buy",
        "  and 1 before",
    ]
    assert lob("events 2").splitlines() == [
        "  6  stop buy 110.00 5",
        "  7  trail sell 90.00 5 pct 5 limit 89.00 gtc",
        "  and 5 before",
    ]


def test_twenty_rows_are_shown_unless_asked_otherwise(lob):
    lob(*(["buy 1 1"] * 25))
    for view in ("orders", "events"):
        assert lob(view).splitlines()[-1] == "  and 5 before"
        assert "before" not in lob(f"{view} 25")


def test_the_log_can_be_typed_again(lob):
    lob(*LADDER, "stop sell 100.5 10", "stoplimit buy 101 103 5 ioc", "buy 101 50")
    lob("trail sell 99.5 3 fixed 0.25", "trail buy 110 3 pct 2.5 limit 120 fok")
    lob("trail sell 90 3 atr 1.5 4", "modify 3 100.75 30", "reduce 4 1", "c 2", "market sell 90")
    lob("buy 0.01 1", "sell 150 5 fok")
    again = Typist()
    for line in lob("events 99").splitlines():
        again(line.split(maxsplit=1)[1])
    assert again.exchange == lob.exchange
    assert again.exchange.trades() == lob.exchange.trades()


def test_what_cannot_be_typed_stands_in_brackets(lob):
    lob.exchange.submit_limit("buy", 100, 5, post_only=True)
    lob.exchange.cancel_all("buy")
    lob.exchange.self_trade_prevention = "cancel_oldest"
    assert [line.split(maxsplit=1)[1] for line in lob("events").splitlines()] == [
        "buy 1.00 5 gtc  [post only]",
        "[cancel all buy]",
        "[self-trade prevention: cancel_oldest]",
    ]


# ---- words -------------------------------------------------------------------------------------


@given(st.integers(1, 2**63 - 1))
def test_every_price_that_is_shown_can_be_typed(cents):
    assert Words(money(cents)).price() == cents
    assert Words(money(cents, "")).price() == cents


@pytest.mark.parametrize(
    ("word", "cents"),
    [("1", 100), ("1.", 100), (".5", 50), ("+1.5", 150), ("$1.50000", 150), ("007", 700)],
)
def test_prices_are_plain_decimals(word, cents):
    assert Words(word).price() == cents


@pytest.mark.parametrize(
    "word",
    ["x", "nan", "inf", "-inf", "1e2", "-1", "1,5", "1_0", "0x10", "1.2.3", ".", "$", "٣", "1/3"],
)
def test_other_words_are_no_price(lob, word):
    expected = f"price must be in dollars, such as 100.50, got {word!r}"
    assert lob.refused(f"buy {word} 5") == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("buy 1.005 5", "price must be a whole number of cents, got '1.005'"),
        ("buy 1.0000000000000000000000000000000000001 5", "price must be a whole number of cents"),
        ("sell 0.00 5", "price must be above zero, got '0.00'"),
        ("sell 92233720368547758.08 5", "price must be at most $92233720368547758.07"),
        (f"sell {'9' * 5000} 5", "price must be at most"),
        ("buy 1 0", "quantity must be a whole number from 1 on, got '0'"),
        ("buy 1 -5", "quantity must be a whole number from 1 on, got '-5'"),
        ("buy 1 1.5", "quantity must be a whole number from 1 on, got '1.5'"),
        ("buy 1 9223372036854775808", "quantity must be at most 9223372036854775807"),
        (f"buy 1 {'9' * 5000}", "quantity must be at most 9223372036854775807"),
        ("buy 1 5 day", "time in force must be gtc, ioc or fok, got 'day'"),
        ("buy 1", "usage: buy PRICE QUANTITY [gtc|ioc|fok]"),
        ("buy 1 5 gtc please", "usage: buy PRICE QUANTITY [gtc|ioc|fok]"),
        ("market hold 5", "side must be buy, b, sell or s, got 'hold'"),
        ("market buy", "usage: market SIDE QUANTITY"),
        ("stop buy x 5", "stop price must be in dollars"),
        ("stop x 1 5", "side must be"),
        ("stop buy 1 x", "quantity must be"),
        ("stoplimit buy 1 x 5", "limit price must be in dollars"),
        ("stoplimit buy 1 2 5 x", "time in force must be"),
        ("trail sell 95 10 slowly 3", "the way to trail must be fixed, pct, percent"),
        ("trail sell 95 10 fixed", "usage: trail SIDE STOP QUANTITY HOW"),
        ("trail sell 95 10 fixed 0.001", "distance must be a whole number of cents"),
        ("trail sell 95 10 pct 0", "percentage must be a number above zero"),
        ("trail sell 95 10 pct nan", "percentage must be a number above zero"),
        (f"trail sell 95 10 pct {'9' * 400}", "percentage must be a number above zero"),
        (f"trail sell 95 10 pct 0.{'0' * 400}1", "percentage must be a number above zero"),
        ("trail sell 95 10 atr 3", "usage: trail SIDE STOP QUANTITY HOW"),
        ("trail sell 95 10 atr 3% 14", "multiple must be a number above zero"),
        ("trail sell 95 10 atr 3 0", "period must be a whole number from 1 on"),
        ("trail sell 95 10 atr 3 2147483648", "period must be at most 2147483647"),
        ("trail sell 95 10 fixed 1 ioc", "usage: trail"),
        ("trail sell 95 10 fixed 1 limit", "usage: trail"),
        ("trail sell 95 10 fixed 1 limit 1 ioc x", "usage: trail"),
        ("trail sell 95 10 fixed 1 limit x", "limit price must be in dollars"),
        ("cancel", "usage: cancel ID"),
        ("cancel x", "order id must be a whole number from 1 on, got 'x'"),
        ("reduce 1 x", "quantity must be a whole number"),
        ("status -1", "order id must be a whole number from 1 on, got '-1'"),
        ("depth 0", "number of levels must be a whole number from 1 on"),
        ("trades many", "number of rows must be a whole number from 1 on"),
        ("book now", "usage: book"),
        ("save", "usage: save FILE"),
        ("load", "usage: load FILE"),
        ("process", "usage: process FILE"),
        ("frobnicate", "there is no command 'frobnicate'; help lists them all"),
        ("Cancle 3", "there is no command 'cancle'; did you mean cancel?"),
        ("help frobnicate", "there is no command 'frobnicate'"),
    ],
)
def test_what_is_wrong_is_said(lob, line, message):
    assert lob.refused(line).startswith(message)


def test_what_the_exchange_refuses_is_said(lob):
    lob(f"buy 1 {2**63 - 1}")
    assert "below 2**63" in lob.refused("buy 1 1")
    assert "below 2**63" in lob.refused("stop buy 1 1")


def test_blank_lines_and_comments_do_nothing(lob):
    assert lob("", "   ", "\t", "# buy 1 1", "#buy 1 1") == ""
    assert lob("\tBuy\t1\t1  ") == "#1 buy 1 at $1.00 gtc - new: 1 resting\n"


def test_help(lob):
    shown = lob("help")
    assert shown == lob("?") == lob("h")
    for command in COMMANDS:
        assert f"  {command.usage}" in shown
        assert all(f", {alias}" in shown for alias in command.aliases)
        more = help_lines(command.name)
        assert more[0] == command.usage
        assert max(map(len, more)) <= 79
    assert max(map(len, shown.splitlines())) <= 79
    assert "atr MULTIPLE PERIOD" in lob("help TRAIL")
    assert "CENTS" in lob("help process")


def test_every_command_is_there():
    words = {word for each in COMMANDS for word in (each.name, *each.aliases)}
    of_the_original = ("buy", "sell", "market", "stop", "stoplimit", "cancel", "c", "status", "s")
    of_the_original += ("book", "b", "trades", "t", "save", "load", "clear", "help", "h", "?")
    of_the_original += ("quit", "exit", "q")
    ours = {"modify", "reduce", "trail", "depth", "events", "orders", "stops", "process"}
    assert words == ours.union(of_the_original)
    assert all(hasattr(Session, f"_{each.name}") for each in COMMANDS if each.name != "quit")


@pytest.mark.parametrize("word", ["quit", "EXIT", "q"])
def test_quit(lob, word):
    assert lob.session.do(word) is False
    assert lob.session.do("help") is True


def test_clear_begins_again(lob):
    lob(*LADDER, "stop sell 1 1", "clear")
    assert lob("buy 1 1").startswith("#1 ")
    assert lob.exchange.pending_stop_count() == 0


# ---- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["book.jsonl", "book.jsonl.gz", "book.npz", "a book", "'q'"])
def test_save_and_load(lob, tmp_path, name):
    lob(*LADDER, "stop sell 100 5", "trail sell 99 5 pct 2.5", "market buy 60", "c 4")
    path = tmp_path / name
    quoted = f'"{path}"' if "'" in name else path
    assert lob(f"save {quoted}") == f"saved to {path}\n"
    assert path.exists()
    other = Typist()
    assert other("buy 1 1", f"load {quoted}") == (
        f"loaded {path}: 5 orders, 2 of them in the book, 2 stops waiting, 2 trades\n"
    )
    assert other.exchange == lob.exchange
    assert other("market buy 1").splitlines()[1].startswith("  trade 3: ")
    assert len(other("market buy 1").splitlines()) == 2


def test_a_file_that_cannot_be_loaded_changes_nothing(lob, tmp_path):
    lob("buy 1 1")
    path = tmp_path / "bad.jsonl"
    assert lob.refused(f"load {path}").startswith(f"{path}")
    path.write_text("nonsense\n")
    assert str(path) in lob.refused(f"load {path}")
    assert lob.refused(f"save {tmp_path / 'no' / 'such' / 'folder'}")
    assert "zero byte" in lob.refused("load a\0b")
    assert lob.refused("load ~nobody-of-this-name/x")
    assert lob.exchange.best_bid() == 100


def messages():
    return pd.DataFrame(
        {
            "kind": ["limit", "limit", "stop_market", "market", "cancel"],
            "side": ["buy", "buy", "sell", "sell", None],
            "price": [10000, 9900, None, None, None],
            "quantity": [5, 5, 2, 5, None],
            "stop_price": [None, None, 10000, None, None],
            "order_id": [None, None, None, None, 1],
        }
    )


@pytest.mark.parametrize("name", ["m.csv", "m.csv.gz", "m.parquet"])
def test_process(lob, tmp_path, name):
    path = tmp_path / name
    if name.endswith("parquet"):
        messages().to_parquet(path)
    else:
        messages().to_csv(path, index=False)
    shown = lob(f"process {path}").splitlines()
    assert shown[0] == "5 messages, 2 trades of 7 altogether, 1 stop set off"
    assert shown[1] == "  refused: 1 OrderNotActive"
    assert shown[-1].startswith("  bid  $99.00         3       1")
    assert lob("market sell 1").splitlines()[1].startswith("  trade 3: ")


@pytest.mark.parametrize("name", ["m.csv", "m.parquet"])
def test_the_log_of_one_exchange_can_be_processed_by_another(lob, tmp_path, name):
    lob(*LADDER, "stop sell 100 5", "trail sell 99 5 pct 2.5 limit 98", "market buy 60", "c 4")
    lob.exchange.submit_limit("buy", 2**53 + 1, 1)
    path = tmp_path / name
    frame = lob.exchange.events_frame()
    frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(path)
    other = Typist()
    other(f"process {path}")
    assert other.exchange == lob.exchange


def test_integers_beside_gaps_stay_exact(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(f"kind,side,price,quantity\nlimit,buy,{2**53 + 1},1\nmarket,sell,,1\n")
    assert read_messages(path)["price"][0] == 2**53 + 1


def test_what_is_wrong_with_a_file_is_said(lob, tmp_path):
    def refused(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        message = lob.refused(f"process {path}")
        assert message.startswith(str(path))
        return message.removeprefix(str(path))

    assert "there is no such file" in lob.refused("process no-such.csv")
    assert "must be a .csv, .csv.gz or .parquet file" in refused("m.txt", b"kind\n")
    assert "isn't a csv file" in refused("m.csv", b"")
    assert "isn't a csv file" in refused("n.csv", b"kind,side\n1,2,3,4\n1\n5,6,7,8,9\n")
    assert "isn't a csv file" in refused("o.csv", b"kind\n\xff\xfe\n")
    assert "isn't a csv file" in refused("o.csv.gz", b"kind\nlimit\n")
    assert "isn't a parquet file" in refused("m.parquet", b"PAR1 it is not")
    assert "has no rows" in refused("p.csv", b"kind,side,price,quantity\n")
    assert "must have a column 'kind'" in refused("q.csv", b"side,price\nbuy,1\n")
    text = b"kind,side,price,quantity\nlimit,buy,100.5,1\n"
    assert "price of row 0 must be a whole number, got 100.5" in refused("r.csv", text)
    text = b"kind,side,price,quantity\nlimit,buy,100,1\nlimit,hold,100,1\n"
    assert "side of row 1" in refused("s.csv", text)
    assert len(lob.exchange.event_log()) == 0


def test_the_end_of_a_cascade_in_a_file_is_told(lob, tmp_path):
    rows = [("limit", "sell", 1000 + at, None, 1) for at in range(130)]
    rows += [("stop_market", "buy", None, 1000 + at, 1) for at in range(130)]
    frame = pd.DataFrame(rows, columns=["kind", "side", "price", "stop_price", "quantity"])
    frame.loc[len(frame)] = ["market", "buy", None, None, 1]
    frame.to_csv(tmp_path / "m.csv", index=False)
    assert "set each other off more than 100 times" in lob(f"process {tmp_path / 'm.csv'}")


# ---- scripts -----------------------------------------------------------------------------------


def script(text, *words):
    """Run a script in this process; return the exit code."""
    from nanobook.cli.main import run

    before, sys.stdin = sys.stdin, io.StringIO(text)
    try:
        return run(["lob", *words])
    finally:
        sys.stdin = before


def test_a_script_shows_results_only(capsys):
    assert script("# one order\nbuy 1 1\n\nquit\nbuy 2 2\n") == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("#1 buy 1 at $1.00 gtc - new: 1 resting\n", "")


def test_a_script_goes_on_after_an_error(capsys):
    assert script("buy 1 1\ncancel 7\nbuy 1 2") == 0
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 2
    assert shown.err == "lob: line 2: there is no order #7\n"


def test_a_strict_script_ends_at_the_first_error(capsys):
    assert script("buy 1 1\nbuy x 2\nbuy 1 2\n", "--strict") == 1
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 1
    assert shown.err == "lob: line 2: price must be in dollars, such as 100.50, got 'x'\n"
    assert script("load no-such.jsonl\n", "--strict") == 1
    assert "no-such.jsonl" in capsys.readouterr().err


def test_a_strict_script_without_errors_ends_well(capsys):
    assert script("", "--strict") == 0
    assert script("buy 1 1\nbuy 1 1 fok\nmarket sell 5\n", "--strict") == 0
    assert capsys.readouterr().err == ""


def test_the_command_of_its_own_is_the_same(capsys):
    assert console.run(["--help"]) == 0
    assert "--strict" in capsys.readouterr().out
    assert console.run(["--frobnicate"]) == 2
    assert "--frobnicate" in capsys.readouterr().err


def test_scripts_and_help_load_only_what_they_need():
    code = (
        "import io, sys; from nanobook.cli.lob import run\n"
        "code = run(['--help'])\n"
        "sys.stdin = io.StringIO('help\\nfrobnicate\\nbuy x 1\\nclear\\nquit\\n')\n"
        "code += run([])\n"
        "heavy = {'numba', 'numpy', 'pandas', 'arch', 'matplotlib', 'cvxpy', 'scipy'}\n"
        "print(code, sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_the_shell_sees_both_streams_and_the_exit_code():
    done = subprocess.run(
        [sys.executable, "-m", "nanobook", "lob", "--strict"],
        input=b"sell 1 5\nmarket buy 2\n\xff\xfe\nbook\n",
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 1
    assert done.stdout.decode().splitlines() == [
        "#1 sell 5 at $1.00 gtc - new: 5 resting",
        "#2 buy 2 at market - filled: 2 filled; average price $1.0000",
        "  trade 1: 2 at $1.00, #2 buys from #1",
    ]
    assert done.stderr.startswith(b"lob: line 3: there is no command")


# ---- a terminal --------------------------------------------------------------------------------


START = "import sys; from nanobook.cli.lob import run; sys.exit(run())"


class Terminal:
    """The console in a pseudo-terminal; what it shows comes without its colours."""

    def __init__(self, *words, columns=80):
        import fcntl
        import pty
        import struct
        import termios

        self.end, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        names = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE")
        clean = {name: value for name, value in os.environ.items() if name not in names}
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, *words],
            stdin=end,
            stdout=end,
            stderr=end,
            env=clean | {"TERM": "xterm-256color", "INPUTRC": "/dev/null"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(end)
        self.raw, self.seen = b"", 0

    @property
    def text(self):
        text = self.raw.decode(errors="replace").replace("\r", "")
        return re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", text)

    def until(self, part, seconds=120):
        """Read on until something is shown; return what is new up to there."""
        import select

        ends = time.monotonic() + seconds
        while part not in self.text[self.seen :]:
            ready, _, _ = select.select([self.end], [], [], max(0, ends - time.monotonic()))
            assert ready, f"{part!r} wasn't shown, but {self.text[self.seen :]!r}"
            try:
                self.raw += os.read(self.end, 65536)
            except OSError:  # Linux says so when the other end has closed
                raise AssertionError(f"it ended: {self.text[self.seen :]!r}") from None
        start = self.seen
        self.seen = start + self.text[start:].index(part) + len(part)
        return self.text[start : self.seen]

    def send(self, text):
        os.write(self.end, text.encode())

    def type(self, line):
        """Type a line; return what is shown until the next prompt."""
        self.send(line + "\n")
        return self.until("\nlob> ")

    def code(self):
        """Return its exit code once it has ended."""
        return self.process.wait(60)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.end)


@pytest.fixture
def terminal():
    pytest.importorskip("termios")
    pytest.importorskip("readline")
    opened = []

    def make(*words, **options):
        opened.append(Terminal(*words, **options))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def test_every_command_in_a_terminal(terminal, tmp_path):
    screen = terminal("--history", str(tmp_path / "history"))
    assert "Type help" in screen.until("lob> ")
    messages().to_csv(tmp_path / "m.csv", index=False)
    for line, part in [
        ("help", "a stop that follows the price"),
        ("sell 101 50", "#1 sell 50 at $101.00 gtc - new: 50 resting"),
        ("BUY 100 40 gtc", "#2 buy 40"),
        ("market buy 20", "average price $101.0000"),
        ("stop sell 99 5", "#4 stop, sell 5 at market from $99.00 - waits"),
        ("stoplimit buy 105 106 5 ioc", "waits"),
        ("trail sell 98 5 fixed 1.00", "trailing fixed 1.00 - waits"),
        ("modify 2 100.5 30", "#7 buy 30 at $100.50 gtc, in place of #2"),
        ("reduce 7 5", "25 left"),
        ("cancel 4", "stop #4 cancelled"),
        ("status 7", "quantity       25 (0 filled, 25 remaining)"),
        ("book", "spread $0.50 · mid $100.75 · last trade $101.00"),
        ("depth 1", "█"),
        ("trades", "#3      #1"),
        ("orders", "#7  buy"),
        ("stops", "$98.00         5       market  fixed 1.00"),
        ("events 1", "cancel 4"),
        (f"save {tmp_path / 'book.jsonl'}", "saved to"),
        ("clear", "begun again"),
        (f"load {tmp_path / 'book.jsonl'}", "2 of them in the book, 2 stops waiting, 1 trade"),
        (f"process {tmp_path / 'm.csv'}", "5 messages, "),
        ("# a comment", ""),
        ("", ""),
        # errors
        ("frob", "there is no command 'frob'"),
        ("buy 1", "usage: buy PRICE"),
        ("sell x 1", "price must be in dollars"),
        ("sell 1 x", "quantity must be"),
        ("sell 1 1 x", "time in force must be"),
        ("market x 1", "side must be"),
        ("stop buy x 1", "stop price must be"),
        ("stoplimit buy 1 x 1", "limit price must be"),
        ("trail buy 1 1 x 1", "the way to trail must be"),
        ("cancel x", "order id must be"),
        ("cancel 99", "there is no order #99"),
        ("modify 99 1 1", "there is no order #99"),
        ("reduce 99 1", "there is no order #99"),
        ("status 99", "there is no order #99"),
        ("load no-such-file.jsonl", "no-such-file.jsonl"),
        (f"save {tmp_path / 'no' / 'folder'}", "No such file"),
        ("process no-such-file.csv", "there is no such file"),
    ]:
        shown = screen.type(line).partition("\n")[2]  # without the line itself
        assert part in shown, (line, shown)
        assert "Traceback" not in shown
    assert b"\x1b[31m" in screen.raw  # asks, and errors, are red
    screen.send("quit\n")
    assert screen.code() == 0
    assert (tmp_path / "history").read_text().splitlines()[:2] == ["help", "sell 101 50"]


def test_keys_in_a_terminal(terminal):
    screen = terminal(columns=120)
    screen.until("lob> ")
    screen.send("buy 5 5")
    screen.until("buy 5 5")
    time.sleep(0.3)  # Python's line editor misses a signal that comes while it handles a key
    screen.send("\x03")  # Ctrl-C gives the line up
    screen.until("\nlob> ")
    assert "#1 sell 7" in screen.type("sell 5 7")
    screen.send("\x1b[A\n")  # the arrow recalls it
    assert "#2 sell 7" in screen.until("\nlob> ")
    screen.send("boo\t\n")
    assert "no bids" in screen.until("\nlob> ")
    screen.send("\x04")  # Ctrl-D ends
    assert screen.code() == 0
    assert "Traceback" not in screen.text


def test_a_strict_terminal_ends_at_the_first_error(terminal):
    screen = terminal("--strict")
    screen.until("lob> ")
    screen.send("frob\n")
    screen.until("there is no command 'frob'")
    assert screen.code() == 1


def test_completion(tmp_path, monkeypatch):
    (tmp_path / "a book.jsonl").write_text("")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)

    def complete(line, word):
        found = (console._completions(line, word, at) for at in range(99))
        return [text for text in found if text is not None]

    assert complete("st", "st") == ["stop ", "stoplimit ", "status ", "stops "]
    assert complete("help tr", "tr") == ["trail ", "trades "]
    assert complete("load f", "f") == ["folder/"]
    assert complete("buy 1", "1") == []
    assert len(complete("", "")) == len(COMMANDS)


def test_an_interrupt_waits_for_the_command_that_runs():
    import signal

    done = []

    def interrupted():
        with console._uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append(True)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored here
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert done
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_errors_of_pandas_do_not_reach_the_user(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text('kind,side\n"limit,buy\n')
    with pytest.raises((FileFormatError, ValidationError)):
        read_messages(path)
