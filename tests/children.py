"""Processes of tests that may be killed or stopped: forked from a server that has imported all they
need. It starts with the first of them, and is the only one of the tests' own process."""

from __future__ import annotations

import multiprocessing

CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(
    [
        *(
            f"tests.integration.test_{name}"
            for name in ("chaos", "kills", "splice_killed", "stuck")
        ),
        *("tests.site", "yt_dlp", "yt_dlp.extractor"),
    ]
)
