"""Time the ITCH room beside its peers, in one run, all contenders taking turns.

- Messages to struct arrays: the kernel, `read_itch` at once and in chunks.
- The same and `parse_itch` beside those that make a Python object of each message.
- Books rebuilt, and sampled: the best prices after each message, ten levels, every 100 ms, all
  orders; one symbol, a hundred, and AAPL's first half minute of 2019-01-30 where it's there.
- A file compressed by gzip, beside its decompressor.
- Writing.
- Memory, while a file is read in chunks and replayed.

"Memory used before" is this: where messages are decoded, the rows that will be written have been
written once; where books are rebuilt, another replay has left its arrays (``out=``), and only the
books themselves are new. "Fresh memory": arrays grow while the clock runs, and the operating
system gives their pages then. "The kernel" is the compiled call alone, all windows of a stream
added up; "the call" is all of it. What a call returns is dropped once its clock has stopped.

Streams are written by a market of the bench's own (`itch_day`); ours come from memory, unless it
says so, the peers' from files that the system holds in memory. Each peer runs in its own virtual
environment, made when missing, and in its own process: the original (nanobook 0.9.3), itch-book
and itchcpp (C++), itchfeed and MeatPy (Python). None does quite the same: itch-book writes a row
where the best prices or levels have changed, itchcpp none at all, and only MeatPy's books can be
asked after each message.

With ten million messages, ten levels after each of them take 7 GB for a while, and the streams 1
GB on disk.

Run it from a checkout, with nanobook installed: ``python bench/bench_itch.py``.
"""

import argparse
import gzip
import importlib
import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
from itch_day import synthetic_day
from peers.environment import default_folder, ready_environment
from peers.itch_streams import CHECKED, several
from peers.process import Peer
from timing import Clock, machine, print_firsts, print_rows, race, show

import nanobook
from nanobook import parse_itch, read_itch, replay_itch, write_itch
from nanobook.itch.layout import RECORD
from nanobook.itch.read import Outs
from nanobook.itch.reader import Reader
from nanobook.itch.source import open_source

MESSAGES, FEWER = 10_000_000, 1_000_000

#: A stream for those that make objects has so many times fewer; the one for books in Python has
#: so many, over so many live orders.
SHORTER, SMALL, LIVE = 10, 10_000, 1_000

#: Bytes of a stream that are read at a time, and of what is decompressed.
CHUNK, BLOCK = 1 << 24, 1 << 21

#: Where all resting orders are sampled, so many times in a stream.
TIMES = 100

BENCH = Path(__file__).resolve().parent
AAPL = BENCH.parents[1] / "shared" / "data" / "aapl_20190130_0930.itch.gz"

#: Each peer's package, version, script and environment.
PEERS = {
    "the original": ("nanobook", "0.9.3", "original_itch.py", "original"),
    "itch-book": ("itch-book", "0.2.1", "itchbook_itch.py", "itch-book"),
    "itchcpp": ("itchcpp", "1.6.4", "itchcpp_itch.py", "itchcpp"),
    "itchfeed": ("itchfeed", "1.6.4", "itchfeed_itch.py", "itchfeed"),
    "MeatPy": ("meatpy", "0.5.0", "meatpy_itch.py", "meatpy"),
}

#: What a new process does first.
FIRST = """
import json, time
import nanobook
from numba.core import event
frame = bytes([0, 12]) + b"S" + bytes(10) + b"O"
with event.install_recorder("numba:compile") as recorder:
    begin = time.perf_counter()
    nanobook.read_itch(frame)
    read = time.perf_counter()
    nanobook.replay_itch(frame)
    done = time.perf_counter()
compiled = sum(e.is_start for _, e in recorder.buffer)
print(json.dumps([read - begin, done - read, compiled]))
"""

