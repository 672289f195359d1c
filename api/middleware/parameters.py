"""A parameter that a route does not know is a mistake: without its misspelled filter, a list would show everything."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from api.errors import RefusedError
from api.middleware.authentication import OPEN
from api.middleware.bodies import WEBHOOKS


async def refuse_unknown_parameters(request: Request) -> None:
    """For each route; webhooks and probes may say what they like. Raises RefusedError 422."""
    given = request.query_params.keys()
    if not given or request.url.path.startswith((WEBHOOKS, *OPEN)):
        return
    known = set(_parameters(request.scope["route"].dependant))
    errors = [_error(name[:80], known) for name in given if name not in known]
    if errors:
        detail = " ".join(error["sentence"] for error in errors[:5])
        raise RefusedError(422, "unknown_parameter", detail, errors)


def _parameters(dependant: Dependant) -> Iterator[str]:
    for parameter in dependant.query_params:
        yield from _names(parameter)
    for each in dependant.dependencies:
        yield from _parameters(each)


def _names(parameter: Any) -> Iterator[str]:
    """Several, where a model stands for them."""
    model = parameter.field_info.annotation
    if isinstance(model, type) and issubclass(model, BaseModel):
        yield from (field.alias or name for name, field in model.model_fields.items())
    else:
        yield parameter.alias


def _error(name: str, known: set[str]) -> dict[str, Any]:
    meant = get_close_matches(name, known, n=1)
    sentence = f"There is no parameter {name} here{f': did you mean {meant[0]}?' if meant else '.'}"
    return {"path": name, "code": "unknown_parameter", "sentence": sentence}
