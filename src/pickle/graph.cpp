#include <algorithm>
#include <limits>

#include <okibi/pickle.h>

namespace okibi::pickle {
namespace {

constexpr uint64_t max_size = std::numeric_limits<uint32_t>::max();

std::span<const std::byte> without_sign_extension(std::span<const std::byte> bytes) {
  auto is_spare = [&] {
    unsigned last = std::to_integer<unsigned>(bytes.back());
    unsigned before = std::to_integer<unsigned>(bytes[bytes.size() - 2]);
    return last == (before & 0x80 ? 0xFFu : 0x00u);
  };
  while (bytes.size() > 1 && is_spare()) bytes = bytes.first(bytes.size() - 1);
  return bytes;
}

int64_t sign_extended(std::span<const std::byte> bytes) {
  if (bytes.empty()) return 0;
  bool negative = (bytes.back() & std::byte{0x80}) != std::byte{0};
  uint64_t value = negative ? ~uint64_t{0} : 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  return static_cast<int64_t>(value);
}

}  // namespace

std::string_view Graph::text(NodeId id) const noexcept {
  const Node& it = node(id);
  uint32_t module_size = it.kind == Kind::global ? it.more : 0;
  return {characters_.data() + it.word + module_size, it.size - module_size};
}

std::string_view Graph::module(NodeId id) const noexcept { return {characters_.data() + node(id).word, node(id).more}; }

std::span<const std::byte> Graph::bytes(NodeId id) const noexcept {
  return as_bytes({characters_.data() + node(id).word, node(id).size});
}

std::span<const NodeId> Graph::children(NodeId id) const noexcept {
  return {children_.data() + node(id).word, node(id).size};
}

NodeId Graph::add(Kind kind, uint64_t word, uint32_t size, uint32_t more) {
  if (nodes_.size() >= max_size) throw Error(ErrorKind::limit, "a pickle says more than 4294967295 things");
  nodes_.push_back({.offset = 0, .kind = kind, .word = word, .size = size, .more = more});
  return NodeId{static_cast<uint32_t>(nodes_.size() - 1)};
}

NodeId Graph::add_none() { return add(Kind::none, 0); }
NodeId Graph::add_boolean(bool value) { return add(Kind::boolean, value); }
NodeId Graph::add_integer(int64_t value) { return add(Kind::integer, static_cast<uint64_t>(value)); }
NodeId Graph::add_real(double value) { return add(Kind::real, std::bit_cast<uint64_t>(value)); }
NodeId Graph::add_string(std::string_view utf8) { return add_text(Kind::string, utf8); }
NodeId Graph::add_bytes(std::span<const std::byte> bytes, Kind kind) { return add_text(kind, as_text(bytes)); }

NodeId Graph::add_long(std::span<const std::byte> little_endian) {
  std::span<const std::byte> shortest = without_sign_extension(little_endian);
  if (shortest.size() <= sizeof(int64_t)) return add_integer(sign_extended(shortest));
  return add_text(Kind::long_integer, as_text(shortest));
}

NodeId Graph::add_text(Kind kind, std::string_view text) {
  if (text.size() > max_size) throw Error(ErrorKind::unsupported, "a string or bytes of 4 GiB or more in a pickle");
  NodeId id = add(kind, characters_.size(), static_cast<uint32_t>(text.size()));
  characters_.insert(characters_.end(), text.begin(), text.end());
  return id;
}

NodeId Graph::add_global(std::string_view module, std::string_view name) {
  if (module.size() + name.size() > max_size)
    throw Error(ErrorKind::unsupported, "a name of 4 GiB or more in a pickle");
  NodeId id = add_text(Kind::global, module);
  characters_.insert(characters_.end(), name.begin(), name.end());
  node(id).size = static_cast<uint32_t>(module.size() + name.size());
  node(id).more = static_cast<uint32_t>(module.size());
  return id;
}

NodeId Graph::add_container(Kind kind, std::span<const NodeId> children) {
  NodeId id = add(kind, children_.size());
  append(id, children);
  return id;
}

NodeId Graph::add_same(Kind kind, NodeId content) {
  Node same = node(content);
  return add(kind, same.word, same.size, 0);  // nothing reserved: whoever is appended to first moves away
}

NodeId Graph::add_persistent(NodeId id) { return add_container(Kind::persistent, {&id, 1}); }

NodeId Graph::add_object(Object object) {
  NodeId id = add(Kind::object, objects_.size());
  objects_.push_back(std::move(object));
  return id;
}

void Graph::append(NodeId container, std::span<const NodeId> children) {
  if (children.empty()) return;
  reserve_children(node(container), children.size());
  Node& it = node(container);
  std::copy(children.begin(), children.end(), children_.begin() + static_cast<ptrdiff_t>(it.word + it.size));
  it.size += static_cast<uint32_t>(children.size());
}

// Room for `count` more children: the last run of the pool grows where it is, another one moves to the end and doubles.
void Graph::reserve_children(Node& container, size_t count) {
  uint64_t needed = uint64_t{container.size} + count;
  if (needed <= container.more) return;
  if (needed > max_size) throw Error(ErrorKind::limit, "a container in a pickle has more than 4294967295 children");
  bool last = container.more >= container.size && container.word + container.more == children_.size();
  uint64_t reserved =
      container.size == 0 || last ? needed : std::min(max_size, std::max(needed, uint64_t{container.size} * 2));
  uint64_t place = last ? container.word : children_.size();
  children_.resize(place + reserved);
  if (!last)
    std::copy_n(children_.begin() + static_cast<ptrdiff_t>(container.word), container.size,
                children_.begin() + static_cast<ptrdiff_t>(place));
  container.word = place;
  container.more = static_cast<uint32_t>(reserved);
}

void Graph::redirect(const std::unordered_map<NodeId, NodeId>& to) {
  const auto follow = [&](NodeId& id) {
    if (const auto found = to.find(id); found != to.end()) id = found->second;
  };
  follow(root_);
  std::ranges::for_each(children_, follow);  // what is reserved and unused changes, too, and matters to nobody
  for (Object& object : objects_) {
    for (NodeId* part : {&object.callable, &object.arguments, &object.keywords}) follow(*part);
    for (auto* parts : {&object.states, &object.appended, &object.items}) std::ranges::for_each(*parts, follow);
  }
}

}  // namespace okibi::pickle
