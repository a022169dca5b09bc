// A small training with all its files in a folder of its own.
#pragma once

#include <gtest/gtest.h>
#include <okibi/tabular.h>

#include <filesystem>
#include <random>
#include <string>

#include "io/scratch_folder.h"

namespace okibi::tabular {

namespace fs = std::filesystem;

// 60 rows of a table that can be learnt: 8 steps an epoch with batches of 8, the last of 4 rows.
inline std::string shops() {
  std::mt19937 random(3);
  std::string text = "town,size,open\n";
  for (int i = 0; i < 60; ++i) {
    const auto town = random() % 3, size = random() % 100;
    text += std::string(1, static_cast<char>('A' + town)) + "," + std::to_string(size) + "," +
            (town + size / 40 > random() % 4 ? "yes" : "no") + "\n";
  }
  return text;
}

struct Killed {};

class TrainTest : public testing::Test {
 protected:
  TrainTest() { testing_help::put(data, shops()); }

  TrainRequest request() const {
    return {.data = data,
            .target = "open",
            .categorical = {{{"town", 2}}},
            .continuous = {{"size"}},
            .hidden = {{8}},
            .dropout = 0.25,
            .epochs = 4,
            .batch_size = 8,
            .lr = 0.02,
            .seed = 3,
            .checkpoint = checkpoint,
            .checkpoint_every = 5,
            .model = model};
  }
  TrainRequest resume() const {
    TrainRequest resumed;
    resumed.resume = checkpoint;
    return resumed;
  }
  // As a SIGKILL after a step would leave the files: nothing more is written.
  void train_until_killed(const TrainRequest& what, int64_t last_step) const {
    EXPECT_THROW(train(what, {.on_step =
                                  [&](const StepReport& report) {
                                    if (report.step == last_step) throw Killed();
                                  }}),
                 Killed);
  }
  void expect_no_files() const {
    EXPECT_FALSE(fs::exists(checkpoint));
    EXPECT_FALSE(fs::exists(model));
  }

  testing_help::ScratchFolder folder;
  std::string data = folder.path("shops.csv"), checkpoint = folder.path("last.pth"), model = folder.path("model.pth");
};

}  // namespace okibi::tabular
