"""One instrument's order book, written from the rules: lists, dicts and scans from the start.

Sides are +1 (buy) and -1 (sell), prices and quantities are ints. What changes the book returns
(order_id, status, error, trade_count, filled, resting, cancelled), with the codes below.
"""

import math
from dataclasses import dataclass

BUY, SELL = 1, -1
LARGEST, SMALLEST = 2**63 - 1, -(2**63)

NEW, PARTIALLY_FILLED, FILLED, CANCELLED, PENDING, TRIGGERED, REJECTED = 0, 1, 2, 3, 4, 5, -1
ORDER_NOT_FOUND, ORDER_NOT_ACTIVE, INVALID_QUANTITY, QUANTITY_OVERFLOW = 1, 2, 3, 4

STATUS_WORDS = {
    NEW: "new",
    PARTIALLY_FILLED: "partiallyfilled",
    FILLED: "filled",
    CANCELLED: "cancelled",
    PENDING: "pending",
    TRIGGERED: "triggered",
}

MESSAGE_FIELDS = (
    "kind",
    "side",
    "tif",
    "flags",
    "owner",
    "price",
    "quantity",
    "order_id",
    "tag",
    "stop_price",
    "trail_value",
    "trail_type",
    "atr_period",
)
TIFS = ("gtc", "ioc", "fok")
TRAIL_TYPES = ("fixed", "percentage", "sma_abs_change", "true_atr")
POLICIES = ("off", "cancel_newest", "cancel_oldest", "decrement_and_cancel")

ROUNDS = 100  # of setting off stops, after which a cascade is cut short
CHANGES_KEPT = 10_000
BAR_TRADES = 100  # make a bar, where nobody has said
RANGES_KEPT = 4_096  # that a new period begins with


@dataclass(eq=False)
class Order:
    """An order that was accepted; it is active as long as it stands in a level's list."""

    id: int
    side: int
    price: int
    original: int
    tif: str
    timestamp: int
    owner: int | None
    tag: int
    remaining: int
    filled: int = 0
    status: int = NEW


@dataclass(eq=False)
class Stop:
    """A stop order; what it sends when it is triggered is another order, its child."""

    id: int
    side: int
    stop_price: int
    limit_price: int | None
    quantity: int
    tif: str
    timestamp: int
    owner: int | None
    tag: int
    trail_type: str | None = None
    trail_value: float = 0.0
    atr_period: int = 0
    watermark: int | None = None
    status: int = PENDING
    child_id: int | None = None

    def is_reached(self, price):
        return self.stop_price <= price if self.side == BUY else self.stop_price >= price


