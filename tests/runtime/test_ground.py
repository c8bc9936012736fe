"""The ground the tests stand on: roles, the broom, the client."""

from __future__ import annotations

from kombu import Connection

from neighbour.core import broker, roles


def test_the_application_is_the_application_role(database):
    found = roles.facts(database.app_url)
    assert (found.role, found.is_superuser, found.bypasses_rls, found.owns_tables, found.may_create) == (
        "neighbour_app",
        False,
        False,
        0,
        False,
    )


def test_a_test_leaves_rows_behind_nowhere(database, broom, raw):
    connection = raw()
    connection.execute("INSERT INTO period (job, key, state, opened_at) VALUES ('a', 'b', 'open', now())")
    connection.execute("SELECT pgmq.create('sweeping')")
    connection.execute("SELECT pgmq.send('sweeping', '{}')")
    connection.commit()
    broom.sweep()
    assert connection.execute("SELECT count(*) FROM period").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM pgmq.q_sweeping").fetchone() == (0,)
    connection.execute("SELECT pgmq.drop_queue('sweeping')")
    connection.commit()


def test_what_is_put_into_the_queue_comes_out_of_it(settings, clean_database):
    wanted = broker.settings(settings)
    with Connection(wanted["broker_url"], transport_options=wanted["broker_transport_options"]) as connection:
        queue = connection.SimpleQueue("probe")
        queue.put({"number": 7})
        message = queue.get(timeout=10)
        assert message.payload == {"number": 7}
        message.ack()
        queue.close()


def test_models_are_the_migrated_schema(database):
    from sqlalchemy import create_engine

    from neighbour.core import schema

    engine = create_engine(database.owner_url)
    try:
        assert schema.drift(engine) == []
        assert schema.outstanding(engine) == []
    finally:
        engine.dispose()
