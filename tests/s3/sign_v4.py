"""AWS Signature Version 4, twice: as a client signs, and as a store checks. Written from Amazon's pages
(docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html), knowing nothing of okibi's own signer, so
that each proves the other."""
import dataclasses
import datetime
import hashlib
import hmac
import time
import urllib.parse

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"
ALGORITHM = "AWS4-HMAC-SHA256"


class Refused(Exception):
    """What a store says to a request that it does not accept: an HTTP status, a code, a sentence."""

    def __init__(self, status, code, message, extra=None, headers=None):
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.extra, self.headers = extra or {}, headers or {}


@dataclasses.dataclass
class Key:
    access: str
    secret: str
    token: str = ""
    expires: float = float("inf")  # seconds of the epoch


@dataclasses.dataclass
class Scope:
    region: str = "us-east-1"
    service: str = "s3"
    now: float | None = None  # seconds of the epoch

    def stamp(self):
        return stamp_of(time.time() if self.now is None else self.now)


def stamp_of(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def seconds_of(stamp):
    moment = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")
    return moment.replace(tzinfo=datetime.timezone.utc).timestamp()


def encoded(text, slashes=False):
    """RFC 3986: all but A-Z a-z 0-9 - . _ ~ (and '/' where wanted) becomes %XX."""
    return urllib.parse.quote(text, safe="/-._~" if slashes else "-._~")


def query_pairs(raw):
    """[(name, value)] of a raw query, decoded; a name without '=' has the value ''."""
    pairs = [part.partition("=") for part in raw.split("&") if part]
    return [(urllib.parse.unquote_plus(name, errors="surrogateescape"),
             urllib.parse.unquote_plus(value, errors="surrogateescape")) for name, _, value in pairs]


def canonical_query(pairs):
    def both(text):
        return urllib.parse.quote(text, safe="-._~", errors="surrogateescape")
    return "&".join(f"{name}={value}" for name, value in sorted((both(name), both(value)) for name, value in pairs))


def canonical_path(raw_path, service):
    """S3 encodes a path once, as it stands, '..' and '//' included; the other services encode what was encoded again."""
    if service != "s3":
        return urllib.parse.quote(raw_path, safe="/-._~")
    return urllib.parse.quote(urllib.parse.unquote_to_bytes(raw_path), safe="/-._~") or "/"


def canonical_request(method, raw_path, pairs, headers, signed, payload, service="s3"):
    """headers: {lower-case name: value}."""
    lines = "".join(f"{name}:{' '.join(headers.get(name, '').split())}\n" for name in signed)
    return "\n".join([method, canonical_path(raw_path, service), canonical_query(pairs), lines, ";".join(signed), payload])


def signature(secret, stamp, region, service, canonical):
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    key = b"AWS4" + secret.encode()
    for word in (stamp[:8], region, service, "aws4_request"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return hmac.new(key, "\n".join([ALGORITHM, stamp, scope, digest]).encode(), hashlib.sha256).hexdigest()


def sign(method, url, headers, body, key, scope):
    """The headers with those that sign it. body: bytes, or UNSIGNED."""
    parts = urllib.parse.urlsplit(url)
    stamp = scope.stamp()
    payload = UNSIGNED if body is UNSIGNED else hashlib.sha256(body or b"").hexdigest()
    signed = {name.lower(): value for name, value in headers.items()}
    signed |= {"host": parts.netloc, "x-amz-date": stamp, "x-amz-content-sha256": payload}
    if key.token:
        signed["x-amz-security-token"] = key.token
    names = sorted(signed)
    canonical = canonical_request(method, parts.path or "/", query_pairs(parts.query), signed, names, payload, scope.service)
    made = signature(key.secret, stamp, scope.region, scope.service, canonical)
    signed["authorization"] = (f"{ALGORITHM} Credential={key.access}/{stamp[:8]}/{scope.region}/{scope.service}/aws4_request,"
                               f"SignedHeaders={';'.join(names)},Signature={made}")
    return signed


def presign(method, url, key, scope, lapses_after, headers=None):
    """headers: those that the request must have."""
    parts = urllib.parse.urlsplit(url)
    stamp = scope.stamp()
    signed = {name.lower(): value for name, value in (headers or {}).items()} | {"host": parts.netloc}
    names = sorted(signed)
    pairs = query_pairs(parts.query) + [
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", f"{key.access}/{stamp[:8]}/{scope.region}/{scope.service}/aws4_request"),
        ("X-Amz-Date", stamp), ("X-Amz-Expires", str(lapses_after)), ("X-Amz-SignedHeaders", ";".join(names))]
    if key.token:
        pairs.append(("X-Amz-Security-Token", key.token))
    canonical = canonical_request(method, parts.path or "/", pairs, signed, names, UNSIGNED)
    made = signature(key.secret, stamp, scope.region, scope.service, canonical)
    return f"{parts.scheme}://{parts.netloc}{parts.path}?{canonical_query(pairs)}&X-Amz-Signature={made}"


# What the store does.

@dataclasses.dataclass
class Presented:
    """What a request says of its signature."""
    credential: str
    stamp: str
    signed: list
    signature: str
    token: str
    payload: str
    pairs: list  # of the query, without the signature
    lapses: float | None = None


def presented(raw_query, headers, body=None):
    """None for a request that is not signed at all. body: of services where its digest need not be a header."""
    pairs = query_pairs(raw_query)
    if "authorization" in headers:
        return _from_header(pairs, headers, body)
    if any(name == "X-Amz-Algorithm" for name, _ in pairs):
        return _from_query(pairs)
    return None


def _from_header(pairs, headers, body):
    kind, _, rest = headers["authorization"].partition(" ")
    fields = dict(field.strip().partition("=")[::2] for field in rest.split(","))
    if kind != ALGORITHM or set(fields) != {"Credential", "SignedHeaders", "Signature"}:
        raise Refused(400, "InvalidArgument", "Unsupported Authorization Type")
    payload = headers.get("x-amz-content-sha256")
    if payload is None and body is not None:
        payload = hashlib.sha256(body).hexdigest()
    if payload is None:
        raise Refused(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    stamp = headers.get("x-amz-date")
    if stamp is None:
        raise Refused(403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
    return Presented(fields["Credential"], stamp, fields["SignedHeaders"].split(";"), fields["Signature"],
                     headers.get("x-amz-security-token", ""), payload, pairs)


def _from_query(pairs):
    fields = dict(pairs)
    wanted = ("X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature")
    if any(name not in fields for name in wanted) or fields["X-Amz-Algorithm"] != ALGORITHM:
        raise Refused(400, "AuthorizationQueryParametersError", "A parameter of the signature is missing")
    if not fields["X-Amz-Expires"].isdigit() or not 0 < int(fields["X-Amz-Expires"]) <= 604800:
        raise Refused(400, "AuthorizationQueryParametersError", "X-Amz-Expires must be less than a week (in seconds)")
    return Presented(fields["X-Amz-Credential"], fields["X-Amz-Date"], fields["X-Amz-SignedHeaders"].split(";"),
                     fields["X-Amz-Signature"], fields.get("X-Amz-Security-Token", ""), UNSIGNED,
                     [pair for pair in pairs if pair[0] != "X-Amz-Signature"], float(fields["X-Amz-Expires"]))


def check(method, raw_path, headers, given, keys, region, now, service="s3"):
    """Raises Refused, as S3 would, unless the request that presents `given` is signed by one of `keys`."""
    words = given.credential.split("/")
    if len(words) != 5 or words[4] != "aws4_request" or words[3] != service or words[1] != given.stamp[:8]:
        raise Refused(400, "AuthorizationHeaderMalformed", "The credential's scope is not well formed")
    key = keys.get(words[0])
    if key is None:
        raise Refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    if words[2] != region:
        raise Refused(400, "AuthorizationHeaderMalformed",
                      f"The authorization header is malformed; the region '{words[2]}' is wrong; expecting '{region}'",
                      {"Region": region}, {"x-amz-bucket-region": region})
    _check_time(given, now)
    _check_signed_headers(given, headers)
    canonical = canonical_request(method, raw_path, given.pairs, headers, given.signed, given.payload, service)
    made = signature(key.secret, given.stamp, region, service, canonical)
    if not hmac.compare_digest(made, given.signature):
        raise Refused(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you "
                      "provided. Check your key and signing method.", {"CanonicalRequest": canonical})
    _check_token(given, key, now)
    return key


def _check_time(given, now):
    try:
        signed_at = seconds_of(given.stamp)
    except ValueError:
        raise Refused(403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header") from None
    if given.lapses is not None:
        if now > signed_at + given.lapses:
            raise Refused(403, "AccessDenied", "Request has expired")
        signed_at = max(signed_at, now)  # an old one is good until it lapses
    if abs(now - signed_at) > 15 * 60:
        raise Refused(403, "RequestTimeTooSkewed",
                      "The difference between the request time and the current time is too large.")


def _check_signed_headers(given, headers):
    if given.signed != sorted(given.signed) or "host" not in given.signed:
        raise Refused(403, "AccessDenied", "The signed headers are not sorted, or lack host")
    if given.lapses is None:
        left_out = [name for name in headers if name.startswith("x-amz-") and name not in given.signed]
        if left_out:
            raise Refused(403, "AccessDenied", "There were headers present in the request which were not signed",
                          {"HeadersNotSigned": ", ".join(left_out)})


def _check_token(given, key, now):
    if given.token != key.token:
        raise Refused(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
    if now >= key.expires:
        raise Refused(400, "ExpiredToken", "The provided token has expired.")
