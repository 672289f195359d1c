"""Employees: who can own records and be told of things."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.access import ActorDep, needs
from api.deps import DatabaseDep, PageDep
from api.pages import Page
from automations import scalars
from store import team
from store.audit import Deed, write_audit

router = APIRouter(prefix="/employees", tags=["team"])


def _address(raw: str) -> str:
    try:
        return scalars.email(raw)
    except scalars.UnfitError as unfit:
        raise ValueError(f"must be {unfit.expected}") from None


def _number(raw: str) -> str:
    try:
        return scalars.phone(raw)
    except scalars.UnfitError as unfit:
        raise ValueError(f"must be {unfit.expected}") from None


EmailAddress = Annotated[str, AfterValidator(_address)]
PhoneNumber = Annotated[str, AfterValidator(_number)]
Role = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class EmployeeBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
    roles: list[Role] = Field(default=[], max_length=100)
    active: bool = True
    phone: PhoneNumber | None = None


class EmployeeView(BaseModel):
    id: UUID
    email: str
    name: str
    roles: list[str]
    active: bool
    phone: str | None


def _view(row: Any) -> EmployeeView:
    return EmployeeView.model_validate(dict(row))


@router.put("/{email}", summary="Create or replace the employee of an address", dependencies=[needs("admin")])
async def save_employee(email: EmailAddress, body: EmployeeBody, database: DatabaseDep, actor: ActorDep) -> EmployeeView:
    async with database.transaction() as connection:
        found = await team.find_employee_by_email(connection, email)
        before = _view(found).model_dump(mode="json") if found else None
        saved = _view(await team.put_employee(connection, email, **body.model_dump()))
        await write_audit(connection, actor, Deed("employee.saved", "employee", email, before, saved.model_dump(mode="json")))
    return saved


@router.get("", summary="List the employees", dependencies=[needs(None)])
async def get_employees(database: DatabaseDep, page: PageDep) -> Page[EmployeeView]:
    async with database.connection() as connection:
        rows = await team.list_employees(connection, cursor=page.after("employees", str), size=page.size_and_one)
    return page.page("employees", rows, _view, lambda row: row["email"])
