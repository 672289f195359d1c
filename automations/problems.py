"""What is wrong with a document, said so that its author can find and mend it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Problem(BaseModel):
    """One finding of a save: an error refuses it, a warning comes back with it, and so does a hint of how it may be better.

    `path` is the place as the author wrote it: `steps[2].if.all[0].field`, empty for the document itself. The codes never change;
    `docs/validation.md` and `docs/lint.md` list them.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    code: str
    sentence: str
    severity: Literal["error", "warning", "hint"] = "error"


def at(path: str, key: str | int) -> str:
    """The place below a place."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key
