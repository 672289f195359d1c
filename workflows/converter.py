"""How values travel to and from Temporal: as pydantic's JSON, without what was not said."""

from temporalio.contrib.pydantic import PydanticPayloadConverter, ToJsonOptions
from temporalio.converter import DataConverter


class _PayloadConverter(PydanticPayloadConverter):
    def __init__(self) -> None:
        # Small payloads: a history keeps each of them for ever.
        super().__init__(ToJsonOptions(exclude_unset=True))


DATA_CONVERTER = DataConverter(payload_converter_class=_PayloadConverter)
