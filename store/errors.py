"""What the store refuses, beside the errors of the domain.

EverstepError
├── FieldValueError
│   ├── UnknownStageError        the object has no such stage
│   ├── UnknownEmployeeError     nobody has this id or address
│   └── UnknownRecordError       there is no such record, or it is of another object
├── FieldTypeInUseError  a field would get another type while records hold values for it
├── RecordChangedError   the record is no longer at the revision that the caller saw
├── RecordArchivedError  an archived record is not changed
├── RecordBusyError      others hold what is needed, for longer than it is waited for
└── ActivityClosedError  a crm activity is completed or canceled already
"""

from uuid import UUID

from automations.errors import EverstepError, FieldValueError


class UnknownStageError(FieldValueError):
    code = "unknown_stage"


class UnknownEmployeeError(FieldValueError):
    code = "unknown_employee"


class UnknownRecordError(FieldValueError):
    code = "unknown_record"


class FieldTypeInUseError(EverstepError):
    code = "field_type_in_use"

    def __init__(self, object: str, fields: list[str]) -> None:
        names = ", ".join(fields)
        super().__init__(f"Records of {object} hold values of the old type for: {names}. Clear them, or add a new field.")
        self.fields = fields


class RecordChangedError(EverstepError):
    code = "record_changed"

    def __init__(self, record_id: UUID, expected: int, found: int) -> None:
        super().__init__(f"The record {record_id} is at revision {found}, not {expected}: read it again.")
        self.found = found


class RecordArchivedError(EverstepError):
    code = "record_archived"

    def __init__(self, record_id: UUID) -> None:
        super().__init__(f"The record {record_id} is archived: unarchive it to change it.")


class RecordBusyError(EverstepError):
    code = "record_busy"

    def __init__(self) -> None:
        super().__init__("Others are changing the record, or what it needs, at this moment: try again.")


class ActivityClosedError(EverstepError):
    code = "activity_closed"

    def __init__(self, activity_id: UUID, status: str, wanted: str) -> None:
        super().__init__(f"The crm activity {activity_id} is {status}: it cannot be {wanted} any more.")
        self.status = status
