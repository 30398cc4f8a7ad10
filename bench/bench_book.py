"""Time the order book beside the original's, in one run, all contenders taking turns.

- Streams of a million mixed operations over about 18,000 live orders through `Exchange.process`:
  near the touch, far from it, and one that the original survives, which it's given as well, a
  call each from Python and as a list of events in one call.
- Each operation by itself, for more and more live orders, and after a long history.
- Single calls from Python, ours and the original's.
- Memory for each live and each ended order.

"Memory used before" is this: the exchange is a new one, and before the clock starts its arrays of
orders, trades and events have been grown to the size they'll need, and every record that the
stream will fill has been written once, so that the operating system has given the memory. "Fresh
memory": the exchange has taken in the preloaded orders and nothing else has been prepared; the
arrays grow while the clock runs. Either way `process` looks through all messages first and makes
its result's arrays anew, within the time.

The original runs in its own virtual environment, made when missing, and its own process. It can
hang, or cancel wrong orders, after a cancel of an order at a price that has traded since the order
came; streams and calls that it takes part in have no such cancels, and none that modify so.

Run it from a checkout, with nanobook installed: ``python bench/bench_book.py``.
"""

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from book_calls import ANSWERS, PARTS, Calls, Replay
from book_inside import kernel_time, touch
from book_operations import OPERATIONS, SAMPLED, UNSAMPLED, Operations
from book_peer import StepClock, as_calls, check_end, find_original, start_original
from book_streams import make_stream
from peers.environment import default_folder
from timing import Clock, machine, print_rows, print_table, race, show, time_call

import nanobook
from nanobook import Exchange

MESSAGES, LIVE, DEEP = 1_000_000, 18_000, 20_000

#: Live orders of the exchanges that single calls go to.
SIZES = (1_000, 100_000)

BENCH = Path(__file__).resolve().parent

#: What a new process does first.
FIRST = """
import json, time
import nanobook, numpy as np
from numba.core import event
message = np.zeros(1, nanobook.MESSAGE)
with event.install_recorder("numba:compile") as recorder:
    begin = time.perf_counter()
    exchange = nanobook.Exchange()
    made = time.perf_counter()
    exchange.cancel(1)
    message["side"] = 1
    exchange.process(message)
    done = time.perf_counter()
compiled = sum(e.is_start for _, e in recorder.buffer)
print(json.dumps([made - begin, done - made, compiled]))
"""


def main():
    """Run the bench."""
    options = _read_options()
    quick = options.quick
    print(machine("numba", "numpy", "pandas", "nanobook"))
    _print_first(quick)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        stream = make_stream(MESSAGES, live=LIVE, safe=True, seed=3)
        calls = as_calls(stream.preload), as_calls(stream.messages)
        (folder / "calls.pickle").write_bytes(pickle.dumps((*calls, SIZES)))
        python = None if options.alone else find_original(options.environments)
        peer = start_original(python, folder, opened) if python else None
        _bench_stream("near the touch", make_stream(MESSAGES, live=LIVE), 5 if quick else 20)
        deep = make_stream(MESSAGES, live=LIVE, deep=DEEP, seed=2)
        _bench_stream(f"up to {DEEP:,} ticks from the touch", deep, 5 if quick else 20)
        _bench_shared(stream, calls, peer, 1 if quick else 3)
        del calls, stream, deep
        _bench_operations(quick)
        _bench_calls(peer, 6 if quick else 30)
    _bench_memory(python, 300_000 if quick else 1_000_000)


def _read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--environments",
        type=Path,
        default=default_folder(),
        help="where the original's virtual environment is or is made (default: %(default)s)",
    )
    parser.add_argument("--alone", action="store_true", help="leave the original out")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, less history")
    return parser.parse_args()


