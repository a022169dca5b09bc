// Any bytes: decode() ends in a graph or an Error. A graph that can be written is read again as one that is written the
// same way.
#include <okibi/pickle.h>

#include <cstdlib>

using namespace okibi;

namespace {

// Small inputs must stay small: what a fuzzer finds slow or large here is an attack.
constexpr Limits limits = {.max_pickle_bytes = 1 << 20, .max_pickle_nodes = 1 << 20};

void check_round_trip(const pickle::Graph& graph) {
  Buffer once, twice;
  pickle::encode(graph, once);
  pickle::encode(pickle::decode(once.bytes()), twice);
  bool same = std::equal(once.bytes().begin(), once.bytes().end(), twice.bytes().begin(), twice.bytes().end());
  if (!same) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    check_round_trip(pickle::decode({reinterpret_cast<const std::byte*>(data), size}, limits));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::internal) std::abort();
  }
  return 0;
}
