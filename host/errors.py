"""The errors that are for people: shown as one paragraph, exit code 2."""

from augend.gen.aer import AerError
from augend.gen.datasets import DataSetError
from augend.gen.encoding import EncodingError
from augend.gen.graph import ConversionError
from augend.gen.network import ContractError
from augend.gen.place import PlacementError
from augend.gen.program import ProgramError
from augend.gen.scaling import PixelError
from augend.gen.training import CheckpointError, RecipeError
from augend.host.packets import FaultError, LinkError
from augend.hw.configuration import ConfigurationError
from augend.hw.fit import FitError
from augend.sim.verilation import BuildError

__all__ = ["USER_ERRORS", "UsageError"]


class UsageError(ValueError):
    """Arguments of the command line that do not go together."""


USER_ERRORS = (
    AerError,
    BuildError,
    CheckpointError,
    ConfigurationError,
    ContractError,
    ConversionError,
    DataSetError,
    EncodingError,
    FaultError,
    FitError,
    LinkError,
    PixelError,
    PlacementError,
    ProgramError,
    RecipeError,
    UsageError,
    OSError,
)
"""Whatever else is raised is a bug of ours, and keeps its traceback."""
