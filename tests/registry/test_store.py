"""Versions on disk: promotions in a log, roll-back as a pointer's move, files refused by hash, two changes at once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from automl_core.errors import FormatError, InputError, NotFoundError, StorageError
from automl_core.registry.records import Entry, check_name, standing
from automl_core.registry.store import MODEL, Registered, create_registered, find_registered, list_registered, resolve
from automl_core.workspace import ProjectFolder, Workspace
from tests.registry.conftest import a_version


def moved(action: str, version: int, before: int = 0, alias: str = "champion") -> Entry:
    return Entry(1.0, "ann", action, version, alias, before, "why")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("log", "aliases", "champions"),
    [
        ([], {}, ()),
        ([moved("promoted", 1)], {"champion": 1}, (1,)),
        ([moved("promoted", 1), moved("promoted", 2, 1)], {"champion": 2}, (1, 2)),
        ([moved("promoted", 1), moved("promoted", 2, 1), moved("rolled back", 1, 2)], {"champion": 1}, (1,)),
        (
            [moved("promoted", 1), moved("promoted", 2, 1), moved("promoted", 3, 2), moved("rolled back", 2, 3)],
            {"champion": 2},
            (1, 2),
        ),
        ([moved("promoted", 1), moved("promoted", 2, alias="challenger")], {"champion": 1, "challenger": 2}, (1,)),
        ([moved("promoted", 2, alias="challenger"), moved("cleared", 2, 2, alias="challenger")], {}, ()),
        ([Entry(1.0, "ann", "noted", 1, text="good"), Entry(2.0, "ann", "noted", 1, text="better")], {}, ()),
    ],
)
def test_where_aliases_point_follows_from_the_log_alone(log, aliases, champions):
    now = standing(log)
    assert (now.aliases, now.champions) == (aliases, champions)
    if log and log[0].action == "noted":
        assert now.notes == {1: "better"}


def test_a_promotion_is_logged_with_who_and_why_and_ends_the_challenge(shop: Registered):
    shop.promote(1, "champion", "the first", who="ann")
    shop.promote(3, "challenger", "looks good", who="bob")
    shop.promote(3, "champion", "won on November", who="ann", seen=1)
    assert shop.standing().aliases == {"champion": 3}
    assert [(entry.who, entry.sentence, entry.text) for entry in shop.log()[3:]] == [
        ("ann", "Version 1 is champion", "the first"),
        ("bob", "Version 3 is challenger", "looks good"),
        ("ann", "Version 3 is champion, before it was version 1", "won on November"),
        ("ann", "Version 3 is no longer challenger", "It is champion now."),
    ]


def test_roll_back_moves_the_pointer_and_can_be_repeated(shop: Registered):
    for number in (1, 2, 3):
        shop.promote(number, "champion", "newer", who="ann")
    assert shop.roll_back("wrong prices", who="bob").sentence == "Version 2 is again champion, before it was version 3"
    assert shop.roll_back("still wrong").version == 1
    with pytest.raises(InputError, match="shop has no earlier champion to go back to. It has had the champions 1. Promote"):
        shop.roll_back("and again")
    assert shop.numbers == [3, 2, 1]


def test_roll_back_names_an_earlier_champion(shop: Registered):
    for number in (1, 2, 3):
        shop.promote(number, "champion", "newer")
    assert shop.roll_back("the first was right", to=1).version == 1
    with pytest.raises(InputError, match="no earlier champion 2 to go back to"):
        shop.roll_back("hm", to=2)


def test_an_altered_model_is_refused_by_its_hash(shop: Registered):
    (shop.home(2) / MODEL).write_text("model X")
    with pytest.raises(
        FormatError,
        match=r"The model file of shop, version 2, is not the one that was registered \(its SHA-256 differs\). An altered",
    ):
        shop.promote(2, "champion", "newer")
    assert shop.standing().aliases == {}


def test_a_deleted_model_is_refused_and_roll_back_leaves_the_champion(shop: Registered):
    for number in (1, 2):
        shop.promote(number, "champion", "newer")
    (shop.home(1) / MODEL).unlink()
    with pytest.raises(FormatError, match="The model file of shop, version 1, was deleted. Roll back to another"):
        shop.roll_back("wrong")
    assert shop.standing().aliases == {"champion": 2}


def test_the_second_of_two_promotions_is_told_of_the_first(shop: Registered):
    shop.promote(2, "champion", "won in June", who="bob")
    with pytest.raises(
        InputError,
        match="Meanwhile bob changed it: Version 2 is champion. The reason was: won in June Look at it, then decide again.",
    ):
        shop.promote(3, "champion", "newer", seen=0)
    assert shop.standing().aliases == {"champion": 2}


def test_promotions_at_once_are_made_one_after_the_other(shop: Registered):
    errors: list[Exception] = []

    def promote(number: int) -> None:
        try:
            shop.promote(number, "champion", f"thread {number}", seen=0)
        except InputError as error:
            errors.append(error)

    threads = [threading.Thread(target=promote, args=(number,)) for number in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 2
    assert len(shop.standing().champions) == 1


def test_a_change_waits_for_another_but_not_for_ever(shop: Registered):
    with shop.changing("noted"), pytest.raises(StorageError, match="shop is being changed by something else. One change"):  # noqa: SIM117
        with shop.changing("noted", patience=0.05):
            pass


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_promotion_needs_a_reason(shop: Registered, reason: str):
    with pytest.raises(InputError, match="No reason was given. Whoever looks at it later needs one. Say why in a sentence."):
        shop.promote(1, "champion", reason)


def test_a_line_that_was_cut_loses_only_itself(shop: Registered):
    shop.promote(1, "champion", "the first")
    with open(shop.folder / "log.jsonl", "ab") as file:
        file.write(b'{"time": 3, "who": "b')
    shop.promote(2, "champion", "the second")
    assert shop.standing().champions == (1, 2)


def test_a_full_disk_leaves_no_half_version(shop: Registered, tmp_path: Path):
    with pytest.raises(StorageError, match="The version could not be kept: No such file or directory. Free some disk space"):
        shop.add(a_version(), {MODEL: tmp_path / "not there.zip"})
    assert shop.numbers == [3, 2, 1]
    assert sorted(path.name for path in (shop.folder / "versions").iterdir()) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "The model has no name"),
        ("a/b", "'a/b' cannot be a model's name. It may hold letters"),
        ("a@b", "cannot be a model's name"),
        ("..", "cannot be a model's name"),
        ("x" * 81, "The name has 81 characters"),
    ],
)
def test_names_that_cannot_be_addressed_are_refused(name, told):
    with pytest.raises(InputError, match=told):
        check_name(name)


def test_a_name_is_taken_once_in_the_workspace(shop: Registered, project: ProjectFolder, workspace: Workspace):
    with pytest.raises(InputError, match="A model of this project is registered as 'shop' already. A name stands for one"):
        create_registered(project, " shop ")
    assert [one.name for one in list_registered(project)] == ["shop"]


def test_addresses_lead_to_a_version_or_say_what_there_is(shop: Registered, workspace: Workspace):
    with pytest.raises(NotFoundError, match="shop has no champion yet. Promote one of its versions first."):
        resolve(workspace, "shop@champion")
    shop.promote(2, "champion", "good")
    assert resolve(workspace, "shop@champion")[1] == 2
    assert resolve(workspace, "shop@3")[1] == 3
    with pytest.raises(NotFoundError, match="shop has no version 7. Its versions are 1, 2, 3. Choose one of them."):
        resolve(workspace, "shop@7")
    with pytest.raises(NotFoundError, match="'best' is no alias. The aliases are champion and challenger."):
        resolve(workspace, "shop@best")
    with pytest.raises(NotFoundError, match="No model is registered as 'shoe'. The workspace has shop. Check the name"):
        find_registered(workspace, "shoe")


def test_notes_are_kept_and_taken_away(shop: Registered):
    shop.note(1, "trained before the merger", who="ann")
    assert shop.standing().notes == {1: "trained before the merger"}
    shop.note(1, "")
    assert shop.standing().notes == {1: ""}


def test_a_record_survives_its_file(shop: Registered):
    version = shop.version(1)
    assert version.from_dict(version.to_dict()) == version
    with pytest.raises(FormatError, match="The record of a model's version has another format."):
        version.from_dict({"format": 9})
