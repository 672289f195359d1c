"""Steps whose effect can be counted, and executions that may run for long."""

from tests.builders import Json, math
from tests.engine import Engine

GENEROUS = {"max_step_runs": 50_000, "max_visits": 50_000, "max_visits_without_wait": 50_000}


def counting(id: str) -> Json:
    """Adds one to the record's seats."""
    return math(id, {"field": "seats"}, {"constant": 1}, into={"field": "seats"})


COUNT = counting("count")


def generous(engine: Engine, **more: int) -> Engine:
    """The same engine, whose executions may go round for long."""
    return Engine(engine.database, engine.client, engine.settings.model_copy(update={**GENEROUS, **more}))
