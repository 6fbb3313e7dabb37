"""The plan is that of the installation that draws it, and tells no secret"""

from pathlib import Path

import httpx
import msgspec
import pytest

from threadly.app import draw_plan
from threadly.modules import atlas
from threadly.modules.atlas.times import in_words
from threadly.settings import Settings
from threadly.wiring import JOBS, SCHEDULES, make_reactions

HIDDEN = "hunter2hidden"
# All that may hold a secret, with one in it. What else there is, is a figure, a choice or a name in public.
SECRETS = Settings(
    database_url=f"postgresql://threadly_app:{HIDDEN}@{HIDDEN}/threadly",
    database_replica_url=f"postgresql://threadly_app:{HIDDEN}@{HIDDEN}/threadly",
    owner_database_url=f"postgresql://threadly_owner:{HIDDEN}@{HIDDEN}/threadly",
    valkey_url=f"valkey://:{HIDDEN}@{HIDDEN}:6379",
    home=Path(f"/{HIDDEN}"),
    postgres_bin=Path(f"/{HIDDEN}"),
    valkey_bin=Path(f"/{HIDDEN}"),
    host=HIDDEN,
    secret_key=HIDDEN * 4,
    trusted_proxies=(HIDDEN,),
    cors_origins=(f"https://{HIDDEN}.example",),
    smtp_url=f"smtp://me:{HIDDEN}@{HIDDEN}",
    mail_from=f"{HIDDEN} <{HIDDEN}@example.com>",
    bounce_secret=HIDDEN * 4,
    storage_url=f"s3+https://{HIDDEN}/pictures",
    storage_access_key=HIDDEN,
    storage_secret_key=HIDDEN,
    sandbox_url=f"http://{HIDDEN}",
    sandbox_key=HIDDEN,
    stripe_secret_key=HIDDEN,
    stripe_publishable_key=HIDDEN,
    stripe_webhook_secret=HIDDEN,
    paypal_client_id=HIDDEN,
    paypal_secret=HIDDEN,
    paypal_webhook_id=HIDDEN,
    paypal_url=f"https://{HIDDEN}",
    warehouse_url=f"https://{HIDDEN}/orders",
    warehouse_secret=HIDDEN,
    sms_url=f"https://{HIDDEN}/messages",
    sms_token=HIDDEN,
    stun_urls=(f"stun:{HIDDEN}",),
    turn_urls=(f"turn:{HIDDEN}",),
    turn_secret=HIDDEN,
    otlp_endpoint=f"http://{HIDDEN}",
    prices=Path(f"/{HIDDEN}"),
    objectives=Path(f"/{HIDDEN}"),
    alert_mail=(f"{HIDDEN}@example.com",),
    alert_webhook_url=f"https://{HIDDEN}/alerts",
    alert_webhook_secret=HIDDEN,
    metrics_token=HIDDEN * 4,
)
PUBLIC = {
    "env",
    "port",
    "base_url",
    "server",
    "workers",
    "db_pool_size",
    "max_in_flight",
    "max_body_bytes",
    "request_timeout_s",
    "rate_limit_factor",
    "feed_pull_threshold",
    "log_level",
    "log_format",
    "log_keep_hours",
    "log_keep_lines",
    "demo",
    "experiments",
    "intercepted",
    "trace_sample",
    "trace_slow_ms",
    "trace_store_mib",
    "trace_keep_hours",
    "traces",
    "source_url",
    "worker_metrics_port",
    "smtp_timeout_s",
    "push_private",
    "storage_region",
    "media_base_url",
    "media_quota_mib",
    "media_file_mib",
}


def names_of(plan: atlas.Plan) -> list[str]:
    return [part.name for band in plan.bands for part in band.parts]


def facts_of(plan: atlas.Plan, name: str) -> dict[str, str]:
    (part,) = (part for band in plan.bands for part in band.parts if part.name == name)
    return {fact.name: fact.value for fact in part.facts}


