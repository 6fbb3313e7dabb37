"""The file of objectives is read whole or refused in one line; what comes from it is up to date"""

import json
from pathlib import Path

import pytest

from threadly.modules import admin
from threadly.modules.admin.objectives import SHIPPED, read_objectives
from threadly.modules.admin.rules.counting import counted_by_route, matches_route
from threadly.modules.admin.runbooks import get_runbook, list_runbooks
from threadly.settings import BadSetting, Settings
from threadly.wiring import make_reactions

ROOT = Path(__file__).parents[3]
GOOD = """
[feed-speed]
title = "The feed is quick"
description = "Reads of a feed."
target = 99.0
category = "feed"
runbook = "slow-requests"
indicator = { type = "latency", within_ms = 100, routes = ["GET /"] }
"""


def settings_of(path: Path, text: str) -> Settings:
    path.write_text(text)
    return Settings(objectives=path)


def test_the_shipped_objectives_have_runbooks_and_reactions_that_there_are() -> None:
    reactions, known = make_reactions(), {each.slug for each in list_runbooks()}
    named = {reaction.name for event in reactions.known for reaction in reactions.of(event)}
    for objective in read_objectives(Settings()):
        assert objective.runbook in known
        assert getattr(objective.indicator, "reaction", None) in {None, *named}


def test_another_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    (only,) = read_objectives(settings_of(tmp_path / "mine.toml", GOOD))
    assert (only.name, only.window_days, only.severity) == ("feed-speed", 30, "critical")
    assert only.allowed == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (GOOD.replace("99.0", "100.0"), "[feed-speed]"),
        (GOOD.replace("within_ms = 100, ", ""), "within_ms"),
        (GOOD.replace('"latency"', '"weather"'), "weather"),
        (GOOD.replace("GET /", "everything"), "routes"),
        (GOOD + "colour = 1", "colour"),
        (GOOD.replace("feed-speed", "Feed speed"), "is no TOML"),
        (GOOD.replace("feed-speed", "Feed"), "name"),
        ("title = 1", "title"),
        ("", "1 to 50"),
        ("[", "is no TOML"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, wrong: str, named: str) -> None:
    with pytest.raises(BadSetting) as refused:
        read_objectives(settings_of(tmp_path / "bad.toml", wrong))
    assert str(refused.value).startswith("THREADLY_OBJECTIVES: ")
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="cannot be read"):
        read_objectives(Settings(objectives=tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("pattern", "route", "meant"),
    [
        ("* *", "GET /", True),
        ("GET /posts/*", "GET /posts/{post_id}", True),
        ("GET /posts/*", "POST /posts/{post_id}", False),
        ("GET /", "GET /posts", False),
        ("POST /checkout", "POST /checkout", True),
        ("GET /a.c", "GET /abc", False),
    ],
)
def test_a_route_is_meant_by_its_method_and_template(pattern: str, route: str, meant: bool) -> None:
    assert matches_route(pattern, route) is meant


def test_a_checkout_counts_for_all_that_is_promised_of_it() -> None:
    counted = {
        each.objective: each.within_us
        for each in counted_by_route(read_objectives(Settings()), "POST /checkout")
    }
    assert counted == {"availability": None, "checkout-available": None, "checkout-speed": 1_000_000}


def test_rules_and_dashboard_in_the_repository_are_those_of_the_shipped_file() -> None:
    objectives = read_objectives(Settings())
    rules = (ROOT / "deploy/observe/prometheus-rules.yml").read_text()
    assert rules == admin.prometheus_rules(objectives, site_url="https://threadly.example")
    dashboard = (ROOT / "deploy/observe/grafana-dashboard.json").read_text()
    assert dashboard == admin.grafana_dashboard(objectives)


def test_every_objective_has_rules_that_speak_of_recorded_series() -> None:
    rules = (ROOT / "deploy/observe/prometheus-rules.yml").read_text()
    recorded = {line.split()[-1] for line in rules.splitlines() if "record:" in line}
    used = {
        word.strip("(").partition("{")[0] for word in rules.split() if word.strip("(").startswith("threadly:")
    }
    assert used == recorded
    for objective in read_objectives(Settings()):
        assert f'objective="{objective.name}"' in rules


def test_the_dashboard_asks_for_metrics_that_there_are(tmp_path: Path) -> None:
    dashboard = json.loads((ROOT / "deploy/observe/grafana-dashboard.json").read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    corners = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(corners)) == len(corners)
    source = "".join(
        path.read_text()
        for path in [*SHIPPED.parent.glob("*.py"), *(ROOT / "src/threadly/platform").rglob("*.py")]
    )
    asked = {
        word.removesuffix("_total").removesuffix("_bucket").removesuffix("_count")
        for panel in panels
        for target in panel.get("targets", [])
        for word in re_words(target["expr"])
    }
    assert asked
    assert [name for name in asked if name not in source and "threadly_jobs_" not in name] == []


def re_words(expression: str) -> list[str]:
    cleaned = "".join(letter if letter.isalnum() or letter in "_:" else " " for letter in expression)
    return [word for word in cleaned.split() if word.startswith("threadly_")]


def test_runbooks_name_commands_that_there_are() -> None:
    from threadly.cli import cli

    commands = [
        line.split()
        for runbook in list_runbooks()
        for block in runbook.blocks
        if block.kind == "code"
        for line in block.lines[0][0].text.splitlines()
        if line.startswith("threadly ")
    ]
    assert len(commands) > 10
    for words in commands:
        command = cli.commands[words[1]]
        group = getattr(command, "commands", None)
        known = group[words[2]] if group else command
        options = {option for each in known.params for option in each.opts}
        assert {word for word in words if word.startswith("--")} <= options, words


def test_a_runbook_is_steps_code_and_links() -> None:
    blocks = get_runbook("dead-letters").blocks
    assert [block.first for block in blocks if block.kind == "steps"] == [1, 3, 4]
    links = [
        span.href
        for each in list_runbooks()
        for block in each.blocks
        for line in block.lines
        for span in line
    ]
    assert "/admin/observe/runbooks/dead-letters" in links
