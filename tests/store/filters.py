"""Random records, and random filters that may be asked of them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from automations.fields import ObjectDefinition
from automations.filter_problems import filter_problems
from automations.filters import Filter
from automations.operators import operators_for

ACCOUNTS = [f"0b9f0000-0000-4000-8000-00000000000{n}" for n in range(4)]
EMPLOYEES = [f"0e9f0000-0000-4000-8000-00000000000{n}" for n in range(3)]
OPTIONS = ["DE", "AT", "de", "50%", "a_b"]

_PLAIN = ("text", "longtext", "wysiwyg", "integer", "date", "datetime", "yes_no", "yes_no_maybe", "checkbox", "tags", "email",
          "phone", "files", "timezone")  # fmt: skip
FIELDS: list[dict[str, Any]] = [
    *({"name": type, "type": type} for type in _PLAIN),
    {"name": "decimal", "type": "decimal"},
    {"name": "money", "type": "money"},
    {"name": "rating", "type": "rating"},
    *({"name": type, "type": type, "options": OPTIONS} for type in ("dropdown", "radio", "status", "checkboxes")),
    {"name": "company", "type": "relationship", "object": "account"},
    {"name": "companies", "type": "relationship", "object": "account", "many": True},
    {"name": "team", "type": "team_selector", "many": True},
]
STAGES = ["New", "new", "Won"]
LEAD = ObjectDefinition.model_validate({"api_name": "lead", "name": "Lead", "fields": FIELDS, "stages": STAGES})
ACCOUNT = ObjectDefinition.model_validate(
    {
        "api_name": "account",
        "name": "Account",
        "fields": [
            {"name": "tier", "type": "text"},
            {"name": "size", "type": "integer"},
            {"name": "key", "type": "checkbox"},
            {"name": "since", "type": "date"},
            {"name": "topics", "type": "tags"},
        ],
        "stages": ["Hot"],
    }
)
OBJECTS = {"lead": LEAD, "account": ACCOUNT}
_TYPES = {field.name: field.type for field in LEAD.fields} | {
    "name": "text", "owner": "team_selector", "created_at": "datetime", "updated_at": "datetime", "stage": "stage",
}  # fmt: skip
_RELATED = {field.name: field.type for field in ACCOUNT.fields} | {"name": "text", "stage": "stage", "created_at": "datetime"}

_WORDS = ["a", "A", "ab", "%", "_", "a%b", "\\", "'", "ä", "Ä", "ß", "ẞ", "İ", "i̇", "ı", "I", "Σ", "ς", "σ", "ΟΔΟΣ", "οδος", "K",
          "ǅ", "ȺⱥÅ", " a ", "a b", "🙂", "É", "Ⱥ", "0", "[]"]  # fmt: skip
_TEXT = st.one_of(
    st.lists(st.sampled_from(_WORDS), min_size=1, max_size=4).map("".join),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=6),
).filter(lambda text: bool(text.strip()))
_NUMBER = st.one_of(
    st.sampled_from(["0", "-0.0", "1", "1.0", "1.5", "12.50", "0.1", "1e2", "-3"]),
    st.decimals(-1000, 1000, places=2).map(str),
    st.integers(-5, 5),
)
_DAY = st.one_of(
    st.sampled_from(["2026-03-01", "2026-03-02", "1999-12-31", "0001-01-01", "9999-12-31"]), st.dates().map(date.isoformat)
)
_ZONES = st.sampled_from([ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")])


def _has_whole_minutes(moment: datetime) -> bool:
    """Offsets of before there was standard time have seconds, which ISO 8601 cannot say."""
    offset = moment.utcoffset()
    return offset is None or not offset.total_seconds() % 60


_YEARS = datetime(1900, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 (hypothesis takes them so)
_MOMENT = st.one_of(
    st.sampled_from(
        ["2026-03-01T09:00:00Z", "2026-03-01T10:00:00+01:00", "2026-03-01T09:00:00.5Z", "2026-03-01T09:00:00.000001Z",
         "2026-04-01T01:00:00+05:30", "2026-03-31T23:00:00-04:00"]
    ),
    st.datetimes(*_YEARS, timezones=_ZONES, allow_imaginary=False).filter(_has_whole_minutes).map(datetime.isoformat),
)  # fmt: skip
_EMAIL = st.sampled_from(["ada@example.com", "Ada@Example.com", "a_b@example.com", "a%b@example.org", "grace@example.com"])
_PHONE = st.sampled_from(["+4930123456", "+49 30 1234-56", "+15551234567"])
_ZONE_NAME = st.sampled_from(["Europe/Berlin", "UTC"])


def _lists(item: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(item, min_size=1, max_size=3)


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("text", "longtext", "wysiwyg"), _TEXT),
    **dict.fromkeys(("decimal", "money"), _NUMBER),
    "integer": st.integers(-5, 5),
    "rating": st.integers(1, 5),
    "date": _DAY,
    "datetime": _MOMENT,
    "yes_no": st.booleans(),
    "checkbox": st.booleans(),
    "yes_no_maybe": st.sampled_from(["yes", "no", "maybe"]),
    "email": _EMAIL,
    "phone": _PHONE,
    "timezone": _ZONE_NAME,
    **dict.fromkeys(("dropdown", "radio", "status"), st.sampled_from(OPTIONS)),
    "checkboxes": _lists(st.sampled_from(OPTIONS)),
    "tags": _lists(_TEXT),
    "files": _lists(_TEXT),
    "relationship": _lists(st.sampled_from(ACCOUNTS)),
    "team_selector": _lists(st.sampled_from(EMPLOYEES)),
    "stage": st.sampled_from(STAGES),
}


def values() -> st.SearchStrategy[dict[str, Any]]:
    """Of the fields of a lead, some of them."""
    fields = {field.name: _VALUES[field.type] for field in LEAD.fields}
    fields["company"] = st.sampled_from(ACCOUNTS).map(lambda id: [id])
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def _leaf(draw: st.DrawFn) -> dict[str, Any]:
    is_related = draw(st.integers(0, 5)) == 0
    name = draw(st.sampled_from(sorted(_RELATED if is_related else _TYPES)))
    type = (_RELATED if is_related else _TYPES)[name]
    op = draw(st.sampled_from(sorted(operators_for(type))))
    about = {"related": f"{draw(st.sampled_from(['company', 'companies']))}.{name}"} if is_related else {"field": name}
    return {**about, "op": op, "value": draw(_wanted(type, op))}


def _wanted(type: str, op: str) -> st.SearchStrategy[Any]:
    one = _VALUES[type]
    match op:
        case "is_blank" | "is_not_blank":
            return st.sampled_from([None, True, False])
        case "month_equals":
            return st.sampled_from([1, 3, 4, 12])
        case "between":
            return st.lists(one, min_size=2, max_size=2).map(lambda ends: sorted(ends, key=Decimal if _is_number(type) else str))
        case "contains" | "not_contains" if type == "phone":
            return st.sampled_from(["30", "+1", "555-12"])
        case "is_any_of" | "is_none_of":
            return one if type in ("relationship", "team_selector") else _lists(one)
        case _:
            return st.integers(0, 3) if type == "files" else one


def _is_number(type: str) -> bool:
    return type in ("integer", "decimal", "money", "rating")


_RAW: st.SearchStrategy[Any] = st.recursive(
    _leaf(),
    lambda inner: st.builds(lambda key, parts: {key: parts}, st.sampled_from(["all", "any"]), _lists(inner)),
    max_leaves=5,
)


def filters(parse: Any) -> st.SearchStrategy[Filter]:
    """Those that a save would let pass."""
    return _RAW.map(parse).filter(lambda filter: not filter_problems(filter, LEAD, {}, "filter", objects=OBJECTS))
