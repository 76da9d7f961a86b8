"""Golden model, timing model and Verilated RTL: what the hardware must do, and does."""
