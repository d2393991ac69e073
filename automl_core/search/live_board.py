"""The leaderboard while it is made: what is put on it, stored, and told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from automl_core.events import CandidateScored, Event
from automl_core.experiment import ExperimentConfig
from automl_core.fold_tests import fold_ratio
from automl_core.honesty import recommend
from automl_core.leaderboard import Candidate, Leaderboard, in_words
from automl_core.search.fitting import FoldWork
from automl_core.workspace import write_json

Look = Callable[[], Leaderboard | None]
FOLLOWS = "The search's own score follows."
MORE = "Give the run more time for a score on all rows."
SAVING = 2.5e-8
"""Seconds for each byte of a stored model to be loaded, checked and exported (187 MB took 4.5 s, 209 MB 5.5 s)."""


def new_board(work: FoldWork, config: ExperimentConfig) -> Leaderboard:
    """Return the empty leaderboard of a run."""
    division, metric = work.division, work.scorer.metric
    learned = [len(division.learned(fold)) for fold in range(division.folds)]
    judged = [len(division.judged(fold)) for fold in range(division.folds)]
    return Leaderboard(
        metric.name,
        metric.greater_is_better,
        label=metric.label,
        preset=config.preset,
        fold_ratio=fold_ratio(learned, judged),
        limit_ms=config.predict_limit_ms if config.preset == "fast" else 0.0,
        exported=1 if division.forward else 0,
    )


class LiveBoard:
    """The leaderboard of a run that goes on.

    Parameters
    ----------
    board : Leaderboard
    folder : Path
        The run's.
    emit : callable
        Takes a `CandidateScored` for each row that is shown.
    look : callable, optional
        Ends the first look and returns its leaderboard; called before the first row is shown. The look's row stands until the
        same model has a score of the search's own.
    """

    def __init__(self, board: Leaderboard, folder: Path, emit: Callable[[Event], None], look: Look | None = None) -> None:
        self.board, self.folder, self.emit = board, folder, emit
        self._look = look
        self._news: list[tuple[Candidate, bool]] = []
        self._unsaved = False

    def keep(self, row: Candidate) -> None:
        """Show a row that is done, and store it with the next `tell`."""
        self.show(row, done=True)

    def show(self, row: Candidate, *, done: bool = False) -> None:
        """Put a row on the leaderboard, to be told with the next `tell`."""
        self._hand_over()
        if row.state == "running" and any(known.id == row.id and known.role == "look" for known in self.board):
            return
        self.put(row)
        if row.state == "scored":
            self.recommend()
        self._news.append((row, done))

    def tell(self) -> None:
        """Store and emit the rows that are new; a search does so once the next fits are under way, which need not wait for it.

        Rows that are not done are stored with the next `flush`.
        """
        if not self._news:
            return
        for row, done in self._news:
            if done:
                write_json(self.folder / "candidates" / row.id / "candidate.json", row.to_dict())
        self._unsaved = all(row.state == "running" for row, _ in self._news)
        if not self._unsaved:
            self.board.save(self.folder / "leaderboard.json")
        news = [row for row, _ in self._news]
        self._news.clear()  # only now: where the disk was full, they are told again once there is room
        for row in news:
            self.emit(CandidateScored(row.to_dict()))

    def _hand_over(self) -> None:
        look, self._look = self._look, None
        seen = look() if look else None
        if seen is not None and seen.metric == self.board.metric:
            for row in seen:
                self.put(row)

    def end_look(self) -> None:
        """Say of a first look that the search did not come back to that it is no result."""
        self._hand_over()
        for row in [row for row in self.board if row.role == "look"]:
            reason = row.reason.removesuffix(FOLLOWS) + f"Its score was {in_words(row.score or 0.0, row.spread)}."
            self.show(replace(row, role="model", state="skipped", reason=reason, suggestion=MORE, score=None))

    def put(self, row: Candidate) -> None:
        """Put a row that was told before on the leaderboard."""
        self.board = self.board.with_candidate(row)

    def recommend(self, more: str = "") -> None:
        """Recommend a row by what is known now; `more` is added to the reason."""
        name, why = recommend(self.board)
        self.board = replace(self.board, recommended=name, recommendation=f"{why}{more}")

    def flush(self) -> None:
        """Store what is not stored yet."""
        if self._unsaved:
            self.save()
            self._unsaved = False

    def save(self) -> None:
        """Tell what is new and store the leaderboard."""
        self.tell()
        self.board.save(self.folder / "leaderboard.json")

    def saving_seconds(self) -> float:
        """Return the seconds that exporting the three best models will take by their size."""
        return SAVING * sum(row.size_bytes for row in self.board.ranked()[:3] if row.state == "scored")

    def scored(self) -> list[Candidate]:
        """Return the scored single models, best first."""
        return [row for row in self.board.ranked() if row.state == "scored" and row.role == "model"]
