"""The named queries: each `.sql` file under queries/ is an attribute, each query in it a coroutine function."""

from pathlib import Path
from typing import Any, cast

import aiosql
from aiosql.adapters.asyncpg import AsyncPGAdapter

from automations.storable import storable_text


class _StorableParameters(AsyncPGAdapter):
    """Cleans each text on its way into a query; what goes into jsonb is cleaned by its codec."""

    def maybe_order_params(self, query_name: str, parameters: Any) -> Any:
        ordered: Any = super().maybe_order_params(query_name, parameters)
        return [_cleaned(value) for value in ordered]


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return storable_text(value)
        case list():
            return [storable_text(each) if isinstance(each, str) else each for each in cast("list[Any]", value)]
        case _:
            return value


QUERIES: Any = aiosql.from_path(Path(__file__).parent / "queries", _StorableParameters, mandatory_parameters=False)  # pyright: ignore[reportArgumentType]
