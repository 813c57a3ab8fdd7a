"""The JavaScript runtime that yt-dlp uses for sites that hide their addresses behind scripts."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

PREFERENCE = ("deno", "node", "quickjs", "bun")
"""yt-dlp's own order of the runtimes that it may use. deno comes first because it gives scripts
neither files nor network unless told to."""


@dataclass(frozen=True)
class JavaScriptRuntime:
    name: str
    version: str
    path: str
    supported: bool
    """Whether yt-dlp takes this version."""
    wanted: str
    """The oldest version that it takes."""


def javascript_runtime() -> JavaScriptRuntime | None:
    """The runtime that downloads use; without one, the first that is too old; None: none is
    installed."""
    import yt_dlp  # noqa: F401  # fills the table of runtimes
    from yt_dlp.globals import supported_js_runtimes

    too_old: JavaScriptRuntime | None = None
    for name in PREFERENCE:
        kind = supported_js_runtimes.value.get(name)
        info = kind().info if kind else None
        if info is None:
            continue
        wanted = ".".join(map(str, kind.MIN_SUPPORTED_VERSION))
        runtime = JavaScriptRuntime(name, info.version, info.path, info.supported, wanted)
        if runtime.supported:
            return runtime
        too_old = too_old or runtime
    return too_old


def has_solver_scripts() -> bool:
    """Whether yt-dlp's scripts for the runtime are installed (the package yt-dlp-ejs)."""
    return find_spec("yt_dlp_ejs") is not None
