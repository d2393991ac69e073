"""Time of a search against the machines of a cluster: measured where this machine has the cores, simulated beyond.

The same candidates are fitted on the same folds of a generated table, on a Ray cluster of 1, 2, ... machines of one core
each, which are processes of this machine; as many as it has cores. Of each task is kept how long it waited, how long it took
on its machine, and how many bytes came back. From the tasks of the run on one machine, a simulation then says what 1, 2, 4
and 8 machines would take on a network of 1 Gbit/s. What it assumes is written beside its results. ``--short`` takes a small
table for a quick look.

Results: ``benchmarks/results/cluster_scaling.json``, ``.md`` and ``.svg``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
RESULTS = ROOT / "benchmarks" / "results" / "cluster_scaling.json"
MACHINES = (1, 2, 4, 8)
FOLDS = 5
NETWORK = 118e6
"""Bytes a second over 1 Gbit/s, as TCP leaves them."""
STORE = 200 * 2**20
ASSUMED = (
    "Each machine has one core as fast as this one's, and enough memory and object store for the folds.",
    "A fit takes as long as it took in the run on one machine, where nothing else competed for the core but what else ran here.",
    "Every machine's process starts at the same time and takes as long as the first one did; what it imports for its first model "
    "of a kind is counted once.",
    "A machine fetches a fold's rows once, at 118 MB/s (1 Gbit/s); answers come back one after another over one such link.",
    "The process that runs the search does one thing at a time, for as long as it did for each task in the run on one machine.",
    "Fits wait for their fold's data, and are sent in the order in which the search sends them; no machine is lost.",
)


@dataclass(frozen=True)
class Task:
    """One task of the measured run.

    Parameters
    ----------
    key : tuple
    took : float
        Seconds on its machine.
    whole : float
        Seconds from the sending to the answer.
    served : float
        Seconds that the process which runs the search was busy with it.
    sent, answered : int
        Bytes that its machine needed, and that came back.
    needs : tuple
        Keys of the tasks that it waited for.
    """

    key: tuple[Any, ...]
    took: float
    whole: float
    served: float
    sent: int
    answered: int
    needs: tuple[tuple[Any, ...], ...] = ()


def specs(count: int) -> tuple[Any, ...]:
    """Return so many different candidates: linear ones, forests and boosters of a fixed size."""
    from dataclasses import replace

    from automl_core.search.candidates import catalogue

    known = catalogue("binary")
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("lightgbm", {"n_estimators": 150}), ("et", {"n_estimators": 60}), ("lr", {}), ("rf", {"n_estimators": 40}),
        ("xgboost", {"n_estimators": 100, "max_depth": 5}), ("gbc", {"n_estimators": 20}),
    ]  # fmt: skip
    made = []
    for place in range(count):
        name, params = kinds[place % len(kinds)]
        more = {**params, **({"random_state": place} if name != "lr" else {"C": 1.0 / (1 + place)})}
        made.append(replace(known[name], id=f"{name}-{place}", params={**known[name].params, **more}))
    return tuple(made)


@contextmanager
def cluster(machines: int) -> Iterator[str]:
    """Run a cluster of so many machines of one core on this one; give its address."""
    # Ray's processes yield to all others unless told not to, and are then timed by what else this machine does.
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_worker_niceness="0")
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 1, "object_store_memory": STORE, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(machines - 1):
            made.add_node(num_cpus=1, object_store_memory=STORE)
        yield made.address
    finally:
        made.shutdown()


def measure(machines: int, rows: int, columns: int, count: int) -> dict[str, Any]:
    """Search once on a cluster of so many machines; return its seconds and its tasks."""
    from automl_core.cleaning.recipe import Recipe, Step
    from automl_core.data.dataset import load_dataset
    from automl_core.experiment import Budget, ExperimentConfig
    from automl_core.search import place, remote
    from automl_core.search.run import run_search
    from benchmarks.scaling import make_table

    tasks: list[Task] = []

    class Watched(remote.RayExecutor):
        """An executor that notes what each task cost."""

        served: ClassVar[dict[tuple[Any, ...], float]] = {}

        def submit(self, key: Any, work: Any, timeout: float) -> None:
            begun = time.perf_counter()
            super().submit(key, work, timeout)
            self.served[key] = time.perf_counter() - begun

        def _taken(self, key: Any, outcome: Any) -> Any:
            begun, sent = time.perf_counter(), self._sent[key]
            done = super()._taken(key, outcome)
            if outcome.value is not None:
                answer, files = outcome.value
                names = list(sent.order.files)
                size = sum((self._work.folder / name).stat().st_size for name in names)
                back = sum(len(data) for data in files.values())
                needs = (("prepare", key[1], names[0].rpartition("/")[2].partition("_")[0]),) if names else ()
                served = self.served[key] + time.perf_counter() - begun
                tasks.append(Task(key, answer["took"], time.monotonic() - sent.started, served, size, back, needs))
            return done

    remote.RayExecutor = Watched  # what `executor_at` takes
    recipe = Recipe((Step("impute", {"strategy": "auto"}, "gaps", id="aaaa0001"), Step("encode", {}, "words", id="aaaa0002")))
    config = ExperimentConfig(
        "event", "binary", "roc_auc", positive="yes", folds=FOLDS, budget=Budget(3600, count), preset="best"
    )
    with tempfile.TemporaryDirectory() as scratch, cluster(machines) as address:
        make_table(rows, columns, Path(scratch))
        data = load_dataset(Path(scratch) / "dataset")
        started = time.time()
        board = run_search(
            data.frame(), data.schema, recipe, config, Path(scratch) / "run", emit=lambda event: None,
            should_stop=lambda: False, started=started, specs=specs(count), place=place.Place(address),
        )  # fmt: skip
        seconds = time.time() - started
    assert all(row.state == "scored" for row in board), [(row.id, row.state, row.reason) for row in board]
    earliest = tasks[0]  # its process was begun for it
    return {
        "machines": machines,
        "seconds": seconds,
        "fitting": sum(task.took for task in tasks),
        "start": max(earliest.whole - earliest.took, 0.0),
        "score": max(row.score or 0.0 for row in board),
        "tasks": [asdict(task) for task in tasks],
    }


def simulate(tasks: Sequence[Task], machines: int, *, start: float, network: float, trip: float) -> float:
    """Return the seconds that so many machines take for the tasks.

    Parameters
    ----------
    tasks : sequence of Task
        In the order in which they were sent.
    machines : int
    start : float
        Seconds until a machine's process is there.
    network : float
        Bytes a second.
    trip : float
        Seconds that a task takes beyond its work, on the way and in Ray.
    """
    free = [start] * machines
    holds: list[set[Any]] = [set() for _ in range(machines)]
    ended: dict[Any, float] = {}
    driver = link = 0.0
    waiting = list(tasks)
    while waiting:
        machine = min(range(machines), key=lambda place: free[place])
        # The first task whose data is there by then; where there is none, the one whose data is there soonest.
        known = [task for task in waiting if all(need in ended for need in task.needs)]
        now = max(free[machine], driver)
        task = next((one for one in known if _ready(one, ended) <= now), None) or min(known, key=lambda one: _ready(one, ended))
        waiting.remove(task)
        driver = max(now, _ready(task, ended)) + task.served / 2
        fetched = 0.0 if set(task.needs) <= holds[machine] else task.sent / network
        holds[machine] |= set(task.needs)
        done = driver + trip + fetched + task.took
        link = max(link, done) + task.answered / network
        ended[task.key] = link + task.served / 2
        free[machine] = ended[task.key]
    return max(ended.values())


def _ready(task: Task, ended: dict[Any, float]) -> float:
    return max((ended[need] for need in task.needs), default=0.0)


def tasks_of(measured: dict[str, Any]) -> list[Task]:
    """Return the tasks of a measured run."""
    return [
        Task(
            tuple(row["key"]), row["took"], row["whole"], row["served"], row["sent"], row["answered"],
            tuple(tuple(need) for need in row["needs"]),
        )
        for row in measured["tasks"]
    ]  # fmt: skip


def summary(measured: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what was measured without its tasks, and what is simulated from the run on one machine."""
    one = measured[0]
    tasks = tasks_of(one)
    trip = statistics.median(max(task.whole - task.took, 0.0) for task in tasks)
    simulated = {
        count: simulate(tasks, count, start=one["start"], network=NETWORK, trip=trip) + one["seconds"] - _span(one, tasks, trip)
        for count in MACHINES
    }
    return {
        "measured": [{key: value for key, value in row.items() if key != "tasks"} for row in measured],
        "simulated": [{"machines": count, "seconds": seconds} for count, seconds in simulated.items()],
        "tasks": len(tasks),
        "took_median": statistics.median(task.took for task in tasks),
        "took_longest": max(task.took for task in tasks),
        "trip": trip,
        "served": statistics.median(task.served for task in tasks),
        "start": one["start"],
        "sent": sum(task.sent for task in tasks if task.sent),
        "answered": sum(task.answered for task in tasks),
    }


