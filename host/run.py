"""Running a program on a test set."""

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from augend.gen.place import Placement
from augend.gen.program import Program
from augend.host.driver import RtlAccelerator, connect
from augend.host.report import Report
from augend.host.result import Result, joined
from augend.host.sources import images_of, test_set
from augend.host.transport import InProcess
from augend.host.verify import Verification, first_difference, verify
from augend.hw.configuration import AcceleratorConfig

__all__ = ["run_program"]

_CHUNK = {"golden": 500, "rtl": 50}
_CHUNK_OVER_A_WIRE = 200


def run_program(
    program: Program,
    data: str | None,
    limit: int | None,
    backend: str,
    compare: bool,
    console: Console,
    *,
    hardware: AcceleratorConfig | None = None,
) -> Report:
    """Classify the test images of a data set.

    Parameters
    ----------
    program
        What to run.
    data
        Name of the data set; the one it was converted for where None.
    limit
        Only so many images.
    backend
        ``golden``, ``rtl``, or where the hardware is, see ``augend.host.driver.connect``.
    compare
        Run golden and the hardware, by default RTL, and compare all that is counted, image by
        image.
    console
        For progress.
    hardware
        Configuration of the accelerator; the smallest that fits where None.
    """
    test = test_set(program, data)
    if limit is not None:
        test = test.take(np.arange(min(limit, len(test))))
    images = images_of(program, test)
    if compare and backend == "golden":
        backend = "rtl"
    backends = ["golden", backend] if compare else [backend]
    results: dict[str, Result] = {}
    placement: Placement | None = None
    config: AcceleratorConfig | None = None
    verification: Verification | None = None
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        for which in backends:
            task = progress.add_task(which, total=len(images))

            def stage(name: str, task: object = task) -> None:
                progress.update(task, description=f"building the RTL: {name}")  # type: ignore[arg-type]

            with connect(program, which, config=hardware, progress=stage) as accelerator:
                progress.update(task, description=which)
                parts = []
                chunk = _CHUNK.get(which, _CHUNK_OVER_A_WIRE)
                for first in range(0, len(images), chunk):
                    parts.append(accelerator.infer(images[first : first + chunk]))
                    progress.advance(task, len(parts[-1].predictions))
                results[which] = joined(parts)
                placement, config = accelerator.placement, accelerator.config
                if compare and isinstance(accelerator, RtlAccelerator):
                    verification = verify(results["golden"], results[which])
                    if verification.different and isinstance(accelerator.transport, InProcess):
                        where = first_difference(accelerator, images[verification.different[0]])
                        first_image = verification.different[0]
                        verification = Verification(
                            images=verification.images,
                            different=verification.different,
                            compared=verification.compared,
                            first=f"image {first_image}, {where}" if where else verification.first,
                        )
    return Report(
        program=program,
        placement=placement,
        config=config,
        result=results[backend],
        labels=test.labels,
        backend=backend,
        data=test.name,
        verification=verification,
    )
