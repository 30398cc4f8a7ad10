"""The original beside the book: its process, its calls, and where a stream must end."""

import subprocess
from pathlib import Path

from peers.environment import ready_environment
from peers.process import Peer
from timing import Clock

from nanobook.types.codes import CANCEL, MARKET, MODIFY

__all__ = ["StepClock", "as_calls", "check_end", "find_original", "start_original"]

BENCH = Path(__file__).resolve().parent
SIDES = {1: "buy", -1: "sell"}


def find_original(environments):
    """Return the Python of the original's environment, made if need be; None without one."""
    try:
        return ready_environment(environments.absolute() / "original", "nanobook", "0.9.3")
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"the original is left out: {error}\n{getattr(error, 'stderr', '')}".rstrip())
        return None


def start_original(python, folder, opened):
    """Start the original's process, to be closed with `opened`."""
    peer = Peer(python, BENCH / "peers" / "original_book.py", folder)
    opened.callback(peer.close)
    print(f"the original: nanobook {peer.hello['versions']['nanobook']}")
    return peer


class StepClock(Clock):
    """Samples that somebody else takes, one a round."""

    def __init__(self, name, sample):
        """Take the first sample."""
        self.name = name
        self.samples = []
        self._sample = sample
        self.first = sample()

    def sample(self):
        """Take one sample."""
        self.samples.append(self._sample())


def as_calls(messages):
    """Return messages as names of methods and arguments."""
    calls = []
    for kind, side, _, _, _, price, quantity, order_id in messages.tolist():
        if kind == CANCEL:
            calls.append(("cancel", (order_id,)))
        elif kind == MODIFY:
            calls.append(("modify", (order_id, price, quantity)))
        elif kind == MARKET:
            calls.append(("submit_market", (SIDES[side], quantity)))
        else:
            calls.append(("submit_limit", (SIDES[side], price, quantity)))
    return calls


def check_end(exchange, stream):
    """Raise unless an exchange is where the stream ends."""
    prices = exchange.best_bid_ask(), exchange.last_trade_price()
    if prices != ((stream.bid, stream.ask), stream.last_price):
        raise RuntimeError(f"the stream should end otherwise than at {prices}: {stream!r}")
