"""`python -m review_app`: the review app under its web server."""

from __future__ import annotations

import sys

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.files import logs
from heaters_pipeline.files.home import private_files
from heaters_pipeline.settings import get_settings
from review_app import create_app
from review_app.server import open_server
from review_app.tls import open_context


def main() -> None:
    settings = get_settings()
    logs.begin(settings.log_format)
    with private_files():
        try:
            cert, key = settings.tls_cert, settings.tls_key
            tls = open_context(cert, key) if cert and key else None
            app = create_app(settings)
        except HeatersError as error:
            sys.exit(str(error))
        open_server(
            app,
            settings.host,
            settings.review_port,
            trusted_proxies=settings.trusted_proxies,
            tls=tls,
        ).run()


if __name__ == "__main__":
    main()
