"""The stateless steps at work: each takes a table and gives a new one, looking at nothing but the row itself."""

from automl_core.cleaning.stateless.change import Change
from automl_core.cleaning.stateless.columns import COLUMN_CHANGES
from automl_core.cleaning.stateless.rows import kept_rows
from automl_core.cleaning.stateless.words import WORD_CHANGES

__all__ = ["CHANGES", "Change", "kept_rows"]

CHANGES = {**COLUMN_CHANGES, **WORD_CHANGES}
"""What each operation that keeps all rows does."""
