"""The lines of an event file as messages: a kernel reads what writers write, JSON all the rest.

Writers put an event's keys in one order, without blanks, and numbers as digits. What such a line
looks like is compiled of the same `FORMS` that JSON is read by, into steps that a kernel follows:
a text that must stand there, then a number or a word. A line that differs in a single byte, or a
number of more than 18 digits, is left to `messages_of_json`, which also says what is wrong with it.
"""

import numpy as np

from nanobook.book.event_json import FORMS, BadLine, messages_of_json
from nanobook.jit import njit
from nanobook.types.codes import GTC, IOC, MARKET, NO_OWNER
from nanobook.types.records import EXTENDED_MESSAGE, NIL

__all__ = ["messages_of_lines"]

_LOWEST, _HIGHEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max

#: What follows a step's text: nothing, a number, a word, or the end of the line.
_SWITCH, _NUMBER, _WORD, _END = map(np.int64, range(4))

#: One step of a form. Texts and words are ranges of the bytes of `_TEXTS` and of `_WORDS`.
_STEP = np.dtype(
    [
        *((name, np.int64) for name in ("what", "text", "text_end", "optional", "column")),
        *((name, np.int64) for name in ("least", "most", "words", "words_end")),
    ]
)

#: One word: its text, and the code that it stands for.
_CODE = np.dtype([(name, np.int64) for name in ("text", "text_end", "code")])

#: A line that is left to JSON: its number from 0 on, and its bytes.
_LEFT = np.dtype([(name, np.int64) for name in ("line", "start", "stop")])

_COLUMNS = EXTENDED_MESSAGE.names
_KIND, _SIDE, _TIF, _FLAGS, _OWNER, _PRICE, _QUANTITY, _ORDER_ID, _TAG, _STOP_PRICE = map(
    np.int64, range(10)
)
_NEWLINE, _MINUS, _ZERO_DIGIT = np.int64(ord("\n")), np.int64(ord("-")), np.int64(ord("0"))
_MOST_DIGITS = 18


def _compiled():
    """Return steps, words and texts of all forms that need no more than numbers and words."""
    steps, words, texts = [], [], bytearray()

    def add_text(text):
        texts.extend(text.encode())
        return len(texts) - len(text), len(texts)

    def add_step(what, text, optional=False, column=0, least=0, most=0, codes=None):
        first = len(words)
        words.extend((*add_text(f'"{word}"'), code) for code, word in (codes or {}).items())
        span = *add_text(text), optional
        steps.append((what, *span, column, least, most, first, len(words)))

    firsts = []
    for form in FORMS:
        if any(field.kind == "trail" or field.default is not None for field in form.fields):
            continue
        firsts.append((len(steps), form.code))
        before = f'{{"{form.name}":{{'
        for field in (*form.fields, *form.extras):
            text, optional = f'{before}"{field.name}":', field in form.extras
            column, before = _COLUMNS.index(field.column), ","
            if field.kind == "switch":
                add_step(_SWITCH, f"{text}true", optional, column)
            elif field.words:
                add_step(_WORD, text, optional, column, codes=field.words)
            else:
                add_step(_NUMBER, text, optional, column, field.least, field.most)
        add_step(_END, "}}")
    return (
        np.array(firsts, np.int64),
        np.array(steps, _STEP),
        np.array(words, _CODE),
        np.frombuffer(bytes(texts), np.uint8).copy(),
    )


#: First steps and codes of the forms, all steps, words, texts.
_FIRSTS, _STEPS, _WORDS, _TEXTS = _compiled()


@njit
def _stands(content, at, texts, start, stop):
    """Return whether a text stands at a place."""
    length, same = stop - start, np.int64(0)
    if at + length > len(content):
        return False
    while same < length and content[at + same] == texts[start + same]:
        same += 1
    return same == length


@njit
def _ends(content, at):
    """Return whether a line ends at a place."""
    return at == len(content) or content[at] == _NEWLINE


@njit
def _read_number(content, at):
    """Return the integer at a place, and where it ends: NIL if it's none, or too long."""
    start, value = at, np.int64(0)
    negative = at < len(content) and content[at] == _MINUS
    if negative:
        start = at = at + 1
    while at < len(content):
        digit = np.int64(content[at]) - _ZERO_DIGIT
        if digit < 0 or digit > 9:
            break
        if at - start == _MOST_DIGITS:
            return value, NIL
        value = value * 10 + digit
        at += 1
    if at == start or (at - start > 1 and content[start] == _ZERO_DIGIT):
        return value, NIL
    return -value if negative else value, np.int64(at)


