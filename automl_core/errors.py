"""The errors that people read: what was received, what is needed, what to do next."""

from __future__ import annotations


class AutoMLError(Exception):
    """Root of every error that is meant for a person.

    Anything that is not an `AutoMLError` is a defect of ours: it keeps its traceback in the log and is shown with
    the log's id.

    Parameters
    ----------
    received : str
        What was found, as a full sentence with the values that matter.
    needed : str
        What would have been right, as a full sentence. May be empty where `received` says it.
    action : str
        What the person can do next, as a full sentence.
    """

    def __init__(self, received: str, needed: str = "", action: str = "") -> None:
        self.received = received
        self.needed = needed
        self.action = action
        super().__init__(" ".join(part for part in (received, needed, action) if part))

    def __reduce__(self) -> tuple[type[AutoMLError], tuple[str, str, str]]:
        """Cross a process border with all three parts."""
        return type(self), (self.received, self.needed, self.action)


class InputError(AutoMLError, ValueError):
    """A value, file, table or setting that was given cannot be used."""


class DialectError(InputError):
    """A text file is no table by what was found of how it is written; by what a person says of it, it may be one."""


class NotFoundError(AutoMLError, LookupError):
    """A project, dataset, run, model or column that was named does not exist."""


class AccessError(AutoMLError):
    """The person who asked may not do this, or is not known."""


class LimitError(AutoMLError, ValueError):
    """More was asked for than the limits of this installation allow."""


class StorageError(AutoMLError, OSError):
    """The disk or the database did not do what was asked."""


class FormatError(AutoMLError, ValueError):
    """A stored object is of another format version, incomplete or altered."""


class EngineError(AutoMLError, RuntimeError):
    """A third-party engine failed or is missing."""


class JobError(AutoMLError, RuntimeError):
    """A job could not be started, stopped or followed."""
