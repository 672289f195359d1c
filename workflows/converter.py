"""How values travel to and from Temporal: as pydantic's JSON, without what was not said."""

from temporalio.contrib.pydantic import PydanticPayloadConverter, ToJsonOptions
from temporalio.converter import CompositePayloadConverter, DataConverter

# Small payloads: a history keeps each of them for ever.
_CONVERTERS = tuple(PydanticPayloadConverter(ToJsonOptions(exclude_unset=True)).converters.values())


class _PayloadConverter(CompositePayloadConverter):
    """The SDK makes one for each workflow; they share what has learned how each type is read."""

    def __init__(self) -> None:
        super().__init__(*_CONVERTERS)


DATA_CONVERTER = DataConverter(payload_converter_class=_PayloadConverter)
