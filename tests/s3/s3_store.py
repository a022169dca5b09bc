"""What a bucket does, in memory, and strict where S3 is: objects, uploads, conditions, ranges, checksums, listings. No HTTP
and no signatures here: an operation takes a Call and gives an Answer, or raises sign_v4.Refused."""
import base64
import bisect
import dataclasses
import email.utils
import hashlib
import re
import threading
import time
import urllib.parse
import zlib
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from sign_v4 import Refused

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
KEPT_HEADERS = ("content-type", "cache-control", "content-disposition", "content-encoding", "x-amz-storage-class",
                "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id")


@dataclasses.dataclass
class Call:
    operation: str
    bucket: str
    key: str
    query: dict
    headers: dict
    body: memoryview = memoryview(b"")


@dataclasses.dataclass
class Answer:
    status: int = 200
    headers: dict = dataclasses.field(default_factory=dict)
    body: bytes | memoryview = b""


@dataclasses.dataclass
class Object:
    body: memoryview
    etag: str
    crc32: int
    modified: float
    kept: dict  # headers that come back
    checksum_kind: str = ""  # "FULL_OBJECT" where the writer sent or asked for a CRC-32


@dataclasses.dataclass
class Part:
    body: memoryview
    md5: bytes
    crc32: int

    @property
    def etag(self):
        return f'"{self.md5.hex()}"'


@dataclasses.dataclass
class Upload:
    bucket: str
    key: str
    kept: dict
    begun: float
    checksum: str  # "CRC32" or ""
    parts: dict = dataclasses.field(default_factory=dict)  # {number: Part}


@dataclasses.dataclass
class Bucket:
    region: str
    owner: str = "123456789012"
    public: bool = False  # may be read unsigned
    requester_pays: bool = False
    objects: dict = dataclasses.field(default_factory=dict)  # {key: Object}


