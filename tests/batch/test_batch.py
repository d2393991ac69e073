"""Predicting a file: in pieces as at once, as CSV, Excel and Parquet, with ranges, warnings and contributions."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import python_calamine

from automl_core.batch import excel, pieces
from automl_core.batch.predict import Options, predict_file
from automl_core.batch.preview import first_rows
from automl_core.errors import InputError, StorageError
from automl_core.scoring.bundle import load_model
from automl_core.scoring.distinct import FEWEST, DistinctWords
from automl_core.worker.candidates import bundle
from tests.conftest import MakeRun, customers, files_up_to
from tests.test_predicting import HEADER, model_of, source

MODEL = model_of()


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text(encoding="utf-8").splitlines()))


def test_what_is_odd_about_a_row_stands_beside_it(tmp_path: Path) -> None:
    usual = "25,5,Rome,Yes,01/10/2020,x\n"
    text = f"{HEADER},note\n{usual}130,5,Ulm,Yes,never,x\n,,,,,x\n{usual}{usual}{usual}"
    report = predict_file(MODEL, source(tmp_path, text), tmp_path / "o.csv")
    assert [row[-1] for row in rows_of(tmp_path / "o.csv")[:5]] == [
        "warnings",
        "",
        "age is 130, beyond what was learned (20 to 80). city is 'Ulm', which was never learned from. "
        "joined is 'never', which is no date; read as missing.",
        "Every value is missing.",
        "",
    ]
    assert (report.warned, report.columns[-1]) == (2, "warnings")
    assert report.sentence.startswith("6 rows predicted. 2 rows carry a warning.")


def test_a_column_called_like_one_of_ours_is_told(tmp_path: Path) -> None:
    report = predict_file(MODEL, source(tmp_path, f"{HEADER},prediction,warnings\n25,1,Rome,Yes,,mine,w\n"), tmp_path / "o.csv")
    assert report.notes == (
        "Your column 'prediction' is called 'prediction_in_file' in the result, since 'prediction' is what is added.",
        "Your column 'warnings' is called 'warnings_in_file' in the result, since 'warnings' is what is added.",
    )
    assert rows_of(tmp_path / "o.csv")[0][5:8] == ["prediction_in_file", "warnings_in_file", "prediction"]


@pytest.fixture(scope="module")
def packed(make_run: MakeRun, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {task: bundle(make_run(task), "ensemble") for task in ("binary", "regression", "multiclass")}


def new_rows(folder: Path, rows: int = 60) -> Path:
    frame = customers(rows, seed=4).drop(columns=["outcome", "level", "amount"])
    frame["joined"] = frame["joined"].dt.strftime("%Y-%m-%d")
    path = folder / "new.csv"
    frame.to_csv(path, index=False)
    return path


def assert_same_rows(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Every cell is the same; what is computed may differ in its last digit, as sums over fewer rows are ordered otherwise."""
    assert list(one.columns) == list(other.columns) and len(one) == len(other)
    for name in one.columns:
        computed = name.startswith(("effect_", "probability_", "prediction"))
        if computed and pd.to_numeric(one[name], errors="coerce").notna().all():
            np.testing.assert_allclose(one[name].astype(float), other[name].astype(float), rtol=1e-12, atol=1e-12)
        else:
            assert list(one[name]) == list(other[name])


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_in_pieces_as_at_once(packed: dict[str, Path], tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, path = load_model(packed["binary"]), new_rows(tmp_path)
    once = predict_file(model, path, tmp_path / f"once.{suffix}", Options(contributions=True))
    monkeypatch.setattr(pieces, "ROWS", 7)
    told: list[tuple[float, str]] = []
    many = predict_file(
        model, path, tmp_path / f"many.{suffix}", Options(contributions=True), tell=lambda *args: told.append(args)
    )
    one, other = (first_rows(tmp_path / f"{name}.{suffix}", 100) for name in ("once", "many"))
    assert list(one["key"]) == [f"K{number:05d}" for number in range(60)]
    assert_same_rows(one, other)
    assert (once.rows, once.differences, once.predictions) == (many.rows, many.differences, many.predictions)
    assert told[0][1] == "7 rows predicted"
    assert told[-2:] == [(1.0, "60 rows predicted"), (1.0, "60 rows predicted, finishing the file")]
    assert all(step.sentence.endswith("counted on the first 7 rows.") for step in many.steps)


def test_a_large_text_file_is_streamed(packed: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, path = load_model(packed["regression"]), new_rows(tmp_path)
    path.write_text(path.read_text() + "too,many,cells,in,this,line,here,by,far\n")
    expected = predict_file(model, path, tmp_path / "held.csv")
    monkeypatch.setattr(pieces, "FAST_BYTES", 10)
    monkeypatch.setattr(pieces, "BLOCK", 700)
    monkeypatch.setattr(pieces, "ROWS", 9)
    found = predict_file(model, path, tmp_path / "streamed.csv")
    assert_same_rows(first_rows(tmp_path / "streamed.csv", 100), first_rows(tmp_path / "held.csv", 100))
    assert (found.rows, found.refused) == (expected.rows, expected.refused) == (60, 1)


def test_parquet_comes_in_with_its_types_and_goes_out_with_them(packed: dict[str, Path], tmp_path: Path) -> None:
    model = load_model(packed["regression"])
    frame = customers(30, seed=4).drop(columns=["outcome", "level", "amount"])
    frame.to_parquet(tmp_path / "new.parquet")
    report = predict_file(model, tmp_path / "new.parquet", tmp_path / "o.parquet")
    out = pq.read_table(tmp_path / "o.parquet").to_pandas()
    assert report.rows == 30 and list(out["age"].isna()) == list(frame["age"].isna())
    assert out["joined"].dtype.kind == "M" and out["prediction"].dtype == np.float64
    np.testing.assert_array_equal(out["prediction"], model.predict(frame)["prediction"])
    assert (out["prediction_low"] <= out["prediction"]).all() and (out["prediction"] <= out["prediction_high"]).all()
    predict_file(model, tmp_path / "new.parquet", tmp_path / "o.csv", Options(ranges=False, warnings=False))
    assert rows_of(tmp_path / "o.csv")[1][6] == frame["joined"].iloc[0].strftime("%Y-%m-%d")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(InputError, match=r"bad\.parquet cannot be read as a Parquet file"):
        predict_file(model, tmp_path / "bad.parquet", tmp_path / "o2.csv")
    assert not (tmp_path / "o2.csv").exists()


def test_labels_that_are_possible_stand_beside_the_prediction(packed: dict[str, Path], tmp_path: Path) -> None:
    predict_file(load_model(packed["multiclass"]), new_rows(tmp_path), tmp_path / "o.csv")
    out = pd.read_csv(tmp_path / "o.csv", dtype=str, keep_default_na=False)
    for predicted, possible in zip(out["prediction"], out["possible_labels"], strict=True):
        assert predicted in possible.split(" | ")


def test_it_is_said_why_an_unlikely_label_can_be_possible_and_a_likelier_one_not(packed: dict[str, Path], tmp_path: Path) -> None:
    """Each label has a limit of its own; without a word the sets of rare labels looked like a fault."""
    from automl_core.scoring.conformal import Conformal

    model = load_model(packed["multiclass"])
    path = new_rows(tmp_path)

    def notes(*least: float) -> tuple[str, ...]:
        told = Conformal(90, least=tuple((limit,) * 50 for limit in least))
        own = replace(model, manifest={**model.manifest, "conformal": told.to_dict()})
        return predict_file(own, path, tmp_path / "o.csv").notes

    assert notes(0.2, 0.2, 0.2) == ()
    (said,) = notes(0.0, 1.0, 1.0)  # 'low' is always possible, beside the predicted label
    out = pd.read_csv(tmp_path / "o.csv")
    proba = out[["probability_low", "probability_mid", "probability_top"]].to_numpy()
    odd = sum(row[0] < np.delete(row, row.argmax()).max() and row.argmax() != 0 for row in proba)
    assert 1 < odd < len(out)
    assert said == (
        f"In {odd} rows a label is possible and a more probable one is not: each label has a limit of its own, so that rare "
        "labels are covered as often as frequent ones."
    )


def test_contributions_and_base_are_the_prediction(packed: dict[str, Path], tmp_path: Path) -> None:
    predict_file(load_model(packed["regression"]), new_rows(tmp_path), tmp_path / "o.csv", Options(contributions=True))
    out = pd.read_csv(tmp_path / "o.csv")
    effects = out[[name for name in out.columns if name.startswith("effect_")]]
    assert list(effects.columns) == ["effect_age", "effect_income", "effect_city", "effect_member", "effect_joined"]
    base = out["prediction"] - effects.sum(axis=1)
    assert base.std() < 1e-6 * abs(base.mean())


def test_excel_runs_no_formula_and_knows_numbers(tmp_path: Path) -> None:
    text = f'{HEADER},=note,long\n25,"1,5",Rome,Yes,,"=1+1",{"x" * 40_000}\n-3,"2",=Oslo,Yes,,007,http://a.b\n'
    report = predict_file(MODEL, source(tmp_path, text), tmp_path / "o.xlsx", Options(warnings=False))
    sheet = python_calamine.CalamineWorkbook.from_path(str(tmp_path / "o.xlsx")).get_sheet_by_index(0)
    header, first, second = sheet.to_python()
    assert header[5:] == ["'=note", "long", "prediction", "probability_stayed", "probability_=left"]
    assert first[0] == 25 and isinstance(first[0], float) and first[5] == "'=1+1" and len(str(first[6])) == 32_767
    assert second[0] == -3.0 and second[2] == "'=Oslo" and second[5] == "007" and second[6] == "http://a.b"
    assert first[7:] == ["stayed", 0.75, 0.25]
    assert report.notes == ("1 cell is longer than a cell of Excel can be and cut.",)
    import zipfile

    with zipfile.ZipFile(tmp_path / "o.xlsx") as archive:
        content = archive.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in content and b"hyperlink" not in content


def test_more_than_a_sheet_holds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = source(tmp_path, f"{HEADER}\n" + "25,1,Rome,Yes,\n" * 3)
    monkeypatch.setattr(excel, "SHEET_ROWS", 2)
    with pytest.raises(InputError) as caught:
        predict_file(MODEL, path, tmp_path / "o.xlsx")
    assert str(caught.value) == (
        "The file has more rows than a sheet of Excel holds. That is 2 rows below the column names. Choose CSV or Parquet."
    )
    monkeypatch.setattr(excel, "SHEET_ROWS", 3)
    monkeypatch.setattr(excel, "SHEET_COLUMNS", 3)
    with pytest.raises(InputError, match="The result has 9 columns. A sheet of Excel holds 3. Choose CSV or Parquet."):
        predict_file(MODEL, path, tmp_path / "o.xlsx")
    assert [entry.name for entry in tmp_path.iterdir()] == ["new.csv"]


@pytest.mark.parametrize("kind", ["held", "streamed", "parquet"])
def test_too_many_rows_for_excel_are_told_before_any_is_predicted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Nobody waits for a million rows to learn that the sheet is full."""
    path = source(tmp_path, f"{HEADER}\n" + "25,1,Rome,Yes,\n" * 40)
    if kind == "parquet":
        pd.read_csv(path, dtype=str).to_parquet(tmp_path / "new.parquet")
        path = tmp_path / "new.parquet"
    if kind == "streamed":
        monkeypatch.setattr(pieces, "FAST_BYTES", 10)
        monkeypatch.setattr(pieces, "BLOCK", 150)
    monkeypatch.setattr(excel, "SHEET_ROWS", 39)
    told: list[str] = []
    with pytest.raises(InputError, match="The file has more rows than a sheet of Excel holds. That is 39 rows"):
        predict_file(MODEL, path, tmp_path / "o.xlsx", tell=lambda done, doing: told.append(doing))
    assert told == []
    monkeypatch.setattr(excel, "SHEET_ROWS", 40)
    monkeypatch.setattr(pieces, "ROWS", 15)
    assert predict_file(MODEL, path, tmp_path / "o.xlsx", tell=lambda done, doing: told.append(doing)).rows == 40
    assert told[-1] == "40 rows predicted, finishing the file"


def test_rows_are_counted_no_further_than_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: a file of millions of rows was read whole before it was told that a sheet does not hold them."""
    monkeypatch.setattr(pieces, "FAST_BYTES", 10)
    monkeypatch.setattr(pieces, "BLOCK", 10 * len("25,1,Rome,Yes,\n"))
    with pieces.rows_of(source(tmp_path, f"{HEADER}\n" + "25,1,Rome,Yes,\n" * 400)) as read:
        assert read.count(400) == 400
        assert 15 < read.count(15) <= 30


def test_a_full_disk_is_not_told_of_the_parquet_file_that_is_read(tmp_path: Path) -> None:
    """Regression: "cannot be read as a Parquet file. Export it again." of the disk that the predictions go to."""
    path = source(tmp_path, f"{HEADER}\n" + "25,1,Rome,Yes,\n" * 4000)
    pd.read_csv(path, dtype=str).to_parquet(tmp_path / "new.parquet")
    with files_up_to(50_000), pytest.raises(StorageError, match=r"^o\.csv could not be saved: File too large\."):
        predict_file(MODEL, tmp_path / "new.parquet", tmp_path / "o.csv")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["new.csv", "new.parquet"]


def test_headings_that_defusing_makes_alike_are_told_apart(tmp_path: Path) -> None:
    path = source(tmp_path, f"{HEADER},=a,'=a\n25,1,Rome,Yes,,one,two\n")
    predict_file(MODEL, path, tmp_path / "o.xlsx", Options(warnings=False))
    found = first_rows(tmp_path / "o.xlsx", 5)
    assert list(found.columns)[5:8] == ["'=a", "'=a_2", "prediction"] and list(found.iloc[0])[5:7] == ["one", "two"]


class PanicException(BaseException):
    """What the sheet's library raises where it cannot go on."""


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("raised", "error", "said"),
    [
        (OSError(28, "No space left on device"), StorageError, r"o\.xlsx could not be saved: No space left on device\."),
        (PanicException("code: 28, kind: StorageFull"), StorageError, r"No space left in .+, where the sheet is made\."),
        (PanicException("index out of bounds"), RuntimeError, r"^index out of bounds$"),
    ],
)
def test_a_full_disk_ends_the_excel_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: BaseException, error: type[Exception], said: str
) -> None:
    """The sheet is written beside the predicting, which must neither wait for a writer that ended nor hide why it did."""
    import rustpy_xlsxwriter

    def full(rows: Iterator[dict[str, object]], *args: object, **more: object) -> None:
        next(rows)
        raise raised

    monkeypatch.setattr(rustpy_xlsxwriter, "write_worksheet", full)
    monkeypatch.setattr(pieces, "ROWS", 2)
    path = source(tmp_path, f"{HEADER}\n" + "25,1,Rome,Yes,\n" * 40)
    with pytest.raises(error, match=said):
        predict_file(MODEL, path, tmp_path / "o.xlsx")
    assert [entry.name for entry in tmp_path.iterdir()] == ["new.csv"]


