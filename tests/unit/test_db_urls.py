"""Database URLs and their drivers."""

import pytest

from heaters_pipeline.db.urls import with_database, with_driver, without_password
from heaters_pipeline.domain.errors import InputError


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"]
)
def test_every_spelling_of_a_postgres_url_gets_the_driver_asked_for(scheme: str) -> None:
    url = f"{scheme}://ann:p%40ss@db.example:5433/clips?sslmode=require"
    assert (
        with_driver(url, "postgresql+psycopg2")
        == "postgresql+psycopg2://ann:p%40ss@db.example:5433/clips?sslmode=require"
    )


@pytest.mark.parametrize(
    "url", ["host=db password=secret", "mysql://host/x", "clips", "postgresql+asyncpg://host/x", ""]
)
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="it must be postgresql://") as caught:
        with_driver(url, "postgresql+psycopg")
    assert "secret" not in str(caught.value)


def test_the_database_of_a_url_can_be_changed() -> None:
    url = "postgresql+psycopg://ann:p%40ss@db.example:5433/clips?sslmode=require"
    assert (
        with_database(url, "dagster")
        == "postgresql+psycopg://ann:p%40ss@db.example:5433/dagster?sslmode=require"
    )


def test_a_password_is_never_without_password() -> None:
    assert "p%40ss" not in without_password("postgresql+psycopg://ann:p%40ss@db.example/clips")
