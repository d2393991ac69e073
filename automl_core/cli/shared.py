"""What every command uses: the app itself, words to the terminal, files and models by their paths."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from automl_core.errors import InputError, NotFoundError
from automl_core.events import CandidateScored, Event, Message, Progress

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.cleaning.recipe import Recipe
    from automl_core.data.dataset import Dataset
    from automl_core.registry.store import Registered
    from automl_core.scoring.bundle import Model
    from automl_core.search.place import Place

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="Tablewright without a browser."
)

File = Annotated[
    Path,
    typer.Argument(
        help="A table: CSV or other text, Excel, ods, Parquet, Feather, JSON, SQLite, or one of these compressed.",
        show_default=False,
    ),
]
Parts = Annotated[
    list[str] | None,
    typer.Option(
        "--part",
        metavar="NAME",
        help="Which sheet of a workbook, file of a zip archive, table of a database, or number of a table below another.",
    ),
]
ModelPath = Annotated[
    Path,
    typer.Argument(metavar="MODEL", help="A train folder, an exported model or NAME@champion.", show_default=False),
]
OrHere = Annotated[
    bool, typer.Option("--or-here", help="Use this machine when the cluster of AUTOML_RAY_ADDRESS cannot be reached.")
]
Out = Annotated[Path, typer.Option("--out", help="Where the result is written.", show_default=False)]


def leave(number: int, _: object) -> NoReturn:
    """Leave at once, as a signal handler."""
    fail("Stopped.", 130)


def stop_signals() -> list[int]:
    """Return a list that fills when a person or a scheduler asks to stop; the second time it is left at once."""
    stopped: list[int] = []

    def stop(number: int, _: object) -> None:
        if stopped:
            leave(number, None)
        stopped.append(number)
        say("Stopping; what is finished is kept. Press again to leave at once.")

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopped


def fail(sentence: str, code: int) -> NoReturn:
    """Say why on standard error and leave."""
    print(sentence, file=sys.stderr)
    sys.exit(code)


def say(sentence: str) -> None:
    """Say what happens, on standard error."""
    print(sentence, file=sys.stderr, flush=True)


def existing(path: Path) -> Path:
    """Return the path of a file that is there; raises NotFoundError otherwise."""
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}.", action="Check the path.")
    return path


def new_folder(path: Path) -> None:
    """Refuse a folder that holds something with an InputError."""
    if path.exists() and any(path.iterdir()):
        raise InputError(f"The folder {path} is not empty.", "A new folder is needed.", "Name another one with --out.")


def choice_of(option: str, given: str, known: tuple[str, ...]) -> str:
    """Return what was given for an option; raises InputError when it is none of the known ones."""
    if given not in known:
        raise InputError(f"{option} is {given!r}.", f"It must be one of {', '.join(known)}.", "Choose one of them.")
    return given


def dataset_of(file: Path, part: list[str] | None = None) -> Dataset:
    """Read a table into a folder that is gone when the command ends."""
    import atexit
    import tempfile

    from automl_core.data.dataset import create_dataset
    from automl_core.data.sources.opening import choice_of_parts

    folder = tempfile.mkdtemp(prefix="tablewright-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return create_dataset(Path(folder) / "dataset", existing(file), file.stem, choice=choice_of_parts(file, part or ()))


def rows_of_file(file: Path, part: list[str] | None = None) -> pd.DataFrame:
    """Return the rows of a file of any kind; says what was left out of it."""
    from automl_core.data.sources.opening import choice_of_parts
    from automl_core.data.sources.rows import read_rows

    frame, notes = read_rows(existing(file), choice_of_parts(file, part or ()))
    for note in notes:
        say(note)
    return frame


def recipe_of(path: Path | None, dataset: Dataset, target: str, frame: pd.DataFrame | None = None) -> Recipe:
    """Return the recipe in a file, or the one proposed for the table; raises InputError where it takes the target away.

    `frame` is the dataset's, where it has been read already: a table of thousands of columns takes seconds.
    """
    from automl_core.cleaning.lineage import check_target
    from automl_core.cleaning.propose import propose_recipe
    from automl_core.cleaning.store import import_recipe

    if path is None:
        return propose_recipe(dataset.frame() if frame is None else frame, dataset.schema, target)
    recipe = import_recipe(existing(path).read_bytes())
    check_target(recipe, dataset.schema, target)
    return recipe


def given_recipe(path: Path | None) -> Recipe | None:
    """Return the recipe in a file, if one was named."""
    from automl_core.cleaning.store import import_recipe

    return None if path is None else import_recipe(existing(path).read_bytes())


def train_folder(path: Path) -> Path:
    """Return a folder that `train` made; raises NotFoundError for another."""
    if not (path / "request.json").exists():
        raise NotFoundError(
            f"{path} is no train folder.", "It would hold request.json and model.zip.", "Name the folder that `train` made."
        )
    return path


def version_at(path: Path) -> tuple[Registered, int] | None:
    """Return the registered model and version of ``NAME@alias``; None for a path. Raises NotFoundError."""
    if "@" not in str(path) or path.exists():
        return None
    from automl_core.registry.store import resolve
    from automl_core.workspace import Workspace

    return resolve(Workspace.default(), str(path))


def model_file(path: Path) -> Path:
    """Return the bundle of a train folder or of a registered model (``NAME@alias``, ``NAME@3``), or the bundle, packed or not.

    Raises
    ------
    NotFoundError
        When there is nothing of that name.
    FormatError
        When a registered version's file was deleted or altered.
    """
    version = version_at(path)
    if version is not None:
        registered, number = version
        return registered.model(number)
    return train_folder(path) / "model.zip" if path.is_dir() and not unpacked(path) else path


def unpacked(path: Path) -> bool:
    """Return whether a folder is an exported model that was unpacked."""
    return (path / "manifest.json").is_file()


def model_at(path: Path) -> Model:
    """Load the model of a train folder, a bundle, or a registered model; see `model_file`."""
    from automl_core.engines.skops import import_skops
    from automl_core.scoring.bundle import load_model

    import_skops()
    return load_model(model_file(path))


class Every:
    """Says what is being done, at most once in so many seconds, and not at the end."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.last = seconds, time.monotonic()

    def __call__(self, done: float, doing: str) -> None:
        """Say it, with the share that is done."""
        if time.monotonic() - self.last > self.seconds and done < 1:
            self.last = time.monotonic()
            say(f"{done:4.0%} {doing}")


def place_of(or_here: bool) -> Place:
    """Return where fits are made, by the environment; raises EngineError when nothing answers there and `or_here` is not set."""
    from automl_core.search.place import check_place, default_place

    place = default_place(or_here=or_here)
    check_place(place)
    return place


def teller() -> Callable[[Event], None]:
    """Return what tells events as lines: each score once, and what is being done every five seconds."""
    from automl_core.leaderboard import in_words

    last = 0.0

    def tell(event: Event) -> None:
        nonlocal last
        if isinstance(event, CandidateScored):
            row = event.candidate
            if row["state"] == "scored":
                said = f"{row['at_seconds']:6.1f} s  {row['name']}: {in_words(row['score'], row['spread'])}"
                say(f"{said}  {row['reason']}".rstrip())
            elif row["state"] in ("failed", "skipped", "stopped"):
                say(f"          {row['name']}: {row['state']}. {row['reason']}")
        elif isinstance(event, Message):
            say(event.text)
        elif isinstance(event, Progress) and time.monotonic() - last > 5:
            last = time.monotonic()
            left = f", {event.seconds_left:.0f} s left" if event.seconds_left >= 0 else ""
            say(f"          {event.doing}{left}")

    return tell