def _span(one: dict[str, Any], tasks: Sequence[Task], trip: float) -> float:
    """Return the simulated seconds of the measured run itself, whose network is this machine's memory."""
    return simulate(tasks, 1, start=one["start"], network=float("inf"), trip=trip)


def lines(result: dict[str, Any]) -> list[str]:
    """Return the table of the results, and the assumptions."""
    measured = {row["machines"]: row["seconds"] for row in result["measured"]}
    said = ["| machines | measured, s | simulated, s | simulated, times as fast |", "|---:|---:|---:|---:|"]
    alone = result["simulated"][0]["seconds"]
    for row in result["simulated"]:
        count, seconds = row["machines"], row["seconds"]
        here = f"{measured[count]:.1f}" if count in measured else "–"
        said.append(f"| {count} | {here} | {seconds:.1f} | {alone / seconds:.2f} |")
    said.append("")
    said.append(
        f"{result['tasks']} tasks; {result['took_median']:.2f} s each in the median, {result['took_longest']:.1f} s at most; "
        f"{1000 * result['trip']:.0f} ms on the way and {1000 * result['served']:.1f} ms of the search's own process for each; "
        f"{result['start']:.1f} s until the first process was ready; {result['answered'] / 2**20:.1f} MB came back."
    )
    return [*said, "", "The simulation assumes:", "", *(f"- {sentence}" for sentence in ASSUMED)]


