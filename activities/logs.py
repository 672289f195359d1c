"""One log for a process: its own lines and those of the libraries below it, alike."""

import logging
import sys
from typing import Any

import structlog


def configure_logs(level: int = logging.INFO) -> None:
    """Lines for people on a terminal, one JSON object a line elsewhere."""
    shared = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    shown = [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)] if sys.stderr.isatty() else _json()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shown]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("httpx2", "httpx", "uvicorn.access", "pogo_core"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _json() -> list[Any]:
    """Tracebacks without the values of variables: a log is no place for what records and requests hold."""
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=10)
    return [structlog.processors.ExceptionRenderer(tracebacks), structlog.processors.JSONRenderer(default=str)]
