"""The stacks that the tests of the service share. One that a test breaks must be its own: fresh_stack."""

import contextlib
import signal
from collections.abc import Callable, Iterator

import psycopg2
import pytest

from client import Client, client_of
from stack import Stack

# Taken first, so that no process is left alone with one of them at the end.
LONGEST = ("test_integration.py", "test_events_faults.py", "test_openapi.py", "test_oracle.py", "test_webhook_ledger.py",
           "test_idempotency_faults.py", "test_jobs.py")


def pytest_configure() -> None:
    # A shell that starts something in the background has it ignore SIGINT, and so would all that is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def lasting_stack() -> Iterator[Callable[..., Stack]]:
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


@pytest.fixture(scope="module")
def fresh_stack(lasting_stack: Callable[..., Stack]) -> Iterator[Callable[..., Stack]]:
    """The same for the tests of a file: behind them it takes no more of the machine's time."""
    started: list[Stack] = []

    def start(**variables: object) -> Stack:
        started.append(lasting_stack(**variables))
        return started[-1]

    yield start
    for stack in started:
        stack.ask_to_stop()


@pytest.fixture(scope="session")
def nginx_stack(lasting_stack: Callable[..., Stack]) -> Stack:
    return lasting_stack(FRONT="nginx")


@pytest.fixture(scope="session")
def lighttpd_stack(lasting_stack: Callable[..., Stack]) -> Stack:
    return lasting_stack(FRONT="lighttpd")


@pytest.fixture(scope="session", params=["nginx", "lighttpd"])
def changing_stack(request: pytest.FixtureRequest, lasting_stack: Callable[..., Stack]) -> Stack:
    """Each front server in turn, for tests that change products."""
    return lasting_stack(FRONT=request.param)


@pytest.fixture(scope="session", params=["nginx", "lighttpd"])
def stack(request: pytest.FixtureRequest) -> Stack:
    """Each front server in turn."""
    return request.getfixturevalue(f"{request.param}_stack")


# --- for the files about changes: a client of changing_stack, a category there, and its database ---


@pytest.fixture(scope="module")
def client(changing_stack: Stack) -> Iterator[Client]:
    with client_of(changing_stack) as opened:
        yield opened


@pytest.fixture(scope="module")
def category(client: Client) -> str:
    return client.category()["id"]


@pytest.fixture(scope="module")
def database(changing_stack: Stack) -> Iterator[psycopg2.extensions.connection]:
    with contextlib.closing(changing_stack.connect()) as connection:
        connection.autocommit = True
        yield connection
