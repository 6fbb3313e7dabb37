"""Who reacts to what, which jobs and schedules there are, and who watches a process: all of it, visibly."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from threadly.modules import (
    admin,
    atlas,
    feed,
    identity,
    media,
    messaging,
    moderation,
    notifications,
    payments,
    search,
    store,
)
from threadly.modules.admin import jobs as admin_jobs
from threadly.modules.admin import telling as admin_telling
from threadly.modules.atlas import jobs as atlas_jobs
from threadly.modules.atlas import reactions as atlas_reactions
from threadly.modules.feed import exporting as feed_exporting
from threadly.modules.feed import jobs as feed_jobs
from threadly.modules.feed import reactions as feed_reactions
from threadly.modules.feed.rules import clean_content
from threadly.modules.identity import exports as identity_exports
from threadly.modules.identity import jobs as identity_jobs
from threadly.modules.identity.rules import password_of
from threadly.modules.media import exporting as media_exporting
from threadly.modules.media import jobs as media_jobs
from threadly.modules.media import reactions as media_reactions
from threadly.modules.messaging import exporting as messaging_exporting
from threadly.modules.messaging import jobs as messaging_jobs
from threadly.modules.messaging import reactions as messaging_reactions
from threadly.modules.moderation import exporting as moderation_exporting
from threadly.modules.moderation import jobs as moderation_jobs
from threadly.modules.moderation import reactions as moderation_reactions
from threadly.modules.notifications import exporting as notifications_exporting
from threadly.modules.notifications import jobs as notifications_jobs
from threadly.modules.notifications import reactions as notifications_reactions
from threadly.modules.notifications.channels import jobs as channel_jobs
from threadly.modules.payments import exporting as payments_exporting
from threadly.modules.payments import jobs as payments_jobs
from threadly.modules.payments import reactions as payments_reactions
from threadly.modules.payments.rules import charge_entries
from threadly.modules.search import jobs as search_jobs
from threadly.modules.search import reactions as search_reactions
from threadly.modules.store import exporting as store_exporting
from threadly.modules.store import jobs as store_jobs
from threadly.modules.store import reactions as store_reactions
from threadly.modules.store.rules.coupons import sort_out
from threadly.modules.store.rules.orders import require_transition
from threadly.modules.store.rules.pricing import price
from threadly.platform import housekeeping
from threadly.platform.durable import Job, Schedule
from threadly.platform.durable.due import Watch
from threadly.platform.events import Reactions
from threadly.platform.exporting import Exporter
from threadly.platform.recording import recording
from threadly.platform.runtime import Runtime

__all__ = ["EXPORTS", "JOBS", "MODULES", "RULES", "SCHEDULES", "WATCHES", "make_reactions", "observed"]

# From the top of the house to its bottom.
MODULES = (
    admin,
    atlas,
    search,
    notifications,
    store,
    feed,
    messaging,
    payments,
    moderation,
    media,
    identity,
)

# Decisions that a trace shows.
RULES = (price, sort_out, require_transition, charge_entries, clean_content, password_of)
# A profile says something too, and so do an invitation and a picture.
identity.ask_before_showing(moderation.vet_profile)
# What a member gets who asks for a copy of what is known of them, in this order.
EXPORTS: list[Exporter] = [
    identity_exports.export_member,
    feed_exporting.export_member,
    messaging_exporting.export_member,
    media_exporting.export_member,
    store_exporting.export_member,
    payments_exporting.export_member,
    notifications_exporting.export_member,
    moderation_exporting.export_member,
]
JOBS: list[Job] = [
    *housekeeping.JOBS,
    *identity_jobs.JOBS,
    *identity_exports.JOBS,
    identity_exports.gathering(EXPORTS),
    *feed_jobs.JOBS,
    *payments_jobs.JOBS,
    *store_jobs.JOBS,
    *media_jobs.JOBS,
    *moderation_jobs.JOBS,
    *messaging_jobs.JOBS,
    *notifications_jobs.JOBS,
    *channel_jobs.JOBS,
    *search_jobs.JOBS,
    *atlas_jobs.JOBS,
    *admin_jobs.JOBS,
    *admin_telling.JOBS,
]
SCHEDULES: list[Schedule] = [
    *housekeeping.SCHEDULES,
    *identity_jobs.SCHEDULES,
    *identity_exports.SCHEDULES,
    *feed_jobs.SCHEDULES,
    *payments_jobs.SCHEDULES,
    *store_jobs.SCHEDULES,
    *media_jobs.SCHEDULES,
    *moderation_jobs.SCHEDULES,
    *messaging_jobs.SCHEDULES,
    *notifications_jobs.SCHEDULES,
    *channel_jobs.SCHEDULES,
    *search_jobs.SCHEDULES,
    *atlas_jobs.SCHEDULES,
    *admin_jobs.SCHEDULES,
]
WATCHES: list[Watch] = [
    *payments_jobs.WATCHES,
    *store_jobs.WATCHES,
    *channel_jobs.WATCHES,
    *search_jobs.WATCHES,
]


def make_reactions() -> Reactions:
    reactions = Reactions()
    reactions.declare(
        *identity.EVENTS,
        *feed.EVENTS,
        *payments.EVENTS,
        *store.EVENTS,
        *moderation.EVENTS,
        *messaging.EVENTS,
        *atlas.EVENTS,
    )
    feed_reactions.wire(reactions)
    payments_reactions.wire(reactions)
    store_reactions.wire(reactions)
    media_reactions.wire(reactions)
    moderation_reactions.wire(reactions)
    messaging_reactions.wire(reactions)
    notifications_reactions.wire(reactions)
    search_reactions.wire(reactions)
    atlas_reactions.wire(reactions)
    return reactions


@asynccontextmanager
async def observed(runtime: Runtime, service: str) -> AsyncIterator[admin.Meter]:
    """For the time that a process serves, as "web" or "worker": what runs in it is recorded, kept and
    measured, and it answers what operators ask of it."""
    takers = [atlas.keeping(runtime), admin.storing_lines(runtime, service)]
    async with (
        recording(runtime, service, takers=takers) as keeper,
        admin.attending(runtime, service, keeper),
        admin.measuring(runtime, keeper, service=service) as meter,
    ):
        yield meter
