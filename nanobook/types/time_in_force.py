"""The time in force of an order: what becomes of the part that doesn't trade at once."""

from enum import StrEnum

from nanobook.errors import ArgumentTypeError, ValidationError

__all__ = ["TimeInForce"]


class TimeInForce(StrEnum):
    """How long an order lives; equal to the strings ``"gtc"``, ``"ioc"`` and ``"fok"``."""

    #: Good till cancelled: the rest joins the book.
    GTC = "gtc"
    #: Immediate or cancel: the rest is cancelled.
    IOC = "ioc"
    #: Fill or kill: there is no rest; all of it trades at once, or nothing.
    FOK = "fok"

    @classmethod
    def parse(cls, text):
        """Return the time in force that a text names.

        Parameters
        ----------
        text : str
            ``gtc``, ``ioc`` or ``fok`` in any case, without blanks around; or a TimeInForce.

        Returns
        -------
        TimeInForce
            The time in force.

        Raises
        ------
        ArgumentTypeError
            If `text` isn't a string.
        ValidationError
            If `text` names no time in force.
        """
        if not isinstance(text, str):
            raise ArgumentTypeError(f"tif must be a string, got {text!r}")
        # Only ASCII has case here: the Kelvin sign would be the k of fok in lower case.
        tif = _SPELLINGS.get(text.lower()) if text.isascii() else None
        if tif is None:
            raise ValidationError(f"tif must be 'gtc', 'ioc' or 'fok', got {text!r}")
        return tif

    @classmethod
    def from_code(cls, code):
        """Return the time in force that a record holds.

        Parameters
        ----------
        code : int
            0, 1 or 2.

        Returns
        -------
        TimeInForce
            The time in force.

        Raises
        ------
        ValidationError
            If `code` is none of them.
        """
        tif = _MEMBERS.get(code)
        if tif is None:
            raise ValidationError(f"tif code must be 0 (gtc), 1 (ioc) or 2 (fok), got {code!r}")
        return tif

    @property
    def code(self):
        """How records and kernels hold the time in force: GTC is 0, IOC 1, FOK 2."""
        return _CODES[self]


_SPELLINGS = {tif.value: tif for tif in TimeInForce}
_CODES = {TimeInForce.GTC: 0, TimeInForce.IOC: 1, TimeInForce.FOK: 2}
_MEMBERS = {code: tif for tif, code in _CODES.items()}
