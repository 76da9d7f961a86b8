"""A file on disk, or a model in memory, to an ONNX model whose weights are all at hand."""

from os import PathLike
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import checker, inliner

from augend.gen.graph import ConversionError

__all__ = ["load", "opset_of"]


def load(source: str | PathLike[str] | onnx.ModelProto) -> onnx.ModelProto:
    """Model with its external data and with its functions written out.

    Raises
    ------
    ConversionError
        No such file, no ONNX model, or weights that are missing.
    """
    if isinstance(source, onnx.ModelProto):
        model, named = source, "The model"
    elif isinstance(source, (str, PathLike)):
        model, named = _from_file(Path(source)), str(source)
    else:
        raise ConversionError(
            f"An ONNX model, or the path of one, is needed, not {type(source).__name__}."
        )
    if not model.graph.node:
        raise ConversionError(
            f"{named} is no ONNX model: it has no operators.",
            instead="Export the network again, e.g. with torch.onnx.export.",
        )
    if model.functions:
        model = inliner.inline_local_functions(model)
    return model


def opset_of(model: onnx.ModelProto) -> int:
    """Version of the standard operators that a model uses."""
    return max((x.version for x in model.opset_import if x.domain in ("", "ai.onnx")), default=1)


def _from_file(path: Path) -> onnx.ModelProto:
    if not path.is_file():
        raise ConversionError(f"There is no ONNX file {path}.")
    try:
        model = onnx.load(str(path), format="protobuf", load_external_data=False)
    except DecodeError as error:
        raise ConversionError(
            f"{path} is no ONNX model, or not all of it is there ({_first_line(error)}).",
            instead="Copy or download the file again, or export the network again.",
        ) from error
    except OSError as error:
        raise ConversionError(f"{path} cannot be read ({_first_line(error)}).") from error
    try:
        onnx.load_external_data_for_model(model, str(path.resolve().parent))
    except (OSError, ValueError, checker.ValidationError) as error:
        files = sorted(_external_files(model))
        raise ConversionError(
            f"{path} keeps its weights in other files, and {', '.join(files)} cannot be read "
            f"({_first_line(error)}).",
            instead="Put them beside it, all of them whole, or export it as one file.",
        ) from error
    return model


def _external_files(model: onnx.ModelProto) -> set[str]:
    return {
        entry.value
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
