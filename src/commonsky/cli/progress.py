"""Progress of long work on stderr: moving bars on a terminal, a line now and then elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

LINES_PER_STEP = 10


class Steps:
    """The steps of one piece of work, one after the other."""

    def __init__(self, console: Console, bars: Progress | None) -> None:
        self.console = console
        self._bars = bars
        self._task: TaskID | None = None
        self._title = ""
        self._told = 0

    def begin(self, title: str) -> None:
        """Begin a step; the one before is done."""
        self.end()
        self._title, self._told = title, 0
        if self._bars is not None:
            self._task = self._bars.add_task(title, total=None)
        else:
            self.console.print(f"{title} ...", soft_wrap=True)

    def tell(self, done: int, of: int, detail: str = "") -> None:
        """Say how far the step is."""
        if self._bars is not None and self._task is not None:
            description = f"{self._title}: {detail}" if detail else self._title
            self._bars.update(self._task, completed=done, total=of, description=description)
        elif done * LINES_PER_STEP // of > self._told:
            self._told = done * LINES_PER_STEP // of
            self.console.print(f"  {done} of {of} {detail}".rstrip(), soft_wrap=True)

    def end(self) -> None:
        """End the step at hand."""
        if self._bars is not None and self._task is not None:
            total = next(task.total for task in self._bars.tasks if task.id == self._task)
            self._bars.update(self._task, total=total or 1, completed=total or 1)
        self._task = None


@contextmanager
def steps() -> Iterator[Steps]:
    """Show steps until the block ends."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield Steps(console, None)
        return
    percentage = TextColumn("{task.percentage:>3.0f}%")
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), percentage, TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        shown = Steps(console, bars)
        yield shown
        shown.end()
