"""Ids that sort by the time they were made, so that lists page by them and indexes grow at one end."""

from uuid import UUID

from uuid_utils import compat

NIL = UUID(int=0)
"""Before every other: where a list begins."""


def new_id() -> UUID:
    return compat.uuid7()
