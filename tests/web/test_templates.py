"""The templates hold what the strict Content-Security-Policy and screen readers ask of every page."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from minijinja import Environment, load_from_path

from threadly import modules
from threadly.web import EMPTY_FORM, FILTERS, STATIC, TEMPLATES, Form, Part, asset, avatar_of, moment

ROOTS = [TEMPLATES, *sorted(Path(modules.__file__).parent.glob("*/templates"))]
PAGES = sorted(path.relative_to(root).as_posix() for root in ROOTS for path in root.rglob("*.html"))
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SARAH = {"id": "s", "username": "sarahj", "name": "Sarah Johnson", "avatar": avatar_of("Sarah", seed="s")}


@pytest.fixture(scope="module")
def engine() -> Environment:
    """As `Pages` makes it."""
    loader = load_from_path(ROOTS)
    return Environment(loader=loader, filters=dict(FILTERS), trim_blocks=True, lstrip_blocks=True)


def source_of(name: str) -> str:
    return next((root / name).read_text() for root in ROOTS if (root / name).is_file())


def page(engine: Environment, name: str, viewer: dict[str, Any] | None = None, **context: Any) -> str:
    common = {
        "site": {"name": "Threadly", "url": "http://localhost"},
        "viewer": viewer,
        "path": "/",
        "csrf_token": "token",
        "trace_id": "trace",
        "asset": asset,
    }
    return engine.render_template(name, **common, **context)


def a_post(**changes: object) -> dict[str, Any]:
    return {
        "id": "p1",
        "author": SARAH,
        "parts": [Part(kind="text", text="Hello")],
        "content": "Hello",
        "time": moment(NOW, now=NOW),
        "edited": False,
        "visibility": "public",
        "like_count": 2,
        "comment_count": 0,
        "liked_by_me": True,
        "may_edit": False,
        "may_delete": False,
        **changes,
    }


@pytest.mark.parametrize("name", PAGES)
def test_every_template_compiles(engine: Environment, name: str) -> None:
    assert "site" in engine.undeclared_variables_in_template("layout.html")
    engine.undeclared_variables_in_template(name)


@pytest.mark.parametrize("name", PAGES)
def test_no_template_needs_unsafe_inline(name: str) -> None:
    source = source_of(name)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|hx-on|javascript:", source)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", source))


@pytest.mark.parametrize("name", PAGES)
def test_every_named_icon_is_in_the_sprite(name: str) -> None:
    symbols = set(re.findall(r'id="(\w+)"', (STATIC / "icons.svg").read_text()))
    named = re.findall(r'icon\("(\w+)"', source_of(name))
    assert set(named) <= symbols


@pytest.mark.parametrize("name", PAGES)
def test_every_form_that_writes_carries_the_csrf_field(name: str) -> None:
    for form in re.findall(r'<form[^>]*method="post".*?</form>', source_of(name), re.DOTALL):
        assert "csrf()" in form, form


def test_what_people_write_is_escaped(engine: Environment) -> None:
    author = {**SARAH, "name": "<b>Sarah</b>"}
    post = a_post(author=author, parts=[Part(kind="text", text="<script>alert(1)</script>")])
    html = page(engine, "feed/_post.html", viewer=SARAH, post=post)
    assert "<script" not in html
    assert "<b>" not in html


def test_a_refused_field_is_tied_to_its_problem(engine: Environment) -> None:
    form = Form(values={"email": "sarah@"}, errors={"email": "That is not an e-mail address."})
    html = page(engine, "identity/login.html", form=form)
    assert 'aria-invalid="true"' in html
    assert re.search(r'aria-describedby="\s*email-problem"', html)
    assert 'id="email-problem"' in html
    assert 'href="#email"' in html


def test_a_refused_form_shows_again_what_was_typed(engine: Environment) -> None:
    form = Form(values={"name": "Sarah", "username": "sarah j"}, errors={"username": "No spaces, please."})
    inputs = re.findall(r'<input class="input"[^>]*>', page(engine, "identity/signup.html", form=form))
    typed = {
        name: re.findall(r'(?<=\s)value="([^"]*)"(?=[\s>])', tag)
        for tag in inputs
        for name in re.findall(r'name="(\w+)"', tag)
    }
    assert typed == {"name": ["Sarah"], "username": ["sarah j"], "email": [""], "password": []}


def test_a_password_is_never_written_back(engine: Environment) -> None:
    form = Form(values={"email": "sarah@example.org", "password": "hunter2hunter2"})
    assert "hunter2" not in page(engine, "identity/login.html", form=form)


def test_a_like_says_whether_it_is_pressed(engine: Environment) -> None:
    pressed = page(engine, "feed/_like.html", viewer=SARAH, post=a_post(liked_by_me=True))
    released = page(engine, "feed/_like.html", viewer=SARAH, post=a_post(liked_by_me=False))
    assert 'aria-pressed="true"' in pressed
    assert "unlike" in pressed
    assert 'aria-pressed="false"' in released
    assert "unlike" not in released


def test_only_those_who_may_see_edit_and_delete(engine: Environment) -> None:
    allowed = page(engine, "feed/_post.html", viewer=SARAH, post=a_post(may_edit=True, may_delete=True))
    refused = page(engine, "feed/_post.html", viewer=SARAH, post=a_post())
    assert "Delete" in allowed
    assert "Delete" not in refused


def test_home_renders_for_a_member_who_follows_nobody(engine: Environment) -> None:
    html = page(engine, "feed/home.html", viewer=SARAH, posts=[], composer=EMPTY_FORM)
    assert "Your feed is quiet" in html
    assert 'name="content"' in html


def test_an_error_page_says_what_happened(engine: Environment) -> None:
    html = page(engine, "error.html", status=404, message="There is no page here.")
    assert "data-error-message" in html
    assert "There is no page here." in html


def test_an_error_of_ours_quotes_the_trace_and_one_of_theirs_does_not(engine: Environment) -> None:
    assert "<code>trace</code>" in page(engine, "error.html", status=500, message="Sorry.")
    assert "<code>trace</code>" not in page(engine, "error.html", status=404, message="Nothing here.")
