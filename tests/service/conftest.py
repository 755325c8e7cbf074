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


@pytest.fixture(scope="session", params=["nginx", "lighttpd"])
def stack(request: pytest.FixtureRequest) -> Stack:
    """Each front server in turn."""
    return request.getfixturevalue(f"{request.param}_stack")
