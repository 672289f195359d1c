"""Which nodes of a graph lie on a cycle, in time linear in its edges and without recursion (Kosaraju's two passes)."""

from collections.abc import Iterator, Mapping, Sequence

Graph = Mapping[str, Sequence[str]]


def on_cycles(graph: Graph) -> frozenset[str]:
    """The nodes that one can come back to."""
    backward = _reversed(graph)
    grouped: set[str] = set()
    found: set[str] = set()
    for start in reversed(list(_left(graph))):
        if start not in grouped:
            group = _reached(backward, start, grouped)
            grouped |= group
            if len(group) > 1 or start in graph[start]:
                found |= group
    return frozenset(found)


def _left(graph: Graph) -> Iterator[str]:
    """The nodes in the order in which a walk in depth leaves them."""
    seen: set[str] = set()
    for start in graph:
        waiting: list[tuple[str, Iterator[str]]] = [] if start in seen else [(start, iter(graph[start]))]
        seen.add(start)
        while waiting:
            rest = waiting[-1][1]
            fresh = next((each for each in rest if each not in seen), None)
            if fresh is None:
                yield waiting.pop()[0]
            else:
                seen.add(fresh)
                waiting.append((fresh, iter(graph[fresh])))


def _reversed(graph: Graph) -> Graph:
    backward: dict[str, list[str]] = {node: [] for node in graph}
    for node, following in graph.items():
        for each in following:
            backward[each].append(node)
    return backward


def _reached(graph: Graph, start: str, but: set[str]) -> set[str]:
    found = {start}
    waiting = [start]
    while waiting:
        fresh = [each for each in graph[waiting.pop()] if each not in found and each not in but]
        found.update(fresh)
        waiting += fresh
    return found
