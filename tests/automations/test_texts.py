"""What a text says."""

import pytest

from automations.texts import is_start, is_stop, says


@pytest.mark.parametrize("body", ["STOP", " stop. ", "StopAll", "unsubscribe", "Cancel!", "END", '"quit"'])
def test_one_word_alone_stops_texts(body: str) -> None:
    assert is_stop(body)
    assert not is_start(body)


@pytest.mark.parametrize("body", ["", "please stop", "Stop it", "STOPPED", "start", "the end"])
def test_nothing_else_does(body: str) -> None:
    assert not is_stop(body)


def test_start_lets_them_come_again_and_yes_is_an_answer() -> None:
    assert is_start("Start")
    assert is_start("UNSTOP ")
    assert not is_start("yes")


@pytest.mark.parametrize(
    ("body", "words", "found"),
    [
        ("Yes, please!", "yes", True),
        ("yesterday", "yes", False),
        ("Call, me at 5", "call me", True),
        ("call him", "call me", False),
        ("GRÖSSE straße", "größe STRASSE", True),
        ("", "yes", False),
    ],
)
def test_words_are_found_whole_and_whatever_their_case(body: str, words: str, found: bool) -> None:
    assert says(body, words) is found
