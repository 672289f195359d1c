"""Which gateway, and with which key: options, then the environment, then what `everstep login` has kept."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from cli.exits import WrongUseError

DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT_PROFILE = "default"
_PROFILES = TypeAdapter(dict[str, dict[str, str]])


@dataclass(frozen=True)
class Target:
    """`key` is None where nobody signed in: the gateway says what it thinks of that."""

    url: str
    key: str | None


def profiles_file() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(home).expanduser() / "everstep" / "config.toml"


def target(profile: str | None, url: str | None) -> Target:
    """A key that was kept for one gateway is never sent to another. Raises WrongUseError."""
    kept = _kept(profile)
    environment_url = None if profile else os.environ.get("EVERSTEP_URL")
    found = (url or environment_url or kept.get("url") or DEFAULT_URL).rstrip("/")
    if not _is_address(found):
        raise WrongUseError(f"{found} is no address of a gateway, such as https://everstep.example.com:8000.")
    kept_key = kept.get("key") if kept.get("url", DEFAULT_URL).rstrip("/") == found else None
    environment_key = os.environ.get("EVERSTEP_API_KEY")
    return Target(found, kept_key or environment_key if profile else environment_key or kept_key)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _kept(profile: str | None) -> Mapping[str, str]:
    name = profile or os.environ.get("EVERSTEP_PROFILE")
    found = read_profiles().get(name or DEFAULT_PROFILE)
    if name and found is None:
        raise WrongUseError(f"There is no profile {name}: `everstep login --profile {name}` makes one.")
    return found or {}


def read_profiles() -> dict[str, dict[str, str]]:
    """Raises WrongUseError for a file that is no TOML."""
    file = profiles_file()
    if not file.exists():
        return {}
    try:
        return _PROFILES.validate_python(tomllib.loads(file.read_text(encoding="utf-8")).get("profiles", {}))
    except ValidationError:
        raise WrongUseError(f"{file} cannot be read: a profile is a table with url and key.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongUseError(f"{file} cannot be read: {error}") from None


def keep_profile(name: str, kept: Target) -> Path:
    return _write(read_profiles() | {name: {"url": kept.url, "key": kept.key or ""}})


def forget_profile(name: str) -> bool:
    """Whether there was one."""
    profiles = read_profiles()
    there = profiles.pop(name, None) is not None
    if there:
        _write(profiles)
    return there


def _write(profiles: Mapping[str, Mapping[str, str]]) -> Path:
    """For its owner's eyes only, and whole or not at all."""
    file = profiles_file()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = [
        line
        for name, kept in profiles.items()
        for line in (f"[profiles.{json.dumps(name)}]", *(f"{key} = {json.dumps(value)}" for key, value in kept.items()), "")
    ]
    beside = file.with_name(f"{file.name}.new")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write("\n".join(lines))
    beside.replace(file)
    return file
