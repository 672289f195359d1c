"""A day with the command line: many leads, a mistake in an automation, found, mended, resumed, and the rest canceled."""

from automations.writing import write_yaml
from tests.cli.shell import Shell
from tests.cli.test_executions import bulk_starting
from tests.engine import LEAD, Engine
from tests.http_server import HttpServer

_MANY = 12
WELCOME = """\
api_name: welcome
name: Welcome a lead
object: lead
active: true
steps:
  - id: greet
    type: change_field_value
    changes: [{field: status, value: "Hello {{ record.name }}"}]
  - {id: ask, type: http_request, url: "URL"}
  - {id: rest, type: delay, days: 2}
"""


async def test_many_leads_are_welcomed_although_it_went_wrong_at_first(everstep: Shell, engine: Engine, http: HttpServer) -> None:
    files = everstep.folder / "crm"
    files.mkdir()
    (files / "object.yaml").write_text(write_yaml(LEAD))
    (files / "leads.yaml").write_text(write_yaml([{"name": f"Lead {n}", "email": f"lead{n}@example.com"} for n in range(_MANY)]))
    (files / "welcome.yaml").write_text(WELCOME.replace("URL", f"{http.url}/wrong"))
    http.answers = [404] * _MANY + [200]
    key = (await everstep.ok("keys", "create", "ada", "--scope", "admin")).out.strip()
    ada = Shell({**everstep.environment, "EVERSTEP_API_KEY": key}, everstep.folder)

    await ada.ok("apply", "-f", str(files), "--records", "--yes")
    async with bulk_starting(engine):
        await ada.ok("bulk", "start", "welcome", "--all", "--follow")
    await http.was_asked(_MANY)
    wrong = ("--automation", "welcome", "--pause-reason", "error")
    found = []
    while len(found) < _MANY:
        found = (await ada.ok("executions", "list", *wrong, "--limit", "100", "--json")).json
    assert "404" in (await ada.ok("executions", "explain", found[0]["id"])).out

    async with engine.bulk_requesting():
        (files / "welcome.yaml").write_text(WELCOME.replace("URL", f"{http.url}/right"))
        assert "1 to update" in (await ada.ok("apply", "-f", str(files / "welcome.yaml"), "--yes")).out
        resumed = await ada.ok("executions", "resume", *wrong, "--all", "--yes", "--json")
        assert [item["outcome"] for item in resumed.json] == ["asked"] * _MANY
        await http.was_asked(2 * _MANY)
        canceled = await ada.ok("executions", "cancel", "--automation", "welcome", "--open", "--all", "--yes", "--json")
        assert len(canceled.json) == _MANY
    actions = [each["action"] for each in (await ada.ok("audit", "--kind", "execution", "--limit", "200", "--json")).json]
    assert actions.count("execution.resumed") == actions.count("execution.canceled") == _MANY
