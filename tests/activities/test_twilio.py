"""The adapter for Twilio, against a server that speaks as Twilio does."""

import pytest
from pydantic import SecretStr, ValidationError

from activities.failures import NotSentError, TextUnavailableError, unexpected
from activities.settings import Settings
from activities.text_providers import send
from activities.texting import Text
from activities.twilio import signature
from automations.failures import ExpectedFailure
from deploy.text_sink import NUMBER, TextSink
from tests.http_server import HttpServer

ADA = "+4915112345678"
HELLO = Text(ADA, "Hello ☀", "a-key:1")


@pytest.fixture
def settings(texts: TextSink) -> Settings:
    said = {name.removeprefix("EVERSTEP_").lower(): value for name, value in texts.environment.items()}
    return Settings.model_validate({"database_url": "none", **said})


async def failure(text: Text, settings: Settings) -> ExpectedFailure:
    with pytest.raises(ExpectedFailure) as raised:
        await send(text, settings)
    return raised.value


def to(digits: str) -> Text:
    return Text(f"+1500{digits}", "Hello", "k")


async def test_a_text_goes_out_with_its_key_and_an_address_for_its_status(texts: TextSink, settings: Settings) -> None:
    sent = await send(HELLO, settings)
    [text] = texts.texts()
    assert (text.to, text.sender, text.body, text.idempotency_key) == (ADA, NUMBER, "Hello ☀", "a-key:1")
    assert (sent.provider_id, sent.delivery, text.status_url) == (text.sid, "queued", None)
    service = settings.model_copy(update={"twilio_from": "MG1", "public_url": "https://everstep.example.com"})
    await send(HELLO, service)
    assert [(text.sender, text.status_url) for text in texts.texts()][1:] == [
        ("MG1", "https://everstep.example.com/texts/twilio/status")
    ]


async def test_what_twilio_refuses_is_refused_for_good(texts: TextSink, settings: Settings) -> None:
    stopped = await failure(to("5550004"), settings)
    assert (stopped.code, stopped.sentence) == ("suppressed", "+15005550004 gets no texts: its owner has stopped them.")
    invalid = await failure(to("5550001"), settings)
    assert invalid.code == "text_refused"
    assert invalid.sentence == "Twilio refuses the text to +15005550001: The 'To' number is not a valid phone number (21211)."
    too_long = await failure(Text(ADA, "x" * 1601, "k"), settings)
    assert "1600" in too_long.sentence
    stranger = settings.model_copy(update={"twilio_auth_token": SecretStr("wrong")})
    assert "(20003)" in (await failure(HELLO, stranger)).sentence
    assert texts.texts() == []


async def test_who_is_away_or_busy_is_worth_another_try(texts: TextSink, settings: Settings, http: HttpServer) -> None:
    """What certainly did not go out is told from what may have."""
    for digits, said in (("5550429", "429"), ("5550503", "503")):
        with pytest.raises(NotSentError, match=said):
            await send(to(digits), settings)
    http.answers = [(500, {})]
    with pytest.raises(TextUnavailableError, match="answered 500"):
        await send(HELLO, settings.model_copy(update={"twilio_base_url": http.url}))
    await texts.stop()
    with pytest.raises(NotSentError, match="cannot be reached") as raised:
        await send(HELLO, settings)
    assert unexpected(raised.value).type == "text_unavailable"


async def test_answers_that_are_none_of_twilio_s_are_refusals(http: HttpServer, settings: Settings) -> None:
    """What was taken without an id may have gone out: nobody sends it again."""
    http.answers = [(200, "<html>"), (201, {"sid": None}), (404, "gone"), 302]
    elsewhere = settings.model_copy(update={"twilio_base_url": http.url})
    sentences = [(await failure(HELLO, elsewhere)).sentence for _ in http.answers]
    assert [each.split(": ")[-1] for each in sentences] == [
        "Twilio answered 200 without the id of a message.", "Twilio answered 201 without the id of a message.",
        "HTTP 404.", "HTTP 302.",
    ]  # fmt: skip


async def test_without_a_provider_it_says_what_is_missing() -> None:
    none = await failure(HELLO, Settings(database_url="none"))
    assert (none.code, none.sentence) == (
        "text_not_configured", "Texts cannot be sent: EVERSTEP_TEXT_PROVIDER names no provider.",
    )  # fmt: skip
    half = await failure(HELLO, Settings(database_url="none", text_provider="twilio", twilio_account_sid="AC1"))
    assert half.sentence.endswith("without EVERSTEP_TWILIO_AUTH_TOKEN, EVERSTEP_TWILIO_FROM.")


def test_addresses_in_settings_are_addresses() -> None:
    assert Settings(database_url="none", public_url="https://a.example/b/").public_url == "https://a.example/b"
    for wrong in ("a.example", "ftp://a.example", "https://a.example/?b"):
        with pytest.raises(ValidationError, match="is the beginning of addresses"):
            Settings(database_url="none", public_url=wrong)


def test_a_signature_is_made_over_the_address_and_the_sorted_form() -> None:
    form = {
        "To": "+18005551212",
        "Digits": "1234",
        "From": "+14158675309",
        "Caller": "+14158675309",
        "CallSid": "CA1234567890ABCDE",
    }
    assert signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", form.items()) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
