"""Waiting is polling with a deadline; nothing in this suite sleeps and hopes."""

import time

SHORTEST_PAUSE_SECONDS = 0.002
LONGEST_PAUSE_SECONDS = 0.1


def eventually(check, within_seconds=60.0, unless=()):
    """Calls `check` until it neither raises nor returns False, and returns its value.

    After the deadline the last failure is raised. Exceptions of the types in `unless` are not waited for.
    """
    deadline = time.monotonic() + within_seconds
    pause = SHORTEST_PAUSE_SECONDS
    while True:
        try:
            value = check()
            if value is not False:
                return value
            failure = AssertionError(f"{check} was still false after {within_seconds} seconds")
        except Exception as error:
            if isinstance(error, unless):
                raise
            failure = error
        if time.monotonic() > deadline:
            raise failure
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
