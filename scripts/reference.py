"""Writes docs/reference.md from the code: DAGs, settings, pages, commands.

python -m scripts.reference            fails where the page differs
python -m scripts.reference --write    writes it
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from booking_sync.failure_words import WORDS
from booking_sync.settings import PREFIX, Settings
from booking_sync.settings_form import FormField, form_fields

if TYPE_CHECKING:
    from airflow.sdk import DAG
    from fastapi.routing import APIRoute

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference.md"
_HEAD = """# Reference

Written by `make reference` from the code; `make check` fails where it differs. What the words mean is in the
[glossary](glossary.md); how settings are used is in [settings.md](settings.md).
"""
_TARGET = re.compile(r"^([a-z-]+):.*?## (.*)$", re.MULTILINE)
_NAMES = {"secret_keys": "SECRET_KEY"}
"""Fields of the settings whose variable has another name."""


def main(arguments: Sequence[str]) -> int:
    """Compare or write."""
    made = "\n".join([_HEAD, *_dags(), *_settings(), *_integration_settings(), *_codes(), *_pages(), *_commands()])
    if arguments == ["--write"]:
        PAGE.write_text(made)
    elif not PAGE.exists() or PAGE.read_text() != made:
        sys.stderr.write("docs/reference.md is not what the code says: make reference\n")
        return 1
    return 0


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table, and an empty one."""
    yield f"| {' | '.join(heading)} |"
    yield f"|{'---|' * len(heading)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


# --- DAGs -------------------------------------------------------------------------------------------------------------


def _dags() -> Iterator[str]:
    yield "## DAGs\n"
    for dag in _loaded():
        yield f"### {dag.dag_id}\n"
        yield f"{dag.description}\n"
        yield from table(("Of the DAG", "Is"), _facts(dag))
        yield from table(("Task", "After", "Trigger rule", "Retries"), _tasks(dag))
        if dag.params:
            yield from table(("Form field", "Title", "Default"), _form(dag))


def _loaded() -> list[DAG]:
    """Read the DAG files with an Airflow that has nothing else."""
    with tempfile.TemporaryDirectory() as home:
        os.environ.update({"AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"})
        os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(ROOT / "plugins")
        os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{home}/airflow.db"
        from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - reads the variables above

        bag = DagBag(str(ROOT / "dags"))
    if bag.import_errors:
        raise SystemExit(str(bag.import_errors))
    return [bag.dags[dag_id] for dag_id in sorted(bag.dags)]


def _facts(dag: DAG) -> list[tuple[str, str]]:
    return [
        ("Schedule", _schedule(dag)),
        ("Runs at a time", str(dag.max_active_runs)),
        ("Catches up", _yes(dag.catchup)),
        ("Paused when new", _yes(dag.is_paused_upon_creation is not False)),
        ("Tags", ", ".join(f"`{tag}`" for tag in sorted(dag.tags))),
    ]


def _schedule(dag: DAG) -> str:
    cron = getattr(dag.timetable, "expression", None)
    return f"`{cron}`, UTC, with data intervals" if cron else getattr(dag.timetable, "summary", "none: it is triggered")


def _tasks(dag: DAG) -> Iterator[tuple[str, ...]]:
    for task in sorted(dag.tasks, key=lambda one: (len(one.get_flat_relative_ids(upstream=True)), one.task_id)):
        after = ", ".join(f"`{one}`" for one in sorted(task.upstream_task_ids)) or "–"
        yield f"`{task.task_id}`", after, f"`{task.trigger_rule.value}`", str(task.retries)


def _form(dag: DAG) -> Iterator[tuple[str, ...]]:
    for name in dag.params:
        param = dag.params.get_param(name)
        yield f"`{name}`", str(param.schema.get("title", "–")), f"`{_json(param.value)}`" if param.has_value else "–"


# --- settings ---------------------------------------------------------------------------------------------------------


def _settings() -> Iterator[str]:
    yield "## Settings of an installation\n"
    said = _said_of(Settings)
    rows = [
        (f"`{PREFIX}{_NAMES.get(one.name, one.name.upper())}`", _default(one.default), said[one.name])
        for one in fields(Settings)
    ]
    yield from table(("Environment variable", "Default", "What it is"), rows)


def _said_of(described: type) -> Mapping[str, str]:
    """Return the first paragraph below each field of a class."""
    (node,) = ast.parse(inspect.getsource(described)).body
    pairs = zip(node.body, node.body[1:], strict=False) if isinstance(node, ast.ClassDef) else ()
    return {
        field.target.id: " ".join(str(text.value.value).split("\n\n")[0].split())
        for field, text in pairs
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


def _default(value: object) -> str:
    if value in ((), "", None):
        return "none"
    return f"`{value:g}`" if isinstance(value, float | int) else f"`{value}`"


def _integration_settings() -> Iterator[str]:
    yield "## Settings of an integration\n"
    rows = [(f"`{one.name}`", one.title, f"`{_json(one.default)}`", _values(one), one.help) for one in form_fields()]
    yield from table(("Name", "Title", "Default", "Values", "Help on the page"), rows)


def _values(field: FormField) -> str:
    return ", ".join(f"`{value}`" for value in field.choices) or str(field.kind)


def _codes() -> Iterator[str]:
    yield "## Why something waits\n"
    yield "By the code that the note, the export and the story of a booking show. Any other one is HubSpot's own.\n"
    rows = [(f"`{code}`", words.meaning, words.remedy) for code, words in sorted(WORDS.items())]
    yield from table(("Code", "Means", "What helps"), rows)


# --- pages and commands -----------------------------------------------------------------------------------------------


def _pages() -> Iterator[str]:
    from fastapi.routing import APIRoute  # noqa: PLC0415 - after Airflow has been told where it lives

    from booking_sync_airflow.web.application import make_application  # noqa: PLC0415 - after Airflow has been told where it lives

    yield "## Pages and forms, below `/booking-sync`\n"
    yield "Who may read, operate and administer is in [connecting.md](connecting.md#the-page-integrations).\n"
    routes = [route for route in make_application().routes if isinstance(route, APIRoute)]
    rows = [(method, f"`{route.path}`", _least(route)) for route in routes for method in sorted(route.methods)]
    yield from table(("Method", "Path", "Needs"), sorted(rows, key=lambda row: (row[1], row[0])))


def _least(route: APIRoute) -> str:
    """Return the permission that a route's dependencies ask for; a file that is no page takes a log-in only."""
    if not route.dependant.dependencies:
        return "nothing"
    asked = [_needed(one.call) for one in route.dependant.dependencies]
    return next((needed for needed in asked if needed), "a log-in")


def _needed(dependency: Callable[..., object] | None) -> str:
    if dependency is None or getattr(dependency, "__qualname__", "") != "requires.<locals>.visitor":
        return ""
    return str(inspect.getclosurevars(dependency).nonlocals["needed"].name).lower()


def _commands() -> Iterator[str]:
    yield "## Commands\n"
    named = _TARGET.findall((ROOT / "Makefile").read_text())
    yield from table(("Command", "Does"), [(f"`make {name}`", does) for name, does in named])


def _json(value: object) -> str:

    return json.dumps(value, ensure_ascii=False)


def _yes(value: object) -> str:
    return "yes" if value else "no"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
