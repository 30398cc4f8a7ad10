"""What a stream of messages to many books came to."""

import numpy as np

from nanobook.book.process import ProcessResult, trades_frame
from nanobook.types.records import TRADE

__all__ = ["MultiResult"]


class MultiResult:
    """What a stream of messages to the books of many symbols came to.

    Parameters
    ----------
    symbols : list of str
        The symbols of the stream, in the order in which they came first.
    codes : ndarray of shape (M,)
        The place in `symbols` of each message's symbol.
    results : ndarray of ORDER_RESULT
        A row for each message.
    trades : dict of str to ndarray of TRADE
        For each symbol its trades, in the order of execution.
    trade_messages : dict of str to ndarray of int
        For each symbol the message, counted in the whole stream, that set off each of its trades.
    samples : dict of str to BookSamples
        For each symbol what was sampled of its book, counted by the messages of the whole
        stream; empty if nothing was.
    """

    __slots__ = ("codes", "results", "samples", "symbols", "trade_messages", "trades")

    def __init__(self, symbols, codes, results, trades, trade_messages, samples):
        self.symbols, self.codes, self.results = symbols, codes, results
        self.trades, self.trade_messages, self.samples = trades, trade_messages, samples

    def __len__(self):
        return len(self.results)

    def __eq__(self, other):
        if not isinstance(other, MultiResult):
            return NotImplemented
        return (
            self.symbols == other.symbols
            and np.array_equal(self.codes, other.codes)
            and np.array_equal(self.results, other.results)
            and all(
                np.array_equal(getattr(self, name)[symbol], getattr(other, name)[symbol])
                for name in ("trades", "trade_messages")
                for symbol in self.symbols
            )
            and self.samples == other.samples
        )

    __hash__ = None

    def to_frame(self):
        """Return the results as a frame.

        Returns
        -------
        DataFrame
            A row for each message, with symbol, order_id, status and error in words, trade_count,
            filled, resting and cancelled.
        """
        import pandas as pd

        frame = ProcessResult(self.results, np.empty(0, TRADE)).to_frame()
        frame.insert(0, "symbol", pd.Categorical.from_codes(self.codes, self.symbols))
        return frame

    def trades_frame(self):
        """Return the trades of all symbols as a frame.

        Returns
        -------
        DataFrame
            A row for each, ordered by the message that set it off, then by trade; with message,
            symbol, trade_id and the side of the aggressor as a word.
        """
        import pandas as pd

        messages = (self.trade_messages[s] for s in self.symbols)
        messages = np.concatenate([np.empty(0, np.int64), *messages])
        trades = np.concatenate([np.empty(0, TRADE), *(self.trades[s] for s in self.symbols)])
        inorder = np.argsort(messages, kind="stable")  # trades of a message are of one symbol
        frame = trades_frame(trades[inorder]).reset_index()
        codes = self.codes[messages[inorder]]
        frame.insert(0, "symbol", pd.Categorical.from_codes(codes, self.symbols))
        frame.insert(0, "message", messages[inorder])
        return frame

    def __repr__(self):
        trades = sum(map(len, self.trades.values()))
        return f"MultiResult(messages={len(self)}, symbols={len(self.symbols)}, trades={trades})"
