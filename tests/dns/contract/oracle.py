#!/usr/bin/env python3
"""Signs requests by the provider's own client and compares: oracle.py REQUESTS.json"""

import json
import sys
from urllib.parse import urlsplit


def route53(settings, request):
    """botocore signs at the time that the request names."""
    import datetime
    from unittest import mock
    from botocore import auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    sent = request["headers"]
    credentials = Credentials(
        settings["AWS_ACCESS_KEY_ID"],
        settings["AWS_SECRET_ACCESS_KEY"],
        settings.get("AWS_SESSION_TOKEN") or None,
    )
    now = datetime.datetime.strptime(sent["x-amz-date"], "%Y%m%dT%H%M%SZ")
    body = request["body"].encode() or None
    own = AWSRequest(method=request["method"], url=request["url"], data=body)
    names = [name for name in dir(auth) if name in ("get_current_datetime",)]
    if names:
        clock = mock.patch.object(auth, names[0], lambda *a, **k: now)
    else:
        stub = mock.Mock(wraps=datetime.datetime)
        stub.utcnow.return_value = now
        stub.now.return_value = now
        clock = mock.patch.object(auth.datetime, "datetime", stub)
    with clock:
        auth.SigV4Auth(credentials, "route53", "us-east-1").add_auth(own)
    return own.headers["Authorization"], sent["authorization"]


def akamai(settings, request):
    from types import SimpleNamespace
    from akamai.edgegrid.edgegrid import EdgeGridAuth

    sent = request["headers"]["authorization"]
    fields = dict(f.split("=", 1) for f in sent.split(" ", 1)[1].rstrip(";").split(";"))
    auth = EdgeGridAuth(
        client_token=settings["AKAMAI_CLIENT_TOKEN"],
        client_secret=settings["AKAMAI_CLIENT_SECRET"],
        access_token=settings["AKAMAI_ACCESS_TOKEN"],
    )
    own = SimpleNamespace(
        method=request["method"],
        url=request["url"],
        headers={},
        body=request["body"].encode() or None,
    )
    return auth.ah.make_auth_header(own, fields["timestamp"], fields["nonce"]), sent


def ovh(settings, request):
    from unittest import mock
    import ovh as client

    sent = request["headers"]
    base = "https://eu.api.ovh.com/1.0"
    api = client.Client(
        endpoint="ovh-eu",
        application_key=settings["OVH_AK"],
        application_secret=settings["OVH_AS"],
        consumer_key=settings["OVH_CK"],
    )
    api._time_delta = 0
    api._session = mock.Mock()
    data = json.loads(request["body"]) if request["body"] else None
    # Its documents are as ours, blanks and order included, only if it is given the same text.
    with mock.patch("time.time", lambda: int(sent["x-ovh-timestamp"])), mock.patch(
        "json.dumps", lambda *a, **k: request["body"]
    ):
        api.raw_call(request["method"], request["url"][len(base):], data)
    headers = api._session.request.call_args[1]["headers"]
    return headers["X-Ovh-Signature"], sent["x-ovh-signature"]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    sign = {"route53": route53, "akamai": akamai, "ovh": ovh}[job["scheme"]]
    for request in job["requests"]:
        own, theirs = sign(job["settings"], request)
        if own != theirs:
            host = urlsplit(request["url"]).hostname
            sys.exit(f"{request['method']} at {host}:\n{own}\n{theirs}")
    print(len(job["requests"]), "signatures agree")


main()
