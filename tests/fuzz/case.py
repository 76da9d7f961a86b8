"""A case of the fuzzer: programs to run in turn on an accelerator, and how the host stalls."""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import safetensors.numpy
from safetensors import safe_open

from augend.gen.network import SpikingNetwork
from augend.gen.program_file import pack_network, unpack_network
from augend.sim.verilated import Stalls

__all__ = ["Case", "Session"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Session:
    """A network, images or recordings for it, and the core of each of its populations."""

    network: SpikingNetwork
    pixels: np.ndarray
    core_of: dict[str, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One accelerator after a reset, what is loaded into it one after the other, and stalls.

    Parameters
    ----------
    shape
        Lanes, cores, kind of potential memory.
    sessions
        What is run.
    stalls
        Of the host, in all of them.
    """

    shape: tuple[int, int, str]
    sessions: tuple[Session, ...]
    stalls: Stalls

    def save(self, folder: Path) -> Path:
        """Write a file that is named after its content."""
        arrays, sessions = {}, []
        for index, session in enumerate(self.sessions):
            description, parts = pack_network(session.network)
            arrays |= {f"{index}.{key}": np.ascontiguousarray(v) for key, v in parts.items()}
            arrays[f"{index}.pixels"] = np.ascontiguousarray(session.pixels)
            sessions.append({"network": description, "core_of": session.core_of})
        content = {"shape": self.shape, "stalls": asdict(self.stalls), "sessions": sessions}
        text = json.dumps(content, sort_keys=True)
        digest = sha256(text.encode())
        for key in sorted(arrays):
            digest.update(arrays[key].tobytes())
        path = folder / f"{digest.hexdigest()[:16]}.safetensors"
        folder.mkdir(parents=True, exist_ok=True)
        safetensors.numpy.save_file(arrays, path, {"case": text})
        return path

    @classmethod
    def load(cls, path: Path) -> "Case":
        """Read a file that `save` wrote."""
        arrays = safetensors.numpy.load_file(path)
        with safe_open(path, "numpy") as file:
            content = json.loads(file.metadata()["case"])
        sessions = []
        for index, session in enumerate(content["sessions"]):
            prefix = f"{index}."
            parts = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
            sessions.append(
                Session(
                    network=unpack_network(session["network"], parts),
                    pixels=parts["pixels"],
                    core_of=session["core_of"],
                )
            )
        return cls(
            shape=tuple(content["shape"]),
            sessions=tuple(sessions),
            stalls=Stalls(**content["stalls"]),
        )
