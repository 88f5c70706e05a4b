"""Visits of the app over a connection of their own, with whatever a client may claim of itself."""

from __future__ import annotations

import socket

from tests.support.app_server import AppServer


def title_of(
    server: AppServer, *, page: str = "runs", source: str = "127.0.0.1", host: str = "", token: str = "none", **headers: str
) -> str:
    """The title of the page that one visit gets: all headers are the client's to write, its address is not."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from websockets.sync.client import connect

    named = {name.replace("_", "-"): value for name, value in headers.items()}
    line = socket.create_connection(("127.0.0.1", server.port), timeout=20, source_address=(source, 0))
    uri = f"ws://{host or f'127.0.0.1:{server.port}'}/_stcore/stream"
    protocols = ["streamlit", token]
    with connect(uri, sock=line, additional_headers=named, subprotocols=protocols, max_size=None, proxy=None) as link:  # type: ignore[arg-type]
        ask = BackMsg()
        ask.rerun_script.page_name = page
        link.send(ask.SerializeToString())
        titles = []
        while True:
            message = ForwardMsg.FromString(link.recv(timeout=60))  # type: ignore[arg-type]
            new = message.delta.new_element
            if message.WhichOneof("type") == "delta" and new.WhichOneof("type") == "heading" and new.heading.tag == "h1":
                titles.append(new.heading.body)
            if message.WhichOneof("type") == "script_finished":
                assert len(titles) == 1, titles
                return titles[0]


def upload_status(
    server: AppServer, *, content: bytes = b"text\na\n", session: str = "", cookie: str = "", **headers: str
) -> int:
    """The status that a visitor's file gets whose page has been drawn, over the same session and with a valid token.

    `session` names another session in the file's address than the one that was opened.
    """
    import httpx
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string
    from websockets.sync.client import connect

    token = generate_xsrf_token_string()
    cookies = "; ".join([f"_streamlit_xsrf={token}", *filter(None, [cookie])])
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    named = {"Cookie": cookies, "Origin": server.url, **given}
    opened = {**named, "Origin": server.url}  # a foreign page cannot open a session; its file is what is looked at
    uri = f"{server.url.replace('http', 'ws', 1)}/_stcore/stream"
    with connect(uri, additional_headers=opened, subprotocols=["streamlit", token], max_size=None, proxy=None) as link:  # type: ignore[list-item]
        ask = BackMsg()
        ask.rerun_script.page_name = "runs"
        link.send(ask.SerializeToString())
        own = ""
        while True:
            message = ForwardMsg.FromString(link.recv(timeout=60))  # type: ignore[arg-type]
            if message.WhichOneof("type") == "new_session":
                own = message.new_session.initialize.session_id
            if message.WhichOneof("type") == "script_finished":
                break
        assert own
        answer = httpx.put(
            f"{server.url}/_stcore/upload_file/{session or own}/one",
            files={"file": ("a.csv", content)},
            headers={**named, "X-Xsrftoken": token},
            timeout=60,
        )
        return answer.status_code
