"""``python -m automl_core COMMAND``: the headless twin of the app."""

from automl_core.cli import main

if __name__ == "__main__":
    main()
