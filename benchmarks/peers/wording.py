"""A comparison as Markdown: the whole of it for ``benchmarks/results/README.md``, and the short one of the main README."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from summary import COMPLETE, COSTS, GREATER, OURS, TIE, Level, Result, Standing, against_longer, relative, scores_of, standings

START, END = "<!-- bench:start -->", "<!-- bench:end -->"


def grid(header: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int = 1) -> str:
    """Return a Markdown table; columns from `numbers_from` on are right-aligned."""
    rule = ["---" if place < numbers_from else "---:" for place in range(len(header))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rule, *rows])


def number(value: float | None, digits: int) -> str:
    """Return a number with thousands apart; a dash where nothing was measured."""
    return "–" if value is None else f"{value:,.{digits}f}"


def score_text(value: float) -> str:
    """Return a score with four digits that count."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}" if abs(value) >= 1 else f"{value:.4f}"


def score_grid(results: Sequence[Result], metrics: Mapping[str, str], order: Sequence[str]) -> str:
    """Return the scores, a table a row; the best in bold, ``failed`` where a system gave none."""
    scores, rows = scores_of(results), []
    tried = {(row["table"], row["system"]) for row in results}
    for table, entry in scores.items():
        pick = max if metrics[table] in GREATER else min
        best = pick(entry.values(), default=None)
        cells = []
        for system in order:
            if system in entry:
                text = score_text(entry[system])
                cells.append(f"**{text}**" if entry[system] == best else text)
            else:
                cells.append("failed" if (table, system) in tried else "–")
        more = "higher" if metrics[table] in GREATER else "lower"
        rows.append([table, f"{metrics[table]}, {more} is better", *cells])
    return grid(["table", "metric", *order], rows, 2)


def standing_grid(found: Sequence[Standing]) -> str:
    """Return mean ranks, wins and medians, a system a row."""
    rows = []
    for one in found:
        costs = one.costs or {}
        against = "" if one.system == OURS else f"{one.wins} / {one.ties} / {one.losses}"
        rows.append(
            [one.system, number(one.rank, 2), f"{one.completed} of {one.tables}", against]
            + [number(costs.get(name), digits) for name, (_, digits) in COSTS.items()]
        )
    return grid(["system", "mean rank", "completed", "we won / tied / lost", *(title for title, _ in COSTS.values())], rows)


def remarks(results: Sequence[Result], found: Sequence[Standing]) -> list[str]:
    """Return what must be said of the comparison: who failed where, and who completed too little."""
    said = [
        f"{one.system} completed {one.completed} of {one.tables} tables, fewer than {COMPLETE:.0%}: "
        "what is said of it counts for little."
        for one in found
        if not one.enough
    ]
    said += [f"{row['system']} on {row['table']} failed: {row['failed']}" for row in results if "failed" in row]
    for one in found:
        if one.system != OURS and one.not_lost is not None:
            said.append(f"Against {one.system}: better or level on {one.not_lost:.0%} of the tables that both completed.")
    return said


def level_text(level: Level, budget: float, longer: float, peer: str) -> str:
    """Return the sentence on ours against a peer with more time."""
    if level.share is None:
        return f"Ours at {budget:g} s against {peer} at {longer:g} s: not measured."
    words = list(level.tables.values())
    return (
        f"Ours at {budget:g} s against {peer} at {longer:g} s: better or level on {level.share:.0%} of {len(words)} tables "
        f"({words.count('win')} won, {words.count('tie')} tied, {words.count('loss')} lost)."
    )


def circumstances(results: Sequence[Result]) -> str:
    """Return the machine, the dates and the versions."""
    dates = sorted({row["date"] for row in results})
    machines = sorted({row["machine"] for row in results})
    versions: dict[str, dict[str, None]] = {}
    for row in results:
        if row.get("version"):
            versions.setdefault(row["system"], {})[row["version"]] = None
    span = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    listed = ", ".join(f"{system} {'/'.join(found)}" for system, found in versions.items())
    return f"Measured {span} on {'; '.join(machines)}. Versions: {listed}."


