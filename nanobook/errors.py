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
    "MissingDependencyError",
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


class MissingDependencyError(NanobookError, ImportError):
    """A feature needs an optional package that isn't installed."""
