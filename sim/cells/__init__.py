"""Netlists of FPGA cells as Verilog, and models of cells that Yosys has none of."""
