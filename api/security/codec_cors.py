"""Who may ask the codec from a browser: the Temporal Web UI of the settings, with its cookies, and no other page."""

from urllib.parse import urlsplit

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/codec/"


class CodecCors:
    """Answers for the codec's paths before the rules of all other paths are asked."""

    def __init__(self, app: ASGIApp, web_ui_url: str | None) -> None:
        self._app = app
        self._codec = CORSMiddleware(
            app, allow_origins=[_origin(web_ui_url)] if web_ui_url else [], allow_methods=["POST"], allow_credentials=True,
            allow_headers=["Authorization", "Content-Type", "X-Namespace"],
        )  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_codec = scope["type"] == "http" and scope["path"].startswith(PATH)
        await (self._codec if is_codec else self._app)(scope, receive, send)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