@njit
def _read_word(content, at, step, words, texts):
    """Return the code of the word at a place, and where it ends: NIL if it isn't known."""
    for place in range(step["words"], step["words_end"]):
        word = words[place]
        if _stands(content, at, texts, word["text"], word["text_end"]):
            return word["code"], at + word["text_end"] - word["text"]
    return np.int64(0), NIL


@njit
def _follow(content, at, first, steps, words, texts, values):
    """Read a line by the steps from `first` on; return where it ends, NIL if it doesn't fit."""
    for place in range(first, len(steps)):
        step = steps[place]
        if not _stands(content, at, texts, step["text"], step["text_end"]):
            if step["optional"]:
                continue
            return NIL
        at += step["text_end"] - step["text"]
        what = step["what"]
        if what == _END:
            return np.int64(at) if _ends(content, at) else NIL
        value = np.int64(1)
        if what == _NUMBER:
            value, at = _read_number(content, at)
            if value < step["least"] or value > step["most"]:
                return NIL
        elif what == _WORD:
            value, at = _read_word(content, at, step, words, texts)
        if at == NIL:
            return NIL
        values[step["column"]] = value
    return NIL


@njit
def _read_line(content, at, firsts, steps, words, texts, values):
    """Read a line as a message's values; return where it ends, NIL if it's left to JSON."""
    values[:] = 0
    values[_OWNER] = NO_OWNER
    for form in range(len(firsts)):
        stop = _follow(content, at, firsts[form, 0], steps, words, texts, values)
        if stop == NIL:
            continue
        values[_KIND] = firsts[form, 1]
        if values[_KIND] == MARKET:
            values[_TIF] = IOC
            values[_PRICE] = _HIGHEST if values[_SIDE] > 0 else _LOWEST
        return NIL if values[_FLAGS] != 0 and values[_TIF] != GTC else stop
    return NIL


@njit
def _write(message, values):
    """Write a message that has these values; those of trailing stop orders are none here."""
    message["kind"] = values[_KIND]
    message["side"] = values[_SIDE]
    message["tif"] = values[_TIF]
    message["flags"] = values[_FLAGS]
    message["owner"] = values[_OWNER]
    message["price"] = values[_PRICE]
    message["quantity"] = values[_QUANTITY]
    message["order_id"] = values[_ORDER_ID]
    message["tag"] = values[_TAG]
    message["stop_price"] = values[_STOP_PRICE]
    message["trail_value"] = 0.0
    message["trail_type"] = 0
    message["atr_period"] = 0


@njit
def _read_lines(content, firsts, steps, words, texts, messages, left):
    """Read lines, each as a message in turn; return how many there are, and how many are left."""
    values = np.zeros(_STOP_PRICE + 1, np.int64)
    at, count, waiting = np.int64(0), np.int64(0), np.int64(0)
    while at < len(content):
        stop = _read_line(content, at, firsts, steps, words, texts, values)
        if stop != NIL:
            _write(messages[count], values)
        else:
            stop = at
            while not _ends(content, stop):
                stop += 1
            left[waiting]["line"] = count
            left[waiting]["start"] = at
            left[waiting]["stop"] = stop
            waiting += 1
        count += 1
        at = stop + 1
    return count, waiting


def messages_of_lines(content):
    """Return the messages that the lines of a text stand for.

    Parameters
    ----------
    content : bytes
        In UTF-8; an object on each line, blanks around it and blank lines don't count.

    Returns
    -------
    messages : ndarray of EXTENDED_MESSAGE
        As an exchange would log them.
    numbers : ndarray of int
        The number of each one's line, from 1 on.

    Raises
    ------
    ValidationError
        If a line is no event: a BadLine, which says which is the first, from 1 on.
    """
    most = content.count(b"\n") + 1
    messages, left = np.empty(most, EXTENDED_MESSAGE), np.empty(most, _LEFT)
    count, waiting = _read_lines(
        np.frombuffer(content, np.uint8), _FIRSTS, _STEPS, _WORDS, _TEXTS, messages, left
    )
    left, numbers = left[:waiting], np.arange(1, count + 1)
    spans = zip(left["start"].tolist(), left["stop"].tolist(), strict=True)
    lines = [content[start:stop].decode().strip() for start, stop in spans]
    blank = np.array([not line for line in lines], bool)
    places = left["line"][~blank]
    try:
        messages[places] = messages_of_json([line for line in lines if line])
    except BadLine as error:
        raise BadLine(int(numbers[places[error.at]]), str(error)) from None
    if blank.any():
        kept = np.delete(np.arange(count), left["line"][blank])
        return messages[kept], numbers[kept]
    return messages[:count], numbers
