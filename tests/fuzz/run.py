"""The long form of the fuzzing: ``python -m tests.fuzz.run [TARGET...] --inputs 100000``.

Input number N of a target is the same on every machine: ``--only N`` tries one again. With ``--seconds`` it ends in time and says
with which number it can go on.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.mutations import input_number
from tests.fuzz.targets import TARGETS, Target, make_bundle, target
from tests.fuzz.watch import Escape, Hang, at_most, watched


@dataclass
class Outcome:
    """What became of a target's inputs.

    Parameters
    ----------
    inputs : int
    words : Counter
        How they came out.
    findings : dict of str to list of int
        Where a fault came up, with the numbers of the inputs.
    slowest : tuple of (float, int)
        Seconds, and which input.
    seconds : float
    """

    inputs: int = 0
    words: Counter[str] = field(default_factory=Counter)
    findings: dict[str, list[int]] = field(default_factory=dict)
    slowest: tuple[float, int] = (0.0, -1)
    seconds: float = 0.0


def fuzz(tried: Target, home: Path, numbers: range, *, until: float = float("inf")) -> Outcome:
    """Try inputs; stop when the clock (`time.monotonic`) says `until`."""
    outcome, begun = Outcome(), time.monotonic()
    for number in numbers:
        if time.monotonic() > until:
            break
        data = input_number(number, tried.name, tried.make)
        started = time.monotonic()
        try:
            try:
                word = _judged(tried, home, data)
            except Hang:  # so looks a machine that was halted meanwhile; an input that hangs does it again
                word = _judged(tried, home, data)
            outcome.words[word] += 1
        except KeyboardInterrupt:
            raise
        except (Exception, Escape, Hang) as error:  # noqa: BLE001 - each is a finding
            outcome.findings.setdefault(_place(error), []).append(number)
        took = time.monotonic() - started
        outcome.slowest = max(outcome.slowest, (took, number))
        outcome.inputs += 1
    outcome.seconds = time.monotonic() - begun
    return outcome


def _judged(tried: Target, home: Path, data: bytes) -> str:
    with watched(home), at_most(tried.seconds):
        return tried.judge(data)


def _place(error: BaseException) -> str:
    """Return the kind of a fault and the last line of ours that it went through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "automl_core" in frame.filename]
    last = frames[-1] if frames else traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {last.filename.rpartition('automl_core/')[2]}:{last.lineno} {str(error)[:120]!r}"


def main(arguments: list[str]) -> int:
    """Fuzz the targets and print what came out; return 1 when anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run", description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--start", type=int, default=0, help="number of the first input")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="for each target")
    parser.add_argument("--only", type=int, help="try one input again and show what happens")
    chosen = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    sys.dont_write_bytecode = True
    found = False
    with tempfile.TemporaryDirectory(prefix="tablewright-fuzz-bundle-") as folder:
        bundle = make_bundle(Path(folder))
        for name in chosen.targets or TARGETS:
            with target(name, bundle) as (tried, home):
                if chosen.only is not None:
                    data = tried.make(random.Random(f"{name} {chosen.only}"))
                    print(data[:4000])
                    with watched(home), at_most(tried.seconds):
                        print(tried.judge(data))
                    continue
                tried.judge(input_number(-1, name, tried.make))  # what is imported late is imported before anybody watches
                numbers = range(chosen.start, chosen.start + chosen.inputs)
                outcome = fuzz(tried, home, numbers, until=time.monotonic() + chosen.seconds)
            found |= bool(outcome.findings)
            _print(name, outcome, chosen.start)
    return int(found)


def _print(name: str, outcome: Outcome, start: int) -> None:
    words = ", ".join(f"{count:,} {word}" for word, count in outcome.words.most_common())
    slow, number = outcome.slowest
    print(f"{name}: {outcome.inputs:,} inputs in {outcome.seconds:,.0f} s ({words}); slowest {slow:.2f} s, number {number}; "
          f"next is {start + outcome.inputs}", flush=True)  # fmt: skip
    for place, numbers in sorted(outcome.findings.items(), key=lambda item: -len(item[1])):
        print(f"  {len(numbers):,} x {place}; for example {numbers[:5]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
