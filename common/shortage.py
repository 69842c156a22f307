"""Recognise errors that mean the machine, or a limit of the process, leaves too little of something."""

import errno

SHORTAGES = {
    errno.EMFILE: "too many open files (see ulimit -n)",
    errno.ENFILE: "too many open files on this machine",
    errno.ENOMEM: "out of memory (see ulimit -v)",
    errno.ENOSPC: "no space left on the device",
    errno.EDQUOT: "disk quota exceeded",
    errno.EFBIG: "a file would be too large (see ulimit -f)",
}


def shortage(error: BaseException) -> str | None:
    """Return what there is too little of, or None if `error` has another cause."""
    match error:
        case MemoryError():
            return "out of memory"
        case OSError():
            return SHORTAGES.get(error.errno or 0)
        case RuntimeError() if "can't start new thread" in str(error):  # threading.Thread.start()
            return "no further thread can be started (see ulimit -u and -v)"
        case ImportError() if "failed to map segment" in str(error):  # dlopen(3)
            return "out of memory while loading a library (see ulimit -v)"
    return None