def _print_first(quick):
    """Print what the first uses take, which load or compile all kernels."""
    with tempfile.TemporaryDirectory() as folder:
        cold = {**_environment(), "NUMBA_CACHE_DIR": folder}
        runs = [] if quick else [("empty cache", cold), ("cache filled by that", cold)]
        for name, environment in [*runs, ("this user's own cache", _environment())]:
            made, processed, compiled = json.loads(_run([sys.executable, "-c", FIRST], environment))
            print(
                f"a new process, {name}: first exchange {show(made)}, then its first stream "
                f"{show(processed)}; {compiled} kernels compiled"
            )


# ---- streams ---------------------------------------------------------------------------------


class BatchClock(Clock):
    """A stream through a new exchange: seconds per message, the preloaded orders left out."""

    def __init__(self, name, stream, *, used=True, kernel=False, events=True, results=True):
        """Choose memory used before or fresh, and what's recorded; `kernel` times that alone."""
        self.name = name
        self.samples = []
        self._stream, self._used, self._kernel = stream, used, kernel
        self._options = events, results
        self.first = self._sample()

    def sample(self):
        """Take one sample."""
        self.samples.append(self._sample())

    def _sample(self):
        stream, (events, results) = self._stream, self._options
        count = len(stream.messages)
        exchange = Exchange(record_events=events)
        exchange.process(stream.preload, results=False)
        if self._used:  # and room to spare for what a market order could trade at most
            touch(exchange, ids=count, events=count + 2, trades=stream.trades + LIVE)
        with kernel_time() as kernel:
            seconds = time_call(lambda: exchange.process(stream.messages, results=results))
        check_end(exchange, stream)
        return (kernel.seconds if self._kernel else seconds) / count


def _bench_stream(title, stream, rounds):
    print(f"\nstream {title}, per message: {stream}")
    clocks = [
        BatchClock("process, memory used before", stream),
        BatchClock("process, fresh memory", stream, used=False),
        BatchClock("process, used, results=False", stream, results=False),
        BatchClock("process, used, record_events=False", stream, events=False),
        BatchClock("process, used, neither", stream, events=False, results=False),
        BatchClock("process, fresh, neither", stream, used=False, events=False, results=False),
        BatchClock("kernel of the first alone", stream, kernel=True),
        BatchClock("kernel alone, neither", stream, kernel=True, events=False, results=False),
    ]
    print_table(race(clocks, rounds))


def _bench_shared(stream, calls, peer, passes):
    """Time a stream that the original survives, in parts that the contenders take in turn."""
    print(f"\nstream near the touch that the original survives, per message: {stream}")
    print(
        f"one call each: a sample is one of {PARTS} parts, taken in order, with the loop over calls"
    )
    used = BatchClock("ours, process, memory used before", stream)
    fresh = BatchClock("ours, process, fresh memory", stream, used=False)
    ours = Replay(Exchange, *calls)
    parts, wholes = [StepClock("ours, one call each", ours.sample)], []
    if peer:
        parts.append(StepClock("the original, one call each", lambda: peer.ask("answer", "part")))
        race(parts, PARTS - 1)  # and the first part is through
        theirs = peer.ask("answer", "state")
        wholes.append(
            StepClock("the original, its list of events", lambda: peer.ask("answer", "events"))
        )
    for _ in range(passes):
        race([used, *parts, fresh], PARTS)
        race([used, *wholes, fresh], 2)
    check_end(ours.exchange, stream)
    print_table([used, fresh, *parts, *wholes])
    if peer:
        expected = [stream.bid, stream.ask, stream.last_price, stream.trades]
        verdict = "are ours" if theirs == expected else f"DIFFER: {theirs}, ours {expected}"
        print(f"the original's best prices, last price and number of trades at the end {verdict}")
        print("(its list of events goes through `Exchange.replay`, the preloaded orders with it)")


# ---- operations ------------------------------------------------------------------------------


