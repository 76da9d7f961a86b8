"""Words that two populations hold at one time are never the same, and free ones are used again."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from augend.gen.memory_plan import Hold, current_hold, lead_hold, plan, potential_hold

from .test_place import chain, pooled


@st.composite
def holds(draw):
    first = draw(st.integers(0, 6))
    return Hold(
        words=draw(st.integers(1, 9)), first=first, last=draw(st.integers(first, first + 4))
    )


@given(st.lists(holds(), max_size=8))
def test_what_is_held_at_one_time_lies_apart(held) -> None:
    found = plan(held)
    ranges = [range(base, base + h.words) for base, h in zip(found.bases, held, strict=True)]
    sharing = set()
    for i, j in combinations(range(len(held)), 2):
        common = range(max(ranges[i].start, ranges[j].start), min(ranges[i].stop, ranges[j].stop))
        assert not (common and held[i].meets(held[j]))
        sharing |= {i, j} if common else set()
    assert [i in sharing for i in range(len(held))] == list(found.shared)
    assert found.words == max((r.stop for r in ranges), default=0)
    phases = [sum(h.words for h in held if h.first <= p <= h.last) for p in range(11)]
    assert max(phases) <= found.words <= sum(h.words for h in held)


def test_words_are_used_again_once_they_are_free() -> None:
    held = [Hold(words=4, first=i, last=i + 1) for i in range(5)]
    found = plan(held)
    assert found.words == 8
    assert all(found.shared)


def test_a_population_holds_its_words_from_its_first_spikes_to_its_own_phase() -> None:
    network = chain(schedule="phased")
    hidden, scores = network.populations
    assert potential_hold(network, hidden, 5) == Hold(words=5, first=0, last=1)
    assert potential_hold(network, scores, 5) == Hold(words=5, first=1, last=2)


def test_all_is_held_for_ever_in_the_synchronous_schedule() -> None:
    network = chain()
    held = [potential_hold(network, p, 1) for p in network.populations]
    held += [current_hold(network, p, 1) for p in network.populations]
    assert {(h.first, h.last) for h in held} == {(0, 3)}


def test_what_leads_is_held_while_the_source_fires() -> None:
    for schedule, phases in (("phased", (1, 1)), ("synchronous", (0, 3))):
        network = pooled(schedule=schedule)
        held = lead_hold(network, network.gates[0], 4)
        assert (held.first, held.last) == phases