#: What a new process does whose memory is watched.
WATCHED = """
import sys
import nanobook

def read(source):
    chunks = nanobook.read_itch(source, chunksize=CHUNK)
    return sum(sum(map(len, chunk.values())) for chunk in chunks)

def replay(source):
    return len(nanobook.replay_itch(source, every="1s"))

CHUNK = int(sys.argv[4])
take = {"read": read, "replay": replay}[sys.argv[1]]
take(sys.argv[2])  # whatever comes once
print("ready", flush=True)
sys.stdin.readline()
print(take(sys.argv[3]), flush=True)
sys.stdin.readline()
"""


def main():
    """Run the bench."""
    options = _read_options()
    quick = options.quick
    rounds = 3 if quick else 6
    messages = options.messages or (FEWER if quick else MESSAGES)
    print(machine("numba", "numpy", "pandas", "nanobook"))
    _print_first(quick)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        streams = _write_streams(folder, messages)
        peers = {} if options.alone else _start_peers(options.environments, folder, opened)
        _bench_decode(streams["hundred"], peers, rounds)
        _bench_objects(streams["short"], peers, min(rounds, 4))
        for name in ("one", "hundred", "aapl", "small"):
            if name in streams:
                _bench_replay(streams[name], peers, rounds)
        _bench_gzip(streams["hundred"], peers, min(rounds, 4))
        _bench_write(streams["short"], folder, rounds)
        _bench_memory(streams)


def _read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--environments",
        type=Path,
        default=default_folder(),
        help="where the peers' virtual environments are or are made (default: %(default)s)",
    )
    parser.add_argument("--alone", action="store_true", help="leave the peers out")
    parser.add_argument("--quick", action="store_true", help="fewer messages and rounds")
    parser.add_argument("--messages", type=int, help="how many the whole streams have")
    return parser.parse_args()


def _print_first(quick):
    """Print what the first uses take, which load or compile all kernels."""
    with tempfile.TemporaryDirectory() as folder:
        cold = {**_environment(), "NUMBA_CACHE_DIR": folder}
        runs = [] if quick else [("empty cache", cold), ("cache filled by that", cold)]
        for name, environment in [*runs, ("this user's own cache", _environment())]:
            done = subprocess.run(
                [sys.executable, "-c", FIRST],
                env=environment,
                cwd=tempfile.gettempdir(),
                capture_output=True,
                text=True,
            )
            if done.returncode:
                sys.exit(done.stderr)
            read, replayed, compiled = json.loads(done.stdout)
            print(
                f"a new process, {name}: first read_itch {show(read)}, then its first replay_itch "
                f"{show(replayed)}; {compiled} kernels compiled"
            )


def _environment():
    """Return the children's environment: nanobook is this process's."""
    return {**os.environ, "PYTHONPATH": str(Path(nanobook.__file__).absolute().parents[1])}


# ---- streams and peers -----------------------------------------------------------------------


class Stream:
    """A stream in a file."""

    def __init__(self, name, title, folder, data):
        """Write it, and count its messages."""
        self.name = name
        self.path = folder / f"{name}.itch"
        self.path.write_bytes(data)
        self.count = sum(read_itch(data, types="S").counts.values())
        self._text = f"{title}: {self.count:,} messages, {len(data) / 1e6:,.1f} MB"

    def __repr__(self):
        return self._text


def _write_streams(folder, messages):
    """Write all streams, and a list of them for the peers."""
    short = messages // SHORTER
    made = {
        "one": ("a day of one symbol", lambda: synthetic_day(messages)),
        "hundred": ("a day of 100 symbols", lambda: synthetic_day(messages, 100)),
        "short": ("a short day of 100 symbols", lambda: synthetic_day(short, 100)),
        "small": (f"few orders, {LIVE:,}", lambda: synthetic_day(SMALL, live=LIVE)),
    }
    if AAPL.exists():
        made["aapl"] = ("AAPL, 2019-01-30 from 09:30", lambda: gzip.decompress(AAPL.read_bytes()))
    else:
        print(f"AAPL's stream is left out: there's no {AAPL.name} in a folder shared/data")
    streams = {name: Stream(name, title, folder, make()) for name, (title, make) in made.items()}
    counts = {name: stream.count for name, stream in streams.items()}
    (folder / "streams.json").write_text(json.dumps(counts))
    return streams


