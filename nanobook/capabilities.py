"""What this build can do, for code that probes before it calls."""

__all__ = ["capabilities"]

#: Names of both generations of the original, so that either's probing succeeds; each is added
#: when what it names works.
_CAPABILITIES = ("backtest_stops", "garch_forecast", "garch_ewma_forecast", "backtest_holdings")
_CAPABILITIES += ("optimize_risk_parity",)


def capabilities():
    """Return the names of the optional features that this build has.

    Returns
    -------
    list of str
        A fresh list.
    """
    return list(_CAPABILITIES)
