"""The guards in front of Streamlit's server: files from sessions that were let in, sockets of own pages, headers."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from rebracket_core.ui.admissions import Admissions
from rebracket_core.ui.middleware import SECURITY_HEADERS, DeveloperGuard, OriginGuard, SecurityHeaders, UploadGuard

STREAM = "/_stcore/stream"
HOST = "here.example:8501"


async def _answer(_: object) -> PlainTextResponse:
    return PlainTextResponse("reached")


async def _socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("reached")
    await websocket.close()


@pytest.fixture
def admissions() -> Admissions:
    return Admissions(most=3)


@pytest.fixture
def client(admissions: Admissions) -> TestClient:
    guards = [
        Middleware(SecurityHeaders),
        Middleware(OriginGuard, hosts=lambda: ["songs.example"]),
        Middleware(UploadGuard, admissions=admissions),
    ]
    routes = [
        Route("/{prefix:path}_stcore/upload_file/{session}/{file}", _answer, methods=["PUT", "DELETE", "OPTIONS", "POST"]),
        Route("/{path:path}", _answer, methods=["GET", "PUT"]),
        WebSocketRoute(STREAM, _socket),
    ]
    return TestClient(Starlette(routes=routes, middleware=guards), base_url=f"http://{HOST}")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
@pytest.mark.parametrize(
    "path", ["/_stcore/upload_file/s1/f1", "/songs/_stcore/upload_file/s1/f1", "/_stcore%2Fupload_file/s1/f1"]
)
def test_files_are_taken_from_a_session_that_was_let_in_and_no_other(
    client: TestClient, admissions: Admissions, method: str, path: str
) -> None:
    refused = client.request(method, path, content=b"a")
    assert refused.status_code == 403 and "sign in" in refused.text
    admissions.admit("s1")
    assert client.request(method, path).text == "reached"
    assert client.request(method, path.replace("s1", "s2")).status_code == 403
    admissions.withdraw("s1")
    assert client.request(method, path).status_code == 403


@pytest.mark.parametrize(
    "path", ["/_stcore/upload_file", "/_stcore/upload_file/", "/_stcore/upload_file//f1", "/_stcore/upload_file/s1/"]
)
def test_an_upload_that_names_no_session_is_refused(client: TestClient, admissions: Admissions, path: str) -> None:
    admissions.admit("s1")
    assert client.put(path).status_code == 403


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://evil.example", 403),
        ("null", 403),
        ("http://[", 403),
        (f"http://{HOST}.evil.example", 403),
        (f"http://{HOST}", 200),
        ("https://songs.example", 200),
        ("", 200),
    ],
)
def test_a_foreign_page_changes_nothing_and_may_look(
    client: TestClient, admissions: Admissions, origin: str, status: int
) -> None:
    admissions.admit("s1")
    headers = {"Origin": origin} if origin else {}
    for method in ("PUT", "DELETE", "POST"):
        assert client.request(method, "/_stcore/upload_file/s1/f1", headers=headers).status_code == status
    assert client.get("/runs", headers=headers).status_code == 200
    assert client.options("/_stcore/upload_file/s1/f1", headers=headers).status_code == 200


def test_what_is_no_upload_passes_and_so_does_the_question_what_is_allowed(client: TestClient) -> None:
    assert client.get("/runs").text == "reached"
    assert client.options("/_stcore/upload_file/s1/f1").text == "reached"


def test_only_so_many_sessions_are_remembered_and_the_one_longest_unseen_goes_first() -> None:
    admissions = Admissions(most=3)
    for session in ("a", "b", "c", "a", "d"):
        admissions.admit(session)
    assert [session in admissions for session in "abcd"] == [True, False, True, True]


@pytest.mark.parametrize("origin", [None, "http://here.example:8501", "https://songs.example", "http://songs.example:9000"])
def test_a_socket_of_an_own_page_opens(client: TestClient, origin: str | None) -> None:
    with client.websocket_connect(STREAM, headers={"host": HOST, **({"origin": origin} if origin else {})}) as link:
        assert link.receive_text() == "reached"


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://here.example", "http://here.example:1", "http://10.0.0.9:8501", "null", "http://[", ""],
)
def test_a_socket_of_a_foreign_page_does_not(client: TestClient, origin: str) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect(STREAM, headers={"host": HOST, "origin": origin}),
    ):
        pass
    assert refused.value.code == 1008


@pytest.mark.parametrize("kind", ["clear_cache", "set_run_on_save", "debug_shutdown_runtime", "debug_disconnect_websocket"])
def test_what_only_developers_send_reaches_no_session(kind: str) -> None:
    from streamlit.proto.BackMsg_pb2 import BackMsg

    received: list[str | None] = []

    async def listen(websocket: WebSocket) -> None:
        await websocket.accept()
        for _ in range(2):
            received.append(BackMsg.FromString(await websocket.receive_bytes()).WhichOneof("type"))
        await websocket.close()

    app = Starlette(routes=[WebSocketRoute(STREAM, listen)], middleware=[Middleware(DeveloperGuard)])
    rerun, theirs, stop = BackMsg(), BackMsg(), BackMsg()
    rerun.rerun_script.page_name = "runs"
    setattr(theirs, kind, True)
    stop.stop_script = True
    with TestClient(app).websocket_connect(STREAM) as link:
        for message in (rerun, theirs, stop):
            link.send_bytes(message.SerializeToString())
        with pytest.raises(WebSocketDisconnect):
            link.receive_bytes()
    assert received == ["rerun_script", "stop_script"]


def test_the_servers_own_counts_are_nobodys_business() -> None:
    app = Starlette(routes=[Route("/{path:path}", _answer)], middleware=[Middleware(DeveloperGuard)])
    client = TestClient(app)
    assert [client.get(path).status_code for path in ("/_stcore/metrics", "/a/_stcore/metrics/", "/runs")] == [404, 404, 200]


def test_every_answer_carries_the_headers_a_refusal_too(client: TestClient) -> None:
    for answer in (client.get("/"), client.put("/_stcore/upload_file/s1/f1")):
        assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "frame-ancestors 'self'" in SECURITY_HEADERS["content-security-policy"]
