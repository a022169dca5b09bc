// okibi's S3 for the tests that are scripts: one operation, with options before it.
//
//   s3_driver [--part-size BYTES] … get s3://bucket/key FILE
#include <okibi/checkpoint.h>
#include <okibi/s3.h>

#include <fmt/format.h>
#include <libdeflate.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <thread>

namespace {

using namespace okibi;
using Words = std::vector<std::string>;

// ---------------------------------------------------------------------------------------------------------- options

using SetOption = std::function<void(S3Options&, const std::string& value)>;

const std::map<std::string, SetOption>& options_with_values() {
  static const std::map<std::string, SetOption> options = {
      {"--part-size", [](auto& o, auto& value) { o.part_size = std::stoull(value); }},
      {"--concurrency", [](auto& o, auto& value) { o.max_concurrency = std::stoi(value); }},
      {"--attempts", [](auto& o, auto& value) { o.max_attempts = std::stoi(value); }},
      {"--stall-ms", [](auto& o, auto& value) { o.stall_timeout = std::chrono::milliseconds(std::stoi(value)); }},
      {"--connect-ms", [](auto& o, auto& value) { o.connect_timeout = std::chrono::milliseconds(std::stoi(value)); }},
      {"--region", [](auto& o, auto& value) { o.region = value; }},
      {"--endpoint", [](auto& o, auto& value) { o.endpoint = value; }},
      {"--profile", [](auto& o, auto& value) { o.profile = value; }},
      {"--ca-file", [](auto& o, auto& value) { o.ca_file = value; }},
      {"--storage-class", [](auto& o, auto& value) { o.storage_class = value; }},
      {"--sse", [](auto& o, auto& value) { o.sse = value; }},
      {"--content-type", [](auto& o, auto& value) { o.content_type = value; }},
      {"--expected-bucket-owner", [](auto& o, auto& value) { o.expected_bucket_owner = value; }},
      {"--metadata", [](auto& o, auto& value) {
         const size_t equals = value.find('=');
         o.metadata[value.substr(0, equals)] = value.substr(equals + 1);
       }}};
  return options;
}

const std::map<std::string, bool S3Options::*>& flags() {
  static const std::map<std::string, bool S3Options::*> flags = {
      {"--if-none-match", &S3Options::if_none_match},
      {"--unsigned", &S3Options::unsigned_requests},
      {"--requester-pays", &S3Options::requester_pays},
      {"--force-path-style", &S3Options::force_path_style},
      {"--force-virtual-host", &S3Options::force_virtual_host}};
  return flags;
}

// Takes the options from the front of the words.
S3Options take_options(Words& words) {
  S3Options options;
  while (!words.empty() && words[0].starts_with("--")) {
    if (const auto flag = flags().find(words[0]); flag != flags().end()) {
      options.*flag->second = true;
      words.erase(words.begin());
    } else {
      options_with_values().at(words[0])(options, words.at(1));
      words.erase(words.begin(), words.begin() + 2);
    }
  }
  return options;
}

// -------------------------------------------------------------------------------------------------------------- files

void write_file(const std::string& path, std::span<const std::byte> bytes) {
  io::FileSink sink(path);
  sink.write(bytes);
  sink.commit();
}

std::vector<std::byte> read_file(const std::string& path) {
  const io::FileSource source(path);
  std::vector<std::byte> bytes(source.size());
  source.read(0, bytes);
  return bytes;
}

// A part of standard input as soon as there is any; empty at its end.
std::vector<std::byte> next_input(const std::stop_token& stop) {
  std::vector<std::byte> part(size_t{1} << 20);
  for (pollfd input{STDIN_FILENO, POLLIN, 0}; ::poll(&input, 1, 50) <= 0;) throw_if_stopped(stop);
  const ssize_t size = ::read(STDIN_FILENO, part.data(), part.size());
  part.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
  return part;
}

void pour(const std::string& path, io::Sink& sink, const std::stop_token& stop) {
  if (path != "-") return sink.write(read_file(path));
  for (auto part = next_input(stop); !part.empty(); part = next_input(stop)) sink.write(part);
}

// ---------------------------------------------------------------------------------------------------------- commands

// A checkpoint of about so many bytes, the same for the same seed.
Value some_checkpoint(uint64_t seed, int64_t size) {
  std::mt19937_64 dice(seed);
  Dict model(DictKind::ordered_dict);
  for (int64_t left = size / 4, index = 0; left > 0; ++index) {
    const int64_t count = std::min(left, std::max<int64_t>(1, size / 4 / (1 + static_cast<int64_t>(dice() % 7))));
    const Tensor tensor = empty({count}, {DType::int32});
    for (int64_t i = 0; i < count; ++i) tensor.data<int32_t>()[i] = static_cast<int32_t>(dice());
    model.set(fmt::format("layers.{}.weight", index), tensor);
    left -= count;
  }
  return Dict{{"model", model}, {"epoch", static_cast<int64_t>(seed)}};
}

void print_object(const S3Object& object) {
  std::cout << object.size << ' ' << object.etag << ' ' << object.checksum_crc32 << '\n';
  for (const auto& [name, value] : object.metadata) std::cout << name << '=' << value << '\n';
}

void print_listing(const S3Listing& listing) {
  for (const S3Object& object : listing.objects) std::cout << object.size << ' ' << object.key << '\n';
  for (const std::string& prefix : listing.prefixes) std::cout << "- " << prefix << '\n';
}

class Commands {
 public:
  explicit Commands(const S3Options& options) : client_(options), checkpoint_(options), stop_(options.stop) {
    s3::add_schemes(store_, options);
  }

