#include "s3/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "s3/links.h"
#include "s3/scripted_world.h"

namespace okibi::s3 {
namespace {

using namespace testing_help;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct ProcessProfile : World {
  ProcessProfile() { variables["AWS_PROFILE"] = "p"; }
  // A program of the shell that does so.
  void program(const std::string& script, const std::string& arguments = "") {
    put(home.path("give key.sh"), "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(home.path("give key.sh"), std::filesystem::perms::owner_all);
    config("[profile p]\ncredential_process = \"" + home.path("give key.sh") + "\" " + arguments + "\n");
  }
  static std::string prints(const std::string& version, const std::string& more = "") {
    return R"(echo '{"Version":)" + version + R"(,"AccessKeyId":"PROC","SecretAccessKey":")" + secret +
           R"(","SessionToken":")" + session + "\"" + more + "}'";
  }
};

TEST(ProcessCredentials, AreWhatAProgramPrints) {
  ProcessProfile world;
  world.program(world.prints("1", R"(,"Expiration":"2026-11-30T13:00:00Z")"));
  const S3Credentials key = world.key();
  EXPECT_EQ(key.access_key_id, "PROC");
  EXPECT_EQ(key.secret_access_key, secret);
  EXPECT_EQ(key.session_token, session);
  EXPECT_EQ(key.expires, world.now.load() + 1h);
  world.program(world.prints("1"));
  EXPECT_EQ(world.key().expires, std::nullopt);
}

TEST(ProcessCredentials, AreAskedForWithoutAShell) {
  ProcessProfile world;
  world.program("printf '%s|' \"$@\" > '" + world.home.path("arguments") + "'\n" + world.prints("1"),
                R"(--a $HOME 'b c' "d \"e\" \x" f\ g ; ''  `h`)");
  world.key();
  EXPECT_EQ(okibi::testing_help::get(world.home.path("arguments")), R"(--a|$HOME|b c|d "e" \x|f g|;||`h`|)");
}

TEST(ProcessCredentials, FailWithWhatTheProgramComplained) {
  ProcessProfile world;
  world.program(world.prints("1") + "\nprintf 'not signed \\033[1min\\n' >&2\nexit 3");
  expect_error_without_secrets(ErrorKind::no_permission, "failed with status 3: not signed \\x1b[1min",
                               [&] { world.key(); });
  world.program("yes complaint | head -c 300000 >&2; exit 1");
  expect_error_without_secrets(ErrorKind::no_permission, "complaint", [&] { world.key(); });
  world.program("kill -9 $$");
  expect_error_without_secrets(ErrorKind::no_permission, "status 137", [&] { world.key(); });
}

TEST(ProcessCredentials, OfAProgramThatIsNotThereAreAnError) {
  ProcessProfile world;
  world.config("[profile p]\ncredential_process = /no/such/program --x\n");
  expect_error_without_secrets(ErrorKind::not_found, "cannot start the program", [&] { world.key(); });
  world.config("[profile p]\ncredential_process = \"unended\n");
  expect_error_without_secrets(ErrorKind::bad_argument, "ends within a quote", [&] { world.key(); });
}

TEST(ProcessCredentials, OfAHostileProgramAreAnErrorThatShowsNothingOfThem) {
  ProcessProfile world;
  for (const std::string& script :
       {world.prints("2"), world.prints("\"1\""), std::string("echo 'no json " + secret + "'"), std::string("true"),
        std::string("echo '[]'"), std::string("echo '{\"Version\":1,\"AccessKeyId\":7}'"),
        std::string("echo '{\"Version\":1,\"AccessKeyId\":\"A\"}'"),
        std::string("echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"" + secret + "'"),
        world.prints("1", R"(,"Expiration":"soon")"), world.prints("1", R"(,"Expiration":"2026-11-30T11:00:00Z")")}) {
    world.program(script);
    try {
      world.key();
      ADD_FAILURE() << script;
    } catch (const Error& error) {
      expect_no_secret(error);
    }
  }
  world.program("yes");
  expect_error_without_secrets(ErrorKind::limit, "far more than a key takes", [&] { world.key(); });
}

TEST(Words, AreCutAsAShellCutsThem) {
  EXPECT_THAT(words_of("  a  b\t'c d'e \"f\\\"g\" h\\ i '' "), ElementsAre("a", "b", "c de", "f\"g", "h i", ""));
  EXPECT_THAT(words_of(" "), IsEmpty());
  for (const char* text : {"'a", "\"a", "a\\", "\"a\\"}) EXPECT_THROW(words_of(text), Error) << text;
}

TEST(Processes, ThatGoOnForEverAreEnded) {
  expect_error(ErrorKind::io, "sleep: the program did not end within 50 ms", [] {
    run_process({"sleep", "1000"}, {}, {.time = 50ms});
  });
}

TEST(Processes, AreEndedWhenAStopIsAskedFor) {
  std::stop_source stop;
  std::jthread asker([&] {
    std::this_thread::sleep_for(30ms);
    stop.request_stop();
  });
  expect_error(ErrorKind::cancelled, "", [&] { run_process({"sleep", "1000"}, stop.get_token()); });
}

TEST(Processes, AreNotWaitedForByTheHelpersTheyLeave) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(run_process({"sh", "-c", "sleep 20 & echo done"}, {}).output, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
}

TEST(Processes, HaveNothingToRead) { EXPECT_EQ(run_process({"cat"}, {}).output, ""); }

TEST(Processes, MayPrintUpToTheirLimit) {
  EXPECT_THAT(run_process({"head", "-c", "65536", "/dev/zero"}, {}).output, SizeIs(65536));
  expect_error(ErrorKind::limit, "", [] { run_process({"head", "-c", "65537", "/dev/zero"}, {}); });
}

}  // namespace
}  // namespace okibi::s3
