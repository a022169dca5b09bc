// Saving a model in two ways, and going on with a training that stopped: exactly where it was.
//
//   example_save_and_resume [folder]      files go to the folder, or to runs/
#include <fmt/format.h>
#include <okibi/okibi.h>

#include <filesystem>

namespace nn = okibi::nn;
using okibi::Tensor;

struct Net : nn::Module {
  nn::Embedding job{22, 8};
  nn::Sequential mlp{nn::Linear(8, 16), nn::ReLU(), nn::Linear(16, 1)};
  Net() { register_modules({{"job", job}, {"mlp", mlp}}); }
  Tensor forward(const Tensor& ids) { return mlp(job(ids)); }
};

// Learns to tell even jobs from odd ones, all of them in every epoch. Gives the last loss.
double train(Net& net, okibi::optim::Adam& optimizer, int64_t first_epoch, int64_t epochs) {
  const Tensor jobs = okibi::arange(22), is_even = okibi::tensor({1.0, 0.0}).expand({11, 2}).reshape({22, 1});
  const nn::BCEWithLogitsLoss loss_function;
  double last = 0;
  for (int64_t epoch = first_epoch; epoch < epochs; ++epoch) {
    optimizer.zero_grad();
    const Tensor loss = loss_function(net.forward(jobs), is_even);
    loss.backward();
    optimizer.step();
    last = loss.item<double>();
  }
  return last;
}

int main(int argc, char** argv) {
  const std::filesystem::path folder = argc > 1 ? argv[1] : "runs";
  std::filesystem::create_directories(folder);
  const std::string weights = folder / "model.pth", last = folder / "last.pth", whole = folder / "model.pt";

  // Twenty epochs, then a checkpoint of all that is needed to go on.
  okibi::manual_seed(0);
  Net net;
  okibi::optim::Adam optimizer(net.parameters(), {.lr = 0.01});
  const double loss = train(net, optimizer, 0, 20);
  okibi::save(okibi::Dict{{"epoch", 20},
                          {"model_state_dict", net.state_dict()},
                          {"optimizer_state_dict", optimizer.state_dict()},
                          {"loss", loss}},
              last);
  fmt::print("after 20 epochs the loss is {:.6f}; saved {}\n", loss, last);
  const double uninterrupted = train(net, optimizer, 20, 50);

  // Another program, another day: new objects take over what the checkpoint holds.
  Net resumed;
  okibi::optim::Adam resumed_optimizer(resumed.parameters());
  const okibi::Value checkpoint = okibi::load(last);
  resumed.load_state_dict(checkpoint["model_state_dict"]);
  resumed_optimizer.load_state_dict(checkpoint["optimizer_state_dict"]);
  const double continued = train(resumed, resumed_optimizer, checkpoint["epoch"].to_int(), 50);
  fmt::print("after 50 epochs: {:.17g} without a stop, {:.17g} resumed\n", uninterrupted, continued);

  // For use: the weights alone (what torch.load reads with weights_only=True), or the whole model.
  resumed.eval();
  okibi::save(resumed.state_dict(), weights);
  okibi::save(resumed, whole);
  const Net again = okibi::load_module(whole, {.classes = {{"my_models.Net", nn::factory<Net>}}}).as<Net>();
  const bool is_equal = equal(again.job.weight(), resumed.job.weight());
  fmt::print("saved {} and {}; loaded again, its weights are {}\n", weights, whole, is_equal ? "equal" : "different");
  return continued == uninterrupted && is_equal ? 0 : 1;
}
