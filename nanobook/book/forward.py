"""Methods of an exchange as methods of many exchanges: a symbol comes first, the rest as it was."""

import functools
import inspect
import re

__all__ = ["order", "query"]

_SYMBOL = inspect.Parameter("symbol", inspect.Parameter.POSITIONAL_OR_KEYWORD)
_HEADING = "Parameters\n----------\n"


def order(method):
    """Return a method of `Exchange` for a class that has one under each symbol.

    Parameters
    ----------
    method : function
        One that may be the first that a book hears of; the book is made if there's none.

    Returns
    -------
    function
        The same with a symbol before its parameters, also in signature and docstring.
    """

    @functools.wraps(method)
    def forwarded(self, symbol, *args, **kwargs):
        try:
            book = self._books[symbol]
        except (KeyError, TypeError):
            book = None
        if book is None:
            return self._act_on_new(symbol, method, args, kwargs)
        return method(book, *args, **kwargs)

    return _dressed(forwarded, method, "The book's, at most eight bytes in UTF-8; a new one's too.")


def query(method):
    """Return a method of `Exchange` for a class that has one under each symbol.

    Parameters
    ----------
    method : function
        One that makes sense only for a book that is there.

    Returns
    -------
    function
        The same with a symbol before its parameters, also in signature and docstring.
    """

    @functools.wraps(method)
    def forwarded(self, symbol, *args, **kwargs):
        try:
            book = self._books[symbol]
        except (KeyError, TypeError):
            book = None
        return method(self[symbol] if book is None else book, *args, **kwargs)

    return _dressed(forwarded, method, "The book's; KeyError if there's none.")


def _dressed(forwarded, method, said):
    """Give a forwarding method the signature and the docstring that it should have."""
    own, *others = inspect.signature(method).parameters.values()
    forwarded.__signature__ = inspect.Signature([own, _SYMBOL, *others])
    forwarded.__module__ = "nanobook.book.multi"
    forwarded.__qualname__ = f"MultiExchange.{method.__name__}"
    forwarded.__doc__ = _with_symbol(inspect.cleandoc(method.__doc__), said)
    return forwarded


def _with_symbol(text, said):
    """Return a docstring with a parameter more and without examples, which show an exchange."""
    text = re.sub(r"\n+Examples\n-+\n.*", "", text, flags=re.DOTALL)
    entry = f"symbol : str\n    {said}\n"
    if _HEADING in text:
        return text.replace(_HEADING, _HEADING + entry, 1)
    section = re.search(r"\n\n[A-Z][A-Za-z ]+\n-{3,}\n", text)
    at = section.start() if section else len(text)
    return f"{text[:at]}\n\n{_HEADING}{entry.rstrip()}{text[at:]}"
