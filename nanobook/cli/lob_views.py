"""Views of an exchange for the console: orders, stops, trades, the log, and one order."""

from nanobook.book.trade import trades_of
from nanobook.cli.lob_events import as_typed, trail_text
from nanobook.cli.lob_outcomes import parties
from nanobook.cli.lob_words import money, plural, status_text
from nanobook.types.codes import PENDING, SIDES, TIFS, TRAIL_TYPES

__all__ = ["order_fields", "show_events", "show_fields", "show_orders", "show_stops", "show_trades"]
__all__ += ["stop_fields"]

_MOST = 2**63 - 1


def show_orders(exchange, screen, count):
    """Show the newest orders that rest.

    Parameters
    ----------
    exchange : Exchange
        Whose.
    screen : Screen
        Where.
    count : int
        How many at most.
    """

    def cells(row):
        price, left, of = money(int(row["price"])), str(row["remaining"]), str(row["original"])
        return f"#{row['order_id']}", SIDES[row["side"]], price, left, of, TIFS[row["tif"]]

    rows = exchange.orders()
    heads = ("order", "side", "price", "left", "of", "time in force")
    left = ("side", "time in force")
    _show_last(
        screen, rows[rows["active"] == 1], count, "no orders in the book", heads, cells, left
    )


def show_stops(exchange, screen, count):
    """Show the newest stops that wait.

    Parameters
    ----------
    exchange : Exchange
        Whose.
    screen : Screen
        Where.
    count : int
        How many at most.
    """

    def cells(row):
        trails = row["trail_type"] >= 0
        kind = TRAIL_TYPES[row["trail_type"]] if trails else None
        return (
            f"#{row['order_id']}",
            SIDES[row["side"]],
            money(int(row["stop_price"])),
            str(row["quantity"]),
            f"{money(int(row['limit_price']))} {TIFS[row['tif']]}"
            if row["has_limit"]
            else "market",
            trail_text(kind, row["trail_value"], row["atr_period"]) if trails else "",
        )

    rows = exchange.stops()
    heads = ("stop", "side", "from", "quantity", "at", "trail")
    left = ("side", "trail")
    _show_last(screen, rows[rows["status"] == PENDING], count, "no stops wait", heads, cells, left)


def show_trades(exchange, screen, count):
    """Show the newest trades.

    Parameters
    ----------
    exchange : Exchange
        Whose.
    screen : Screen
        Where.
    count : int
        How many at most.
    """

    def cells(row):
        [trade] = trades_of(row.reshape(1))
        buyer, seller = parties(trade)
        numbers = str(trade.trade_id), money(trade.price), str(trade.quantity)
        return *numbers, f"#{buyer}", f"#{seller}", str(trade.aggressor_side)

    heads = ("trade", "price", "quantity", "buyer", "seller", "set off by")
    rows = exchange.trades_array()
    _show_last(screen, rows, count, "no trades yet", heads, cells, ("set off by",))


def show_events(exchange, screen, count):
    """Show the newest messages of the log, as they would be typed.

    Parameters
    ----------
    exchange : Exchange
        Whose.
    screen : Screen
        Where.
    count : int
        How many at most.
    """
    log = exchange.event_log()
    first = max(0, len(log) - count)
    if not len(log):
        screen.line("no messages yet")
    width = len(str(len(log)))
    for at in range(first, len(log)):
        screen.line((f"  {at + 1:>{width}}  ", "dim"), as_typed(log[at]))
    _mention_earlier(screen, first)


def _show_last(screen, rows, count, none, heads, cells, left):
    """Show the last rows of an array as a table, or say that there are none."""
    if not len(rows):
        screen.line(none)
        return
    shown = rows[-min(count, len(rows)) :]
    screen.table(heads, [cells(row) for row in shown], left)
    _mention_earlier(screen, len(rows) - len(shown))


def _mention_earlier(screen, count):
    if count > 0:
        screen.line((f"  and {count:,} before", "dim"))


def show_fields(screen, title, fields):
    """Show one thing, a line for each of its fields.

    Parameters
    ----------
    screen : Screen
        Where.
    title : str
        What it is.
    fields : dict of str to object
        What there is to say of it.
    """
    screen.line((title, "bold"))
    width = max(map(len, fields))
    for name, value in fields.items():
        screen.line((f"  {name:<{width}}  ", "dim"), str(value))


def order_fields(exchange, order):
    """Return what there is to say of an order.

    Parameters
    ----------
    exchange : Exchange
        Whose.
    order : Order
        Which.

    Returns
    -------
    dict of str to str
        By name.
    """
    filled, remaining = order.filled_quantity, order.remaining_quantity
    at_market = order.price >= _MOST or order.price < -_MOST
    fields = {
        "side": order.side,
        "price": "market" if at_market else money(order.price),
        "quantity": f"{order.original_quantity} ({filled} filled, {remaining} remaining)",
        "status": status_text(order.status),
        "time in force": order.time_in_force,
    }
    place = exchange.queue_position(order.id)
    if place is not None:
        ahead = plural(place.orders_ahead, "order")
        fields["ahead of it"] = f"{ahead} with {place.quantity_ahead} at its price"
    return fields | _labels(order.owner, order.tag)


def stop_fields(stop):
    """Return what there is to say of a stop.

    Parameters
    ----------
    stop : dict
        As `Exchange.get_stop_order` has it.

    Returns
    -------
    dict of str to str
        By name.
    """
    limit = stop["limit_price"]
    fields = {
        "side": stop["side"],
        "stop price": money(stop["stop_price"]),
        "then": "market order" if limit is None else f"limit order at {money(limit)}",
    }
    if stop["trail_type"] is not None:
        fields["trail"] = trail_text(stop["trail_type"], stop["trail_value"], stop["atr_period"])
        if stop["watermark"] is not None:
            fields["best price"] = money(stop["watermark"])
    fields |= {
        "quantity": stop["quantity"],
        "status": status_text(stop["status"]),
        "time in force": stop["time_in_force"],
    }
    if stop["child_id"]:
        fields["became"] = f"#{stop['child_id']}"
    return fields | _labels(stop["owner"], stop["tag"])


def _labels(owner, tag):
    labels = {"owner": owner, "tag": tag or None}
    return {name: value for name, value in labels.items() if value is not None}
