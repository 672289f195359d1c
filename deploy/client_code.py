"""`make client`: writes the typed client from the gateway's own description of itself.

`client/models.py` are the shapes, `client/operations.py` a method for each route. Both are read, never edited: this module and
`client_operations.jinja` decide what stands in them.
"""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datamodel_code_generator import LiteralType, PythonVersion, generate
from datamodel_code_generator.enums import DataModelType, InputFileType, OpenAPIScope
from datamodel_code_generator.format import Formatter
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic_core import from_json, to_json

from activities.settings import Settings
from api.app import create_app

CLIENT = Path(__file__).resolve().parent.parent / "client"
_HEADER = '"""Written by `make client` from the description of the gateway: not to be edited."""'
_CHECKED_THERE = (
    "title", "maxLength", "minLength", "maxItems", "minItems", "maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum",
    "pattern", "uniqueItems", "examples", "contentMediaType",
)  # fmt: skip
"""What only the gateway need know: it answers with a sentence where a client's model would only say that it does not fit."""

_PLAIN = {"integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_FORMATS = {"uuid": "UUID | str", "date-time": "datetime | str", "date": "date | str"}
_OWN_HEADERS = frozenset({"idempotency-key", "authorization"})
_INDENT = " " * 8
_SUCCESS = re.compile("2..")
Json = dict[str, Any]


@dataclass(frozen=True)
class Argument:
    """`wire` is the name in the request; `place` is path, query or header."""

    name: str
    wire: str
    type: str
    place: str
    required: bool


@dataclass(frozen=True)
class Operation:
    """`body` and `answer` are Python types; `is_stream` answers one event after the other."""

    name: str
    method: str
    path: str
    says: str
    more: str
    arguments: list[Argument]
    body: str | None
    body_required: bool
    answer: str
    is_stream: bool

    @property
    def address(self) -> str:
        """As an f-string's inside."""
        return re.sub(r"{(\w+)}", lambda found: f"{{segment({found[1]})}}", self.path)

    def of(self, place: str) -> list[Argument]:
        return [argument for argument in self.arguments if argument.place == place]


def description() -> Json:
    """What the gateway says of itself; nothing is connected to."""
    settings = Settings.model_construct(database_url="postgresql://nowhere")
    return _renamed(create_app(settings).openapi())


def files(described: Json) -> dict[str, str]:
    """The text of each generated file, by name."""
    return {"models.py": _models(described), "operations.py": _operations(described)}


def write(folder: Path = CLIENT) -> None:
    for name, text in files(description()).items():
        (folder / name).write_text(text, encoding="utf-8")


def _renamed(described: Json) -> Json:
    """With names that are classes: `Page_RecordView_` is RecordViewPage, what is read and what is written are one."""
    text = to_json(described).decode()
    schemas = described["components"]["schemas"]
    for name in sorted(schemas, key=len, reverse=True):
        text = text.replace(f'"#/components/schemas/{name}"', f'"#/components/schemas/{_class_name(name)}"')
    renamed: Json = from_json(text)
    renamed["components"]["schemas"] = {_class_name(name): schema for name, schema in renamed["components"]["schemas"].items()}
    return renamed


def _class_name(name: str) -> str:
    name = re.sub(r"^Page_(\w+)_$", r"\1Page", re.sub("-(Input|Output)$", "", name))
    return {"All": "AllOf", "Any_": "AnyOf", "Not": "NoneOf"}.get(name, name)


def _models(described: Json) -> str:
    source = {
        "openapi": described["openapi"], "info": described["info"], "paths": {},
        "components": {"schemas": _without(described["components"]["schemas"])},
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "models.py"
        generate(
            to_json(source).decode(),
            input_file_type=InputFileType.OpenAPI,
            output=file,
            output_model_type=DataModelType.PydanticV2BaseModel,
            target_python_version=PythonVersion.PY_311,
            openapi_scopes=[OpenAPIScope.Schemas],
            enum_field_as_literal=LiteralType.All,
            use_standard_collections=True,
            use_union_operator=True,
            use_schema_description=True,
            collapse_root_models=True,
            strict_nullable=True,
            use_annotated=True,
            disable_timestamp=True,
            formatters=[Formatter.BUILTIN],
            custom_file_header=_HEADER,
        )
        return _formatted(file.read_text(encoding="utf-8"))


def _without(schema: Any) -> Any:
    """Without what is checked there; a property may well be named `title`."""
    if isinstance(schema, list):
        return [_without(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: each for name, each in schema.items() if name not in _CHECKED_THERE or isinstance(each, dict)}
    return {
        name: each if name in ("default", "enum", "const") else _without(each)
        for name, each in kept.items()
        if not _is_whole(name, each)
    }


def _is_whole(name: str, each: Any) -> bool:
    """The default of an object or a list, which the gateway knows."""
    return name == "default" and isinstance(each, dict | list) and bool(each)


def _operations(described: Json) -> str:
    found = [
        _operation(method, path, each)
        for path, methods in described["paths"].items()
        for method, each in methods.items()
        if not path.startswith("/webhooks/")
    ]
    found.sort(key=lambda operation: (operation.path, operation.method))
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True)
    names = sorted(described["components"]["schemas"])
    types = " ".join(f"{each.body} {each.answer} {each.arguments}" for each in found)
    used = [name for name in names if re.search(rf"\b{name}\b", types)]
    text = environment.get_template("client_operations.jinja").render(header=_HEADER, operations=found, models=used)
    return _formatted(text)


def _operation(method: str, path: str, each: Json) -> Operation:
    body, body_required = _body(each.get("requestBody"))
    answer, is_stream = _answer(each["responses"])
    given = [parameter for parameter in each.get("parameters", []) if parameter["name"].lower() not in _OWN_HEADERS]
    return Operation(
        each["operationId"], method.upper(), path, each["summary"].rstrip(".") + ".", _wrapped(each.get("description", "")),
        [_argument(parameter) for parameter in given], body, body_required, answer, is_stream,
    )  # fmt: skip


def _wrapped(text: str) -> str:
    paragraphs = [" ".join(each.split()) for each in text.split("\n\n")]
    return "\n\n".join(textwrap.fill(each, 130, initial_indent=_INDENT, subsequent_indent=_INDENT) for each in paragraphs).strip()


def _argument(parameter: Json) -> Argument:
    name = re.sub(r"\W", "_", parameter["name"].lower())
    name = f"{name}_" if keyword.iskeyword(name) else name
    return Argument(name, parameter["name"], _type(parameter["schema"]), parameter["in"], parameter.get("required", False))


def _body(body: Json | None) -> tuple[str | None, bool]:
    """A model, or what its fields say as JSON; a text stands for YAML where the route takes it."""
    if body is None:
        return None, False
    content = body["content"]
    if any(map(_is_binary, content.values())):
        return "bytes", body.get("required", False)
    schema = content.get("application/json", {}).get("schema", {})
    named = [each for each in (schema, *schema.get("anyOf", [])) if each.get("$ref", "").startswith("#/components/")]
    types = [*(_type(each) for each in named), "Json"] + ["str"] * ("application/yaml" in content)
    may_be_left_out = {"type": "null"} in schema.get("anyOf", [])
    return " | ".join(types), body.get("required", False) and not may_be_left_out


def _is_binary(content: Json) -> bool:
    return content.get("schema", {}).get("format") == "binary"


def _answer(responses: Json) -> tuple[str, bool]:
    contents = [each.get("content", {}) for status, each in sorted(responses.items()) if _SUCCESS.fullmatch(status)]
    kinds = {kind: each.get("schema", {}) for content in contents for kind, each in content.items()}
    if "text/event-stream" in kinds:
        return "Iterator[ServerSentEvent]", True
    if any(_is_binary({"schema": schema}) for schema in kinds.values()):
        return "bytes", False
    if (kinds and not kinds.keys() & {"application/json"}) or "application/yaml" in kinds:
        return "str", False
    schema = kinds.get("application/json")
    return ("None" if schema is None else _type(schema)), False


def _type(schema: Json) -> str:
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1]
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(each) for each in schema["anyOf"] if each.get("type") != "null"))
    if "enum" in schema or "const" in schema:
        values = schema.get("enum") or [schema["const"]]
        return f"Literal[{', '.join(map(repr, values))}]"
    match schema.get("type"):
        case "array":
            return f"list[{_type(schema.get('items', {}))}]"
        case "string":
            return _FORMATS.get(schema.get("format", ""), "str")
        case "object":
            return "dict[str, Any]"
        case kind:
            return _PLAIN.get(kind or "", "Any")


def _formatted(text: str) -> str:
    """As the rest of the project is."""
    ruff = Path(sysconfig.get_path("scripts")) / "ruff"
    for command in (
        ["check", "--fix-only", "--select", "F401,I,UP", "-"],
        ["format", "--config", "format.skip-magic-trailing-comma=true", "-"],
    ):
        told = [ruff, *command, "--quiet", "--stdin-filename", "client/_.py"]
        text = subprocess.run(told, input=text, capture_output=True, text=True, cwd=CLIENT.parent, check=True).stdout
    return text


if __name__ == "__main__":
    write()
    print(f"Wrote {CLIENT}.", file=sys.stderr)
