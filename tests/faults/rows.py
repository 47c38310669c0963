"""As many rows as one likes in any table, whatever its columns are at a revision."""

from __future__ import annotations

import psycopg

_VALUES = {
    "bigint": "1", "integer": "1", "boolean": "false", "character varying": "'x'", "text": "'x'", "json": "'{}'",
    "uuid": "gen_random_uuid()", "date": "current_date", "timestamp with time zone": "now()",
}  # fmt: skip
_NEEDED = """
    SELECT column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = %s AND is_nullable = 'NO' AND column_default IS NULL
"""


def fill(connection: psycopg.Connection, table: str, count: int, **values: str) -> None:
    """Write so many rows; `values` are SQL for columns whose type alone says too little, `number` counts from 1."""
    needed = connection.execute(_NEEDED, (table,)).fetchall()
    chosen = {name: _VALUES[kind] for name, kind in needed} | values
    connection.execute(
        f"INSERT INTO {table} ({', '.join(chosen)}) SELECT {', '.join(chosen.values())} "
        f"FROM generate_series(1, {count}) AS number"
    )
    connection.commit()
