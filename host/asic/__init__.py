"""The way to silicon: Verilog with memory macros, its synthesis to cells, and what these switch."""
