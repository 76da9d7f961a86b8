"""From Verilog to a bitstream with the tools that PyPI has: Yosys, nextpnr and their packers."""
