"""Requests to a fleet: the key, trying again, and problems as exceptions."""

import errno
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from types import TracebackType
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from datafleet.configuration import is_loopback, normal_address
from datafleet.errors import FleetApiError, FleetFailedError, UnreachableError, error_class
from datafleet.retries import RetryPolicy, read_retry_after
from shared_lib.contracts.errors import Problem

ModelT = TypeVar("ModelT", bound=BaseModel)

Parameters = Mapping[str, str | int | None]

CONNECT_S = 5.0


class Transport:
    """One server, spoken to with one key. It may be used by several threads.

    Args:
        server: the gateway's address.
        key: what `fleet login` keeps, or None.
        timeout_s: how long to wait for the next bytes of an answer.
        retries: when to try again.
    """

    def __init__(
        self, server: str, *, key: str | None, timeout_s: float, retries: RetryPolicy
    ) -> None:
        self.server = normal_address(server)
        self.timeout = httpx.Timeout(timeout_s, connect=CONNECT_S)
        self.retries = retries
        headers = [(b"User-Agent", f"datafleet/{version('datafleet-sdk')}".encode())]
        if key:
            # A key has ASCII letters only; what has others is none, and the fleet says so.
            headers.append((b"Authorization", b"Bearer " + key.encode("utf-8")))
        self._http = httpx.Client(
            base_url=self.server,
            timeout=self.timeout,
            headers=headers,
            # A proxy of the network cannot reach this machine's own loopback.
            trust_env=not is_loopback(self.server),
        )
        self._answered = False

    def __enter__(self) -> "Transport":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def patient(self, read_s: float) -> httpx.Timeout:
        """Time limits with another patience for the next bytes of the answer."""
        return httpx.Timeout(self.timeout.write, connect=CONNECT_S, read=read_s)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(
        self,
        path: str,
        *,
        answers: type[ModelT],
        params: Parameters | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: httpx.Timeout | None = None,
    ) -> ModelT:
        """Read something.

        Raises:
            FleetApiError: the fleet answered with a problem.
            UnreachableError: nobody answers.
        """
        request = {"params": _given(params), "headers": headers, "timeout": timeout}
        return read_model(self._send("GET", path, **request), answers)

    def post(
        self, path: str, *, answers: type[ModelT], body: BaseModel | None, key: str | None = None
    ) -> ModelT:
        """Make something, once however often it is tried.

        Args:
            key: the `Idempotency-Key`; a fresh one when not given.

        Raises:
            FleetApiError: the fleet answered with a problem.
            UnreachableError: nobody answers.
        """
        return self._write("POST", path, answers=answers, body=body, key=key)

    def put(self, path: str, *, answers: type[ModelT], body: BaseModel) -> ModelT:
        """Set something.

        Raises:
            FleetApiError: the fleet answered with a problem.
            UnreachableError: nobody answers.
        """
        return self._write("PUT", path, answers=answers, body=body, key=None)

    def _write(
        self,
        method: str,
        path: str,
        *,
        answers: type[ModelT],
        body: BaseModel | None,
        key: str | None,
    ) -> ModelT:
        headers, content = {"Idempotency-Key": key or new_key()}, b""
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = body.model_dump_json(exclude_unset=True, by_alias=True).encode()
        response = self._send(method, path, content=content, headers=headers)
        return read_model(response, answers)

    def delete(
        self, path: str, *, answers: type[ModelT], params: Parameters | None = None
    ) -> ModelT:
        """End or remove something.

        Raises:
            FleetApiError: the fleet answered with a problem.
            UnreachableError: nobody answers.
        """
        return read_model(self._send("DELETE", path, params=_given(params)), answers)

    def send_once(self, method: str, path: str, **request: Any) -> httpx.Response:
        """One attempt, its answer whole and good.

        Raises:
            FleetApiError: the fleet answered with a problem.
            UnreachableError: nobody answers, or the connection broke.
        """
        with self.open(method, path, **request) as response:
            try:
                response.read()
            except httpx.HTTPError as error:
                raise self._unreachable(error) from error
            return response

    @contextmanager
    def open(self, method: str, path: str, **request: Any) -> Iterator[httpx.Response]:
        """One attempt; the answer's body is not read yet.

        Raises:
            FleetApiError: the fleet answered with a problem.
            UnreachableError: nobody answers, or the connection broke before the answer.
        """
        request = {name: value for name, value in request.items() if value is not None}
        timeout = request.pop("timeout", self.timeout)
        built = self._http.build_request(method, path, timeout=timeout, **request)
        try:
            response = self._http.send(built, stream=True)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        try:
            self._answered = True
            if response.status_code >= 300:
                raise _problem(response)
            yield response
        finally:
            response.close()

    def may_try_again(self, error: FleetApiError | UnreachableError, *, attempt: int) -> bool:
        """Wait as the policy says and tell whether to try again.

        An address where nobody ever answered is given up at once.
        """
        if isinstance(error, UnreachableError):
            retry_after_s = None
            again = attempt < self.retries.attempts and (self._answered or not error.refused)
        else:
            retry_after_s = error.retry_after_s
            again = self.retries.again(attempt, status=error.status, retry_after_s=retry_after_s)
        if again:
            time.sleep(self.retries.wait_s(attempt, retry_after_s=retry_after_s))
        return again

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        attempt = 1
        while True:
            try:
                return self.send_once(method, path, **request)
            except (FleetApiError, UnreachableError) as error:
                if not self.may_try_again(error, attempt=attempt):
                    raise
                attempt += 1

    def _unreachable(self, error: httpx.HTTPError) -> UnreachableError:
        if isinstance(error, httpx.ConnectError) and _was_refused(error):
            return UnreachableError(f"Nothing listens at {self.server}.", refused=True)
        reason = str(error) or type(error).__name__
        if isinstance(error, httpx.ConnectTimeout):
            reason = f"no connection within {CONNECT_S:.0f} s"
        elif isinstance(error, httpx.TimeoutException):
            reason = "no answer in time"
        return UnreachableError(f"{self.server} cannot be reached: {reason}.")


