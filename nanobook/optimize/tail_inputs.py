"""What optimizers of tail risk are given beside returns and bounds: a level, and whole rows."""

from nanobook.errors import RangeError, ValidationError
from nanobook.panel.arrays import as_float

__all__ = ["read_level", "refuse_pairs"]


def read_level(alpha):
    """Return the level of a tail as a float, or raise.

    Parameters
    ----------
    alpha : float
        Between 0 and 1.

    Returns
    -------
    float
        The level.

    Raises
    ------
    ArgumentTypeError
        If `alpha` isn't a number.
    RangeError
        If it isn't between 0 and 1.
    """
    alpha = as_float("alpha", alpha)
    if not 0.0 < alpha < 1.0:
        raise RangeError(f"alpha must lie between 0 and 1, got {alpha}")
    return alpha


def refuse_pairs(missing):
    """Raise where NaNs are to be left out pair by pair, which a tail can't do.

    Parameters
    ----------
    missing : str
        What's to be done with NaNs.

    Raises
    ------
    ValidationError
        If it's "pairwise".
    """
    if missing == "pairwise":
        raise ValidationError(
            "missing must be 'raise' or 'complete' here, got 'pairwise': a tail needs whole rows"
        )
