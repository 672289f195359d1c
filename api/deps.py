"""What routers ask for, as annotated dependencies."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from temporalio.client import Client

from activities.definitions import Definitions
from activities.settings import Settings
from api.connections import Connections
from api.executions.starting import TemporalWatch
from api.pages import PageRequest
from store.database import Database


def _connections(request: Request) -> Connections:
    return request.app.state.connections


def _definitions(request: Request) -> Definitions:
    return request.app.state.definitions


def _settings(request: Request) -> Settings:
    return request.app.state.settings


ConnectionsDep = Annotated[Connections, Depends(_connections)]
DefinitionsDep = Annotated[Definitions, Depends(_definitions)]
SettingsDep = Annotated[Settings, Depends(_settings)]
PageDep = Annotated[PageRequest, Depends()]


async def _database(connections: ConnectionsDep) -> Database:
    return await connections.database.get()


async def _temporal(connections: ConnectionsDep) -> Client:
    return await connections.temporal.get()


def _temporal_watch(request: Request) -> TemporalWatch:
    return request.app.state.temporal_watch


TemporalWatchDep = Annotated[TemporalWatch, Depends(_temporal_watch)]
DatabaseDep = Annotated[Database, Depends(_database)]
TemporalDep = Annotated[Client, Depends(_temporal)]


def _made_id(request: Request) -> UUID | None:
    return getattr(request.state, "made_id", None)


MadeIdDep = Annotated[UUID | None, Depends(_made_id)]
"""The id for what a request under an Idempotency-Key makes: the same each time it is tried. None without a key."""
