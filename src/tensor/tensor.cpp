#include <fmt/format.h>

#include "tensor/body.h"
#include "tensor/element.h"
#include "tensor/geometry.h"
#include "tensor/number_of.h"
#include "tensor/trace.h"

namespace okibi {

Tensor Tensor::over(std::shared_ptr<Storage> storage, DType dtype, Dims sizes, Dims strides, int64_t storage_offset) {
  if (!storage) throw Error(ErrorKind::bad_argument, "a strided tensor needs a storage to lie in");
  if (is_packed(dtype)) require_whole(dtype, sizes, strides, storage_offset);
  check_bounds(sizes, strides, storage_offset, itemsize(dtype), storage->nbytes() * elements_per_byte(dtype),
               ErrorKind::bad_file);
  return strided_unchecked(std::move(storage), dtype, std::move(sizes), std::move(strides), storage_offset);
}

DType Tensor::dtype() const { return body_of(*this).dtype; }

Layout Tensor::layout() const { return body_of(*this).layout; }

const Device& Tensor::device() const {
  static const Device cpu;
  const TensorBody& body = body_of(*this);
  if (body.extras && body.extras->has_device) return body.extras->device;
  return body.storage ? body.storage->device() : cpu;
}

int64_t Tensor::dim() const { return static_cast<int64_t>(body_of(*this).sizes.size()); }

const Dims& Tensor::sizes() const { return body_of(*this).sizes; }

const Dims& Tensor::strides() const {
  const TensorBody& body = body_of(*this);
  if (body.layout == Layout::strided) return body.strides;
  throw Error(ErrorKind::unsupported, fmt::format("a tensor of layout torch.{} has no strides", name_of(body.layout)));
}

int64_t Tensor::size(int64_t dim) const {
  const Dims& all = sizes();
  if (all.empty())
    throw Error(ErrorKind::out_of_range, fmt::format("Dimension specified as {} but tensor has no dimensions", dim));
  return all[wrap_dim(dim, all.size())];
}

int64_t Tensor::stride(int64_t dim) const {
  const Dims& all = strides();
  if (all.empty())
    throw Error(ErrorKind::out_of_range, fmt::format("Dimension specified as {} but tensor has no dimensions", dim));
  return all[wrap_dim(dim, all.size())];
}

int64_t Tensor::numel() const { return body_of(*this).numel; }

size_t Tensor::nbytes() const {
  const TensorBody& body = body_of(*this);
  return nbytes_of(body.dtype, static_cast<uint64_t>(body.numel));
}

int64_t Tensor::storage_offset() const { return body_of(*this).storage_offset; }

const std::shared_ptr<Storage>& Tensor::storage() const { return body_of(*this).storage; }

bool Tensor::is_contiguous() const { return body_of(*this).contiguous; }

bool Tensor::is_meta() const { return body_of(*this).layout == Layout::strided && !body_->storage; }

std::byte* Tensor::raw_data() const {
  const TensorBody& body = body_of(*this);
  if (body.storage) return body.data();
  throw Error(ErrorKind::bad_argument,
              body.layout == Layout::strided
                  ? std::string("a meta tensor has sizes and a dtype, but no numbers")
                  : fmt::format("a tensor of layout torch.{} has no block of numbers of its own; "
                                "see its parts, such as values()",
                                name_of(body.layout)));
}

std::byte* Tensor::data_checked(DType wanted) const {
  if (dtype() == wanted) return raw_data();
  throw Error(ErrorKind::bad_argument, "the tensor's numbers are of another dtype")
      .expected(fmt::format("torch.{}", name_of(wanted)))
      .found(fmt::format("torch.{}", name_of(dtype())))
      .hint("Convert it with to() first.");
}

namespace {

// The only element, as the widest number of its kind.
Wide only_element(const Tensor& tensor) {
  if (tensor.numel() != 1) {
    throw Error(ErrorKind::bad_argument,
                fmt::format("a Tensor with {} elements cannot be converted to Scalar", tensor.numel()));
  }
  const Wide value = load_number(*tensor.body(), tensor.raw_data());
  const auto* complex = std::get_if<std::complex<double>>(&value);
  if (complex == nullptr) return value;
  if (complex->imag() == 0) return complex->real();
  throw Error(ErrorKind::bad_argument, "a complex number with an imaginary part is no real number")
      .found(fmt::format("{}{:+}j", complex->real(), complex->imag()));
}

void note_reading(const Tensor& tensor) {
  if (trace::Listener* const heard = trace::listener()) [[unlikely]]
    heard->reads(tensor);
}

}  // namespace

int64_t Tensor::item_integer() const {
  note_reading(*this);
  return std::visit([](const auto& value) { return cast_element<int64_t>(value); }, only_element(*this));
}

double Tensor::item_real() const {
  note_reading(*this);
  return std::visit([](const auto& value) { return cast_element<double>(value); }, only_element(*this));
}

template <Element T>
std::vector<T> Tensor::to_vector() const {
  note_reading(*this);
  const NoGrad copying;
  const trace::Pause pause;
  const Tensor converted = to(dtype_of<T>).contiguous();
  const T* first = converted.data<T>();
  return std::vector<T>(first, first + converted.numel());
}

template std::vector<bool> Tensor::to_vector() const;
template std::vector<uint8_t> Tensor::to_vector() const;
template std::vector<int8_t> Tensor::to_vector() const;
template std::vector<int16_t> Tensor::to_vector() const;
template std::vector<int32_t> Tensor::to_vector() const;
template std::vector<int64_t> Tensor::to_vector() const;
template std::vector<uint16_t> Tensor::to_vector() const;
template std::vector<uint32_t> Tensor::to_vector() const;
template std::vector<uint64_t> Tensor::to_vector() const;
template std::vector<float> Tensor::to_vector() const;
template std::vector<double> Tensor::to_vector() const;

}  // namespace okibi
