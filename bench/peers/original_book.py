"""The original's side of bench_book: its compiled exchange, called from Python.

Started by the bench, in an environment with the original's wheel, with the folder of the stream.
It's isolated: `nanobook` must be the wheel here. Outside the histories it's right on, the
original can loop for ever; should it, the limit on processor time ends this process.
"""

import contextlib
import pickle
import sys
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from book_calls import ANSWERS, Calls, Replay
from peers.process import serve

#: Seconds of processor time after which the operating system ends this process.
LIMIT = 300


def main(folder):
    """Answer the bench."""
    with contextlib.suppress(ImportError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
    begin = time.perf_counter()
    from nanobook import Exchange

    imported = time.perf_counter() - begin
    preload, calls, sizes = pickle.loads((Path(folder) / "calls.pickle").read_bytes())
    replay = Replay(Exchange, preload, calls)
    made, events = {}, []

    def ask(size, what):
        if made.get("size") != size:
            made.clear()
            made.update(size=size, calls=Calls(Exchange, size))
        return getattr(made["calls"], what)()

    def replay_events():
        if not events:  # once the stream has been through
            events.extend(replay.exchange.events())
        begin = time.perf_counter()
        exchange = Exchange.replay(events)
        seconds = time.perf_counter() - begin
        del exchange
        return seconds / len(events)

    text = Path(folder) / "original.jsonl"

    def write_events():
        begin = time.perf_counter()
        lines = [event.__getstate__() for event in replay.exchange.events()]
        text.write_text("".join(f"{line}\n" for line in lines))
        return time.perf_counter() - begin

    def read_events():
        copies = replay.exchange.events()  # an event can't be made of a text, only become it
        begin = time.perf_counter()
        for event, line in zip(copies, text.read_text().splitlines(), strict=True):
            event.__setstate__(line)
        exchange = Exchange.replay(copies)
        seconds = time.perf_counter() - begin
        del exchange
        return seconds

    def state():
        exchange = replay.exchange
        trades = exchange.trades()
        return [*exchange.best_bid_ask(), exchange.last_trade_price(), len(trades)]

    answers = {f"{size} {what}": partial(ask, size, what) for size in sizes for what in ANSWERS}
    answers |= {"part": replay.sample, "events": replay_events, "state": state}
    answers |= {"write": write_events, "read": read_events}
    serve({"versions": {"nanobook": version("nanobook")}, "import": imported}, {}, answers)


if __name__ == "__main__":
    main(sys.argv[1])
