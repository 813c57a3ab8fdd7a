"""`python -m review_app`: the review app under its web server."""

from __future__ import annotations

import logging
import sys

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.settings import get_settings
from review_app import create_app
from review_app.server import open_server


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    settings = get_settings()
    try:
        app = create_app(settings)
    except HeatersError as error:
        sys.exit(str(error))
    open_server(
        app, settings.host, settings.review_port, trusted_proxies=settings.trusted_proxies
    ).run()


if __name__ == "__main__":
    main()
