"""The accelerator's engine alone: registers in place of the modules that serve the host."""

import re

from augend.hw.verilog import TOP

__all__ = ["LINK", "without_link"]

LINK = ("receiver", "sender", "controller")
"""Parts of the accelerator that serve the host link."""


def without_link(text: str) -> str:
    """Verilog of a design whose host link is replaced by registers.

    What a module of the link would drive comes out of a shift register; what it would read goes
    into registers, is folded to one bit, four to one a clock, and is shifted in. So nothing is
    optimised away, and every path to and from the link ends in a register.
    """
    for part in LINK:
        head = f"module \\{TOP}.{part} "
        begin = text.index(head)
        end = text.index("endmodule", begin)
        text = text[:begin] + _registers(head, text[begin:end]) + text[end:]
    return text


def _registers(head: str, module: str) -> str:
    """The module with the same ports that only keeps and shifts."""
    found = re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\S+) ?;$", module, re.M)
    ports = {name: (way, int(high or 0) + 1) for way, high, name in found}
    read = [n for n, (way, _) in ports.items() if way == "input" and n not in ("clk", "rst")]
    driven = [n for n, (way, _) in ports.items() if way == "output"]
    lines = [f"{head}({', '.join(f'{name} ' for name in ports)});"]
    lines += [f"  {way} [{width - 1}:0] {name} ;" for name, (way, width) in ports.items()]
    width = sum(ports[name][1] for name in read)
    lines += [_register("level_0", width, f"{{{', '.join(f'{name} ' for name in read)}}}")]
    level = 0
    while width > 1:
        groups = [(low, min(low + 3, width - 1)) for low in range(0, width, 4)]
        folded = ", ".join(f"^level_{level}[{high}:{low}]" for low, high in reversed(groups))
        level, width = level + 1, len(groups)
        lines += [_register(f"level_{level}", width, f"{{{folded}}}")]
    chain = sum(ports[name][1] for name in driven)
    lines += [
        _register("chain", chain, f"{{chain, level_{level}[0]}}"),
        f"  assign {{{', '.join(f'{name} ' for name in driven)}}} = chain;",
        "",
    ]
    return "\n".join(lines)


def _register(name: str, width: int, value: str) -> str:
    return f"  reg [{width - 1}:0] {name};\n  always @(posedge clk) {name} <= {value};"
