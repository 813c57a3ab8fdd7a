"""What files are called that hold films."""

from __future__ import annotations

import re

FILM_SUFFIX = re.compile(
    r"\.(3gp|asf|avi|divx|dv|f4v|flv|m2ts|m2v|m4v|mkv|mov|mp4|mpe?g|mts|mxf|nut|ogm|ogv|qt|rm|rmvb"
    r"|ts|vob|webm|wmv|y4m)",
    re.IGNORECASE,
)
