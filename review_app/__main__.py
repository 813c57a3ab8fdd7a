"""`python -m review_app`: the review app under waitress."""

from __future__ import annotations

import logging

from waitress import serve

from heaters_pipeline.settings import get_settings
from review_app import create_app

THREADS = 16
"""Each answer that streams frames holds one; a page asks for three at a time."""


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    settings = get_settings()
    serve(
        create_app(settings),
        host=settings.host,
        port=settings.review_port,
        threads=THREADS,
        ident=None,
    )


if __name__ == "__main__":
    main()
