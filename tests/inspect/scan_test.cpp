// What `scan` promises; whole files that hide something are in tests/attacks/make_scan_samples.py.
#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>

#include <okibi/inspect.h>
#include <okibi/pickle.h>

#include "inspect/scan/judge.h"
#include "inspect/scan/names.h"
#include "io/scratch_folder.h"

namespace okibi::inspect {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

std::vector<std::byte> bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

std::shared_ptr<const io::Source> source_of(std::string_view text) { return std::make_shared<Buffer>(as_bytes(text)); }

std::vector<std::string> names_in(std::string_view pickle) {
  std::vector<std::string> names;
  for (const NamedGlobal& global : read_names(as_bytes(pickle)).globals)
    names.push_back(global.module + "." + global.name);
  return names;
}

TEST(Judge, TakesForPlainDataWhatPyTorchAllowsUnderWeightsOnly) {
  std::ifstream list(OKIBI_GOLDEN "/checkpoint/torch-2.15/weights_only_globals.txt");
  size_t count = 0;
  for (std::string line; std::getline(list, line);) {
    if (line.empty() || line[0] == '#') continue;
    const size_t dot = line.rfind('.');
    EXPECT_EQ(judge(line.substr(0, dot), line.substr(dot + 1)), Judgement::tensor) << line;
    ++count;
  }
  EXPECT_GT(count, 100u);
}

TEST(Judge, KnowsWholeNamesOnly) {
  EXPECT_EQ(judge("torch.nn.modules.linear", "Linear"), Judgement::known);
  EXPECT_EQ(judge("torch.nn.modules.linear", "Linear.forward"), Judgement::unsafe);
  EXPECT_EQ(judge("torch.nn.modules.linear", "Lin"), Judgement::unsafe);
  EXPECT_EQ(judge("torch.nn.modules.linear", "Bilinear Identity"), Judgement::unsafe);
  EXPECT_EQ(judge("torch.nn.modules.linear", ""), Judgement::unsafe);
  EXPECT_EQ(judge("torch.nn.modules.module", "register_module_forward_hook"), Judgement::unsafe);
  EXPECT_EQ(judge("__torch__.models", "Net"), Judgement::known);
  EXPECT_EQ(judge("__torch__x", "Net"), Judgement::unsafe);
  EXPECT_EQ(judge("torch.storage", "_load_from_bytes"), Judgement::unsafe);
  EXPECT_EQ(judge("torch.fx.graph_module", "reduce_graph_module"), Judgement::unsafe);
}

// The scanner and the loader must not see different names in one pickle.
TEST(Names, AreAtLeastThoseThatTheLoaderSees) {
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator(OKIBI_GOLDEN "/pickle")) {
    if (entry.path().extension() != ".pkl") continue;
    const auto bytes = bytes_of(entry.path());
    const PickleNames names = read_names(bytes);
    EXPECT_EQ(names.end, PickleEnd::stop) << entry.path();
    EXPECT_TRUE(names.faults.empty()) << entry.path() << names.faults[0].second;
    std::set<std::pair<std::string, std::string>> seen;
    for (const NamedGlobal& global : names.globals) seen.emplace(global.module, global.name);
    const pickle::Graph graph = pickle::decode(bytes);
    EXPECT_EQ(names.size, graph.end_offset());
    for (uint32_t i = 0; i < graph.size(); ++i) {
      const pickle::NodeId id{i};
      if (graph.kind(id) != pickle::Kind::global) continue;
      const std::string module(graph.module(id)), name(graph.text(id));
      const bool nested = name.find('.') != std::string::npos;  // old protocols spell those by getattr
      EXPECT_TRUE(seen.contains({module, name}) || nested) << entry.path() << module << name;
    }
    ++count;
  }
  EXPECT_GT(count, 80u);
}

TEST(Names, AreFoundBeforeAndBehindWhatNoReaderGetsPast) {
  EXPECT_THAT(names_in("\x80\x02"
                       "000RR"
                       "cos\nsystem\n."),
              testing::ElementsAre("os.system"));
  EXPECT_THAT(names_in("cos\nsystem\n\xff"), testing::ElementsAre("os.system"));
  EXPECT_EQ(read_names(as_bytes("cos\nsystem\n\xff")).end, PickleEnd::no_opcode);
  EXPECT_EQ(read_names(as_bytes("cos\nsystem\n)R")).end, PickleEnd::ran_out);
}

TEST(Scan, TellsWhatEachGlobalMeansTheWorstFirst) {
  const ScanReport report = scan(source_of("(ctorch\nSize\nctorch.nn.modules.linear\nLinear\ncos\nsystem\nt."));
  ASSERT_EQ(report.globals.size(), 3u);
  EXPECT_EQ(report.globals[0].name, "os.system");
  EXPECT_EQ(report.globals[0].where, "offset 45");
  EXPECT_EQ(report.globals[1].judgement, Judgement::known);
  EXPECT_EQ(report.globals[2].judgement, Judgement::tensor);
  EXPECT_EQ(report.verdict, Verdict::unsafe);
  EXPECT_TRUE(report.problems.empty());
}

TEST(Scan, NeverCallsCleanWhatItCannotParse) {
  for (const char* text : {"N", "hello", "\x80\x02", "{", "PK\3\4", "PK\7\x08N.", "\x1f\x8b\x08", "N.x"})
    EXPECT_EQ(scan(source_of(text)).verdict, Verdict::malformed) << text;
  EXPECT_EQ(scan(source_of("")).verdict, Verdict::malformed);
  EXPECT_EQ(scan(source_of("N.")).verdict, Verdict::safe);
  EXPECT_EQ(scan(source_of("N.N.")).verdict, Verdict::safe);
}

// Nothing bad was found where nothing was looked at: that is no answer to whether a checkpoint is safe.
TEST(Scan, OfAFolderWithoutACheckpointIsNotSafe) {
  const testing_help::ScratchFolder folder;
  EXPECT_EQ(scan(folder.path("")).verdict, Verdict::malformed);
  std::ofstream(folder.path("README.md")) << "# a model\n";
  std::ofstream(folder.path("config.json")) << "{}";
  EXPECT_EQ(scan(folder.path("")).verdict, Verdict::malformed);
  save(Dict{{"w", zeros({2})}}, folder.path("model.pth"));
  EXPECT_EQ(scan(folder.path("")).verdict, Verdict::safe);
}

TEST(Scan, SaysOfEveryHonestFileWhatLoadDoes) {
  for (const auto& entry : fs::directory_iterator(OKIBI_GOLDEN "/checkpoint/torch-2.15")) {
    if (entry.path().extension() != ".pth") continue;
    const Verdict verdict = scan(entry.path().string()).verdict;
    bool loads = true;
    try {
      load(entry.path().string());
    } catch (const Error& error) {
      loads = false;
    }
    EXPECT_EQ(verdict == Verdict::safe, loads) << entry.path() << name_of(verdict);
  }
}

}  // namespace
}  // namespace okibi::inspect
