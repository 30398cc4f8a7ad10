"""Data to try things on: real prices that a dependency ships, seeded synthetic prices and orders.

Nothing is fetched: `daily` reads files of the installed arch package, `synthetic` and
`order_flow` draw.
"""

from nanobook.datasets.daily import daily_prices
from nanobook.datasets.order_flow import order_flow
from nanobook.datasets.synthetic import random_prices

__all__ = ["daily_prices", "order_flow", "random_prices"]
