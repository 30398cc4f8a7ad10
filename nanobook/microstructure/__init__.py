"""Figures of book states and trades, column by column: what quotes, queues and trades say.

States are tables of shape (M, levels), the best level first, as samples of a book have them;
quantity 0 where there's no level. Trades are columns. What can't be said is NaN. `tables`,
`times` and `groups` read arguments; every other file is one figure, with its source.
"""

from nanobook.microstructure.depth_profile import DepthProfile, depth_profile
from nanobook.microstructure.microprice import microprice
from nanobook.microstructure.mid_price import mid_price
from nanobook.microstructure.order_flow import IntervalFlow, order_flow_imbalance
from nanobook.microstructure.order_imbalance import order_imbalance
from nanobook.microstructure.queue_lengths import QueueLengths, queue_lengths
from nanobook.microstructure.quoted_spread import quoted_spread
from nanobook.microstructure.state_at import mid_at, state_at
from nanobook.microstructure.trade_signs import trade_signs
from nanobook.microstructure.trade_spreads import effective_spread, price_impact, realized_spread
from nanobook.microstructure.volume_profile import VolumeProfile, volume_profile

__all__ = [
    "DepthProfile",
    "IntervalFlow",
    "QueueLengths",
    "VolumeProfile",
    "depth_profile",
    "effective_spread",
    "microprice",
    "mid_at",
    "mid_price",
    "order_flow_imbalance",
    "order_imbalance",
    "price_impact",
    "queue_lengths",
    "quoted_spread",
    "realized_spread",
    "state_at",
    "trade_signs",
    "volume_profile",
]
