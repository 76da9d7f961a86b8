"""The host's side: driver, transports, tallies, reports and the command line."""

from augend.host.driver import connect
from augend.host.result import Result

__all__ = ["Result", "connect"]
