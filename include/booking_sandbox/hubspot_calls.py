"""One API call on its way through the sandbox, and the checks of its body that every endpoint shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from booking_sandbox.hubspot_errors import Refusal, bad_json, duplicate_ids, invalid
from booking_sandbox.hubspot_grants import Token
from booking_sandbox.hubspot_portal import Portal
from booking_sandbox.hubspot_schema import OBJECT_TYPES, ObjectType
from booking_sandbox.hubspot_switches import HubSpotSwitches
from booking_sandbox.moments import milliseconds
from booking_sandbox.wire import Json

MOST_INPUTS = 100
LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body (None: no body), with what the call did."""

    status: int
    body: Any = None
    attempted: int = 0
    effected_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is allowed: the portal and token it is for, and what it says. ``body`` None: there was none."""

    portal: Portal
    token: Token
    switches: HubSpotSwitches
    params: dict[str, str]
    query: dict[str, str]
    body: Any
    now: datetime

    @property
    def version(self) -> str:
        """The API version in the path."""
        return self.params["version"]

    def object_type(self, name: str = "object_type") -> ObjectType:
        """The object type in the path, by name or by type id.

        Raises:
            Refusal: HubSpot does not know it (the recorded answer has no category).
        """
        given = self.params[name]
        if given not in OBJECT_TYPES:
            raise Refusal(400, None, f"Unable to infer object type from: {given}")
        return OBJECT_TYPES[given]

    def fields(self, allowed: set[str]) -> dict[str, Any]:
        """The body as an object with only these keys.

        Raises:
            Refusal: it is not an object, or has other keys. HubSpot ignores some of those silently; a double must not.
        """
        return checked_keys(self.body, allowed, "the body")

    def inputs(
        self, allowed: set[str], *, top: frozenset[str] = frozenset(), most: int = MOST_INPUTS
    ) -> list[dict[str, Any]] | None:
        """The inputs of a batch; None where the key is missing altogether, which HubSpot takes for nothing to do."""
        body = self.fields({"inputs", *top})
        if "inputs" not in body:
            return None
        inputs = body["inputs"]
        if not isinstance(inputs, list):
            raise bad_json("inputs is a list")
        if not inputs:
            raise invalid("The batch has no inputs; at least one is needed.")
        if len(inputs) > most:
            raise invalid(f"The batch has {len(inputs)} inputs; the limit is {most}.")
        return [checked_keys(one, allowed, "an input") for one in inputs]

    def flag(self, name: str) -> bool:
        """A boolean of the query."""
        value = self.query.get(name, "false")
        if value not in {"true", "false"}:
            raise invalid(f"{name} is true or false")
        return value == "true"

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number of the query, from 1 to ``most``."""
        text = self.query.get(name, str(default))
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
            raise invalid(f"{name} is a whole number from 1 to {most}")
        return int(text)

    def names(self, name: str) -> list[str] | None:
        """A comma-separated list of the query."""
        return [one for one in self.query[name].split(",") if one] if name in self.query else None

    def envelope(self, results: list[Any], errors: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """The body of a batch answer; ``errors`` make it the body of a 207."""
        moment = milliseconds(self.now)
        body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": moment, "completedAt": moment}
        if errors:
            body["numErrors"], body["errors"] = len(errors), errors
        return body

    def nothing_to_do(self) -> Answer:
        """The answer to a batch without ``inputs``: a success that did nothing."""
        return Answer(200, self.envelope([]))

    def shuffled(self, results: list[Any]) -> list[Any]:
        """Results of a batch in the order in which HubSpot gives them: none."""
        if self.switches.shuffle:
            self.portal.random.shuffle(results)
        return results


@dataclass(frozen=True, slots=True)
class Operation:
    """An endpoint: what it does, whether it can change something, and which scopes it needs.

    One of ``scopes``, and one of ``other_side_scopes`` where it is about two types of object.
    """

    run: Callable[[Call], Answer]
    is_write: bool = False
    is_search: bool = False
    scopes: Callable[[dict[str, str]], tuple[str, ...]] = field(default=lambda _: ())
    other_side_scopes: Callable[[dict[str, str]], tuple[str, ...]] = field(default=lambda _: ())


def checked_keys(given: Json, allowed: set[str], what: str) -> dict[str, Any]:
    """An object that has no other keys than these.

    Raises:
        Refusal: it is something else.
    """
    if not isinstance(given, dict):
        raise bad_json(f"{what} is not an object")
    unknown = given.keys() - allowed
    if unknown:
        raise bad_json(f"{what} has unknown keys: {', '.join(sorted(unknown))}")
    return given


def text_id(one: dict[str, Any], key: str = "id") -> str:
    """The id of an input.

    Raises:
        Refusal: it is missing or not a text.
    """
    value = one.get(key)
    if not isinstance(value, str) or not value:
        raise bad_json(f"{key} is a text and required")
    return value


def refuse_duplicates(ids: list[str]) -> None:
    """Refuse a whole batch that names one id twice."""
    if len(set(ids)) < len(ids):
        raise duplicate_ids(sorted({one for one in ids if ids.count(one) > 1}))
