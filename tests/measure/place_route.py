"""Synthesis, placement and routing of an accelerator without a board, to measure it."""

from collections import Counter
from pathlib import Path

from augend.host.toolchain import placing, synthesis
from augend.host.toolchain.devices import DEVICES
from augend.host.toolchain.placing import Placed
from augend.hw.configuration import AcceleratorConfig
from augend.hw.verilog import TOP, verilog_text

from .without_link import LINK, without_link

__all__ = ["DEVICES", "Placed", "place", "synthesise"]

_WRAPPER = "placed"


def _wrapper() -> str:
    """Shift registers around the two streams, so that the design fits the pins of any device.

    A word comes in and goes out serially; nothing is optimised away, for every bit of the answers
    reaches the pin. The configuration of the FPGA sets the initial values, so there is no reset.
    """
    return f"""
module {_WRAPPER} (input clk, input serial, input give, input take, output reg out);
    reg [31:0] word, answer;
    reg valid, ready, bit_in, shift;
    wire [31:0] answers;
    wire answers_valid, host_ready;
    always @(posedge clk) begin
        bit_in <= serial;
        shift <= take;
        word <= {{word[30:0], bit_in}};
        valid <= give;
        ready <= shift;
        if (answers_valid & ready) answer <= answers;
        else answer <= {{answer[30:0], host_ready}};
        out <= answer[31];
    end
    {TOP} design (
        .clk(clk), .rst(1'b0),
        .host__payload(word), .host__valid(valid), .host__ready(host_ready),
        .answers__payload(answers), .answers__valid(answers_valid), .answers__ready(ready)
    );
endmodule
"""


def synthesise(
    config: AcceleratorConfig, device: str, folder: Path, *, link: bool
) -> dict[str, Counter]:
    """Netlist ``DEVICE.json`` in a folder, and its cells, of the host link and of the rest.

    Parameters
    ----------
    config
        What to build.
    device
        One of ``DEVICES``.
    folder
        Where the files go.
    link
        With the host link; else registers stand in its place, so that the engine is placed alone.

    Returns
    -------
    dict
        For ``link`` and ``engine`` (the rest) the number of cells of each resource.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = verilog_text(config)
    design = (text if link else without_link(text)) + _wrapper()
    (folder / f"{device}.v").write_text(design)
    apart = [TOP, *(f"{TOP}.{part}" for part in LINK)]
    cells = synthesis.synthesise(DEVICES[device], folder, _WRAPPER, device, apart)
    of_link = (cells.get(name, Counter()) for name in apart[1:])
    return {"link": sum(of_link, Counter()), "engine": cells[TOP]}


def place(device: str, folder: Path, *, seed: int, megahertz: float) -> Placed:
    """Place and route the netlist that ``synthesise`` left, aiming at a clock frequency."""
    target = DEVICES[device]
    return placing.place(
        target, folder, device, seed=seed, megahertz=megahertz, options=target.package
    )
