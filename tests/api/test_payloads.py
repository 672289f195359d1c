"""What a call says, by its content type; anything that is broken is kept as text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from api.webhooks.payloads import Call, Payload
from automations.triggers.webhook import Place

MULTIPART = "multipart/form-data; boundary=x"


def said(body: bytes | str, content_type: str = "", query: bytes = b"", method: str = "POST") -> Payload:
    return Payload.of(Call(method, query, content_type, body.encode() if isinstance(body, str) else body))


def part(name: str, value: str, more: str = "") -> str:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/vnd.x+json; charset=utf-8", "application/javascript", "", "application/octet-stream", ";;"],
)
def test_json_is_read_also_where_nothing_is_said(content_type: str) -> None:
    assert said('{"a": [1, "ä"]}', content_type).body == {"a": [1, "ä"]}


@pytest.mark.parametrize("content_type", ["text/plain", "text/html; charset=utf-8"])
def test_text_stays_text(content_type: str) -> None:
    assert said('{"a": 1}', content_type).body == '{"a": 1}'


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("a=1&b=x+y&b=%C3%A4&c=", {"a": "1", "b": ["x y", "ä"], "c": ""}),
        ("a=%00&%00=b", {"a": "\ufffd", "\ufffd": "b"}),
        ("a=%ff", {"a": "\ufffd"}),
        ("", {}),
        ('{"a": 1}', {"a": 1}),
        ('{"a": 1', {'{"a": 1': ""}),
    ],
)
def test_a_form_is_values_by_name(body: str, value: Any) -> None:
    assert said(body, "application/x-www-form-urlencoded").body == value


def test_a_form_of_parts_is_values_by_name_and_tells_of_files() -> None:
    file = part("cv", "%PDF", '; filename="cv.pdf"\r\nContent-Type: application/pdf')
    body = part("name", "Ädä") + part("tag", "a") + part("tag", "b\r\nc") + file + "--x--\r\n"
    assert said(body, MULTIPART).body == {
        "name": "Ädä",
        "tag": ["a", "b\r\nc"],
        "cv": {"file_name": "cv.pdf", "content_type": "application/pdf", "size": 4},
    }


@pytest.mark.parametrize("body", ["", part("a", "b"), "--x\r\n\r\n", "--x--\r\n"[:4], "nothing of the kind"])
def test_a_form_of_parts_that_is_cut_short_is_text(body: str) -> None:
    assert said(body, MULTIPART).body == body
    assert said(body, "multipart/form-data").body == body


@pytest.mark.parametrize("content_type", ["application/xml", "text/xml", "application/soap+xml", "application/xhtml+xml"])
def test_xml_is_elements_by_name(content_type: str) -> None:
    body = '<?xml version="1.0"?><lead id="7"><seat>1</seat><seat no="2">two</seat><none/><ns:a xmlns:ns="u">ä</ns:a></lead>'
    assert said(body, content_type).body == {
        "lead": {
            "@id": "7",
            "seat": ["1", {"@no": "2", "#text": "two"}],
            "none": None,
            "ns:a": {"@xmlns:ns": "u", "#text": "ä"},
        }
    }


def test_xml_says_its_charset_and_the_content_type_says_more() -> None:
    assert said('<?xml version="1.0" encoding="iso-8859-1"?><a>ä</a>'.encode("latin-1"), "text/xml").body == {"a": "ä"}
    declared_otherwise = '<?xml version="1.0" encoding="utf-8"?><a>ä</a>'.encode("latin-1")
    assert said(declared_otherwise, "text/xml; charset=iso-8859-1").body == {"a": "ä"}


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "body",
    [
        f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1/x.dtd"> %x;]><a/>',
        "<a>&x;</a>",
        "<a>" * 101 + "</a>" * 101,
        "<a>" * 50_000 + "</a>" * 50_000,
        "<a",
        "",
    ],
    ids=["laughs", "file", "address", "unknown", "deep", "very deep", "cut", "nothing"],
)
def test_xml_that_means_harm_or_is_broken_is_text(body: str) -> None:
    assert said(body, "application/xml").body == body


def test_csv_is_a_list_of_objects_by_the_header() -> None:
    body = '\ufeffname,seats\r\n"Ada, L.",3\r\n\r\nBob\r\n"a\nb",1,x,y\r\n'
    assert said(body, "text/csv").body == [
        {"name": "Ada, L.", "seats": "3"},
        {"name": "Bob"},
        {"name": "a\nb", "seats": "1", "#rest": ["x", "y"]},
    ]
    assert said("name,seats", "text/csv").body == []
    assert said("", "text/csv").body == []


@pytest.mark.parametrize("body", ['a\n"x', 'a\n"x"y', "x" * 200_000 + "\n" + "1\n" * 100_000], ids=["open", "after", "huge"])
def test_csv_that_is_broken_or_would_come_to_too_much_is_text(body: str) -> None:
    assert said(body, "text/csv").body == body


@pytest.mark.parametrize(
    "body",
    ["{", "[" * 101 + "]" * 101, "[" * 100_000, "1" * 5_000, "1e999", "NaN", '"\\ud800"', "\x01"],
    ids=lambda body: body[:8],
)
def test_json_that_cannot_be_kept_is_text(body: str) -> None:
    assert said(body, "application/json").body == body


def test_a_nul_is_replaced_and_the_rest_is_read() -> None:
    assert said('{"a\\u0000": ["x\\u0000y"], "b": 1}').body == {"a\ufffd": ["x\ufffdy"], "b": 1}
    assert said(b"a\0b", "text/plain").body == "a\ufffdb"


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("iso-8859-1", "ä".encode("latin-1")),
        ("windows-1252", "ä".encode("cp1252")),
        ('"UTF-8"', "ä".encode()),
        ("utf-16", "ä".encode("utf-16")),
        ("shift_jis", "ä".encode()),
        ("klingon", "ä".encode()),
        ("idna", "ä".encode()),
        ("base64", "ä".encode()),
        ("unicode_escape", "ä".encode()),
        ("\x00", "ä".encode()),
        ("x" * 10_000, "ä".encode()),
    ],
)
def test_the_charset_is_that_of_the_content_type_or_utf_8(charset: str, body: bytes) -> None:
    found = said(body, f"text/plain; charset={charset}").body
    assert found == ("ä" if charset != "shift_jis" else body.decode("shift_jis"))


def test_the_query_is_there_beside_the_body_and_is_the_payload_of_a_get() -> None:
    posted = said('{"a": 1}', "application/json", "ref=x&ref=y&z=%00ä".encode())
    assert (posted.body, posted.query) == ({"a": 1}, {"ref": ["x", "y"], "z": "\ufffdä"})
    asked = said("ignored", "", b"a=1&b", "GET")
    assert asked.body == asked.query == {"a": "1", "b": ""}
    assert asked.raw == "a=1&b"
    assert posted.raw == '{"a": 1}'


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("$.a", 1),
        ("$.none", None),
        ("$.list[*].x", [1, 2]),
        ("$.list[0].x", 1),
        ("$..nothing[?@.x > 3]", None),
        (Place.model_validate({"from": "query", "path": "$.ref"}), "r"),
        (Place.model_validate({"path": "$.a"}), 1),
    ],
)
def test_a_value_is_found_where_the_place_says(place: Any, found: Any) -> None:
    payload = said('{"a": 1, "list": [{"x": 1}, {"x": 2}]}', "", b"ref=r")
    assert payload.at(place) == found
    assert said("text", "text/plain").at("$.a") is None


CONTENT_TYPES = st.one_of(
    st.sampled_from(
        ["application/json", "application/xml", "text/csv", "text/plain", "application/x-www-form-urlencoded", MULTIPART, ""]
    ),
    st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=60),
    st.builds("{}; charset={}".format, st.sampled_from(["text/csv", "text/xml", "text/plain"]), st.text(max_size=12)),
).filter(lambda header: all(ord(character) < 256 for character in header))

SCALARS = st.none() | st.text() | st.floats() | st.integers()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
OF_FORMS = st.sampled_from(["--x", "\r\n", "Content-Disposition: form-data", '; name="a"', "a", "--", ": ", "\0"])

BODIES = st.one_of(
    st.binary(max_size=300),
    st.text(alphabet='<>/a&;"![]-x=\r\n,{}:1.e\0\\u ', max_size=120).map(str.encode),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.lists(OF_FORMS).map(lambda parts: "".join(parts).encode()),
)


@given(BODIES, CONTENT_TYPES, st.binary(max_size=60))
def test_whatever_comes_becomes_a_value_that_can_be_kept(body: bytes, content_type: str, query: bytes) -> None:
    payload = said(body, content_type, query)
    kept = from_json(to_json({"body": payload.body, "query": payload.query, "raw": payload.raw}), allow_inf_nan=False)
    assert "\0" not in json.dumps(kept, ensure_ascii=False)
