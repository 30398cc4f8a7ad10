"""What the order book console does: a line in, the exchange changed, the outcome on the screen."""

from contextlib import nullcontext

from nanobook.cli.lob_commands import find, help_lines
from nanobook.cli.lob_words import Words, money, plural, status_text
from nanobook.errors import ValidationError

__all__ = ["Session"]

_TRAILS = {
    "fixed": "fixed",
    **dict.fromkeys(("pct", "percent", "percentage"), "percentage"),
    **dict.fromkeys(("atr", "sma_abs_change"), "sma_abs_change"),
    **dict.fromkeys(("wilder", "true_atr"), "true_atr"),
}
_LONGEST_PERIOD = 2**31 - 1
_LEVELS, _ROWS = 10, 20


class Session:
    """One exchange, made when a command first needs it, and the screen that shows it."""

    def __init__(self, screen, busy=nullcontext):
        self.screen, self._busy = screen, busy
        self._exchange = self._outcomes = None

    @property
    def exchange(self):
        """The exchange that commands change."""
        if self._exchange is None:
            with self._busy("loading; the very first time this compiles, which takes some seconds"):
                from nanobook.book import Exchange

                self._take(Exchange())
        return self._exchange

    def _take(self, exchange):
        from nanobook.cli.lob_outcomes import Outcomes

        self._exchange, self._outcomes = exchange, Outcomes(exchange, self.screen)

    def do(self, line):
        """Do what a line says.

        Parameters
        ----------
        line : str
            A command with its arguments, a comment after #, or nothing.

        Returns
        -------
        bool
            False if it says to leave.

        Raises
        ------
        ValidationError
            If the line isn't understood, or the exchange refuses what it says; nothing has
            changed then.
        OSError
            If a file can't be read or written.
        """
        word, rest = [*line.split(maxsplit=1), "", ""][:2]
        if not word or word.startswith("#"):
            return True
        command, words = find(word), Words(rest)
        if len(words) < command.least or (command.most is not None and len(words) > command.most):
            raise ValidationError(f"usage: {command.usage}")
        if command.name == "quit":
            return False
        getattr(self, f"_{command.name}")(words)
        return True

    # ---- orders ------------------------------------------------------------------------------

    def _buy(self, words):
        self._limit("buy", words)

    def _sell(self, words):
        self._limit("sell", words)

    def _limit(self, side, words):
        price, quantity, tif = words.price(), words.count(), words.tif()
        result = self.exchange.submit_limit(side, price, quantity, tif)
        what = f"#{result.order_id} {side} {quantity} at {money(price)} {tif}"
        self._outcomes.placed(what, result, result.cancelled_quantity)

    def _market(self, words):
        side, quantity = words.side(), words.count()
        result = self.exchange.submit_market(side, quantity)
        what = f"#{result.order_id} {side} {quantity} at market"
        self._outcomes.placed(what, result, result.cancelled_quantity)

    def _modify(self, words):
        order_id, price, quantity = words.order_id(), words.price(), words.count()
        result = self.exchange.modify(order_id, price, quantity)
        if not result.success:
            raise self._failed(order_id)
        old = self.exchange.get_order(order_id)
        terms = f"{old.side} {quantity} at {money(price)} {old.time_in_force}"
        what = f"#{result.new_order_id} {terms}, in place of #{order_id}"
        cancelled = quantity - result.filled_quantity - result.resting_quantity
        self._outcomes.placed(what, result, cancelled)

    def _stop(self, words):
        side, stop, quantity = words.side(), words.price("stop price"), words.count()
        result = self.exchange.submit_stop_market(side, stop, quantity)
        self._outcomes.waits(f"stop, {side} {quantity} at market from {money(stop)}", result)

    def _stoplimit(self, words):
        side, stop = words.side(), words.price("stop price")
        limit, quantity, tif = words.price("limit price"), words.count(), words.tif()
        result = self.exchange.submit_stop_limit(side, stop, limit, quantity, tif)
        what = f"stop, {side} {quantity} at {money(limit)} {tif} from {money(stop)}"
        self._outcomes.waits(what, result)

    def _trail(self, words):
        side, stop, quantity = words.side(), words.price("stop price"), words.count()
        usage = f"usage: {find('trail').usage}; see help trail"
        trail, period = words.choice("the way to trail", _TRAILS), None
        if not words:
            raise ValidationError(usage)
        if trail == "fixed":
            value = float(words.price("distance"))
        elif trail == "percentage":
            value = words.fraction("percentage", 100)
        else:
            value = words.fraction("multiple")
            if not words:
                raise ValidationError(usage)
            period = words.count("period", _LONGEST_PERIOD)
        limit = None
        if words:
            if words.word() != "limit" or not 1 <= len(words) <= 2:
                raise ValidationError(usage)
            limit, tif = words.price("limit price"), words.tif()

        from nanobook.cli.lob_events import trail_text

        how = f"from {money(stop)}, trailing {trail_text(trail, value, period)}"
        if limit is None:
            result = self.exchange.submit_trailing_stop_market(
                side, stop, quantity, trail, value, period
            )
            what = f"stop, {side} {quantity} at market {how}"
        else:
            result = self.exchange.submit_trailing_stop_limit(
                side, stop, limit, quantity, trail, value, tif, period
            )
            what = f"stop, {side} {quantity} at {money(limit)} {tif} {how}"
        self._outcomes.waits(what, result)

    def _cancel(self, words):
        order_id = words.order_id()
        result = self.exchange.cancel(order_id)
        if not result.success:
            raise self._failed(order_id)
        what = "stop" if self.exchange.get_stop_order(order_id) else "order"
        self.screen.line(f"{what} #{order_id} cancelled: {result.cancelled_quantity} taken back")

    def _reduce(self, words):
        order_id, quantity = words.order_id(), words.count()
        result = self.exchange.reduce(order_id, quantity)
        if not result.success:
            raise self._failed(order_id)
        left = self.exchange.get_order(order_id).remaining_quantity
        said = f"{left} left in its place" if left else "nothing left, so it's cancelled"
        self.screen.line(f"order #{order_id} reduced by {result.cancelled_quantity}: {said}")

    def _failed(self, order_id):
        """Return what to raise for an order that nothing can be done with."""
        stop, order = self.exchange.get_stop_order(order_id), self.exchange.get_order(order_id)
        if order is not None:
            status = status_text(order.status)
            return ValidationError(f"order #{order_id} isn't in the book any more: {status}")
        if stop is None:
            return ValidationError(f"there is no order #{order_id}")
        if stop["status"] == "pending":
            return ValidationError(f"#{order_id} is a stop: cancel it and type another")
        child = f", it became #{stop['child_id']}" if stop["child_id"] else ""
        return ValidationError(f"stop #{order_id} doesn't wait any more: {stop['status']}{child}")

    # ---- views -------------------------------------------------------------------------------

    def _book(self, words):
        self._draw(_LEVELS)

    def _depth(self, words):
        self._draw(words.count("number of levels") if words else None)

    def _draw(self, levels):
        last = self.exchange.last_trade_price()
        self.screen.book(self.exchange.full_book(), levels, last)

    def _status(self, words):
        order_id = words.order_id()
        stop, order = self.exchange.get_stop_order(order_id), self.exchange.get_order(order_id)
        from nanobook.cli import lob_views as views

        if stop is not None:
            views.show_fields(self.screen, f"stop #{order_id}", views.stop_fields(stop))
        elif order is not None:
            fields = views.order_fields(self.exchange, order)
            views.show_fields(self.screen, f"order #{order_id}", fields)
        else:
            raise ValidationError(f"there is no order #{order_id}")

    def _orders(self, words):
        self._show("show_orders", words)

    def _stops(self, words):
        self._show("show_stops", words)

    def _trades(self, words):
        self._show("show_trades", words)

    def _events(self, words):
        self._show("show_events", words)

    def _show(self, view, words):
        count = words.count("number of rows") if words else _ROWS
        exchange = self.exchange
        from nanobook.cli import lob_views

        getattr(lob_views, view)(exchange, self.screen, count)

    # ---- files -------------------------------------------------------------------------------

    def _process(self, words):
        from nanobook.cli.lob_files import read_messages

        path = words.path()
        with self._busy("reading"):
            messages = read_messages(path)
        exchange = self.exchange
        with self._busy("processing"):
            try:
                result = exchange.process(messages)
            except ValidationError as error:
                raise ValidationError(f"{path}: {error}") from None
        self._outcomes.batch(result)
        self._draw(_LEVELS)

    def _save(self, words):
        path = words.path()
        self.exchange.save(path)
        self.screen.line(f"saved to {path}")

    def _load(self, words):
        path = words.path()
        with self._busy("loading"):
            from nanobook.book import Exchange

            self._take(Exchange.load(path))
        orders = self.exchange.orders()
        waiting, trades = self.exchange.pending_stop_count(), len(self.exchange.trades_array())
        self.screen.line(
            f"loaded {path}: {plural(len(orders), 'order')}, "
            f"{int((orders['active'] == 1).sum()):,} of them in the book, "
            f"{plural(waiting, 'stop')} waiting, {plural(trades, 'trade')}"
        )

    # ---- the console itself ------------------------------------------------------------------

    def _clear(self, words):
        self._exchange = self._outcomes = None
        self.screen.line("begun again: the book is empty, ids start from 1")

    def _help(self, words):
        for line in help_lines(words.word()):
            self.screen.line(line)
