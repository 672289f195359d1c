"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Limit = Annotated[int, Parameter(name=["--limit", "-n"], help="At most so many", show_default=True)]
Yes = Annotated[bool, Parameter(name=["--yes", "-y"], negative="", help="Do not ask")]
Why = Annotated[str, Parameter(help="Kept in the history and in the audit log")]
By = Annotated[str, Parameter(help="Who asks; without it the API key's name is kept")]
Variables = Annotated[
    list[str] | None,
    Parameter(name=["--variable", "-v"], help="name=value, in place of the variable's sources; may be given several times"),
]
Values = Annotated[list[str] | None, Parameter(name=["--value", "-v"], help="field=value; may be given several times")]
Seconds = Annotated[float, Parameter(help="Seconds to wait at most", show_default=True)]
Flag = Annotated[bool, Parameter(negative="")]
Follow = Annotated[bool, Parameter(name=["--follow", "-f"], negative="", help="Until it is over")]
File = Annotated[Path | None, Parameter(name=["--file", "-f"])]
Files = Annotated[
    list[Path],
    Parameter(name=["--file", "-f"], help="A file, or a directory with all below it; may be given several times"),
]
