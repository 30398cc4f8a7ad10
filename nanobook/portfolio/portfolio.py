"""`Portfolio`: the original's account in cents, one call at a time."""

import copy
import json
import math

import numpy as np

from nanobook.errors import ArgumentTypeError, FileFormatError, RangeError, ValidationError
from nanobook.metrics.summary import compute_metrics
from nanobook.panel.arrays import as_integer
from nanobook.panel.schedule import read_schedule
from nanobook.persistence.atomic import atomic_write
from nanobook.portfolio.costs import CostModel
from nanobook.portfolio.position import Position
from nanobook.portfolio.seed import cents_rules
from nanobook.portfolio.sizing import QUANTITY, TRADE, size_pre_cost
from nanobook.portfolio.stops import Stops
from nanobook.types.symbol import Symbol

__all__ = ["Portfolio"]


class Portfolio:
    """Cash and positions in cents, rebalanced by hand, with a record of returns.

    For whole backtests `backtest` is faster by orders of magnitude; this is for code that
    decides bar by bar, and for accounts that live on between sessions.

    Parameters
    ----------
    initial_cash : int
        Cents; zero and less are accepted, and then nothing trades.
    cost_model : CostModel
        What trades cost.

    Raises
    ------
    ArgumentTypeError
        If an argument is of another kind.
    """

    def __init__(self, initial_cash, cost_model):
        if not isinstance(cost_model, CostModel):
            raise ArgumentTypeError(f"cost_model must be a CostModel, got {cost_model!r}")
        self._cash = as_integer("initial_cash", initial_cash)
        self._cost_model = cost_model
        self._positions = {}
        self._returns = []
        self._equity_curve = [self._cash]

    @property
    def cash(self):
        """Cash in cents; negative where it's borrowed."""
        return self._cash

    def position(self, symbol):
        """Return a copy of the position in a symbol.

        Parameters
        ----------
        symbol : str
            At most 8 bytes.

        Returns
        -------
        Position or None
            None if it was never traded; a closed position is returned flat.

        Raises
        ------
        ValidationError
            If the symbol is too long.
        """
        return copy.copy(self._positions.get(Symbol(symbol)))

    def positions(self):
        """Return copies of all positions, flat ones included.

        Returns
        -------
        dict of str to Position
            In the order of first trades.
        """
        return {symbol: copy.copy(held) for symbol, held in self._positions.items()}

    def total_equity(self, prices):
        """Return cash plus the value of all positions; one without a price counts 0.

        Parameters
        ----------
        prices : list of (str, int)
            Cents; of a symbol listed twice the last price counts.

        Returns
        -------
        int
            Cents.
        """
        return self._equity(_pairs("prices", prices, "q"))

    def current_weights(self, prices):
        """Return each position's value as a fraction of equity.

        Parameters
        ----------
        prices : list of (str, int)
            Cents; a position without a price gets weight 0.

        Returns
        -------
        list of (str, float)
            Flat positions are left out; empty if equity is 0.
        """
        listed = dict(_pairs("prices", prices, "q"))
        equity = self._equity(listed)
        return [
            (symbol, float(held.quantity * listed.get(symbol, 0)) / float(equity))
            for symbol, held in self._positions.items()
            if held.quantity and equity
        ]

    def returns(self):
        """Return the recorded returns.

        Returns
        -------
        list of float
            A fresh list; nothing is recorded after equity that isn't positive.
        """
        return list(self._returns)

    def equity_curve(self):
        """Return the starting cash and the equity at each record.

        Returns
        -------
        list of int
            Cents; a fresh list.
        """
        return list(self._equity_curve)

    def rebalance_simple(self, targets, prices):
        """Trade toward target weights at the given prices, in whole shares.

        Targets are fractions of the equity before costs; shares are truncated toward zero.
        What isn't among the targets is sold at its price, if it has one. There's no limit on
        cash. Nothing happens if equity isn't positive.

        Parameters
        ----------
        targets : list of (str, float)
            Weights; of a symbol named twice each target is traded in turn.
        prices : list of (str, int)
            Cents; what has no price above 0 isn't bought.

        Raises
        ------
        ArgumentTypeError
            If a list isn't one of pairs.
        ValidationError
            If a symbol is too long, or a weight infinite; NaN counts as 0.
        RangeError
            If equity or a target is outside int64.

        References
        ----------
        .. [1] The original's `rebalance_simple`.
        """
        wanted = _pairs("targets", targets, "d")
        listed = dict(_pairs("prices", prices, "q"))
        for symbol, weight in wanted:
            if math.isinf(weight):
                raise ValidationError(f"targets must be finite, got {weight} for {symbol!r}")
        equity = as_integer("equity", self._equity(listed))
        if equity <= 0:
            return
        named = {symbol for symbol, _ in wanted}
        for symbol in [s for s, p in self._positions.items() if p.quantity and s not in named]:
            if symbol in listed:
                self._fill(symbol, -self._positions[symbol].quantity, listed[symbol])
        while wanted:
            now, later, seen = [], [], set()
            for pair in wanted:
                (later if pair[0] in seen else now).append(pair)
                seen.add(pair[0])
            self._trade(now, listed, equity)
            wanted = later

    def _trade(self, targets, listed, equity):
        """Trade targets of distinct symbols by the simulator's own rule."""
        symbols = [symbol for symbol, _ in targets]
        state = np.zeros((5, len(symbols)), np.int64)
        state[QUANTITY] = [self._held(symbol) for symbol in symbols]
        prices = np.array([listed.get(symbol, -1) for symbol in symbols], np.int64)
        weights = np.array([weight for _, weight in targets])
        weights[np.isnan(weights)] = 0.0
        unlocked = np.zeros(len(symbols), np.bool_)
        if weights.size and np.abs(weights).max() * equity >= _RULES.ceiling:
            raise RangeError(
                f"targets must be worth less than 2**62 cents, got weights up to "
                f"{np.abs(weights).max():g} of {equity}"
            )
        size_pre_cost(state, unlocked, prices, weights, equity, _RULES)
        for symbol, shares in zip(symbols, state[TRADE].tolist(), strict=True):
            if shares:
                self._fill(symbol, shares, listed[symbol])

    def close_position_at(self, symbol, price):
        """Sell or cover a whole position at a price, at normal cost.

        Parameters
        ----------
        symbol : str
            At most 8 bytes.
        price : int
            Cents.

        Returns
        -------
        bool
            False, and nothing done, if the price isn't above 0 or there's no position.
        """
        price = as_integer("price", price)
        held = self._held(Symbol(symbol))
        if price <= 0 or not held:
            return False
        self._fill(str(symbol), -held, price)
        return True

    def record_return(self, prices):
        """Add the equity at these prices to the curve, and the return since the last record.

        Parameters
        ----------
        prices : list of (str, int)
            Cents.
        """
        equity, before = self.total_equity(prices), self._equity_curve[-1]
        if before > 0:
            self._returns.append(float(equity - before) / float(before))
        self._equity_curve.append(equity)

    def snapshot(self, prices):
        """Return the account at a glance.

        Parameters
        ----------
        prices : list of (str, int)
            Cents.

        Returns
        -------
        dict
            cash, equity, num_positions, total_realized_pnl and weights.
        """
        positions = self._positions.values()
        return {
            "cash": self._cash,
            "equity": self.total_equity(prices),
            "num_positions": sum(not held.is_flat() for held in positions),
            "total_realized_pnl": sum(held.realized_pnl for held in positions),
            "weights": dict(self.current_weights(prices)),
        }

    def compute_metrics(self, periods_per_year, risk_free):
        """Return the metrics of the recorded returns.

        Parameters
        ----------
        periods_per_year : float
            Records a year.
        risk_free : float
            Return per period.

        Returns
        -------
        Metrics or None
            None if nothing was recorded.
        """
        return compute_metrics(self._returns, periods_per_year, risk_free)

    def save_json(self, path):
        """Write the account to a JSON file that the original reads too.

        Parameters
        ----------
        path : str or PathLike
            The file, replaced as a whole.
        """
        rates = {
            name: getattr(self._cost_model, name)
            for name in ("commission_bps", "slippage_bps", "min_trade_fee", "per_share")
            if name != "per_share" or self._cost_model.per_share
        }
        document = {
            "cash": self._cash,
            "positions": [[s, _to_json(held)] for s, held in sorted(self._positions.items())],
            "cost_model": rates,
            "returns": self._returns,
            "equity_curve": self._equity_curve,
            "prev_equity": self._equity_curve[-1],
        }
        with atomic_write(path) as file:
            file.write(json.dumps(document, indent=2).encode())

    @staticmethod
    def load_json(path):
        """Read an account that `save_json`, or the original, wrote.

        Parameters
        ----------
        path : str or PathLike
            The file.

        Returns
        -------
        Portfolio
            As it was saved.

        Raises
        ------
        FileFormatError
            If it can't be read or isn't such a file; an OSError, as in the original.
        """
        try:
            with open(path, "rb") as file:
                document = json.load(file)
            portfolio = Portfolio(document["cash"], CostModel(**document["cost_model"]))
            for symbol, fields in document["positions"]:
                portfolio._positions[str(Symbol(symbol))] = Position(**fields)
            portfolio._returns = [float(value) for value in document["returns"]]
            curve = [as_integer("equity_curve", value) for value in document["equity_curve"]]
            if not curve or curve[-1] != document["prev_equity"]:
                raise ValueError("prev_equity must be the last of equity_curve")
            portfolio._equity_curve = curve
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise FileFormatError(f"{path} can't be read as a portfolio: {error}") from None
        return portfolio

    def _equity(self, listed):
        listed = dict(listed)
        held = self._positions.items()
        return self._cash + sum(p.quantity * listed.get(symbol, 0) for symbol, p in held)

    def _held(self, symbol):
        held = self._positions.get(symbol)
        return 0 if held is None else held.quantity

    def _fill(self, symbol, shares, price):
        if symbol not in self._positions:
            self._positions[symbol] = Position(symbol)
        self._positions[symbol].apply_fill(shares, price)
        self._cash -= shares * price + self._cost_model.compute_cost(shares * price, shares)

    def __eq__(self, other):
        if not isinstance(other, Portfolio):
            return NotImplemented
        return self.__dict__ == other.__dict__

    __hash__ = None

    def __repr__(self):
        return f"Portfolio(cash=${self._cash / 100:.2f}, returns={len(self._returns)})"


_RULES = cents_rules(Stops())


def _pairs(name, pairs, typecode):
    """Read one list of (symbol, value) pairs."""
    schedule = read_schedule(name, [pairs], typecode)
    return list(zip(schedule.rows[0], schedule.values[0], strict=True))


def _to_json(held):
    names = ("symbol", "quantity", "avg_entry_price", "realized_pnl", "total_cost")
    return {name: getattr(held, name) for name in names}
