"""What operators' pages and API take."""

from typing import Final

__all__ = ["OBSERVE", "OPERATE"]

OBSERVE: Final = "admin.observe"
OPERATE: Final = "platform.operate"
