#include <okibi/jit.h>
#include <okibi/pickle.h>
#include <okibi/zip.h>

#include <fmt/format.h>

#include "script/module_body.h"
#include "script/write/made.h"

namespace okibi::jit {
namespace {

// All of an archive but the module itself.
std::shared_ptr<const io::Source> archive_of(const script::Scripted& program) {
  auto file = std::make_shared<Buffer>(std::vector<std::byte>(), program.root.parts().name);
  pickle::Graph no_constants;
  no_constants.set_root(no_constants.add_container(pickle::Kind::tuple));
  Buffer constants;
  pickle::encode(no_constants, constants, pickle::Dialect::torchscript);

  zip::Writer archive(*file, "archive");
  for (const auto& [record, source] : program.sources) archive.add(record, as_bytes(source));
  archive.add("constants.pkl", constants.bytes());
  archive.add("version", as_bytes(fmt::format("{}\n", program.version)));
  archive.finish();
  return file;
}

}  // namespace

Module script(const nn::Module& module) { return module_of(script::scripted(module)); }

Module module_of(const script::Scripted& program) {
  const LoadOptions options;
  return ModuleAccess::make(std::make_shared<ModuleBody>(
      std::make_unique<script::ScriptArchive>(archive_of(program), program.root, options.limits), options));
}

}  // namespace okibi::jit
