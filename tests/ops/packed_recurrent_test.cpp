// Packed sequences and cells: what they refuse, and that they are what their names say.
#include <gmock/gmock.h>

#include "samples.h"

namespace okibi {
namespace {

using samples::ids;
using samples::some;
using testing::AllOf;
using testing::HasSubstr;

std::string problem_of(std::string_view op, const samples::Arguments& arguments) {
  try {
    find_op(op)->call(arguments);
    return "no problem";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(PackedSequences, LengthsMustFallAndFit) {
  const auto problem = [](const Tensor& lengths) {
    return problem_of("aten::_pack_padded_sequence", {some({3, 2, 1}), lengths, false});
  };
  EXPECT_THAT(problem(ids({2, 3})), AllOf(HasSubstr("must be sorted in decreasing order"),
                                          HasSubstr("expected 1 to 2, found 3 at sequence 1")));
  EXPECT_THAT(problem(ids({4, 3})),
              HasSubstr("longer than the padded ones are: expected 1 to 3, found 4 at sequence 0"));
  EXPECT_THAT(problem(ids({3, 0})),
              HasSubstr("Length of all samples has to be greater than 0: expected 1 to 3, found 0"));
  EXPECT_THAT(problem(ids({INT64_MAX, INT64_MIN})), HasSubstr("found 9223372036854775807 at sequence 0"));
  EXPECT_THAT(problem(ids({3})), HasSubstr("equal to batch_size: expected 2, found 1"));
  EXPECT_THAT(problem(tensor({3.0, 2.0})), HasSubstr("'lengths' should be a 1D CPU int64 tensor"));
  EXPECT_THAT(problem_of("aten::_pack_padded_sequence", {some({0, 2}), ids({1, 1}), false}),
              HasSubstr("Cannot pack empty tensors."));
}

TEST(PackedSequences, BatchSizesMustFallAndAddUp) {
  const auto problem = [](const Tensor& batch_sizes, int64_t total = 0) {
    return problem_of("aten::_pad_packed_sequence", {some({4, 1}), batch_sizes, false, 0.0, total});
  };
  EXPECT_THAT(problem(ids({1, 3})), HasSubstr("found 3 at step 1, when 3 of 4 rows are left"));
  EXPECT_THAT(problem(ids({4, 1})), HasSubstr("found 1 at step 1, when 0 of 4 rows are left"));
  EXPECT_THAT(problem(ids({2, 0})), HasSubstr("found 0 at step 1"));
  EXPECT_THAT(problem(ids({INT64_MAX, INT64_MAX})), HasSubstr("found 9223372036854775807 at step 0"));
  EXPECT_THAT(problem(ids({2, 1})), HasSubstr("must add up to the rows of their data: expected 4, found 3"));
  EXPECT_THAT(problem(ids({2, 2}), 1), HasSubstr("expected 2 or more, found 1"));
  EXPECT_THAT(problem(ids({2, 2}).view({1, 2})), HasSubstr("'batch_sizes' should be a 1D CPU int64 tensor"));
}

TEST(PackedSequences, ComeBackAsTheyWere) {
  const Tensor x = some({4, 3, 2}), lengths = ids({4, 2, 1});
  const Padded again = pad_packed_sequence(pack_padded_sequence(x, lengths), false, -3, 5);
  EXPECT_TRUE(equal(again.lengths, lengths));
  EXPECT_EQ(again.data.sizes(), (Dims{5, 3, 2}));
  EXPECT_TRUE(equal(again.data.narrow(0, 0, 2).narrow(1, 0, 2), x.narrow(0, 0, 2).narrow(1, 0, 2)));
  EXPECT_TRUE(equal(again.data.select(1, 2).narrow(0, 1, 4), full({4, 2}, -3, {float64})));
}

// Every sequence as if it were alone.
TEST(PackedSequences, RunAsEachOfThemAlone) {
  const Tensor x = some({4, 3, 2}) * 0.3, h0 = some({2, 3, 2}), c0 = some({2, 3, 2}, 1);
  const int64_t lengths[] = {4, 2, 2};
  std::vector<Tensor> params;
  for (int i = 0; i < 2; ++i) {
    for (const Tensor& each : {some({8, 2}, i) * 0.2, some({8, 2}) * 0.3, some({8}), some({8}, 0.1 * i)})
      params.push_back(each);
  }
  const PackedSequence packed = pack_padded_sequence(x, ids({4, 2, 2}));
  const Recurrent all = lstm(packed, h0, c0, params, {.bidirectional = true});
  const Tensor padded = pad_packed_sequence({all.out, packed.batch_sizes}).data;
  for (int64_t i = 0; i < 3; ++i) {
    const int64_t n = lengths[i];
    const Recurrent one = lstm(x.narrow(1, i, 1).narrow(0, 0, n), h0.narrow(1, i, 1), c0.narrow(1, i, 1), params,
                               {.bidirectional = true});
    EXPECT_TRUE(allclose(padded.narrow(1, i, 1).narrow(0, 0, n), one.out, 1e-12, 1e-12)) << i;
    EXPECT_TRUE(allclose(all.h.narrow(1, i, 1), one.h, 1e-12, 1e-12)) << i;
    EXPECT_TRUE(allclose(all.c.narrow(1, i, 1), one.c, 1e-12, 1e-12)) << i;
  }
}

TEST(PackedSequences, StatesAreThoseOfAllOfThem) {
  const List weights{some({2, 3}), some({2, 2}), some({2}), some({2})};
  EXPECT_THAT(problem_of("aten::rnn_tanh.data",
                         {some({4, 3}), ids({3, 1}), some({1, 2, 2}), weights, true, 1, 0.0, false, false}),
              HasSubstr("expected (layers, 3, size), found [1, 2, 2]"));
  EXPECT_THAT(problem_of("aten::rnn_tanh.data",
                         {some({4, 3}), ids({3, 1}), some({2, 3, 2}), weights, true, 2, 0.0, false, false}),
              HasSubstr("too few weights for its layers and directions"));
  EXPECT_THAT(problem_of("aten::rnn_tanh.data",
                         {some({4, 3}), ids({3, 1}), some({2, 3, 2}), weights, true, INT64_MAX, 0.0, false, true}),
              HasSubstr("too few weights for its layers and directions"));
}

TEST(Cells, SayWhatIsWrong) {
  const Tensor x = some({2, 3}), h = some({2, 2});
  EXPECT_THAT(problem_of("aten::gru_cell", {some({3}), h, some({6, 3}), some({6, 2}), nullptr, nullptr}),
              HasSubstr("a recurrent cell takes an input of (batch, input)"));
  EXPECT_THAT(problem_of("aten::gru_cell", {x, h, some({6, 4}), some({6, 2}), nullptr, nullptr}),
              HasSubstr("weight_ih of a recurrent layer has the wrong sizes: expected [6, 3], found [6, 4]"));
  EXPECT_THAT(problem_of("aten::lstm_cell", {x, List{h}, some({8, 3}), some({8, 2}), nullptr, nullptr}),
              HasSubstr("lstm_cell expects two hidden states: found 1"));
  const LstmState state = lstm_cell(x, {h, h}, some({8, 3}), some({8, 2}));
  EXPECT_EQ(state.h.sizes(), (Dims{2, 2}));
}

TEST(Glu, HalvesMustBeEven) {
  EXPECT_THAT(problem_of("aten::glu", {some({2, 3}), -1}),
              HasSubstr("glu: Halving dimension must be even: found dimension -1 of sizes [2, 3]"));
  EXPECT_THAT(problem_of("aten::glu", {some({}), -1}), HasSubstr("glu does not support 0-dimensional tensors"));
  EXPECT_THAT(problem_of("aten::glu", {some({2}), 4}), HasSubstr("out of range"));
  EXPECT_THAT(problem_of("aten::glu", {ids({1, 2}), 0}), HasSubstr("glu is not implemented for int64"));
}

}  // namespace
}  // namespace okibi
