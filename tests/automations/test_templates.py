"""Texts with `{{ … }}`: what they refer to, and what they become."""

import json
import time
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automations.templates import (
    MAX_RENDERED,
    InvalidTemplateError,
    RenderError,
    is_template,
    references,
    render,
    render_inside,
    render_url,
)

CONTEXT: dict[str, Any] = {
    "record": {"name": "Ada", "seats": 4, "blank": None, "topics": ["b", "a"], "items": "own", "owner": {"email": "o@x.org"}},
    "variables": {"n": "2.5", "flag": True, "big": "x" * 100_000},
    "trigger": {"values": {"seats": 3}, "body": {"copy": [1, {"pop": 2}]}},
    "execution": {"id": "e-1"},
    "automation": {"api_name": "demo"},
    "business": {"timezone": "Europe/Berlin"},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain }} text\n", "plain }} text\n"),
        ("Hello {{ record.name }}!\r\n", "Hello Ada!\n"),
        ("{{ record['name'] }}{{ record.owner.email }}", "Adao@x.org"),
        ("{{ record.seats + 1 }} {{ record.seats - 1 }} {{ -record.seats }}", "5 3 -4"),
        ("{{ record.name ~ ' ' ~ variables.n }}", "Ada 2.5"),
        ("{{ 'many' if record.seats > 3 and not variables.flag == false else 'few' }}", "many"),
        ("{{ record.blank }}|{{ record.blank or 'none' }}", "|none"),
        ("{{ record.nothing | default('-') }}", "-"),
        ("{{ record.topics | sort | join(', ') }} {{ record.topics[0] }} {{ record.topics[-1] }}", "a, b b a"),
        ("{{ record.topics | first }}{{ record.topics | last }}{{ record.topics | length }}", "ba2"),
        ("{{ variables.n | float | round(1) }} {{ '7' | int + 1 }} {{ 2.345 | round(2) }}", "2.5 8 2.35"),
        ("{{ record.name | upper }} {{ 'ADA l' | title }} {{ ' x ' | trim }}", "ADA Ada L x"),
        ("{{ 'd' in record.name }}", "True"),
        ("<{{ 'x' if variables.flag == false }}>", "<>"),
        ("{# a remark #}x", "x"),
        ("{{ execution.id }} {{ automation.api_name }} {{ business.timezone }}", "e-1 demo Europe/Berlin"),
    ],
)
def test_values_take_their_place(text: str, expected: str) -> None:
    assert render(text, CONTEXT) == expected


def test_names_of_methods_are_names_like_all_others() -> None:
    text = "{{ trigger.values.seats }} {{ record.items }} {{ trigger.body.copy[1].pop }}"
    assert render(text, CONTEXT) == "3 own 2"


@pytest.mark.parametrize("blank", [None, ""])
def test_what_is_blank_becomes_nothing(blank: object) -> None:
    assert render("<{{ record.x }}>", {"record": {"x": blank}}) == "<>"


