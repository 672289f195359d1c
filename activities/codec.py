"""How values travel to and from Temporal: encrypted where there is a key, with what failures say."""

from collections.abc import Sequence
from dataclasses import replace

from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

from activities.encryption import Keyring
from activities.settings import Settings
from workflows.converter import DATA_CONVERTER

ENCODING = b"binary/encrypted"
_PLACE = "temporal"


class EncryptionCodec(PayloadCodec):
    """Each payload as a whole, its metadata too. One that is not encrypted is taken as it is: it may be of the time before."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._sealed(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Raises SealedError for one of a key that is not there."""
        return [self._opened(payload) for payload in payloads]

    def _sealed(self, payload: Payload) -> Payload:
        metadata = {"encoding": ENCODING, "encryption-key-id": self._keyring.key_id.encode()}
        return Payload(metadata=metadata, data=self._keyring.seal(payload.SerializeToString(), _PLACE))

    def _opened(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        return Payload.FromString(self._keyring.open(payload.data, _PLACE))


def data_converter(settings: Settings) -> DataConverter:
    """For every client: what one cannot decode, none of the others may encode."""
    if settings.keyring is None:
        return DATA_CONVERTER
    return replace(
        DATA_CONVERTER,
        payload_codec=EncryptionCodec(settings.keyring),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
