"""What a trade costs: basis points of its value, an amount per share, a minimum."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from nanobook.errors import ArgumentTypeError
from nanobook.jit import njit
from nanobook.panel.arrays import INT64_MAX, as_float, as_integer

__all__ = ["CostModel", "Rates", "as_cost_model", "charge_one", "cost_of"]


class Rates(NamedTuple):
    """A cost model as kernels take it."""

    whole_bps: int  # >= 0: integer cents, exact; -1: floats
    proportional: float  # fraction of the traded value
    per_share: float
    minimum: float  # per trade; int64 in the cents door


@dataclass(frozen=True, repr=False)
class CostModel:
    """What each trade costs; slippage is a cost here and never moves the fill price.

    The cost of a trade is ``(commission_bps + slippage_bps) / 10_000`` of its value plus
    `per_share` for each share, and at least `min_trade_fee`. Money amounts are in the unit
    of the prices they meet: currency in `backtest`, cents in `backtest_weights`, where the
    result is floored to a whole cent once.

    Parameters
    ----------
    commission_bps : float, default 0
        Commission in basis points (1 bp = 0.01 %) of the traded value.
    slippage_bps : float, default 0
        Slippage in basis points of the traded value.
    min_trade_fee : float, default 0
        The least that a trade costs. A negative one has no effect.
    per_share : float, default 0
        Commission per share (or unit) traded.

    Raises
    ------
    ArgumentTypeError
        If an amount isn't a number.
    ValidationError
        If a rate is negative or an amount isn't finite.

    Examples
    --------
    >>> CostModel(commission_bps=15).compute_cost(1333)
    1
    """

    commission_bps: float = 0
    slippage_bps: float = 0
    min_trade_fee: float = 0
    per_share: float = 0

    def __post_init__(self):
        for name in ("commission_bps", "slippage_bps", "per_share"):
            as_float(name, getattr(self, name), least=0)
        as_float("min_trade_fee", self.min_trade_fee)

    @staticmethod
    def zero():
        """Return the model under which trading is free.

        Returns
        -------
        CostModel
            All rates zero.
        """
        return CostModel()

    @property
    def bps(self):
        """Commission and slippage together, in basis points."""
        return self.commission_bps + self.slippage_bps

    def compute_cost(self, notional, quantity=0):
        """Return the cost in whole cents of a trade worth `notional` cents.

        Parameters
        ----------
        notional : int
            Value traded in cents; its sign doesn't matter.
        quantity : int, default 0
            Shares traded, for `per_share`.

        Returns
        -------
        int
            ``max(floor(|notional| * bps / 10_000 + |quantity| * per_share), min_trade_fee)``
            in cents, capped at 2**63 - 1.

        Raises
        ------
        ArgumentTypeError
            If `notional` or `quantity` isn't an integer.
        """
        notional = abs(as_integer("notional", notional))
        quantity = abs(as_integer("quantity", quantity))
        if self.per_share == 0 and float(self.bps).is_integer():
            cost = notional * int(self.bps) // 10_000
        else:
            cost = math.floor(notional * (self.bps / 10_000) + quantity * self.per_share)
        return min(max(cost, math.floor(self.min_trade_fee)), INT64_MAX)

    def rates(self, *, cents):
        """Return the model in the form kernels take.

        Parameters
        ----------
        cents : bool
            Whether money is int64 cents, costs being floored to whole ones.

        Returns
        -------
        Rates
            Scalars of the types that the kernel's specialisation needs.
        """
        bps = float(self.bps)
        exact = cents and self.per_share == 0 and bps.is_integer()
        minimum = max(self.min_trade_fee, 0)
        return Rates(
            whole_bps=int(bps) if exact else -1,
            proportional=bps / 10_000,
            per_share=float(self.per_share),
            minimum=math.floor(minimum) if cents else float(minimum),
        )

    def __repr__(self):
        fields = [f"{name}={getattr(self, name)}" for name in _ALWAYS_SHOWN]
        if self.per_share:
            fields.append(f"per_share={self.per_share}")
        return f"CostModel({', '.join(fields)})"


_ALWAYS_SHOWN = ("commission_bps", "slippage_bps", "min_trade_fee")


def as_cost_model(name, value):
    """Return `value` as a CostModel: one as it is, None as free trading, a number as bps.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : CostModel, float or None
        What the caller gave.

    Returns
    -------
    CostModel
        The model.

    Raises
    ------
    ArgumentTypeError
        If it's none of the three.
    """
    if value is None:
        return CostModel.zero()
    if isinstance(value, CostModel):
        return value
    try:
        return CostModel(commission_bps=as_float(name, value, least=0))
    except ArgumentTypeError:
        raise ArgumentTypeError(
            f"{name} must be a CostModel, a number of basis points or None, got {value!r}"
        ) from None


@njit
def cost_of(notional, shares, rates):
    """Return the cost as a float of trading `shares` (>= 0) worth `notional` (>= 0)."""
    cost = notional * rates.proportional + shares * rates.per_share
    return max(cost, rates.minimum)


@njit
def charge_one(charge, column, notional, shares, rates):
    """Write the cost of one trade to ``charge[column]``, in whole cents where that's its dtype."""
    if rates.whole_bps >= 0:
        # n * bps // 10000 without a product past 2**63
        whole, rest = notional // 10000, notional % 10000
        charge[column] = whole * rates.whole_bps + rest * rates.whole_bps // 10000
        if charge[column] < rates.minimum:
            charge[column] = rates.minimum
    else:
        charge[column] = cost_of(notional, shares, rates)
