"""`everstep recover`: what an operator types when Temporal has forgotten workflows."""

from activities.recovering import recover_once
from activities.services import Services
from tests.cli.shell import Shell


async def test_a_recovery_is_begun_and_looked_at(everstep: Shell, services: Services) -> None:
    assert (await everstep.ok("recover", "missing", "--json")).json == []
    begun = (await everstep.ok("recover", "start-again", "--why", "restored", "--json")).json
    assert (begun["decision"], begun["why"], begun["finished_at"]) == ("start_again", "restored", None)
    await recover_once(services)
    assert (await everstep.ok("recover", "show", begun["id"], "--json")).json["finished_at"]


async def test_nothing_is_ended_without_a_yes(everstep: Shell) -> None:
    assert (await everstep("recover", "end")).code == 2
    assert (await everstep.ok("recover", "end", "--yes", "--json")).json["decision"] == "end"