def draw(result: dict[str, Any], path: Path) -> None:
    """Draw seconds against machines as an SVG, both axes logarithmic."""
    import matplotlib

    matplotlib.use("svg", force=True)
    from matplotlib.figure import Figure

    from automl_core.charts.style import ACCENT, GREY

    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    simulated = [(row["machines"], row["seconds"]) for row in result["simulated"]]
    ideal = [(count, simulated[0][1] / count) for count, _ in simulated]
    measured = [(row["machines"], row["seconds"]) for row in result["measured"]]
    axes.plot(*zip(*ideal, strict=True), color=GREY, linestyle=":", label="No cost of sharing")
    axes.plot(
        *zip(*simulated, strict=True), color=ACCENT, linestyle="--", marker="o", fillstyle="none", label="Simulated, 1 Gbit/s"
    )
    axes.plot(*zip(*measured, strict=True), color=ACCENT, linestyle="", marker="o", label="Measured on one machine's cores")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.set_xticks(MACHINES, [str(count) for count in MACHINES])
    low, high = ideal[-1][1], max(seconds for _, seconds in (*simulated, *measured))
    ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000) if low * 0.7 <= tick <= high * 1.5]
    axes.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("Machines of one core")
    axes.set_ylabel("Seconds of the search")
    axes.legend(frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def main() -> int:
    """Measure, simulate, store and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a small table for a quick look; nothing is stored")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--candidates", type=int, default=12)
    given = parser.parse_args()
    rows, columns, count = (3_000, 10, 6) if given.short else (given.rows, given.columns, given.candidates)
    cores = len(os.sched_getaffinity(0))
    measured = []
    for machines in [number for number in MACHINES if number <= cores]:
        measured.append(measure(machines, rows, columns, count))
        print(f"{machines} machine{'s' * (machines > 1)}: {measured[-1]['seconds']:.1f} s", flush=True)
    if max(row["score"] for row in measured) - min(row["score"] for row in measured) > 1e-9:
        print("The scores differ from one number of machines to another.", file=sys.stderr)
        return 1
    result = summary(measured)
    print("\n".join(lines(result)))
    if given.short:
        return 0
    load = os.getloadavg()[2]
    about = {
        "date": datetime.date.today().isoformat(), "machine": f"{cores} cores, {platform.machine()}", "load": round(load, 1),
        "rows": rows, "columns": columns, "candidates": count, "folds": FOLDS, "assumed": ASSUMED,
    }  # fmt: skip
    RESULTS.write_text(json.dumps({**about, **result}, indent=1) + "\n", encoding="utf-8")
    shared = f" Other work had a share of the cores: the machine's load was {load:.1f}." if load > cores + 1 else ""
    title = (
        f"# A search on a cluster\n\n{count} candidates in {FOLDS} folds of {rows:,} rows and {columns} columns. Measured on "
        f"{about['date']} on {about['machine']}, by `make bench-cluster`.{shared}\n\n"
        "![Seconds against machines](cluster_scaling.svg)\n\n"
    )
    RESULTS.with_suffix(".md").write_text(title + "\n".join(lines(result)) + "\n", encoding="utf-8")
    draw(result, RESULTS.with_suffix(".svg"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
