"""Two persons and a stranger, signed in at a real OpenID Connect provider on this machine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from automl_core.people.access import sharing_of
from automl_core.people.audit import entries
from automl_core.people.settings import Settings, save_settings
from automl_core.workspace import Workspace
from pages.shared.errors import JOINER
from tests.e2e.conftest import Server, free_port, settle

PEOPLE = (
    {"sub": "ada", "email": "Ada@example.org", "email_verified": True, "name": "Ada Lovelace"},
    {"sub": "ben", "email": "ben@example.org", "email_verified": True, "name": "Ben Okri"},
    {"sub": "eve", "email": "eve@elsewhere.org", "email_verified": True, "name": "Eve"},
    {"sub": "mal", "email": "ada@example.org", "email_verified": False, "name": "Mallory"},
)
SECRETS = """
[auth]
redirect_uri = "http://localhost:{port}/oauth2callback"
cookie_secret = "a secret of this test, of more than thirty-two bytes"
client_id = "tablewright"
client_secret = "known to the provider"
server_metadata_url = "http://localhost:{provider}/.well-known/openid-configuration"
"""
expect.set_options(timeout=30_000)
Come = Callable[[str], Page]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with sign-in, for everybody at example.org."""
    home, port, provider = tmp_path_factory.mktemp("home"), free_port(), free_port()
    save_settings(Workspace(home), Settings(allowed=("@example.org",)))
    secrets = tmp_path_factory.mktemp("secrets") / "secrets.toml"
    secrets.write_text(SECRETS.format(port=port, provider=provider))
    known = [part for person in PEOPLE for part in ("--user-claims", json.dumps(person))]
    with open(secrets.with_name("provider.log"), "wb") as log:
        oidc = subprocess.Popen(
            [sys.executable, "-m", "oidc_provider_mock", "--port", str(provider), *known], stdout=log, stderr=log
        )
    running = Server(home, port, ("--secrets.files", str(secrets)))
    try:
        running.start()
        yield running
        running.end()
    finally:
        oidc.kill()
        oidc.wait()


@pytest.fixture
def come(browser: Browser, shared: Server) -> Iterator[Come]:
    """Return what signs a person in with a browser of their own."""
    contexts = []

    def sign_in(who: str) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(shared.url)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name=who, exact=True).click()
        page.wait_for_url(f"{shared.url}/**")
        return page

    yield sign_in
    for context in contexts:
        context.close()


def test_a_project_is_shared_looked_at_and_closed_to_everybody_else(come: Come, shared: Server) -> None:
    ada = come("ada")
    expect(ada.get_by_text("Ada Lovelace")).to_be_visible()
    ada.get_by_role("button", name="Try it").first.click()
    expect(ada.get_by_role("heading", name="Upload")).to_be_visible()
    settle(ada)
    link = ada.url
    project_id = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)["project"][0]

    ben = come("ben")
    ben.goto(link)
    expect(ben.get_by_text("There is no such project, or it is not shared with you.")).to_be_visible()
    expect(ben.get_by_test_id("stDataFrame")).to_have_count(0)

    ada.goto(shared.url)
    ada.get_by_role("button", name="Share").click()
    ada.get_by_role("textbox", name="E-mail address").fill("Ben@example.org")
    ada.get_by_role("dialog").get_by_role("button", name="Share").click()
    expect(ada.get_by_role("dialog").get_by_text(f"ben@{JOINER}example.org, viewer")).to_be_visible()

    ben.goto(shared.url)
    expect(ben.get_by_text("shared with you as viewer")).to_be_visible()
    expect(ben.get_by_role("button", name="Rename")).to_be_disabled()
    expect(ben.get_by_role("button", name="Delete")).to_be_disabled()
    ben.get_by_role("button", name="Open").click()
    expect(ben.get_by_text("to look at, not to change")).to_be_visible()
    expect(ben.get_by_test_id("stDataFrame").first).to_be_visible()

    ada.get_by_role("dialog").get_by_role("button", name="Take back").click()
    expect(ada.get_by_role("dialog").get_by_text(f"ben@{JOINER}example.org, viewer")).to_have_count(0)
    ben.reload()
    expect(ben.get_by_text("There is no such project, or it is not shared with you.")).to_be_visible()

    workspace = Workspace(Path(shared.home))
    assert sharing_of(workspace.project(project_id)).owner == "ada@example.org"
    done = [
        (entry.who, entry.action) for entry in reversed(entries(workspace)) if entry.action in ("created", "shared", "unshared")
    ]
    assert done == [("ada@example.org", action) for action in ("created", "shared", "unshared")]
    assert not shared.log


@pytest.mark.parametrize(
    ("who", "sentence"),
    [("eve", "eve@elsewhere.org may not use this installation."), ("mal", "has not verified that ada@example.org is yours")],
)
def test_who_may_not_come_in_sees_why_and_nothing_else(come: Come, who: str, sentence: str) -> None:
    page = come(who)
    expect(page.get_by_test_id("stAlert")).to_contain_text(re.compile(sentence.replace("@", "@\u2060?")))
    expect(page.get_by_role("button", name="Upload a table")).to_have_count(0)
    expect(page.get_by_text("Nothing is running.")).to_have_count(0)


def test_signing_out_ends_it(come: Come, shared: Server) -> None:
    page = come("ben")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda url: not url.startswith(shared.url))  # the provider's own page
    page.goto(shared.url)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
