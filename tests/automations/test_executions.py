"""The words for the life of an execution, and the id of its workflow."""

from automations.executions import workflow_id


def test_a_workflow_id_tells_automation_and_record() -> None:
    assert workflow_id("demo", "lead:ada", "1") == "demo/lead:ada/1"
    assert workflow_id("demo", None, "1") == "demo/global/1"
