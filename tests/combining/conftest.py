"""The small finished run of the tuning tests."""

from tests.tuning.conftest import run, searched  # noqa: F401 - fixtures
