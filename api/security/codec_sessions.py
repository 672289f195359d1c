"""Sessions of people who read in the Temporal Web UI: a cookie that names the API key they showed, sealed and for a while."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel

from activities.encryption import Keyring, SealedError
from api.errors import RefusedError
from api.middleware.authentication import Caller, let_in
from store.api_keys import read_api_key
from store.database import Connection

COOKIE = "everstep_codec"
LASTS = timedelta(hours=12)
_PLACE = "codec-session"


class _Session(BaseModel):
    key_id: UUID
    until: datetime


class Sessions:
    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def begun(self, key_id: UUID, now: datetime) -> str:
        """The cookie's value."""
        session = _Session(key_id=key_id, until=now + LASTS)
        return urlsafe_b64encode(self._keyring.seal(session.model_dump_json().encode(), _PLACE)).decode()

    async def caller(self, connection: Connection, cookie: str, now: datetime) -> Caller:
        """Raises RefusedError 401 once the session or its key is over."""
        session = self._read(cookie)
        if session is None or session.until <= now:
            raise RefusedError(401, "session_over", "The session is over: sign in again at /codec/sign-in.")
        return await let_in(connection, await read_api_key(connection, session.key_id), now)

    def _read(self, cookie: str) -> _Session | None:
        try:
            return _Session.model_validate_json(self._keyring.open(urlsafe_b64decode(cookie), _PLACE))
        except (binascii.Error, ValueError, SealedError):
            return None
