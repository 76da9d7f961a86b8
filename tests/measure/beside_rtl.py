"""What RTL and models say of the same images."""

import numpy.typing as npt

from augend.gen.program import Program
from augend.host.driver import connect
from augend.host.verify import Verification, verify

__all__ = ["beside_rtl"]


def beside_rtl(program: Program, images: npt.NDArray) -> Verification:
    """Run images, as the program takes them, on both, and compare all that is counted."""
    with connect(program, "golden") as models, connect(program, "rtl") as rtl:
        return verify(models.infer(images), rtl.infer(images))
