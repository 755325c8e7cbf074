"""What the tests of webhooks share."""

import contextlib
from collections.abc import Iterator

from client import Client, client_of
from stack import Stack, await_true

WEBHOOKS = "/api/v1/webhooks"

# Variables of a stack whose webhooks reach receivers of the tests, and are tried again soon.
REACHING = {"WARES_WEBHOOK_ALLOW": "127.0.0.0/8,::1", "WARES_WEBHOOK_RETRIES": "0,0,1,1,1,1,1,1,1,1,1,1,1,1,1",
            "WARES_WEBHOOK_TIMEOUT": 1000, "WARES_LOG_LEVEL": "debug"}


def subscribe(client: Client, url: str, types: list[str] | None = None, **members: object) -> dict:
    """A new webhook, with its secret."""
    response = client.post(WEBHOOKS, json={"url": url, "types": types or ["product.*"], **members})
    assert response.status_code == 201, response.text
    return response.json()


def path_of(webhook: dict, *rest: str) -> str:
    return "/".join((WEBHOOKS, webhook["id"], *rest))


@contextlib.contextmanager
def client_without_webhooks(stack: Stack) -> Iterator[Client]:
    """A client that leaves no webhook behind."""
    with client_of(stack) as opened:
        yield opened
        for webhook in opened.get(WEBHOOKS).json():
            opened.delete(path_of(webhook))


def deliveries(client: Client, webhook: dict, **parameters: object) -> list[dict]:
    response = client.get(path_of(webhook, "deliveries"), params={"limit": 500, **parameters})
    assert response.status_code == 200, response.text
    return response.json()


def await_delivery(client: Client, webhook: dict, what: str = "delivered", seconds: float = 30.0,
                   **wanted: object) -> dict:
    """The newest delivery, once it is in that state, and its members are as wanted."""
    found: list[dict] = []

    def there() -> bool:
        found[:] = deliveries(client, webhook)[:1]
        return bool(found) and found[0]["state"] == what and all(found[0][name] == value
                                                                 for name, value in wanted.items())

    await_true(there, f"a delivery that is {what}, with {wanted}", seconds)
    return found[0]


def await_idle(client: Client, webhook: dict, seconds: float = 60.0) -> None:
    """Until nothing waits for the webhook, and all that was committed before this call has been made into deliveries."""
    marker = client.product()["id"]
    await_true(lambda: any(one["subject_id"] == marker for one in deliveries(client, webhook)), "the marker", seconds)
    await_true(lambda: not deliveries(client, webhook, state="pending"), "the end of all deliveries", seconds)


@contextlib.contextmanager
def without_runner(stack: Stack) -> Iterator[None]:
    """The stack's own runner is gone for as long as the context."""
    await_true(lambda: stack.processes("jobs"), "the runner")
    with stack.held("jobs"):
        yield


def reachable(stack: Stack) -> dict:
    """For runners beside the stack's own."""
    return {name: value for name, value in stack.variables.items() if str(name).startswith("WARES_WEBHOOK")}
