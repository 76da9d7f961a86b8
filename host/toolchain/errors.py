"""What can go wrong on the way to a bitstream; each message is a paragraph for people."""

__all__ = [
    "DoesNotFitError",
    "TimingError",
    "ToolCrashedError",
    "ToolMissingError",
    "ToolchainError",
]


class ToolchainError(Exception):
    """No bitstream could be made; the message says why, and what to do."""


class ToolMissingError(ToolchainError):
    """A tool is not installed; the message names the extra that brings it."""


class ToolCrashedError(ToolchainError):
    """A tool ended with an error; the message has its last lines.

    Parameters
    ----------
    tool
        Which one.
    said
        All that it wrote.
    """

    def __init__(self, tool: str, code: int, said: str) -> None:
        lines = [line for line in said.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith(("ERROR", "terminate", "Traceback"))]
        last = " / ".join((errors or lines)[-3:]) or "nothing"
        super().__init__(f"{tool} ended with code {code}; its last words: {last}")
        self.tool = tool
        self.said = said


class DoesNotFitError(ToolchainError):
    """A design needs more of a device than it has.

    Parameters
    ----------
    device
        Its name.
    short
        For each resource that falls short, how much is needed and how much there is.
    advice
        The nearest thing that would fit.
    """

    def __init__(self, device: str, short: dict[str, tuple[int, int]], advice: str = "") -> None:
        need = ", ".join(f"{name} {needs:,} (has {has:,})" for name, (needs, has) in short.items())
        super().__init__(f"The design does not fit {device}: it needs {need}. {advice}".strip())
        self.device = device
        self.short = short


class TimingError(ToolchainError):
    """No clock frequency that the board's PLL makes was met."""
