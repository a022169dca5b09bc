// What a PyTorch user would type, as he would type it: the model, state_dicts, whole models, resume checkpoints,
// embeddings.
#include <gtest/gtest.h>
#include <okibi/okibi.h>

#include <filesystem>

#include "io/scratch_folder.h"
#include "tensor/expect_error.h"

namespace nn = okibi::nn;
using okibi::Tensor;

namespace {

struct Net : nn::Module {
  nn::Embedding gender{2, 8}, job{22, 8};
  nn::Sequential mlp{nn::Linear(20, 64), nn::ReLU(), nn::Linear(64, 1)};
  Net() { register_modules({{"gender", gender}, {"job", job}, {"mlp", mlp}}); }
  Tensor forward(const Tensor& g, const Tensor& j, const Tensor& x) {
    return mlp(okibi::cat({gender(g), job(j), x}, 1));
  }
};

// The snippets name files without a folder: they lie in one of the test's own.
class Snippets : public testing::Test {
 protected:
  Snippets() : before_(std::filesystem::current_path()) { std::filesystem::current_path(folder_.path("")); }
  ~Snippets() override { std::filesystem::current_path(before_); }

  static Tensor answer(Net& model) {
    return model.forward(okibi::tensor({0, 1}), okibi::tensor({3, 12}), okibi::ones({2, 4})).detach();
  }

 private:
  okibi::testing_help::ScratchFolder folder_;
  std::filesystem::path before_;
};

TEST_F(Snippets, StateDict) {
  Net trained, model;
  okibi::save(trained.state_dict(), "model.pth");
  model.load_state_dict(okibi::load_state_dict("model.pth"));
  model.eval();
  EXPECT_TRUE(equal(answer(model), answer(trained)));
}

TEST_F(Snippets, WholeModel) {
  Net model;
  okibi::save(model, "model.pt");
  nn::AnyModule again = okibi::load_module("model.pt", {.classes = {{"my_models.Net", nn::factory<Net>}}});
  Net net = again.as<Net>();
  EXPECT_TRUE(equal(answer(net), answer(model)));
}

TEST_F(Snippets, ResumeCheckpoint) {
  Net model;
  okibi::optim::Adam optimizer(model.parameters(), {.lr = 0.01});
  const int64_t epoch = 5;
  const double loss = 0.25;
  okibi::save(okibi::Dict{{"epoch", epoch},
                          {"model_state_dict", model.state_dict()},
                          {"optimizer_state_dict", optimizer.state_dict()},
                          {"loss", loss}},
              "last.pth");
  okibi::Value checkpoint = okibi::load("last.pth");
  model.load_state_dict(checkpoint["model_state_dict"]);
  optimizer.load_state_dict(checkpoint["optimizer_state_dict"]);
  int64_t first_epoch = checkpoint["epoch"].to_int();
  EXPECT_EQ(first_epoch, 5);
  EXPECT_EQ(checkpoint["loss"].to_double(), 0.25);
  okibi::expect_error(okibi::ErrorKind::mismatch, "model_state_dict", [] { okibi::load_state_dict("last.pth"); });
}

TEST_F(Snippets, Buffer) {
  Net model;
  okibi::Buffer buffer;
  okibi::save(model.state_dict(), buffer);
  EXPECT_EQ(okibi::load_state_dict(buffer).size(), 6u);
}

TEST_F(Snippets, Embedding) {
  Tensor weight = okibi::tensor({{1, 2.3, 3}, {4, 5.1, 6.3}});
  nn::Embedding job(22, 8, {.padding_idx = 0, .sparse = true});
  Tensor e = job(okibi::tensor({3, 12, 7, 5}));
  EXPECT_EQ(e.sizes(), (okibi::Dims{4, 8}));
  auto pre = nn::Embedding::from_pretrained(weight, {.freeze = true});
  EXPECT_FALSE(pre.weight().requires_grad());
}

TEST_F(Snippets, Lazily) {
  okibi::save(okibi::Dict{{"embed", okibi::Dict{{"weight", okibi::arange(20).view({10, 2})}}}}, "large.pth");
  okibi::Archive archive = okibi::open("large.pth");
  Tensor rows = archive.tensor("embed.weight").rows(3, 5);
  EXPECT_EQ(rows.to_vector<int64_t>(), (std::vector<int64_t>{6, 7, 8, 9}));
}

}  // namespace
