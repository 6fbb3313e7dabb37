"""notifications: listens to what happened, decides who is told of it, and tells them.

Nobody calls it to tell somebody something: emit an event, and add a reaction here. Verbs take a Work first;
they act for whoever looks at their own notifications.
"""

from threadly.modules.notifications.channels.undeliverable import (
    DeliveryMissing,
    Outage,
    UndeliverableDelivery,
    count_undeliverable,
    drop_delivery,
    list_outages,
    list_undeliverable,
    retry_delivery,
)
from threadly.modules.notifications.errors import (
    ChannelWithoutDigest,
    NothingChosen,
    QuietHoursInvalid,
    TimeZoneUnknown,
)
from threadly.modules.notifications.types import (
    Actor,
    ChannelName,
    Kind,
    Mode,
    Notification,
    Preferences,
    Rhythm,
)
from threadly.modules.notifications.verbs.choices import choose, get_preferences
from threadly.modules.notifications.verbs.reading import (
    count_unread,
    list_notifications,
    mark_all_read,
    mark_read,
)

__all__ = [
    "Actor",
    "ChannelName",
    "ChannelWithoutDigest",
    "DeliveryMissing",
    "Kind",
    "Mode",
    "NothingChosen",
    "Notification",
    "Outage",
    "Preferences",
    "QuietHoursInvalid",
    "Rhythm",
    "TimeZoneUnknown",
    "UndeliverableDelivery",
    "choose",
    "count_undeliverable",
    "count_unread",
    "drop_delivery",
    "get_preferences",
    "list_notifications",
    "list_outages",
    "list_undeliverable",
    "mark_all_read",
    "mark_read",
    "retry_delivery",
]
