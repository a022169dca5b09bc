// okibi VERB …: finds the verb, runs it, and turns an Error into one line on stderr and an exit status.
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include <okibi/base.h>
#include <okibi/store.h>

#include "terminal.h"
#include "verb.h"

namespace okibi::app {
namespace {

// Only the program's own verbs have an address here.
#define RUN_OF_program(name) &name
#define RUN_OF_compute(name) nullptr
constexpr std::array verbs = {
#define X(name, part, summary) Verb{#name, RUN_OF_##part(name), summary},
#include "verbs.def"
#undef X
};

std::string word_for(std::string_view verb) {
  std::string word(verb);
  std::ranges::replace(word, '_', '-');
  return word;
}

void print_help(std::FILE* out) {
  fmt::print(out, "okibi {}: PyTorch's files, embeddings and models, without PyTorch\n\nUsage: okibi VERB …\n\n",
             version());
  for (const Verb& verb : verbs) fmt::print(out, "  {:13}{}\n", word_for(verb.name), verb.summary);
  fmt::print(out, "\n`okibi VERB --help` tells more, with an example.\n");
}

std::string folder_of_program() {
  std::string path(4096, '\0');
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) throw Error(ErrorKind::io, "cannot find out where the okibi program lies");
  path.resize(static_cast<size_t>(length));
  return path.substr(0, path.rfind('/'));
}

// Beside the program in a build, in the libraries' folder when installed.
void* open_compute_part() {
  std::string problem;
  for (const std::string& folder : {folder_of_program(), folder_of_program() + "/" OKIBI_PLUGIN_FOLDER}) {
    if (void* part = dlopen((folder + "/okibi_compute.so").c_str(), RTLD_NOW | RTLD_LOCAL)) return part;
    problem = dlerror();
  }
  throw Error(ErrorKind::not_found, "the part of okibi that computes cannot be opened: " + problem)
      .hint("Install okibi again, whole.");
}

Run find_in_compute_part(std::string_view verb) {
  void* const found = dlsym(open_compute_part(), fmt::format("okibi_verb_{}", verb).c_str());
  if (!found)
    throw Error(ErrorKind::not_found, fmt::format("okibi_compute.so has no verb {}", verb))
        .hint("Install okibi again, whole.");
  return reinterpret_cast<Run>(found);
}

// A transfer may wait for the network: only then, so that all others end at once.
void listen_to_signals(int count, char** arguments) {
  for (int i = 1; i < count; ++i) {
    const std::string scheme = store::scheme_of(arguments[i]);
    if (scheme == "s3" || scheme.starts_with("http")) return store::stop_remote_transfers_by(stop_on_signals());
  }
}

int run_verb(int count, char** arguments) {
  const std::string_view name = count > 1 ? arguments[1] : "--help";
  if (name == "--help" || name == "-h" || name == "help") return print_help(stdout), 0;
  if (name == "--version") return fmt::print("okibi {}\n", version()), 0;
  const auto verb = std::find_if(verbs.begin(), verbs.end(), [&](const Verb& v) { return word_for(v.name) == name; });
  if (verb == verbs.end()) {
    throw Error(ErrorKind::bad_argument, fmt::format("there is no verb '{}'", name)).hint("`okibi --help` lists them.");
  }
  store::tell_remote_retries_to(tell_of_retry);
  if (verb->run) listen_to_signals(count, arguments);  // a training saves once more after the signal
  const Run work = verb->run ? verb->run : find_in_compute_part(verb->name);
  return work(count - 1, arguments + 1);
}

}  // namespace
}  // namespace okibi::app

int main(int count, char** arguments) {
  std::signal(SIGPIPE, SIG_DFL);  // `okibi ls … | head` ends quietly
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is then an error like a full disk
  try {
    const int status = okibi::app::run_verb(count, arguments);
    if (std::fflush(stdout) != 0) throw okibi::Error(okibi::ErrorKind::io, "cannot write to standard output");
    return status;
  } catch (const okibi::Error& error) {
    fmt::print(stderr, "okibi: {}\n", okibi::app::in_words_of_program(error));
    return okibi::exit_status_of(error.kind());
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "okibi: out of memory\n");
    return 2;
  }
}
