"""Time the event log, replay, files and pending stop orders, all contenders taking turns.

- What recording events adds to a message, in a stream of mixed operations over 18,000 live orders.
- Replay of that many events: ours from the log as an array and from a list of events, the
  original's from its list.
- The stream beside stop orders that wait and are never set off. Plain ones are far from the price;
  trailing ones follow it at a distance whenever there's a new high or low, those that average
  whenever it trades or a bar is complete.
- Saving and loading that many events in each form of file. The original's wheel has no files: its
  events' JSON stands beside ours, written line by line, read into copies of its events, replayed.

Streams run on memory used before, without results; `bench_book` says what that is, and why the
original gets a stream of which some cancels were left out. "The compiled run" is the kernel alone;
"the whole call" also looks through the messages first, makes room and copies the trades. A replay
starts with nothing, and so on fresh memory.

Run it from a checkout, with nanobook installed: ``python bench/bench_log.py``.
"""

import argparse
import pickle
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from book_calls import PARTS
from book_inside import kernel_time, touch
from book_peer import StepClock, as_calls, check_end, find_original, start_original
from book_streams import CENTRE, make_stream
from peers.environment import default_folder
from timing import Clock, machine, print_firsts, print_rows, print_table, race, show, time_call

from nanobook import Exchange
from nanobook.types.codes import (
    LIMIT,
    NO_OWNER,
    STOP_MARKET,
    TRAIL_FIXED,
    TRAIL_PERCENTAGE,
    TRAIL_SMA_ABS_CHANGE,
    TRAIL_TRUE_ATR,
    TRAILING_STOP_MARKET,
)
from nanobook.types.records import EXTENDED_MESSAGE, MESSAGE

EVENTS, FEWER, LIVE = 1_000_000, 200_000, 18_000

#: Stop orders wait so many ticks from where the price starts; no stream gets there.
NEAREST, FARTHEST = 100_000, 150_000

SUFFIXES = (".jsonl", ".jsonl.gz", ".npz")


def main():
    """Run the bench."""
    options = _read_options()
    quick = options.quick
    events = FEWER if quick else EVENTS
    print(machine("numba", "numpy", "pandas", "nanobook"))
    stream = make_stream(events, live=LIVE)
    _bench_recording(stream, 5 if quick else 20)
    _bench_stops(stream, 3 if quick else 8)
    del stream
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        stream = make_stream(events - LIVE, live=LIVE, safe=True, seed=3)
        exchange = Exchange()
        exchange.process(stream.preload, results=False)
        exchange.process(stream.messages, results=False)
        python = None if options.alone else find_original(options.environments)
        peer = _start_original(python, stream, folder, opened) if python else None
        _bench_replay(exchange, stream, peer, 3 if quick else 8)
        _bench_files(exchange, peer, 3 if quick else 5)


def _read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--environments",
        type=Path,
        default=default_folder(),
        help="where the original's virtual environment is or is made (default: %(default)s)",
    )
    parser.add_argument("--alone", action="store_true", help="leave the original out")
    parser.add_argument("--quick", action="store_true", help="fewer events and rounds")
    return parser.parse_args()


class RunClock(Clock):
    """A stream through a new exchange: seconds per message, of the compiled run and the call."""

    def __init__(self, name, stream, *, stops=None, records=True):
        """Choose what waits beside the stream, and whether events are recorded."""
        self.name = name
        self.samples, self.calls = [], []
        self._stream, self._records = stream, records
        self._before = _before(stops)
        self._pending = 0 if stops is None else len(stops)
        self._messages = _shifted(stream.messages, len(self._before))
        self.first, _ = self._sample()

    def sample(self):
        """Take one sample of both."""
        run, call = self._sample()
        self.samples.append(run)
        self.calls.append(call)

    def _sample(self):
        stream, messages, count = self._stream, self._messages, len(self._messages)
        exchange = Exchange(record_events=self._records)
        exchange.process(self._before, results=False)
        exchange.process(stream.preload, results=False)
        # with room to spare for what a market order could trade at most
        touch(exchange, ids=count, events=count + 2, trades=stream.trades + LIVE)
        with kernel_time() as kernel:
            seconds = time_call(lambda: exchange.process(messages, results=False))
        check_end(exchange, stream)
        if exchange.pending_stop_count() != self._pending:
            raise RuntimeError(f"stop orders of '{self.name}' were set off")
        return kernel.seconds / count, seconds / count


