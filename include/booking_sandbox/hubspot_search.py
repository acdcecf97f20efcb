"""Search: an index of its own, which may lag behind and flap."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from booking_sandbox.hubspot_calls import Answer, Call, checked_keys
from booking_sandbox.hubspot_errors import bad_json, invalid
from booking_sandbox.hubspot_records import Record
from booking_sandbox.hubspot_schema import ObjectType, PropertyDefinition
from booking_sandbox.moments import parse_moment
from booking_sandbox.wire import Json

LARGEST_SEARCH_PAGE = 200
DEFAULT_SEARCH_PAGE = 10
MOST_RESULTS = 10_000
MOST_GROUPS, MOST_FILTERS, MOST_FILTERS_TOGETHER = 5, 6, 18
LONGEST_QUERY = 3_000
_FLAP_CHANCE = 0.5

Values = dict[str, str]
Test = Callable[[Values], bool]


def search(call: Call) -> Answer:
    """``POST …/search``."""
    top = {"filterGroups", "filters", "sorts", "properties", "limit", "after", "query"}
    body, object_type = call.fields(top), call.object_type()
    limit, after = _page(body)
    test = _any_group(call, object_type, body)
    found = [(record, values) for record, values in _seen(call, object_type) if test(values)]
    _sort(call, object_type, found, body.get("sorts") or [])
    page = found[after : after + limit]
    names = body.get("properties")
    answer: dict[str, Any] = {
        "total": len(found),
        "results": [call.portal.view(record, names, values) for record, values in page],
    }
    if after + limit < len(found):
        answer["paging"] = {"next": {"after": str(after + limit)}}
    return Answer(200, answer)


def _page(body: dict[str, Any]) -> tuple[int, int]:
    limit, after = body.get("limit", DEFAULT_SEARCH_PAGE), str(body.get("after") or "0")
    if not isinstance(limit, int) or not 1 <= limit <= LARGEST_SEARCH_PAGE:
        raise invalid(f"limit is a whole number from 1 to {LARGEST_SEARCH_PAGE}")
    if not after.isdigit() or int(after) + limit > MOST_RESULTS:
        raise invalid(f"Paging beyond {MOST_RESULTS} results is not possible.")
    return limit, int(after)


def _seen(call: Call, object_type: ObjectType) -> list[tuple[Record, Values]]:
    """The live records with the values that the index has of them."""
    horizon = call.now - timedelta(seconds=call.switches.search_lag_seconds)
    seen: list[tuple[Record, Values]] = []
    for record in call.portal.store.all(object_type):
        is_fresh = call.switches.search_lag_seconds > 0 and record.updated_at > horizon
        flaps_in = call.switches.search_flapping and call.portal.random.random() < _FLAP_CHANCE
        if not is_fresh or flaps_in:
            seen.append((record, record.properties))
        elif record.created_at <= horizon and record.previous is not None:
            seen.append((record, record.previous))
    return seen


def _any_group(call: Call, object_type: ObjectType, body: dict[str, Any]) -> Test:
    groups = body.get("filterGroups")
    if groups is None:
        groups = [{"filters": body["filters"]}] if "filters" in body else []
    if not isinstance(groups, list) or len(groups) > MOST_GROUPS:
        raise invalid(f"filterGroups is a list of at most {MOST_GROUPS}")
    filters = [checked_keys(group, {"filters"}, "a filter group").get("filters") or [] for group in groups]
    if any(len(one) > MOST_FILTERS for one in filters) or sum(map(len, filters)) > MOST_FILTERS_TOGETHER:
        raise invalid(f"A group has at most {MOST_FILTERS} filters, a search {MOST_FILTERS_TOGETHER}.")
    tests = [[_test(call, object_type, one) for one in group] for group in filters]
    text = str(body.get("query") or "").lower()
    if len(text) > LONGEST_QUERY:
        raise invalid(f"query has at most {LONGEST_QUERY} characters")

    def matches(values: Values) -> bool:
        is_found = not text or any(text in value.lower() for value in values.values())
        return is_found and (not tests or any(all(test(values) for test in group) for group in tests))

    return matches


def _known(call: Call, object_type: ObjectType, name: Json) -> PropertyDefinition:
    definition = call.portal.definition(object_type, str(name))
    if definition is None:
        raise invalid(f'There was a problem with the request. Property "{name}" does not exist')
    return definition


def _test(call: Call, object_type: ObjectType, given: Json) -> Test:
    keys = {"propertyName", "operator", "value", "values", "highValue"}
    one = checked_keys(given, keys, "a filter")
    definition, operator = _known(call, object_type, one.get("propertyName")), one.get("operator")
    if operator in {"HAS_PROPERTY", "NOT_HAS_PROPERTY"}:
        return lambda values: bool(values.get(definition.name)) is (operator == "HAS_PROPERTY")
    if operator in {"IN", "NOT_IN"}:
        return _membership(definition, operator, one.get("values"))
    value = one.get("value")
    if not isinstance(value, str):
        raise bad_json(f"the filter of {definition.name} has no value")
    if operator == "BETWEEN":
        low, high = _comparable(definition, value), _comparable(definition, str(one.get("highValue")))
        return lambda values: (
            _has(values, definition) and low <= _comparable(definition, values[definition.name]) <= high
        )
    if operator not in _COMPARISONS:
        raise invalid(f"{operator} is not an operator")
    compare, wanted = _COMPARISONS[operator], _comparable(definition, value)
    is_negative = operator in {"NEQ", "NOT_CONTAINS_TOKEN"}

    def test(values: Values) -> bool:
        if not _has(values, definition):
            return is_negative
        return compare(_comparable(definition, values[definition.name]), wanted)

    return test


def _membership(definition: PropertyDefinition, operator: str, wanted: Json) -> Test:
    """IN and NOT_IN: HubSpot docs demand lower-case values for texts, so a value in upper case matches nothing."""
    if not isinstance(wanted, list) or not wanted or not all(isinstance(one, str) for one in wanted):
        raise bad_json(f"the filter of {definition.name} has no values")
    values_wanted = frozenset(wanted)

    def test(values: Values) -> bool:
        value = values.get(definition.name, "")
        is_in = (value.lower() if definition.type == "string" else value) in values_wanted
        return is_in is (operator == "IN")

    return test


def _has(values: Values, definition: PropertyDefinition) -> bool:
    return bool(values.get(definition.name))


def _comparable(definition: PropertyDefinition, value: str) -> Json:
    try:
        if definition.type == "number":
            return float(value)
        if definition.type in {"datetime", "date"}:
            return int(value) if value.lstrip("-").isdigit() else int(parse_moment(value).timestamp() * 1000)
    except ValueError as error:
        raise invalid(f"{value} is not a value of {definition.name}") from error
    return value.lower()


def _tokens(text: str) -> set[str]:
    return set("".join(one if one.isalnum() else " " for one in text).split())


def _contains(value: Json, wanted: Json) -> bool:
    if "*" in wanted:
        return str(wanted).strip("*") in value
    return _tokens(wanted) <= _tokens(value)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda value, wanted: value == wanted,
    "NEQ": lambda value, wanted: value != wanted,
    "LT": lambda value, wanted: value < wanted,
    "LTE": lambda value, wanted: value <= wanted,
    "GT": lambda value, wanted: value > wanted,
    "GTE": lambda value, wanted: value >= wanted,
    "CONTAINS_TOKEN": _contains,
    "NOT_CONTAINS_TOKEN": lambda value, wanted: not _contains(value, wanted),
}


def _sort(call: Call, object_type: ObjectType, found: list[tuple[Record, Values]], sorts: Json) -> None:
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise invalid("A search has at most one sort.")
    if not sorts:
        return
    one = checked_keys(sorts[0], {"propertyName", "direction"}, "a sort")
    definition = _known(call, object_type, one.get("propertyName"))
    is_descending = one.get("direction", "ASCENDING") == "DESCENDING"
    with_value = [pair for pair in found if _has(pair[1], definition)]
    without = [pair for pair in found if not _has(pair[1], definition)]
    with_value.sort(key=lambda pair: _comparable(definition, pair[1][definition.name]), reverse=is_descending)
    found[:] = [*with_value, *without]
