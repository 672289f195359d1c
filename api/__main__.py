"""`python -m api` serves the gateway until it is told to stop."""

from activities.logs import configure_logs
from activities.settings import Settings
from api.serving import server


async def main() -> int:
    configure_logs()
    await server(Settings.from_environment()).serve()
    return 0


if __name__ == "__main__":
    from deploy.exits import run

    run(main)
