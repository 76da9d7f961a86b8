"""The program's file: safetensors with a JSON description, checked from the first byte to the last.

Arrays lie in the file as little-endian integers, the description and a digest of everything in
its header. Reading parses JSON and copies numbers; nothing can be executed.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from augend.gen.network import Gate, Input, Population, Projection, Softmax, SpikingNetwork

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
VERSION = 3
Arrays = dict[str, np.ndarray]
ARRAYS = (
    "threshold",
    "bias",
    "initial",
    "current_shift",
    "negative_threshold",
    "negative_step",
    "floor",
)
"""Of a population."""


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
    """Description and arrays of a network; what has its default value is left out."""
    arrays: Arrays = {}
    for index, population in enumerate(network.populations):
        for key in ARRAYS:
            values = getattr(population, key)
            if values is not None:
                arrays[f"population.{index}.{key}"] = values.astype("<i8")
        step, threshold = population.negative_step, population.negative_threshold
        if step is not None and threshold is not None and np.array_equal(step, threshold):
            del arrays[f"population.{index}.negative_step"]
    for index, projection in enumerate(network.projections):
        arrays[f"projection.{index}.weight"] = projection.weight.astype(np.int8)
        if projection.kept is not None:
            arrays[f"projection.{index}.kept"] = np.packbits(projection.kept).view(np.int8)
    description = {
        "input": _packed(network.input, whole=True),
        "populations": [_packed(p, leave=ARRAYS) for p in network.populations],
        "projections": [_packed(p, leave=("weight", "kept")) for p in network.projections],
        "gates": [_packed(gate) for gate in network.gates],
    }
    if network.softmax is not None:
        description["softmax"] = _packed(network.softmax, whole=True)
    made = (*description, "softmax")
    return description | _packed(network, whole=True, leave=made), arrays


def unpack_network(
    description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> SpikingNetwork:
    """Network of a description and arrays; raises what the contract raises, or KeyError."""
    populations, projections = [], []
    for index, entry in enumerate(description["populations"]):
        options = _unpacked(Population, entry)
        options |= {key: arrays.get(f"population.{index}.{key}") for key in ARRAYS}
        populations.append(Population(**options))
    for index, entry in enumerate(description["projections"]):
        options = _unpacked(Projection, entry)
        weight = arrays[f"projection.{index}.weight"].astype(np.int16)
        options["weight"] = weight
        kept = arrays.get(f"projection.{index}.kept")
        if kept is not None:
            bits = np.unpackbits(kept.view(np.uint8), count=weight.size)
            options["kept"] = bits.astype(bool).reshape(weight.shape)
        projections.append(Projection(**options))
    parts = "input", "populations", "projections", "gates", "softmax"
    softmax = description.get("softmax")
    rest = {key: value for key, value in description.items() if key not in parts}
    return SpikingNetwork(
        input=Input(**_unpacked(Input, description["input"])),
        populations=tuple(populations),
        projections=tuple(projections),
        gates=tuple(Gate(**_unpacked(Gate, entry)) for entry in description["gates"]),
        softmax=None if softmax is None else Softmax(**_unpacked(Softmax, softmax)),
        **_unpacked(SpikingNetwork, rest),
    )


def _packed(part: Any, *, whole: bool = False, leave: Collection[str] = ()) -> dict[str, Any]:
    """Fields of a part of the contract as JSON has them, without those to leave.

    Defaults are left out too, unless all is asked for, as it is where a default is no neutral
    value and a later Augend may have another.
    """
    packed = {}
    for entry in fields(part):
        value = getattr(part, entry.name)
        if entry.init and entry.name not in leave and (whole or value != entry.default):
            packed[entry.name] = _plain(value)
    return packed


def _plain(value: Any) -> Any:
    """Python's own numbers, which NumPy's may stand for, and lists."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value


def _unpacked(kind: type, packed: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a part of the contract; a TypeError where one is unknown."""
    unknown = set(packed) - {entry.name for entry in fields(kind) if entry.init}
    if unknown:
        raise TypeError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in packed.items()
    }


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
