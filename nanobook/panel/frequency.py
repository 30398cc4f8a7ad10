"""How many bars a year has, read off the dates."""

import numpy as np

__all__ = ["infer_periods_per_year"]

_DAY = 86_400.0
_CALENDAR = [(5, 9, 52.0), (13, 16, 26.0), (25, 36, 12.0), (85, 96, 4.0), (170, 190, 2.0)]


def infer_periods_per_year(index):
    """Return the periods a year has, from the typical distance between dates.

    Daily bars count 252 a year, or 365 where weekends are among them; weekly 52, fortnightly
    26, monthly 12, quarterly 4, half-yearly 2, yearly 1. Bars within the day count the bars
    of a typical day times 252 or 365.

    Parameters
    ----------
    index : Index or None
        Only a DatetimeIndex of two dates or more says anything.

    Returns
    -------
    float
        252.0 where nothing can be read off the index.
    """
    if index is None or not hasattr(index, "tz") or len(index) < 2:
        return 252.0
    seconds = np.asarray(index.as_unit("ns").asi8) / 1e9
    gap = float(np.median(np.diff(seconds))) / _DAY
    days_a_year = 365.0 if bool((np.asarray(index.day_of_week) >= 5).any()) else 252.0
    if gap < 0.9:
        _, bars = np.unique(np.asarray(index.normalize().as_unit("ns").asi8), return_counts=True)
        return float(np.median(bars)) * days_a_year
    if gap < 5:
        return days_a_year
    for least, most, periods in _CALENDAR:
        if least <= gap <= most:
            return periods
    return max(1.0, round(365.25 / gap))