def _start_peers(environments, folder, opened):
    """Start those that are installed, or can be; say which."""
    peers = {}
    for name, (package, version, script, place) in PEERS.items():
        try:
            python = ready_environment(environments.absolute() / place, package, version)
            peer = Peer(python, BENCH / "peers" / script, folder)
        except (subprocess.CalledProcessError, OSError, RuntimeError) as error:
            reason = f"{error}\n{getattr(error, 'stderr', None) or ''}".strip().splitlines()[-1]
            print(f"{name}: {package} {version} not installed ({reason})")
            continue
        opened.callback(peer.close)
        versions = ", ".join(f"{key} {value}" for key, value in peer.hello["versions"].items())
        print(f"{name}: {versions}")
        peers[name] = peer
    return peers


# ---- clocks ----------------------------------------------------------------------------------


class RateClock(Clock):
    """Seconds of a whole call, and of the compiled calls in it where they can be told."""

    def __init__(self, name, take):
        """Take the first samples; `take` returns those of calls, and of kernels or None."""
        self.name = name
        self.samples, self.kernels = [], []
        self._take = take
        self.first = take()[0][0]

    def sample(self):
        """Take some samples of both."""
        calls, kernels = self._take()
        self.samples += calls
        self.kernels += kernels or []


def _clock(name, call):
    """Return a clock for a call."""
    return RateClock(name, lambda: (several(call), None))


def _read_clock(name, call):
    """Return a clock for a call that decodes."""
    return RateClock(name, lambda: _both(call, "nanobook.itch.read", "decode"))


def _peer_clocks(peers, name, task, title):
    """Return a peer's clock for a task, in a list; an empty one if the peer isn't there."""
    first = _ask(peers, name, task)
    if first is None:
        return []
    peer, known = peers[name], [first]

    def take():
        return (known.pop() if known else peer.ask("answer", task)), None

    return [RateClock(f"{name}, {title}", take)]


def _ask(peers, name, task):
    """Return a peer's answer, None without one."""
    if name not in peers:
        return None
    try:
        return peers[name].ask("answer", task)
    except RuntimeError as error:
        print(f"{name} is left out from here on: {task}: {str(error).splitlines()[-1]}")
        del peers[name]
        return None


def _both(call, module, kernel):
    """Return the seconds of some calls, and of the kernel in each."""
    with _kernel_time(module, kernel) as spent:

        def begin():
            spent.append(0.0)
            return call()

        return several(begin), spent


@contextmanager
def _kernel_time(module, name):
    """Have a kernel's seconds added to the last number of the list that this gives."""
    module = importlib.import_module(module)
    kernel, spent = getattr(module, name), []

    def timed(*arguments):
        begin = time.perf_counter()
        status = kernel(*arguments)
        spent[-1] += time.perf_counter() - begin
        return status

    with mock.patch.object(module, name, timed):
        yield spent


# ---- tables ----------------------------------------------------------------------------------


def _print_rates(clocks, count):
    """Print the rates of calls and of the kernels in them, and calls as multiples of the first."""
    print_firsts(clocks)
    base, kernel = clocks[0], ("kernel's", "best .. worst", "M/s")
    rows = [("ns a message", "median", "best .. worst", "M/s", "x first", *kernel)]
    for clock in clocks:
        ratio = f"{clock.median / base.median:.2f}"
        rows.append((clock.name, *_rates(clock.samples, count), ratio))
        rows[-1] += _rates(clock.kernels, count) if clock.kernels else ("",) * 3
    print_rows(rows)


def _rates(samples, count):
    """Return median and spread in ns, and the median's rate in millions a second."""
    low, median, high = (f(samples) / count for f in (min, statistics.median, max))
    return _ns(median), f"{_ns(low)} .. {_ns(high)}", f"{1e-6 / median:.2f}"


