"""Folders of torch.distributed.checkpoint piece by piece, so that all that .metadata says can lie."""
import itertools
import struct

from forge import checkpoint, dict_of, get, name, number, numbers, pickled, put, storage, tensor, text

METADATA, PART = ".metadata", "__0_0.distcp"
CLASSES, FILES = "torch.distributed.checkpoint.metadata", "torch.distributed.checkpoint.filesystem"
CALL = name("os", "system") + text("touch owned") + b"\x85R"
EVIL = pickled(CALL)

# ------------------------------------------------------------------------------------------------------ what metadata says


def instance(attribute, attributes, module=CLASSES):
    """A dataclass with these attributes, as Python pickles it."""
    return name(module, attribute) + b")\x81" + dict_of(attributes) + b"b"


def list_of(items):
    return b"](" + b"".join(items) + b"e"


def tuple_of(*items):
    return b"(" + b"".join(items) + b"t"


def size(values):
    return values if isinstance(values, bytes) else name("torch", "Size") + numbers(values) + b"\x85R"


def layout(word):
    return name("torch.serialization", "_get_layout") + text(word) + b"\x85R"


def properties(dtype=name("torch", "float32"), layout=layout("torch.strided"), requires_grad=b"\x89", more=b"\x89"):
    memory_format = name(CLASSES, "_MEM_FORMAT_ENCODING") + number(0) + b"\x85R"
    return name(CLASSES, "TensorProperties") + b")\x81" + tuple_of(dtype, layout, requires_grad, memory_format, more) + b"b"


def chunk(offsets, sizes):
    return instance("ChunkStorageMetadata", [("offsets", size(offsets)), ("sizes", size(sizes))])


def described(sizes, chunks, **told):
    """A tensor. `chunks`: [(offsets, sizes)], or bytes instead of the list."""
    chunks = chunks if isinstance(chunks, bytes) else list_of(chunk(*box) for box in chunks)
    return instance("TensorStorageMetadata", [("properties", properties(**told)), ("size", size(sizes)), ("chunks", chunks)])


OBJECT = name(CLASSES, "BytesStorageMetadata") + b")\x81"


def index(item, offsets=None):
    item = item if isinstance(item, bytes) else text(item)
    return instance("MetadataIndex", [("fqn", item), ("index", b"N"), ("offset", b"N" if offsets is None else size(offsets))])


def info(file=PART, offset=0, length=0, more=()):
    raw = lambda value, make: value if isinstance(value, bytes) else make(value)
    return instance("_StorageInfo", [("relative_path", raw(file, text)), ("offset", raw(offset, number)),
                                     ("length", raw(length, number)), *more], FILES)


def pairs(items):
    return b"}(" + b"".join(key + value for key, value in items) + b"u"


def metadata(items, stored, paths, **instead):
    """`items`, `paths`: [(name, pickle)]. `stored`: [(index, info)]. `instead`: attributes, or None for none such."""
    attributes = {"state_dict_metadata": dict_of(items), "planner_data": dict_of(paths), "storage_data": pairs(stored),
                  "storage_meta": b"N", "version": text("1.0.0"), **instead}
    return pickled(instance("Metadata", [(key, value) for key, value in attributes.items() if value is not None]))


# ------------------------------------------------------------------------------------------------------------------ parts


def saved(value=number(7), storages=(), **more):
    """A part: a whole file of torch.save."""
    return checkpoint(pickled(value), storages, **more)


def floats(sizes, **geometry):
    count = product(sizes)
    strides = [product(sizes[i + 1:]) for i in range(len(sizes))]
    return saved(tensor(sizes, strides, of=storage(numel=count), **geometry), [struct.pack(f"<{count}f", *range(count))])


def product(sizes):
    return sizes[0] * product(sizes[1:]) if sizes else 1


class Folder:
    """A checkpoint of one rank, told piece by piece: parts, and what .metadata says of them."""

    def __init__(self, part=PART):
        self.part, self.parts, self.items, self.stored, self.paths = part, b"", [], [], []

    def keep(self, data):
        """A part at the end of the file of parts; where it lies."""
        self.parts += data
        return dict(file=self.part, offset=len(self.parts) - len(data), length=len(data))

    def object(self, item="step", data=saved(), path=None, **at):
        self.items.append((item, OBJECT))
        self.stored.append((index(item), info(**{**self.keep(data), **at})))
        self.paths.append((item, tuple_of(text(item)) if path is None else path))
        return self

    def tensor(self, item="weight", sizes=(6,), boxes=None, parts=None, at=(), path=None, **told):
        """`boxes`: [(offsets, sizes)], one for all of it at first. `parts`: their archives. `at`: where they are said to lie."""
        boxes = [([0] * len(sizes), sizes)] if boxes is None else boxes
        parts = [floats(box[1]) for box in boxes] if parts is None else parts
        self.items.append((item, described(sizes, boxes, **told)))
        for box, data, where in itertools.zip_longest(boxes, parts, at, fillvalue={}):
            self.stored.append((index(item, box[0]), info(**{**(self.keep(data) if data else {}), **where})))
        self.paths.append((item, tuple_of(text(item)) if path is None else path))
        return self

    def metadata(self, **instead):
        return metadata(self.items, self.stored, self.paths, **instead)

    def files(self, more=(), **instead):
        """`more`: files beside them, or instead of them. `instead`: attributes of the metadata."""
        return {METADATA: self.metadata(**instead), self.part: self.parts, **dict(more)}


def good():
    return Folder().tensor(boxes=[([0], [4]), ([4], [2])]).object()


def with_files(more):
    return good().files(more)


def with_part(content):
    """Something else where the file of parts was."""
    return with_files({PART: content})


def with_metadata(content, more=()):
    return {PART: good().parts, METADATA: content, **dict(more)}


def lying(**at):
    """An object that is said to lie elsewhere."""
    return Folder().tensor().object(**at).files()


def one(*arguments, **options):
    return Folder().tensor("weight", *arguments, **options).files()


def of(data, **told):
    """A tensor of six floats whose part is this."""
    return one(parts=[data], **told)


def chunked(sizes, boxes):
    """Boxes that are no boxes, with parts of the right length for those that have one."""
    return one(sizes, boxes, [floats([6]) for box in boxes])


def shortened(body, phrases):
    """The same pickle, with each of these objects written once."""
    for i, phrase in enumerate(phrases):
        before, behind = body.split(phrase, 1)
        body = before + phrase + put(i) + behind.replace(phrase, get(i))
    return body


def crowd(boxes, sizes, tensors=1, more_dims=0, place=info()):
    """A checkpoint of many boxes, told in few bytes; all of them lie in one place."""
    boxes = [((0,) * more_dims + offsets, (1,) * more_dims + box) for offsets, box in boxes]
    chunks = list_of(chunk(*box) for box in boxes)
    items = [(f"t{i}", described((1,) * more_dims + sizes, chunks)) for i in range(tensors)]
    stored = [(index(item, offsets), place) for item, _ in items for offsets, _ in boxes]
    classes = [name(CLASSES, "MetadataIndex"), name(CLASSES, "ChunkStorageMetadata"), name("torch", "Size")]
    phrases = [chunks, place, size(boxes[-1][1]), *classes, *map(text, ("fqn", "index", "offset", "offsets", "sizes"))]
    return with_metadata(shortened(metadata(items, stored, []), phrases[0 if tensors > 1 else 1:]))
