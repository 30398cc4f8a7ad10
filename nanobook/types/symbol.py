"""A symbol: the short name under which an instrument trades."""

from nanobook.errors import ArgumentTypeError, ValidationError

__all__ = ["Symbol"]


class Symbol(str):
    """A string of at most eight bytes in UTF-8, the room a symbol has in a record.

    It equals, hashes and prints as the plain string, so either finds the other in a dict. It sorts
    bytewise, for the order of UTF-8 bytes is the order of code points, by which strings sort.

    Parameters
    ----------
    text : str
        The symbol; case matters, and the empty string is legal.

    Attributes
    ----------
    MAX_BYTES : int
        8.

    Raises
    ------
    ArgumentTypeError
        If `text` isn't a string.
    ValidationError
        If `text` is too long, or has no form in UTF-8 (a lone surrogate).
    """

    __slots__ = ()

    MAX_BYTES = 8

    def __new__(cls, text):
        encoded = _encode(text)
        if len(encoded) > cls.MAX_BYTES:
            raise ValidationError(
                f"symbol must be at most {cls.MAX_BYTES} bytes in UTF-8, "
                f"got {text!r} ({len(encoded)} bytes)"
            )
        # From the bytes just counted: str(text) would ask a subclass for its __str__.
        return super().__new__(cls, encoded, "utf-8")

    @classmethod
    def try_new(cls, text):
        """Return the symbol, or None where the text can't be one.

        Parameters
        ----------
        text : str
            The symbol to be.

        Returns
        -------
        Symbol or None
            None if `text` is too long, or has no form in UTF-8.

        Raises
        ------
        ArgumentTypeError
            If `text` isn't a string.
        """
        try:
            return cls(text)
        except ArgumentTypeError:
            raise
        except ValidationError:
            return None

    @classmethod
    def from_str_truncated(cls, text):
        """Return the longest symbol that the text begins with.

        Parameters
        ----------
        text : str
            Text of any length.

        Returns
        -------
        Symbol
            As many whole characters as fit.

        Raises
        ------
        ArgumentTypeError
            If `text` isn't a string.
        ValidationError
            If `text` has no form in UTF-8 (a lone surrogate).
        """
        return cls(_encode(text)[: cls.MAX_BYTES].decode("utf-8", errors="ignore"))


def _encode(text):
    """Return the text in UTF-8, or raise what is wrong with it."""
    if not isinstance(text, str):
        raise ArgumentTypeError(f"symbol must be a string, got {text!r}")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValidationError(f"symbol must have a form in UTF-8, got {text!r}") from None
