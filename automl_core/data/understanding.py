"""How a large text file is written and what its columns are, by rows from all over it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from automl_core.data.detecting import find_dialect
from automl_core.data.dialect import SAMPLE_BYTES, Dialect, check_content
from automl_core.data.duck import Tell
from automl_core.data.encoding import decode, find_encoding, spot_utf8
from automl_core.data.kinds import infer_schema
from automl_core.data.records import split_lines
from automl_core.data.report import TextTable
from automl_core.data.sampling import read_sample
from automl_core.data.written import rewrite
from automl_core.schema import Kind, Schema

SAMPLE = 1 << 19
"""Bytes of text, from all over the file, that the kinds are found from."""


@dataclass(frozen=True)
class Asked:
    """What a person chose, and who is told how far the reading is."""

    kinds: dict[str, Kind]
    null_words: tuple[str, ...] | None
    written: tuple[tuple[str, str], ...]
    say: Tell

    def say_looking(self) -> None:
        """Tell that `understand` is at work."""
        self.say(0.0, "Looking at rows from all over the file")


@dataclass(frozen=True)
class Understood:
    """How a file is written, and what its columns are by rows from all over it."""

    dialect: Dialect
    sample: TextTable
    schema: Schema


def understand(source: Path, dialect: Dialect | None, asked: Asked) -> Understood:
    """Find how a text file is written and what its columns are; raises InputError when it is no table."""
    with open(source, "rb") as file:
        head = file.read(SAMPLE_BYTES)
    check_content(head, source.name)
    encoding = dialect.encoding if dialect else (spot_utf8(head, source) or find_encoding(head, source))
    dialect = dialect or find_dialect(split_lines(decode(head, encoding, source.name)[0]), encoding)
    sample, _ = read_sample(source, SAMPLE, dialect=dialect)
    schema = rewrite(infer_schema(sample.frame, kinds=asked.kinds, null_words=asked.null_words), asked.written)
    return Understood(dialect, sample, schema)
