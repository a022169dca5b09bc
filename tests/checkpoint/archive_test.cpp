#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "checkpoint/described.h"

namespace okibi {
namespace {

using testing::HasSubstr;

// A Source that stands far away: each request takes a while, those of one read_many() at the same time. Counts.
class FarSource final : public io::Source {
 public:
  FarSource(std::span<const std::byte> bytes, std::chrono::milliseconds latency) : buffer_(bytes), latency_(latency) {}

  uint64_t size() const override { return buffer_.size(); }
  std::string name() const override { return "far://away"; }
  void read(uint64_t offset, std::span<std::byte> into) const override {
    std::this_thread::sleep_for(latency_);
    ++requests;
    bytes_read += into.size();
    buffer_.read(offset, into);
  }
  void read_many(std::span<const io::Range> ranges, const Arrived& arrived) const override {
    std::vector<std::jthread> together;
    for (size_t i = 0; i < ranges.size(); ++i) together.emplace_back([&, i] { bring(ranges, i, arrived); });
  }

  mutable std::atomic<int> requests = 0;
  mutable std::atomic<uint64_t> bytes_read = 0;

 private:
  void bring(std::span<const io::Range> ranges, size_t index, const Arrived& arrived) const {
    read(ranges[index].offset, ranges[index].into);
    if (arrived) arrived(index, ranges[index].into);
  }
  Buffer buffer_;
  std::chrono::milliseconds latency_;
};

// 40 tensors too large to be gathered into one request, and as many small ones.
Value many_tensors() {
  Dict dict;
  for (int i = 0; i < 40; ++i) {
    dict.set("large" + std::to_string(i), full({200, 100}, i));
    dict.set("small" + std::to_string(i), full({3}, i));
  }
  return dict;
}

std::vector<std::byte> saved(const Value& value) {
  Buffer buffer;
  save(value, buffer);
  return {buffer.bytes().begin(), buffer.bytes().end()};
}

TEST(Far, LoadHasItsRequestsInFlightTogether) {
  const auto file = saved(many_tensors());
  const auto latency = std::chrono::milliseconds(20);
  const auto source = std::make_shared<FarSource>(file, latency);
  const int threads = num_threads();
  set_num_threads(1);  // so that only read_many() can make them overlap
  const auto start = std::chrono::steady_clock::now();
  const Value value = load(source);
  const auto took = std::chrono::steady_clock::now() - start;
  set_num_threads(threads);
  EXPECT_TRUE(equal(value["large39"].to_tensor(), full({200, 100}, 39)));
  EXPECT_TRUE(equal(value["small39"].to_tensor(), full({3}, 39)));
  EXPECT_GT(source->requests, 40);
  EXPECT_LT(took, source->requests.load() * latency / 3);  // one after the other, it would be the whole product
}

TEST(Far, SmallNeighboursAreOneRequest) {
  Dict dict;
  for (int i = 0; i < 500; ++i) dict.set("t" + std::to_string(i), full({3}, i));
  const auto file = saved(dict);
  const auto source = std::make_shared<FarSource>(file, std::chrono::milliseconds(0));
  open(source);
  const int to_open = source->requests.exchange(0);
  const Value value = load(source);
  EXPECT_TRUE(equal(value["t499"].to_tensor(), full({3}, 499)));
  EXPECT_LE(source->requests, to_open + 5);
}

TEST(Far, RowsReadOnlyTheirOwnBytes) {
  const Tensor table = arange(100'000).view({10'000, 10});
  const auto file = saved(Dict{{"table", table}});
  const auto source = std::make_shared<FarSource>(file, std::chrono::milliseconds(0));
  const Archive archive = open(source);
  source->bytes_read = 0;
  EXPECT_TRUE(equal(archive.tensor("table").rows(5000, 5010), table.rows(5000, 5010)));
  EXPECT_EQ(source->bytes_read, 10U * 10 * 8);
}

TEST(Archive, ListsTensorsInTheOrderOfTheObject) {
  const Tensor shared = arange(6).view({2, 3});
  const auto file = saved(Dict{{"model", Dict{{"w", shared}, {"b", full({3}, 1)}}}, {"steps", List{shared.t(), 7}}});
  const Archive archive = open(std::make_shared<Buffer>(file));
  ASSERT_EQ(archive.tensors().size(), 3U);
  EXPECT_EQ(archive.tensors()[0].name, "model.w");
  EXPECT_EQ(archive.tensors()[1].name, "model.b");
  EXPECT_EQ(archive.tensors()[2].name, "steps.0");
  EXPECT_EQ(archive.tensors()[2].path, (std::vector<Value>{"steps", 0}));
  EXPECT_EQ(archive.tensors()[2].strides, (Dims{1, 3}));
  EXPECT_EQ(archive.tensors()[2].storage, archive.tensors()[0].storage);
  EXPECT_EQ(archive.tensors()[0].nbytes, 48U);
  EXPECT_EQ(archive.format(), Format::torch_zip);
}

TEST(Archive, SkeletonHasMetaTensorsWithEntries) {
  const Archive archive = open(golden("2.15", "resume.pth"));
  EXPECT_EQ(archive.skeleton()["epoch"].to_int(), 3);
  const Tensor& weight = archive.skeleton()["model_state_dict"]["linear.weight"].to_tensor();
  EXPECT_TRUE(weight.is_meta());
  ASSERT_NE(archive.entry_of(weight), nullptr);
  EXPECT_EQ(archive.entry_of(weight)->name, "model_state_dict.linear.weight");
  EXPECT_EQ(archive.entry_of(zeros({1})), nullptr);
}

TEST(Archive, SlicesFollowPythonsRulesForEnds) {
  const Tensor cube = arange(60).view({3, 4, 5}).permute({2, 0, 1});
  const auto file = saved(Dict{{"cube", cube}});
  const LazyTensor lazy = open(std::make_shared<Buffer>(file)).tensor("cube");
  EXPECT_TRUE(equal(lazy.load(), cube));
  for (int64_t dim : {0, 1, 2, -1}) {
    for (int64_t begin : {0, 1, -2, -100, 100}) {
      for (int64_t end : {0, 2, -1, -100, 100}) {
        EXPECT_TRUE(equal(lazy.slice(dim, begin, end), cube.slice(dim, begin, end)))
            << dim << " " << begin << " " << end;
      }
    }
  }
  EXPECT_THROW(lazy.slice(3, 0, 1), Error);
}

TEST(Archive, AColumnDoesNotKeepTheWholeMatrix) {
  const auto file = saved(Dict{{"table", arange(1000).view({100, 10})}});
  const Tensor column = open(std::make_shared<Buffer>(file)).tensor("table").slice(1, 3, 4);
  EXPECT_EQ(column.storage()->nbytes(), 100U * 8);
}

TEST(Archive, AnExpandedTensorIsNotWrittenOut) {
  const auto file = saved(Dict{{"wide", full({1}, 7).expand({int64_t{1} << 40})}});
  const Tensor wide = open(std::make_shared<Buffer>(file)).tensor("wide").load();
  EXPECT_EQ(wide.numel(), int64_t{1} << 40);
  EXPECT_EQ(wide.storage()->nbytes(), 4U);
}

TEST(Archive, AMissingNameSuggestsTheNearest) {
  const Archive archive = open(golden("2.15", "state_dict.pth"));
  try {
    archive.tensor("linear.weigth");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
    EXPECT_THAT(error.what(), HasSubstr("linear.weight"));
  }
}

TEST(Load, ReportsProgressAndStops) {
  const auto file = saved(many_tensors());
  uint64_t last = 0, total = 0;
  load(Buffer(file), {.progress = [&](uint64_t done, uint64_t all) { last = done, total = all; }});
  EXPECT_EQ(last, total);
  EXPECT_EQ(total, 40U * (200 * 100 + 3) * 4);
  std::stop_source stop;
  stop.request_stop();
  try {
    load(Buffer(file), {.stop = stop.get_token()});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::cancelled);
  }
}

