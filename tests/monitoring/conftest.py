"""The registry's fixtures, here too."""

from tests.registry.conftest import bundles, project, run_in_project, shop, workspace  # noqa: F401
