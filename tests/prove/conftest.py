"""The table of what was proved, after the tests."""

from rich.console import Console
from rich.table import Table


def pytest_terminal_summary(terminalreporter):
    table = Table("kind", "what", "depth", "result", "seconds")
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            found = dict(getattr(report, "user_properties", []))
            if "obligation" in found:
                table.add_row(
                    found["kind"],
                    found["obligation"],
                    str(found["depth"]),
                    outcome,
                    f"{found['seconds']:.1f}",
                )
    if table.row_count:
        Console(width=110).print(table)
