"""A conversation with an accelerator: numbered requests, each carried out and answered once."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from augend.host.packets import (
    Answer,
    LinkError,
    Words,
    make_packet,
    missing_words,
    parse_answers,
)
from augend.host.refusal import refusal_error
from augend.host.transport import Transport
from augend.hw.configuration import AcceleratorConfig
from augend.hw.identity import IDENTITY_LENGTH, VERSION, Identity, configuration_check
from augend.hw.loading import MEMORIES
from augend.hw.packet import Command, Fault

__all__ = ["Conversation", "Request"]

Request = tuple[Command, Words]
"""Command and payload."""

_ATTEMPTS = 8


class Conversation:
    """Numbers requests, repeats what is lost, and finds out who answers.

    Parameters
    ----------
    transport
        How to reach the accelerator.
    config
        What it is taken to be.
    answer_words
        Words of payload that a command is answered with.
    reload
        Loads the program again, where the accelerator was restarted.
    """

    def __init__(
        self,
        transport: Transport,
        config: AcceleratorConfig,
        answer_words: Callable[[Command], int],
        reload: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._config = config
        self._answer_words = answer_words
        self._reload = reload
        self.sequence = getattr(transport, "first_number", 0)
        """Number of the next packet."""

    def request(self, requests: list[Request], *, whole: bool = False) -> list[Answer]:
        """Have every request carried out, and return the answers to ``RUN``s, in their order.

        What is lost or damaged on the way is repeated: of an inference whose result did not come
        its input too, for it has been overwritten. Every packet has a number of its own, so that
        no answer is taken for another's, however late it comes.

        Parameters
        ----------
        requests
            Command and payload of each.
        whole
            Whether all have to be repeated where the accelerator was restarted meanwhile.
        """
        groups = _groups(requests)
        results: dict[int, Answer] = {}
        left = list(range(len(groups)))
        vain = reloads = 0
        while left:
            if vain == _ATTEMPTS:
                raise LinkError(
                    f"Only {len(groups) - len(left)} of {len(groups)} requests got through, then "
                    f"none in {_ATTEMPTS} attempts: the link loses or damages too much"
                )
            sent = [(group, *request) for group in left for request in groups[group]]
            first = self.sequence
            answers = self._exchange([request for _, *request in sent])
            self.sequence = (first + len(sent)) & 0xFFFF
            carried = 0
            refusal = None
            for answer in answers:
                place = (answer.sequence - first) & 0xFFFF
                if answer.command == Command.REFUSED:
                    ahead = (int(answer.payload[1]) - first) & 0xFFFF
                    carried = max(carried, ahead if ahead <= len(sent) else 0)
                    if place < len(sent) and refusal_error(answer):
                        refusal = refusal or answer
                elif place < len(sent):
                    carried = max(carried, place + 1)
                    group, command, _ = sent[place]
                    if answer.command == Command.RESULT and command == Command.RUN:
                        results[group] = answer
            before = len(left)
            left = _unanswered(sent, carried, results)
            if not left and refusal is None:
                break
            told = self.hello()  # what else was sent has been refused too
            if refusal is not None:
                reloads += 1
                self._restore(refusal, told, reloads)
            passed = (told.before - first) & 0xFFFF
            if passed <= len(sent):
                left = _unanswered(sent, max(carried, passed), results)
            elif whole:  # it was restarted, or did not come to tell
                left = list(range(len(groups)))
            vain = 0 if len(left) < before else vain + 1
        return [results[group] for group in sorted(results)]

    def _restore(self, refusal: Answer, told: Identity, reloads: int) -> None:
        """Load the program again where nothing is loaded any more; else raise what is refused."""
        restarted = refusal.fault == Fault.PROGRAM and not told.program and not told.status
        error = refusal_error(refusal)
        if error is not None and not (restarted and reloads <= _ATTEMPTS):
            raise error
        self._reload()

    def _exchange(self, requests: Sequence[Sequence]) -> list[Answer]:
        """Send packets numbered from the next number on; the answers that came."""
        packets = [
            make_packet(command, self.sequence + i, payload)
            for i, (command, payload) in enumerate(requests)
        ]
        expect = sum(3 + self._answer_words(command) for command, _ in requests)
        words = self._transport.exchange(np.concatenate(packets), expect)
        if missing := missing_words(words):  # a refusal is longer than what was expected
            rest = self._transport.exchange(np.zeros(0, np.uint32), missing)
            words = np.concatenate([words, rest])
        return parse_answers(words)

    def hello(self) -> Identity:
        """Find out whom we speak to, and agree on the next sequence number."""
        for _ in range(_ATTEMPTS):
            answer = self._identity()
            self.sequence = (self.sequence + 1) & 0xFFFF
            if answer is not None:
                self._check_version(answer)
                told = Identity.read(answer.payload.tolist())
                self._check(told)
                return told
        raise LinkError("No accelerator answers on this link: check that it is on and configured")

    def _check_version(self, answer: Answer) -> None:
        found = int(answer.payload[0]) & 0xFF if len(answer.payload) else 0
        if found != VERSION or len(answer.payload) != IDENTITY_LENGTH:
            raise LinkError(
                f"The accelerator speaks version {found} of the protocol, this Augend version "
                f"{VERSION}: build the accelerator again, or take the Augend that built it"
            )

    def _check(self, told: Identity) -> None:
        config = self._config
        if (told.lanes, told.cores) != (config.lanes, config.cores):
            raise LinkError(
                f"The accelerator has {told.lanes} lanes and {told.cores} cores; this program was "
                f"placed for {config.lanes} and {config.cores}"
            )
        if told.check != configuration_check(config):
            raise LinkError(
                f"The accelerator was built from another configuration than is assumed here (it "
                f"tells {told.check:08x}, not {configuration_check(config):08x}): give the "
                f"configuration.json that was written with it"
            )

    def _identity(self) -> Answer | None:
        """Ask who is there; what is still on its way from before is passed over."""
        asked = IDENTITY_LENGTH + 3
        came = self._transport.exchange(make_packet(Command.HELLO, self.sequence), asked)
        heard = came
        while True:
            for answer in parse_answers(heard):
                if answer.command == Command.IDENTITY and answer.sequence == self.sequence:
                    return answer
            if len(came) < asked:  # nothing more comes
                return None
            asked = missing_words(heard) or IDENTITY_LENGTH + 3
            came = self._transport.exchange(np.zeros(0, np.uint32), asked)
            heard = np.concatenate([heard, came])


def _groups(requests: list[Request]) -> list[list[Request]]:
    """Requests that are repeated together: a ``RUN`` with the writes of its input, others alone."""
    groups: list[list[Request]] = []
    follows = False
    for request in requests:
        if follows:
            groups[-1].append(request)
        else:
            groups.append([request])
        follows = _writes_input(request)
    return groups


def _unanswered(sent: Sequence[tuple], carried: int, results: Mapping[int, Answer]) -> list[int]:
    """Groups that still lack a result, or a request that was carried out."""
    last = {group: (place, command) for place, (group, command, _) in enumerate(sent)}
    return [
        group
        for group, (place, command) in last.items()
        if (group not in results if command == Command.RUN else place >= carried)
    ]


def _writes_input(request: Request) -> bool:
    command, payload = request
    return command == Command.WRITE and int(payload[0]) & 0xFF == MEMORIES.index("input")
