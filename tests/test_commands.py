"""An operator's commands."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet

import cli
from models import db, seal
from models.revocations import Revocation
from settings import settings
from tests.cast import Person


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli.main, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_an_operator_puts_an_account_on_a_plan(alice: Person) -> None:
    run("plan", alice.email.upper(), "pro_monthly")
    for name in "abcd":  # one more than the free plan allows
        assert alice.post("/categories", {"name": name, "color": "#fff", "icon": "x"}).status_code == 201


def test_an_unknown_account_is_said_to_be_unknown() -> None:
    result = CliRunner().invoke(cli.main, ["plan", "nobody@example.com", "free"])
    assert result.exit_code == 1
    assert "no account nobody@example.com" in result.output


def test_after_rotation_the_old_key_opens_nothing_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    with db.transaction():
        Revocation.queue("github", {"access_token": "secret"})
        row_id = db.session.query(Revocation.id).order_by(Revocation.id.desc()).first()[0]
    old, new = settings.fernet_keys[0], Fernet.generate_key().decode()
    monkeypatch.setattr(seal, "settings", settings.model_copy(update={"encryption_keys": (new, old)}))
    seal._fernet.cache_clear()
    try:
        assert "newest key" in run("rotate-keys")
        with db.transaction():
            row = db.session.get_one(Revocation, row_id)
            assert row.credentials == {"access_token": "secret"}
            Fernet(new).decrypt(row.sealed_credentials.encode())
            # Put everything back under the key that the rest of the suite knows.
            monkeypatch.setattr(seal, "settings", settings.model_copy(update={"encryption_keys": (old, new)}))
            seal._fernet.cache_clear()
        run("rotate-keys")
    finally:
        monkeypatch.undo()
        seal._fernet.cache_clear()