class NaiveExchange:
    """An exchange: the book, all orders it remembers, and its trades."""

    def __init__(self, self_trade_prevention="off", bar_trades=None):
        if self_trade_prevention not in POLICIES:
            raise ValueError(self_trade_prevention)
        self.policy = self_trade_prevention
        self.bids = {}  # price: its active orders, oldest first; no price without one
        self.asks = {}
        self.orders = {}  # id: order, the inactive ones too
        self.stops = {}  # id: stop, the triggered and cancelled ones too
        self.trades = []  # (id, price, quantity, aggressor, passive, aggressor's side, timestamp)
        self.last_price = None
        self.next_order_id = 1
        self.next_trade_id = 1
        self.next_timestamp = 1
        self.changes = []  # of the last price, from one look at the stops to the next
        self.previous_price = None  # at the last look
        self.cascade_limit_hit = False  # by the last operation
        self.cancelled_orders = 0  # by the last cancel_all
        self.bar_trades = bar_trades  # None: no bars are built
        self.bar = []  # prices of the running one
        self.bars = []  # (high, low, close) of the complete ones
        self.asked = {}  # period: the first bar that its average true range takes

    # ------------------------------------------------------------------ operations

    def limit(self, side, price, quantity, tif="gtc", owner=None, tag=0, post_only=False):
        """Submit a limit order."""
        self.cascade_limit_hit = False
        if tif not in TIFS or (post_only and tif != "gtc"):
            raise ValueError(tif)
        if tif == "gtc" and quantity > LARGEST - self.total_quantity():
            return refusal(0, QUANTITY_OVERFLOW)
        result = self.submit(side, price, quantity, tif, owner, tag, post_only)
        self.trigger_stops_after(result)
        return result

    def market(self, side, quantity, owner=None, tag=0):
        """Submit a market order: an IOC order at a price that crosses all others."""
        self.cascade_limit_hit = False
        result = self.submit(side, market_price(side), quantity, "ioc", owner, tag)
        self.trigger_stops_after(result)
        return result

    def stop_market(self, side, stop_price, quantity, owner=None, tag=0):
        """Submit an order that becomes a market order at its stop price."""
        return self.submit_stop(side, stop_price, None, quantity, "gtc", owner, tag)

    def stop_limit(self, side, stop_price, limit_price, quantity, tif="gtc", owner=None, tag=0):
        """Submit an order that becomes a limit order at its stop price."""
        return self.submit_stop(side, stop_price, limit_price, quantity, tif, owner, tag)

    def trailing_stop_market(
        self,
        side,
        stop_price,
        quantity,
        trail_type,
        trail_value,
        atr_period=None,
        owner=None,
        tag=0,
    ):
        """Submit a stop whose price follows the last price, and that becomes a market order."""
        trail = (trail_type, trail_value, atr_period)
        return self.submit_stop(side, stop_price, None, quantity, "gtc", owner, tag, trail)

    def trailing_stop_limit(
        self,
        side,
        stop_price,
        limit_price,
        quantity,
        trail_type,
        trail_value,
        tif="gtc",
        atr_period=None,
        owner=None,
        tag=0,
    ):
        """Submit a stop whose price follows the last price, and that becomes a limit order."""
        trail = (trail_type, trail_value, atr_period)
        return self.submit_stop(side, stop_price, limit_price, quantity, tif, owner, tag, trail)

    def cancel(self, order_id):
        """Cancel what rests of an order, or a pending stop."""
        self.cascade_limit_hit = False
        stop = self.stops.get(order_id)
        if stop is not None and stop.status == PENDING:
            stop.status = CANCELLED
            return (order_id, CANCELLED, 0, 0, 0, 0, stop.quantity)
        order = self.orders.get(order_id)
        if order is None:
            return refusal(order_id, ORDER_NOT_FOUND)
        if not self.is_active(order):
            return refusal(order_id, ORDER_NOT_ACTIVE)
        cancelled = order.remaining
        self.withdraw(order)
        return (order_id, CANCELLED, 0, 0, 0, 0, cancelled)

    def modify(self, order_id, price, quantity):
        """Cancel an order and submit another of its side, tif, owner and tag."""
        self.cascade_limit_hit = False
        order = self.orders.get(order_id)
        if quantity == 0:
            return refusal(0, INVALID_QUANTITY)
        if order is None:
            return refusal(0, ORDER_NOT_FOUND)
        if not self.is_active(order):
            return refusal(0, ORDER_NOT_ACTIVE)
        if quantity > LARGEST - (self.total_quantity() - order.remaining):
            return refusal(0, QUANTITY_OVERFLOW)
        cancelled = order.remaining
        self.withdraw(order)
        new = self.submit(order.side, price, quantity, order.tif, order.owner, order.tag)
        self.trigger_stops_after(new)
        return (*new[:6], cancelled)

    def reduce(self, order_id, quantity):
        """Take a quantity off a resting order, which keeps its place."""
        self.cascade_limit_hit = False
        order = self.orders.get(order_id)
        if quantity == 0:
            return refusal(order_id, INVALID_QUANTITY)
        if order is None:
            return refusal(order_id, ORDER_NOT_FOUND)
        if not self.is_active(order):
            return refusal(order_id, ORDER_NOT_ACTIVE)
        if quantity >= order.remaining:
            return self.cancel(order_id)
        order.remaining -= quantity
        order.original -= quantity
        return (order_id, order.status, 0, 0, 0, order.remaining, quantity)

    def cancel_all(self, side=None, owner=None):
        """Cancel all that is open, or all of a side, of an owner, of both."""
        self.cascade_limit_hit = False

        def is_meant(order):
            return side in (None, order.side) and owner in (None, order.owner)

        orders = [order for order in self.active_orders() if is_meant(order)]
        stops = [stop for stop in self.pending_stops() if is_meant(stop)]
        cancelled = sum(order.remaining for order in orders) + sum(stop.quantity for stop in stops)
        for order in orders:
            self.withdraw(order)
        for stop in stops:
            stop.status = CANCELLED
        self.cancelled_orders = len(orders) + len(stops)
        return (0, CANCELLED, 0, 0, 0, 0, cancelled)

    def set_policy(self, word):
        """Set how orders of one owner are kept from trading with each other."""
        if word not in POLICIES:
            raise ValueError(word)
        self.cascade_limit_hit = False
        self.policy = word
        return (0, 0, 0, 0, 0, 0, 0)

    def set_bar_trades(self, count):
        """Begin anew with bars of so many trades."""
        self.cascade_limit_hit = False
        self.bar_trades, self.bar, self.bars = count, [], []
        self.asked = dict.fromkeys(self.asked, 0)
        return (0, 0, 0, 0, 0, 0, 0)

    def clear_trades(self):
        """Forget the trades."""
        self.trades = []

    def clear_order_history(self):
        """Forget the inactive orders and return their number; also stops that are done."""
        inactive = [order for order in self.orders.values() if not self.is_active(order)]
        for order in inactive:
            del self.orders[order.id]
        self.stops = {stop.id: stop for stop in self.pending_stops()}
        return len(inactive)

    def compact(self):
        """Do nothing that shows."""

    def apply(self, message):
        """Carry out one message: a dict, or the fields in their order, with codes."""
        if not isinstance(message, dict):
            message = dict(zip(MESSAGE_FIELDS, message, strict=False))

        def field(name):
            return int(message.get(name, 0))

        side, price, quantity, order_id = map(field, ("side", "price", "quantity", "order_id"))
        owner = int(message.get("owner", -1))
        owner = None if owner == -1 else owner
        tag = field("tag")
        kind = field("kind")
        if kind == 0:
            post_only = field("flags") & 1 == 1
            return self.limit(side, price, quantity, TIFS[field("tif")], owner, tag, post_only)
        if kind == 1:
            return self.market(side, quantity, owner, tag)
        if kind == 2:
            return self.cancel(order_id)
        if kind == 3:
            return self.modify(order_id, price, quantity)
        if kind == 4:
            return self.reduce(order_id, quantity)
        if kind == 5:
            return self.cancel_all(side if side else None, owner)
        if kind == 6:
            return self.set_policy(POLICIES[quantity])
        if kind in (7, 8, 9, 10):
            trailing = kind in (9, 10)
            limited = kind in (8, 10)
            trail = None
            if trailing:
                trail_type = TRAIL_TYPES[field("trail_type")]
                trail = (trail_type, float(message.get("trail_value", 0.0)), field("atr_period"))
            limit_price = price if limited else None
            tif = TIFS[field("tif")] if limited else "gtc"
            return self.submit_stop(
                side, field("stop_price"), limit_price, quantity, tif, owner, tag, trail
            )
        if kind == 11:
            return self.set_bar_trades(quantity)
        raise ValueError(kind)

    # ------------------------------------------------------------------ queries

    def order(self, order_id):
        """Return what is known of an order as a dict, or None."""
        order = self.orders.get(order_id)
        if order is None:
            return None
        return {
            "id": order.id,
            "side": order.side,
            "price": order.price,
            "original_quantity": order.original,
            "remaining_quantity": order.remaining,
            "filled_quantity": order.filled,
            "status": STATUS_WORDS[order.status],
            "time_in_force": order.tif,
            "timestamp": order.timestamp,
            "owner": order.owner,
            "tag": order.tag,
        }

    def stop(self, order_id):
        """Return what is known of a stop as a dict, or None."""
        stop = self.stops.get(order_id)
        if stop is None:
            return None
        return {
            "id": stop.id,
            "side": stop.side,
            "stop_price": stop.stop_price,
            "limit_price": stop.limit_price,
            "quantity": stop.quantity,
            "status": STATUS_WORDS[stop.status],
            "timestamp": stop.timestamp,
            "watermark": stop.watermark,
            "child_id": stop.child_id,
            "owner": stop.owner,
            "tag": stop.tag,
        }

    def levels(self, side):
        """Return (price, quantity, number of orders) of each level, the best first."""
        levels = self.book_of(side)
        return [
            (price, sum(order.remaining for order in levels[price]), len(levels[price]))
            for price in self.prices_of(side)
        ]

    def queue(self, side):
        """Return (price, order id, remaining) of each resting order, the first to trade first."""
        return [(order.price, order.id, order.remaining) for order in self.queued_orders(side)]

    def open_ids(self):
        """Return the ids of the resting orders, the oldest first."""
        return sorted(order.id for order in self.active_orders())

    def best(self, side):
        """Return the best price of a side, or None."""
        prices = self.prices_of(side)
        return prices[0] if prices else None

    def pending_stops(self):
        """Return the pending stops, the oldest first."""
        return [stop for stop in self.stops.values() if stop.status == PENDING]

    def pending_stop_count(self):
        return len(self.pending_stops())

    def total_quantity(self):
        """Return all that rests, on both sides together, and all of the pending stops."""
        resting = sum(order.remaining for order in self.active_orders())
        return resting + sum(stop.quantity for stop in self.pending_stops())

    # ------------------------------------------------------------------ the book

    def book_of(self, side):
        return self.bids if side == BUY else self.asks

    def prices_of(self, side):
        """Return a side's prices, the best first."""
        return sorted(self.book_of(side), reverse=side == BUY)

    def queued_orders(self, side):
        """Return a side's orders, the first to trade first."""
        return [order for price in self.prices_of(side) for order in self.book_of(side)[price]]

    def active_orders(self):
        return self.queued_orders(BUY) + self.queued_orders(SELL)

    def is_active(self, order):
        return order in self.book_of(order.side).get(order.price, [])

    def join(self, order):
        """Put an order at the back of its price."""
        self.book_of(order.side).setdefault(order.price, []).append(order)

    def leave(self, order):
        """Take an order out of its level, and out the level if that was all."""
        levels = self.book_of(order.side)
        levels[order.price].remove(order)
        if not levels[order.price]:
            del levels[order.price]

    def withdraw(self, order):
        """Cancel a resting order."""
        self.leave(order)
        order.remaining = 0
        order.status = CANCELLED

    # ------------------------------------------------------------------ submitting

    def submit(self, side, price, quantity, tif, owner, tag, post_only=False):
        """Match an order and settle what is left of it."""
        order_id = self.take_order_id()
        order = Order(
            order_id, side, price, quantity, tif, self.take_timestamp(), owner, tag, quantity
        )
        if tif == "fok" and not self.can_fill(order):
            return (order_id, CANCELLED, 0, 0, 0, 0, quantity)
        self.orders[order_id] = order

        if post_only and quantity > 0 and crosses(order, self.best(-side)):
            order.remaining = 0
            order.status = CANCELLED
            return (order_id, CANCELLED, 0, 0, 0, 0, quantity)

        first_trade = self.next_trade_id
        stopped = self.match(order)
        trade_count = self.next_trade_id - first_trade

        rest = order.remaining
        resting = cancelled = 0
        if rest == 0:
            order.status = FILLED
        elif tif == "gtc" and not stopped:
            order.status = PARTIALLY_FILLED if order.filled else NEW
            resting = rest
            self.join(order)
        else:
            assert tif != "fok", "an order that can be filled is filled"
            order.status = PARTIALLY_FILLED if order.filled else CANCELLED
            cancelled = rest
            if stopped:
                order.remaining = 0
        assert order.filled + resting + cancelled == quantity
        return (order_id, order.status, 0, trade_count, order.filled, resting, cancelled)

    def match(self, order):
        """Trade as long as prices cross; say if an own order stopped the incoming one."""
        while order.remaining > 0:
            queue = self.queued_orders(-order.side)
            if not queue or not crosses(order, queue[0].price):
                return False
            resting = queue[0]
            if self.is_own(order, resting):
                if self.stops_incoming(order.remaining, resting):
                    return True
                self.withdraw(resting)
            else:
                self.trade(order, resting)
        return False

    def trade(self, order, resting):
        """Trade what two orders have in common, at the price of the one that rests."""
        quantity = min(order.remaining, resting.remaining)
        for party in (order, resting):
            party.remaining -= quantity
            party.filled += quantity
            party.status = FILLED if party.remaining == 0 else PARTIALLY_FILLED
        if resting.remaining == 0:
            self.leave(resting)
        trade_id = self.next_trade_id
        self.next_trade_id += 1
        timestamp = self.take_timestamp()
        self.trades.append(
            (trade_id, resting.price, quantity, order.id, resting.id, order.side, timestamp)
        )
        self.last_price = resting.price
        if self.bar_trades is not None:
            self.bar.append(resting.price)
            if len(self.bar) == self.bar_trades:
                self.bars.append((max(self.bar), min(self.bar), self.bar[-1]))
                self.bar = []

    def can_fill(self, order):
        """Say if all of an order would trade at once."""
        wanted = order.remaining
        for resting in self.queued_orders(-order.side):
            if wanted == 0 or not crosses(order, resting.price):
                break
            if self.is_own(order, resting):
                if self.stops_incoming(wanted, resting):
                    break
            else:
                wanted -= min(wanted, resting.remaining)
        return wanted == 0

    def is_own(self, order, resting):
        """Say if the policy keeps two orders from trading."""
        return self.policy != "off" and order.owner is not None and order.owner == resting.owner

    def stops_incoming(self, wanted, own):
        """Say if an own order stops an incoming one that still wants a quantity, or gives way."""
        if self.policy == "cancel_newest":
            return True
        return self.policy == "decrement_and_cancel" and wanted < own.remaining

    # ------------------------------------------------------------------ stops

    def submit_stop(self, side, stop_price, limit_price, quantity, tif, owner, tag, trail=None):
        """Store a stop; one that doesn't trail and is reached already is triggered at once."""
        self.cascade_limit_hit = False
        if tif not in TIFS or (trail and trail[0] not in TRAIL_TYPES):
            raise ValueError((tif, trail))
        if quantity > LARGEST - self.total_quantity():
            return refusal(0, QUANTITY_OVERFLOW)
        stop_id = self.take_order_id()
        stop = Stop(
            stop_id,
            side,
            stop_price,
            limit_price,
            quantity,
            tif,
            self.take_timestamp(),
            owner,
            tag,
        )
        self.stops[stop_id] = stop
        if trail:
            stop.trail_type, stop.trail_value, stop.atr_period = trail
            if stop.trail_type == "true_atr":
                self.bar_trades = self.bar_trades or BAR_TRADES
                self.asked.setdefault(stop.atr_period, max(0, len(self.bars) - RANGES_KEPT))
        elif self.last_price is not None and stop.is_reached(self.last_price):
            self.trigger_stops()
        return (stop_id, stop.status, 0, 0, 0, 0, 0)

    def trigger_stops_after(self, result):
        """Look at the stops if the order with this result has traded."""
        _, _, _, trade_count, _, _, _ = result
        if trade_count > 0:
            self.trigger_stops()

    def trigger_stops(self):
        """Trigger the stops that the last price has reached, and those that their trades reach."""
        for _ in range(ROUNDS):
            self.move_trailing_stops(self.last_price)
            reached = [stop for stop in self.pending_stops() if stop.is_reached(self.last_price)]
            if not reached:
                return
            for stop in reached:
                stop.status = TRIGGERED
            trade_count = 0
            for stop in sorted(reached, key=lambda stop: stop.timestamp):
                if stop.limit_price is None:
                    price, tif = market_price(stop.side), "ioc"
                else:
                    price, tif = stop.limit_price, stop.tif
                child = self.submit(stop.side, price, stop.quantity, tif, stop.owner, stop.tag)
                stop.child_id = child[0]
                trade_count += child[3]
            if trade_count == 0:
                return
        self.cascade_limit_hit = any(
            stop.is_reached(self.last_price) for stop in self.pending_stops()
        )

    def move_trailing_stops(self, price):
        """Let the trailing stops follow the price; they only ever tighten."""
        if self.previous_price is not None:
            self.changes.append(abs(price - self.previous_price))
            self.changes = self.changes[-CHANGES_KEPT:]
        self.previous_price = price

        for stop in self.pending_stops():
            if stop.trail_type is None:
                continue
            mark = price if stop.watermark is None else stop.watermark
            stop.watermark = max(mark, price) if stop.side == SELL else min(mark, price)
            offset = self.trail_offset(stop)
            if offset > 0 and stop.side == SELL:
                stop.stop_price = max(stop.stop_price, to_int(stop.watermark - offset))
            elif offset > 0:
                stop.stop_price = min(stop.stop_price, to_int(stop.watermark + offset))

    def trail_offset(self, stop):
        """Return how far a trailing stop stays behind its watermark; 0 or less is: it stays."""
        if stop.trail_type == "fixed":
            return to_int(stop.trail_value)
        if stop.trail_type == "percentage":
            return self.percentage_offset(stop.watermark, stop.trail_value)
        if stop.trail_type == "true_atr":
            average = self.average_true_range(stop.atr_period)
            return 0 if average is None else to_int(average * stop.trail_value)
        changes = self.changes[-stop.atr_period :] if stop.atr_period > 0 else []
        if not changes:
            return 0
        return to_int(float(sum(changes)) / float(len(changes)) * stop.trail_value)

    def average_true_range(self, period):
        """Return Wilder's average, None while there are too few bars."""
        first = self.asked.get(period, max(0, len(self.bars) - RANGES_KEPT))
        ranges = [float(self.true_range(at)) for at in range(first, len(self.bars))]
        if len(ranges) < period:
            return None
        average = sum(ranges[1:period], ranges[0]) / period
        for true_range in ranges[period:]:
            average = (average * (period - 1) + true_range) / period
        return average

    def true_range(self, at):
        """Return the true range of a bar."""
        high, low, _ = self.bars[at]
        if at == 0:
            return high - low
        _, _, close = self.bars[at - 1]
        return max(high - low, abs(high - close), abs(low - close))

    def percentage_offset(self, watermark, fraction):
        """Return a fraction of the watermark, halves rounded away from zero."""
        offset = float(watermark) * fraction
        whole = to_int(offset)
        if abs(offset) < 2**52 and abs(offset - whole) >= 0.5:  # beyond, all floats are whole
            whole += 1 if offset > 0 else -1
        return whole

    # ------------------------------------------------------------------ counters

    def take_order_id(self):
        self.next_order_id += 1
        return self.next_order_id - 1

    def take_timestamp(self):
        self.next_timestamp += 1
        return self.next_timestamp - 1

    # ------------------------------------------------------------------ invariants

    def check(self):
        """Assert what holds after any operation."""
        bid, ask = self.best(BUY), self.best(SELL)
        assert bid is None or ask is None or bid < ask, "crossed book"
        for side in (BUY, SELL):
            for price, quantity, count in self.levels(side):
                assert quantity > 0
                assert count > 0
                for order in self.book_of(side)[price]:
                    assert (order.side, order.price) == (side, price)
        active = self.active_orders()
        assert len({order.id for order in active}) == len(active), "an order rests twice"
        for order in active:
            assert self.orders[order.id] is order
            assert order.remaining > 0
            assert order.status == (PARTIALLY_FILLED if order.filled else NEW)
            assert order.tif == "gtc"
        for order in self.orders.values():
            if order in active or order.status == FILLED:
                assert order.filled + order.remaining == order.original
            else:
                assert order.status in (PARTIALLY_FILLED, CANCELLED)
                assert order.filled + order.remaining <= order.original
        for stop in self.stops.values():
            assert stop.id not in self.orders
            assert stop.status in (PENDING, TRIGGERED, CANCELLED)
            assert (stop.child_id is not None) == (stop.status == TRIGGERED)
            assert SMALLEST <= stop.stop_price <= LARGEST
        assert self.total_quantity() <= LARGEST
        assert all(trade[2] > 0 for trade in self.trades)
        assert self.next_timestamp == self.next_order_id + self.next_trade_id - 1


def to_int(number):
    """Cut a number down to an int64: toward zero, and to the nearest one within range."""
    if number >= LARGEST:
        return LARGEST
    if number <= SMALLEST:
        return SMALLEST
    return math.trunc(number)


def market_price(side):
    return LARGEST if side == BUY else SMALLEST


def crosses(order, price):
    """Say if an order trades at an opposite price (None: there is none)."""
    if price is None:
        return False
    return order.price >= price if order.side == BUY else order.price <= price


def refusal(order_id, error):
    return (order_id, REJECTED, error, 0, 0, 0, 0)
