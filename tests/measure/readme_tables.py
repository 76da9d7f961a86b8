"""Put the measured tables into the documents: ``python -m tests.measure.readme_tables [--check]``.

What stands between ``<!-- table: NAME -->`` and ``<!-- end -->`` becomes ``docs/tables/NAME.md``,
its headings three levels lower. A second run changes nothing.
"""

import argparse
import re
import sys
from pathlib import Path

__all__ = ["TableError", "with_tables"]

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "measured.md")
_OPENING = re.compile(r"^<!-- table: (.*?) -->$", re.MULTILINE)
_END = "<!-- end -->"
_SLOT = re.compile(r"^<!-- table: ([a-z0-9_]+) -->\n(.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL)


class TableError(ValueError):
    """Markers that do not pair, or a table that cannot be put between them."""


def with_tables(text: str, folder: Path) -> tuple[str, list[str]]:
    """Fill a document's tables in.

    Parameters
    ----------
    text
        The document.
    folder
        Where ``NAME.md`` is.

    Returns
    -------
    The document, and the names of tables that are not there; their places stay as they are.

    Raises
    ------
    TableError
        An opening without its end, an end too many, or a table that holds a marker.
    """
    openings = _OPENING.findall(text)
    slots = _SLOT.findall(text)
    if [name for name, _ in slots] != openings or text.count(_END) != len(slots):
        raise TableError(
            f"The document has {len(openings)} openings {openings}, {text.count(_END)} ends and "
            f"{len(slots)} pairs of them: close each <!-- table: NAME --> with {_END}"
        )
    missing = [name for name in openings if not (folder / f"{name}.md").is_file()]

    def filled(slot: re.Match[str]) -> str:
        name = slot[1]
        if name in missing:
            return slot[0]
        table = (folder / f"{name}.md").read_text(encoding="utf-8").strip()
        if _END in table or _OPENING.search(table):
            raise TableError(f"{folder / name}.md holds a marker of the documents themselves")
        lower = re.sub(r"^(#{1,3})(?= )", r"###\1", table, flags=re.MULTILINE)
        return f"<!-- table: {name} -->\n\n{lower}\n\n{_END}"

    return _SLOT.sub(filled, text), missing


def main() -> None:
    """Write the documents, or say that one would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("documents", type=Path, nargs="*", default=DOCUMENTS)
    parser.add_argument("--tables", type=Path, default=ROOT / "docs" / "tables")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if stale")
    options = parser.parse_args()
    absent: list[str] = []
    for document in options.documents:
        before = document.read_text(encoding="utf-8")
        try:
            after, missing = with_tables(before, options.tables)
        except TableError as error:
            sys.exit(f"{document}: {error}")
        if options.check and after != before:
            sys.exit(f"{document} is stale: run make tables")
        if after != before:
            temporary = document.with_name(f".{document.name}.new")
            temporary.write_text(after, encoding="utf-8")
            temporary.replace(document)
        absent += missing
    if absent:
        sys.exit(f"Not in {options.tables} yet, left as they were: {', '.join(absent)}")


if __name__ == "__main__":
    main()
