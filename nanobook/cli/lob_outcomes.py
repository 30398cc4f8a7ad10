"""What came of an order typed into the console: its fills, its trades, the stops it set off."""

from nanobook.book.trade import trades_of
from nanobook.cli.lob_words import average, money, plural, status_text
from nanobook.types.codes import ERRORS, REJECTED, TRIGGERED

__all__ = ["Outcomes", "parties"]

_CUT_OFF = (
    "  stops set each other off more than 100 times over and were cut off; those left that the "
    "price has reached wait for the next trade"
)


class Outcomes:
    """Tells on a screen what an exchange's last change led to, by what was known before it."""

    def __init__(self, exchange, screen):
        self.exchange, self.screen = exchange, screen
        trades = exchange.trades_array()
        self._last_trade = int(trades["trade_id"][-1]) if len(trades) else 0
        self._set_off = self._children()

    def placed(self, what, result, cancelled=0):
        """Tell what became of an order, its trades, and the stops that it set off.

        Parameters
        ----------
        what : str
            The order.
        result : SubmitResult or ModifyResult
            What the exchange said.
        cancelled : int, default 0
            How much of it was cancelled.
        """
        numbers = {
            "filled": result.filled_quantity,
            "resting": result.resting_quantity,
            "cancelled": cancelled,
        }
        said = ", ".join(f"{count} {word}" for word, count in numbers.items() if count)
        trades = result.trades
        if trades:
            said += f"; average price {average(trades)}"
        self.screen.line((what, "bold"), f" - {status_text(result.status)}: {said}")
        self._show_trades(trades)
        self._follow(result)

    def waits(self, what, result):
        """Tell whether a stop waits, and what came of it if it doesn't.

        Parameters
        ----------
        what : str
            The stop.
        result : StopSubmitResult
            What the exchange said.
        """
        waits = result.status == "Pending"
        said = "waits" if waits else "the last trade is there already, so it's set off"
        self.screen.line((f"#{result.order_id} {what}", "bold"), f" - {said}")
        self._follow(result)

    def batch(self, result):
        """Tell in numbers what many messages led to.

        Parameters
        ----------
        result : ProcessResult
            What the exchange said.
        """
        before, self._set_off = self._set_off, self._children()
        trades, results = result.trades, result.results
        if len(trades):
            self._last_trade = int(trades["trade_id"][-1])
        traded = sum(trades["quantity"].tolist())
        said = [
            plural(len(results), "message"),
            f"{plural(len(trades), 'trade')} of {traded:,} altogether",
        ]
        set_off = len(self._set_off) - len(before)
        if set_off:
            said.append(f"{plural(set_off, 'stop')} set off")
        self.screen.line(", ".join(said))
        refused = results["error"][results["status"] == REJECTED].tolist()
        if refused:
            kinds = (f"{refused.count(kind):,} {ERRORS[kind]}" for kind in sorted(set(refused)))
            self.screen.line((f"  refused: {', '.join(kinds)}", "yellow"))
        if results["cascade_limit_hit"].any():
            self.screen.line((_CUT_OFF, "yellow"))

    def _children(self):
        """Return the child's id of every stop that has been set off, by the stop's id."""
        stops = self.exchange.stops()
        stops = stops[stops["status"] == TRIGGERED]
        return dict(zip(stops["order_id"].tolist(), stops["child_id"].tolist(), strict=True))

    def _follow(self, result):
        """Tell which stops were set off, and what became of them."""
        trades = trades_of(self.exchange.trades_array(self._last_trade + 1))
        if trades or result.status == "Triggered":
            before, self._set_off = self._set_off, self._children()
            of_child = {}
            for trade in trades:
                of_child.setdefault(trade.aggressor_order_id, []).append(trade)
            new = [(child, stop) for stop, child in self._set_off.items() if stop not in before]
            for child, stop in sorted(new):
                self._show_child(stop, child, of_child.get(child, []))
        if trades:
            self._last_trade = trades[-1].trade_id
        if result.cascade_limit_hit:
            self.screen.line((_CUT_OFF, "yellow"))

    def _show_child(self, stop, child, trades):
        told, order = self.exchange.get_stop_order(stop), self.exchange.get_order(child)
        limit = told["limit_price"]
        price = "market" if limit is None else f"{money(limit)} {told['time_in_force']}"
        # An FOK order that can't be filled is kept nowhere.
        said = "cancelled" if order is None else status_text(order.status)
        if trades:
            filled = sum(trade.quantity for trade in trades)
            said += f": {filled} filled; average price {average(trades)}"
        what = f"  stop #{stop} set off: #{child} {told['side']} {told['quantity']} at {price}"
        self.screen.line((what, "yellow"), f" - {said}")
        self._show_trades(trades, "    ")

    def _show_trades(self, trades, indent="  "):
        for trade in trades:
            buyer, seller = parties(trade)
            self.screen.line(
                f"{indent}trade {trade.trade_id}: {trade.quantity} at {money(trade.price)}, "
                f"#{buyer} buys from #{seller}"
            )


def parties(trade):
    """Return who bought and who sold.

    Parameters
    ----------
    trade : Trade
        A trade.

    Returns
    -------
    tuple of (int, int)
        The ids of their orders.
    """
    pair = trade.aggressor_order_id, trade.passive_order_id
    return pair if trade.aggressor_side == "buy" else pair[::-1]