@pytest.mark.parametrize(
    "text",
    [
        "{% set x = 1 %}",
        "{% for x in record %}{% endfor %}",
        "{% include 'x' %}",
        "{{ 'a' * 10**9 }}",
        "{{ 2 ** 999999999 }}",
        "{{ 'a' * 5 }}",
        "{{ '%0999999999d' % 1 }}",
        "{{ 8 // 2 }}",
        "{{ 8 / 2 }}",
        "{{ record.name.upper() }}",
        "{{ range(10) }}",
        "{{ [1, 2] }}",
        "{{ {'a': 1} }}",
        "{{ record.name[:2] }}",
        "{{ record.name is defined }}",
        "{{ record | attr('name') }}",
        "{{ record.name | format }}",
        "{{ 'x' | center(999999999) }}",
        "{{ records.name }}",
        "{{ self }}",
        "{{ cycler }}",
        "{{ loop }}",
        "{{ record.name",
        "{{ }}",
        "{# open",
        "{{ " + "(" * 1_000 + "1" + ")" * 1_000 + " }}",
        "{{ " + "-" * 10_000 + "1 }}",
        "{{ " + "not " * 4_000 + "1 }}",
        "{{ " + "9" * 5_000 + " }}",
        "{{ " + " ~ ".join(["record.name"] * 60) + " }}",
        "{{ " + " + ".join(["1"] * 5_000) + " }}",
        "{{ record.name }}" + " " * 20_000,
    ],
)
def test_what_could_run_long_or_reach_out_is_refused(text: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(InvalidTemplateError):
        references(text)
    with pytest.raises(InvalidTemplateError):
        render(text, CONTEXT)
    assert time.perf_counter() - begun < 5


@pytest.mark.parametrize(
    "text",
    [
        "{{ record.__class__ }}",
        "{{ ''.__class__ }}",
        "{{ record['__class__'] }}",
        "{{ record.name.upper }}",
        "{{ record.topics.append }}",
        "{{ record.keys }}",
        "{{ 1.5.real }}",
        "{{ record.topics | sort(attribute='__class__') }}",
        "{{ record.topics | join(', ', attribute='__class__') }}",
        "{{ record.nothing }}",
        "{{ record.nothing.more }}",
        "{{ record.nothing[0] }}",
        "{{ record.topics[7] }}",
        "{{ record.topics[record] }}",
        "{{ record[record.topics] }}",
        "{{ record.name + 1 }}",
        "{{ record.seats | length }}",
        "{{ record.name | round }}",
        "{{ record.seats | round(2, 'ceil') }}",
        "{{ record.topics | sort(1, 2, 3, 4, 5) }}",
    ],
)
def test_a_name_that_means_nothing_here_is_a_render_error(text: str) -> None:
    references(text)
    with pytest.raises(RenderError):
        render(text, CONTEXT)


def test_a_context_without_a_namespace_is_a_render_error() -> None:
    with pytest.raises(RenderError):
        render("{{ record.name }}", {})


@pytest.mark.parametrize(
    "text",
    [
        "{{ variables.big }}" * 900,
        "{{ variables.big | join(variables.big) }}",
        "{{ " + " ~ ".join(["variables.big"] * 40) + " }}",
        "{{ trigger.long | join(variables.big) }}",
        "{{ trigger.long }}",
    ],
)
def test_a_text_is_never_longer_than_the_limit(text: str) -> None:
    context = {**CONTEXT, "trigger": {"long": [1] * 200_000}}
    begun = time.perf_counter()
    with pytest.raises(RenderError, match="200,000"):
        render(text, context)
    assert time.perf_counter() - begun < 5


def test_a_text_as_long_as_the_limit_is_rendered() -> None:
    assert len(render("{{ variables.big }}" * 2, CONTEXT)) == MAX_RENDERED
    assert render("x" * 300_000, CONTEXT) == "x" * 300_000


def test_rounding_takes_no_precision_that_runs_long() -> None:
    assert render("{{ 1.5 | round(999999999) }}", {}) == "1.5"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", set()),
        ("{{ record.owner.email }}", {("record", "owner", "email")}),
        ("{{ record['owner'].email ~ variables.x }}", {("record", "owner", "email"), ("variables", "x")}),
        ("{{ record.topics[0] }}", {("record", "topics", "0")}),
        ("{{ record.topics[-1].x }}", {("record", "topics")}),
        ("{{ record[variables.x].email }}", {("record",), ("variables", "x")}),
        ("{{ ('a' ~ 'b').c }}", set()),
        ("{{ (record.a or record.b).c }}", {("record", "a"), ("record", "b")}),
        ("{{ record.a | default(variables.b) }}", {("record", "a"), ("variables", "b")}),
        ("{{ trigger }}", {("trigger",)}),
    ],
)
def test_references_are_the_names_that_a_text_reads(text: str, expected: set[tuple[str, ...]]) -> None:
    assert references(text) == expected


def test_every_text_inside_a_value_is_rendered() -> None:
    value = {"a": ["{{ record.name }}", 1, None, {"b": "{{ record.seats }}"}], "{{ record.name }}": True}
    assert render_inside(value, CONTEXT) == {"a": ["Ada", 1, None, {"b": "4"}], "{{ record.name }}": True}


AWKWARD = 'Jürgen "J" O\'Hara & Söhne <gmbh>\r\n\ttab \\ 100% a=b+c; "}, {"admin": true, "x": "'
READ: dict[Any, tuple[str, Any]] = {
    "json": ('{"name": "{{ record.name }}"}', lambda text: json.loads(text)["name"]),
    "form": (
        "name={{ record.name }}&more=1",
        lambda text: parse_qs(text, keep_blank_values=True, strict_parsing=True)["name"][0],
    ),
    "xml": ("<a name='{{ record.name }}'/>", lambda text: ElementTree.fromstring(text).get("name")),
    "html": ('<p title="{{ record.name }}">', lambda text: first_title(text)),
}


