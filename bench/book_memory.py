"""Measure, in a process of its own, how much memory an exchange takes for each order.

Called with the scenario, the number of orders, and for ours "on" or "off" for the log of events;
prints resident memory in bytes per order. Only the standard library is imported beside
`nanobook`, which may be ours or the original.
"""

import gc
import os
import sys

#: Orders rest at so many prices of each side.
TICKS = 500


def main(scenario, count, options):
    """Measure and print."""
    from nanobook import Exchange

    exchange = Exchange(**options)
    SCENARIOS[scenario](exchange, 2 * TICKS)  # whatever comes once
    gc.collect()
    before = _resident()
    SCENARIOS[scenario](exchange, count)
    gc.collect()
    print((_resident() - before) / count)


def _live(exchange, count):
    """Orders that rest."""
    submit = exchange.submit_limit
    for at in range(count // 2):
        submit("buy", 10_000 - at % TICKS, 10)
        submit("sell", 10_001 + at % TICKS, 10)


def _cancelled(exchange, count):
    """Orders that rest for a while and are cancelled; a few others rest all the time."""
    if exchange.best_bid() is None:
        _live(exchange, 2 * TICKS)
    submit, cancel = exchange.submit_limit, exchange.cancel
    for at in range(count):
        cancel(submit("buy", 10_000 - at % TICKS, 10).order_id)


def _traded(exchange, count):
    """Orders in pairs that fill each other: two orders, one trade."""
    for at in range(count // 2):
        exchange.submit_limit("buy", 10_000 - at % TICKS, 10)
        exchange.submit_limit("sell", 10_000 - at % TICKS, 10)


SCENARIOS = {"live": _live, "cancelled": _cancelled, "traded": _traded}


def _resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    scenario, count, *log = sys.argv[1:]
    main(scenario, int(count), {"record_events": log == ["on"]} if log else {})
