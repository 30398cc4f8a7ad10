"""From a feed's resting orders to an exchange that a strategy can trade on."""

import numpy as np

from nanobook.book.exchange import Exchange
from nanobook.errors import ValidationError
from nanobook.types.codes import GTC, LIMIT, NO_OWNER
from nanobook.types.records import EXTENDED_MESSAGE

__all__ = ["exchange_of"]


def exchange_of(orders, **options):
    """Return an exchange in which the orders of a feed rest.

    Parameters
    ----------
    orders : ndarray of FEED_ORDER
        Of one book, those of one price in the order of their priority.
    **options
        What `Exchange` takes.

    Returns
    -------
    Exchange
        Prices in 1/10000; each order's tag is the feed's reference, as an int64.

    Raises
    ------
    ValidationError
        If the book is locked or crossed: in an exchange, those orders would trade.
    """
    bids, asks = (orders[orders["side"] == side]["price"] for side in (1, -1))
    if len(bids) and len(asks) and bids.max() >= asks.min():
        raise ValidationError(
            "the book must not be locked or crossed to rest in an exchange,"
            f" got a bid at {bids.max()} and an ask at {asks.min()}"
        )
    messages = np.zeros(len(orders), EXTENDED_MESSAGE)
    messages["kind"], messages["tif"], messages["owner"] = LIMIT, GTC, NO_OWNER
    for name in ("side", "price", "quantity"):
        messages[name] = orders[name]
    messages["tag"] = orders["reference"].view(np.int64)
    exchange = Exchange(**options)
    exchange.process(messages)
    return exchange
