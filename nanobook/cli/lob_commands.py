"""What the order book console can be told: names, arguments, and what each does."""

from difflib import get_close_matches
from typing import NamedTuple

from nanobook.errors import ValidationError

__all__ = ["COMMANDS", "Command", "find", "help_lines"]


class Command(NamedTuple):
    """A command: its name and other names, its arguments, and a line or more about it."""

    name: str
    aliases: tuple
    arguments: str
    least: int  # words it needs
    most: int | None  # words it takes, None for a path
    about: str
    more: str = ""

    @property
    def usage(self):
        """Its name and arguments, as one types them."""
        return f"{self.name} {self.arguments}".strip()


_TIF = "[gtc|ioc|fok]"
_LIMIT = "What is left waits in the book (gtc) or goes (ioc); fok is all or nothing."

_GROUPS = {
    "orders": (
        Command("buy", (), f"PRICE QUANTITY {_TIF}", 2, 3, "buy at PRICE or lower", _LIMIT),
        Command("sell", (), f"PRICE QUANTITY {_TIF}", 2, 3, "sell at PRICE or higher", _LIMIT),
        Command("market", (), "SIDE QUANTITY", 2, 2, "trade at any price, now"),
        Command(
            *("stop", (), "SIDE STOP QUANTITY", 3, 3),
            "a market order once a trade is at STOP",
        ),
        Command(
            *("stoplimit", (), f"SIDE STOP LIMIT QUANTITY {_TIF}", 4, 5),
            "a limit order once a trade is at STOP",
        ),
        Command(
            *("trail", (), f"SIDE STOP QUANTITY HOW [limit PRICE {_TIF}]", 5, 9),
            "a stop that follows the price",
            "It begins at STOP and never turns back. HOW says how far behind the best price\n"
            "since then it stays:\n"
            "  fixed DOLLARS         so many dollars\n"
            "  pct PERCENT           so many percent of that price, say pct 2.5\n"
            "  atr MULTIPLE PERIOD   so many times the average of the last PERIOD changes\n"
            "                        from one trade price to the next\n"
            "  wilder MULTIPLE PERIOD   so many times Wilder's average true range over\n"
            "                        PERIOD bars of 100 trades each\n"
            "It becomes a market order, or with a limit, which stays put, a limit order.\n"
            "For example: trail sell 95 100 fixed 2.50\n"
            "             trail sell 95 100 atr 3 14 limit 90 ioc",
        ),
        Command("modify", (), "ID PRICE QUANTITY", 3, 3, "replace an order by a new one"),
        Command("reduce", (), "ID QUANTITY", 2, 2, "make an order smaller; it keeps its place"),
        Command("cancel", ("c",), "ID", 1, 1, "cancel an order or a stop"),
    ),
    "views": (
        Command("book", ("b",), "", 0, 0, "draw the ten best levels of both sides"),
        Command("depth", (), "[N]", 0, 1, "draw the N best levels, or all"),
        Command("status", ("s",), "ID", 1, 1, "how an order or a stop stands"),
        Command("orders", (), "[N]", 0, 1, "the newest 20, or N, orders in the book"),
        Command("stops", (), "[N]", 0, 1, "the newest 20, or N, stops that wait"),
        Command("trades", ("t",), "[N]", 0, 1, "the newest 20, or N, trades"),
        Command("events", (), "[N]", 0, 1, "the newest 20, or N, messages to the book"),
    ),
    "files": (
        Command(
            *("process", (), "FILE", 1, None),
            "run messages from a csv or parquet file",
            "A row per message, as nanobook.Exchange.process takes them. The columns, as far\n"
            "as they are used: kind (limit, market, cancel, modify, reduce, cancel_all,\n"
            "stop_market, stop_limit, trailing_stop_market, trailing_stop_limit or bars),\n"
            "side, price, quantity, tif, order_id, stop_price, trail_type, trail_value,\n"
            "atr_period, owner, tag, post_only.\n"
            "Prices in files are whole CENTS: 10050 is $100.50.",
        ),
        Command(
            *("save", (), "FILE", 1, None),
            "write the book and its history to a file",
            "FILE.npz is an array, anything else JSON Lines; a further .gz compresses those.",
        ),
        Command("load", (), "FILE", 1, None, "read it back in place of what is here"),
    ),
    "console": (
        Command("clear", (), "", 0, 0, "begin again with an empty book"),
        Command("help", ("h", "?"), "[COMMAND]", 0, 1, "this list, or more about a command"),
        Command("quit", ("exit", "q"), "", 0, 0, "leave"),
    ),
}

#: Every command, in the order that help lists them.
COMMANDS = [command for group in _GROUPS.values() for command in group]

_BY_WORD = {word: each for each in COMMANDS for word in (each.name, *each.aliases)}


def find(word):
    """Return the command that a word names.

    Parameters
    ----------
    word : str
        A name or one of the other names, in any case.

    Returns
    -------
    Command
        The command.

    Raises
    ------
    ValidationError
        If there's none; the text tells of one that is spelled nearly so.
    """
    word = word.lower()
    if word in _BY_WORD:
        return _BY_WORD[word]
    near = get_close_matches(word, _BY_WORD, 1)
    hint = f"did you mean {near[0]}?" if near else "help lists them all"
    raise ValidationError(f"there is no command {word!r}; {hint}")


def help_lines(word=""):
    """Return what help says.

    Parameters
    ----------
    word : str, default ""
        A command, for more about it; by default all are listed.

    Returns
    -------
    list of str
        Lines.
    """
    if word:
        command = find(word)
        also = f" (also {', '.join(command.aliases)})" if command.aliases else ""
        return [
            command.usage,
            f"{command.about[0].upper()}{command.about[1:]}{also}.",
            *(command.more.splitlines()),
        ]
    lines = []
    for name, group in _GROUPS.items():
        lines.append(f"{name}:")
        for command in group:
            names = ", ".join((command.usage, *command.aliases))
            if len(names) > 34:
                lines.append(f"  {names}")
                names = ""
            lines.append(f"  {names:<34} {command.about}")
    return [
        *lines,
        "Prices are in dollars: 100.50. SIDE is buy or sell. Words may be in any case.",
        "A line that begins with # is a comment. help COMMAND says more.",
    ]