def _bench_operations(quick):
    history = 2_000_000 if quick else 10_000_000
    long = f"10,000 after {history:,}"
    books = {"1,000": (1_000, 0), "10,000": (10_000, 0), long: (10_000, history)}
    books |= {"100,000": (100_000, 0), "1,000,000": (1_000_000, 0)}
    print("\neach operation by itself, the compiled call alone, memory used before, per message:")
    made = {name: Operations(*numbers) for name, numbers in books.items()}
    print("median, and quartiles in ns, by the number of live orders")
    race(list(made.values()), 3 if quick else 10)
    rows = [("", *made)]
    for name in (*OPERATIONS, *SAMPLED):
        rows.append((name, *(_quartiles(book.samples[name]) for book in made.values())))
    print_rows(rows)
    for name, levels in SAMPLED.items():
        costs = [_difference(book.samples, name) for book in made.values()]
        print(f"a sample alone, levels={levels}: {', '.join(map(show, costs))}")
    before, after = (made[name].samples for name in ("10,000", long))
    factors = [f"{name} x {_growth(after[name], before[name]):.2f}" for name in OPERATIONS]
    print(f"with the history beside without, in the same round: {', '.join(factors)}")


def _growth(values, others):
    """Return the median ratio of samples taken one after another."""
    return statistics.median(one / other for one, other in zip(values, others, strict=True))


def _difference(samples, name):
    """Return the median of what sampling added to submits right before."""
    pairs = zip(samples[name], samples[UNSAMPLED], strict=True)
    return max(0.0, statistics.median(more - less for more, less in pairs))


def _median_ratio(values, others):
    return statistics.median(values) / statistics.median(others)


def _quartiles(values):
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{show(middle)} ({low * 1e9:.0f}..{high * 1e9:.0f})"


# ---- single calls ----------------------------------------------------------------------------


def _bench_calls(peer, rounds):
    for size in SIZES:
        print(f"\none call from Python, {size:,} live orders; median, quartiles in ns")
        ours = Calls(Exchange, size)
        takers = {"ours": lambda what, ours=ours: getattr(ours, what)()}
        if peer:
            takers["the original"] = lambda what, size=size: peer.ask("answer", f"{size} {what}")
        samples = {name: {} for name in takers}
        for _ in range(rounds):
            for what in ANSWERS:
                for name, take in takers.items():
                    for call, values in take(what).items():
                        samples[name].setdefault(call, []).extend(values)
        rows = [("", *takers, *(["the original x ours"] if peer else []))]
        for call in samples["ours"]:
            both = [samples[name][call] for name in takers]
            row = [call, *map(_quartiles, both)]
            if peer:
                row.append(f"{_median_ratio(*reversed(both)):.2f}")
            rows.append(tuple(row))
        print_rows(rows)


# ---- memory ----------------------------------------------------------------------------------


def _bench_memory(original, count):
    if not Path("/proc/self/statm").exists():
        print("\nmemory isn't measured: there's no /proc/self/statm")
        return
    print(f"\nresident memory in bytes per order, {count:,} orders, one process each")
    takers = {"ours": [sys.executable, "on"], "ours, no events": [sys.executable, "off"]}
    if original:
        takers["the original"] = [original]
    scenarios = {
        "live": "live",
        "ended by a cancel": "cancelled",
        "ended by a trade (two orders a trade)": "traded",
    }
    rows = [("", *takers)]
    for title, scenario in scenarios.items():
        sizes = [_measure(*taker, scenario=scenario, count=count) for taker in takers.values()]
        rows.append((title, *(f"{size:.0f}" for size in sizes)))
    print_rows(rows)


def _measure(python, *log, scenario, count):
    """Return how many bytes an order takes in a new process."""
    isolated = [] if log else ["-I"]  # the original must not find the checkout
    script = [str(BENCH / "book_memory.py"), scenario, str(count), *log]
    return float(_run([python, *isolated, *script], _environment()))


def _environment():
    """Return the children's environment: nanobook is this process's."""
    return {**os.environ, "PYTHONPATH": str(Path(nanobook.__file__).absolute().parents[1])}


def _run(command, environment):
    """Run a command away from the checkout, and return what it prints."""
    folder = tempfile.gettempdir()
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


if __name__ == "__main__":
    main()