def new_key() -> str:
    """A fresh `Idempotency-Key`."""
    return str(uuid.uuid4())


def _given(params: Parameters | None) -> dict[str, str | int] | None:
    return {k: v for k, v in params.items() if v is not None} if params else None


def _was_refused(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno == errno.ECONNREFUSED:
            return True
        error = error.__cause__ or error.__context__
    return False


def read_model(response: httpx.Response, answers: type[ModelT]) -> ModelT:
    """The answer's body as a contract.

    Raises:
        FleetApiError: it is something else, such as the page of a proxy.
    """
    try:
        # A newer fleet may say more than this client knows.
        return answers.model_validate_json(response.content, extra="ignore")
    except ValidationError as error:
        raise _foreign(response, f"it is no {answers.__name__}") from error


def _problem(response: httpx.Response) -> FleetApiError:
    retry_after_s = read_retry_after(response.headers.get("Retry-After"))
    try:
        problem = Problem.model_validate_json(response.read())
    except (ValidationError, httpx.HTTPError):
        # Something between us and the fleet answered, such as a proxy.
        return _foreign(response, "it is no problem+json", retry_after_s=retry_after_s)
    return error_class(response.status_code)(problem, retry_after_s=retry_after_s)


def _foreign(
    response: httpx.Response, reason: str, *, retry_after_s: float | None = None
) -> FleetApiError:
    status = response.status_code
    kind = error_class(status) if status >= 400 else FleetFailedError
    problem = Problem(
        type="about:blank",
        title=response.reason_phrase or "Unexpected answer",
        status=status,
        code="unexpected_answer",
        detail=f"The answer of {response.request.url} (status {status}) is not a fleet's: "
        f"{reason}. Check the server's address.",
        request_id=response.headers.get("X-Request-Id"),
    )
    return kind(problem, retry_after_s=retry_after_s)
