// Usage: bare_s3. The least that moving an object over HTTP can cost: eight connections of libcurl, each a range of 8
// MiB at a time straight into one block of memory on huge pages, or a part of 8 MiB at a time out of it. Reads jobs
// from its input, "get URL BYTES", "put FILE CRC" (a file with one presigned URL a line, each for the next part, and
// the CRC-32 that the header of each shall say), and answers each with one line of JSON. "touch - BYTES" only writes so
// much memory and gives it back: a virtual machine's memory is slow when it is touched for the first time in a while.
#include <curl/curl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

static constexpr size_t piece = size_t{8} << 20;
static constexpr int connections = 8;

struct Cursor {
  char* at;
  size_t left;
};

static size_t take(char* from, size_t, size_t count, void* cursor) {
  auto* into = static_cast<Cursor*>(cursor);
  if (count > into->left) return 0;
  std::memcpy(into->at, from, count);
  into->at += count, into->left -= count;
  return count;
}
static size_t give(char* into, size_t, size_t room, void* cursor) {
  auto* from = static_cast<Cursor*>(cursor);
  const size_t count = std::min(room, from->left);
  std::memcpy(into, from->at, count);
  from->at += count, from->left -= count;
  return count;
}
static size_t drop(char*, size_t, size_t count, void*) { return count; }

static CURL* connection() {
  CURL* handle = curl_easy_init();
  curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 512L << 10);
  curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, 2L << 20);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
  return handle;
}
static void require(bool good) {
  if (good) return;
  std::cerr << "a request failed\n";
  std::exit(1);
}
static void get(CURL* handle, const std::string& url, char* block, size_t begin, size_t size) {
  Cursor into{block + begin, size};
  const std::string range = std::to_string(begin) + "-" + std::to_string(begin + size - 1);
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &into);
  curl_easy_setopt(handle, CURLOPT_RANGE, range.c_str());
  require(curl_easy_perform(handle) == CURLE_OK && into.left == 0);
}
static void put(CURL* handle, const std::string& url, const std::string& crc, char* block, size_t size) {
  Cursor from{block, size};
  curl_slist* headers = curl_slist_append(nullptr, ("x-amz-checksum-crc32: " + crc).c_str());
  headers = curl_slist_append(headers, "Expect:");
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, give);
  curl_easy_setopt(handle, CURLOPT_READDATA, &from);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, drop);
  curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(size));
  require(curl_easy_perform(handle) == CURLE_OK && from.left == 0);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, nullptr);
  curl_slist_free_all(headers);
}
template <class Work>
static void on_all_connections(size_t jobs, Work work) {
  std::atomic<size_t> next{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < connections; ++i) {
    threads.emplace_back([&] {
      CURL* handle = connection();
      for (size_t job = next++; job < jobs; job = next++) work(handle, job);
      curl_easy_cleanup(handle);
    });
  }
  for (std::thread& thread : threads) thread.join();
}
static char* huge_block(size_t length) {
  void* block = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  madvise(block, length, MADV_HUGEPAGE);
  return static_cast<char*>(block);
}
static std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

static double cpu_seconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + 1e-6 * time.tv_usec; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int main() {
  curl_global_init(CURL_GLOBAL_ALL);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string job, where;
    std::string more;  // BYTES or CRC
    words >> job >> where >> more;
    const auto urls = job == "put" ? lines_of(where) : std::vector<std::string>();
    const size_t length = job == "put" ? urls.size() * piece : std::stoull(more);
    char* block = nullptr;
    if (job != "get") std::memset(block = huge_block(length), 7, length);
    const double cpu = cpu_seconds();
    const auto start = std::chrono::steady_clock::now();
    if (job == "get") {
      block = huge_block(length);
      on_all_connections((length + piece - 1) / piece, [&](CURL* handle, size_t i) {
        get(handle, where, block, i * piece, std::min(piece, length - i * piece));
      });
    } else if (job == "put") {
      on_all_connections(urls.size(),
                         [&](CURL* handle, size_t i) { put(handle, urls[i], more, block + i * piece, piece); });
    }
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    std::cout << "{\"seconds\": " << passed.count() << ", \"cpu\": " << cpu_seconds() - cpu << "}" << std::endl;
    munmap(block, length);
  }
}
