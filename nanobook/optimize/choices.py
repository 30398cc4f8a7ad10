"""Constraints that choose: how many assets are held, how small a position may be."""

import numpy as np

from nanobook.errors import ValidationError
from nanobook.optimize.constraints import Cardinality, MinimumPosition

__all__ = ["add_choices", "add_directions", "has_choices"]


def has_choices(constraints):
    """Return whether a constraint chooses among assets.

    Parameters
    ----------
    constraints : sequence
        Of `nanobook.optimize.constraints`.

    Returns
    -------
    bool
        True for cardinality and minimum positions.
    """
    return any(isinstance(one, Cardinality | MinimumPosition) for one in constraints)


def add_choices(constraints, programme, setting, loose):
    """Add, for each asset, whether it's held, and what follows from that.

    Parameters
    ----------
    constraints : sequence
        All of them; those that choose are added.
    programme : Programme
        Changed in place.
    setting : Setting
        Bounds and assets.
    loose : bool
        Whether an asset that isn't held is tied to 0 by far limits instead of its own bounds, so
        that the search for conflicts can tell the two apart.

    Raises
    ------
    ValidationError
        If a smallest number of assets is asked for, but not what held means.
    """
    counts = [one for one in constraints if isinstance(one, Cardinality)]
    sizes = [one for one in constraints if isinstance(one, MinimumPosition)]
    if not counts and not sizes:
        return
    n = programme.assets
    weights = np.arange(n)
    shorts = bool((setting.lower < 0).any())
    reach = np.maximum(1.0, np.maximum(np.abs(setting.lower), np.abs(setting.upper)))
    most = 4.0 * reach if loose else np.maximum(setting.upper, 0.0)
    down = 4.0 * reach if loose else np.maximum(-setting.lower, 0.0)
    long_part, sides = weights, []
    if shorts:
        long_part, short_part = programme.sides()
        sides.append((short_part, programme.add_choices(n), down))
    sides.insert(0, (long_part, programme.add_choices(n), most))
    one = np.eye(n)
    for part, held, limit in sides:
        programme.add_rows(None, [(part, one), (held, -np.diag(limit))], -np.inf, 0.0)
    if shorts:
        pair = [(held, one) for _, held, _ in sides]
        programme.add_rows(None, pair, -np.inf, 1.0)
    for rule in counts:
        if rule.least and not sizes:
            raise ValidationError(
                "Cardinality least needs a MinimumPosition, which says from what weight on an "
                "asset counts as held"
            )
        words = f"Cardinality({rule.least} .. {rule.most})" if rule.least else None
        item = programme.add_item(words or f"Cardinality({rule.most})")
        ones = np.ones((1, n))
        parts = [(held, ones) for _, held, _ in sides]
        programme.add_rows(item, parts, rule.least or -np.inf, rule.most)
        programme.most = min(rule.most, programme.most or rule.most)
    for rule in sizes:
        least = setting.labels.read("MinimumPosition least", rule.least)
        if not (np.isfinite(least).all() and (least > 0).all()):
            raise ValidationError("MinimumPosition least must be finite and above 0")
        shown = f"{least[0]:g}" if (least == least[0]).all() else "by asset"
        item = programme.add_item(f"MinimumPosition({shown})")
        for part, held, _ in sides:
            programme.add_rows(item, [(part, one), (held, -np.diag(least))], 0.0, np.inf)
    programme.holds = [(part, held) for part, held, _ in sides]
    programme.sided = len(sides)


def add_directions(programme, setting):
    """Make each asset be bought or sold, not both: where costs are paid from the budget.

    Parameters
    ----------
    programme : Programme
        Changed in place.
    setting : Setting
        With current weights.
    """
    buys, sells = programme.trades(setting.held)
    n = programme.assets
    most = programme.ceiling
    bought, sold = np.diag(most[buys]), np.diag(most[sells])
    direction = programme.add_choices(n)
    one = np.eye(n)
    programme.add_rows(None, [(buys, one), (direction, -bought)], -np.inf, 0.0)
    programme.add_rows(None, [(sells, one), (direction, sold)], -np.inf, np.diag(sold))
    programme.holds = [*programme.holds, (buys, direction)]
