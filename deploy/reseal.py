"""`python -m deploy.reseal` brings all secrets under the first of EVERSTEP_ENCRYPTION_KEYS, and says how many.

After it an older key is needed only for what Temporal still keeps of executions that began under it.
"""

from __future__ import annotations

from activities.encryption import NoEncryptionKeyError
from activities.logs import configure_logs
from activities.resealing import reseal
from activities.settings import Settings
from deploy.exits import run
from store.database import Database


async def main() -> int:
    configure_logs()
    settings = Settings.from_environment()
    if settings.keyring is None:
        raise SystemExit(NoEncryptionKeyError().sentence)
    database = await Database.connect(settings.database_url, size=1)
    try:
        await database.migrate()
        print(f"{await reseal(database, settings.keyring)} secrets were encrypted anew.")
    finally:
        await database.close()
    return 0


if __name__ == "__main__":
    run(main)
