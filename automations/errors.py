"""The errors of the domain. Each has a `code` that never changes and a `sentence` for people.

EverstepError
├── FieldValueError      a value does not fit its field or variable
│   ├── UnknownFieldError        the object has no such field
│   └── RequiredFieldError       a required field would be blank
├── RecordValueErrors    all the FieldValueErrors of one record at once
└── FilterError          a filter cannot be evaluated; `code` says why
"""

from collections.abc import Sequence


class EverstepError(Exception):
    code: str = "everstep_error"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class FieldValueError(EverstepError):
    code = "invalid_field_value"

    def __init__(self, field: str, type: str, value: object, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
        self.type = type
        self.value = value


class UnknownFieldError(FieldValueError):
    code = "unknown_field"


class RequiredFieldError(FieldValueError):
    code = "required_field"


class RecordValueErrors(EverstepError):  # noqa: N818 (it is several)
    code = "invalid_record_values"

    def __init__(self, errors: Sequence[FieldValueError]) -> None:
        super().__init__(" ".join(error.sentence for error in errors))
        self.errors = tuple(errors)


class FilterError(EverstepError):
    """`code` is unknown_field, unknown_variable, unknown_operator or invalid_filter_value."""

    code = "invalid_filter"

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
