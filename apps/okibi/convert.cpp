// okibi convert SRC DST: a checkpoint of one format → one of another.
#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <okibi/convert.h>
#include <okibi/store.h>

#include "options.h"
#include "terminal.h"
#include "verb.h"

namespace okibi::app {
namespace {

using Json = nlohmann::ordered_json;

struct Words {
  std::string source, target;
  std::optional<std::string> to, part, dtype, shard_size;
  std::optional<std::vector<std::string>> only, rename;
  bool any_class = false, json = false;
};

std::vector<std::string> written_formats() {
  std::vector<std::string> names;
#define WRITTEN_yes(text) names.emplace_back(text);
#define WRITTEN_no(text)
#define X(name, text, meaning, read, written) WRITTEN_##written(text)
#include <okibi/formats.def>
#undef X
#undef WRITTEN_yes
#undef WRITTEN_no
  return names;
}

bool parse(Words& to, int count, char** arguments) {
  Options words("convert",
                "Convert a checkpoint between .pth/.pt/.bin, .safetensors, folders of torch.distributed.checkpoint and "
                "sharded indexes. Memory stays bounded, whatever the size; the target appears as a whole, at the end.",
                "okibi convert last.pth model.safetensors --part model_state_dict --dtype bfloat16");
  words.positional("SRC", to.source, "a file or a folder, of any format that okibi reads");
  words.positional("DST", to.target, "its name says the format, unless --to does");
  words.choice("--to", to.to, written_formats(), "the format");
  words.option("--part", to.part, "only this part of the object, as `okibi show SRC PATH` names it; '' is all of it");
  words.list("--only", to.only, "only names that match: * ? [a-z]; several with commas");
  words.list("--rename", to.rename, "OLD=NEW: names that begin with OLD begin with NEW; the result is one flat dict");
  words.option("--dtype", to.dtype, "cast floating-point tensors that have dimensions: float32, float16, bfloat16 …");
  words.option("--shard-size", to.shard_size, "several files of at most this size, and an index: 5GB, 500MB, 2GiB");
  words.flag("--any-class", to.any_class, "take classes that okibi does not know as data; still nothing is run");
  words.flag("--json", to.json, "a report as one JSON document");
  return words.parse(count, arguments);
}

DType dtype_of_word(const std::string& word) {
  static constexpr std::array<std::pair<std::string_view, DType>, 5> short_names = {
      {{"bf16", bfloat16}, {"f16", float16}, {"fp16", float16}, {"f32", float32}, {"fp32", float32}}};
  const auto found = std::ranges::find(short_names, word, &std::pair<std::string_view, DType>::first);
  const auto dtype = found != short_names.end() ? std::optional(found->second) : dtype_named(word);
  if (dtype && is_floating_point(*dtype)) return *dtype;
  throw Error(ErrorKind::bad_argument, fmt::format("--dtype {} is no floating-point dtype", word))
      .hint("float32, float16, bfloat16, float64, float8_e4m3fn …");
}

std::pair<std::string, std::string> rule_of(const std::string& word) {
  const size_t sign = word.find('=');
  if (sign != word.npos) return {word.substr(0, sign), word.substr(sign + 1)};
  throw Error(ErrorKind::bad_argument, fmt::format("--rename {} has no =", word)).expected("OLD=NEW, as in module.=");
}

// A name that says no format would quietly become a zip archive of torch.save: a misspelt one, say.
void require_format(const Words& words) {
  static constexpr std::array known = {".pth", ".pt", ".bin", ".ckpt", ".th", ".tar", ".safetensors", ".index.json"};
  const bool is_known = std::ranges::any_of(known, [&](const char* end) { return words.target.ends_with(end); });
  if (words.to || is_known) return;
  throw Error(ErrorKind::bad_argument,
              fmt::format("the name {} does not say which format to write", store::shown(words.target)))
      .hint("End it in .pth or .safetensors, or say --to: torch-zip, safetensors, dcp …");
}

ConvertOptions options_of(const Words& words) {
  ConvertOptions options{.part = words.part};
  options.only = words.only.value_or(std::vector<std::string>());
  for (const std::string& word : words.rename.value_or(std::vector<std::string>())) {
    options.rename.push_back(rule_of(word));
  }
  if (words.dtype) options.dtype = dtype_of_word(*words.dtype);
  if (words.shard_size) options.save.shard_size = bytes_of_words("--shard-size", *words.shard_size);
  if (words.to) options.save.format = format_named(*words.to);
  options.load.any_class_as_data = words.any_class;
  return options;
}

ConvertReport converted(const Words& words, const ConvertOptions& options) {
  try {
    return okibi::convert(words.source, words.target, options);
  } catch (Error& error) {
    if (error.kind() != ErrorKind::unsafe) throw;
    throw error.hint(
        "Convert to .safetensors, which takes no classes but the state_dict of a whole model; or let "
        "--any-class take them as data.");
  }
}

void print(const Words& words, const ConvertReport& report) {
  if (words.json) {
    const Json json = {{"okibi_version", version()},
                       {"source", store::shown(words.source)},
                       {"target", store::shown(words.target)},
                       {"from", name_of(report.from)},
                       {"to", name_of(report.to)},
                       {"tensors", report.tensors},
                       {"nbytes", report.nbytes},
                       {"part", report.part}};
    return fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
  }
  const std::string part = report.part.empty() ? "" : " of " + printable(report.part);
  fmt::print("{} → {}: {} tensor{}{}, {} ({} → {})\n", printable(store::shown(words.source)),
             printable(store::shown(words.target)), report.tensors, report.tensors == 1 ? "" : "s", part,
             human_bytes(report.nbytes), name_of(report.from), name_of(report.to));
}

}  // namespace

int convert(int count, char** arguments) {
  Words words;
  if (!parse(words, count, arguments)) return 0;
  require_format(words);
  ConvertOptions options = options_of(words);
  options.load.stop = options.save.stop = stop_on_signals();
  BytesProgress bar;
  options.save.progress = [&](uint64_t done, uint64_t total) { bar.update(done, total); };
  const ConvertReport report = converted(words, options);
  bar.clear();
  print(words, report);
  return 0;
}

}  // namespace okibi::app
