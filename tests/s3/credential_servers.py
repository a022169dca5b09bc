"""Local stand-ins for those who lend keys, all on one port: the token service STS, the container's endpoint, the machine's
metadata service (version 2), the portal of SSO. The keys that they lend are good at the fault server, in whose process
they run, until Settings.lifetime has passed. They take faults, too (faults.py), by the names of their operations, and
their requests stand in the fault server's log."""
import email.utils
import hashlib
import json
import time

import sign_v4
from s3_store import iso
from sign_v4 import Refused
from wire import Gone, Plan

ROLE_ARN = "arn:aws:iam::123456789012:role/checkpoints"
WEB_IDENTITY_TOKEN = "web.identity.token-of-the-tests"
CONTAINER_TOKEN = "container token of the tests"
SSO_TOKEN = "sso-bearer-token-of-the-tests"
SSO_REFRESH_TOKEN = "sso-refresh-token-of-the-tests"
MACHINE_ROLE = "machine-role"


class Lenders:
    def __init__(self, server):
        self.server = server
        self.machine_tokens = {}  # {token: the moment at which it is of no use any more}

    def serve(self, connection, head):
        body = bytes(connection.read_body(head))
        operation = operation_of(head, body)
        entry = self.server.entry(connection, op=operation, key="", path=head.path, signed_by=None)
        try:
            self.answer(connection, head, body, operation, entry)
        except Gone:
            entry["status"] = entry["status"] or "gone"
            raise
        finally:
            self.server.done()

    def answer(self, connection, head, body, operation, entry):
        fault = self.server.faults.take(operation, "", head.headers, None)
        entry["fault"] = fault and fault["do"]
        if fault and fault["do"] == "reset":
            connection.reset()
        if fault and fault["do"] == "stall":
            connection.wait(fault.get("seconds", 60))
        try:
            if fault and fault["do"].isdigit():
                raise Refused(int(fault["do"]), fault.get("code", "ServiceUnavailable"), "as was ordered")
            kind, text = OPERATIONS[operation](self, head, body, entry)
            status = 200
        except Refused as refused:
            status, kind, text = refused.status, "text/xml", (
                f"<ErrorResponse><Error><Type>Sender</Type><Code>{refused.code}</Code><Message>{refused.message}</Message>"
                "</Error><RequestId>lender</RequestId></ErrorResponse>")
        entry["status"] = status
        headers = {"content-type": kind, "date": email.utils.formatdate(self.server.now(), usegmt=True)}
        connection.answer(status, headers, text.encode(), head.method, Plan())

    # The token service.

    def assume_role(self, head, body, entry):
        given = sign_v4.presented(head.query, head.headers, body)
        if given is None:
            raise Refused(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        if given.payload != hashlib.sha256(body).hexdigest():
            raise Refused(400, "XAmzContentSHA256Mismatch", "The digest of the body is another one")
        region = given.credential.split("/")[2] if given.credential.count("/") == 4 else ""
        key = sign_v4.check(head.method, head.path, head.headers, given, self.server.keys, region, self.server.now(), "sts")
        entry["signed_by"] = key.access
        form = checked_form(body)
        if form.get("ExternalId", "the tests") != "the tests":
            raise Refused(403, "AccessDenied", "The external id is another one")
        return self.assumed("AssumeRole")

    def assume_with_web_identity(self, head, body, entry):
        if checked_form(body).get("WebIdentityToken") != WEB_IDENTITY_TOKEN:
            raise Refused(400, "InvalidIdentityToken", "The token is not one of the tests'")
        if "authorization" in head.headers:
            raise Refused(400, "InvalidRequest", "This is not to be signed")
        return self.assumed("AssumeRoleWithWebIdentity")

    def assumed(self, action):
        key, expires = self.server.lend()
        return "text/xml", (
            f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><AssumedRoleUser>'
            f"<Arn>{ROLE_ARN}/tests</Arn><AssumedRoleId>AROATESTS:tests</AssumedRoleId></AssumedRoleUser><Credentials>"
            f"<AccessKeyId>{key.access}</AccessKeyId><SecretAccessKey>{key.secret}</SecretAccessKey>"
            f"<SessionToken>{key.token}</SessionToken><Expiration>{iso(expires)}</Expiration></Credentials>"
            f"</{action}Result><ResponseMetadata><RequestId>lender</RequestId></ResponseMetadata></{action}Response>")

    # The container's endpoint.

    def container(self, head, body, entry):
        if head.headers.get("authorization") != CONTAINER_TOKEN:
            raise Refused(401, "Unauthorized", "The token is not one of the tests'")
        key, expires = self.server.lend()
        return "application/json", json.dumps({
            "AccessKeyId": key.access, "SecretAccessKey": key.secret, "Token": key.token,
            "Expiration": plain_iso(expires), "RoleArn": ROLE_ARN})

    # The machine.

    def machine_token(self, head, body, entry):
        seconds = head.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
        if not seconds.isdigit() or not 1 <= int(seconds) <= 21600:
            raise Refused(400, "BadRequest", "The time to live is wanted")
        token = f"machine-token-{len(self.machine_tokens)}=="
        self.machine_tokens[token] = time.monotonic() + int(seconds)
        return "text/plain", token

    def machine(self, head, body, entry):
        if self.machine_tokens.get(head.headers.get("x-aws-ec2-metadata-token"), 0) < time.monotonic():
            raise Refused(401, "Unauthorized", "A token is wanted: this is version 2")
        names = "/latest/meta-data/iam/security-credentials"
        if head.path.rstrip("/") == names:
            return "text/plain", MACHINE_ROLE
        if head.path == f"{names}/{MACHINE_ROLE}":
            key, expires = self.server.lend()
            return "text/plain", json.dumps({
                "Code": "Success", "LastUpdated": plain_iso(time.time()), "Type": "AWS-HMAC", "AccessKeyId": key.access,
                "SecretAccessKey": key.secret, "Token": key.token, "Expiration": plain_iso(expires)})
        if head.path == "/latest/meta-data/placement/region":
            return "text/plain", self.server.options.region
        raise Refused(404, "NotFound", "There is nothing")

    # The portal.

    def portal(self, head, body, entry):
        query = dict(sign_v4.query_pairs(head.query))
        if head.headers.get("x-amz-sso_bearer_token") != SSO_TOKEN:
            raise Refused(401, "UnauthorizedException", "Session token not found or invalid")
        if query != {"account_id": "123456789012", "role_name": "checkpoints"}:
            raise Refused(404, "ResourceNotFoundException", "No such role")
        key, expires = self.server.lend()
        return "application/json", json.dumps({"roleCredentials": {
            "accessKeyId": key.access, "secretAccessKey": key.secret, "sessionToken": key.token,
            "expiration": int(expires * 1000)}})

    def portal_token(self, head, body, entry):
        given = json.loads(body)
        if given.get("grantType") != "refresh_token" or given.get("refreshToken") != SSO_REFRESH_TOKEN:
            raise Refused(400, "InvalidGrantException", "The refresh token is another one")
        return "application/json", json.dumps({"accessToken": SSO_TOKEN, "expiresIn": 3600, "tokenType": "Bearer",
                                               "refreshToken": SSO_REFRESH_TOKEN})

    def nothing(self, head, body, entry):
        raise Refused(404, "NotFound", "Nobody lends keys here")


def plain_iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def checked_form(body):
    form = dict(sign_v4.query_pairs(body.decode()))
    wrong = [name for name, value in {"Version": "2011-06-15", "RoleArn": ROLE_ARN}.items() if form.get(name) != value]
    if wrong or not form.get("RoleSessionName"):
        raise Refused(400, "ValidationError", f"Missing or wrong: {', '.join(wrong) or 'RoleSessionName'}")
    return form


def operation_of(head, body):
    if head.path.startswith("/latest/"):
        return "MachineToken" if (head.method, head.path) == ("PUT", "/latest/api/token") else "Machine"
    if head.path == "/federation/credentials":
        return "Portal"
    if head.path == "/token":
        return "PortalToken"
    if head.path.startswith("/container"):
        return "Container"
    form = dict(sign_v4.query_pairs((body or head.query.encode()).decode("utf-8", "replace")))
    return form.get("Action") if form.get("Action") in ("AssumeRole", "AssumeRoleWithWebIdentity") else "Nothing"


OPERATIONS = {"AssumeRole": Lenders.assume_role, "AssumeRoleWithWebIdentity": Lenders.assume_with_web_identity,
              "Container": Lenders.container, "MachineToken": Lenders.machine_token, "Machine": Lenders.machine,
              "Portal": Lenders.portal, "PortalToken": Lenders.portal_token, "Nothing": Lenders.nothing}
