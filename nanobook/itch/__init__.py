"""NASDAQ TotalView-ITCH 5.0: an exchange's feed, read, rebuilt into books, and written."""

from nanobook.itch.feed import ItchBook, replay_itch
from nanobook.itch.messages import ItchMessages
from nanobook.itch.read import read_itch
from nanobook.itch.reader import ItchError
from nanobook.itch.replay import ItchReplay

__all__ = ["ItchBook", "ItchError", "ItchMessages", "ItchReplay", "read_itch", "replay_itch"]
