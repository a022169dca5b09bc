// Archives of TorchScript made of source and values.
#pragma once

#include <okibi/checkpoint.h>
#include <okibi/zip.h>

#include <memory>
#include <string>

namespace okibi::testing_help {

// A module A with these methods and attributes, of which `state` are the values; and another file of source.
inline std::shared_ptr<const io::Source> archive_of(const std::string& methods, const Dict& state = Dict(),
                                                    const std::string& other = "", const std::string& source = "") {
  auto buffer = std::make_shared<Buffer>(std::vector<std::byte>(), "made.pt");
  Object::Parts parts{.module = "__torch__", .name = "A", .made = Object::Made::newobj};
  parts.state = state;
  const auto pickled = std::make_shared<Buffer>();
  save(Object(std::move(parts)), *pickled);
  const zip::Reader saved(pickled);
  zip::Writer writer(*buffer, "made");
  for (const auto& record : saved.records()) {
    if (record.name == "data.pkl" || record.name.starts_with("data/")) writer.add(record.name, saved.read(record.name));
  }
  writer.add("version", as_bytes("3\n"));
  writer.add("constants.pkl", as_bytes("\x80\x02)."));
  writer.add("code/__torch__.py", as_bytes("class A(Module):\n" + methods));
  if (!other.empty()) writer.add("code/__torch__/" + other + ".py", as_bytes(source));
  writer.finish();
  return buffer;
}

}  // namespace okibi::testing_help
