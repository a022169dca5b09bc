// What save() lends to a sink, and when it says that the loan is over.
#include <gtest/gtest.h>
#include <okibi/checkpoint.h>

#include <string>
#include <vector>

namespace okibi {
namespace {

// Remembers what it is lent, as a sink does that sends later.
class RememberingSink final : public io::Sink {
 public:
  struct Piece {
    std::string bytes;
    std::span<const std::byte> lent;
  };
  std::vector<Piece> pieces;
  int settled = 0;
  size_t lent_bytes = 0;

  using Sink::write;
  void write(std::span<const std::byte> bytes) override {
    position_ += bytes.size();
    pieces.push_back({std::string(as_text(bytes)), {}});
  }
  void write_lent(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner) override {
    EXPECT_NE(owner, nullptr);
    position_ += bytes.size();
    lent_bytes += bytes.size();
    pieces.push_back({"", bytes});
  }
  void settle() override {
    ++settled;
    for (Piece& piece : pieces) piece.bytes += as_text(std::exchange(piece.lent, {}));
  }
  void commit() override {}
  uint64_t position() const override { return position_; }
  std::string name() const override { return "model.pth"; }

  std::string all() const {
    std::string text;
    for (const Piece& piece : pieces) text += piece.bytes;
    return text;
  }

 private:
  uint64_t position_ = 0;
};

TEST(Lending, ATensorIsLentAndBelongsToTheCallerAgainAfterSave) {
  const Tensor tensor = full({1000, 1000}, 7.F);
  RememberingSink sink;
  save(Dict{{"weight", tensor}}, sink);
  EXPECT_EQ(sink.settled, 1);
  EXPECT_EQ(sink.lent_bytes, tensor.nbytes());
  tensor.data<float>()[5] = 0;
  const std::string file = sink.all();
  EXPECT_EQ(load(Buffer(as_bytes(file)))["weight"].to_tensor().data<float>()[5], 7.F);
}

TEST(Lending, AlsoWhereSavingFails) {
  const Tensor tensor = full({1000, 1000}, 7.F);
  RememberingSink sink;
  SaveOptions options;
  options.progress = [](uint64_t, uint64_t) { throw std::runtime_error("enough"); };
  EXPECT_THROW(save(Dict{{"weight", tensor}}, sink, options), std::runtime_error);
  EXPECT_EQ(sink.lent_bytes, tensor.nbytes());
  EXPECT_EQ(sink.settled, 1);
}

}  // namespace
}  // namespace okibi
