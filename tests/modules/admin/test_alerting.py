"""Alerts fire, are told once and together, and are over by themselves"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from threadly.modules.admin.rules.alerting import QUIET, Step, advance
from threadly.modules.admin.types.alerts import Condition, TellingRow
from threadly.platform.ids import new_id

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FEED = Condition("slo:feed", "feed", "warning", "The feed is slow", "So slow.", "slow-requests", "feed")
FRESH = replace(FEED, key="slo:fresh", title="Posts are late")
SHOP = replace(FEED, key="slo:shop", category="checkout", severity="critical")


class Watch:
    """Looks again and again, and keeps what is not over."""

    def __init__(self) -> None:
        self.alerts: list[TellingRow] = []
        self.now = NOW

    def look(self, *conditions: Condition, silenced: Iterable[str] = ()) -> Step:
        hushed = set(silenced)
        step = advance(
            self.alerts, conditions, silenced=lambda key: key in hushed, now=self.now, new_id=new_id
        )
        kept = {each.key: each for each in [*step.new, *step.changed]}
        self.alerts = [each for each in kept.values() if each.state != "resolved"]
        self.now += MINUTE
        return step

    def told(self, *conditions: Condition, silenced: Iterable[str] = ()) -> list[tuple[str, list[str]]]:
        step = self.look(*conditions, silenced=silenced)
        return [(each.kind, [alert.key for alert in each.alerts]) for each in step.notifications]


def test_an_alert_is_told_once_when_it_fires_and_once_when_it_is_over() -> None:
    watch = Watch()
    assert watch.told(FEED) == [("firing", ["slo:feed"])]
    assert watch.told(FEED) == []
    assert watch.told() == []
    assert watch.told() == []
    assert watch.told() == [("resolved", ["slo:feed"])]
    assert watch.alerts == []
    assert watch.told() == []


def test_what_comes_again_while_it_is_quiet_goes_on_being_one_alert() -> None:
    watch = Watch()
    first = watch.look(FEED).new[0].id
    for _ in range(4):
        assert watch.told() == []
        assert watch.told(FEED) == []
    assert [alert.id for alert in watch.alerts] == [first]


def test_what_must_hold_is_pending_first_and_dropped_if_it_goes() -> None:
    watch, held = Watch(), replace(FEED, hold_s=120)
    assert watch.told(held) == []
    assert [alert.state for alert in watch.alerts] == ["pending"]
    step = watch.look()
    assert [alert.key for alert in step.dropped] == ["slo:feed"]
    assert not step.notifications
    assert [watch.told(held) for _ in range(3)] == [[], [], [("firing", ["slo:feed"])]]


def test_alerts_of_one_category_and_severity_are_told_together() -> None:
    assert Watch().told(FEED, FRESH, SHOP) == [
        ("firing", ["slo:feed", "slo:fresh"]),
        ("firing", ["slo:shop"]),
    ]


def test_what_becomes_worse_is_told_again_and_what_becomes_better_is_not() -> None:
    watch = Watch()
    watch.look(FEED)
    assert watch.told(replace(FEED, severity="critical")) == [("firing", ["slo:feed"])]
    assert watch.told(FEED) == []
    assert watch.told(replace(FEED, severity="critical")) == []
    assert watch.alerts[0].told_severity == "critical"


def test_a_silence_is_kept_and_what_still_fires_is_told_when_it_ends() -> None:
    watch = Watch()
    assert watch.told(FEED, silenced=["slo:feed"]) == []
    assert [alert.state for alert in watch.alerts] == ["firing"]
    assert watch.told(FEED) == [("firing", ["slo:feed"])]


def test_what_nobody_was_told_of_is_over_without_a_word() -> None:
    watch = Watch()
    watch.look(FEED, silenced=["slo:feed"])
    watch.now += QUIET
    assert [watch.told() for _ in range(4)] == [[], [], [], []]
    assert watch.alerts == []


def test_the_details_are_those_of_now() -> None:
    watch = Watch()
    watch.look(FEED)
    step = watch.look(replace(FEED, detail="Slower."))
    assert [alert.detail for alert in step.changed] == ["Slower."]
