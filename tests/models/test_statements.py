"""Statements that go to the driver by themselves: what fails there is heard as everything else that fails."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, exc, func, select, text

from models import db
from models.errors import Unavailable
from models.faults import meaning
from models.statements import Statement
from models.users import User
from settings import settings
from tests.cast import Person, transaction
from tests.statements import counted

BY_ID = Statement(select(User.uid, User.created_at, User.email).where(User.id == bindparam("id")))


def test_rows_are_what_the_session_would_give(alice: Person) -> None:
    with transaction(reading=True):
        row, user = BY_ID.rows(id=alice.id)[0], db.session.get_one(User, alice.id)
        assert (row.uid, row.created_at, row.email) == (user.uid, user.created_at, user.email)
        assert BY_ID.rows(id=2**40) == []


def test_it_sees_what_its_own_transaction_wrote(alice: Person) -> None:
    with transaction():
        db.session.get_one(User, alice.id).email = "new@example.com"
        db.session.flush()
        assert BY_ID.rows(id=alice.id)[0].email == "new@example.com"
        db.session.rollback()
    with transaction(reading=True):
        assert BY_ID.rows(id=alice.id)[0].email == alice.email


def test_who_counts_statements_counts_these(alice: Person) -> None:
    number = alice.id
    with counted() as seen, transaction(reading=True):
        BY_ID.rows(id=number)
    assert len([statement for statement, _ in seen if "users" in statement]) == 1


def test_a_mistake_is_raised_as_sqlalchemy_raises_it(alice: Person) -> None:
    wrong, number = Statement(select(func.no_such_function().label("x"))), alice.id
    with transaction(reading=True):
        with pytest.raises(exc.DBAPIError) as raised:
            wrong.rows()
        assert meaning(raised.value) is None
        assert BY_ID.rows(id=number)  # a read has nothing to roll back


@pytest.mark.skipif(settings.on_sqlite, reason="there is no server to lose")
def test_a_lost_server_is_unavailable_and_found_again(alice: Person) -> None:
    number = alice.id
    with pytest.raises(exc.DBAPIError) as raised, transaction(reading=True):
        own = db.session.scalar(select(func.pg_backend_pid()))
        with db.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:own)"), {"own": own})
        BY_ID.rows(id=number)
    assert isinstance(meaning(raised.value), Unavailable)
    with transaction(reading=True):
        assert BY_ID.rows(id=number)
