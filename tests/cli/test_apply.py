"""Automations as files: applied, applied again, edited elsewhere in between, taken back."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from automations.reading import read_yaml
from automations.writing import write_yaml
from cli.apply.state import FILE
from client import Client
from tests.cli.shell import Shell
from tests.keys import ADMIN_KEY

EXAMPLES = Path(__file__).parents[2] / "examples"
OBJECT = {"api_name": "lead", "name": "Lead", "fields": [{"name": "email", "type": "email"}, {"name": "note", "type": "text"}]}
GREET = """\
# Says hello.
api_name: greet
name: Greet
object: lead
active: true
steps:
  # One change.
  - {type: change_field_value, changes: [{field: note, value: "Hello {{ record.name }}"}]}
  - type: condition
    if: {field: note, op: is_not_blank}
    if_yes:
      - type: delay
        days: 2
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "lead.yaml").write_text(write_yaml(OBJECT))
    (folder / "greet.yaml").write_text(GREET)
    return folder


@pytest.fixture
def client(gateway_url: str) -> Client:
    return Client(gateway_url, ADMIN_KEY)


async def actions(everstep: Shell, folder: Path, *words: str) -> dict[str, str]:
    planned = await everstep("apply", "-f", str(folder), "--dry-run", "--json", *words)
    return {change["name"]: change["action"] for change in planned.json}


async def edit(everstep: Shell, **parts: Any) -> None:
    """As somebody else does, by the API."""
    [document] = (await everstep.ok("export", "greet", "--json")).json
    other = everstep.folder / "other"
    other.mkdir(exist_ok=True)
    (other / "greet.json").write_text(json.dumps({**document, **parts}))
    await everstep.ok("apply", "-f", str(other / "greet.json"), "--yes")


async def test_applied_twice_the_second_time_changes_nothing(everstep: Shell, folder: Path) -> None:
    assert await actions(everstep, folder) == {"lead": "create", "greet": "create"}
    first = await everstep.ok("apply", "-f", str(folder), "--yes")
    assert "2 to create" in first.out
    assert await actions(everstep, folder) == {"lead": "unchanged", "greet": "unchanged"}
    second = await everstep.ok("apply", "-f", str(folder), "--yes")
    assert "2 unchanged" in second.out
    assert (await everstep.ok("automations", "show", "greet", "--json")).json["revision"] == 1


async def test_a_changed_file_is_shown_as_a_diff_and_applied(everstep: Shell, folder: Path) -> None:
    await everstep.ok("apply", "-f", str(folder), "--yes")
    (folder / "greet.yaml").write_text(GREET.replace("Hello", "Good day"))
    ended = await everstep.ok("apply", "-f", str(folder), "--yes")
    lines = [line.strip() for line in ended.out.splitlines()]
    assert any(line.startswith("-") and "Hello" in line for line in lines)
    assert any(line.startswith("+") and "Good day" in line for line in lines)
    assert await actions(everstep, folder) == {"lead": "unchanged", "greet": "unchanged"}


async def test_an_edit_elsewhere_is_a_conflict_until_it_is_taken_over_or_forced(everstep: Shell, folder: Path) -> None:
    await everstep.ok("apply", "-f", str(folder), "--yes")
    await edit(everstep, name="Greet them")
    (folder / "greet.yaml").write_text(GREET.replace("Hello", "Good day"))
    ended = await everstep("apply", "-f", str(folder), "--yes")
    assert (ended.code, "Greet them" in ended.out) == (4, True)
    assert "edited_elsewhere" in ended.err
    assert (await everstep.ok("automations", "show", "greet", "--json")).json["revision"] == 2
    await everstep.ok("apply", "-f", str(folder), "--yes", "--force")
    assert (await everstep.ok("automations", "show", "greet", "--json")).json["name"] == "Greet"


async def test_an_edit_elsewhere_that_says_the_same_as_the_file_is_none(everstep: Shell, folder: Path) -> None:
    await everstep.ok("apply", "-f", str(folder), "--yes")
    await edit(everstep, name="Greet them")
    (folder / "greet.yaml").write_text(GREET.replace("name: Greet", "name: Greet them"))
    assert await actions(everstep, folder) == {"lead": "unchanged", "greet": "unchanged"}


