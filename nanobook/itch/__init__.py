"""NASDAQ TotalView-ITCH 5.0: an exchange's feed, read, rebuilt into books, and written."""

from nanobook.errors import ItchError
from nanobook.itch.feed import ItchBook, replay_itch
from nanobook.itch.messages import ItchMessages
from nanobook.itch.parse import parse_itch
from nanobook.itch.read import read_itch
from nanobook.itch.replay import ItchReplay
from nanobook.itch.write import write_itch

__all__ = ["ItchBook", "ItchError", "ItchMessages", "ItchReplay", "parse_itch", "read_itch"]
__all__ += ["replay_itch", "write_itch"]
