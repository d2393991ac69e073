"""``python -m automl_core.serving BUNDLE``: the service of an exported model, where nothing but the bundle is installed."""

from __future__ import annotations

import argparse
import sys

from automl_core.errors import AutoMLError
from automl_core.serving.run import Service, resolver, run


def main() -> int:
    """Serve, or only check; return 2 with a sentence when the bundle or the options will not do."""
    parser = argparse.ArgumentParser(prog="python -m automl_core.serving", description="Answer requests with an exported model.")
    parser.add_argument("bundle", help="the zip, or the folder it was unpacked into")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; other than this machine's own needs keys")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--workers", type=int, default=1, help="processes, for more cores")
    parser.add_argument("--keys", default="", help="file with the keys of callers")
    parser.add_argument("--log", default="", help="folder for a log of predictions and later labels")
    parser.add_argument("--days", type=int, default=90, help="with --log: how long it is kept")
    parser.add_argument("--leave-out", action="append", default=[], metavar="COLUMN", help="with --log: a column never logged")
    parser.add_argument("--key", default="", metavar="COLUMN", help="with --log: the column by which labels come later")
    parser.add_argument("--anyone", action="store_true", help="let others call without a key")
    parser.add_argument("--check", action="store_true", help="load the model, which tests itself, and end")
    chosen = parser.parse_args()

    def tell(sentence: str) -> None:
        print(sentence, file=sys.stderr, flush=True)

    try:
        if chosen.check:
            from automl_core.serving.source import load

            served = load(resolver(chosen.bundle)())
            tell(f"{served.model.name}, version {served.version}: its sample rows are predicted as when it was exported.")
            return 0
        service = Service(
            chosen.bundle, chosen.host, chosen.port, chosen.workers, chosen.keys, chosen.log, chosen.anyone,
            chosen.days, tuple(chosen.leave_out), chosen.key,
        )  # fmt: skip
        run(service, tell=tell)
    except AutoMLError as error:
        tell(str(error))
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
