"""The command as such: its help, its exit codes, what it prints where, and who it says it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Shell, is_private
from tests.keys import ADMIN_KEY


async def test_the_installed_command_tells_all_it_can_do(alone: Shell) -> None:
    ended = await alone.process("--help")
    assert ended.code == 0
    for word in ("apply", "executions", "bulk", "login", "Exit codes"):
        assert word in ended.out
    assert "\x1b[" not in ended.out


async def test_nobody_there_is_exit_code_5_and_says_where_and_how_to_start(alone: Shell) -> None:
    ended = await alone.process("health")
    assert (ended.code, ended.out) == (5, "")
    assert "http://127.0.0.1:9" in ended.err
    assert "make demo" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "words",
    [
        ("executions", "lst"), ("start",), ("executions", "show", "1", "--foo"), ("apply", "-f", "nowhere"),
        ("executions", "list", "--limit", "a"), ("executions", "list", "--created-after", "soon"), ("bulk", "start", "x"),
        ("start", "x", "--variable", "seats"), ("--url", "gateway", "health"), ("--url", "http://[::1", "health"),
        ("--profile", "none", "health"), ("export",),
        ("kill", "on", "everything", "--why", "x"),
    ],
    ids=" ".join,
)  # fmt: skip
async def test_wrong_use_is_exit_code_2_with_a_sentence(alone: Shell, words: tuple[str, ...]) -> None:
    ended = await alone(*words)
    assert (ended.code, ended.out) == (2, ""), ended
    assert ended.err.strip()
    assert "Traceback" not in ended.err
    as_json = await alone(*words, "--json")
    assert as_json.problem["code"] == "wrong_use"


async def test_a_key_that_is_none_is_exit_code_4_and_says_what_to_do(everstep: Shell) -> None:
    stranger = Shell({**everstep.environment, "EVERSTEP_API_KEY": "esk_none"}, everstep.folder)
    ended = await stranger("automations", "list")
    assert ended.code == 4
    assert "login" in ended.err


async def test_json_is_all_that_programs_get(everstep: Shell) -> None:
    ended = await everstep.process("automations", "list", "--json")
    assert (ended.code, json.loads(ended.out), ended.err) == (0, [], "")


async def test_a_login_is_kept_for_its_owner_and_used_for_that_gateway_alone(everstep: Shell, gateway_url: str) -> None:
    by_login = Shell({"XDG_CONFIG_HOME": everstep.environment["XDG_CONFIG_HOME"]}, everstep.folder)
    refused = await by_login("login", "--url", gateway_url, input="esk_wrong\n")
    assert refused.code == 4
    await by_login.ok("login", "--url", gateway_url, input=f"{ADMIN_KEY}\n")
    file = Path(by_login.environment["XDG_CONFIG_HOME"], "everstep", "config.toml")
    assert is_private(file)
    assert (await by_login.ok("keys", "show", "--json")).json["name"] == "test"
    elsewhere = gateway_url.replace("127.0.0.1", "localhost")
    assert (await by_login("keys", "show", "--url", elsewhere, "--json")).problem["code"] == "key_missing"
    await by_login.ok("logout")
    assert (await by_login("keys", "show", "--url", gateway_url, "--json")).problem["code"] == "key_missing"


async def test_a_key_is_shown_once_alone_on_stdout_and_works(everstep: Shell) -> None:
    made = await everstep.ok("keys", "create", "ci", "--scope", "automations:view", "--expires-in-days", "1")
    key = made.out.strip()
    limited = Shell({**everstep.environment, "EVERSTEP_API_KEY": key}, everstep.folder)
    assert (await limited.ok("keys", "show", "--json")).json["scopes"] == ["automations:view"]
    assert (await limited("keys", "list", "--json")).problem["code"] == "scope_missing"
    [found] = [each for each in (await everstep.ok("keys", "list", "--json")).json if each["name"] == "ci"]
    await everstep.ok("keys", "revoke", found["id"])
    assert (await limited("keys", "show")).code == 4
    assert key not in (await everstep.ok("audit", "--json")).out


async def test_a_kill_switch_is_set_listed_and_lifted(everstep: Shell) -> None:
    unasked = await everstep("kill", "on", "all", "--why", "fire")
    assert unasked.code == 2
    await everstep.ok("kill", "on", "step_type", "http_request", "--why", "fire")
    [switch] = (await everstep.ok("kill", "list", "--json")).json
    assert (switch["key"], switch["mode"]) == ("http_request", "hold")
    await everstep.ok("kill", "off", "step_type", "http_request", "--why", "out")
    assert (await everstep.ok("kill", "list", "--json")).json == []
    actions = [each["action"] for each in (await everstep.ok("audit", "--kind", "kill_switch", "--since", "1h", "--json")).json]
    assert len(actions) == 2


async def test_a_secret_comes_from_standard_input(everstep: Shell) -> None:
    ended = await everstep("secrets", "set", "crm_token", "--json", input="")
    assert ended.problem["code"] == "wrong_use"
    await everstep.ok("secrets", "set", "crm_token", input="a-long-value\n")
    listed = await everstep.ok("secrets", "list", "--json")
    assert [each["name"] for each in listed.json] == ["crm_token"]
    assert "a-long-value" not in listed.out
    await everstep.ok("secrets", "delete", "crm_token", "--yes")


LEAD: Any = {
    "api_name": "lead",
    "name": "Lead",
    "fields": [{"name": "email", "type": "email"}, {"name": "seats", "type": "integer"}],
}


async def test_records_are_made_found_changed_and_deleted(everstep: Shell) -> None:
    (everstep.folder / "lead.json").write_text(json.dumps(LEAD))
    await everstep.ok("apply", "-f", str(everstep.folder / "lead.json"), "--yes")
    ada, named = "email=ada@example.com", ("--object", "lead")
    await everstep.ok("records", "upsert", "lead", ada, "--name", "Ada", "-v", "seats=3")
    await everstep.ok("records", "upsert", "lead", ada, "-v", "seats=4")
    shown = (await everstep.ok("records", "show", ada, *named, "--json")).json
    assert (shown["name"], shown["values"]["seats"]) == ("Ada", 4)
    await everstep.ok("records", "update", ada, *named, "-v", "seats=null")
    assert (await everstep.ok("records", "show", shown["id"], "--json")).json["values"].get("seats") is None
    await everstep.ok("records", "delete", ada, *named, "--yes")
    assert (await everstep("records", "show", shown["id"], "--json")).problem["code"] == "record_not_found"
