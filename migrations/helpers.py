"""Words for migrations: the application's role, walls and functions."""

from __future__ import annotations

from alembic import context, op

DEFAULT_ROLE = "neighbour_app"


def app_role() -> str:
    """The role the application connects as (from DATABASE_URL), quoted."""
    name = context.config.attributes.get("app_role", DEFAULT_ROLE)
    return '"' + name.replace('"', '""') + '"'


def grant(privileges: str, *tables: str) -> None:
    """Let the application's role do this to these tables."""
    op.execute(f"GRANT {privileges} ON {', '.join(tables)} TO {app_role()}")


def wall(
    table: str, *, select: str, insert: str | None = None, update: str | None = None, delete: str | None = None
) -> None:
    """Row-level security on ``table``: one policy per verb; a verb that is not named reaches no row.

    Conditions are SQL. Wrap the scope functions in ``(SELECT …)``: then they run once per query, not per row.
    """
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_select ON {table} FOR SELECT TO {app_role()} USING ({select})")
    if insert:
        op.execute(f"CREATE POLICY {table}_insert ON {table} FOR INSERT TO {app_role()} WITH CHECK ({insert})")
    if update:
        op.execute(
            f"CREATE POLICY {table}_update ON {table} FOR UPDATE TO {app_role()} USING ({update}) WITH CHECK ({update})"
        )
    if delete:
        op.execute(f"CREATE POLICY {table}_delete ON {table} FOR DELETE TO {app_role()} USING ({delete})")


def open_wall(table: str) -> None:
    """Take the wall of ``table`` down again."""
    for verb in ("select", "insert", "update", "delete"):
        op.execute(f"DROP POLICY IF EXISTS {table}_{verb} ON {table}")
    op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


def for_the_app(function: str) -> None:
    """Only the application's role may call this function (and its owner)."""
    op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {app_role()}")


def follow_version(table: str, column: str = "contribution_id", *, on: str = "INSERT OR UPDATE OR DELETE") -> None:
    """Whatever changes a row of ``table`` gives the contribution that ``column`` points at a new version (migration 0032)."""
    op.execute(
        f"CREATE TRIGGER next_version_of_whole AFTER {on} ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION next_version_of_whole('{column}')"
    )


def unfollow_version(table: str) -> None:
    """Take that back."""
    op.execute(f"DROP TRIGGER next_version_of_whole ON {table}")


def put_in(function: str, *changes: tuple[str, str]) -> str:
    """A function of an earlier migration with these pieces of it in place of others; each has to stand there once."""
    for before, after in changes:
        assert function.count(before) == 1, before
        function = function.replace(before, after)
    return function
