#include <okibi/store.h>
#include <okibi/zip.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "checkpoint/formats/torch_zip.h"
#include "checkpoint/pickled/build.h"
#include "script/module_body.h"
#include "script/write/typed_values.h"

namespace okibi::jit {
namespace {

// Constants are copied with the rest; numbers of another byte order would have to be turned.
void require_little_endian(const zip::Reader& records) {
  if (!records.find("byteorder") || as_text(records.read("byteorder")) == "little") return;
  throw Error(ErrorKind::unsupported, "the program comes from a machine of the other byte order")
      .hint("Load it in Python there with torch.jit.load, and save it from this machine.");
}

// Options that would do nothing are a mistake.
void require_options_of_zip(const SaveOptions& options) {
  if (!options.format && options.shard_size == 0 && options.metadata.empty()) return;
  throw Error(ErrorKind::bad_argument, "a TorchScript program has one format, no shards and no metadata")
      .hint("Further files can go into it (ExtraFiles).");
}

std::string record_of(const std::string& extra_file) { return fmt::format("{}{}", script::extra_folder, extra_file); }

bool is_kept(std::string_view record) {
  constexpr std::array<std::string_view, 3> folders = {"code/", "constants/", script::extra_folder};
  return record == "constants.pkl" ||
         std::ranges::any_of(folders, [&](std::string_view folder) { return record.starts_with(folder); });
}

void copy_records(zip::Writer& archive, const zip::Reader& records, const ExtraFiles& files) {
  const auto is_replaced = [&](std::string_view record) {
    return std::ranges::any_of(files, [&](const auto& file) { return record == record_of(file.first); });
  };
  for (const zip::Record& record : records.records()) {
    if (is_kept(record.name) && !is_replaced(record.name)) archive.add(record.name, records.read(record.name));
  }
  for (const auto& [name, bytes] : files) archive.add(record_of(name), as_bytes(bytes));
}

// A member of an enum is called with its value itself, where Python's pickles have a tuple of arguments.
void take_out_of_tuples(pickle::Graph& graph) {
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const pickle::NodeId id{i};
    if (graph.kind(id) != pickle::Kind::object || graph.object(id).made != pickle::Made::reduce) continue;
    const pickle::NodeId callable = graph.object(id).callable, arguments = graph.object(id).arguments;
    const bool is_member =
        graph.kind(callable) == pickle::Kind::global && graph.module(callable).starts_with("__torch__");
    if (is_member && graph.children(arguments).size() == 1)
      graph.mutable_object(id).arguments = graph.child(arguments, 0);
  }
}

void write(ModuleBody& body, io::Sink& sink, const SaveOptions& options, const ExtraFiles& files) {
  script::TypedValues typed(body.program, body.options);
  checkpoint::Built built =
      checkpoint::build(typed.of(body.root, {script::TypeKind::named, body.class_name}), options.stop);
  Buffer data_pkl;
  take_out_of_tuples(built.graph);
  pickle::encode(built.graph, data_pkl, pickle::Dialect::torchscript);

  const zip::Reader& records = body.program.archive().records();
  require_little_endian(records);
  zip::Writer archive(sink, options.root.empty() ? "archive" : options.root, options.alignment);
  archive.add("data.pkl", data_pkl.bytes());
  archive.add("byteorder", as_bytes("little"));
  checkpoint::write_storages(archive, built.storages, options, {});
  copy_records(archive, records, files);
  archive.add("version", as_bytes(fmt::format("{}\n", body.program.archive().version())));
  archive.finish();
}

}  // namespace

void save(const Module& module, io::Sink& sink, const SaveOptions& options, const ExtraFiles& files) {
  require_options_of_zip(options);
  ModuleBody& body = ModuleAccess::body(module);
  in_context("", body.name, [&] {
    const NoGrad no_grad;
    write(body, sink, options, files);
  });
}

void save(const Module& module, const std::string& uri, const SaveOptions& options, const ExtraFiles& files) {
  SaveOptions named = options;
  if (named.root.empty()) named.root = zip::root_for(uri);
  const std::unique_ptr<io::Sink> sink = store::default_store().create(uri);
  save(module, *sink, named, files);
  sink->commit();
}

}  // namespace okibi::jit
