"""Order flow imbalance: what was added at the best bids and taken off the best asks, netted."""

import dataclasses

import numpy as np

from nanobook.errors import ValidationError
from nanobook.jit import njit
from nanobook.microstructure.groups import read_groups
from nanobook.microstructure.tables import dressed, read_tables
from nanobook.microstructure.times import as_nanoseconds, read_ascending_times

__all__ = ["IntervalFlow", "order_flow_imbalance"]


@dataclasses.dataclass(frozen=True, eq=False)
class IntervalFlow:
    """Order flow imbalance summed over intervals.

    Parameters
    ----------
    timestamp_ns : ndarray of shape (I,)
        The end of each interval, which belongs to it; a multiple of its length.
    locate : ndarray of shape (I,) or None
        The symbol; None where there was one group of everything.
    flow : ndarray of shape (I,) or (I, levels)
        The sum of what could be said; NaN where nothing could.
    """

    timestamp_ns: np.ndarray
    locate: np.ndarray | None
    flow: np.ndarray

    def __len__(self):
        return len(self.timestamp_ns)

    def to_frame(self):
        """Return the intervals as a frame.

        Returns
        -------
        DataFrame
            A row for each, indexed by timestamp_ns, with locate where there are several, and
            flow; with several levels flow_1, flow_2 and so on.
        """
        import pandas as pd

        columns = {} if self.locate is None else {"locate": self.locate}
        if self.flow.ndim == 1:
            columns["flow"] = self.flow
        else:
            for level in range(self.flow.shape[1]):
                columns[f"flow_{level + 1}"] = self.flow[:, level]
        return pd.DataFrame(columns, index=pd.Index(self.timestamp_ns, name="timestamp_ns"))


def order_flow_imbalance(
    bid_price,
    bid_quantity,
    ask_price,
    ask_quantity,
    levels=1,
    *,
    locate=None,
    timestamp_ns=None,
    interval=None,
):
    """Return what each state adds to the bids less what it adds to the asks.

    Parameters
    ----------
    bid_price, bid_quantity, ask_price, ask_quantity : array_like of shape (M,) or (M, K)
        Levels of both sides, best first; Series and DataFrames too.
    levels : int, default 1
        For how many levels, each by itself.
    locate : array_like of shape (M,), optional
        The symbol of each state, where states of several are mixed: each is compared with the
        last one of its own.
    timestamp_ns : array_like of shape (M,), optional
        When each state began, never going back; only for `interval`.
    interval : int, str or timedelta, optional
        Sum over intervals of this length: nanoseconds, or what `pandas.Timedelta` takes.

    Returns
    -------
    ndarray, Series or DataFrame of shape (M,), or (M, levels) for more than one, or IntervalFlow
        NaN for the first state of each symbol. With `interval` the sums over ``(t - interval,
        t]`` at its multiples, in the order of time, then symbol, where the symbol has a state.

    Raises
    ------
    ValidationError
        If the shapes or the indexes differ, `levels` is more than there are, times go back, or
        only one of `timestamp_ns` and `interval` is given.
    ArgumentTypeError
        If a value isn't a number, or a time not whole nanoseconds.
    RangeError
        If `levels` or `interval` is below 1.

    Notes
    -----
    A bid adds its quantity where its price rose, takes away what stood before where it fell, and
    changes by the difference where it stayed; an ask likewise with prices the other way round.
    An empty side counts as the worst price of all with quantity 0: a level that appears adds all
    its quantity, one that vanishes takes all of it away.

    A level that can't be read (a quantity that's NaN, or a price that is where something rests)
    gives NaN, and is passed over: the next state is compared with the last one before it.

    References
    ----------
    .. [1] Cont, Kukanov, Stoikov (2014), "The price impact of order book events", Journal of
       Financial Econometrics 12(1): e_n of one event, and its sum OFI_k over an interval.
    .. [2] Xu, Gould, Howison (2018), "Multi-level order-flow imbalance in a limit order book",
       Market Microstructure and Liquidity 4(3-4): the same for each level.

    Examples
    --------
    >>> order_flow_imbalance([100, 100, 101], [5, 8, 2], [102, 102, 103], [5, 5, 4])
    array([nan,  3.,  7.])
    """
    names = "bid_price", "bid_quantity", "ask_price", "ask_quantity"
    values = bid_price, bid_quantity, ask_price, ask_quantity
    tables, index = read_tables(names, values, levels)
    rows = len(tables[0])
    (group,), labels = read_groups(("locate",), (locate,), (rows,))
    if (timestamp_ns is None) != (interval is None):
        missing = "timestamp_ns" if timestamp_ns is None else "interval"
        raise ValidationError(f"{missing} must be given too: sums need both")
    last = np.full((1 if labels is None else len(labels), levels), -1, np.int64)
    flow = np.full((rows, levels), np.nan)
    _order_flow(*tables, group, last, flow)
    if interval is not None:
        interval = as_nanoseconds("interval", interval, least=1)
        times = read_ascending_times("timestamp_ns", timestamp_ns, rows)
        return _by_interval(flow, times, interval, group, labels)
    return dressed(flow[:, 0] if levels == 1 else flow, index, "order_flow_imbalance")


