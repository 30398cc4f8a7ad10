"""Single calls of an exchange, timed in blocks: the same code for ours and for the original's.

Only the standard library is imported, since the original's environment holds nothing else.
Orders are cancelled and modified only at prices that never trade, so that the original survives.
"""

from random import Random
from time import perf_counter

__all__ = ["ANSWERS", "QUESTIONS", "TURNS", "Calls", "Replay"]

#: Calls timed together.
BLOCK = 100

#: The price of all trades; orders that rest are at most so many ticks from it.
CENTRE, TICKS = 100_000, 200

TURNS = ("submit_limit that rests", "modify", "cancel", "submit_limit that trades")
TURNS += ("submit_market that trades",)

QUESTIONS = ("best_bid_ask", "depth(10), unread", "depth(10), all levels read", "get_order")

#: Seconds that either kind takes in one round.
TURNS_SECONDS, QUESTIONS_SECONDS = 0.12, 0.08

#: Parts that a stream is replayed in.
PARTS = 10

ANSWERS = ("turns", "questions")


class Calls:
    """An exchange with a number of live orders, and samples of calls of it."""

    def __init__(self, exchange_class, count, rounds=1):
        """Fill the exchange, and let it do everything for some rounds first."""
        self._random = Random(count)
        self._exchange = exchange_class()
        self._next_id = 1
        self._live = {"buy": [], "sell": []}
        for _ in range(count // BLOCK // 2):
            self._submit("buy"), self._submit("sell")
        for _ in range(rounds):
            self.turns(), self.questions()

    def turns(self):
        """Return the seconds that calls take each, for calls that change the book."""
        samples = {name: [] for name in TURNS}
        end = perf_counter() + TURNS_SECONDS
        side, other = "buy", "sell"
        while perf_counter() < end:
            done = self._submit(side), self._modify(side), self._cancel(side)
            done += self._fill(), self._hit()
            for name, seconds in zip(TURNS, done, strict=True):
                samples[name].append(seconds)
            side, other = other, side
        return samples

    def questions(self):
        """Return the seconds that calls take each, for calls that ask."""
        samples = {name: [] for name in QUESTIONS}
        end = perf_counter() + QUESTIONS_SECONDS
        while perf_counter() < end:
            done = self._touch(), self._depth(), self._read(), self._get()
            for name, seconds in zip(QUESTIONS, done, strict=True):
                samples[name].append(seconds)
        return samples

    def _submit(self, side):
        submit, prices = self._exchange.submit_limit, self._prices(side)
        begin = perf_counter()
        for price in prices:
            submit(side, price, 10)
        seconds = perf_counter() - begin
        self._live[side] += self._ids()
        return seconds / BLOCK

    def _modify(self, side):
        modify, prices = self._exchange.modify, self._prices(side)
        pairs = list(zip(self._draw(side), prices, strict=True))
        begin = perf_counter()
        for order_id, price in pairs:
            modify(order_id, price, 12)
        seconds = perf_counter() - begin
        self._live[side] += self._ids()
        return seconds / BLOCK

    def _cancel(self, side):
        cancel, drawn = self._exchange.cancel, self._draw(side)
        begin = perf_counter()
        for order_id in drawn:
            cancel(order_id)
        return (perf_counter() - begin) / BLOCK

    def _fill(self):
        submit = self._offer()
        begin = perf_counter()
        for _ in range(BLOCK):
            submit("buy", CENTRE, 10)
        return self._filled(perf_counter() - begin)

    def _hit(self):
        self._offer()
        submit = self._exchange.submit_market
        begin = perf_counter()
        for _ in range(BLOCK):
            submit("buy", 10)
        return self._filled(perf_counter() - begin)

    def _offer(self):
        """Let orders rest between the others, each to be filled by one order."""
        submit = self._exchange.submit_limit
        for _ in range(BLOCK):
            submit("sell", CENTRE, 10)
        self._ids()
        return submit

    def _filled(self, seconds):
        self._ids()
        if self._exchange.best_ask() == CENTRE:
            raise RuntimeError("orders are left that should have been filled")
        return seconds / BLOCK

    def _touch(self):
        best_bid_ask = self._exchange.best_bid_ask
        begin = perf_counter()
        for _ in range(BLOCK):
            best_bid_ask()
        return (perf_counter() - begin) / BLOCK

    def _depth(self):
        depth = self._exchange.depth
        begin = perf_counter()
        for _ in range(BLOCK):
            depth(10)
        return (perf_counter() - begin) / BLOCK

    def _read(self):
        depth = self._exchange.depth
        begin = perf_counter()
        for _ in range(BLOCK):
            book = depth(10)
            for level in book.bids:
                _, _ = level.price, level.quantity
            for level in book.asks:
                _, _ = level.price, level.quantity
        return (perf_counter() - begin) / BLOCK

    def _get(self):
        get_order, choices = self._exchange.get_order, self._random.choices
        drawn = choices(self._live["buy"], k=BLOCK)
        begin = perf_counter()
        for order_id in drawn:
            get_order(order_id)
        return (perf_counter() - begin) / BLOCK

    def _prices(self, side):
        away = self._random.choices(range(1, TICKS + 1), k=BLOCK)
        return [CENTRE - ticks if side == "buy" else CENTRE + ticks for ticks in away]

    def _draw(self, side):
        """Draw live orders and take them from the living."""
        live, drawn = self._live[side], []
        for _ in range(BLOCK):
            at = self._random.randrange(len(live))
            live[at], live[-1] = live[-1], live[at]
            drawn.append(live.pop())
        return drawn

    def _ids(self):
        """Count a block's ids as taken and return them."""
        first = self._next_id
        self._next_id += BLOCK
        return range(first, self._next_id)


class Replay:
    """A stream of calls, a part in each round; a new exchange takes it from the beginning again.

    Parameters
    ----------
    exchange_class : type
        What to replay it with.
    preload, calls : list of (str, tuple)
        Names of methods and their arguments, before the clock starts and while it runs.
    """

    def __init__(self, exchange_class, preload, calls):
        self._class, self._preload, self._calls = exchange_class, preload, calls
        self._step = len(calls) // PARTS
        self._at = 0
        self.exchange = None

    def sample(self):
        """Return the seconds that the next part takes per call."""
        if self._at in (0, len(self._calls)):
            self.exchange, self._at = self._class(), 0
            for method, arguments in _bound(self.exchange, self._preload):
                method(*arguments)
        part = _bound(self.exchange, self._calls[self._at : self._at + self._step])
        begin = perf_counter()
        for method, arguments in part:
            method(*arguments)
        seconds = perf_counter() - begin
        self._at += self._step
        return seconds / len(part)


def _bound(exchange, calls):
    """Return methods of an exchange in place of their names."""
    return [(getattr(exchange, name), arguments) for name, arguments in calls]
