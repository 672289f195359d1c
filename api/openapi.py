"""The description of the gateway, with problems as the answer to all that goes wrong."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from api.examples import BODIES, NAMES, YAML_BODIES
from api.problems import MEDIA_TYPE, ProblemDetails, ProblemItem

_REFERENCE = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "What is wrong with the request", "content": {MEDIA_TYPE: _REFERENCE}},
    "5XX": {"description": "What is wrong here, or away at the moment", "content": {MEDIA_TYPE: _REFERENCE}},
}


def operation_id(route: APIRoute) -> str:
    """The name of the function: all of them differ."""
    return route.name


def describe(app: FastAPI) -> None:
    """Adds what FastAPI does not: the schema of problems, which it does not send itself, and examples of requests."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        schema = plain()
        _, models = models_json_schema(
            [(ProblemDetails, "serialization"), (ProblemItem, "serialization")], ref_template="#/components/schemas/{model}"
        )
        schema.setdefault("components", {}).setdefault("schemas", {}).update(models["$defs"])
        for path, operations in schema["paths"].items():
            for operation in operations.values():
                _add_examples(path, operation)
        return schema

    app.openapi = described


def _add_examples(path: str, operation: dict[str, Any]) -> None:
    name, contents = operation["operationId"], operation.get("requestBody", {}).get("content", {})
    for media_type, content in contents.items():
        examples = YAML_BODIES if "yaml" in media_type else BODIES
        if name in examples:
            content["example"] = examples[name]
    for parameter in operation.get("parameters", []):
        if parameter["name"] == "api_name" and (known := NAMES.get(path.split("/")[1])):
            parameter["example"] = known
