"""Who of the team is meant."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import EmailStr, Field, StringConstraints, model_validator

from automations.model import Model, Name
from automations.steps.uses import AnyUse, Behind, FieldUse, HopUse, RecordUse, VariableUse, within

Role = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]

TEAM_SELECTORS = frozenset({"team_selector"})
EMPLOYEES = frozenset({"employee", "uuid"})
"""The types of variables that name employees."""


class EmployeeByEmail(Model):
    employee: EmailStr


class EmployeesByEmail(Model):
    employees: Annotated[list[EmailStr], Field(min_length=1, max_length=50)]


class EmployeesByRole(Model):
    """Every active employee with the role."""

    role: Role


class EmployeesInField(Model):
    """Those whom a team selector field of the record names, or `through` a relationship one of the first related record."""

    field: Name
    through: Name | None = None


class EmployeesInVariable(Model):
    variable: Name


class LastActive(Model):
    """Who last did something on the record: `any` of the team, or one of a role."""

    last_active: Role


Members = (
    Literal["owner"] | EmployeeByEmail | EmployeesByEmail | EmployeesByRole | EmployeesInField | EmployeesInVariable | LastActive
)


def members_used(members: Members, path: str) -> Iterator[AnyUse]:
    """By a step that names them at this place."""
    match members:
        case "owner" | LastActive():
            yield RecordUse(path)
        case EmployeesInField():
            yield RecordUse(path)
            yield from selector_used(members.field, members.through, path)
        case EmployeesInVariable():
            yield VariableUse(within(path, "variable"), members.variable, EMPLOYEES, lists=True)
        case EmployeeByEmail() | EmployeesByEmail() | EmployeesByRole():
            return


def selector_used(field: str, through: str | None, path: str) -> Iterator[AnyUse]:
    """A team selector field; the owner counts as one."""
    if through is None:
        yield FieldUse(within(path, "field"), field, TEAM_SELECTORS)
    else:
        yield HopUse(within(path, "through"), [through])
        yield FieldUse(within(path, "field"), field, TEAM_SELECTORS, Behind((through,)))


def describe_members(members: Members) -> str:
    match members:
        case "owner":
            return "the owner"
        case EmployeeByEmail():
            return members.employee
        case EmployeesByEmail():
            return ", ".join(members.employees)
        case EmployeesByRole():
            return f"all of {members.role}"
        case EmployeesInField():
            return f"field {members.through}.{members.field}" if members.through else f"field {members.field}"
        case EmployeesInVariable():
            return f"variable {members.variable}"
        case LastActive():
            return "who was active last" if members.last_active == "any" else f"who of {members.last_active} was active last"


How = Literal[
    "employee",
    "owner",
    "field",
    "variable",
    "last_active",
    "last_active_role",
    "round_robin_all",
    "round_robin_role",
    "round_robin_employees",
]

_TAKES: dict[str, tuple[str, ...]] = {
    "employee": ("employee",),
    "owner": (),
    "field": ("field",),
    "variable": ("variable",),
    "last_active": (),
    "last_active_role": ("role",),
    "round_robin_all": (),
    "round_robin_role": ("role",),
    "round_robin_employees": ("employees",),
}
"""What each way needs to be said beside it."""


class Assignment(Model):
    """One member of the team. A round robin takes turns among the active employees: all, those of a role, or those named.

    `field` may be that of a related record, `through` a relationship. Whose turn it is, each step keeps for itself.
    """

    how: How
    employee: EmailStr | None = None
    employees: Annotated[list[EmailStr], Field(min_length=1, max_length=50)] | None = None
    role: Role | None = None
    field: Name | None = None
    through: Name | None = None
    variable: Name | None = None

    @model_validator(mode="after")
    def _says_who(self) -> Self:
        wanted = _TAKES[self.how]
        said = {name for name in ("employee", "employees", "role", "field", "variable") if getattr(self, name) is not None}
        if said != set(wanted):
            needed = f"needs {' and '.join(wanted)} and nothing else" if wanted else "needs nothing else"
            raise ValueError(f"The way {self.how} {needed} to say who.")
        if self.through is not None and self.how != "field":
            raise ValueError("Only a field can be reached through a relationship.")
        return self

    @property
    def takes_turns(self) -> bool:
        return self.how.startswith("round_robin")

    def used_for(self, path: str = "") -> Iterator[AnyUse]:
        """By a step that assigns so at this place."""
        match self.how:
            case "field":
                yield RecordUse(within(path, "how"))
                yield from selector_used(self.field or "", self.through, path)
            case "variable":
                yield VariableUse(within(path, "variable"), self.variable or "", EMPLOYEES, lists=True)
            case "owner" | "last_active" | "last_active_role":
                yield RecordUse(within(path, "how"))
            case _:
                return

    def describe_who(self) -> str:
        match self.how:
            case "employee":
                return str(self.employee)
            case "field":
                return f"field {self.through}.{self.field}" if self.through else f"field {self.field}"
            case "variable":
                return f"variable {self.variable}"
            case "round_robin_role" | "last_active_role":
                return f"{self.how.replace('_', ' ')} {self.role}"
            case "round_robin_employees":
                return f"round robin of {len(self.employees or ())}"
            case _:
                return self.how.replace("_", " ")