def _by_interval(flow, times, interval, group, labels):
    """Sum rows that share an interval and a group."""
    ends = -(-times // interval) * interval
    groups = 1 if labels is None else len(labels)
    row_of, first = np.empty(times.size, np.int64), np.empty(times.size, np.int64)
    count = _rows_of_sums(ends, group, np.full(groups, -1, np.int64), row_of, first)
    first = first[:count]
    sums = np.zeros((count, flow.shape[1]))
    _sum(flow, row_of, np.zeros(sums.shape, np.int64), sums)
    order = np.lexsort((group[first], ends[first]))
    first, sums = first[order], sums[order]
    locate = None if labels is None else np.asarray(labels)[group[first]]
    return IntervalFlow(ends[first], locate, sums[:, 0] if flow.shape[1] == 1 else sums)


@njit
def _order_flow(bid_price, bid_quantity, ask_price, ask_quantity, group, last, out):
    """Compare each level with its state before; ``last`` holds that row by group and level."""
    for at in range(bid_price.shape[0]):
        for level in range(bid_price.shape[1]):
            bid, bids = bid_price[at, level], bid_quantity[at, level]
            ask, asks = ask_price[at, level], ask_quantity[at, level]
            if not (_readable(bid, bids) and _readable(ask, asks)):
                continue
            then = last[group[at], level]
            last[group[at], level] = at
            if then >= 0:
                added_bids = _added(bid_price[then, level], bid_quantity[then, level], bid, bids)
                added_asks = _added(-ask_price[then, level], ask_quantity[then, level], -ask, asks)
                out[at, level] = added_bids - added_asks


@njit
def _readable(price, quantity):
    return quantity <= 0 or (quantity > 0 and price == price)


@njit
def _added(price_before, quantity_before, price, quantity):
    """Return what a bid has gained; of an ask, whose better prices are lower, pass ``-price``."""
    if quantity > 0 and quantity_before > 0:
        if price > price_before:
            return quantity
        return -quantity_before if price < price_before else quantity - quantity_before
    return max(quantity, 0.0) - max(quantity_before, 0.0)


@njit
def _rows_of_sums(ends, group, last, row_of, first):
    """Number the pairs of interval and group as they come; ``first`` has the row each began at.

    ``last`` has the number of each group's last pair, -1 before there's one.
    """
    count = 0
    for at in range(ends.size):
        row = last[group[at]]
        if row < 0 or ends[first[row]] != ends[at]:
            row = count
            last[group[at]], first[row] = row, at
            count += 1
        row_of[at] = row
    return count


@njit
def _sum(flow, row_of, counts, out):
    """Add up the rows of each number, NaN left out; NaN where that leaves none."""
    for at in range(flow.shape[0]):
        for level in range(flow.shape[1]):
            if flow[at, level] == flow[at, level]:
                out[row_of[at], level] += flow[at, level]
                counts[row_of[at], level] += 1
    for row in range(out.shape[0]):
        for level in range(out.shape[1]):
            if counts[row, level] == 0:
                out[row, level] = np.nan
