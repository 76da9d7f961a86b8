"""Recipes as files: one annotated TOML each, read strictly."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from augend.gen.training.augmentation import Augmentation
from augend.gen.training.losses import LOSSES
from augend.gen.training.optimizer import Optimizer
from augend.gen.training.pieces import PIECES
from augend.gen.training.recipe import Recipe, RecipeError

__all__ = ["read_recipe", "recipe_for", "recipe_names"]

FOLDER = "recipes"
SUFFIX = ".toml"


def recipe_for(name: str, data: str) -> Recipe:
    """The recipe of this name for this data set, or the one in a file of the user's own.

    Parameters
    ----------
    name
        Name of a recipe that comes with augend, or path of a file that ends in ``.toml``.
    data
        Name of a data set. A recipe in the folder of this name goes before one for all.

    Raises
    ------
    RecipeError
        When there is no such recipe, when it is not for this data, or what `read_recipe` says.
    """
    if name.endswith(SUFFIX):
        path = Path(name)
        if not path.is_file():
            raise RecipeError(f"there is no file {name}; give a recipe of your own by its path")
        recipe = read_recipe(path)
        if recipe.data and data not in recipe.data:
            raise RecipeError(
                f"{name} is for {', '.join(recipe.data)}, not for {data}; choose one of them with "
                f"--data, or change its key data"
            )
        return recipe
    own, common = _folders(data)
    for file in (own / f"{name}{SUFFIX}", common / f"{name}{SUFFIX}"):
        if file.is_file():
            recipe = read_recipe(file)
            if not recipe.data or data in recipe.data:
                return recipe
    raise RecipeError(
        f"there is no recipe {name!r} for {data}; the recipes are {', '.join(recipe_names(data))}"
    )


def recipe_names(data: str) -> list[str]:
    """The recipes for a data set that come with augend, in alphabetical order."""
    found = set()
    for folder in _folders(data):
        for file in folder.iterdir() if folder.is_dir() else ():
            if file.name.endswith(SUFFIX):
                names = tomllib.loads(file.read_text("utf-8")).get("data")
                if not names or data in names:
                    found.add(file.name.removesuffix(SUFFIX))
    return sorted(found)


def read_recipe(file: Path | Traversable) -> Recipe:
    """Read a recipe; see `Recipe` for its keys.

    ``[arguments]``, ``[optimizer]``, ``[augmentation]`` and ``[loss]`` are tables, and each
    ``[[piece]]`` is one. The ``kind`` of a loss or a piece says which other keys it has.

    Raises
    ------
    RecipeError
        When the file is not TOML, has a key that is not known, or a value that is not allowed.
    """
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{file} is not TOML: {error}") from error
    given = dict(table)
    for key, made in (("optimizer", Optimizer), ("augmentation", Augmentation)):
        if key in given:
            given[key] = _section(file, f"[{key}]", made, given[key])
    if "loss" in given:
        given["loss"] = _kind(file, "[loss]", LOSSES, given["loss"])
    pieces = given.pop("piece", [])
    if not isinstance(pieces, list):
        raise RecipeError(f"{file}: piece is one table; write [[piece]] above each")
    given["pieces"] = tuple(_kind(file, "[[piece]]", PIECES, piece) for piece in pieces)
    given.setdefault("name", file.name.removesuffix(SUFFIX))
    return _section(file, "the recipe", Recipe, given)


def _kind(file: Path | Traversable, where: str, kinds: Mapping[str, type], table: Any) -> Any:
    """One of several kinds of a section."""
    kind = str(table.get("kind")) if isinstance(table, dict) else ""
    if kind not in kinds:
        raise RecipeError(f"{file}: kind of {where} is {kind!r}; the kinds are {', '.join(kinds)}")
    rest = {key: value for key, value in table.items() if key != "kind"}
    return _section(file, f"{where} of kind {kind}", kinds[kind], rest)


def _section(file: Path | Traversable, where: str, made: type, table: Any) -> Any:
    """A dataclass of a table: its keys are the fields, its values have their types."""
    if not isinstance(table, dict):
        raise RecipeError(f"{file}: {where} is {table!r}; it must be a table of keys and values")
    names = [field.name for field in fields(made)]
    if unknown := [key for key in table if key not in names]:
        raise RecipeError(
            f"{file}: {where} has no key {unknown[0]!r}; its keys are {', '.join(names)}"
        )
    hints = get_type_hints(made)
    values = {key: _value(file, where, key, hints[key], given) for key, given in table.items()}
    try:
        return made(**values)
    except TypeError as error:
        raise RecipeError(f"{file}: {where} is not complete: {error}") from error
    except ValueError as error:
        raise RecipeError(f"{file}: {where}: {error}") from error


def _value(file: Path | Traversable, where: str, key: str, hint: Any, given: Any) -> Any:
    """A value of TOML as the type of its field; what was made of a table stays as it is."""
    if key in ("optimizer", "augmentation", "loss", "pieces"):
        return given
    try:
        return TypeAdapter(hint).validate_json(json.dumps(given, default=str), strict=True)
    except ValidationError as error:
        what = "; ".join(found["msg"] for found in error.errors())
        raise RecipeError(f"{file}: {key} of {where} is {given!r}: {what}") from error


def _folders(data: str) -> tuple[Traversable, Traversable]:
    """Where the recipes for one data set are, and those for more."""
    common = files("augend.gen.training") / FOLDER
    return common / data, common
