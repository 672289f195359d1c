"""What goes wrong in a step for a reason that a person has to mend: never retried, obeys `on_error`."""

from automations.errors import EverstepError


class ExpectedFailure(EverstepError):  # noqa: N818 (the word of the model: a failure, expected or unexpected)
    """`code` never changes; the sentence names what is wrong."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
