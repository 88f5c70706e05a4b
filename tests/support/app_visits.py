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
