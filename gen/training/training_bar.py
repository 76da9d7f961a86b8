"""What is seen of a training: a bar with the epoch, its loss, accuracy and additions."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["TrainingBar"]


class TrainingBar(Progress):
    """A bar on standard error.

    Parameters
    ----------
    steps
        Of the whole training.
    done
        Steps that were done before.
    quiet
        Draw nothing.
    """

    def __init__(self, steps: int, done: int, quiet: bool) -> None:
        super().__init__(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[shown]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=quiet,
        )
        self._only = self.add_task("", total=steps, completed=done, epoch=0, shown="")

    def stepped(self) -> None:
        """A step is done."""
        self.advance(self._only)

    def measured(self, epoch: int, **shown: str) -> None:
        """An epoch is done; show these by their names."""
        text = " ".join(f"{name} {value}" for name, value in shown.items())
        self.update(self._only, epoch=epoch, shown=text)
