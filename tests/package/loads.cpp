#include <iostream>

#include <okibi/checkpoint.h>

int main() {
  const okibi::StateDict state = okibi::load_state_dict("job.pth");
  std::cout << okibi::to_string(state["weight"].sizes()) << "\n";
  return state["weight"].sizes() == okibi::Dims{22, 8} ? 0 : 1;
}
