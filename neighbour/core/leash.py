"""Start a program that ends when its parent ends. Run by path, never imported.

    python -I -S leash.py PARENT SIGNAL USER:GROUP PROGRAM ARGUMENTS…

Becomes the given user (numbers, ``-`` = stay), asks the kernel for SIGNAL when the parent dies (Linux; elsewhere
this part is skipped) and turns into PROGRAM. A trampoline instead of ``preexec_fn``: that one runs Python
between fork and exec, which is unsafe – and warned of since Python 3.12 – once the parent has threads.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, signal: int, user: str, program: list[str]) -> None:
    """Does not return: becomes ``program`` or ends with 127 and one line."""
    if user != "-":
        uid, gid = map(int, user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After the change of user: that would clear it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before we asked
            sys.exit(127)
    try:
        os.execvp(program[0], program)  # noqa: S606
    except OSError as error:
        sys.exit(f"{program[0]}: {error.strerror}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
