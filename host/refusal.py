"""What a refusal means, in words for people."""

from augend.host.packets import Answer, FaultError, LinkError
from augend.hw.packet import Fault

__all__ = ["refusal_error"]

_GIVEN_UP = {
    Fault.STALLED: "nothing moved any more",
    Fault.TOKEN: "a core got a step of another population than it waited for",
    Fault.QUEUE: "a step had more event words than its queue was made for",
}


def refusal_error(answer: Answer) -> FaultError | LinkError | None:
    """The error to raise for a refusal; None where sending again helps."""
    fault = answer.fault
    if fault == Fault.PROGRAM and answer.cause == Fault.PARITY.value:
        fault = Fault.PARITY  # of the inference before, whose answer did not arrive whole
    if fault == Fault.PROGRAM:
        return LinkError("The accelerator holds another program: load this one first")
    if fault == Fault.COMMAND:
        return LinkError("The accelerator does not know a command: versions differ")
    if fault == Fault.PARITY:
        cores = ", ".join(map(str, answer.waiting))
        return FaultError(
            f"The accelerator gave an inference up: a row of the {answer.damaged} memory"
            f"{f' of core {cores}' if cores else ''} is not as it was written (parity). Load "
            f"the program again, which writes every memory, and repeat the inference"
        )
    if fault in _GIVEN_UP:
        waits = ", ".join(map(str, answer.waiting))
        where = f" (cores that wait: {waits})" if waits else ""
        return FaultError(
            f"The accelerator gave an inference up: {_GIVEN_UP[fault]}{where}. What is "
            f"loaded is not what was placed for this accelerator; load the program again"
        )
    return None
