"""Who comes in, and where the app listens without sign-in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from automl_core.errors import AccessError, FormatError, InputError
from automl_core.people.entry import check_listening, person_of
from automl_core.people.person import Person, acting_as
from automl_core.people.settings import Limits, Settings, save_settings, settings_of
from automl_core.workspace import Workspace, write_json

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("allowed", "administrators", "address", "admitted"),
    [
        ((), (), "ada@example.org", False),
        (("*",), (), "ada@example.org", True),
        (("@example.org",), (), "ada@example.org", True),
        (("@example.org",), (), "ada@evil-example.org", False),
        (("@example.org",), (), "ada@example.org.evil.net", False),
        (("ben@example.org",), (), "ada@example.org", False),
        ((), ("ada@example.org",), "ada@example.org", True),
    ],
)
def test_who_is_admitted(allowed, administrators, address, admitted):
    assert Settings(allowed=allowed, administrators=administrators).admits(address) is admitted


def test_a_person_is_known_by_the_address_in_small_letters():
    claims = {"email": "Ada@Example.org", "email_verified": True, "name": "Ada  Lovelace", "sub": "1"}
    assert person_of(claims, Settings(allowed=("*",))) == Person("ada@example.org", "Ada Lovelace")
    assert person_of(claims, Settings(administrators=("ada@example.org",))).everywhere


def test_a_provider_that_says_nothing_of_verification_is_believed():
    assert person_of({"email": "ada@example.org"}, Settings(allowed=("*",))).name == "ada@example.org"


def test_nobody_comes_in_before_somebody_was_let_in():
    with pytest.raises(AccessError, match=r"ada@example\.org may not use this installation\. Ask the person who runs it;"):
        person_of({"email": "ada@example.org"}, Settings())


@pytest.mark.parametrize("claim", [False, "false", "False"])
def test_an_address_that_is_not_verified_is_nobodys(claim):
    with pytest.raises(AccessError, match=r"has not verified that ada@example\.org is yours"):
        person_of({"email": "ada@example.org", "email_verified": claim}, Settings(allowed=("*",)))


@pytest.mark.parametrize("address", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "::1", "[::1]"])
def test_this_machine_may_always_be_listened_on(address):
    check_listening(address, sign_in=False)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "", None, "192.168.1.5", "example.org", "localhost.example.org"])
def test_other_addresses_need_sign_in_or_to_be_meant(address, monkeypatch):
    monkeypatch.delenv("AUTOML_OPEN", raising=False)
    with pytest.raises(AccessError, match=r"Set up sign-in .*, listen on localhost, or set AUTOML_OPEN=yes if that is meant\."):
        check_listening(address, sign_in=False)
    check_listening(address, sign_in=True)
    monkeypatch.setenv("AUTOML_OPEN", "no")
    with pytest.raises(AccessError):
        check_listening(address, sign_in=False)
    monkeypatch.setenv("AUTOML_OPEN", "yes")
    check_listening(address, sign_in=False)


def test_the_app_does_not_start_where_everybody_could_come_in(tmp_path):
    """The port is never opened: the check comes between reading the settings and listening."""
    environment = {name: value for name, value in os.environ.items() if name != "AUTOML_OPEN"}
    ended = subprocess.run(
        [sys.executable, "-m", "pages.shared.serve", "--server.address", "0.0.0.0", "--server.port", "1"],
        cwd=ROOT, env={**environment, "AUTOML_HOME": str(tmp_path)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.startswith("Tablewright was told to listen on 0.0.0.0, and nobody has to sign in.")


def test_settings_are_kept_and_each_change_is_said(tmp_path):
    workspace = Workspace(tmp_path)
    assert settings_of(workspace) == Settings()
    changed = (
        Settings().changed("jobs", "1,000").changed("allowed", "@Example.org, ben@b.org").changed("administrators", "A@a.org")
    )
    save_settings(workspace, changed)
    assert settings_of(workspace) == Settings(Limits(jobs=1000), ("a@a.org",), ("@example.org", "ben@b.org"))
    assert (
        '"detail":"jobs: 20 to 1000; administrators: none to a@a.org; allowed: none to @example.org, ben@b.org"'
        in workspace.audit.read_text()
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("jobs", "0", "Jobs of one person: 0 jobs. It is a whole number from 1 to 10,000."),
        ("jobs", "many", "Jobs of one person: many jobs."),
        ("upload_mb", "4096", "Largest upload: 4096 MB. It is a whole number from 1 to 2,048."),
        ("colour", "red", "There is no setting 'colour'."),
        ("administrators", "ada", "'ada' is no e-mail address."),
        ("allowed", "@", "'x@' is no e-mail address."),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(name, value, sentence):
    with pytest.raises(InputError) as caught:
        Settings().changed(name, value)
    assert str(caught.value).startswith(sentence)


def test_settings_are_changed_by_administrators(tmp_path):
    with acting_as(Person("ada@example.org", "Ada")), pytest.raises(AccessError, match="Settings are changed by administrators"):
        save_settings(Workspace(tmp_path), Settings().changed("jobs", 5))
    assert not Workspace(tmp_path).settings.exists()


@pytest.mark.parametrize("data", [[], {"format": 2}, {"format": 1, "limits": {"jobs": -1}}, {"format": 1, "allowed": ["ada"]}])
def test_a_damaged_settings_file_opens_nothing(tmp_path, data):
    write_json(Workspace(tmp_path).settings, data)
    with pytest.raises(FormatError, match=r"settings\.json is"):
        settings_of(Workspace(tmp_path))
