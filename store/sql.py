"""The named queries: each `.sql` file under queries/ is an attribute, each query in it a coroutine function."""

from pathlib import Path
from typing import Any

import aiosql

QUERIES: Any = aiosql.from_path(Path(__file__).parent / "queries", "asyncpg", mandatory_parameters=False)
