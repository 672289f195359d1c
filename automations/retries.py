"""The retry ladder of steps that fail unexpectedly."""

from datetime import timedelta

RETRY_WAITS = (timedelta(seconds=30), timedelta(seconds=90), timedelta(minutes=8), timedelta(minutes=62.5))
"""Between the attempts; after the last one the step has failed."""

MAX_ATTEMPTS = len(RETRY_WAITS) + 1
