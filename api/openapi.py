"""The description of the gateway, with problems as the answer to all that goes wrong."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from api.problems import MEDIA_TYPE, ProblemDetails, ProblemItem

_REFERENCE = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "What is wrong with the request", "content": {MEDIA_TYPE: _REFERENCE}},
    "5XX": {"description": "What is wrong here, or away at the moment", "content": {MEDIA_TYPE: _REFERENCE}},
}


def operation_id(route: APIRoute) -> str:
    """The name of the function: all of them differ."""
    return route.name


def describe_problems(app: FastAPI) -> None:
    """Adds the schema that the responses refer to: FastAPI describes only models that it sends itself."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        schema = plain()
        _, models = models_json_schema(
            [(ProblemDetails, "serialization"), (ProblemItem, "serialization")], ref_template="#/components/schemas/{model}"
        )
        schema.setdefault("components", {}).setdefault("schemas", {}).update(models["$defs"])
        return schema

    app.openapi = described
