"""The house's rules about SQL, by machine: every statement fits the schema, its Struct and its module."""

import importlib
import pkgutil
import re
import subprocess
import sys
import types
import typing
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
import pytest

import threadly
from threadly import modules
from threadly.platform.db import Statement
from threadly.platform.ids import UUID

# What other modules may join on or call: views that a module publishes, and the platform's own functions.
PUBLISHED = {
    "identity.profiles",
    "feed.followings",
    "feed.published_posts",
    "store.published_products",
    "moderation.blocks",
    "moderation.silenced",
}
PLATFORM_FUNCTIONS = {
    "platform.tenant_id",
    "platform.actor_id",
    "platform.erase_audit",
    "platform.rename_tenant",
    "platform.tenant_name",
    "platform.tenants_with_events",
    "dbos.enqueue_workflow",
}
SCHEMAS = ["platform", "dbos", "public", *(each.name for each in pkgutil.iter_modules(modules.__path__))]
PYTHON_TYPES = {
    "uuid": UUID,
    "int2": int,
    "int4": int,
    "int8": int,
    "float8": float,
    "text": str,
    "varchar": str,
    "bool": bool,
    "timestamptz": datetime,
    "bytea": bytes,
}


def statements() -> Iterator[tuple[str, Statement[Any]]]:
    """Every statement with the module that declares it."""
    for found in pkgutil.walk_packages(threadly.__path__, "threadly."):
        if found.name.startswith(("threadly.migrations.env", "threadly.migrations.versions")):
            continue
        if found.name == "threadly.__main__":
            continue
        module = importlib.import_module(found.name)
        for value in vars(module).values():
            several = (
                value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
            )
            yield from ((found.name, each) for each in several if isinstance(each, Statement))


STATEMENTS = {statement.name: (module, statement) for module, statement in statements()}


@pytest.mark.parametrize("name", sorted(STATEMENTS))
async def test_a_statement_can_be_prepared_and_fills_what_it_says(name: str, servers: Any) -> None:
    _, statement = STATEMENTS[name]
    connection = await asyncpg.connect(servers.app_url)
    try:
        prepared = await connection.prepare(statement.text)
        columns = [(each.name, each.type.name) for each in prepared.get_attributes()]
    finally:
        await connection.close()
    if statement.into is types.NoneType:
        return
    if not issubclass(statement.into, msgspec.Struct):
        assert len(columns) == 1
        _check_type(name, columns[0][1], statement.into)
        return
    fields = msgspec.structs.fields(statement.into)
    assert [column for column, _ in columns] == [field.name for field in fields]
    for (_, column_type), field in zip(columns, fields, strict=True):
        _check_type(f"{name}.{field.name}", column_type, field.type)


def _check_type(where: str, column_type: str, annotation: Any) -> None:
    wanted = PYTHON_TYPES.get(column_type)
    if wanted is None or annotation in (Any, object):
        return
    options = (
        typing.get_args(annotation)
        if typing.get_origin(annotation) in (typing.Union, types.UnionType)
        else (annotation,)
    )
    concrete = [typing.get_origin(option) or option for option in options]
    literal = any(typing.get_origin(option) is typing.Literal for option in options) and wanted is str
    assert literal or wanted in concrete, f"{where}: a column of type {column_type} fills {annotation}"


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_a_statement_touches_only_the_schema_of_its_own_module(name: str) -> None:
    module, statement = STATEMENTS[name]
    parts = module.split(".")
    home = parts[2] if parts[1] == "modules" else "platform"
    text = re.sub(r"--[^\n]*|'[^']*'", " ", statement.text)
    mentioned = set(re.findall(rf"\b((?:{'|'.join(SCHEMAS)})\.[a-z_]+)", text))
    foreign = {each for each in mentioned if not each.startswith(f"{home}.")}
    assert foreign <= PUBLISHED | PLATFORM_FUNCTIONS


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_a_statement_is_named_after_its_module(name: str) -> None:
    module, _ = STATEMENTS[name]
    parts = module.split(".")
    assert name.partition(".")[0] == (parts[2] if parts[1] == "modules" else "platform")


def test_no_statement_shares_its_name() -> None:
    names = [statement.name for _, statement in {id(s): (m, s) for m, s in statements()}.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("module", "others"),
    [
        # It serves no HTTP.
        ("threadly.worker", ["litestar", "minijinja"]),
        # They only start others, and wait.
        ("threadly.cli", ["asyncio", "structlog", "asyncpg"]),
        ("threadly.processes", ["asyncio", "structlog", "asyncpg"]),
    ],
)
def test_a_process_carries_nothing_that_it_does_not_use(module: str, others: list[str]) -> None:
    script = f"import sys, {module}; print([name for name in {others} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
