// Whole trainings, from files to files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/checkpoint.h>

#include <functional>

#include "tabular/csv_text.h"
#include "tabular/train_fixture.h"
#include "tensor/expect_error.h"

namespace okibi::tabular {
namespace {

using testing_help::get;
using testing_help::put;
using testing_help::ScratchFolder;

const std::string berkeley = OKIBI_SOURCE "/examples/admissions/berkeley.csv";

// ---- learning

TEST(Train, ReachesTheBestThatTwoFeaturesCanReachOnTheAdmissions) {
  const ScratchFolder folder;
  std::vector<EpochReport> epochs;
  const TrainResult result = train({.data = berkeley,
                                    .target = "admitted",
                                    .categorical = {{{"gender", 8}, {"department", 8}}},
                                    .hidden = {{64, 32}},
                                    .epochs = 30,
                                    .batch_size = 256,
                                    .lr = 0.003,
                                    .seed = 0,
                                    .model = folder.path("runs/admissions/model.pth")},
                                   {.on_epoch = [&](const EpochReport& report) { epochs.push_back(report); }});
  EXPECT_NEAR(result.evaluation.loss, 0.570844, 0.002);
  EXPECT_GE(result.evaluation.loss, 0.570844 - 1e-6);
  EXPECT_EQ(result.steps, 30 * 18);
  ASSERT_EQ(epochs.size(), 30u);
  EXPECT_FALSE(epochs[28].evaluation);
  EXPECT_EQ(epochs[29].evaluation->loss, result.evaluation.loss);
  const TrainedModel trained = load_model(folder.path("runs/admissions/model.pth"));
  const std::vector<double> predicted = predict(trained, table_of("department,gender\nA,female\nF,male\n"));
  EXPECT_NEAR(predicted[0], 89.0 / 108, 0.05);  // the women whom department A admitted
  EXPECT_NEAR(predicted[1], 22.0 / 373, 0.05);  // the men whom F did
}

TEST_F(TrainTest, LearnsNumbersWithTheMeanSquaredError) {
  put(data, "x,y\n0,1\n1,3\n2,5\n3,7\n");
  const TrainResult result = train({.data = data,
                                    .target = "y",
                                    .continuous = {{"x"}},
                                    .hidden = std::vector<int64_t>{},
                                    .epochs = 400,
                                    .batch_size = 4,
                                    .optimizer = OptimizerKind::sgd,
                                    .lr = 0.05,
                                    .momentum = 0.9,
                                    .model = model});
  EXPECT_LT(result.evaluation.loss, 1e-6);
  EXPECT_FALSE(result.evaluation.accuracy);
  EXPECT_NEAR(predict(load_model(model), table_of("x\n10\n"))[0], 21, 0.01);
}

TEST_F(TrainTest, PredictsAsTheEvaluationSays) {
  const TrainResult result = train(request());
  const TrainedModel trained = load_model(model);
  const Table table = read_csv(data);
  const std::vector<double> predicted = predict(trained, table);
  ASSERT_EQ(predicted.size(), 60u);
  int right = 0;
  for (size_t row = 0; row < 60; ++row)
    right += trained.encoder.target().label_of(predicted[row]) == table.text(row, 2);
  EXPECT_DOUBLE_EQ(right / 60.0, *result.evaluation.accuracy);
}

TEST_F(TrainTest, ReportsEachStepAndEpoch) {
  std::vector<StepReport> steps;
  std::vector<EpochReport> epochs;
  int64_t rows = 0;
  train(request(), {.on_start = [&](const TrainOptions&, const Encoder&, int64_t n) { rows = n; },
                    .on_step = [&](const StepReport& report) { steps.push_back(report); },
                    .on_epoch = [&](const EpochReport& report) { epochs.push_back(report); }});
  EXPECT_EQ(rows, 60);
  ASSERT_EQ(steps.size(), 32u);
  ASSERT_EQ(epochs.size(), 4u);
  EXPECT_EQ(steps[7].epoch, 1);
  EXPECT_EQ(steps[8].epoch, 2);
  EXPECT_EQ(steps[31].step, steps[31].steps_total);
  double loss = 0;
  for (size_t i = 0; i < 8; ++i) loss += steps[i].loss * (i < 7 ? 8 : 4);
  EXPECT_DOUBLE_EQ(epochs[0].train_loss, loss / 60);
}

// ---- what the files hold

TEST_F(TrainTest, WritesOrdinaryCheckpoints) {
  train(request());
  const Value last = load(checkpoint), trained = load(model);
  EXPECT_EQ(last["epoch"].to_int(), 4);
  EXPECT_EQ(last["step"].to_int(), 32);
  EXPECT_EQ(last["batch"].to_int(), 0);
  EXPECT_TRUE(last["loss"].is_double());
  EXPECT_EQ(last["optimizer_state_dict"]["param_groups"][0]["lr"].to_double(), 0.02);
  EXPECT_EQ(last["rng_state"].to_tensor().sizes(), Dims({5056}));
  EXPECT_EQ(last["options"]["hidden"][0].to_int(), 8);
  EXPECT_EQ(last["data"]["rows"].to_int(), 60);
  EXPECT_EQ(last["data"]["uri"].to_string(), data);
  EXPECT_EQ(trained["metrics"]["epochs"].to_int(), 4);
  EXPECT_EQ(trained["encoder"]["target"]["positive"].to_string(), "yes");
  EXPECT_TRUE(equal(trained["model_state_dict"]["mlp.0.weight"].to_tensor(),
                    last["model_state_dict"]["mlp.0.weight"].to_tensor()));
  EXPECT_EQ(predict(load_model(checkpoint), read_csv(data)), predict(load_model(model), read_csv(data)));
}

// ---- bad input

TEST_F(TrainTest, RefusesFilesThatAreNoCheckpointOfATraining) {
  save(Dict{{"epoch", 3}, {"model_state_dict", Dict()}, {"optimizer_state_dict", Dict()}, {"loss", 0.5}}, checkpoint);
  expect_error(ErrorKind::mismatch,
               "last.pth: this file is no resume checkpoint of a training by okibi: it has the keys "
               "'epoch', 'model_state_dict', 'optimizer_state_dict', 'loss'",
               [&] { train(resume()); });
  expect_error(ErrorKind::mismatch, "last.pth: this file is no model trained by okibi: it has the keys 'epoch'",
               [&] { load_model(checkpoint); });
  save(List{1, 2}, checkpoint);
  expect_error(ErrorKind::mismatch, "it has no keys: it is a list", [&] { load_model(checkpoint); });
  put(checkpoint, "garbage");
  expect_error(ErrorKind::bad_file, "last.pth", [&] { train(resume()); });
  fs::remove(checkpoint);
  expect_error(ErrorKind::not_found, "last.pth", [&] { train(resume()); });
}

TEST_F(TrainTest, RefusesModelFilesWhosePartsDoNotFit) {
  train(request());
  const auto load_with = [&](const std::function<void(const Value&)>& change) {
    const Value file = load(model);
    change(file);
    save(file, folder.path("changed.pth"));
    load_model(folder.path("changed.pth"));
  };
  expect_error(ErrorKind::bad_file, "changed.pth, model: the encoder and the model of the file do not fit each other",
               [&] { load_with([](const Value& f) { f["encoder"]["categorical"][0].to_dict().set("dim", 3); }); });
  expect_error(ErrorKind::mismatch,
               "model_state_dict.mlp.0.weight: the weights do not fit the model that the file "
               "describes: expected [1000000000000, 3], found [8, 3]",
               [&] { load_with([](const Value& f) { f["model"].to_dict().set("hidden", List{1000000000000}); }); });
  expect_error(ErrorKind::mismatch, "a tensor that is not stored as a whole", [&] {
    load_with([](const Value& f) {
      f["model_state_dict"].to_dict().set("mlp.0.weight", zeros({1, 1}).expand({8, 3}));
    });
  });
  expect_error(ErrorKind::mismatch, "lack the tensor 'mlp.0.bias'",
               [&] { load_with([](const Value& f) { f["model_state_dict"].to_dict().erase("mlp.0.bias"); }); });
}

TEST_F(TrainTest, WritesNothingWhenTheTableIsWrong) {
  put(data, "town,size,open\nA,1,yes\nB,two,no\n");
  expect_error(ErrorKind::bad_file, "shops.csv, line 3, column size", [&] { train(request()); });
  expect_no_files();
  put(data, shops());
  TrainRequest wrong = request();
  wrong.target = "opn";
  expect_error(ErrorKind::not_found, "Did you mean 'open'?", [&] { train(wrong); });
  wrong = request();
  wrong.model = folder.path("new/model.pth");
  wrong.data = folder.path("none.csv");
  expect_error(ErrorKind::not_found, "none.csv", [&] { train(wrong); });
  EXPECT_FALSE(fs::exists(folder.path("new")));
  expect_no_files();
}

TEST_F(TrainTest, FindsOutBeforeItTrainsThatItCannotWrite) {
  int steps = 0;
  const TrainCallbacks count = {.on_step = [&](const StepReport&) { ++steps; }};
  TrainRequest wrong = request();
  wrong.model = data + "/model.pth";  // below a file
  EXPECT_THROW(train(wrong, count), Error);
  wrong.model = folder.path("");  // a folder
  EXPECT_THROW(train(wrong, count), Error);
  wrong.model = data;
  expect_error(ErrorKind::bad_argument, "this would overwrite the file of the option data",
               [&] { train(wrong, count); });
  wrong.model = checkpoint;
  expect_error(ErrorKind::bad_argument, "this would overwrite the file of the option checkpoint",
               [&] { train(wrong, count); });
  EXPECT_EQ(steps, 0);
  expect_no_files();
  EXPECT_EQ(get(data), shops());
}

TEST_F(TrainTest, RefusesOptionsThatMakeNoSense) {
  const auto refused = [&](const std::string& words, const std::function<void(TrainRequest&)>& change) {
    TrainRequest wrong = request();
    change(wrong);
    expect_error(ErrorKind::bad_argument, words, [&] { train(wrong); });
  };
  refused("option epochs: the value makes no sense: expected 1 to 1000000000, found 0",
          [](TrainRequest& r) { r.epochs = 0; });
  refused("option batch_size", [](TrainRequest& r) { r.batch_size = 0; });
  refused("option hidden", [](TrainRequest& r) { r.hidden = {{8, 0}}; });
  refused("option dropout", [](TrainRequest& r) { r.dropout = 1; });
  refused("option lr", [](TrainRequest& r) { r.lr = -1; });
  refused("option threads", [](TrainRequest& r) { r.threads = 0; });
  refused("option checkpoint_every", [](TrainRequest& r) { r.checkpoint_every = -1; });
  refused("option momentum: the value makes no sense: expected 0, since adam has none",
          [](TrainRequest& r) { r.momentum = 0.9; });
  refused("option data", [](TrainRequest& r) { r.data = ""; });
  expect_no_files();
}

TEST_F(TrainTest, PutsTheNumberOfThreadsBack) {
  const int before = num_threads();
  TrainRequest two = request();
  two.threads = before + 1;
  int during = 0;
  train(two, {.on_step = [&](const StepReport&) { during = num_threads(); }});
  EXPECT_EQ(during, before + 1);
  EXPECT_EQ(num_threads(), before);
}

}  // namespace
}  // namespace okibi::tabular
