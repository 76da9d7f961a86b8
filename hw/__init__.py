"""The accelerator in Amaranth: one component a file."""