def _ns(seconds):
    value = seconds * 1e9
    return f"{value:.1f}" if value < 1_000 else f"{value:,.0f}"


def _print_goal(clock, count, least):
    """Print the rates of a clock's kernel beside what is meant."""
    calls, kernels = (
        f"{count / min(samples) / 1e6:.1f} at best, {count / statistics.median(samples) / 1e6:.1f}"
        for samples in (clock.samples, clock.kernels)
    )
    print(
        f"{clock.name}, millions of messages a second: the kernel {kernels} the median; "
        f"the call {calls}; at least {least} are meant"
    )


# ---- decode ----------------------------------------------------------------------------------


def _bench_decode(stream, peers, rounds):
    print(f"\nmessages to struct arrays\n{stream}")
    data, path = stream.path.read_bytes(), str(stream.path)

    def in_chunks(source):
        for _ in read_itch(source, chunksize=CHUNK):
            pass

    used = _decode_clock("the kernel, memory used before", data, stream.count)
    window = _decode_clock("the kernel, each window to the same rows", data, stream.count, True)
    clocks = [
        used,
        window,
        _read_clock("read_itch, fresh memory", lambda: read_itch(data)),
        _read_clock("read_itch of the file, fresh", lambda: read_itch(path)),
        _read_clock(f"read_itch, chunks of {CHUNK >> 20} MiB", lambda: in_chunks(data)),
        _read_clock("the file in such chunks", lambda: in_chunks(path)),
        *_peer_clocks(peers, "the original", f"{stream.name}: rust", "its Rust alone"),
        *_peer_clocks(peers, "itch-book", f"{stream.name}: messages", "table of orders' messages"),
    ]
    _print_rates(race(clocks, rounds), stream.count)
    _print_goal(used, stream.count, 100)
    _print_goal(window, stream.count, 100)
    print("(the original's Rust makes events of them, itch-book's table needs its books)")


def _decode_clock(name, data, count, again=False):
    """Return a clock for the kernel, its rows written before; `again` begins anew each window."""
    module = importlib.import_module("nanobook.itch.read")
    reader = Reader()
    outs = Outs(reader.letters, RECORD)

    def rewind():
        for letter, array in outs._arrays.items():
            outs._put(letter, array, 0)

    def kernel():
        if again:
            rewind()
        return module.decode(reader.address)

    def call():
        reader.begin()
        rewind()
        for _ in reader.run(open_source(data), kernel, outs.make_room):
            pass
        if reader.head["message"] != count:
            raise RuntimeError(f"{int(reader.head['message'])} messages were read, not {count}")

    call()  # which writes all rows
    return RateClock(name, lambda: _both(call, "nanobook.itch.read", "decode"))


def _bench_objects(stream, peers, rounds):
    print(f"\nmessages or events as Python objects, and ours as arrays\n{stream}")
    path, name = str(stream.path), stream.name
    clocks = [
        _clock("ours, parse_itch", lambda: parse_itch(path)),
        _read_clock("ours, read_itch of the file", lambda: read_itch(path)),
        *_peer_clocks(peers, "the original", f"{name}: objects", "parse_itch"),
        *_peer_clocks(peers, "the original", f"{name}: rust", "its Rust alone"),
        *_peer_clocks(peers, "itchcpp", f"{name}: objects", "messages"),
        *_peer_clocks(peers, "itchfeed", f"{name}: objects", "messages"),
        *_peer_clocks(peers, "MeatPy", f"{name}: objects", "messages"),
    ]
    _print_rates(race(clocks, rounds), stream.count)
    theirs = _ask(peers, "the original", f"{name}: count")
    if theirs is not None:
        ours = len(parse_itch(path))
        print(f"parse_itch gives {ours:,} events; the original's {theirs:,}")


# ---- books -----------------------------------------------------------------------------------


