"""Boards: an accelerator behind the pins, the oscillator and the USB bridge of each."""

from augend.hw.boards.board import Board, BoardError
from augend.hw.boards.colorlight_i5 import COLORLIGHT_I5
from augend.hw.boards.hx8k_evn import HX8K_EVN
from augend.hw.boards.icebreaker import ICEBREAKER
from augend.hw.boards.icesugar import ICESUGAR
from augend.hw.boards.orangecrab import ORANGECRAB
from augend.hw.boards.tang_nano_9k import TANG_NANO_9K
from augend.hw.boards.ulx3s import ULX3S_25F, ULX3S_85F

__all__ = ["BOARDS", "Board", "BoardError", "board_named"]

BOARDS: dict[str, Board] = {
    board.name: board
    for board in (
        ICEBREAKER,
        ICESUGAR,
        HX8K_EVN,
        ULX3S_25F,
        ULX3S_85F,
        ORANGECRAB,
        COLORLIGHT_I5,
        TANG_NANO_9K,
    )
}


def board_named(name: str) -> Board:
    """A board by its name.

    Raises
    ------
    BoardError
        There is none of that name.
    """
    if name not in BOARDS:
        raise BoardError(f"There is no board {name!r}; choose one of {', '.join(BOARDS)}")
    return BOARDS[name]
