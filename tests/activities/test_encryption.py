"""Keys of the environment, what is sealed with them, and what Temporal gets to see."""

import base64

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

from activities.codec import ENCODING, data_converter
from activities.encryption import KEY_BYTES, SealedError, keyring_of, new_key
from activities.settings import Settings

OLD, NEW = (base64.b64encode(bytes([number] * KEY_BYTES)).decode() for number in (1, 2))


def settings(keys: str | None) -> Settings:
    return Settings.model_validate({"database_url": "none", "encryption_keys": keys})


def test_what_is_sealed_opens_at_its_place_only() -> None:
    ring = keyring_of(NEW)
    sealed = ring.seal(b"hush", "secret/a")
    assert ring.open(sealed, "secret/a") == b"hush"
    assert b"hush" not in sealed
    assert ring.seal(b"hush", "secret/a") != sealed
    for wrong, place in (
        (sealed, "secret/b"),
        (sealed[:-1] + bytes([sealed[-1] ^ 1]), "secret/a"),
        (b"hush", "secret/a"),
        (b"", ""),
    ):
        with pytest.raises(SealedError):
            ring.open(wrong, place)


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    before, both, after = keyring_of(OLD), keyring_of(f"{NEW}, {OLD}"), keyring_of(NEW)
    sealed = before.seal(b"hush", "place")
    assert both.open(sealed, "place") == b"hush"
    assert after.open(both.resealed(sealed, "place"), "place") == b"hush"
    assert both.seal(b"", "place").startswith(after.mark)
    with pytest.raises(SealedError, match="not among EVERSTEP_ENCRYPTION_KEYS"):
        after.open(sealed, "place")


def test_a_new_key_is_one_that_can_be_used() -> None:
    assert keyring_of(new_key()).key_id != keyring_of(new_key()).key_id


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("not base64!", "key 1 is not base64"),
        (f"{NEW},", "key 2 has 0 bytes, not 32"),
        (base64.b64encode(b"short").decode(), "key 1 has 5 bytes, not 32"),
        (f"{NEW},{NEW}", "the same key stands there twice"),
    ],
)
def test_a_process_with_a_bad_key_ends_with_one_line_that_does_not_show_it(
    keys: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERSTEP_DATABASE_URL", "postgresql://nowhere")
    monkeypatch.setenv("EVERSTEP_ENCRYPTION_KEYS", keys)
    with pytest.raises(SystemExit) as ended:
        Settings.from_environment()
    assert str(ended.value) == f"EVERSTEP_ENCRYPTION_KEYS: Value error, {says}"


def test_no_key_and_an_empty_one_are_the_same() -> None:
    assert settings(None).keyring is settings("").keyring is None


async def test_payloads_are_read_by_whoever_has_the_key_and_old_ones_by_all() -> None:
    plain, old, new = (data_converter(settings(keys)) for keys in (None, OLD, f"{NEW},{OLD}"))
    [sealed] = await old.encode([{"record": "Ada"}])
    assert sealed.metadata["encoding"] == ENCODING
    assert b"Ada" not in sealed.SerializeToString()
    assert await new.decode([sealed]) == [{"record": "Ada"}]
    assert await new.decode(await plain.encode([{"record": "Ada"}])) == [{"record": "Ada"}]
    with pytest.raises(SealedError):
        await data_converter(settings(NEW)).decode([sealed])


async def test_what_failures_say_is_encrypted_too() -> None:
    converter, failure = data_converter(settings(NEW)), Failure()
    await converter.encode_failure(ApplicationError("Ada is blank", type="blank"), failure)
    assert b"Ada" not in failure.SerializeToString()
    assert failure.application_failure_info.type == "blank"
    read = await converter.decode_failure(failure)
    assert str(read) == "blank: Ada is blank"


async def test_a_payload_of_another_kind_passes_as_it_is() -> None:
    codec = data_converter(settings(NEW)).payload_codec
    assert codec
    payload = Payload(metadata={"encoding": b"json/plain"}, data=b"{}")
    assert await codec.decode([payload]) == [payload]
