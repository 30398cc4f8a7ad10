"""The words of a line typed into the order book console, read one by one from the left."""

import re
from decimal import Context, Decimal

from nanobook.errors import ValidationError

__all__ = ["Words", "average", "money", "plural", "status_text"]

_SIDES = {"buy": "buy", "b": "buy", "sell": "sell", "s": "sell"}
_TIFS = ("gtc", "ioc", "fok")
_MOST = 2**63 - 1
_DECIMAL = re.compile(r"\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_WHOLE = re.compile(r"\+?[0-9]+")


class Words:
    """What follows a command; each method takes the next word off the left.

    What can't be read raises a ValidationError that says what was expected in its place.
    """

    def __init__(self, text):
        self.text = text.strip()
        self._left = self.text.split()

    def __len__(self):
        return len(self._left)

    def word(self):
        """Take a word as it stands, in lower case.

        Returns
        -------
        str
            Empty if none is left.
        """
        return self._left.pop(0).lower() if self._left else ""

    def choice(self, name, known):
        """Take a word that has a meaning.

        Parameters
        ----------
        name : str
            What it's for.
        known : dict of str to str
            Meanings by word.

        Returns
        -------
        str
            The meaning.

        Raises
        ------
        ValidationError
            If the word isn't known.
        """
        word = self.word()
        if word not in known:
            raise ValidationError(f"{name} must be {_listed(known)}, got {word!r}")
        return known[word]

    def side(self):
        """Take a side.

        Returns
        -------
        str
            buy or sell.
        """
        return self.choice("side", _SIDES)

    def tif(self):
        """Take a time in force, if a word is left.

        Returns
        -------
        str
            gtc, ioc or fok; gtc if no word is left.
        """
        return self.choice("time in force", dict(zip(_TIFS, _TIFS, strict=True))) if self else "gtc"

    def price(self, name="price"):
        """Take a price in dollars.

        Parameters
        ----------
        name : str, default "price"
            What it's for.

        Returns
        -------
        int
            In cents, at least 1.

        Raises
        ------
        ValidationError
            If it isn't a decimal number, isn't positive, has a fraction of a cent, or is out of
            the range of prices.
        """
        word = self.word()
        cents = _decimal(word.removeprefix("$"), 100)
        if cents is None:
            raise ValidationError(f"{name} must be in dollars, such as 100.50, got {word!r}")
        if cents <= 0:
            raise ValidationError(f"{name} must be above zero, got {word!r}")
        if cents > _MOST:
            raise ValidationError(f"{name} must be at most {money(_MOST)}, got {word!r}")
        if cents != int(cents):
            raise ValidationError(f"{name} must be a whole number of cents, got {word!r}")
        return int(cents)

    def fraction(self, name, divisor=1):
        """Take a positive decimal number that may end in a percent sign.

        Parameters
        ----------
        name : str
            What it's for.
        divisor : int, default 1
            What it's divided by: 100 for a percentage, and only then may there be the sign.

        Returns
        -------
        float
            The number divided.

        Raises
        ------
        ValidationError
            If it's no such number.
        """
        word = self.word()
        value = _decimal(word.removesuffix("%") if divisor == 100 else word)
        if value is None or not 0 < float(value / divisor) < float("inf"):
            raise ValidationError(f"{name} must be a number above zero, such as 2.5, got {word!r}")
        return float(value / divisor)

    def count(self, name="quantity", most=_MOST):
        """Take a whole number from 1 on.

        Parameters
        ----------
        name : str, default "quantity"
            What it's for.
        most : int, default 9223372036854775807
            What it may be at most.

        Returns
        -------
        int
            The number.

        Raises
        ------
        ValidationError
            If it's no such number, or too big.
        """
        word = self.word()
        digits = word.removeprefix("+").lstrip("0")
        if not _WHOLE.fullmatch(word) or not digits:
            raise ValidationError(f"{name} must be a whole number from 1 on, got {word!r}")
        if len(digits) > 19 or int(digits) > most:
            raise ValidationError(f"{name} must be at most {most}, got {word!r}")
        return int(digits)

    def order_id(self):
        """Take the id of an order, with or without # before it.

        Returns
        -------
        int
            At least 1.
        """
        if self._left:
            self._left[0] = self._left[0].removeprefix("#")
        return self.count("order id")

    def path(self):
        """Take all that is left as the path of a file; it may hold blanks or stand in quotes.

        Returns
        -------
        Path
            With ~ as the user's folder.

        Raises
        ------
        ValidationError
            If there's no such user.
        """
        from pathlib import Path

        text, self._left = self.text, []
        if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
            text = text[1:-1]
        if "\0" in text:
            raise ValidationError(f"a path can't have a zero byte, got {text!r}")
        try:
            return Path(text).expanduser()
        except RuntimeError as error:
            raise ValidationError(f"{text}: {error}") from None


def _decimal(word, factor=1):
    """Return a plain decimal number times a factor, exactly, or None if it isn't one."""
    if not _DECIMAL.fullmatch(word):
        return None
    return Context(prec=len(word) + 4).multiply(Decimal(word), factor)


def _listed(words):
    *first, last = words
    return f"{', '.join(first)} or {last}"


def money(cents, sign="$"):
    """Return a price as text.

    Parameters
    ----------
    cents : int
        The price.
    sign : str, default "$"
        What stands before it.

    Returns
    -------
    str
        Such as $100.50 or $-0.05.
    """
    units, rest = divmod(abs(cents), 100)
    return f"{sign}{'-' if cents < 0 else ''}{units}.{rest:02d}"


def plural(count, noun):
    """Return how many there are of something.

    Parameters
    ----------
    count : int
        How many.
    noun : str
        One of them; more take an s.

    Returns
    -------
    str
        Such as "1 trade" or "1,200 trades".
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def average(trades):
    """Return the average price of trades, weighted by quantity, as text.

    Parameters
    ----------
    trades : list of Trade
        At least one.

    Returns
    -------
    str
        With four decimals, half rounded away from zero.
    """
    quantity = sum(trade.quantity for trade in trades)
    notional = sum(trade.price * trade.quantity for trade in trades)
    units, rest = divmod((200 * abs(notional) + quantity) // (2 * quantity), 10_000)
    return f"${'-' if notional < 0 else ''}{units}.{rest:04d}"


def status_text(status):
    """Return the status of an order or of its submission in words.

    Parameters
    ----------
    status : str
        As either spells it.

    Returns
    -------
    str
        In lower case.
    """
    word = str(status).lower()
    return "partly filled" if word == "partiallyfilled" else word
