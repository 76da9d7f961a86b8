"""The potential memory: membrane potentials, one word read and one word written a clock."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.memory import NO_COLLISION
from augend.hw.parity import check_parity, damage_ports, later

__all__ = ["PotentialMemory"]


class PotentialMemory(wiring.Component):
    """Memory for read-modify-write: read issued in clock c, data in c + 2, write-back in c + 3.

    Behaves as if every write-back came before the next read. The two kinds reach that differently:
    ``block`` asks the issuer to hold while the same word is one to three clocks under way;
    ``distributed`` reads unclocked in c + 2 and forwards what is being written in that clock.
    Sweeps write back in c + 4 and do not come back to a word within five clocks.

    Members
    -------
    issue, issue_address : In
        Read of a word, to be written back.
    beat, beat_address : In
        Of these, the reads of additions.
    candidate, candidate_address : In
        The read that would be issued in the next clock were it not for ``hold``.
    hold : Out
        The candidate of the clock before must not be issued in this clock.
    data : Out
        The word whose read was issued two clocks ago.
    write, write_address, write_data : In
        Write-back.
    damaged : Out
        With parity: see ``damage_ports``.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        width = config.lanes * config.potential_bits
        address = config.potential_address
        super().__init__(
            {
                "issue": In(1),
                "issue_address": In(address),
                "beat": In(1),
                "beat_address": In(address),
                "candidate": In(1),
                "candidate_address": In(address),
                "hold": Out(1),
                "data": Out(width),
                "write": In(1),
                "write_address": In(address),
                "write_data": In(width),
                **damage_ports(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory of the configured kind."""
        m = Module()
        config = self._config
        # An unclocked read leaves no choice but distributed RAM, or registers where there is none.
        style = {"ram_style": "block"} if config.potential_memory == "block" else {}
        m.submodules.memory = words = memory.Memory(
            shape=config.lanes * config.potential_bits,
            depth=config.potential_words,
            init=[],
            attrs=NO_COLLISION | style,
        )
        write = words.write_port()
        m.d.comb += [
            write.en.eq(self.write),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
        ]
        if config.potential_memory == "block":
            read = self._block(m, words)
        else:
            read = self._distributed(m, words)
        if config.parity:
            unclocked = config.potential_memory == "distributed"
            check_parity(
                m,
                self,
                "potential",
                write=(self.write, self.write_address, self.write_data),
                read=(1, read.addr),
                row=self.data,
                comes=later(m, self.issue, 2),
                depth=config.potential_words,
                latency=0 if unclocked else 2,
                forwards=unclocked,
            )
        return m

    def _block(self, m: Module, words: memory.Memory) -> memory.ReadPort:
        read = words.read_port()
        m.d.comb += read.addr.eq(self.issue_address)
        word = Signal.like(self.data, reset_less=True)
        m.d.sync += word.eq(read.data)
        m.d.comb += self.data.eq(word)
        valid = self.beat
        address = self.beat_address
        collisions = []
        for distance in range(1, 4):
            collisions.append(valid & (address == self.candidate_address))
            earlier_valid = Signal(name=f"valid_{distance}")
            earlier = Signal(self._config.potential_address, name=f"address_{distance}")
            m.d.sync += [earlier_valid.eq(valid), earlier.eq(address)]
            valid, address = earlier_valid, earlier
        m.d.sync += self.hold.eq(self.candidate & Cat(collisions).any())
        return read

    def _distributed(self, m: Module, words: memory.Memory) -> memory.ReadPort:
        read = words.read_port(domain="comb")
        address_1 = Signal(self._config.potential_address)
        address_2 = Signal(self._config.potential_address)
        m.d.sync += [address_1.eq(self.issue_address), address_2.eq(address_1)]
        m.d.comb += [read.addr.eq(address_2), self.data.eq(read.data)]
        with m.If(self.write & (self.write_address == address_2)):
            m.d.comb += self.data.eq(self.write_data)
        return read