TEST(Load, ADamagedTensorIsFoundByItsCrc) {
  const auto file = saved(Dict{{"large", zeros({100, 1000})}, {"small", zeros({3})}});
  for (const char* name : {"data/0", "data/1"}) {
    auto bytes = file;
    bytes[zip::Reader(std::make_shared<Buffer>(bytes)).at(name).offset] = std::byte{1};
    try {
      load(Buffer(bytes));
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_file);
      EXPECT_THAT(error.what(), HasSubstr(name));
    }
    EXPECT_NO_THROW(load(Buffer(bytes), {.check_crc = false}));
  }
}

// Any other byte would be undefined behaviour wherever a bool is read.
TEST(Load, BytesThatAreNoBoolsBecomeTrue) {
  const Tensor bools = tensor({true, false, true});
  auto bytes = saved(Dict{{"b", bools}});
  const auto offset = zip::Reader(std::make_shared<Buffer>(bytes)).at("data/0").offset;
  bytes[offset] = std::byte{0xff};
  bytes[offset + 1] = std::byte{2};
  const Tensor read = load(Buffer(bytes), {.check_crc = false})["b"].to_tensor();
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(read.raw_data()[i], std::byte{1}) << i;
}

// A storage is looked at once, however many tensors see it: looked at by each of these, it would take hours, and only
// the time that ctest gives a test would tell.
TEST(Load, ManyTensorsMayShareBools) {
  const Tensor bools = zeros({1 << 24}, {boolean});
  const List views;
  for (int64_t i = 0; i < 20'000; ++i) views.push_back(bools.narrow(0, i, 1));
  EXPECT_EQ(load(Buffer(saved(views))).size(), 20'000u);
}

TEST(ThreadsArchive, ManyReadTensorsOfOneArchive) {
  const Value value = many_tensors();
  const auto file = saved(value);
  const Archive archive = open(std::make_shared<Buffer>(file));
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (size_t i = static_cast<size_t>(t); i < archive.tensors().size(); i += 2) {
          const TensorEntry& entry = archive.tensors()[i];
          wrong += !equal(archive.tensor(entry.name).load(), value[entry.name].to_tensor());
          wrong += archive.entry_of(archive.skeleton()[entry.name].to_tensor()) != &entry;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST(ThreadsLoad, ManyLoadOneFileAndSaveOneValue) {
  const Value value = many_tensors();
  const auto file = saved(value);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      EXPECT_TRUE(equal(load(Buffer(file))["large7"].to_tensor(), full({200, 100}, 7)));
      EXPECT_EQ(saved(value).size(), file.size());
    });
  }
}

}  // namespace
}  // namespace okibi