async def test_what_is_exported_is_applied_back_unchanged(everstep: Shell, folder: Path, tmp_path: Path) -> None:
    await everstep.ok("apply", "-f", str(folder), "--yes")
    await everstep.ok("export", "--all", "-o", str(tmp_path / "out"))
    assert await actions(everstep, tmp_path / "out") == {"greet": "unchanged"}


async def test_an_export_leaves_a_file_that_says_the_same_and_takes_over_what_was_edited(everstep: Shell, folder: Path) -> None:
    await everstep.ok("apply", "-f", str(folder), "--yes")
    (folder / "greet.yaml").rename(folder / "hello.yml")
    await everstep.ok("export", "greet", "-o", str(folder))
    assert (folder / "hello.yml").read_text() == GREET
    await edit(everstep, name="Greet them")
    await everstep.ok("export", "greet", "-o", str(folder))
    assert "name: Greet them" in (folder / "hello.yml").read_text()
    assert await actions(everstep, folder) == {"lead": "unchanged", "greet": "unchanged"}


async def test_ids_are_written_back_with_comments_kept(everstep: Shell, folder: Path) -> None:
    await everstep.ok("apply", "-f", str(folder), "--yes", "--write-ids")
    text = (folder / "greet.yaml").read_text()
    assert "# One change." in text
    written: Any = read_yaml(text)
    saved = (await everstep.ok("automations", "show", "greet", "--json")).json["document"]
    assert [step["id"] for step in written["steps"]] == [step["id"] for step in saved["steps"]]
    assert written["steps"][1]["if_yes"][0]["id"] == saved["steps"][1]["if_yes"][0]["id"]
    assert await actions(everstep, folder) == {"lead": "unchanged", "greet": "unchanged"}


async def test_pruning_deletes_only_what_these_files_once_held(everstep: Shell, folder: Path, tmp_path: Path) -> None:
    await everstep.ok("apply", "-f", str(folder), "--yes")
    other = tmp_path / "others"
    other.mkdir()
    (other / "wave.yaml").write_text("{api_name: wave, name: Wave, steps: [{type: delay, days: 1}]}")
    await everstep.ok("apply", "-f", str(other), "--yes")
    (folder / "greet.yaml").unlink()
    assert await actions(everstep, folder, "--prune") == {"lead": "unchanged", "greet": "delete"}
    await everstep.ok("apply", "-f", str(folder), "--yes", "--prune")
    assert [view["api_name"] for view in (await everstep.ok("automations", "list", "--json")).json] == ["wave"]
    assert "greet" not in (folder / FILE).read_text()


async def test_all_mistakes_of_all_files_are_told_and_nothing_is_applied(everstep: Shell, folder: Path) -> None:
    (folder / "greet.yaml").write_text(GREET.replace("field: note", "field: nope"))
    (folder / "wave.yaml").write_text("{api_name: wave, name: Wave, steps: [{type: dely}]}")
    ended = await everstep("apply", "-f", str(folder), "--yes", "--json")
    assert (ended.code, ended.problem["code"]) == (4, "invalid_files")
    told = {(Path(each["path"].split(":")[0]).name, each["code"]) for each in ended.problem["errors"]}
    assert {("greet.yaml", "unknown_field"), ("wave.yaml", "unknown_step_type")} <= told
    assert (await everstep.ok("automations", "list", "--json")).json == []


async def test_nothing_is_applied_unless_somebody_says_yes(everstep: Shell, folder: Path) -> None:
    ended = await everstep("apply", "-f", str(folder))
    assert (ended.code, "--yes" in ended.err) == (2, True)
    assert (await everstep.ok("automations", "list", "--json")).json == []


async def test_the_examples_are_applied_as_they_are(everstep: Shell, tmp_path: Path) -> None:
    examples = tmp_path / "examples"
    shutil.copytree(EXAMPLES, examples)
    await everstep.ok("apply", "-f", str(examples), "--yes", "--records")
    assert set((await actions(everstep, examples)).values()) == {"unchanged"}
    leads = (await everstep.ok("records", "list", "lead", "--json")).json
    assert len(leads) == len(read_yaml((EXAMPLES / "leads.yaml").read_text()))  # pyright: ignore[reportArgumentType]