def _bench_replay(stream, peers, rounds):
    print(f"\nbooks rebuilt\n{stream}")
    data, path, name = stream.path.read_bytes(), str(stream.path), stream.name
    samples = {
        "best prices after each": {},
        "ten levels after each": {"levels": 10},
        "best prices every 100 ms": {"every": "100ms"},
        "nothing sampled": {"every": None},
        f"all orders, {TIMES} times": {"every": stream.count // TIMES, "orders": True},
    }
    ours = []
    for title, options in samples.items():
        ours.append(_replay_clock(f"{title}, used before", data, True, options))
        ours.append(_replay_clock(f"{title}, fresh", data, False, options))
        if not options:
            ours.append(_replay_clock("the same of the file, fresh", path, False, options))
    theirs = [
        *_peer_clocks(peers, "itch-book", f"{name}: bbo", "changes of best prices"),
        *_peer_clocks(peers, "itch-book", f"{name}: depth", "changes of ten levels"),
        *_peer_clocks(peers, "itch-book", f"{name}: books", "nothing sampled"),
        *_peer_clocks(peers, "itchcpp", f"{name}: books", "nothing sampled"),
    ]
    if name in ("small", "aapl"):
        theirs += _peer_clocks(peers, "MeatPy", f"{name}: bbo", "best prices after each")
    for at in range(rounds):  # they're slow
        race(ours, 1)
        race(theirs, (at + 1) % 2)
    _print_rates([*ours, *theirs], stream.count)
    meant = {"one": 25, "hundred": 12, "aapl": 25}
    if name in meant:
        _print_goal(ours[0], stream.count, meant[name])
    _compare(stream, data, peers)


def _replay_clock(name, source, used, options):
    """Return a clock for a replay, to arrays that another has left if they're `used`."""

    def take():
        last = replay_itch(source, **options) if used else None

        def call():
            nonlocal last
            if not used:
                return replay_itch(source, **options)
            last = replay_itch(source, out=last, **options)

        return _both(call, "nanobook.itch.feed", "rebuild")

    return RateClock(name, take)


def _compare(stream, data, peers):
    """Print whether the peers' books are ours."""
    replay = replay_itch(data)
    place = stream.path.parent
    file = _ask(peers, "itch-book", f"{stream.name}: rows")
    if file:
        _print_verdict("itch-book", np.load(place / file), replay)
    if stream.name in ("small", "aapl"):
        file = _ask(peers, "MeatPy", f"{stream.name}: rows")
        if file:
            _print_verdict("MeatPy", np.array(json.loads((place / file).read_text())), replay)
    end = _ask(peers, "itchcpp", f"{stream.name}: end")
    if end is not None:
        last = np.flatnonzero(replay.locate == _first_locate(replay))[-1]
        ours = [int(getattr(replay, name)[last, 0]) for name in CHECKED]
        verdict = "are ours" if end == ours else f"DIFFER: {end}, ours {ours}"
        print(f"itchcpp's best prices at the end, of the first symbol, {verdict}")


def _first_locate(replay):
    """Return the code of the symbol that was first to be named."""
    return next(iter(replay.symbols))


def _print_verdict(name, rows, replay):
    """Print whether a peer's best prices after some messages are ours after these."""
    message, *theirs = rows
    at = np.minimum(np.searchsorted(replay.message, message), len(replay) - 1)
    same = replay.message[at] == message
    for column, values in zip(CHECKED, theirs, strict=True):
        same &= getattr(replay, column)[at, 0] == values
    wrong = np.flatnonzero(~same)
    verdict = "all are ours"
    if wrong.size:
        verdict = f"{wrong.size:,} DIFFER, from message {message[wrong[0]]:,} on"
    print(f"{name}'s best prices after {len(message):,} messages: {verdict}")


# ---- gzip ------------------------------------------------------------------------------------


def _bench_gzip(stream, peers, rounds):
    path = stream.path.with_name(f"{stream.path.name}.gz")
    with gzip.open(path, "wb", 3) as file:
        file.write(stream.path.read_bytes())
    print(f"\na file compressed by gzip, {path.stat().st_size / 1e6:,.1f} MB\n{stream}")
    source = str(path)

    def decompress():
        with gzip.open(path) as file:
            while file.read(BLOCK):
                pass

    def in_chunks():
        for _ in read_itch(source, chunksize=CHUNK):
            pass

    clocks = [
        _clock("the decompressor alone", decompress),
        RateClock(
            "replay_itch, best prices after each",
            lambda: _both(lambda: replay_itch(source), "nanobook.itch.feed", "rebuild"),
        ),
        _read_clock("read_itch in chunks", in_chunks),
        *_peer_clocks(peers, "itch-book", f"{stream.name}: gzip", "changes of best prices"),
    ]
    _print_rates(race(clocks, rounds), stream.count)
    speed = stream.path.stat().st_size / 1e6 / clocks[0].median
    print(f"the decompressor gives {speed:.0f} MB a second")


# ---- writing ---------------------------------------------------------------------------------


def _bench_write(stream, folder, rounds):
    print(f"\nwrite_itch, which ends with fsync\n{stream}")
    data = stream.path.read_bytes()
    messages = read_itch(data)
    plain, packed = folder / "written.itch", folder / "written.itch.gz"

    def write_bytes():
        with open(plain, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    clocks = [
        _clock("the bytes alone, and fsync", write_bytes),
        _clock("plain", lambda: write_itch(messages, plain)),
        _clock("MoldUDP64", lambda: write_itch(messages, plain, framing="moldudp64")),
        _clock("gzip", lambda: write_itch(messages, packed)),
    ]
    _print_rates(race(clocks, rounds), stream.count)
    write_itch(messages, plain)
    same = plain.read_bytes() == data and read_itch(packed) == messages
    print(f"what was written {'is what was read' if same else 'DIFFERS from what was read'}")


# ---- memory ----------------------------------------------------------------------------------


def _bench_memory(streams):
    if not Path("/proc/self/status").exists():
        print("\nmemory isn't measured: there's no /proc/self/status")
        return
    print("\nresident memory in MB while a file is read, one process each: what it adds to its own")
    print("at most, results with it, and pages of the file, which the system can take back")
    rows = [("", "file", "read or sampled", "before", "added at most", "mapped")]
    tasks = {"read": f"read_itch, chunks of {CHUNK >> 20} MiB", "replay": "replay_itch, every 1s"}
    for what, title in tasks.items():
        for name in ("short", "hundred"):
            size = streams[name].path.stat().st_size / 1e6
            done, *memory = _watch(what, streams["small"].path, streams[name].path)
            numbers = (f"{number / 1e3:.1f}" for number in memory)
            rows.append((title, f"{size:.1f}", f"{done:,}", *numbers))
    print_rows(rows)


def _watch(what, small, path):
    """Return what a new process has done, and its memory in kB: before, added and mapped."""
    process = subprocess.Popen(
        [sys.executable, "-c", WATCHED, what, str(small), str(path), str(CHUNK)],
        env=_environment(),
        cwd=tempfile.gettempdir(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("a process whose memory is to be watched has ended")
        before, libraries = _resident(process.pid)
        process.stdin.write("go\n")
        process.stdin.flush()
        most, mapped = before, libraries
        while not select.select([process.stdout], [], [], 0.001)[0]:
            own, files = _resident(process.pid)
            most, mapped = max(most, own), max(mapped, files)
        done = int(process.stdout.readline() or -1)
        process.stdin.write("end\n")
    return done, before, most - before, mapped - libraries


def _resident(pid):
    """Return a process's own memory and that of files it has mapped, in kB."""
    sizes = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("RssAnon", "RssFile"):
            sizes[name] = int(value.split()[0])
    return sizes["RssAnon"], sizes["RssFile"]


if __name__ == "__main__":
    main()
