"""What Temporal keeps, in clear for the Temporal Web UI: a remote codec, and the page to sign in on."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads

from activities.codec import EncryptionCodec
from activities.encryption import SealedError, needed
from api.access import missing
from api.deps import DatabaseDep, SettingsDep
from api.errors import RefusedError
from api.middleware.authentication import Caller, bearer, caller_of
from api.security.codec_pages import sign_in_page
from api.security.codec_sessions import COOKIE, LASTS, Sessions

router = APIRouter(prefix="/codec", tags=["codec"])


def _sessions(settings: SettingsDep) -> Sessions:
    """Raises NoEncryptionKeyError."""
    return Sessions(needed(settings.keyring))


SessionsDep = Annotated[Sessions, Depends(_sessions)]


async def _reader(request: Request, sessions: SessionsDep, database: DatabaseDep) -> None:
    """Lets in who may see every automation: by an API key, or by the session that one began."""
    now, key, cookie = datetime.now(UTC), bearer(request.headers.get("authorization")), request.cookies.get(COOKIE)
    async with database.connection() as connection:
        if key is None and cookie is not None:
            require_reader(await sessions.caller(connection, cookie, now))
        else:
            require_reader(await caller_of(connection, key, now))


def require_reader(caller: Caller) -> None:
    if not caller.access.reach("automations:view").everywhere:
        raise missing("automations:view")


async def _coded(request: Request, code: Callable[[Sequence[Payload]], Awaitable[list[Payload]]]) -> Response:
    """Payloads in the JSON of Protocol Buffers, and so the answer."""
    try:
        payloads = json_format.Parse(await request.body(), Payloads(), ignore_unknown_fields=True).payloads
        coded = Payloads(payloads=await code(payloads))
    except (json_format.ParseError, UnicodeDecodeError) as error:
        raise RefusedError(400, "invalid_payloads", "The body is no JSON of Temporal's Payloads.") from error
    except SealedError as error:
        raise RefusedError(422, error.code, error.sentence) from error
    return Response(json_format.MessageToJson(coded), media_type="application/json")


@router.post("/decode", summary="Decrypt payloads of Temporal", dependencies=[Depends(_reader)])
async def decode_payloads(request: Request, settings: SettingsDep) -> Response:
    """As the Temporal Web UI asks for them. One that is not encrypted is answered as it is."""
    return await _coded(request, EncryptionCodec(needed(settings.keyring)).decode)


@router.post("/encode", summary="Encrypt payloads for Temporal", dependencies=[Depends(_reader)])
async def encode_payloads(request: Request, settings: SettingsDep) -> Response:
    """For signals that are sent from the Temporal Web UI."""
    return await _coded(request, EncryptionCodec(needed(settings.keyring)).encode)


@router.get("/sign-in", include_in_schema=False)
async def show_sign_in(request: Request, settings: SettingsDep, sessions: SessionsDep, database: DatabaseDep) -> HTMLResponse:
    try:
        async with database.connection() as connection:
            await sessions.caller(connection, request.cookies.get(COOKIE, ""), datetime.now(UTC))
    except RefusedError:
        return sign_in_page(_endpoint(request), settings.web_ui_url)
    return sign_in_page(_endpoint(request), settings.web_ui_url, signed_in=True)


def _endpoint(request: Request) -> str:
    return f"{request.base_url}codec"


@router.post("/sign-in", include_in_schema=False)
async def sign_in(request: Request, settings: SettingsDep, sessions: SessionsDep, database: DatabaseDep) -> Response:
    """A session of twelve hours, ended before that by revoking the key."""
    form, now = parse_qs((await request.body()).decode(errors="replace")), datetime.now(UTC)
    try:
        async with database.connection() as connection:
            caller = await caller_of(connection, form.get("key", [""])[0].strip() or None, now)
        require_reader(caller)
    except RefusedError as error:
        return sign_in_page(_endpoint(request), settings.web_ui_url, refused=error)
    response = RedirectResponse("/codec/sign-in", status_code=303)
    response.set_cookie(
        COOKIE, sessions.begun(caller.key_id, now), max_age=int(LASTS.total_seconds()), path="/codec", httponly=True,
        samesite="strict", secure=request.url.scheme == "https",
    )  # fmt: skip
    return response


@router.post("/sign-out", include_in_schema=False)
async def sign_out() -> RedirectResponse:
    response = RedirectResponse("/codec/sign-in", status_code=303)
    response.delete_cookie(COOKIE, path="/codec", httponly=True, samesite="strict")
    return response
