"""`everstep login`: keeps a gateway's address and an API key for later."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

from cyclopts import Parameter

from cli.exits import WrongUseError
from cli.profiles import DEFAULT_PROFILE, DEFAULT_URL, Target, forget_profile, keep_profile, profiles_file, read_profiles
from cli.session import SessionParameter
from client import Client

Name = Annotated[str | None, Parameter(show=False)]


def login(*, session: SessionParameter) -> None:
    """Keep a gateway's address and an API key for later.

    They go to ~/.config/everstep/config.toml, which you alone can read.
    The key is asked for, or read from standard input: never an argument, which others can see.

    Examples:

    - `everstep login --url https://everstep.example.com --profile production`
    - `pass show everstep | everstep login`
    """
    name = session.profile or DEFAULT_PROFILE
    kept = read_profiles().get(name, {})
    url = (session.url or kept.get("url") or DEFAULT_URL).rstrip("/")
    key = secret_from_input(f"API key for {url}: ")
    with Client(url, key) as client:
        own = client.get_own_api_key()
    file = keep_profile(name, Target(url, key))
    if session.output.json:
        session.output.value({"profile": name, "url": url, "key": own.name, "scopes": own.scopes})
    session.output.say(f"Signed in to {url} as {own.name} ({', '.join(own.scopes)}); kept in {file} as profile {name}.")


def logout(*, session: SessionParameter) -> None:
    """Forget what login has kept.

    The key itself stays good: `everstep keys revoke` ends it.
    """
    name = session.profile or DEFAULT_PROFILE
    there = forget_profile(name)
    session.output.say(f"Forgot profile {name}." if there else f"There is no profile {name}.")


def profiles(*, session: SessionParameter) -> None:
    """List the profiles that login has kept."""
    found = [{"profile": name, "url": kept.get("url", "")} for name, kept in read_profiles().items()]
    session.output.table(found, {"profile": "profile", "url": "url"}, empty=f"None in {profiles_file()}.")


def secret_from_input(prompt: str) -> str:
    """Asked for without showing it, or read from a pipe. Raises WrongUseError for a blank one."""
    text = getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.read()
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret.strip():
        raise WrongUseError("Nothing came in: type it when asked, or pipe it in.")
    return secret