def first_title(text: str) -> str | None:
    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            titles.append(dict(attrs).get("title"))

    titles: list[str | None] = []
    Reader().feed(text)
    return titles[0]


@pytest.mark.parametrize("escape", READ)
@pytest.mark.parametrize("value", [AWKWARD, "", "plain", "{{ record.name }}"])
def test_a_merged_value_is_read_back_as_it_was_whatever_it_holds(escape: Any, value: str) -> None:
    text, read = READ[escape]
    assert read(render(text, {"record": {"name": value}}, escape)) == value
    assert read(render(text, {"record": {"name": None}}, escape)) == ""


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_value_breaks_out_of_json_or_a_form(value: str) -> None:
    for escape in ("json", "form"):
        text, read = READ[escape]
        assert read(render(text, {"record": {"name": value}}, escape)) == value


def test_values_of_a_json_text_stand_outside_of_quotes_too() -> None:
    text = '{"n": {{ record.seats }}, "sure": {{ variables.flag }}, "text": "a{{ record.blank }}b & <{{ record.name ~ \'"\' }}>"}'
    assert json.loads(render(text, CONTEXT, "json")) == {"n": 4, "sure": True, "text": 'ab & <Ada">'}


def test_characters_that_xml_cannot_say_are_left_out() -> None:
    text = render("<a>{{ record.name }}</a>", {"record": {"name": "a\x00\x0b\ufffeb\r\n😀"}}, "xml")
    assert ElementTree.fromstring(text).text == "ab\r\n😀"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x.org/a b?q=ä", "https://x.org/a b?q=ä"),
        ("https://x.org/{{ record.name }}?q={{ record.name }}&b={{ record.blank }}#{{ record.name }}",
         "https://x.org/a%2Fb%20%26%3F%23%C3%A4%25?q=a%2Fb%20%26%3F%23%C3%A4%25&b=#a%2Fb%20%26%3F%23%C3%A4%25"),
        ("{{ variables.base }}/v1?q={{ record.name }}", "https://x.org:8443/api?k=1/v1?q=a%2Fb%20%26%3F%23%C3%A4%25"),
        (" {{ variables.base }}&q={{ record.name }}", " https://x.org:8443/api?k=1&q=a%2Fb%20%26%3F%23%C3%A4%25"),
        ("{{ variables.base }}", "https://x.org:8443/api?k=1"),
        ("{{ variables.scheme }}://{{ variables.host }}:{{ record.port }}/{{ variables.host }}", "http://[::1]:80/%5B%3A%3A1%5D"),
        ("https://{{ variables.host }}?q={{ 'a/b' ~ '}}' }}{# / #}", "https://[::1]?q=a%2Fb%7D%7D"),
    ],
)  # fmt: skip
def test_a_value_in_a_url_is_encoded_unless_it_is_its_beginning(url: str, expected: str) -> None:
    variables = {"base": "https://x.org:8443/api?k=1", "host": "[::1]", "scheme": "http"}
    context = {"record": {"name": "a/b &?#ä%", "blank": None, "port": 80}, "variables": variables}
    assert render_url(url, context) == expected


def test_a_url_that_is_no_template_is_refused_as_such() -> None:
    with pytest.raises(InvalidTemplateError):
        render_url("https://x.org/{{ record.name", CONTEXT)


PIECES = st.sampled_from(
    ["{{", "}}", "{%", "%}", " ", "record", "variables", ".", "name", "big", "[", "]", "(", ")", "|", "upper", "join", "round",
     "sort", "int", "~", "+", "-", "*", "'", "0", "9", "if", "else", "in", "not", "==", ",", "__class__", "\n", "é"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.text()
    | st.lists(PIECES, max_size=25).map("".join)
    | st.lists(PIECES, max_size=15).map(lambda p: f"{{{{ {' '.join(p)} }}}}")
)
def test_any_text_is_rendered_or_refused(text: str) -> None:
    try:
        references(text)
        assert len(render(text, CONTEXT)) <= max(MAX_RENDERED, len(text))
        render_url(text, CONTEXT)
    except (InvalidTemplateError, RenderError):
        pass


@given(st.text())
def test_a_text_without_braces_stays_as_it_is(text: str) -> None:
    if not is_template(text):
        assert render(text, {}) == text
