"""The base of every model of a document, and the types that names share."""

from typing import Annotated, Literal

import jsonpath
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from automations.json_paths import compiled

ApiName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")]
"""What URLs and the Temporal UI show of an automation."""

StepId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""Unique in the automation; survives saves."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""Of a field, a variable, a relationship or an object."""

WebhookName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


def _is_json_path(text: str) -> str:
    try:
        compiled(text)
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise ValueError(f"It is no JSONPath such as $.contact.email: {str(error).splitlines()[0]}") from error
    return text


JsonPath = Annotated[str, StringConstraints(pattern=r"^\$", max_length=500), AfterValidator(_is_json_path)]
"""Where a value is in a JSON document (RFC 9535)."""

Template = Annotated[str, StringConstraints(max_length=20_000)]
"""Text that may hold `{{ … }}`."""

Priority = Literal["regular", "low"]
Severity = Literal["error", "warning", "info"]


class Model(BaseModel):
    """Immutable, and deaf to keys it does not know: a misspelled option must not pass for an absent one."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
