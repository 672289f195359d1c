from __future__ import annotations

import asyncio
import socket

from deploy.ports import announced_port, free_port, is_answering, is_free


def test_a_free_preferred_port_is_chosen_without_a_word() -> None:
    port, said = free_port(), list[str]()
    assert announced_port(port, "Temporal", said.append) == port
    assert said == []


def test_a_taken_port_is_replaced_and_one_line_says_so() -> None:
    said = list[str]()
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        chosen = announced_port(taken, "Temporal", said.append)
    assert chosen != taken
    assert is_free(chosen)
    assert said == [f"Temporal: port {taken} is taken, using {chosen} instead"]


async def test_only_a_listening_port_is_answering() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await is_answering("127.0.0.1", port)
    server.close()
    await server.wait_closed()
    assert not await is_answering("127.0.0.1", port)
