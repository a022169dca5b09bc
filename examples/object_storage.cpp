// A state_dict to and from object storage, both ways: example_object_storage s3://bucket/folder
// The key and the endpoint come from where Amazon's tools find them (docs/s3.md).
#include <iostream>

#include <okibi/okibi.h>

namespace nn = okibi::nn;

namespace {

void through_a_buffer(const nn::Linear& model, const okibi::S3Uri& place) {
  okibi::S3Client s3;
  okibi::Buffer buffer;
  okibi::save(model.state_dict(), buffer);
  s3.put_object(place.bucket, place.key, buffer);
  std::cout << okibi::load_state_dict(s3.get_object(place.bucket, place.key)).size() << " tensors through a buffer\n";
}

void as_a_stream(const nn::Linear& model, const std::string& uri) {
  okibi::S3Checkpoint checkpoints;
  auto writer = checkpoints.writer(uri);
  okibi::save(model.state_dict(), writer);
  writer.commit();  // without it, nothing is published
  std::cout << okibi::load_state_dict(checkpoints.reader(uri)).size() << " tensors as a stream\n";
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: " << arguments[0] << " s3://bucket/folder\n";
    return 2;
  }
  try {
    const std::string folder = arguments[1];
    nn::Linear model(20, 64);
    through_a_buffer(model, okibi::parse_s3_uri(folder + "/buffer.pth"));
    as_a_stream(model, folder + "/stream.pth");
    // Everywhere a path is taken; of the large tensor only ten rows are fetched.
    okibi::save(model.state_dict(), folder + "/model.pth");
    std::cout << okibi::open(folder + "/model.pth").tensor("weight").rows(0, 10).sizes()[0] << " rows\n";
  } catch (const okibi::Error& error) {
    std::cerr << error.what() << "\n";
    return okibi::exit_status_of(error.kind());
  }
}
