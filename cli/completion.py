"""`everstep completion`: what teaches a shell to complete the commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from cyclopts import App

Shell = Literal["bash", "zsh", "fish"]


def register(app: App, read_all: Callable[[], None]) -> None:
    @app.command
    def completion(shell: Shell, /) -> None:  # pyright: ignore[reportUnusedFunction]
        """Print what teaches a shell to complete the commands.

        `everstep --install-completion` puts it where the shell looks for it.

        Example: `everstep completion bash > ~/.local/share/bash-completion/completions/everstep`
        """
        read_all()
        print(app.generate_completion(prog_name="everstep", shell=shell), end="", flush=True)
