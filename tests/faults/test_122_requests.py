"""Fault 122: what somebody can put into the conf of a run is checked by the run itself, before any call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from booking_sync.errors import ConfigurationError, InvalidRequest
from booking_sync.request import RunRequest, parse_request
from booking_sync.settings import Settings
from booking_sync.task_open_run import open_run
from booking_sync.window import MANUAL
from tests.flow.scene import Scene


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


ABUSE: dict[str, dict[str, Any]] = {
    "ten years": {"window_start": "2016-01-01T00:00:00Z", "window_end": "2026-01-01T00:00:00Z"},
    "ends before it begins": {"window_start": "2026-03-02T00:00:00Z", "window_end": "2026-03-01T00:00:00Z"},
    "ends where it begins": {"window_start": "2026-03-02T00:00:00Z", "window_end": "2026-03-02T00:00:00Z"},
    "an end without a beginning": {"window_end": "2026-03-02T00:00:00Z"},
    "seconds": {"window_start": 1_772_715_600},
    "no time at all": {"window_start": "yesterday"},
    "a batch size": {"batch_size": -1},
    "a misspelt dry run": {"dryrun": True},
    "a dry run that is neither": {"dry_run": "maybe"},
    "a million workspaces": {"workspaces": [f"ws_{number}" for number in range(1_000_000)]},
    "a million bookings": {"booking_ids": [f"bk_{number}" for number in range(1_000_000)]},
    "another address": {"hubspot_url": "https://evil.example"},
    "another connection": {"base_url": "https://evil.example", "api_key": "x"},
    "nested without end": {"workspaces": nested(900)},
    "nested in a name": {"window_start": {"a": nested(900)}},
    "a name of a megabyte": {"workspaces": ["x" * 1_000_000]},
    "both ways": {"booking_ids": ["bk_1"], "window_start": "2026-03-01T00:00:00Z"},
}


@pytest.mark.parametrize("conf", ABUSE.values(), ids=ABUSE)
def test_fault_122_a_conf_that_makes_no_sense_is_refused_in_a_sentence(conf: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        parse_request(conf)
    assert 0 < len(str(refusal.value)) < 2_000


def test_fault_122_a_bomb_of_json_is_refused_quickly() -> None:
    bomb = json.loads("[" * 500 + "]" * 500)
    with pytest.raises(InvalidRequest):
        parse_request({"booking_ids": [bomb] * 1_000, **{f"field_{number}": bomb for number in range(1_000)}})


@pytest.mark.parametrize("request_", [RunRequest(workspaces=("ws_nobody",)), "ten years until now"])
def test_fault_122_what_only_the_run_can_know_is_refused_before_anything_is_read_or_written(
    scene: Scene, request_: RunRequest | str
) -> None:
    scene.book()
    asked = RunRequest(window_start=scene.at(-87_600)) if isinstance(request_, str) else request_
    with pytest.raises(InvalidRequest):
        open_run(scene.services, scene.trigger(MANUAL), asked)
    assert list(scene.sandbox.hubspot.history.writes()) == []
    assert list(scene.sandbox.calendar.history.matching("/bookings")) == []


@pytest.mark.parametrize("value", ["-1", "0x10", "nan", "1e999", "soon"])
@pytest.mark.parametrize("name", ["QUIET_SECONDS", "LEASE_SECONDS", "OVERLAP_SECONDS"])
def test_fault_122_a_setting_that_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"BOOKING_SYNC_{name}"):
        Settings.from_environment({f"BOOKING_SYNC_{name}": value})
