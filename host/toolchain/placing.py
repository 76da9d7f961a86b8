"""Placing and routing: where a netlist lies on a device, and how fast it can be clocked."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from augend.host.toolchain.devices import Device
from augend.host.toolchain.errors import DoesNotFitError, ToolCrashedError
from augend.host.toolchain.running import run_tool

__all__ = ["Placed", "place"]

_UTILISATION = re.compile(r"Info:\s+(\S+):\s*(\d+)/\s*(\d+)\s+\d+%")


@dataclass(frozen=True, kw_only=True)
class Placed:
    """What placing and routing gave.

    Parameters
    ----------
    megahertz
        Greatest clock frequency.
    used, has
        Sites of the device by kind: those that are used, and how many there are of these kinds.
    path
        The critical path: delay in ns, and cell or net, from its beginning.
    """

    megahertz: float
    used: dict[str, int]
    has: dict[str, int]
    path: list[tuple[float, str]]


def place(
    device: Device,
    folder: Path,
    name: str,
    *,
    seed: int,
    megahertz: float,
    options: Sequence[str],
    result: str | None = None,
) -> Placed:
    """Place and route a netlist, aiming at a clock frequency, which it may miss.

    Parameters
    ----------
    device, folder, name
        As of ``synthesise``. The report is ``NAME.SEED.report.json``.
    seed
        Of the placer.
    megahertz
        What to aim at where the constraints do not say.
    options
        Package, speed grade and constraints.
    result
        Name of the file that the packer reads, if one is to be written.

    Raises
    ------
    DoesNotFitError
        The device has too few sites of some kind.
    """
    report = f"{name}.{seed}.report.json"
    family = device.family
    command = [
        *(family.place_tool, "--json", f"{name}.json", "--report", report),
        *("--seed", str(seed), "--freq", f"{megahertz:g}"),
        *("--timing-allow-fail", "--detailed-timing-report"),
        *(*device.chip, *options),
        *((family.result, result) if result else ()),
    ]
    try:
        run_tool(command, folder, f"{name}.{seed}.log")
    except ToolCrashedError as error:
        short = {
            kind: (int(used), int(has))
            for kind, used, has in _UTILISATION.findall(error.said)
            if int(used) > int(has)
        }
        if short:
            raise DoesNotFitError(command[0], short) from error
        raise
    return _read(json.loads((folder / report).read_text()))


def _read(content: dict) -> Placed:
    clock = max(content["fmax"].values(), key=lambda one: one["constraint"])
    found = {name: one for name, one in content["utilization"].items() if one["used"]}
    longest = next(p for p in content["critical_paths"] if p["from"] == p["to"] != "<async>")
    path = []
    for step in longest["path"]:
        where = step.get("net", step["from"]["cell"])
        path.append((round(step["delay"], 2), f"{step['type']} {where}"))
    return Placed(
        megahertz=clock["achieved"],
        used={name: one["used"] for name, one in found.items()},
        has={name: one["available"] for name, one in found.items()},
        path=path,
    )