def report(
    budgets: Mapping[float, Sequence[Result]],
    metrics: Mapping[str, str],
    longer: Mapping[float, Sequence[Result]],
    peer: str,
    groups: Mapping[str, Sequence[str]],
) -> str:
    """Return the whole comparison.

    Parameters
    ----------
    budgets : dict of float to sequence of dict
        Results by budget in seconds.
    metrics : dict of str to str
    longer : dict of float to sequence of dict
        Results of `peer` by its longer budgets.
    peer : str
    groups : dict of str to sequence of str
        Tables by what their part's title adds; each group that was measured has a part of its own.
    """
    parts = [
        "# Measured beside other systems",
        "Written by `make bench-peers`, wins and losses alike. How it is measured stands in `benchmarks/README.md`.",
    ]
    for budget, results in budgets.items():
        for title, tables in groups.items():
            if chosen := [row for row in results if row["table"] in tables]:
                parts += _part(f"{budget:g} s{title}", chosen, metrics)
        parts += [
            level_text(against_longer(results, theirs, metrics), budget, seconds, peer)
            for seconds, theirs in longer.items()
            if seconds > budget
        ]
    return "\n\n".join(parts) + "\n"


def _part(title: str, results: Sequence[Result], metrics: Mapping[str, str]) -> list[str]:
    found = standings(results, metrics)
    order = [one.system for one in found]
    behind = relative(results, metrics)
    behind_rows = [[table, *(number(entry.get(system), 1) for system in order)] for table, entry in behind.items()]
    details = [
        [row["table"], row["system"], score_text(row["score"]) if "score" in row else "failed"]
        + [number(row.get(name), digits) for name, (_, digits) in COSTS.items()]
        for row in results
    ]
    return [
        f"## {title}",
        circumstances(results),
        standing_grid(found),
        f"Rank 1 is best, over the tables a system completed. Two scores within {TIE:.1%} are a tie. "
        "What follows the wins are medians over the tables.",
        score_grid(results, metrics, order),
        "Percent behind the best of each table:",
        grid(["table", *order], behind_rows),
        "\n".join(f"* {line}" for line in remarks(results, found)),
        "Each run:",
        grid(["table", "system", "score", *(heading for heading, _ in COSTS.values())], details, 2),
    ]


def compact(
    results: Sequence[Result], metrics: Mapping[str, str], budget: float, level: str, further: Sequence[Result] = ()
) -> str:
    """Return the short comparison of the main README: the scores, the mean ranks, the wins; `further` tables have a part."""
    parts = [
        f"{budget:g} s each, the same rows, scored on a fifth that no system saw. {circumstances([*results, *further])}",
        *_ranks_and_scores(results, metrics),
        level,
    ]
    if further:
        count = len({row["table"] for row in further})
        tables = "table" if count == 1 else "tables"
        parts += [
            f"{count} more real {tables}, chosen by their descriptions before anything was measured on them:",
            *_ranks_and_scores(further, metrics),
        ]
    return "\n\n".join(parts)


def _ranks_and_scores(results: Sequence[Result], metrics: Mapping[str, str]) -> list[str]:
    found = standings(results, metrics)
    rows = [
        [
            one.system,
            number(one.rank, 2),
            "" if one.system == OURS else f"{one.wins} / {one.ties} / {one.losses}",
            number((one.costs or {}).get("first_result_seconds"), 1),
            number((one.costs or {}).get("overrun_seconds"), 1),
            number((one.costs or {}).get("peak_mb"), 0),
            f"{one.completed} of {one.tables}",
        ]
        for one in found
    ]
    header = ["system", "mean rank", "we won / tied / lost", "first result, s", "over budget, s", "peak memory, MB", "completed"]
    few = [f"{one.system} completed too few tables to be judged." for one in found if not one.enough]
    return [grid(header, rows), score_grid(results, metrics, [one.system for one in found]), *few]


def insert(readme: str, text: str) -> str:
    """Return a README with `text` between its markers.

    Raises
    ------
    ValueError
        When the markers are missing or the wrong way round.
    """
    start, end = readme.find(START), readme.find(END)
    if start < 0 or end < start:
        raise ValueError(f"The README has no {START} followed by {END}; put both where the table belongs.")
    return readme[: start + len(START)] + "\n" + text.strip() + "\n" + readme[end:]
