"""What a deployment may set, read from the environment as EVERSTEP_DATABASE_URL and so on."""

import json
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, FilePath, PositiveInt, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from activities.allow_list import AllowList
from activities.encryption import Keyring, keyring_of
from activities.mail_addresses import read_mailbox


def _listed(raw: object) -> object:
    """From the environment: a JSON list, or what stands between commas."""
    if not isinstance(raw, str):
        return raw
    if raw.lstrip().startswith("["):
        return json.loads(raw)
    return [part.strip() for part in raw.split(",") if part.strip()]


def _allowed(written: tuple[str, ...]) -> tuple[str, ...]:
    AllowList(written)
    return written


def _base_url(written: str) -> str:
    found = urlsplit(written.strip().rstrip("/"))
    if found.scheme not in ("http", "https") or not found.hostname or found.query or found.fragment:
        raise ValueError("is the beginning of addresses, such as https://crm.example.com")
    return found.geturl()


def _keys(written: SecretStr | None) -> SecretStr | None:
    """Nothing written is no key."""
    if written is None or not written.get_secret_value().strip():
        return None
    keyring_of(written.get_secret_value())
    return written


def _mailbox(written: str) -> str:
    read_mailbox(written)
    return written


def _bare_address(written: str) -> str:
    return read_mailbox(written).addr_spec


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


class Settings(BaseSettings):
    """Everything but the database has a default; nothing secret has one."""

    model_config = SettingsConfigDict(env_prefix="EVERSTEP_", frozen=True, hide_input_in_errors=True)

    database_url: str = Field(repr=False)  # it may hold a password
    database_pool: PositiveInt = 10
    temporal_address: str = "127.0.0.1:7233"
    temporal_namespace: str = "default"
    workflow_sandbox: bool = False

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=1025, ge=1, le=65535)
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_tls: Literal["none", "starttls", "tls"] = "none"
    smtp_ca_file: FilePath | None = None
    """Certificates, in PEM, that the mail server's may be signed by besides those that the system trusts."""
    smtp_connections: PositiveInt = 4
    mail_from: Annotated[str, AfterValidator(_mailbox)] = "Everstep <automations@example.com>"
    mail_bounces_to: Annotated[str, AfterValidator(_bare_address)] | None = None
    """Where servers send what they could not deliver; left out: to the address of `mail_from`."""

    text_provider: Literal["twilio", "none"] = "none"
    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_from: str | None = None
    """One of the account's numbers, or a messaging service (`MG…`)."""

    twilio_base_url: Annotated[str, AfterValidator(_base_url)] = "https://api.twilio.com"

    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8000, ge=0, le=65535)
    queue_prefix: str = "everstep"
    low_slots: PositiveInt = 2
    web_ui_url: str | None = None
    public_url: Annotated[str, AfterValidator(_base_url)] | None = None
    """Where people and providers reach the gateway: for the links in mails, and for what is told of texts."""

    max_step_runs: PositiveInt = 10_000
    max_visits: PositiveInt = 1_000
    max_visits_without_wait: PositiveInt = 100
    steps_per_run: PositiveInt = 2_000
    max_chain_depth: PositiveInt = 16
    max_starts_in_chain: PositiveInt = 5
    max_starts_per_minute: PositiveInt = 1_000
    bulk_starts_per_second: PositiveInt = 50
    bulk_requests_per_second: PositiveInt = 20
    max_missing_workflows: PositiveInt = 5
    """More open executions than that without a workflow: an operator decides what becomes of them."""

    encryption_keys: Annotated[SecretStr | None, AfterValidator(_keys)] = None
    """Base64 of 32 bytes each, separated by commas: the first encrypts, all decrypt."""

    http_allow: Annotated[Listed, AfterValidator(_allowed)] = ()
    """What HTTP steps may reach although it is not public: `activities/allow_list.py` says how it is written."""

    cors_origins: Listed = ()
    requests_per_minute: PositiveInt = 6_000
    max_streams: PositiveInt = 200
    document_bytes: PositiveInt = 512 * 1024
    variables_bytes: PositiveInt = 2 * 1024 * 1024
    """Of all the variables of one execution, as JSON: each of its steps reads them."""
    webhook_bytes: PositiveInt = 1024 * 1024
    file_bytes: PositiveInt = 10 * 1024 * 1024

    @property
    def keyring(self) -> Keyring | None:
        return keyring_of(self.encryption_keys.get_secret_value()) if self.encryption_keys else None

    @classmethod
    def from_environment(cls) -> "Settings":
        """Ends the process with a line for each variable that is missing or wrong."""
        try:
            return cls()  # pyright: ignore[reportCallIssue] (the environment gives what is not given here)
        except ValidationError as error:
            wrong = (f"EVERSTEP_{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors(include_input=False))
            raise SystemExit("\n".join(wrong)) from None
