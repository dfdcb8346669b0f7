"""`/live`: one stream of server-sent events for all that a browser shows."""

from __future__ import annotations

from flask import Response
from flask_restx import Namespace, Resource

from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, operation
from calipso.api.reading import seen_names
from calipso.api.streams import EVENT_STREAM
from calipso.api.topics import Watched, topic_stream

ns = Namespace("live", description="What changes, as it changes.", path="/live")

STREAM = {
    EVENT_STREAM: "Server-sent events: hello, scan, environment, change, "
    "drift, events, monitoring, gone."
}


@ns.route("")
class Live(Resource):  # type: ignore[misc]
    """The stream."""

    @operation(Need.LOGIN, produces=STREAM)
    def get(self, caller: Caller) -> Response:
        """Server-sent events of all environments you may view, until you close it.

        After `hello`: `scan` with the progress of a scan, as `/scans/<id>/progress` has it;
        `environment` when a scan of it has ended or a field of its state changed; `change` with
        environment and time of the newest change; `drift` when the rules were applied to an
        environment; `events` with the state of its listener and how much waits; `monitoring` with
        the numbers of what is not OK; `gone` for an environment that was removed. The stream
        ends after the setting `api_stream_seconds`; connect again, and read anew what you show.
        """
        return topic_stream(Watched(lambda: seen_names(caller)))
