"""One operator of an ONNX model, with what it is given."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper

from augend.gen.frontends.onnx_value import Condition, Value
from augend.gen.graph import ConversionError, Floats, Pair

__all__ = ["Array", "Call", "Input"]

Array = npt.NDArray[Any]
Input = Value | Condition | Array | None


@dataclass(kw_only=True)
class Call:
    """An operator with its inputs: arrays where constant, None where left out.

    Parameters
    ----------
    name, node
        The operator, and the name that messages and layers have it under.
    inputs
        In the order of the operator's definition.
    opset
        Version of the standard operators.
    images
        Number of images that the model was exported for, or None for any.
    remarks
        What its row of the report says beside the verdict.
    """

    name: str
    node: onnx.NodeProto
    inputs: Sequence[Input]
    opset: int
    images: int | None
    remarks: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """Operator's type, with its domain where that is not ONNX itself."""
        standard = self.node.domain in ("", "ai.onnx")
        return self.node.op_type if standard else f"{self.node.domain}.{self.node.op_type}"

    def refuse(self, reason: str, instead: str) -> ConversionError:
        """Error that names this operator."""
        return ConversionError(reason, layer=self.name, kind=self.kind, instead=instead)

    def remark(self, text: str) -> None:
        """Say something about the operator that a person should know."""
        self.remarks.append(text)

    def attribute(self, name: str, default: Any = None) -> Any:
        """Value of an attribute; text as ``str``."""
        for attribute in self.node.attribute:
            if attribute.name == name:
                value = helper.get_attribute_value(attribute)
                return value.decode() if isinstance(value, bytes) else value
        return default

    def outputs(self) -> list[bool]:
        """For each output whether it has a name, so that something may read it."""
        return [bool(name) for name in self.node.output]

    def value(self, position: int = 0) -> Value:
        """An input that depends on the image."""
        found = self.inputs[position] if position < len(self.inputs) else None
        if not isinstance(found, Value):
            is_what = "a comparison" if isinstance(found, Condition) else "constant or left out"
            raise self.refuse(
                f"its input {position + 1} is {is_what}, where a tensor of the network is needed.",
                "Let it take the output of a layer.",
            )
        return found

    def values(self) -> list[Value]:
        """All inputs that depend on the image."""
        return [x for x in self.inputs if isinstance(x, Value)]

    def constant(self, position: int, what: str) -> Array | None:
        """An input that must be constant, or None where it is left out."""
        found = self.inputs[position] if position < len(self.inputs) else None
        if isinstance(found, (Value, Condition)):
            raise self.refuse(
                f"its {what} {self.node.input[position]!r} depends on the input.",
                f"Use a {what} that is an initializer or a constant.",
            )
        return found

    def needed(self, position: int, what: str) -> Array:
        """An input that must be there, and constant."""
        found = self.constant(position, what)
        if found is None:
            raise self.refuse(f"it has no {what}.", "Export the network again.")
        return found

    def parameter(self, position: int, what: str) -> Floats | None:
        """Float64 values of a constant input; refused where one of them is not finite."""
        found = self.constant(position, what)
        return None if found is None else self.finite(what, found)

    def finite(self, what: str, array: Array) -> Floats:
        """The same values as float64, if all are finite."""
        values = np.asarray(array, np.float64)
        bad = np.count_nonzero(~np.isfinite(values))
        if bad:
            raise self.refuse(
                f"its {what} holds {bad} values that are NaN or infinite, of {values.size}.",
                "Train it again, e.g. with a lower learning rate.",
            )
        return values

    def integers(self, position: int, name: str, default: Any = None) -> Any:
        """List of an attribute of old opsets that is an input in new ones."""
        given = self.attribute(name)
        if given is not None:
            return given
        found = self.constant(position, name)
        return default if found is None else [int(x) for x in np.asarray(found).ravel()]

    def pair(self, name: str, default: Pair | None = (1, 1)) -> Pair:
        """Two numbers, for rows and columns; a third in front of them must be 1.

        CNTK writes kernels, strides and dilations with one more for the channels.
        """
        given = self.attribute(name)
        if given is None and default is not None:
            return default
        given = [] if given is None else list(given)
        if len(given) < 2 or prod(given[:-2]) != 1 or min(given) < 1:
            raise self.refuse(
                f"its {name} is {given}, where one number for rows and one for columns are needed.",
                "Use operators on images of (C, H, W).",
            )
        return given[-2], given[-1]
