// Resumed trainings end with the bits of those that were never interrupted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/checkpoint.h>
#include <okibi/store.h>

#include <functional>
#include <map>

#include "tabular/train_fixture.h"
#include "tensor/expect_error.h"

namespace okibi::tabular {
namespace {

using testing_help::get;
using testing_help::put;

class ResumeTest : public TrainTest {
 protected:
  void expect_exact_resume(int64_t threads);
};

// Files of runs that were killed anywhere and resumed, once or more, against those of a run that never was.
void ResumeTest::expect_exact_resume(int64_t threads) {
  TrainRequest whole = request();
  whole.threads = threads;
  std::map<int64_t, double> epoch_losses;
  const auto check_epoch = [&](const EpochReport& report) {
    EXPECT_EQ(epoch_losses.emplace(report.epoch, report.train_loss).first->second, report.train_loss) << report.epoch;
  };
  train(whole, {.on_epoch = check_epoch});
  const std::string last = get(checkpoint), trained = get(model);
  for (int64_t killed_after = 1; killed_after <= 32; killed_after += 3) {
    fs::remove(checkpoint);
    train_until_killed(whole, killed_after);
    if (!fs::exists(checkpoint)) continue;
    const int64_t saved = load(checkpoint)["step"].to_int();
    EXPECT_EQ(saved, killed_after == 32 ? 30 : (killed_after - 1) / 5 * 5);
    if (saved + 3 < 32) train_until_killed(resume(), saved + 3);
    train(resume(), {.on_epoch = check_epoch});
    EXPECT_TRUE(get(checkpoint) == last) << killed_after;
    EXPECT_TRUE(get(model) == trained) << killed_after;
  }
}

TEST_F(ResumeTest, ResumesWithTheSameBits) { expect_exact_resume(1); }

using ThreadsResumeTest = ResumeTest;
TEST_F(ThreadsResumeTest, ResumesWithTheSameBitsOnTwoThreads) { expect_exact_resume(2); }

// "https://…" is the table, whatever the query.
class DataOfTheWeb : public ResumeTest {
 protected:
  DataOfTheWeb() {
    store::default_store().add("https",
                               {[this](const std::string&) { return std::make_shared<io::FileSource>(data); }, {}});
  }
  TrainRequest of_url(std::string query) const {
    TrainRequest asked = request();
    asked.data = "https://host/shops.csv" + query;
    return asked;
  }
};

TEST_F(DataOfTheWeb, ACheckpointKeepsNoSignatureAndAsksForTheDataAgain) {
  const std::string query = "?X-Amz-Credential=AKID&X-Amz-Signature=5ec7e7";
  train_until_killed(of_url(query), 11);
  EXPECT_THAT(get(checkpoint),
              testing::AllOf(testing::HasSubstr("https://host/shops.csv"), testing::Not(testing::HasSubstr("5ec7e7"))));
  expect_error(
      ErrorKind::bad_argument,
      "the data was read from a URL with a query, which may sign it and is never kept: found https://host/shops.csv",
      [&] { train(resume()); });
  TrainRequest resumed = resume();
  resumed.data = "https://host/shops.csv?X-Amz-Signature=0743e4";
  train_until_killed(resumed, 22);
  EXPECT_THAT(get(checkpoint), testing::Not(testing::HasSubstr("0743e4")));
  expect_error(ErrorKind::bad_argument, "Name the data again", [&] { train(resume()); });
  resumed.data = data;
  train(resumed);
  train(resume());  // a path is kept
}

// Names of secrets are no list: some are written in escapes, some are each server's own.
TEST_F(DataOfTheWeb, NoQueryIsKeptWhateverItsName) {
  for (const char* query :
       {"?X%2DAmz%2DSignature=5ec7e7", "?jwt=5ec7e7", "?secret=5ec7e7", "?%73ig=5ec7e7", "#access_token=5ec7e7"}) {
    train_until_killed(of_url(query), 11);
    EXPECT_THAT(get(checkpoint), testing::Not(testing::HasSubstr("5ec7e7"))) << query;
  }
}

TEST_F(DataOfTheWeb, AUrlWithoutAQueryIsKept) {
  train_until_killed(of_url(""), 11);
  EXPECT_EQ(load(checkpoint)["options"]["data"].to_string(), "https://host/shops.csv");
  train(resume());
}

TEST_F(ResumeTest, WritesACheckpointWhenItIsStopped) {
  TrainRequest every_epoch = request();
  every_epoch.checkpoint_every = 0;
  train(every_epoch);
  const std::string last = get(checkpoint), trained = get(model);
  fs::remove(checkpoint);
  fs::remove(model);
  std::stop_source stop;
  const auto stop_at_11 = [&](const StepReport& report) {
    if (report.step == 11) stop.request_stop();
  };
  expect_error(ErrorKind::cancelled, "the training was stopped after step 11 of 32. Resume it from " + checkpoint,
               [&] { train(every_epoch, {.on_step = stop_at_11}, stop.get_token()); });
  EXPECT_EQ(load(checkpoint)["step"].to_int(), 11);
  EXPECT_FALSE(fs::exists(model));
  train(resume());
  EXPECT_TRUE(get(checkpoint) == last);
  EXPECT_TRUE(get(model) == trained);
}

TEST_F(ResumeTest, GoesOnToMoreEpochsAsIfTheyHadBeenAskedForAtOnce) {
  TrainRequest longer = request();
  longer.epochs = 6;
  train(longer);
  const std::string last = get(checkpoint);
  train(request());
  TrainRequest resumed = resume();
  resumed.epochs = 6;
  EXPECT_FALSE(train(resumed).nothing_left);
  EXPECT_TRUE(get(checkpoint) == last);
}

TEST_F(ResumeTest, SaysThatNothingIsLeftAndWritesTheModel) {
  const TrainResult before = train(request());
  const std::string trained = get(model);
  fs::remove(model);
  for (const int64_t epochs : {4, 2}) {
    TrainRequest resumed = resume();
    resumed.epochs = epochs;
    const TrainResult result = train(resumed);
    EXPECT_TRUE(result.nothing_left);
    EXPECT_EQ(result.epochs, 4);
    EXPECT_EQ(result.evaluation.loss, before.evaluation.loss);
    EXPECT_TRUE(get(model) == trained);
  }
}

TEST_F(ResumeTest, LetsPathsAndLearningRateChangeWhenResumed) {
  train_until_killed(request(), 12);
  TrainRequest resumed = resume();
  resumed.lr = 0.5;
  resumed.threads = 2;
  resumed.checkpoint = folder.path("deep/er/other.pth");
  resumed.model = folder.path("other/model.pth");
  resumed.data = folder.path("moved.csv");
  fs::rename(data, *resumed.data);
  const std::string before = get(checkpoint);
  train(resumed);
  EXPECT_TRUE(get(checkpoint) == before);
  EXPECT_EQ(load(*resumed.checkpoint)["options"]["lr"].to_double(), 0.5);
  EXPECT_EQ(load(*resumed.checkpoint)["optimizer_state_dict"]["param_groups"][0]["lr"].to_double(), 0.5);
  EXPECT_TRUE(fs::exists(*resumed.model));
}

TEST_F(ResumeTest, RefusesOptionsThatWouldMakeAnotherModel) {
  train_until_killed(request(), 12);
  const std::string before = get(checkpoint);
  const auto refused = [&](const std::string& words, const std::function<void(TrainRequest&)>& change) {
    TrainRequest resumed = resume();
    change(resumed);
    expect_error(ErrorKind::mismatch, words, [&] { train(resumed); });
  };
  refused("option hidden: this option cannot change when a training is resumed: expected [8], found [8, 8]",
          [](TrainRequest& r) {
            r.hidden = {{8, 8}};
          });
  refused(
      "option categorical: this option cannot change when a training is resumed: expected [['town', 2]], found "
      "[['town', 3]]",
      [](TrainRequest& r) {
        r.categorical = {{{"town", 3}}};
      });
  refused("option target", [](TrainRequest& r) { r.target = "size"; });
  refused("option continuous", [](TrainRequest& r) { r.continuous.emplace(); });
  refused("option task", [](TrainRequest& r) { r.task = Task::regression; });
  refused("option seed: this option cannot change when a training is resumed: expected 3, found 4",
          [](TrainRequest& r) { r.seed = 4; });
  refused("option batch_size", [](TrainRequest& r) { r.batch_size = 9; });
  refused("option optimizer", [](TrainRequest& r) { r.optimizer = OptimizerKind::sgd; });
  refused("option dropout", [](TrainRequest& r) { r.dropout = 0; });
  refused("option weight_decay", [](TrainRequest& r) { r.weight_decay = 0.1; });
  EXPECT_TRUE(get(checkpoint) == before);
  TrainRequest all_again = request();  // the same values may be said again
  all_again.resume = checkpoint;
  train(all_again);
}

TEST_F(ResumeTest, RefusesDataThatChangedSince) {
  train_until_killed(request(), 12);
  std::string text = get(data);
  text[text.find("yes")] = 'Y';
  put(data, text);
  const std::string before = get(checkpoint);
  expect_error(ErrorKind::mismatch, "shops.csv: the data is not what the training that is resumed began with: expected",
               [&] { train(resume()); });
  EXPECT_TRUE(get(checkpoint) == before);
}

}  // namespace
}  // namespace okibi::tabular
