"""Which failures may pass by themselves, so that the same work is worth another try.

Our own errors say so by their class (`domain.errors`): what is wrong with the input, with what was
made of it, or by a rule stays wrong; anything else may pass. Of exceptions from elsewhere only
those named here may pass. Others are mistakes in a program: they fail at once, and a person looks.
"""

from __future__ import annotations

import errno

from sqlalchemy.exc import InterfaceError, OperationalError

from heaters_pipeline.domain.errors import (
    Conflict,
    Faulty,
    HeatersError,
    InputError,
    Refused,
    TransitionError,
)
from heaters_pipeline.storage import ObjectMissing

_STAYS = (InputError, Refused, Faulty, TransitionError, Conflict, ObjectMissing)

_PASSES = (
    HeatersError,
    OperationalError,
    InterfaceError,
    MemoryError,
    ConnectionError,
    TimeoutError,
)

_PASSING_NUMBERS = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG),  # a full disk, a quota
        *(errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE),  # a busy machine
        *(errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EBUSY, errno.ETXTBSY),  # a disk elsewhere
        *(errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH),
        *(errno.ETIMEDOUT, errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED),
    }
)


def may_pass(error: BaseException) -> bool:
    """Whether the same work may succeed a little later. An exception that a library raised from
    another one is judged by that one, too."""
    if isinstance(error, _STAYS):
        return False
    if isinstance(error, _PASSES):
        return True
    if isinstance(error, OSError) and error.errno in _PASSING_NUMBERS:
        return True
    return error.__cause__ is not None and may_pass(error.__cause__)
