"""A run on disk: what was asked, what came out, and where its files are."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.cleaning.recipe import Recipe
from automl_core.errors import InputError, NotFoundError
from automl_core.experiment import ExperimentConfig
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.scoring.archive import name_of
from automl_core.workspace import at_work, check_id, read_json, write_json

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.data.dataset import Dataset


LONGEST_WAIT = 20.0
"""Seconds for another process to have written its row."""


@dataclass(frozen=True)
class Run:
    """The folder of one run, in a project or made by the command line.

    Parameters
    ----------
    path : Path
        Holds ``request.json`` before the run starts, and everything the run leaves.
    """

    path: Path

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def params(self) -> dict[str, Any]:
        """What was asked: ``dataset``, ``config``, ``recipe``; raises NotFoundError without a request."""
        params: dict[str, Any] = read_json(self.path / "request.json")["params"]
        return params

    @property
    def config(self) -> ExperimentConfig:
        """The experiment's settings."""
        return ExperimentConfig.from_dict(self.params["config"])

    @property
    def recipe(self) -> Recipe:
        """The recipe the run learned with."""
        return Recipe.from_dict(self.params["recipe"])

    def dataset(self) -> Dataset:
        """Load the dataset: the train folder's own, or the project's; raises NotFoundError when it was deleted."""
        from automl_core.data.dataset import load_dataset

        own = self.path / "dataset"
        if own.is_dir():
            return self._unchanged(load_dataset(own))
        if self.params["dataset"] == own.name:
            raise NotFoundError(
                f"The table this run learned from is no longer in its folder, {self.path.name}.",
                action="Train again to judge and explain it; the models of this run still predict.",
            )
        dataset_id = check_id(self.params["dataset"])
        folder = self.path.parent.parent / "datasets" / dataset_id
        if not folder.is_dir():
            raise NotFoundError(
                f"The table this run learned from ({dataset_id}) is no longer in the project.",
                action="Upload it again and start a new run; the models of this run still predict.",
            )
        return self._unchanged(load_dataset(folder))

    def _unchanged(self, dataset: Dataset) -> Dataset:
        """Return the dataset when it is the one this run learned from; raises InputError when it was read anew since."""
        if self.params.get("fingerprint") not in (None, dataset.fingerprint):
            raise InputError(
                f"The table {dataset.name!r} was read another way after this run had started.",
                "What was learned no longer fits it.",
                "Start a new run; the models that were packed before still predict.",
            )
        return dataset

    def leaderboard(self) -> Leaderboard:
        """Read the leaderboard; raises NotFoundError before its first row."""
        return Leaderboard.load(self.path / "leaderboard.json")

    def join(self, row: Candidate) -> None:
        """Add a row to the leaderboard beside others who do the same; raises NotFoundError without a leaderboard."""
        begun = time.monotonic()
        while True:
            try:
                with at_work(self.path / "tuning", "Another row"):
                    path = self.path / "leaderboard.json"
                    Leaderboard.load(path).with_candidate(row).save(path)
                    return
            except InputError:  # held for a moment by another process
                if time.monotonic() - begun > LONGEST_WAIT:
                    raise
                time.sleep(0.02)

    def holdout(self, frame: pd.DataFrame | None = None) -> pd.DataFrame:
        """Return the rows the search never saw, as uploaded (typed, before any step of the recipe).

        `frame` is the run's table, where it is at hand.

        Raises
        ------
        InputError
            When the run kept no rows aside.
        """
        import numpy as np

        with np.load(self.path / "split.npz") as split:
            positions, rows = split["holdout"], split["rows"]
        if not len(positions):
            raise InputError(
                "This run learned from every row, so none are left to judge it on.",
                action="Upload a labelled file, or start a run that holds rows back.",
            )
        held_out: pd.DataFrame = (self.dataset().frame() if frame is None else frame).loc[rows[positions]]
        return held_out

    def model(self, candidate_id: str) -> Path:
        """Path of one candidate's bundle, whether or not it was built yet."""
        return self.path / "models" / f"{self._known(candidate_id)}.zip"

    def evaluation(self, candidate_id: str) -> Path:
        """Path of one candidate's evaluation."""
        return self.path / "evaluations" / f"{self._known(candidate_id)}.json"

    def judged(self, candidate_id: str) -> Path:
        """Folder of what was computed of one candidate beyond its evaluation, by the rows it was judged on."""
        return self.path / "judged" / self._known(candidate_id)

    def learning(self, candidate_id: str) -> Path:
        """Path of one candidate's learning curve."""
        return self.judged(candidate_id) / "learning.json"

    def threshold(self, candidate_id: str) -> Path:
        """Path of the threshold that a person chose for one candidate."""
        return self.path / "thresholds" / f"{self._known(candidate_id)}.json"

    def explanation(self, candidate_id: str) -> Path:
        """Path of one candidate's explanation."""
        return self.path / "explanations" / f"{self._known(candidate_id)}.json"

    def reasons(self, candidate_id: str) -> Path:
        """Path of why one candidate predicts what it predicts."""
        return self.path / "reasons" / f"{self._known(candidate_id)}.json"

    def cases(self, candidate_id: str) -> Path:
        """Path of the rows that somebody made up and kept for one candidate."""
        return self.path / "cases" / f"{self._known(candidate_id)}.json"

    def readable(self, candidate_id: str) -> Path:
        """Path of one candidate's model, written out."""
        return self.path / "readables" / f"{self._known(candidate_id)}.json"

    def report(self, candidate_id: str) -> Path:
        """Path of one candidate's report."""
        return self.path / "reports" / f"{self._known(candidate_id)}.html"

    def card(self, candidate_id: str) -> Path:
        """Path of one candidate's model card."""
        return self.path / "reports" / f"{self._known(candidate_id)}.card.html"

    def code(self, candidate_id: str) -> Path:
        """Path of the proof of one candidate's script; the script (``.py``) and the notebook (``.ipynb``) lie beside it."""
        return self.path / "codes" / f"{self._known(candidate_id)}.json"

    def edge(self, candidate_id: str) -> Path:
        """Path of the record of one candidate's ONNX file, which lies beside it; its name is that of the packed model, too.

        A model that is packed anew, with another threshold for example, has another name, and no record yet.
        """
        packed = self.model(candidate_id)
        name = name_of(packed) if packed.exists() else "none"
        return self.path / "edges" / f"{self._known(candidate_id)}.{name}.json"

    def _known(self, candidate_id: str) -> str:
        return self.leaderboard()[candidate_id].id


def write_request(folder: Path, kind: str, params: dict[str, Any], *, by: str = "") -> None:
    """Write a job's whole request, the first file of its folder, with the id of the person who asked for it."""
    asked = {"by": by} if by else {}
    write_json(folder / "request.json", {"format": 1, "kind": kind, "params": params, **asked})
