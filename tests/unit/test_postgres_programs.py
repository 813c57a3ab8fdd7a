"""Which pg_dump and which pg_restore fit a server."""

from __future__ import annotations

import pytest

from heaters_pipeline.platform.postgres_programs import Program, for_dump, for_restore

HERE = [Program(15, "/usr/bin"), Program(18, "/package")]


@pytest.mark.parametrize(("server", "version"), [(15, 15), (16, 18), (18, 18), (19, None)])
def test_the_nearest_pg_dump_that_is_not_older_than_the_server(server, version) -> None:
    found = for_dump(HERE, server)
    assert (found and found.version) == version


@pytest.mark.parametrize(
    ("server", "dumped_by", "version"),
    [(15, 15, 15), (18, 15, 15), (18, 18, 18), (17, 18, 18), (16, 18, None), (18, 19, None)],
)
def test_the_pg_restore_that_reads_the_file_and_that_the_server_understands(
    server, dumped_by, version
) -> None:
    found = for_restore(HERE, server, dumped_by)
    assert (found and found.version) == version
