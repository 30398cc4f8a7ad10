"""What nanobook raises. Every message names the argument, the rule and the value.

The children double as the built-in exceptions the original raised, so code that
caught ``ValueError``, ``TypeError`` or ``OverflowError`` still does.
"""

__all__ = [
    "NanobookError",
    "ValidationError",
    "ArgumentTypeError",
    "RangeError",
    "UnknownSymbolError",
    "FileFormatError",
    "ItchError",
    "MissingDependencyError",
    "ConvergenceError",
    "InfeasibleError",
]


class NanobookError(Exception):
    """The parent of every exception that nanobook raises on purpose."""


class ValidationError(NanobookError, ValueError):
    """An argument breaks a rule; nothing has been computed or changed."""


class ArgumentTypeError(ValidationError, TypeError):
    """An argument is of a kind that can't be converted."""


class RangeError(ValidationError, OverflowError):
    """An integer lies outside the range its argument has."""


class UnknownSymbolError(ValidationError, KeyError):
    """A symbol was asked about that has no book."""

    __str__ = ValueError.__str__  # a KeyError would put its text in quotes


class FileFormatError(NanobookError, OSError):
    """A file isn't what its name or its caller says it is."""


class ItchError(FileFormatError):
    """A stream of ITCH messages isn't what the protocol says, and the reader is strict.

    Parameters
    ----------
    text : str
        What is wrong, and where.
    offset : int, optional
        Where the message's frame begins in the stream, in bytes, once decompressed.
    message : int, optional
        The message's number, from 0.
    """

    def __init__(self, text, offset=None, message=None):
        super().__init__(text)
        self.offset, self.message = offset, message

    def __reduce__(self):
        return type(self), (str(self), self.offset, self.message)


class MissingDependencyError(NanobookError, ImportError):
    """A feature needs an optional package that isn't installed."""


class ConvergenceError(NanobookError, ArithmeticError):
    """A solver ended without an answer it can vouch for."""


class InfeasibleError(ValidationError):
    """Constraints that nothing can satisfy together; the message names those in conflict."""
