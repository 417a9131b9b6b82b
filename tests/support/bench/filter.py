"""Stands between a client and the CA and takes challenges without a token out of its replies.

The newest Pebble offers dns-persist-01, which has none, and uacme 1.7.4 gives up an authorization
when it meets one before the challenge that it wants: Pebble shuffles them, so that ten names are
never had. With this it can be measured all the same, beside the rows that tell of the failure.

    filter.py PORT CA_PORT CERTIFICATE KEY CA_ROOT
"""

import http.client
import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What belongs to a single connection, or is made anew.
OWN = {"connection", "keep-alive", "transfer-encoding", "content-length", "date"}


class Upstream:
    """One kept connection to the CA: making one for each request would slow the client."""

    def __init__(self, port, root):
        context = ssl.create_default_context(cafile=root)
        self.connection = http.client.HTTPSConnection("localhost", port, context=context)
        self.lock = threading.Lock()

    def ask(self, method, path, body, headers):
        with self.lock:
            try:
                return self._ask(method, path, body, headers)
            except (http.client.RemoteDisconnected, ConnectionError):
                # It was idle for too long.
                self.connection.close()
                return self._ask(method, path, body, headers)

    def _ask(self, method, path, body, headers):
        self.connection.request(method, path, body, headers)
        reply = self.connection.getresponse()
        return reply.status, reply.getheaders(), reply.read()


def filtered(body):
    """The reply without challenges that have no token."""
    try:
        told = json.loads(body)
        told["challenges"] = [challenge for challenge in told["challenges"] if "token" in challenge]
        return json.dumps(told).encode()
    except (ValueError, KeyError, TypeError):
        return body


class Handler(BaseHTTPRequestHandler):
    """Hands requests on; the Host they name makes the CA's URLs lead here again."""

    protocol_version = "HTTP/1.1"

    def _pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OWN}
        status, told, reply = self.server.upstream.ask(self.command, self.path, body, headers)
        reply = filtered(reply)
        self.send_response_only(status)
        for name, value in told:
            if name.lower() not in OWN:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply)

    do_GET = do_HEAD = do_POST = _pass_on

    def log_message(self, *_arguments):
        pass


class Server(ThreadingHTTPServer):
    """Shakes hands in the thread of the connection, so that nobody waits for another's."""

    def __init__(self, port, context, upstream):
        super().__init__(("127.0.0.1", port), Handler)
        self.context, self.upstream = context, upstream

    def finish_request(self, request, client_address):
        try:
            with self.context.wrap_socket(request, server_side=True) as connection:
                super().finish_request(connection, client_address)
        except OSError:
            # Whoever connects to see whether somebody listens does not shake hands.
            pass


def main():
    port, ca_port, certificate, key, root = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    Server(int(port), context, Upstream(int(ca_port), root)).serve_forever()


if __name__ == "__main__":
    main()