@pytest.mark.parametrize(("name", "said"), [("o.json", "'.json'"), ("o", "'a file without an ending'")])
def test_another_ending_is_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        predict_file(MODEL, source(tmp_path, f"{HEADER}\n25,1,Rome,Yes,\n"), tmp_path / name)
    assert str(caught.value) == (
        f"Predictions cannot be written as {said}. They can as .csv, .xlsx, .parquet. Choose one of these endings."
    )


@pytest.mark.timeout(60)
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_column_that_is_of_another_type_only_later_on_refuses_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """What blocks is judged by the whole file, and nothing of it is left."""
    monkeypatch.setattr(pieces, "ROWS", 2)
    path = source(tmp_path, f"{HEADER}\n" + "25,1,Rome,Yes,\n" * 2 + "x,1,Rome,Yes,\n" * 4)
    with pytest.raises(
        InputError, match="The column 'age' holds numbers in the table that was learned from, but 4 of 6 cells are not"
    ):
        predict_file(MODEL, path, tmp_path / f"o.{suffix}")
    assert not (tmp_path / f"o.{suffix}").exists()


@pytest.mark.filterwarnings("ignore:Found unknown categories")
def test_words_prepared_once_are_the_same_numbers(packed: dict[str, Path]) -> None:
    model = load_model(packed["binary"])
    frame = model.features(model.checked(customers(FEWEST + 50, seed=8)))
    frame.loc[frame.index[:40], "city"] = "Ulm"
    for fold in model.ensemble.folds:
        for preprocessor in fold.preprocessors.values():
            quick = DistinctWords(preprocessor)
            np.testing.assert_array_equal(quick.transform(frame, {}), preprocessor.transform(frame))
            assert quick.trusted
