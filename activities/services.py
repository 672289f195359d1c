"""What activities work with; made once in a worker."""

from dataclasses import dataclass

import httpx2
from temporalio.client import Client

from activities.definitions import Definitions
from activities.mailing import SendMail, send
from activities.settings import Settings
from activities.text_providers import SendText
from activities.text_providers import send as send_text
from store.database import Database


@dataclass(frozen=True)
class Services:
    settings: Settings
    database: Database
    temporal: Client
    http: httpx2.AsyncClient
    definitions: Definitions
    send_mail: SendMail = send
    send_text: SendText = send_text
