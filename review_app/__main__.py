"""`python -m review_app`: the review app under waitress."""

from __future__ import annotations

import sys

from waitress import serve

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.files import logs
from heaters_pipeline.files.home import private_files
from heaters_pipeline.settings import get_settings
from review_app import create_app
from review_app.uploads.tus import LONGEST_CHUNK

THREADS = 16
"""Each answer that streams frames holds one; a page sends three requests at a time."""

RECEIVE_BYTES = 1 << 18
"""Read of an upload at a time: waitress' own 8 KiB cost 2.6 times the processor time."""


def main() -> None:
    logs.begin()
    settings = get_settings()
    with private_files():
        try:
            app = create_app(settings)
        except HeatersError as error:
            sys.exit(str(error))
        serve(
            app,
            host=settings.host,
            port=settings.review_port,
            threads=THREADS,
            # Waitress refuses a body of this size already.
            max_request_body_size=LONGEST_CHUNK + 1,
            recv_bytes=RECEIVE_BYTES,
            ident=None,
            # Else waitress takes the headers away before the app reads them (`proxies`).
            clear_untrusted_proxy_headers=settings.trusted_proxies == 0,
        )


if __name__ == "__main__":
    main()
