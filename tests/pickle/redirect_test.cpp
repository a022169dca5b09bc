// Graph::redirect: what a persistent id stands for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <okibi/pickle.h>

namespace okibi::pickle {
namespace {

using testing::ElementsAre;

TEST(Redirect, WhateverReferredToANodeRefersToTheOther) {
  Graph graph;
  const NodeId id = graph.add_persistent(graph.add_string("7")), meant = graph.add_global("torch.nn", "Linear");
  const std::vector<NodeId> twice = {id, graph.add_integer(1), id};
  const NodeId list = graph.add_container(Kind::list, twice);
  const NodeId tuple = graph.add_container(Kind::tuple, std::vector{id});
  const NodeId object = graph.add_object({.callable = id, .arguments = tuple});
  graph.mutable_object(object).states = {id};
  graph.mutable_object(object).appended = {list, id};
  graph.mutable_object(object).items = {id, object};
  graph.set_root(id);
  graph.redirect({{id, meant}});
  EXPECT_EQ(graph.root(), meant);
  EXPECT_THAT(graph.children(list), ElementsAre(meant, twice[1], meant));
  EXPECT_THAT(graph.children(tuple), ElementsAre(meant));
  EXPECT_EQ(graph.object(object).callable, meant);
  EXPECT_EQ(graph.object(object).arguments, tuple);
  EXPECT_THAT(graph.object(object).states, ElementsAre(meant));
  EXPECT_THAT(graph.object(object).appended, ElementsAre(list, meant));
  EXPECT_THAT(graph.object(object).items, ElementsAre(meant, object));
}

}  // namespace
}  // namespace okibi::pickle
