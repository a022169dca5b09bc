#include "s3/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "io/system.h"

extern char** environ;

namespace okibi::s3 {
namespace {

constexpr int tick_ms = 20;  // how late a stop, and the end of a program that closed its output, may be noticed

struct Pipe {
  explicit Pipe(std::array<int, 2> ends) : to_read(ends[0]), to_write(ends[1]) {}
  io::Descriptor to_read, to_write;
};

// Closed in programs that other threads start meanwhile: else those would hold the pipe open.
std::array<int, 2> new_pipe(const std::string& program) {
  std::array<int, 2> ends = {-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw io::system_error(errno, "cannot make a pipe to the program", program);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return ends;
}

class Actions {
 public:
  Actions() { posix_spawn_file_actions_init(&actions_); }
  ~Actions() { posix_spawn_file_actions_destroy(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

// Signals as a program expects them at its start, whatever this process blocks or ignores.
class Attributes {
 public:
  Attributes() {
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGINT);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &usual);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Attributes() { posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  posix_spawnattr_t* get() { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

pid_t spawn(const std::vector<std::string>& words, int output, int complaints) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  Actions actions;
  posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(actions.get(), output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(actions.get(), complaints, STDERR_FILENO);
  Attributes attributes;
  pid_t id = -1;
  const int failure = posix_spawnp(&id, arguments[0], actions.get(), attributes.get(), arguments.data(), environ);
  if (failure != 0) throw io::system_error(failure, "cannot start the program", words[0]);
  return id;
}

// A program that runs; ended, if it still does, and buried when this goes.
class Child {
 public:
  explicit Child(pid_t id) : id_(id) {}
  ~Child() {
    if (ended_) return;
    kill(id_, SIGKILL);
    int ignored = 0;
    io::retried([&] { return waitpid(id_, &ignored, 0); });
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool has_ended() {
    int status = 0;
    const pid_t result = ended_ ? 0 : io::retried([&] { return waitpid(id_, &status, WNOHANG); });
    if (result == id_) status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    // -1: the surrounding program lets the system bury its children (SIGCHLD ignored), so that nobody knows the status.
    ended_ = ended_ || result != 0;
    return ended_;
  }
  int status() const { return status_; }

 private:
  pid_t id_;
  bool ended_ = false;
  int status_ = 0;
};

// Takes what is there, keeps `most` bytes of all and one more, and says whether more may come.
bool drain(const io::Descriptor& from, std::string& into, size_t most) {
  constexpr int parts = 32;  // more than a pipe holds; and then something else has its turn
  std::array<char, 4096> part;
  for (int i = 0; i < parts; ++i) {
    const ssize_t count = io::retried([&] { return read(from.number(), part.data(), part.size()); });
    if (count <= 0) return count < 0 && errno == EAGAIN;
    into.append(part.data(), std::min(static_cast<size_t>(count), most + 1 - into.size()));
  }
  return true;
}

class Listener {
 public:
  Listener(const io::Descriptor& output, const io::Descriptor& complaints, const ProcessLimits& limits)
      : output_(output), complaints_(complaints), limits_(limits) {}

  void wait() {
    std::array<pollfd, 2> waited = {pollfd{output_open_ ? output_.number() : -1, POLLIN, 0},
                                    pollfd{complaints_open_ ? complaints_.number() : -1, POLLIN, 0}};
    poll(waited.data(), waited.size(), tick_ms);
  }

  void take() {
    output_open_ = output_open_ && drain(output_, result.output, limits_.output);
    complaints_open_ = complaints_open_ && drain(complaints_, result.complaints, limits_.complaints);
    if (result.output.size() > limits_.output)
      throw Error(ErrorKind::limit, "the program prints far more than a key takes")
          .expected(fmt::format("{} bytes at most", limits_.output));
  }

  ProcessResult result;

 private:
  const io::Descriptor& output_;
  const io::Descriptor& complaints_;
  const ProcessLimits& limits_;
  bool output_open_ = true, complaints_open_ = true;
};

void check_time(std::chrono::steady_clock::time_point begin, const ProcessLimits& limits) {
  if (std::chrono::steady_clock::now() - begin < limits.time) return;
  throw Error(ErrorKind::io, fmt::format("the program did not end within {} ms", limits.time.count()))
      .hint("It may be waiting for someone to answer: run it by hand once.");
}

// Until the program has ended, and not until its output has: a helper that it left running may hold that open.
ProcessResult listen(Child& child, Listener listener, const std::stop_token& stop, const ProcessLimits& limits) {
  const auto begin = std::chrono::steady_clock::now();
  while (!child.has_ended()) {
    throw_if_stopped(stop);
    check_time(begin, limits);
    listener.wait();
    listener.take();
  }
  listener.take();  // what it printed last
  listener.result.status = child.status();
  return std::move(listener.result);
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& words, const std::stop_token& stop,
                          const ProcessLimits& limits) {
  if (words.empty()) throw Error(ErrorKind::bad_argument, "no program is named");
  Pipe output(new_pipe(words[0])), complaints(new_pipe(words[0]));
  Child child(spawn(words, output.to_write.number(), complaints.to_write.number()));
  return in_context("", words[0],
                    [&] { return listen(child, Listener(output.to_read, complaints.to_read, limits), stop, limits); });
}

}  // namespace okibi::s3
