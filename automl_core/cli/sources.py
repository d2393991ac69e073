"""Commands about other sources: samples, the rows of a database."""

from __future__ import annotations

from typing import Annotated

import typer

from automl_core.cli.shared import Out, app, say


@app.command()
def sample(
    name: Annotated[str, typer.Argument(help="breast_cancer, wine, diabetes or shop_orders.", show_default=False)], out: Out
) -> None:
    """Write one of the app's sample tables."""
    from automl_core.data.samples import write_sample

    print(write_sample(name, out))


@app.command()
def query(
    address: Annotated[str, typer.Argument(help="postgresql://user@host/database, or sqlite:///path.", show_default=False)],
    sql: Annotated[str, typer.Option(help="One statement that begins with SELECT or WITH.", show_default=False)],
    out: Out,
) -> None:
    """Write the rows of a database as CSV, to train on or to predict.

    The password is taken from PGPASSWORD or a password file, as psql does. The transaction only reads.
    """
    from automl_core.data.sources.database import read_query
    from automl_core.data.sources.values import cells_of
    from automl_core.predicting import write_csv

    table = read_query(address, sql, trusted=True)
    defused = write_csv(out, cells_of(table.frame))
    for note in table.report.notes:
        say(note)
    if defused:
        say(f"{defused:,} cells look like formulas and got an apostrophe in front.")
    print(f"{len(table.frame)} rows, {table.frame.shape[1]} columns")
