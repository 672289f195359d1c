"""Which nodes of a graph lie on a cycle."""

from hypothesis import given
from hypothesis import strategies as st

from automations.checks.cycles import on_cycles

NODES = "abcdefg"
GRAPHS = st.fixed_dictionaries({node: st.lists(st.sampled_from(NODES), max_size=3) for node in NODES})


def comes_back(graph: dict[str, list[str]], start: str) -> bool:
    reached = set(graph[start])
    for _ in graph:
        reached |= {each for node in reached for each in graph[node]}
    return start in reached


@given(GRAPHS)
def test_a_node_is_on_a_cycle_if_a_walk_comes_back_to_it(graph: dict[str, list[str]]) -> None:
    assert on_cycles(graph) == {node for node in graph if comes_back(graph, node)}
