"""How reading a stream went."""

from typing import NamedTuple

__all__ = ["Outcome"]


class Outcome(NamedTuple):
    """How reading a stream went.

    Parameters
    ----------
    counts : dict of int
        Messages read by type, asked for or not.
    malformed : int
        Messages shorter than their type's layout.
    packets : dict of int or None
        Where messages came in packets: MoldUDP64 ``packets``, ``others`` that were passed over,
        ``malformed`` ones, messages ``missing`` by their numbers, and ``repeated`` ones, which
        were dropped.
    times : tuple of (int, int) or None
        Of the first and the last message read, in nanoseconds since midnight; None without any.
    status : str
        How reading ended: ``"end of file"``, ``"session end"``, ``"stop"`` or ``"cut"``;
        ``"more"`` for a chunk with others behind it.
    """

    counts: dict
    malformed: int
    packets: dict
    times: tuple
    status: str
