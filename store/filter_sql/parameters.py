"""The parameters of a statement that is put together: values never stand in its text."""

from functools import cache
from typing import Any

_LETTERS = range(0x80, 0x20000)


class Parameters:
    """Values by the numbers under which the statement names them."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._of_letters: str | None = None

    def add(self, value: Any, type: str) -> str:
        """What stands for the value, as `$3::text`."""
        self.values.append(value)
        return f"${len(self.values)}::{type}"

    def caseless(self, text: str) -> str:
        """The text in lower case exactly as Python writes it, whatever the collation of the database.

        Text of ASCII alone, which is most, is spared the table of letters.
        """
        if self._of_letters is None:
            upper, lower = _lower_case()
            self._of_letters = f"{self.add(upper, 'text')}, {self.add(lower, 'text')}"
        # The one letter that becomes two.
        others = f"translate(replace({text}, 'İ', 'i̇'), {self._of_letters})"
        return f'case when octet_length({text}) = length({text}) then lower({text} collate "C") else {others} end'


@cache
def _lower_case() -> tuple[str, str]:
    """Letters and what each becomes, by the tables of this Python; the sigma of a word's end becomes the common one."""
    single = {letter: letter.lower() for letter in map(chr, _LETTERS) if len(letter.lower()) == 1 and letter != letter.lower()}
    ascii = {chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)}
    table = {**ascii, **single, "ς": "σ"}
    return "".join(table), "".join(table.values())
