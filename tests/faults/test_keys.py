"""G4: both lists of keys are replaced while the web serves: no request fails, and the old key opens nothing more."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from cryptography.fernet import Fernet, InvalidToken

from tests.connect import consent
from tests.faults.journal import Journal, Load, Writer
from tests.faults.somebody import wait_for
from tests.faults.stage import Role, Stage

pytestmark = pytest.mark.timeout(300)
OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
OLD_SECRET, NEW_SECRET = "an-old-secret-of-sufficient-length-0123456789", "a-new-secret-of-sufficient-length-9876543210"
SEALED = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND (column_name = 'sealed' OR column_name LIKE 'sealed\\_%%')
"""


class Keys:
    """The file of settings that the web reads at its start and at each reload."""

    def __init__(self, stage: Stage) -> None:
        self.file = stage.folder / "daybook.env"
        self.write([OLD], [OLD_SECRET])

    def write(self, seals: list[str], secrets: list[str]) -> None:
        self.settings = {"ENCRYPTION_KEYS": ",".join(seals), "SECRET_KEY": ",".join(secrets)}
        self.file.write_text("".join(f"{name}={value}\n" for name, value in self.settings.items()))


def reload(web: Role) -> None:
    """HUP, and wait until nobody of before is left."""
    old = set(web.children())
    web.signal(signal.SIGHUP)
    wait_for(lambda: not old & set(web.children()), 90)


def sealed_values(stage: Stage) -> Iterator[tuple[str, str]]:
    """Everything that is sealed, with where it stands."""
    with stage.postgres.connect() as connection:
        for table, column in connection.execute(SEALED).fetchall():
            for (value,) in connection.execute(f'SELECT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL'):
                yield f"{table}.{column}", value


def opens(key: str, value: str) -> bool:
    try:
        Fernet(key).decrypt(value.encode())
    except InvalidToken:
        return False
    return True


def test_keys_are_replaced_while_the_web_serves(stage: Stage, providers: str, report) -> None:
    keys = Keys(stage)
    web = stage.serve(SETTINGS_FILE=str(keys.file), **keys.settings)
    owner = Writer(stage.url, "tymblok", Journal())
    asked = owner.http.post("/tymblok/v1/integrations/github/connect", json={}).json()
    assert owner.http.get(consent(asked["data"]["authUrl"])).status_code < 400
    ended = threading.Event()
    with Load(stage, 10, pause=0.1, keep_alive=False) as load:
        sealing = threading.Thread(target=_ask_for_letters, args=(stage, load.writers[0].email, ended))
        sealing.start()
        keys.write([OLD, NEW], [OLD_SECRET, NEW_SECRET])  # known everywhere before it writes anywhere
        reload(web)
        keys.write([NEW, OLD], [NEW_SECRET, OLD_SECRET])
        reload(web)
        said = stage.command("rotate-keys", **keys.settings)
        keys.write([NEW], [NEW_SECRET, OLD_SECRET])
        reload(web)
        time.sleep(2)
        ended.set()
        sealing.join()
    values = list(sealed_values(stage))
    report("G4", f"three reloads and rotate-keys at load: {load.journal}; {len(values)} sealed values")
    assert "newest key" in said
    assert set(load.journal.statuses) <= {200, 201}
    assert {where for where, _ in values} >= {"mails.sealed", "integrations.sealed_credentials"}
    assert [where for where, value in values if opens(OLD, value)] == []
    assert all(opens(NEW, value) for _, value in values)
    answer = owner.http.post("/tymblok/v1/integrations/github/sync")
    assert answer.status_code == 200, "the provider's tokens open with the new key"
    # An hour later, when the last token that it signed has expired, the old secret goes.
    refresh = owner.answers[0]["data"]["refreshToken"]
    keys.write([NEW], [NEW_SECRET])
    reload(web)
    assert owner.http.get("/tymblok/v1/users/me").status_code == 401
    renewed = httpx.post(f"{stage.url}/tymblok/v1/auth/refresh", json={"refreshToken": refresh}, trust_env=False)
    assert renewed.status_code == 200, "nobody is logged out"
    bearer = {"Authorization": f"Bearer {renewed.json()['data']['accessToken']}"}
    assert httpx.get(f"{stage.url}/tymblok/v1/users/me", headers=bearer, trust_env=False).status_code == 200


def test_wrong_settings_do_not_come_in_with_a_reload(stage: Stage) -> None:
    keys = Keys(stage)
    web = stage.serve(SETTINGS_FILE=str(keys.file), **keys.settings)
    keys.file.write_text("ENCRYPTION_KEYS=no-key-at-all\n")
    reload(web)
    stage.wait_until_ready()
    assert "The settings of before stay." in stage.logs()
    Writer(stage.url, "tymblok", Journal())  # somebody can register, which seals a mail


def _ask_for_letters(stage: Stage, email: str, ended: threading.Event) -> None:
    """Something new to seal, again and again."""
    while not ended.wait(0.2):
        httpx.post(f"{stage.url}/tymblok/v1/auth/forgot-password", json={"email": email}, timeout=20, trust_env=False)
