"""What a text says: words to go by, and those with which people stop texts and let them come again."""

import re

STOP_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit"})
START_WORDS = frozenset({"start", "unstop"})
_WORD = re.compile(r"\w+")


def is_stop(body: str) -> bool:
    """Nothing but one of the words after which a number must get no more texts."""
    return _only_word(body) in STOP_WORDS


def is_start(body: str) -> bool:
    return _only_word(body) in START_WORDS


def _only_word(body: str) -> str:
    return body.strip().strip(".!\"'").casefold()


def says(body: str, words: str) -> bool:
    """Whether the words stand in the text, whole and in this order, whatever their case and what stands between them."""
    return f" {_words(words)} " in f" {_words(body)} "


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