class Store:
    def __init__(self, min_part=5 << 20):
        self.min_part = min_part
        self.lock = threading.RLock()
        self.clear()

    def clear(self):
        with self.lock:
            self.buckets, self.uploads, self.begun = {}, {}, 0

    # Looking things up.

    def bucket(self, call):
        if call.bucket not in self.buckets:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist", {"BucketName": call.bucket})
        return self.buckets[call.bucket]

    def object(self, call):
        found = self.bucket(call).objects.get(call.key)
        if found is None:
            raise Refused(404, "NoSuchKey", "The specified key does not exist.", {"Key": call.key})
        return found

    def upload(self, call):
        found = self.uploads.get(call.query["uploadId"])
        if found is None or (found.bucket, found.key) != (call.bucket, call.key):
            raise Refused(404, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the "
                          "upload may have been aborted or completed.", {"UploadId": call.query["uploadId"]})
        return found

    # Buckets.

    def CreateBucket(self, call):
        with self.lock:
            if call.bucket in self.buckets:
                raise Refused(409, "BucketAlreadyOwnedByYou", "You have it already")
            self.buckets[call.bucket] = Bucket("us-east-1")
        return Answer(headers={"location": f"/{call.bucket}"})

    def HeadBucket(self, call):
        return Answer(headers={"x-amz-bucket-region": self.bucket(call).region})

    def ListObjectsV2(self, call):
        with self.lock:
            keys = sorted(self.bucket(call).objects, key=lambda key: key.encode("utf-8", "surrogateescape"))
            objects = dict(self.bucket(call).objects)
        return Answer(body=listing(call, keys, objects))

    def ListMultipartUploads(self, call):
        self.bucket(call)
        prefix, most = call.query.get("prefix", ""), number(call.query.get("max-uploads", "1000"), 1, 1000)
        after = (call.query.get("key-marker", ""), call.query.get("upload-id-marker", ""))
        with self.lock:
            found = sorted((upload.key, name) for name, upload in self.uploads.items()
                           if upload.bucket == call.bucket and upload.key.startswith(prefix))
            page = [pair for pair in found if (pair > after if after[1] else pair[0] > after[0] or not after[0])]
            body = [tag("Bucket", call.bucket), tag("Prefix", name_of(call, prefix)), tag("MaxUploads", most),
                    tag("IsTruncated", "true" if len(page) > most else "false")]
            if len(page) > most:
                body += [tag("NextKeyMarker", name_of(call, page[most - 1][0])), tag("NextUploadIdMarker", page[most - 1][1])]
            body += [group("Upload", tag("Key", name_of(call, key)), tag("UploadId", name),
                           tag("Initiated", iso(self.uploads[name].begun))) for key, name in page[:most]]
        return Answer(body=document("ListMultipartUploadsResult", *encoding(call), *body))

    # Whole objects.

    def PutObject(self, call):
        return self.publish(call, made_object(call.body, kept(call.headers), checked_crc(call)))

    def publish(self, call, new, after=None):
        """The moment at which a key changes, and its conditions. after: what else happens in that moment."""
        with self.lock:
            objects = self.bucket(call).objects
            check_write_conditions(call, objects.get(call.key))
            objects[call.key] = new
            if after:
                after()
        return Answer(headers={"etag": new.etag} | checksum_headers(new))

    def GetObject(self, call):
        found = self.object(call)
        check_read_conditions(call.headers, found)
        headers = object_headers(found)
        asked = call.headers.get("range")
        span = wanted_range(asked, len(found.body)) if asked else None
        if span is None:
            if call.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED":
                headers |= checksum_headers(found)
            return Answer(200, headers, found.body)
        first, last = span
        headers["content-range"] = f"bytes {first}-{last}/{len(found.body)}"
        return Answer(206, headers, found.body[first:last + 1])

    HeadObject = GetObject  # the body stays here

    def DeleteObject(self, call):
        with self.lock:
            self.bucket(call).objects.pop(call.key, None)
        return Answer(204)

    def CopyObject(self, call):
        source = self.copy_source(call)
        keeps = call.headers.get("x-amz-metadata-directive", "COPY") == "COPY"
        new = made_object(source.body, dict(source.kept) if keeps else kept(call.headers), source.checksum_kind)
        self.publish(call, new)
        return Answer(body=document("CopyObjectResult", tag("ETag", new.etag), tag("LastModified", iso(new.modified)),
                                    *checksum_tags(new)))

    def copy_source(self, call):
        text = urllib.parse.unquote(call.headers["x-amz-copy-source"], errors="surrogateescape").removeprefix("/")
        bucket, _, key = text.partition("/")
        source = self.object(dataclasses.replace(call, bucket=bucket, key=key))
        given = {name.removeprefix("x-amz-copy-source-"): value for name, value in call.headers.items()
                 if name.startswith("x-amz-copy-source-if-")}
        check_read_conditions(given, source)
        return source

    # Uploads in parts.

    def CreateMultipartUpload(self, call):
        self.bucket(call)
        algorithm, kind = call.headers.get("x-amz-checksum-algorithm", ""), call.headers.get("x-amz-checksum-type", "")
        if algorithm not in ("", "CRC32") or kind not in ("", "FULL_OBJECT") or (kind and not algorithm):
            raise Refused(501, "NotImplemented", "This server knows CRC32 of the FULL_OBJECT")
        with self.lock:
            self.begun += 1
            name = f"upload-{self.begun}-{hashlib.sha256(call.key.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}+/="
            self.uploads[name] = Upload(call.bucket, call.key, kept(call.headers), time.time(), algorithm)
        return Answer(body=document("InitiateMultipartUploadResult", tag("Bucket", call.bucket), tag("Key", call.key),
                                    tag("UploadId", name)))

    def UploadPart(self, call):
        upload, at = self.upload(call), number(call.query["partNumber"], 1, 10000)
        checked_crc(call)
        return self.keep_part(call, upload, at, made_part(call.body))

    def keep_part(self, call, upload, at, part):
        with self.lock:
            self.upload(call)  # still open
            upload.parts[at] = part
        return Answer(headers={"etag": part.etag} | ({"x-amz-checksum-crc32": base64_crc(part.crc32)} if upload.checksum else {}))

    def UploadPartCopy(self, call):
        upload, at = self.upload(call), number(call.query["partNumber"], 1, 10000)
        body = self.copy_source(call).body
        asked = call.headers.get("x-amz-copy-source-range")
        if asked:
            span = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
            if not span or not int(span[1]) <= int(span[2]) < len(body):
                raise Refused(400, "InvalidArgument", "The x-amz-copy-source-range value must be of the form bytes=first-last")
            body = body[int(span[1]):int(span[2]) + 1]
        part = made_part(body)
        self.keep_part(call, upload, at, part)
        return Answer(body=document("CopyPartResult", tag("ETag", part.etag), tag("LastModified", iso(time.time()))))

    def CompleteMultipartUpload(self, call):
        upload = self.upload(call)
        parts = self.named_parts(upload, call)
        body = memoryview(b"".join(part.body for part in parts))
        size = call.headers.get("x-amz-mp-object-size")
        if size is not None and size != str(len(body)):
            raise Refused(400, "InvalidRequest", "The provided 'x-amz-mp-object-size' header value does not match")
        checked_crc(dataclasses.replace(call, body=body), of_body=False)
        etag = hashlib.md5(b"".join(part.md5 for part in parts)).hexdigest()
        new = Object(body, f'"{etag}-{len(parts)}"', zlib.crc32(body), time.time(), upload.kept,
                     "FULL_OBJECT" if upload.checksum else "")
        self.publish(call, new, lambda: self.end_upload(call))
        return Answer(body=document("CompleteMultipartUploadResult", tag("Bucket", call.bucket), tag("Key", call.key),
                                    tag("ETag", new.etag), *checksum_tags(new)))

    def end_upload(self, call):
        self.upload(call)  # completed by another meanwhile: NoSuchUpload
        del self.uploads[call.query["uploadId"]]

    def named_parts(self, upload, call):
        asked = parts_of(call.body)
        if [at for at, _, _ in asked] != sorted({at for at, _, _ in asked}):
            raise Refused(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
        for at, etag, crc in asked:
            part = upload.parts.get(at)
            if part is None or part.etag.strip('"') != etag.strip('"') or (crc and crc != base64_crc(part.crc32)):
                raise Refused(400, "InvalidPart", "One or more of the specified parts could not be found.", {"PartNumber": at})
        found = [upload.parts[at] for at, _, _ in asked]
        if any(len(part.body) < self.min_part for part in found[:-1]):
            raise Refused(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
        return found

    def AbortMultipartUpload(self, call):
        with self.lock:
            self.end_upload(call)
        return Answer(204)

    def ListParts(self, call):
        upload = self.upload(call)
        after, most = int(call.query.get("part-number-marker", "0")), number(call.query.get("max-parts", "1000"), 1, 1000)
        with self.lock:
            found = [(at, upload.parts[at]) for at in sorted(upload.parts) if at > after]
        more = len(found) > most
        body = [tag("Bucket", call.bucket), tag("Key", call.key), tag("UploadId", call.query["uploadId"]),
                tag("IsTruncated", "true" if more else "false")]
        body += [tag("ChecksumAlgorithm", "CRC32"), tag("ChecksumType", "FULL_OBJECT")] if upload.checksum else []
        if more:
            body.append(tag("NextPartNumberMarker", found[most - 1][0]))
        body += [group("Part", tag("PartNumber", at), tag("ETag", part.etag), tag("Size", len(part.body)),
                       *([tag("ChecksumCRC32", base64_crc(part.crc32))] if upload.checksum else []))
                 for at, part in found[:most]]
        return Answer(body=document("ListPartsResult", *body))


# Objects and what is said of them.

def made_object(body, kept_headers, checksum_kind):
    return Object(body, f'"{hashlib.md5(body).hexdigest()}"', zlib.crc32(body), time.time(), kept_headers, checksum_kind)


def made_part(body):
    return Part(body, hashlib.md5(body).digest(), zlib.crc32(body))


def kept(headers):
    names = [name for name in headers if name in KEPT_HEADERS or name.startswith("x-amz-meta-")]
    return {name: headers[name] for name in names}


def object_headers(found):
    headers = {"etag": found.etag, "last-modified": email.utils.formatdate(found.modified, usegmt=True),
               "accept-ranges": "bytes", "content-type": "binary/octet-stream"} | found.kept
    return {name: value for name, value in headers.items() if (name, value) != ("x-amz-storage-class", "STANDARD")}


def checksum_headers(found):
    if not found.checksum_kind:
        return {}
    return {"x-amz-checksum-crc32": base64_crc(found.crc32), "x-amz-checksum-type": found.checksum_kind}


def checksum_tags(found):
    if not found.checksum_kind:
        return []
    return [tag("ChecksumCRC32", base64_crc(found.crc32)), tag("ChecksumType", found.checksum_kind)]


def base64_crc(crc):
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


def checked_crc(call, of_body=True):
    """Compares the checksums that came with a body to it. "FULL_OBJECT" where one came."""
    unknown = [name for name in call.headers if name.startswith("x-amz-checksum-")
               and name not in ("x-amz-checksum-crc32", "x-amz-checksum-type", "x-amz-checksum-algorithm")]
    if unknown:
        raise Refused(501, "NotImplemented", f"This server does not know {unknown[0]}")
    if call.headers.get("x-amz-sdk-checksum-algorithm", "CRC32") != "CRC32":
        raise Refused(501, "NotImplemented", "This server knows CRC32 alone")
    md5 = call.headers.get("content-md5")
    if of_body and md5 and md5 != base64.b64encode(hashlib.md5(call.body).digest()).decode():
        raise Refused(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
    crc = call.headers.get("x-amz-checksum-crc32")
    if crc is not None and crc != base64_crc(zlib.crc32(call.body)):
        raise Refused(400, "BadDigest", "The CRC32 you specified did not match the calculated checksum.")
    return "FULL_OBJECT" if crc else ""


# Conditions and ranges.

def check_write_conditions(call, old):
    if "if-none-match" in call.headers:
        if call.headers["if-none-match"] != "*":
            raise Refused(501, "NotImplemented", "If-None-Match takes * alone")
        if old is not None:
            raise Refused(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold",
                          {"Condition": "If-None-Match"})
    if "if-match" in call.headers:
        if old is None:
            raise Refused(404, "NoSuchKey", "The specified key does not exist.", {"Key": call.key})
        if not same_etag(call.headers["if-match"], old.etag):
            raise Refused(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold",
                          {"Condition": "If-Match"})


def check_read_conditions(headers, found):
    if "if-match" in headers and not same_etag(headers["if-match"], found.etag):
        raise Refused(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold",
                      {"Condition": "If-Match"})
    if "if-none-match" in headers and same_etag(headers["if-none-match"], found.etag):
        raise Refused(304, "NotModified", "Not Modified")


def same_etag(asked, etag):
    return asked == "*" or etag.strip('"') in [each.strip().strip('"') for each in asked.split(",")]


def wanted_range(text, size):
    """(first, last); None where the header says nothing that HTTP knows, and is to be ignored."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", text.strip())
    if not found or found[1] == found[2] == "":
        return None
    if found[1] == "":
        first, last = max(0, size - int(found[2])), size - 1
        empty = int(found[2]) == 0
    else:
        first, last = int(found[1]), min(int(found[2] or size - 1), size - 1)
        if found[2] and int(found[2]) < first:
            return None
        empty = False
    if empty or first >= size:
        raise Refused(416, "InvalidRange", "The requested range is not satisfiable", {"ActualObjectSize": size},
                      {"content-range": f"bytes */{size}"})
    return first, last


def number(text, least, most):
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise Refused(400, "InvalidArgument", f"A number between {least} and {most} is wanted")
    return int(text)


# XML.

def parts_of(body):
    """[(number, etag, crc or "")] of a CompleteMultipartUpload's body."""
    try:
        root = ElementTree.fromstring(bytes(body))
    except ElementTree.ParseError:
        root = ElementTree.Element("nothing")
    plain = {child: child.tag.rpartition("}")[2] for child in root.iter()}
    found = [{plain[field]: (field.text or "").strip() for field in part} for part in root if plain[part] == "Part"]
    whole = plain[root] == "CompleteMultipartUpload" and found and all({"PartNumber", "ETag"} <= set(part) for part in found)
    if not whole:
        raise Refused(400, "MalformedXML", "The XML you provided was not well-formed or did not validate")
    return [(number(part["PartNumber"], 1, 10000), part["ETag"], part.get("ChecksumCRC32", "")) for part in found]


def tag(name, text):
    return f"<{name}>{escape(str(text))}</{name}>"


def group(name, *inner):
    return f"<{name}>{''.join(inner)}</{name}>"


def document(name, *inner):
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="{NAMESPACE}">{"".join(inner)}</{name}>'
    return text.encode("utf-8", "surrogateescape")


def error_document(refused, resource, request_id):
    inner = [tag("Code", refused.code), tag("Message", refused.message), tag("Resource", resource),
             tag("RequestId", request_id), tag("HostId", "host-of-" + request_id)]
    inner += [tag(name, text) for name, text in refused.extra.items()]
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{"".join(inner)}</Error>'
    return text.encode("utf-8", "surrogateescape")


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def encoding(call):
    return [tag("EncodingType", "url")] if call.query.get("encoding-type") == "url" else []


def name_of(call, text):
    """A key as a listing has it: form-encoded where that was asked for, since XML cannot hold every character."""
    if call.query.get("encoding-type") != "url":
        return text
    return urllib.parse.quote_plus(text, safe="/-._*", errors="surrogateescape")


def listing(call, keys, objects):
    query = call.query
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    most = min(number(query.get("max-keys", "1000"), 0, 1 << 31), 1000)
    after = query.get("start-after", "")
    if "continuation-token" in query:
        after = base64.urlsafe_b64decode(query["continuation-token"]).decode("utf-8", "surrogateescape")
    found, last, more = page_of(keys, prefix, delimiter, after, most)
    inner = [tag("Name", call.bucket), tag("Prefix", name_of(call, prefix)), tag("KeyCount", len(found)), tag("MaxKeys", most),
             tag("IsTruncated", "true" if more else "false"), *encoding(call)]
    if delimiter:
        inner.append(tag("Delimiter", name_of(call, delimiter)))
    if more:
        token = base64.urlsafe_b64encode(last.encode("utf-8", "surrogateescape")).decode()
        inner.append(tag("NextContinuationToken", token))
    inner += [entry(call, name, objects[name]) for name, is_prefix in found if not is_prefix]
    inner += [group("CommonPrefixes", tag("Prefix", name_of(call, name))) for name, is_prefix in found if is_prefix]
    return document("ListBucketResult", *inner)


def page_of(keys, prefix, delimiter, after, most):
    """([(name, is a common prefix)], the last name, whether there are more)."""
    def order(text):
        return text.encode("utf-8", "surrogateescape")
    found = []
    for at in range(bisect.bisect_right(keys, order(after), key=order) if after else 0, len(keys)):
        name = keys[at]
        if not name.startswith(prefix):
            continue
        cut = name.find(delimiter, len(prefix)) if delimiter else -1
        common = name[:cut + len(delimiter)] if cut >= 0 else None
        if common is not None and (after.startswith(common) or (found and found[-1] == (common, True))):
            continue
        if len(found) == most:
            return found, found[-1][0] if found else after, most > 0
        found.append((common, True) if common is not None else (name, False))
    return found, "", False


def entry(call, name, found):
    checksum = [tag("ChecksumAlgorithm", "CRC32"), tag("ChecksumType", "FULL_OBJECT")] if found.checksum_kind else []
    return group("Contents", tag("Key", name_of(call, name)), tag("LastModified", iso(found.modified)),
                 tag("ETag", found.etag), *checksum, tag("Size", len(found.body)),
                 tag("StorageClass", found.kept.get("x-amz-storage-class", "STANDARD")))
