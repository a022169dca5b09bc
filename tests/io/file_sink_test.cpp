#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/io.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <random>

#include "io/scratch_folder.h"

namespace okibi::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;
using testing_help::get;
using testing_help::put;
using testing_help::ScratchFolder;

template <class Work>
Error error_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error("no Error was thrown");
}

mode_t mode_of(const std::string& path) {
  struct stat facts = {};
  EXPECT_EQ(stat(path.c_str(), &facts), 0);
  return facts.st_mode & 07777;
}

// Runs `work` in a child process, where limits and identities may be changed; gives back its exit status.
int in_child(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(FileSink, ShowsTheNewFileAtCommitAndNotBefore) {
  const ScratchFolder folder;
  put(folder.path("a"), "old");
  FileSink sink(folder.path("a"));
  sink.write("ne");
  sink.write("w");
  EXPECT_EQ(get(folder.path("a")), "old");
  sink.commit();
  EXPECT_EQ(get(folder.path("a")), "new");
  EXPECT_EQ(sink.position(), 3u);
  EXPECT_THAT(folder.names(), ElementsAre("a"));
}

TEST(FileSink, LeavesNoTraceWithoutCommit) {
  const ScratchFolder folder;
  put(folder.path("a"), "old");
  { FileSink(folder.path("a")).write("new"); }
  { FileSink(folder.path("b")).write("new"); }
  EXPECT_EQ(get(folder.path("a")), "old");
  EXPECT_THAT(folder.names(), ElementsAre("a"));
}

TEST(FileSink, WritesInOrderAcrossItsBuffer) {
  const ScratchFolder folder;
  std::string all;
  FileSink sink(folder.path("a"));
  for (const size_t length : {1u, 700'000u, 700'000u, 3'000'000u, 0u, 5u, 1'048'576u, 1'048'575u, 2u}) {
    const std::string piece(length, static_cast<char>('a' + all.size() % 26));
    sink.write(piece);
    all += piece;
  }
  sink.commit();
  EXPECT_TRUE(get(folder.path("a")) == all);
  EXPECT_EQ(sink.position(), all.size());
}

TEST(FileSink, IsDoneAfterCommit) {
  const ScratchFolder folder;
  FileSink sink(folder.path("a"));
  sink.commit();
  EXPECT_THAT(error_of([&] { sink.write("x"); }).what(), HasSubstr("was committed"));
  EXPECT_EQ(error_of([&] { sink.commit(); }).kind(), ErrorKind::bad_argument);
  EXPECT_EQ(get(folder.path("a")), "");
}

TEST(FileSink, KeepsThePermissionsOfAFileItReplaces) {
  const ScratchFolder folder;
  put(folder.path("a"), "old");
  ASSERT_EQ(chmod(folder.path("a").c_str(), 0640), 0);
  FileSink sink(folder.path("a"));
  sink.commit();
  EXPECT_EQ(mode_of(folder.path("a")), 0640u);
}

TEST(FileSink, GivesANewFileThePermissionsThatTheUserWantsForFiles) {
  const ScratchFolder folder;
  const mode_t before = umask(027);
  FileSink sink(folder.path("a"));
  sink.commit();
  umask(before);
  EXPECT_EQ(mode_of(folder.path("a")), 0640u);
}

TEST(FileSink, FollowsASymbolicLinkAndKeepsIt) {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder.path("deep"));
  put(folder.path("deep/real"), "old");
  std::filesystem::create_symlink("deep/real", folder.path("link"));
  std::filesystem::create_symlink(folder.path("deep/new"), folder.path("dangling"));
  for (const char* name : {"link", "dangling"}) {
    FileSink sink(folder.path(name));
    sink.write("new");
    sink.commit();
    EXPECT_TRUE(std::filesystem::is_symlink(folder.path(name)));
  }
  EXPECT_EQ(get(folder.path("deep/real")), "new");
  EXPECT_EQ(get(folder.path("deep/new")), "new");
}

TEST(FileSink, RefusesALinkThatLeadsNowhere) {
  const ScratchFolder folder;
  std::filesystem::create_symlink("b", folder.path("a"));
  std::filesystem::create_symlink("a", folder.path("b"));
  EXPECT_THAT(error_of([&] { FileSink(folder.path("a")); }).what(), HasSubstr("symbolic links"));
}

TEST(FileSink, WritesWhereItBeganEvenIfTheWorkingFolderChanges) {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder.path("elsewhere"));
  EXPECT_EQ(in_child([&] {
              if (chdir(folder.path("").c_str()) != 0) return 2;
              FileSink sink("a");
              if (chdir("elsewhere") != 0) return 3;
              sink.commit();
              return 0;
            }),
            0);
  EXPECT_THAT(folder.names(), UnorderedElementsAre("a", "elsewhere"));
}

TEST(FileSink, RefusesAMissingFolderAtOnce) {
  const ScratchFolder folder;
  const Error error = error_of([&] { FileSink(folder.path("missing/a")); });
  EXPECT_EQ(error.kind(), ErrorKind::not_found);
  EXPECT_THAT(error.what(), HasSubstr("missing/a: cannot write in the folder " + folder.path("missing")));
}

