"""Any design with a UART, Verilated: its pins as a serial port in this process."""

import ctypes
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from augend.sim.verilation import cached, link, verilate

__all__ = ["VerilatedPins", "build_pins"]

_HARNESS = Path(__file__).with_name("pins.cpp")
_COMPILER = ("-O1",)
"""Netlists take long to compile, and are not run for long."""
_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*_?")
"""What Verilator leaves as it is."""


def build_pins(
    sources: Sequence[str | Path],
    *,
    top: str,
    clk: str = "clk",
    rx: str = "rx",
    tx: str = "tx",
    tied: Mapping[str, int] | None = None,
    defines: Sequence[str] = (),
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Verilate and compile a design with a UART; returns the shared library, kept in the cache.

    Parameters
    ----------
    sources
        Verilog: a text, or the path of a file.
    top
        Name of the top module.
    clk, rx, tx
        Names of its clock, of the input that it receives bytes at, of the output that it sends
        them on.
    tied
        Values of other inputs, which are zero where they are not named.
    defines
        Macros of the Verilog.
    progress
        Called with the name of each stage.

    Raises
    ------
    BuildError
        A tool is missing or failed.
    """
    tied = dict(tied or {})
    for name in (clk, rx, tx, *tied):
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} cannot be the name of a pin here: letters and digits, and single "
                f"underscores, are allowed. Put the design into a module with other names."
            )
    texts = [one.read_text() if isinstance(one, Path) else one for one in sources]
    flags = [f"-D{one}" for one in defines]
    assigned = " ".join(f"model.{name} = {value:#x};" for name, value in tied.items())
    names = [f"-DAUGEND_CLK={clk}", f"-DAUGEND_RX={rx}", f"-DAUGEND_TX={tx}"]
    names.append(f"-DAUGEND_TIED(model)={assigned}")
    known = hashlib.sha256(repr((texts, top, flags, names)).encode())
    known.update(_HARNESS.read_bytes())
    known.update(metadata.version("verilator").encode())

    def make(work: Path) -> None:
        files = [f"part{number}.v" for number in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            (work / file).write_text(text)
        say = progress or (lambda _: None)
        model = verilate(work, files, top, flags=flags, compiler=_COMPILER, say=say)
        link(model, _HARNESS, names)
        model.finish()

    return cached("pins", known.hexdigest()[:32], make) / "library.so"


class VerilatedPins:
    """A serial port, 8N1, whose other end are the pins of a Verilated design.

    Clocks pass only inside ``read`` and ``flush``. Both directions go on at once: what ``write``
    was given is sent while ``read`` waits.

    Parameters
    ----------
    library
        Of ``build_pins``.
    divisor
        Clocks a bit.
    quiet_clocks
        After as many, in which no byte began to be sent and none came whole, ``read`` gives up.
    """

    def __init__(self, library: Path, *, divisor: int, quiet_clocks: int = 1 << 20) -> None:
        if divisor < 1:
            raise ValueError(f"divisor must be at least 1, not {divisor!r}")
        self.divisor = divisor
        self.quiet_clocks = quiet_clocks
        self._library = ctypes.CDLL(str(library))
        for name, result in (
            ("create", ctypes.c_void_p),
            ("get", ctypes.c_int64),
            ("received", ctypes.c_int64),
            ("clock", ctypes.c_uint64),
            ("broken", ctypes.c_uint64),
        ):
            getattr(self._library, f"augend_pins_{name}").restype = result
        self._model = ctypes.c_void_p(self._library.augend_pins_create(ctypes.c_uint64(divisor)))

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Queue bytes to be sent; returns how many."""
        data = bytes(data)
        self._library.augend_pins_put(self._model, data, ctypes.c_int64(len(data)))
        return len(data)

    def read(self, at_most: int = 1) -> bytes:
        """Bytes as soon as there are any; none where the lines fell quiet before."""
        if at_most <= 0:
            return b""
        self._advance(drain=False)
        room = ctypes.create_string_buffer(at_most)
        count = self._library.augend_pins_get(self._model, room, ctypes.c_int64(at_most))
        return room.raw[:count]

    def flush(self) -> None:
        """Let clocks pass until all that was written is sent."""
        self._advance(drain=True)

    def _advance(self, *, drain: bool) -> None:
        quiet = ctypes.c_uint64(self.quiet_clocks)
        self._library.augend_pins_advance(self._model, int(drain), quiet)

    @property
    def in_waiting(self) -> int:
        """Bytes that a read would return at once."""
        return self._library.augend_pins_received(self._model)

    @property
    def clocks(self) -> int:
        """Clocks that passed since the design was configured."""
        return self._library.augend_pins_clock(self._model)

    @property
    def broken(self) -> int:
        """Bytes that came without a start or stop bit, which ``read`` passed over."""
        return self._library.augend_pins_broken(self._model)

    def close(self) -> None:
        """Free the model."""
        if self._model is not None:
            self._library.augend_pins_destroy(self._model)
            self._model = None