def _before(stops):
    """Return stop orders, and a trade, from which on trailing stops have a price to follow."""
    pair = np.zeros(2, EXTENDED_MESSAGE)
    pair["kind"], pair["side"], pair["owner"] = LIMIT, (1, -1), NO_OWNER
    pair["price"], pair["quantity"] = CENTRE, 1
    return pair if stops is None else np.concatenate([stops, pair])


def _shifted(messages, taken):
    """Return messages that name orders of an exchange where so many ids were taken before."""
    shifted = messages.copy()
    shifted["order_id"][shifted["order_id"] > 0] += taken
    return shifted


def _make_stops(count, trail=None):
    """Return stop orders of both sides, at random distances."""
    stops = np.zeros(count, EXTENDED_MESSAGE)
    away = np.random.default_rng(count).integers(NEAREST, FARTHEST, count)
    side = np.where(np.arange(count) % 2, 1, -1)
    stops["kind"] = STOP_MARKET if trail is None else TRAILING_STOP_MARKET
    stops["side"], stops["owner"], stops["quantity"] = side, NO_OWNER, 10
    stops["stop_price"] = CENTRE + side * away
    if trail is not None:
        stops["trail_type"], stops["trail_value"] = trail, away
        stops["atr_period"] = 14
    if trail == TRAIL_PERCENTAGE:
        stops["trail_value"] /= CENTRE
    if trail in (TRAIL_SMA_ABS_CHANGE, TRAIL_TRUE_ATR):  # as a multiple: far enough
        stops["trail_value"] /= 10
    return stops


# ---- what a stream costs ---------------------------------------------------------------------


def _bench_recording(stream, rounds):
    print(f"\nrecording events, per message, the compiled run\n{stream}")
    clocks = [
        RunClock("record_events=False", stream, records=False),
        RunClock("record_events=True", stream),
    ]
    print_firsts(clocks)
    without, recording = race(clocks, rounds)
    print_table(clocks)
    best = (min(recording.samples) - min(without.samples)) * 1e9
    pairs = zip(recording.samples, without.samples, strict=True)
    low, middle, high = statistics.quantiles([(more - less) * 1e9 for more, less in pairs], n=4)
    print(
        f"recording adds {middle:.1f} ns ({low:.1f}..{high:.1f}) in the same round, {best:.1f} ns "
        "to the best; at most 5 are meant"
    )


def _bench_stops(stream, rounds):
    print("\nbeside pending stop orders, per message: the compiled run, and the whole call")
    print(f"the same stream; its price has {_count_extremes(stream):,} new highs and lows")
    clocks = [
        RunClock("no stops", stream),
        RunClock("1,000 plain stops", stream, stops=_make_stops(1_000)),
        RunClock("100,000 plain stops", stream, stops=_make_stops(100_000)),
        RunClock("1,000 trailing, fixed", stream, stops=_make_stops(1_000, TRAIL_FIXED)),
        RunClock("100,000 trailing, fixed", stream, stops=_make_stops(100_000, TRAIL_FIXED)),
        RunClock("100,000 trailing, pct", stream, stops=_make_stops(100_000, TRAIL_PERCENTAGE)),
        RunClock("1,000 trailing, true_atr", stream, stops=_make_stops(1_000, TRAIL_TRUE_ATR)),
        RunClock("1,000 trailing, sma", stream, stops=_make_stops(1_000, TRAIL_SMA_ABS_CHANGE)),
    ]
    print_firsts(clocks)
    race(clocks, rounds)
    none = clocks[0]
    rows = [("", *("run", "spread", "rate", "best"), *("call", "spread", "rate", "best"))]
    for clock in clocks:
        row = [clock.name]
        for values, others in ((clock.samples, none.samples), (clock.calls, none.calls)):
            best = min(others) / min(values)
            row += [*_median_and_spread(values), f"{_rate(values, others):.2f}", f"{best:.2f}"]
        rows.append(tuple(row))
    print_rows(rows)
    print(
        "rate: times that without stops, the median of rounds; best: the same of the best samples"
    )
    print("for 100,000 plain, fixed or percentage stops at least 0.80 is meant")


def _count_extremes(stream):
    """Return how often the last price, message by message, is a new high or a new low."""
    exchange = Exchange(record_events=False)
    for messages in (_before(None), stream.preload, _shifted(stream.messages, 2)):
        made = exchange.process(messages)
    counts = made.results["trade_count"]
    ends = np.cumsum(counts)[counts > 0] - 1
    prices = np.concatenate([[CENTRE], made.trades["price"][ends]])
    highs, lows = np.maximum.accumulate(prices), np.minimum.accumulate(prices)
    return np.count_nonzero(np.diff(highs)) + np.count_nonzero(np.diff(lows))


