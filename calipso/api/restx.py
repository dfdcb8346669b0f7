"""Flask-RESTX with our errors: it carries namespaces, resources and routes.

Its own specification (Swagger 2.0) is not used: see `calipso.api.openapi`.
"""

from __future__ import annotations

from flask import Flask, Response, request
from flask_restx import Api

from calipso.api.errors import error_response


class CalipsoApi(Api):  # type: ignore[misc]
    """The one Api."""

    def render_root(self) -> Response:
        """The address of the API itself leads to its documentation."""
        return Response(status=302, headers={"Location": f"{request.path.rstrip('/')}/doc"})

    def _register_apidoc(self, app: Flask) -> None:
        """Leave its viewer out: it cannot read OpenAPI 3.1."""

    def handle_error(self, e: Exception) -> Response:
        """Our shape for every error of a resource."""
        return error_response(e)
