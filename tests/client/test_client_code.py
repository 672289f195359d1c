"""The generated client says what the gateway says."""

import pytest

from deploy.client_code import CLIENT, description, files


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return files(description())


@pytest.mark.parametrize("name", ["models.py", "operations.py"])
def test_the_client_is_that_of_this_gateway(written: dict[str, str], name: str) -> None:
    assert written[name] == (CLIENT / name).read_text(encoding="utf-8"), "`make client` writes it anew"