  void run(const Words& words) {
    static const std::map<std::string, void (Commands::*)(const Words&)> commands = {
        {"put", &Commands::put},         {"get", &Commands::get},     {"stream", &Commands::stream},
        {"drop", &Commands::drop},       {"fetch", &Commands::fetch}, {"save", &Commands::save_one},
        {"load", &Commands::load_one},   {"ls", &Commands::list},     {"head", &Commands::head},
        {"cp", &Commands::copy},         {"rm", &Commands::remove},   {"presign", &Commands::presign},
        {"uploads", &Commands::uploads}, {"abort", &Commands::abort}, {"folder", &Commands::folder},
        {"names", &Commands::names},     {"read", &Commands::read}};
    (this->*commands.at(words.at(0)))(words);
  }

 private:
  void put(const Words& words) {  // s3://… FILE, with one request
    const S3Uri to = parse_s3_uri(words.at(1));
    client_.put_object(to.bucket, to.key, read_file(words.at(2)));
  }
  void get(const Words& words) {  // s3://… FILE, as a buffer
    const S3Uri from = parse_s3_uri(words.at(1));
    write_file(words.at(2), client_.get_object(from.bucket, from.key).bytes());
  }
  void stream(const Words& words) {  // s3://… FILE|-, through a writer
    auto writer = checkpoint_.writer(words.at(1));
    pour(words.at(2), writer, stop_);
    writer.commit();
  }
  void drop(const Words& words) {  // the same, and then the writer goes without commit()
    auto writer = checkpoint_.writer(words.at(1));
    pour(words.at(2), writer, stop_);
  }
  void fetch(const Words& words) {  // s3://… FILE, through a reader
    const auto source = checkpoint_.reader(words.at(1));
    std::vector<std::byte> bytes(source->size());
    source->read(0, bytes);
    write_file(words.at(2), bytes);
  }
  void read(const Words& words) {  // s3://… as fetch, into memory that is there, and prints how long it took
    const auto source = checkpoint_.reader(words.at(1));
    std::vector<std::byte> bytes(source->size());
    const auto begun = std::chrono::steady_clock::now();
    source->read(0, bytes);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    std::cout << fmt::format("{} bytes in {:.3f} s", bytes.size(), took.count()) << std::endl;
  }
  void save_one(const Words& words) {  // URI SEED SIZE: some checkpoint
    const auto sink = store_.create(words.at(1));
    save(some_checkpoint(std::stoull(words.at(2)), std::stoll(words.at(3))), *sink);
    sink->commit();
  }
  void load_one(const Words& words) {  // URI: prints what tells it from every other checkpoint
    Buffer again;
    save(load(store_.open(words.at(1))), again);
    std::cout << fmt::format("{} bytes, CRC-32 {:08x}\n", again.size(),
                             libdeflate_crc32(0, again.bytes().data(), again.size()));
  }
  void list(const Words& words) {  // s3://… [DELIMITER]
    const S3Uri where = parse_s3_uri(words.at(1));
    print_listing(client_.list_objects(where.bucket, where.key, words.size() > 2 ? words[2] : ""));
  }
  void head(const Words& words) {
    const S3Uri where = parse_s3_uri(words.at(1));
    print_object(client_.head_object(where.bucket, where.key));
  }
  void copy(const Words& words) {  // s3://… s3://…
    const S3Uri from = parse_s3_uri(words.at(1)), to = parse_s3_uri(words.at(2));
    client_.copy_object(from.bucket, from.key, to.bucket, to.key);
  }
  void remove(const Words& words) {
    const S3Uri where = parse_s3_uri(words.at(1));
    client_.delete_object(where.bucket, where.key);
  }
  void presign(const Words& words) {  // s3://… SECONDS [METHOD]
    const S3Uri where = parse_s3_uri(words.at(1));
    const std::chrono::seconds lapses_after(std::stoll(words.at(2)));
    std::cout << client_.presign(where.bucket, where.key, lapses_after, words.size() > 3 ? words[3] : "GET") << '\n';
  }
  void uploads(const Words& words) {
    const S3Uri where = parse_s3_uri(words.at(1));
    for (const S3Upload& upload : client_.list_uploads(where.bucket, where.key)) {
      std::cout << upload.upload_id << ' ' << upload.key << '\n';
    }
  }
  void abort(const Words& words) {  // s3://… ID
    const S3Uri where = parse_s3_uri(words.at(1));
    client_.abort_upload(where.bucket, {.key = where.key, .upload_id = words.at(2), .initiated = ""});
  }
  void folder(const Words& words) { std::cout << store_.is_folder(words.at(1)) << '\n'; }
  void names(const Words& words) {
    for (const std::string& name : store_.folder(words.at(1))->names()) std::cout << name << '\n';
  }

  S3Client client_;
  S3Checkpoint checkpoint_;
  store::Store store_;
  std::stop_token stop_;
};

// Ctrl-C asks for a stop. All threads leave the signal to the one that waits for it.
std::stop_token stopped_by_interrupt() {
  static std::stop_source source;
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_BLOCK, &interrupt, nullptr);
  std::thread([interrupt] {
    int signal = 0;
    sigwait(&interrupt, &signal);
    source.request_stop();
  }).detach();
  return source.get_token();
}

}  // namespace

int main(int count, char** arguments) {
  try {
    Words words(arguments + 1, arguments + count);
    S3Options options = take_options(words);
    options.stop = stopped_by_interrupt();
    Commands(options).run(words);
    return 0;
  } catch (const Error& error) {
    std::cerr << error.what() << '\n';
    return exit_status_of(error.kind());
  } catch (const std::exception& error) {
    std::cerr << "s3_driver: " << error.what() << '\n';
    return 64;
  }
}
