"""Child processes that die with the process that started them, also if that one is killed.

    python -m common.child_process PARENT SCRIPT ARGUMENT …    runs a Python script as a child of the process PARENT

Nothing here may need Django: the sandbox uses it.
"""

import ctypes
import os
import signal
import sys

from common.stopping import on_stop

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread of `parent` that started it ends, so that thread must wait for
    it. On Linux only.

    Stop signals are ignored. A terminal or a service manager sends them to all processes at once, and a child that
    ended before its parent would look as if it had failed.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    on_stop(signal.SIG_IGN)
    if os.getppid() != parent:  # it has ended already
        os._exit(1)


if __name__ == "__main__":
    import runpy  # not above: it would slow every job in the sandbox

    parent, *sys.argv = sys.argv[1:]
    die_with_parent(int(parent))
    runpy.run_path(sys.argv[0], run_name="__main__")
