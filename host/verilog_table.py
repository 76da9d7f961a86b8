"""What an accelerator is made of, and how much of it each program uses, on a terminal."""

from collections.abc import Mapping
from dataclasses import fields

from rich.console import Console
from rich.table import Table

from augend.hw.configuration import OPTIONAL, AcceleratorConfig
from augend.hw.event_word import event_word
from augend.hw.history import history_layout
from augend.hw.loading import CORE_MEMORIES, MEMORIES, depth, row_bits

__all__ = ["memory_sizes", "show_accelerator"]


def memory_sizes(config: AcceleratorConfig) -> dict[str, tuple[int, int, int]]:
    """Rows, bits a row, and how many there are, of each memory but single registers."""
    sizes = {
        memory: (
            depth(config, memory),
            row_bits(config, memory),
            config.cores if memory in CORE_MEMORIES else 1,
        )
        for memory in MEMORIES
        if depth(config, memory) > 1
    }
    lanes, cores = config.lanes, config.cores
    sizes["potential"] = config.potential_words, lanes * config.potential_bits, cores
    if config.history_words:
        sizes["history"] = config.history_words, lanes * history_layout(config).size, cores
    sizes["queue"] = config.queue_depth, event_word(config).size, cores + 1
    return sizes


def show_accelerator(
    config: AcceleratorConfig, used: Mapping[str, Mapping[str, int]], console: Console
) -> None:
    """Print every memory with the rows each program uses, then every other parameter.

    Parameters
    ----------
    config
        The accelerator.
    used
        By program, then memory: most rows on a core.
    """
    sizes = memory_sizes(config)
    kibibits = sum(rows * bits * count for rows, bits, count in sizes.values()) / 1024
    table = Table(title=f"{kibibits:,.0f} Kibit of memory")
    table.add_column("memory")
    for column in ("how many", "rows", "bits a row", *(f"used by {name}" for name in used)):
        table.add_column(column, justify="right")
    for memory, (rows, bits, count) in sizes.items():
        of = [str(program.get(memory, "")) for program in used.values()]
        table.add_row(memory, str(count), f"{rows:,}", str(bits), *of)
    console.print(table)
    left = [name for name in sorted(OPTIONAL) if not getattr(config, name)]
    values = [
        f"{field.name} {getattr(config, field.name)}"
        for field in fields(config)
        if field.name not in left
    ]
    console.print(f"{', '.join(values)}; left out: {', '.join(left) or 'nothing'}", soft_wrap=True)
