"""The simulator's options: the same for all candidates, or axes of the grid."""

import dataclasses
from dataclasses import dataclass, field

import numpy as np

from nanobook.errors import ValidationError
from nanobook.panel.arrays import as_count, as_float
from nanobook.panel.rebalance import check_rule, decision_bars
from nanobook.portfolio.costs import CostModel, as_cost_model
from nanobook.portfolio.stops import Stops, as_stops
from nanobook.sweep import candidates as slot

__all__ = ["OPTION_NAMES", "Settings", "option_rows", "rule_table", "settings_of"]

_COSTS = tuple(one.name for one in dataclasses.fields(CostModel))
_STOPS = tuple(one.name for one in dataclasses.fields(Stops))

#: What an axis of the grid may be called to mean the simulator, not the strategy.
OPTION_NAMES = ("cash", "costs", "lag", "lot_size", "rebalance", "stops", *_COSTS, *_STOPS)


@dataclass(frozen=True)
class Settings:
    """What one candidate's backtest is run with."""

    cash: float
    costs: CostModel = field(default_factory=CostModel)
    stops: Stops = field(default_factory=Stops)
    lag: int = 1
    lot_size: float = 1.0
    rebalance: str | int | None = None

    def arguments(self):
        """Return them as `backtest` takes them.

        Returns
        -------
        dict
            By name.
        """
        return {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}


def settings_of(base, chosen):
    """Return settings with some of them chosen anew.

    Parameters
    ----------
    base : dict
        Values of `Settings`, as a caller gave them.
    chosen : dict
        By names of ``OPTION_NAMES``: whole cost models and stops, or their parts.

    Returns
    -------
    Settings
        Checked.

    Raises
    ------
    ValidationError
        If a value breaks a rule.
    ArgumentTypeError
        If one is of another kind.
    """
    values = {name: chosen.get(name, base[name]) for name in base}
    costs = as_cost_model("costs", values["costs"])
    stops = as_stops("stops", values["stops"], known_only=True)
    parts = {name: chosen[name] for name in _COSTS if name in chosen}
    costs = dataclasses.replace(costs, **parts) if parts else costs
    parts = {name: chosen[name] for name in _STOPS if name in chosen}
    stops = dataclasses.replace(stops, **parts) if parts else stops
    if values["cash"] is None:
        raise ValidationError("cash must be given, or be an axis of the grid")
    cash = as_float("cash", values["cash"])
    if cash <= 0:
        raise ValidationError(f"cash must be above 0, got {cash}")
    return Settings(
        cash=cash,
        costs=costs,
        stops=stops,
        lag=as_count("lag", values["lag"]),
        lot_size=as_float("lot_size", values["lot_size"], least=0),
        rebalance=check_rule("rebalance", values["rebalance"]),
    )


def rule_table(base, grid, index, bars):
    """Return the bars that decide under each rebalance rule of a sweep.

    Parameters
    ----------
    base : dict
        Values of `Settings`.
    grid : Grid or None
        With or without an axis called "rebalance".
    index : Index or None
        Dates of the bars.
    bars : int
        How many there are.

    Returns
    -------
    rules : list
        The rules.
    decides : ndarray of shape (Q, bars)
        bool, a row for each.

    Raises
    ------
    ValidationError
        If a rule isn't known, or needs dates that the bars don't have.
    ArgumentTypeError
        If it's of another kind.
    """
    values = [base["rebalance"]]
    if grid is not None and "rebalance" in grid.names:
        values = grid.values("rebalance")
    rules = list(dict.fromkeys(check_rule("rebalance", value) for value in values))
    masks = [decision_bars(rule, index, bars) for rule in rules]
    whole = np.ones(bars, dtype=bool)
    return rules, np.array([whole if mask is None else mask for mask in masks])


def option_rows(base, columns, size, rules, known):
    """Return candidates' settings as the kernel takes them.

    Parameters
    ----------
    base : dict
        Values of `Settings`.
    columns : dict of str to ndarray
        The grid's, of these candidates.
    size : int
        How many candidates there are.
    rules : list
        The rebalance rules, in the kernel's order.
    known : dict
        Rows worked out before, by what was chosen; added to.

    Returns
    -------
    ndarray of shape (S, OPTIONS)
        float64.

    Raises
    ------
    ValidationError
        If a value breaks a rule.
    ArgumentTypeError
        If one is of another kind.
    """
    named = {name: column.tolist() for name, column in columns.items() if name in OPTION_NAMES}
    rows = np.empty((size, slot.OPTIONS))
    if not named:
        rows[:] = _row(settings_of(base, {}), rules)
        return rows
    for at, values in enumerate(zip(*named.values(), strict=True)):
        key = repr(values)
        if key not in known:
            known[key] = _row(settings_of(base, dict(zip(named, values, strict=True))), rules)
        rows[at] = known[key]
    return rows


def _row(settings, rules):
    rates, stops = settings.costs.rates(cents=False), settings.stops
    row = np.empty(slot.OPTIONS)
    row[slot.CASH] = settings.cash
    row[slot.LAG] = min(settings.lag, 2**40)
    row[slot.LOT] = settings.lot_size
    row[slot.RULE] = rules.index(settings.rebalance)
    row[slot.PROPORTIONAL] = rates.proportional
    row[slot.PER_SHARE] = rates.per_share
    row[slot.MINIMUM] = rates.minimum
    row[slot.FIXED] = stops.fixed_stop_pct
    row[slot.TRAILING] = stops.trailing_stop_pct
    row[slot.ATR_MULTIPLE] = stops.atr_multiple or 0.0
    row[slot.ATR_PERIOD] = stops.atr_period if stops.atr_multiple else 0
    row[slot.LOCK] = stops.lock_bars
    return row