def _median_and_spread(values):
    return show(statistics.median(values)), f"{show(min(values))} .. {show(max(values))}"


def _rate(values, others):
    """Return the median ratio of rates in the same round."""
    return statistics.median(other / one for one, other in zip(values, others, strict=True))


# ---- replay ----------------------------------------------------------------------------------


def _start_original(python, stream, folder, opened):
    calls = as_calls(stream.preload), as_calls(stream.messages)
    (folder / "calls.pickle").write_bytes(pickle.dumps((*calls, ())))
    return start_original(python, folder, opened)


def _bench_replay(exchange, stream, peer, rounds):
    log, events = exchange.event_log(), exchange.events()
    print(f"\nExchange.replay of {len(log):,} events, per event, fresh memory\n{stream}")
    narrow = np.empty(len(log), MESSAGE)
    for name in MESSAGE.names:
        narrow[name] = log[name]
    clocks = [
        StepClock("the log as an array", lambda: _time_replay(log)),
        StepClock("the same as MESSAGE", lambda: _time_replay(narrow)),
        StepClock("the first's compiled run", lambda: _time_replay_run(log)),
    ]
    lists = [StepClock("a list of Event", lambda: _time_replay(events))]
    if peer:
        for _ in range(PARTS):
            peer.ask("answer", "part")
        lists.append(StepClock("the original, its list", lambda: peer.ask("answer", "events")))
    print_firsts([*clocks, *lists])
    if any(Exchange.replay(form) != exchange for form in (log, narrow, events)):
        raise RuntimeError("a replay differs")
    for at in range(rounds):
        race(clocks, 1)
        race(lists, at % 2)
    print_table([*clocks, *lists])
    best, median = min(clocks[0].samples) * 1e9, clocks[0].median * 1e9
    print(f"the log as an array takes {median:.0f} ns, at best {best:.0f}; at most 60 are meant")
    if peer:
        expected = [stream.bid, stream.ask, stream.last_price, stream.trades]
        theirs = peer.ask("answer", "state")
        verdict = "are ours" if theirs == expected else f"DIFFER: {theirs}, ours {expected}"
        print(f"the original's best prices, last price and number of trades at the end {verdict}")


def _time_replay(events):
    begin = time.perf_counter()
    exchange = Exchange.replay(events)
    seconds = time.perf_counter() - begin
    del exchange  # the original's is dropped after the clock stops, too
    return seconds / len(events)


def _time_replay_run(events):
    with kernel_time() as kernel:
        Exchange.replay(events)
    return kernel.seconds / len(events)


# ---- files -----------------------------------------------------------------------------------


def _bench_files(exchange, peer, rounds):
    count = len(exchange.event_log())
    print(f"\nfiles of {count:,} events in a temporary folder; save ends with fsync, load replays")
    with tempfile.TemporaryDirectory() as folder:
        saves, loads, sizes = [], [], []
        for suffix in SUFFIXES:
            path = Path(folder) / f"log{suffix}"
            saves.append(StepClock(f"save {suffix}", lambda path=path: _time_save(exchange, path)))
            loads.append(StepClock(f"load {suffix}", lambda path=path: _time_load(exchange, path)))
            sizes.append(f"{path.stat().st_size / 1e6:.1f}")
        if peer:
            saves.append(StepClock("save the original's", lambda: peer.ask("answer", "write")))
            loads.append(StepClock("load the original's", lambda: peer.ask("answer", "read")))
            sizes.append("")
        print_firsts([*saves, *loads])
        race([*saves, *loads], rounds)
        rows = [("", *("save", "best", "spread"), *("load", "best", "spread"), "megabytes")]
        for save, load, size in zip(saves, loads, sizes, strict=True):
            cells = [save.name.removeprefix("save ")]
            for clock in (save, load):
                median, spread = _median_and_spread(clock.samples)
                cells += [median, show(min(clock.samples)), spread]
            rows.append((*cells, size))
        print_rows(rows)


def _time_save(exchange, path):
    return time_call(lambda: exchange.save(path))


def _time_load(exchange, path):
    begin = time.perf_counter()
    loaded = Exchange.load(path)
    seconds = time.perf_counter() - begin
    if loaded != exchange:
        raise RuntimeError(f"what was loaded from {path.name} differs")
    return seconds


if __name__ == "__main__":
    main()
