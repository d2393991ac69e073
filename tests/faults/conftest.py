"""The jobs' own workspace and table."""

from tests.jobs.conftest import desk, workspace

__all__ = ["desk", "workspace"]
