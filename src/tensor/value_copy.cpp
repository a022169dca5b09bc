// deep_copy, in two passes without recursion: first an empty copy of each container and a copy of each tensor, then
// what they hold. Only the first can fail for what the values are, and then no cycle has been made yet.
#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "tensor/body.h"
#include "tensor/value_body.h"

namespace okibi {

using namespace detail;

namespace {

// Tensors that share a storage, or are the same tensor, do so in the copy.
class TensorCopier {
 public:
  Tensor copy(const Tensor& tensor) {
    if (!tensor.defined()) return {};
    if (const auto known = tensors_.find(tensor.body()); known != tensors_.end()) return known->second;
    const TensorBody& from = *tensor.body();
    if (!from.is_leaf()) {
      throw Error(ErrorKind::bad_argument, "only tensors that were not computed can be copied deeply")
          .hint("Copy detach() of it instead.");
    }
    const Tensor result = same_numbers(tensor);
    TensorBody& to = *result.body();
    to.storage = storage(from.storage);
    to.requires_grad = from.requires_grad;
    to.grad = from.grad.defined() ? copy(from.grad.detach()) : Tensor();
    if (from.extras) to.extras = extras(*from.extras);
    return tensors_[&from] = result;
  }

 private:
  std::unique_ptr<TensorExtras> extras(const TensorExtras& from) {
    auto to = std::make_unique<TensorExtras>(from);
    for (Tensor* part :
         {&to->values, &to->indices, &to->compressed, &to->plain, &to->sizes, &to->strides, &to->offsets})
      *part = copy(*part);
    if (from.quantizer) to->quantizer = quantizer(*from.quantizer);
    return to;
  }

  std::shared_ptr<const Quantizer> quantizer(Quantizer copied) {
    copied.scales = copy(copied.scales);
    copied.zero_points = copy(copied.zero_points);
    return std::make_shared<const Quantizer>(std::move(copied));
  }

  std::shared_ptr<Storage> storage(const std::shared_ptr<Storage>& from) {
    if (!from) return nullptr;
    std::shared_ptr<Storage>& to = storages_[from.get()];
    if (!to) {
      to = Storage::allocate(from->nbytes(), from->device());
      if (from->nbytes() != 0) std::memcpy(to->data(), from->data(), from->nbytes());
    }
    return to;
  }

  std::unordered_map<const TensorBody*, Tensor> tensors_;
  std::unordered_map<const Storage*, std::shared_ptr<Storage>> storages_;
};

// A container with nothing in it, of the same kind.
Counted* empty_copy(const Counted& body) {
  switch (body.kind) {
    case ValueKind::list:
      return make_body<ListBody>();
    case ValueKind::tuple:
      return make_body<TupleBody>();
    case ValueKind::dict:
      return make_body<DictBody>(static_cast<const DictBody&>(body).dict_kind);
    case ValueKind::set:
      return make_body<SetBody>(static_cast<const SetBody&>(body).set_kind);
    default:
      return make_body<ObjectBody>(Object::Parts{});
  }
}

class DeepCopy {
 public:
  Value run(const Value& value) {
    find_copies(value);
    for (Counted* body : found_) fill(*body);
    for (Counted* body : found_) index(*body);  // keys have their hash only now that all tuples are filled
    for (const Tensor& tensor : with_class_) copy_class(tensor);
    Value copy = copy_of(value);
    close_cycles(copy);
    return copy;
  }

 private:
  void find_copies(const Value& root) {
    find_copy(root);
    for (size_t i = 0; i < found_.size() || !states_.empty(); ++i) {
      for (const Value& state : std::exchange(states_, {})) find_copy(state);
      if (i < found_.size()) found_[i]->children([this](Value& child) { find_copy(child); });
    }
  }

  void find_copy(const Value& value) {
    if (value.is_tensor()) {
      Value& copy = copies_[value.identity()];
      if (copy.is_none()) copy = tensors_.copy(value.to_tensor()), find_state(value.to_tensor());
    } else if (holds_values(value.kind())) {
      Counted* body = ValueAccess::body(value);
      Value& copy = copies_[body];
      if (!copy.is_none()) return;
      copy = ValueAccess::of(empty_copy(*body));
      found_.push_back(body);
    }
  }

  // The attributes of a tensor, which may hold further tensors: they are looked at later, not from here.
  void find_state(const Tensor& tensor) {
    const TensorClass* seen_as = tensor_class(tensor);
    if (seen_as == nullptr || seen_as->state.is_none()) return;
    with_class_.push_back(tensor);
    states_.push_back(seen_as->state);
  }

  void copy_class(const Tensor& tensor) {
    auto copied = std::make_shared<TensorClass>(*tensor_class(tensor));
    copied->state = copy_of(copied->state);
    copies_.at(tensor.body()).to_tensor().body()->extras->python = std::move(copied);
  }

  // Texts and numbers never change, so they need no copy.
  Value copy_of(const Value& value) const {
    if (!value.is_tensor() && !holds_values(value.kind())) return value;
    return copies_.at(value.identity());
  }

  std::vector<Value> copy_of(const std::vector<Value>& values) const {
    std::vector<Value> copies;
    copies.reserve(values.size());
    for (const Value& value : values) copies.push_back(copy_of(value));
    return copies;
  }

  std::vector<Dict::Item> copy_of(const std::vector<Dict::Item>& items) const {
    std::vector<Dict::Item> copies;
    copies.reserve(items.size());
    for (const auto& [key, value] : items) copies.emplace_back(copy_of(key), copy_of(value));
    return copies;
  }

  template <class Body>
  Body& copied(const Body& body) const {
    return ValueAccess::as<Body>(copies_.at(&body));
  }

  void fill(const Counted& body) const {
    switch (body.kind) {
      case ValueKind::list:
        return fill(static_cast<const ListBody&>(body));
      case ValueKind::tuple:
        return fill(static_cast<const TupleBody&>(body));
      case ValueKind::dict:
        return fill(static_cast<const DictBody&>(body));
      case ValueKind::set:
        return fill(static_cast<const SetBody&>(body));
      default:
        return fill(static_cast<const ObjectBody&>(body));
    }
  }
  void fill(const ListBody& from) const { copied(from).items = copy_of(from.items); }
  void fill(const TupleBody& from) const {
    copied(from).items = copy_of(from.items);
    copied(from).is_size = from.is_size;
  }
  void fill(const DictBody& from) const {
    copied(from).items = copy_of(from.items);
    copied(from).attributes = copy_of(from.attributes);
    copied(from).default_factory = copy_of(from.default_factory);
  }
  void fill(const SetBody& from) const { copied(from).items = copy_of(from.items); }
  void fill(const ObjectBody& from) const {
    const Object::Parts& parts = from.parts;
    copied(from).parts = {parts.module,         parts.name,
                          parts.made,           copy_of(parts.arguments),
                          copy_of(parts.state), copy_of(parts.appended),
                          copy_of(parts.items)};
  }

  void index(const Counted& body) const {
    if (body.kind == ValueKind::dict) copied(static_cast<const DictBody&>(body)).index_again();
    if (body.kind == ValueKind::set) copied(static_cast<const SetBody&>(body)).index_again();
  }

  std::vector<Counted*> found_;
  std::vector<Tensor> with_class_;
  std::vector<Value> states_;  // of tensors, to be looked at
  std::unordered_map<const void*, Value> copies_;
  TensorCopier tensors_;
};

}  // namespace

Value deep_copy(const Value& value) { return DeepCopy().run(value); }

}  // namespace okibi
