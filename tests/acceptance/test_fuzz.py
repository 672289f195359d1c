"""A small case of `make fuzz`."""

from pathlib import Path

import pytest

from tests.fuzz.__main__ import fuzz, subject


@pytest.mark.timeout(240)
async def test_no_request_made_of_the_description_breaks_the_gateway(tmp_path: Path) -> None:
    async with subject(tmp_path) as stack:
        assert await fuzz(stack, 5, seed=6) == 0
