"""`/docs`: the description of the gateway to read and to try, with nothing from elsewhere."""

from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response

_STATIC = Path(fastapi_offline.__file__).parent / "static"
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css", "favicon.png": "image/png"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_A_DAY = {"Cache-Control": "public, max-age=86400"}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Everstep</title>
<link rel="icon" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
<div id="description"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</html>
"""
# The key stays in the page: what is kept by a browser is read by others who use it.
_SCRIPT = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#description", deepLinking: true, docExpansion: "none", filter: true, validatorUrl: null,
  persistAuthorization: false, presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
"""


def add_docs(app: FastAPI) -> None:
    async def page() -> HTMLResponse:
        return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})

    async def script() -> Response:
        return Response(_SCRIPT, media_type="text/javascript")

    app.get("/docs", include_in_schema=False)(page)
    app.get("/docs/start.js", include_in_schema=False)(script)
    for name, media_type in _ASSETS.items():
        app.get(f"/docs/{name}", include_in_schema=False)(_sends(name, media_type))


def _sends(name: str, media_type: str):
    async def asset() -> FileResponse:
        return FileResponse(_STATIC / name, media_type=media_type, headers=_A_DAY)

    return asset
