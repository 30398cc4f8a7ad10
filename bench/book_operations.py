"""A book of so many live orders and so much history, and the time of each operation alone."""

import numpy as np
from book_inside import kernel_time, touch

from nanobook import MESSAGE, Exchange
from nanobook.types.codes import CANCEL, LIMIT, MARKET, MODIFY, NO_OWNER

__all__ = ["OPERATIONS", "SAMPLED", "UNSAMPLED", "Operations"]

#: The price of all trades; orders that rest are at most so many ticks from it.
CENTRE, TICKS = 100_000, 500

OPERATIONS = ("submit that rests", "modify", "cancel", "limit order that trades")
OPERATIONS += ("market order that trades",)
UNSAMPLED = "submit again"
SAMPLED = {"submit, best bid and ask sampled": 1, "submit, ten levels sampled": 10}

#: Messages of one kind in a turn, at least and about.
LEAST, MESSAGES = 500, 40_000

#: How often each is done in a turn, at least: caches are others' at its beginning.
LEAST_CYCLES = 5

#: Messages made at once for the history.
CHUNK = 500_000


class Operations:
    """An exchange, and samples of operations on it: the compiled calls' time for each message.

    Parameters
    ----------
    live : int
        Orders that rest; during samples up to half as many more, 500 at least.
    ended : int, default 0
        Orders that have ended before.

    Attributes
    ----------
    samples : dict of str to list of float
        Seconds per message, by operation.
    """

    def __init__(self, live, ended=0):
        self._random = np.random.default_rng(live)
        self._exchange = Exchange()
        self._live = np.empty(0, np.int64)
        self._count = min(max(live // 2, LEAST), 20_000)
        for start in range(0, live, CHUNK):
            self._rest(min(CHUNK, live - start))
        for start in range(0, ended, CHUNK):
            self._pass_by(min(CHUNK, ended - start))
        self.sample()
        self.samples = {name: [] for name in (*OPERATIONS, UNSAMPLED, *SAMPLED)}

    samples = None

    def sample(self):
        """Take one round of samples, on memory touched beforehand."""
        cycles, count = max(LEAST_CYCLES, MESSAGES // self._count), self._count
        touch(
            self._exchange,
            ids=9 * count * cycles,
            events=14 * count * cycles,
            trades=2 * count * (cycles + 1),
        )
        for _ in range(cycles):
            self._cycle()

    def _cycle(self):
        done = [self._rest(self._count), self._modify(), self._cancel()]
        done += [self._trade(LIMIT), self._trade(MARKET)]
        for sampling in ({}, *({"every": 1, "levels": levels} for levels in SAMPLED.values())):
            done.append(self._rest(self._count, **sampling))
            self._cancel()
        for name, seconds in zip(self.samples or (), done, strict=False):
            self.samples[name].append(seconds)

    def _rest(self, count, **sampling):
        """Submit orders that rest."""
        messages = self._messages(LIMIT, count)
        messages["side"] = self._random.choice(np.array([1, -1], np.int8), count)
        messages["price"] = self._prices(messages["side"])
        seconds = self._run(messages, **sampling)
        self._append(messages)
        return seconds

    def _modify(self):
        """Modify live orders, which keep their side and rest at another price."""
        messages = self._messages(MODIFY, self._count)
        drawn = self._draw()
        sides = np.where(drawn < 0, -1, 1)
        messages["order_id"] = np.abs(drawn)
        messages["price"] = self._prices(sides)
        seconds = self._run(messages)
        messages["side"] = sides
        self._append(messages)
        return seconds

    def _cancel(self):
        """Cancel live orders."""
        messages = self._messages(CANCEL, self._count)
        messages["order_id"] = np.abs(self._draw())
        return self._run(messages)

    def _trade(self, kind):
        """Submit orders that fill one resting order each."""
        makers, takers = self._messages(LIMIT, self._count), self._messages(kind, self._count)
        makers["side"], takers["side"] = -1, 1
        makers["price"] = takers["price"] = CENTRE
        self._run(makers)
        seconds = self._run(takers)
        self._next_id += 2 * self._count
        return seconds

    def _pass_by(self, count):
        """Let orders rest and be cancelled at once."""
        messages = self._messages(CANCEL, 2 * count)
        added = messages[::2]
        added["kind"], added["side"] = LIMIT, self._random.choice(np.array([1, -1], np.int8), count)
        added["price"] = self._prices(added["side"])
        messages["order_id"][1::2] = self._next_id + np.arange(count)
        self._run(messages)
        self._next_id += count

    #: The id of the next order.
    _next_id = 1

    def _messages(self, kind, count):
        messages = np.zeros(count, MESSAGE)
        messages["kind"], messages["owner"], messages["quantity"] = kind, NO_OWNER, 10
        return messages

    def _prices(self, sides):
        return CENTRE - sides.astype(np.int64) * self._random.integers(1, TICKS + 1, len(sides))

    def _run(self, messages, **sampling):
        """Process messages, and return the seconds that each took in the compiled call."""
        with kernel_time() as kernel:
            self._exchange.process(messages, results=False, **sampling)
        return kernel.seconds / len(messages)

    def _append(self, messages):
        """Count a block's orders among the living: their ids, negative for sells."""
        ids = self._next_id + np.arange(len(messages))
        self._live = np.concatenate([self._live, ids * messages["side"]])
        self._next_id += len(messages)

    def _draw(self):
        """Draw live orders and take them from the living."""
        drawn = self._random.choice(len(self._live), self._count, replace=False)
        orders = self._live[drawn]
        self._live = np.delete(self._live, drawn)
        return orders
