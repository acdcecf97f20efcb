"""The settings of an installation."""

from __future__ import annotations

from pathlib import Path

import pytest

from booking_sync.errors import ConfigurationError
from booking_sync.settings import PREFIX, Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings()
    assert Settings.from_environment({f"{PREFIX}QUIET_SECONDS": " ", "OTHER": "1"}) == Settings()


def test_the_defaults_hang_together() -> None:
    defaults = Settings()
    assert defaults.lease_seconds > 105  # longer than a request of 45 s with 60 s of waiting before it
    assert defaults.quiet_seconds > defaults.lease_seconds
    assert defaults.quiet_seconds > defaults.search_lag_seconds


@pytest.mark.parametrize("name", ["QUIET_SECONDS", "OVERLAP_SECONDS", "FIRST_LOOKBACK_SECONDS", "SEARCH_LAG_SECONDS"])
def test_every_duration_can_be_set(name: str) -> None:
    found = Settings.from_environment({PREFIX + name: "12.5"})
    assert getattr(found, name.lower()) == 12.5
    assert found != Settings()


def test_a_lease_shorter_than_a_call_to_hubspot_is_refused() -> None:
    assert Settings.from_environment({f"{PREFIX}LEASE_SECONDS": "200"}).lease_seconds == 200
    with pytest.raises(ConfigurationError, match="LEASE_SECONDS must be a number of seconds, 170 or more"):
        Settings.from_environment({f"{PREFIX}LEASE_SECONDS": "60"})


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "inf", "1e999", "10 s"])
def test_a_duration_that_is_none_is_refused_by_name(value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{PREFIX}QUIET_SECONDS must be a number of seconds"):
        Settings.from_environment({f"{PREFIX}QUIET_SECONDS": value})


def test_the_api_version_can_be_set() -> None:
    assert Settings.from_environment({f"{PREFIX}HUBSPOT_API_VERSION": "2026-03"}).hubspot_api_version == "2026-03"


def test_several_secret_keys_are_separated_by_commas_and_never_shown() -> None:
    found = Settings.from_environment({f"{PREFIX}SECRET_KEY": " new key , old key,"})
    assert found.secret_keys == ("new key", "old key")
    assert "key" not in repr(found).replace("secret_keys", "")


def test_secret_keys_can_be_in_a_file_that_is_mounted(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("new key,old key\n")
    found = Settings.from_environment({f"{PREFIX}SECRET_KEY_FILE": str(file)})
    assert found.secret_keys == ("new key", "old key")


def test_the_variable_goes_before_the_file(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    found = Settings.from_environment({f"{PREFIX}SECRET_KEY": "a key", f"{PREFIX}SECRET_KEY_FILE": nowhere})
    assert found.secret_keys == ("a key",)


def test_a_key_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"{PREFIX}SECRET_KEY_FILE names a file that cannot be read: FileNotF"):
        Settings.from_environment({f"{PREFIX}SECRET_KEY_FILE": str(tmp_path / "nowhere")})
