"""The program's file: safetensors with a JSON description, checked from the first byte to the last.

Arrays lie in the file as little-endian integers, the description and a digest of everything in
its header. Reading parses JSON and copies numbers; nothing can be executed.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from augend.gen.network import Input, Population, Projection, SpikingNetwork

__all__ = [
    "FORMAT",
    "VERSION",
    "ProgramError",
    "digest",
    "pack_network",
    "read_file",
    "unpack_network",
    "write_file",
]

FORMAT = "augend-program"
VERSION = 1
Arrays = dict[str, np.ndarray]


class ProgramError(ValueError):
    """A file that is no usable program; the message says why and what to do."""


def digest(description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of a description and arrays, the same on every machine."""
    total = hashlib.sha256(_canonical(description).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def write_file(path: Path, description: Mapping[str, Any], arrays: Arrays) -> None:
    """Write beside the path, then rename, so that no half-written file is ever there."""
    header = {
        "format": FORMAT,
        "version": str(VERSION),
        "description": _canonical(description),
        "digest": digest(description, arrays),
    }
    content = _serialise(arrays, header)
    if not path.parent.is_dir():
        raise ProgramError(f"There is no folder {path.parent} to write {path.name} into.")
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    except OSError as error:
        raise ProgramError(f"{path} cannot be written: {error.strerror}.") from error
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.chmod(0o644)
        unfinished.replace(path)
    except OSError as error:
        raise ProgramError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        unfinished.unlink(missing_ok=True)


def read_file(path: Path) -> tuple[dict[str, Any], Arrays]:
    """Description and arrays of a file, after its digest has been compared."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ProgramError(
            f"There is no file {path}. Make one with: augend convert SOURCE -o {path}"
        ) from error
    except OSError as error:
        raise ProgramError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        arrays = safetensors.numpy.load(content)
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise ProgramError(
            f"{path} is no Augend program, or it is cut short or damaged ({error}). Convert the "
            f"network again, or fetch the file again."
        ) from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ProgramError(
            f"{path} holds tensors, but they are no Augend program. A network trained by augend, "
            f"or any module, becomes one with: augend convert SOURCE -o net.augend"
        )
    if header.get("version") != str(VERSION):
        raise ProgramError(
            f"{path} has version {header.get('version')!r} of the program format, and this Augend "
            f"reads version {VERSION}. Convert the network again with this Augend."
        )
    try:
        description = json.loads(header["description"])
        whole = header["digest"] == digest(description, arrays)
    except (ValueError, KeyError, TypeError) as error:
        raise ProgramError(f"{path} is damaged ({error!r}). Fetch or convert it again.") from error
    if not whole or not isinstance(description, dict):
        raise ProgramError(
            f"{path} is damaged: its content does not match its digest. Fetch or convert it again."
        )
    return description, arrays


def pack_network(network: SpikingNetwork) -> tuple[dict[str, Any], Arrays]:
    """Description and arrays of a network."""
    arrays: Arrays = {}
    populations = []
    for index, population in enumerate(network.populations):
        populations.append(
            {"name": population.name, "shape": list(population.shape), "reset": population.reset}
        )
        for key in ("threshold", "bias", "initial", "current_shift"):
            values = getattr(population, key)
            if values is not None:
                arrays[f"population.{index}.{key}"] = values.astype("<i8")
    projections = []
    for index, projection in enumerate(network.projections):
        projections.append(
            {
                "source": projection.source,
                "target": projection.target,
                "kind": projection.kind,
                "stride": list(projection.stride),
                "padding": list(projection.padding),
                "dilation": list(projection.dilation),
                "groups": projection.groups,
            }
        )
        arrays[f"projection.{index}.weight"] = projection.weight.astype(np.int8)
    description = {
        "input": {
            "shape": list(network.input.shape),
            "encoding": network.input.encoding,
            "bits": network.input.bits,
        },
        "populations": populations,
        "projections": projections,
        "timesteps": network.timesteps,
        "schedule": network.schedule,
        "weight_bits": network.weight_bits,
        "rectified": network.rectified,
    }
    return description, arrays


def unpack_network(
    description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> SpikingNetwork:
    """Network of a description and arrays; raises what the contract raises, or KeyError."""
    populations = tuple(
        Population(
            name=entry["name"],
            shape=tuple(entry["shape"]),
            reset=entry["reset"],
            threshold=arrays[f"population.{index}.threshold"],
            bias=arrays[f"population.{index}.bias"],
            initial=arrays[f"population.{index}.initial"],
            current_shift=arrays.get(f"population.{index}.current_shift"),
        )
        for index, entry in enumerate(description["populations"])
    )
    projections = tuple(
        Projection(
            source=entry["source"],
            target=entry["target"],
            kind=entry["kind"],
            weight=arrays[f"projection.{index}.weight"].astype(np.int16),
            stride=tuple(entry["stride"]),
            padding=tuple(entry["padding"]),
            dilation=tuple(entry["dilation"]),
            groups=entry["groups"],
        )
        for index, entry in enumerate(description["projections"])
    )
    entry = description["input"]
    return SpikingNetwork(
        input=Input(shape=tuple(entry["shape"]), encoding=entry["encoding"], bits=entry["bits"]),
        populations=populations,
        projections=projections,
        timesteps=description["timesteps"],
        schedule=description["schedule"],
        weight_bits=description["weight_bits"],
        rectified=description["rectified"],
    )


def _serialise(arrays: Arrays, header: Mapping[str, str]) -> bytes:
    """Safetensors file whose bytes depend on nothing but its content.

    The library writes the entries of its header in an order that changes from run to run.
    """
    entries: dict[str, Any] = {"__metadata__": dict(header)}
    end = 0
    for name in sorted(arrays):
        array = arrays[name]
        start, end = end, end + array.nbytes
        entries[name] = {
            "dtype": f"I{8 * array.itemsize}",
            "shape": list(array.shape),
            "data_offsets": [start, end],
        }
    text = _canonical(entries).encode()
    text += b" " * (-len(text) % 8)  # arrays begin at a multiple of eight bytes
    body = b"".join(np.ascontiguousarray(arrays[name]).tobytes() for name in sorted(arrays))
    return len(text).to_bytes(8, "little") + text + body


def _canonical(description: Mapping[str, Any]) -> str:
    return json.dumps(description, sort_keys=True, separators=(",", ":"), allow_nan=False)
