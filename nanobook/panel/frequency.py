"""How many bars a year has, read off the dates."""

import numpy as np

__all__ = ["infer_periods_per_year"]

_DAY = 86_400.0
_CALENDAR = [(5, 9, 52.0), (13, 16, 26.0), (25, 36, 12.0), (85, 96, 4.0), (170, 190, 2.0)]


def infer_periods_per_year(index):
    """Return the periods a year has, from the typical distance between dates.

    Daily bars count 252 a year, or 365 where most weekends are among them; weekly 52,
    fortnightly 26, monthly 12, quarterly 4, half-yearly 2, yearly 1. Bars within the day count
    the bars of a typical day times 252 or 365; those of two to four days as often as they come.

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
    times = np.asarray(index.as_unit("s").asi8) / _DAY
    gap = float(np.median(np.diff(times)))
    if gap < 1.5:
        local = np.asarray(index.tz_localize(None).as_unit("s")).astype("M8[D]")
        days, bars = np.unique(local, return_counts=True)
        days_a_year = 365.0 if _trades_on_weekends(days) else 252.0
        return days_a_year if gap >= 0.9 else float(np.median(bars)) * days_a_year
    if gap < 5:
        return float(round(365.25 * (len(times) - 1) / (times[-1] - times[0])))
    for least, most, periods in _CALENDAR:
        if least <= gap <= most:
            return periods
    return float(max(1, round(365.25 / gap)))


def _trades_on_weekends(days):
    """Return whether most of the weekend days between the first day and the last are there."""
    first, end = days[0], days[-1] + 1
    weekend_days = (end - first).astype(int) - np.busday_count(first, end)
    return 2 * np.count_nonzero(~np.is_busday(days)) > weekend_days
