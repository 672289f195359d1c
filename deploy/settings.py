"""Where the services are, if they are not to be started here. Everything may be left out."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LocalSettings(BaseSettings):
    """Read from the environment: EVERSTEP_TEMPORAL_ADDRESS and so on, and DATABASE_URL.

    Only the demo and the test fixtures read it; the service classes take what they need as arguments.
    """

    model_config = SettingsConfigDict(env_prefix="EVERSTEP_")

    temporal_address: str | None = None
    temporal_ui_address: str | None = None
    temporal_cli: Path | None = None
    temporal_test_server: Path | None = None
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
