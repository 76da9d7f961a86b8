"""Reading the files of a report: strict, so that a page is right or not there."""

import json
from pathlib import Path
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError

from augend.host.curve import CurveFile
from augend.host.errors import UsageError
from augend.host.run_file import RunFile

__all__ = ["read_report_file"]

_KINDS = {
    "augend-run": (TypeAdapter(RunFile), 1, "augend run --json"),
    "augend-curve": (TypeAdapter(CurveFile), 1, "augend curve -o"),
}


def read_report_file(path: Path) -> RunFile | CurveFile:
    """Read what ``augend run --json`` or ``augend curve`` wrote.

    Raises
    ------
    UsageError
        The file is missing, of another kind or version, or damaged; says what to do.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except (ValueError, OSError) as error:
        raise UsageError(
            f"{path} cannot be read as JSON ({error}): give files that `augend run --json` or "
            f"`augend curve -o` wrote."
        ) from error
    kind: Any = content.get("format") if isinstance(content, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise UsageError(
            f"{path} is no report of Augend"
            f"{f' but {kind!r}' if kind is not None else ''}: give files that this version's "
            f"`augend run --json` or `augend curve -o` wrote."
        )
    adapter, version, command = _KINDS[kind]
    if content.get("version") != version:
        raise UsageError(
            f"{path} is of version {content.get('version')!r} of its format, and this Augend reads "
            f"{version}: write it again with `{command}`."
        )
    try:
        return adapter.validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise UsageError(
            f"{path} does not hold together: {where}: {first['msg']}. Write it again with "
            f"`{command}`."
        ) from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number that a report has")
