#include <okibi/okibi.h>

int main() {
  okibi::manual_seed(0);
  okibi::nn::Embedding job(22, 8);
  okibi::optim::Adam optimizer(job.parameters());
  okibi::sum(job(okibi::tensor({3, 12, 7, 5}))).backward();
  optimizer.step();
  okibi::save(job.state_dict(), "job.pth");
}
