"""Prices to try things on: real ones that a dependency ships, and seeded synthetic ones.

Nothing is fetched: `daily` reads files of the installed arch package, `synthetic` draws.
"""

from nanobook.datasets.daily import daily_prices
from nanobook.datasets.synthetic import random_prices

__all__ = ["daily_prices", "random_prices"]
