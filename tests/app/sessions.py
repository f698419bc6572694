"""Sessions of the app without a browser: what a page says to the server, and how long the server takes.

A session speaks Streamlit's own protocol (protobuf messages over a WebSocket), so that many fit on a small
machine and only the server is measured.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

__all__ = ["Session", "opened"]

FIELD = "activation"


@dataclass
class Session:
    """One open page of the Activation view."""

    socket: ClientConnection
    field_id: str = ""
    fragment: str = ""
    exceptions: list[str] = field(default_factory=list)
    finding: str = ""

    async def type(self, text: str) -> float:
        """Types φ into the field; seconds until the page is whole again."""
        message = BackMsg()
        message.rerun_script.page_name = "activation"
        message.rerun_script.fragment_id = self.fragment
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.string_value = self.field_id, text
        return await self.run(message)

    async def run(self, message: BackMsg) -> float:
        """Sends a request to run the script; seconds until it has run."""
        begun = time.monotonic()
        await self.socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(await self.socket.recv(decode=False))
            if answer.WhichOneof("type") == "delta":
                self.look(answer.delta)
            elif answer.WhichOneof("type") == "script_finished":
                return time.monotonic() - begun

    def look(self, delta: Any) -> None:
        """Keeps what the next message needs, and what went wrong."""
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "text_input" and element.text_input.query_param_key == FIELD:
            self.field_id, self.fragment = element.text_input.id, delta.fragment_id
        elif kind == "exception":
            self.exceptions.append(element.exception.message)
        elif kind == "markdown" and "takes values" in element.markdown.body:
            self.finding = element.markdown.body


async def opened(url: str) -> Session:
    """A new session on the Activation view, its first run over."""
    address = url.replace("http://", "ws://") + "/_stcore/stream"
    socket = await connect(address, max_size=None, subprotocols=["streamlit"], origin=url)  # type: ignore[list-item, arg-type]
    session = Session(socket)
    message = BackMsg()
    message.rerun_script.page_name = "activation"
    await session.run(message)
    return session
