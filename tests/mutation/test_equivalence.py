"""Whether proofs of mutants tell those that can be seen from those that cannot."""

import pytest

from tests.mutation.circuit import read_circuit
from tests.mutation.equivalence import Induction
from tests.mutation.extract import Memory

ALONE = """aag 4 2 1 1 1
2
4
6 8
{out}
8 4 3
i0 mutant[0]
i1 a
o0 out
"""
"""A register takes ``a``, and 0 in the mutant."""

A, REGISTER, NEVER, ALWAYS = 4, 6, 0, 1

BESIDE_A_MEMORY = """aag 6 4 1 5 1
2
4
10
12
6 8
{address}
0
{data}
{enable}
{out}
8 4 3
i0 mutant[0]
i1 a
i2 memory_0_RD_DATA
i3 b
o0 memory_0_RD_ADDR
o1 memory_0_WR_ADDR
o2 memory_0_WR_DATA
o3 memory_0_WR_EN
o4 out
"""
READ = 10
MEMORY = Memory(name="memory_0", width=1, address=1, reads=1, writes=1)


def is_same(tmp_path, text, memories=()):
    """Whether mutant 1 is proved the same."""
    file = tmp_path / "proof.aag"
    file.write_text(text)
    return Induction(read_circuit(file), memories, tmp_path).same(1)


@pytest.mark.parametrize(("out", "same"), [(A, True), (REGISTER, False)])
def test_that_a_register_that_nobody_reads_may_differ(tmp_path, out, same):
    """The register of the mutant differs; it is another mutant where that is put out."""
    assert is_same(tmp_path, ALONE.format(out=out)) == same


@pytest.mark.parametrize(
    ("address", "data", "enable", "out", "same"),
    [
        (A, REGISTER, NEVER, READ, True),
        (A, REGISTER, ALWAYS, READ, False),
        (A, A, REGISTER, READ, False),
        (REGISTER, A, ALWAYS, READ, False),
        (REGISTER, A, ALWAYS, A, True),
    ],
    ids=["not written", "written", "enabled", "another address", "read in vain"],
)
def test_that_memories_hold_the_same(tmp_path, address, data, enable, out, same):
    """What is written must be the same; what is read from elsewhere may differ, unless it shows."""
    text = BESIDE_A_MEMORY.format(address=address, data=data, enable=enable, out=out)
    assert is_same(tmp_path, text, [MEMORY]) == same
