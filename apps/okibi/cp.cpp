// okibi cp SRC DST: bytes as they are.
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <okibi/copy.h>
#include <okibi/store.h>

#include "options.h"
#include "terminal.h"
#include "verb.h"

namespace okibi::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t piece_bytes = size_t{1} << 20;

Error stream_failed(const char* what) {
  return Error(ErrorKind::io, fmt::format("{}: {}", what, std::strerror(errno)));
}

class StandardOutput final : public io::Sink {
 public:
  using Sink::write;
  void write(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw stream_failed("cannot write to the standard output");
      position_ += static_cast<uint64_t>(written);
      bytes = bytes.subspan(static_cast<size_t>(written));
    }
  }
  void commit() override {}
  uint64_t position() const override { return position_; }
  std::string name() const override { return "standard output"; }

 private:
  uint64_t position_ = 0;
};

// False when a tenth of a second has passed, so that a Ctrl-C is seen.
bool has_input() {
  pollfd input = {STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, 100) > 0;
}

// How long it is shows only at its end.
void copy_standard_input(io::Sink& to, const CopyOptions& options) {
  std::vector<std::byte> piece(piece_bytes);
  for (;;) {
    throw_if_stopped(options.stop);
    if (!has_input()) continue;
    const ssize_t count = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw stream_failed("cannot read the standard input");
    if (count == 0) return;
    to.write(std::span(piece).first(static_cast<size_t>(count)));
    if (options.progress) options.progress(to.position(), 0);
  }
}

CopyReport copy_streams(const std::string& from, const std::string& to, const CopyOptions& options) {
  std::unique_ptr<io::Sink> sink = std::make_unique<StandardOutput>();
  if (to.ends_with('/')) {
    throw Error(ErrorKind::bad_argument, "a stream has no name of its own")
        .hint("Name the file in the folder.")
        .at("", to);
  }
  if (to != "-") sink = store::default_store().create(to);
  if (from == "-") {
    copy_standard_input(*sink, options);
  } else {
    okibi::copy(*store::default_store().open(from), *sink, options);
  }
  sink->commit();
  return {to, 1, sink->position()};
}

void print(const std::string& from, const CopyReport& report, bool as_json) {
  FILE* out = report.target == "-" ? stderr : stdout;
  if (as_json) {
    const Json json = {
        {"okibi_version", version()}, {"source", store::shown(from)}, {"target", store::shown(report.target)},
        {"files", report.files},      {"nbytes", report.nbytes},      {"resumed_at", report.resumed_at}};
    return fmt::print(out, "{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
  }
  const std::string files = report.files == 1 ? "" : fmt::format("{} files, ", report.files);
  const std::string resumed = report.resumed_at > 0 ? ", from " + human_bytes(report.resumed_at) + " on" : "";
  fmt::print(out, "{} → {}: {}{}{}\n", printable(store::shown(from)), printable(store::shown(report.target)), files,
             human_bytes(report.nbytes), resumed);
}

}  // namespace

int cp(int count, char** arguments) {
  std::string from, to;
  bool json = false, resume = false;
  Options words("cp",
                "Copy a file or a folder of files, byte for byte, between this machine and object storage. Each file "
                "appears as a whole, at its end.",
                "okibi cp last.pth s3://bucket/runs/7/\n  okibi cp s3://bucket/runs/7/last.pth - | sha256sum");
  words.positional("SRC", from, "a file, a folder, a URL, or - for the standard input");
  words.positional("DST", to, "a file, a folder (ends in /), or - for the standard output");
  words.flag("--resume", resume, "keep what is done when stopped, and go on with what was kept");
  words.flag("--json", json, "a report as one JSON document");
  if (!words.parse(count, arguments)) return 0;
  BytesProgress bar;
  CopyOptions options{.resume = resume, .stop = stop_on_signals()};
  options.progress = [&](uint64_t done, uint64_t total) { bar.update(done, total); };
  const bool is_stream = from == "-" || to == "-";
  if (is_stream && resume) throw Error(ErrorKind::bad_argument, "--resume cannot go on with a stream: name two files");
  const CopyReport report = is_stream ? copy_streams(from, to, options) : okibi::copy(from, to, options);
  bar.clear();
  print(from, report, json);
  return 0;
}

}  // namespace okibi::app
