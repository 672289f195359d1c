"""`python -m api` serves the gateway until it is told to stop."""

import uvicorn

from activities.logs import configure_logs
from activities.settings import Settings
from api.app import create_app


async def main() -> int:
    configure_logs()
    settings = Settings.from_environment()
    config = uvicorn.Config(
        create_app(settings), host=settings.api_host, port=settings.api_port, log_config=None, timeout_graceful_shutdown=3,
        server_header=False,
    )  # fmt: skip
    await uvicorn.Server(config).serve()
    return 0


if __name__ == "__main__":
    from deploy.exits import run

    run(main)
