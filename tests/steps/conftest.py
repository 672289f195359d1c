"""One house for all tests of steps in a process: starting a worker for each would take longer than they do."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from pydantic import SecretStr
from temporalio.client import Client

from activities.settings import Settings
from deploy.mail import MailSink
from deploy.postgres import LocalPostgres
from deploy.text_sink import ACCOUNT_SID, AUTH_TOKEN, NUMBER, TextSink
from store.database import Database
from tests.engine import Engine
from tests.fixtures.postgres import dropped_after
from tests.keys import ENCRYPTION_KEY
from tests.steps.house import House


@pytest.fixture(scope="session")
async def house_mail(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MailSink]:
    sink = MailSink(tmp_path_factory.mktemp("mail"))
    await sink.start()
    yield sink
    await sink.stop()


@pytest.fixture(scope="session")
async def house_texts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TextSink]:
    sink = TextSink(tmp_path_factory.mktemp("texts"))
    await sink.start()
    yield sink
    await sink.stop()


@pytest.fixture(scope="session")
async def house(
    postgres: LocalPostgres, _template: str, temporal_client: Client, house_mail: MailSink, house_texts: TextSink
) -> AsyncIterator[House]:
    async with dropped_after(postgres, f"everstep_house_{uuid4().hex}", _template) as url:
        settings = Settings(
            database_url=url, smtp_host=house_mail.host, smtp_port=house_mail.port, workflow_sandbox=True,
            queue_prefix=urlsplit(url).path.strip("/"), http_allow=("127.0.0.1",), encryption_keys=SecretStr(ENCRYPTION_KEY),
            public_url="http://gateway", text_provider="twilio", twilio_account_sid=ACCOUNT_SID,
            twilio_auth_token=SecretStr(AUTH_TOKEN), twilio_from=NUMBER, twilio_base_url=house_texts.address,
        )  # fmt: skip
        database = await Database.connect(url)
        async with Engine(database, temporal_client, settings).working(making_up=True) as engine:
            house = House(engine)
            await house.furnish()
            yield house
        await database.close()
