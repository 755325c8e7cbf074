"""The stacks that the tests of the service share. One that a test breaks must be its own: fresh_stack."""

from collections.abc import Callable, Iterator

import pytest

from stack import Stack


@pytest.fixture(scope="session")
def fresh_stack() -> Iterator[Callable[..., Stack]]:
    """Starts a stack with the given variables; it ends with the tests at the latest."""
    started: list[Stack] = []

    def start(**variables: object) -> Stack:
        started.append(Stack(**variables))
        return started[-1].start()

    yield start
    # All are asked before one is waited for.
    for stack in started:
        stack.ask_to_stop()
    for stack in started:
        stack.close()


@pytest.fixture(scope="session")
def nginx_stack(fresh_stack: Callable[..., Stack]) -> Stack:
    return fresh_stack(FRONT="nginx")


@pytest.fixture(scope="session")
def lighttpd_stack(fresh_stack: Callable[..., Stack]) -> Stack:
    return fresh_stack(FRONT="lighttpd")


# What the stacks of tests that change products are started with.
CHANGING = {"WARES_L1": "0"}


@pytest.fixture(scope="session")
def start_changing_stack(fresh_stack: Callable[..., Stack]) -> Callable[..., Stack]:
    """fresh_stack for tests that change products."""
    return lambda **variables: fresh_stack(**{**CHANGING, **variables})


@pytest.fixture(scope="session", params=["nginx", "lighttpd"])
def changing_stack(request: pytest.FixtureRequest, start_changing_stack: Callable[..., Stack]) -> Stack:
    """Each front server in turn, for tests that change products."""
    return start_changing_stack(FRONT=request.param)


@pytest.fixture(scope="session", params=["nginx", "lighttpd"])
def stack(request: pytest.FixtureRequest) -> Stack:
    """Each front server in turn."""
    return request.getfixturevalue(f"{request.param}_stack")
