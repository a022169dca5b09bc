// Any bytes as a file of TorchScript source, alone and in an archive, and any bytes as an archive: what describes them
// ends in a description or an Error.
#include <okibi/jit.h>
#include <okibi/zip.h>

#include "script/syntax/file.h"

#include "must_end_well.h"

using namespace okibi;

namespace {

constexpr Limits limits = {.max_pickle_nodes = 1 << 16, .max_script_nodes = 1 << 16};

// A program of which `source` is the only file.
std::shared_ptr<const io::Source> archive_of(std::span<const std::byte> source) {
  auto buffer = std::make_shared<Buffer>();
  zip::Writer writer(*buffer, "made");
  writer.add("version", as_bytes("3\n"));
  writer.add("data.pkl", as_bytes("\x80\x02\x63__torch__\nA\n)\x81}b."));
  writer.add("constants.pkl", as_bytes("\x80\x02)."));
  writer.add("code/__torch__.py", source);
  writer.finish();
  return buffer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  must_end_well([&] { script::parse_file(as_text(bytes), limits); });
  must_end_well([&] { jit::describe(archive_of(bytes), limits); });
  must_end_well([&] { jit::describe(std::make_shared<Buffer>(bytes), limits); });
  return 0;
}