def test_every_setting_is_either_public_or_kept_from_the_plan() -> None:
    hidden = {name for name in Settings.__struct_fields__ if HIDDEN in str(getattr(SECRETS, name))}
    assert hidden | PUBLIC == set(Settings.__struct_fields__)
    assert HIDDEN not in msgspec.json.encode(draw_plan(SECRETS)).decode()


def test_the_plan_has_what_is_configured() -> None:
    everything = names_of(draw_plan(SECRETS))
    assert {"Stripe", "PayPal", "Sandbox", "PostgreSQL, replica", "Proxy", "SMS gateway", "Warehouse"} <= {
        *everything
    }
    little = names_of(draw_plan(Settings()))
    assert {"PostgreSQL", "Valkey", "Web processes", "Relay", "Mail"} <= {*little}
    assert not {"Stripe", "PayPal", "Sandbox", "PostgreSQL, replica", "Proxy", "SMS gateway"} & {*little}


def test_the_plan_has_the_figures_that_are_set() -> None:
    plan = draw_plan(Settings(workers=3, db_pool_size=7, rate_limit_factor=2, max_body_bytes=2_048))
    assert facts_of(plan, "Web processes")["Processes"] == "3"
    assert facts_of(plan, "PostgreSQL")["Connections"] == "up to 7 per process"
    assert facts_of(plan, "Gate")["A member"] == "1200 a minute"
    assert facts_of(plan, "Front")["Body"] == "2 KiB"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql:///threadly?host=/run/threadly&user=threadly_app", "a socket on this machine"),
        ("postgresql://threadly_app@db/threadly", "the network"),
    ],
)
def test_the_plan_says_how_the_database_is_reached(url: str, said: str) -> None:
    assert facts_of(draw_plan(Settings(database_url=url)), "PostgreSQL")["Reached by"] == said


def test_every_event_and_reaction_is_on_the_plan_once() -> None:
    reactions, plan = make_reactions(), draw_plan(Settings())
    told = [each for module in plan.modules for each in module.tells]
    assert sorted(each.event for each in told) == reactions.known
    assert {each.event: list(each.reactions) for each in told} == {
        event: [reaction.name for reaction in reactions.of(event)] for event in reactions.known
    }


def test_a_module_says_what_it_hears_of_others() -> None:
    (store,) = (module for module in draw_plan(Settings()).modules if module.name == "store")
    assert "payments.succeeded" in store.hears
    assert not any(event.startswith("store.") for event in store.hears)


def test_every_job_is_on_the_plan_with_its_times() -> None:
    lines = draw_plan(Settings()).jobs
    assert sorted(line.name for line in lines) == sorted(job.name for job in JOBS)
    times = {line.name: line.times for line in lines}
    assert all(in_words(each.cron) in times[each.job.name] for each in SCHEDULES)
    assert times["identity.rotate_keys"] == ("every day at 03:41 UTC",)
    assert times["identity.send_link"] == ()


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("*/10 * * * *", "every 10 minutes"),
        ("5 * * * *", "every hour, at 5 minutes past"),
        ("7 2 * * *", "every day at 02:07 UTC"),
        ("0 0 1 * *", "0 0 1 * * (UTC)"),
    ],
)
def test_times_are_in_words(cron: str, said: str) -> None:
    assert in_words(cron) == said


def test_every_part_leads_to_cards_that_there_are() -> None:
    slugs = {concept.slug for concept in atlas.CONCEPTS}
    for band in draw_plan(SECRETS).bands:
        for part in band.parts:
            assert part.cards, part.name
            assert set(part.cards) <= slugs


async def test_no_page_shows_where_this_installation_keeps_its_data(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    pages = [(await client.get(path)).text for path in ("/map", "/map/concepts/settings")]
    for kept in (settings.database_url, settings.valkey_url, settings.secret_key, str(settings.home)):
        assert kept
        assert not any(kept in page for page in pages)