TEST(FileSink, RefusesWhatIsNotAFile) {
  const ScratchFolder folder;
  for (const std::string& path : {std::string("/dev/full"), folder.path(""), folder.path("sub"), std::string()}) {
    std::filesystem::create_directories(folder.path("sub"));
    EXPECT_EQ(error_of([&] { FileSink{path}; }).kind(), ErrorKind::bad_argument) << path;
  }
  EXPECT_THAT(error_of([] { FileSink("/dev/full"); }).what(), HasSubstr("/dev/full: is a device or a pipe"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

// The superuser may write anywhere; so somebody else tries.
TEST(FileSink, RefusesAnUnwritableFolderAndAProtectedFileAtOnce) {
  const ScratchFolder folder;
  put(folder.path("protected"), "old");
  ASSERT_EQ(chmod(folder.path("protected").c_str(), 0444), 0);
  ASSERT_EQ(chmod(folder.path("").c_str(), 0555), 0);
  const auto kind_for = [&](const char* name) {
    return in_child([&] {
      if (geteuid() == 0 && setuid(65534) != 0) return 99;
      return static_cast<int>(error_of([&] { FileSink(folder.path(name)); }).kind());
    });
  };
  EXPECT_EQ(kind_for("new"), static_cast<int>(ErrorKind::no_permission));
  ASSERT_EQ(chmod(folder.path("").c_str(), 0777), 0);
  EXPECT_EQ(kind_for("protected"), static_cast<int>(ErrorKind::no_permission));
  EXPECT_EQ(get(folder.path("protected")), "old");
}

// A limit on the size of files fails a write as a full disk does: in the middle, after a short write.
int write_past_the_limit(const std::string& path, std::string& message) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit = {1'500'000, 1'500'000};
  setrlimit(RLIMIT_FSIZE, &limit);
  FileSink sink(path);
  const Error error = error_of([&] { sink.write(std::string(3'000'000, 'n')); });
  message = error.what();
  if (error.kind() != ErrorKind::io) return 1;
  // A caller that went on in spite of the error must not be able to commit the half that was written.
  return error_of([&] { sink.commit(); }).kind() == ErrorKind::bad_argument ? 0 : 2;
}

TEST(FileSink, LeavesTheOldFileWhenTheDiskIsFull) {
  const ScratchFolder folder;
  put(folder.path("a"), "old");
  const int status = in_child([&] {
    std::string message;
    const int result = write_past_the_limit(folder.path("a"), message);
    if (result == 0 && (message.find(folder.path("a")) == std::string::npos ||
                        message.find("raise it (ulimit -f)") == std::string::npos)) {
      return 3;
    }
    return result;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(get(folder.path("a")), "old");
  EXPECT_THAT(folder.names(), ElementsAre("a"));
}

TEST(FileSink, DestructionInAForkedChildLeavesTheParentsFile) {
  const ScratchFolder folder;
  auto sink = std::make_unique<FileSink>(folder.path("a"));
  EXPECT_EQ(in_child([&] {
              sink.reset();
              return 0;
            }),
            0);
  sink->write("whole");
  sink->commit();
  EXPECT_EQ(get(folder.path("a")), "whole");
}

TEST(FileSink, LeavesTheTemporaryFilesOfLiveWritersAndOfOtherTargets) {
  const ScratchFolder folder;
  put(folder.path(".ab.okibi-1-0"), "of the target ab");
  FileSink first(folder.path("a"));
  FileSink second(folder.path("a"));
  first.write("first");
  second.write("second");
  first.commit();
  EXPECT_EQ(get(folder.path("a")), "first");
  second.commit();
  EXPECT_EQ(get(folder.path("a")), "second");
  EXPECT_THAT(folder.names(), UnorderedElementsAre("a", ".ab.okibi-1-0"));
}

TEST(FileSink, LeavesFilesOfUsersThatAreNamedNearlyLikeTemporaryOnes) {
  const ScratchFolder folder;
  const std::vector<std::string> names = {".a.okibi-x", ".a.okibi-1-0123456789abcde", ".a.okibi--0123456789abcdef",
                                          ".a.okibi-1-0123456789abcdeg"};
  for (const std::string& name : names) put(folder.path(name), "mine");
  put(folder.path(".a.okibi-1-0123456789abcdef"), "of a writer that was killed");
  FileSink sink(folder.path("a"));
  sink.commit();
  for (const std::string& name : names) EXPECT_TRUE(std::filesystem::exists(folder.path(name))) << name;
  EXPECT_THAT(folder.names(), testing::SizeIs(names.size() + 1));
}

TEST(FileSink, HandlesTheLongestNames) {
  const ScratchFolder folder;
  const std::string name(255, 'n');
  FileSink sink(folder.path(name));
  sink.commit();
  EXPECT_THAT(folder.names(), ElementsAre(name));
}

// A writer is killed at random moments, again and again. The file is always one of those that were committed, whole;
// and what the killed left behind is gone once the next writer has begun.
TEST(FileSink, LeavesAWholeFileWhereverItsProcessIsKilled) {
  const ScratchFolder folder;
  const std::string path = folder.path("a");
  const std::string old_text(300'000, 'o');
  put(path, old_text);
  std::mt19937 random(1);
  int with_leftovers = 0;
  for (int round = 0; round < 40; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      for (char letter = 'a';; letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1)) {
        FileSink sink(path);
        for (int piece = 0; piece < 3; ++piece) sink.write(std::string(100'000, letter));
        sink.commit();
      }
    }
    usleep(random() % 20'000);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const std::string text = get(path);
    ASSERT_EQ(text.size(), 300'000u);
    ASSERT_EQ(text.find_first_not_of(text[0]), std::string::npos);
    with_leftovers += folder.names().size() > 1;
  }
  EXPECT_GT(with_leftovers, 0) << "no kill hit a write, so that nothing was tested";
  { FileSink next(path); }
  EXPECT_THAT(folder.names(), ElementsAre("a"));
}

}  // namespace
}  // namespace okibi::io
