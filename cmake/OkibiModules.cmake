# The modules and the libraries they make. Which module may include which: cmake/levels.txt, checked by
# tests/check_levels.py and printed in ARCHITECTURE.md.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt 9 CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(FastFloat CONFIG REQUIRED)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
find_package(CURL REQUIRED)
find_package(pugixml CONFIG REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(hwy CONFIG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenBLAS CONFIG REQUIRED)
pkg_check_modules(libdeflate REQUIRED IMPORTED_TARGET libdeflate)

# okibi_checkpoint: load and save. Its own I/O threads, never OpenMP; no BLAS, no curl: it starts in a millisecond.
okibi_module(base LIBRARIES fmt::fmt Threads::Threads)
target_compile_definitions(module_base PRIVATE OKIBI_VERSION="${PROJECT_VERSION}")
okibi_module(io LIBRARIES fmt::fmt)
okibi_module(pickle LIBRARIES fmt::fmt)
okibi_module(tensor SMALL *print*.cpp *text.cpp literal.cpp numpy.cpp state_dict.cpp invariants.cpp nested.cpp LIBRARIES fmt::fmt)
okibi_module(zip LIBRARIES fmt::fmt PkgConfig::libdeflate ZLIB::ZLIB)
okibi_module(store SMALL *.cpp LIBRARIES fmt::fmt PkgConfig::libdeflate)
okibi_module(checkpoint SMALL formats/*.cpp streamed_storages.cpp elements.cpp save.cpp archive.cpp pickled/rebuild_*.cpp LIBRARIES fmt::fmt PkgConfig::libdeflate ZLIB::ZLIB nlohmann_json::nlohmann_json Threads::Threads)
okibi_module(inspect SMALL *.cpp LIBRARIES fmt::fmt nlohmann_json::nlohmann_json OpenSSL::Crypto PkgConfig::libdeflate ZLIB::ZLIB)
okibi_library(okibi_checkpoint MODULES base io pickle tensor zip store checkpoint inspect)

# okibi_s3: object storage. `store` opens it at the first s3:// or https:// URI.
okibi_module(s3 LIBRARIES fmt::fmt nlohmann_json::nlohmann_json CURL::libcurl pugixml::pugixml OpenSSL::Crypto PkgConfig::libdeflate ZLIB::ZLIB)
okibi_library(okibi_s3 MODULES s3 LIBRARIES okibi_checkpoint)

# okibi: everything that computes.
add_library(openblas INTERFACE)
target_include_directories(openblas INTERFACE ${OpenBLAS_INCLUDE_DIRS})
target_link_libraries(openblas INTERFACE ${OpenBLAS_LIBRARIES})
okibi_module(kernels LIBRARIES fmt::fmt OpenMP::OpenMP_CXX hwy::hwy openblas)
okibi_module(ops LIBRARIES fmt::fmt)
okibi_module(nn LIBRARIES fmt::fmt)
okibi_module(optim LIBRARIES fmt::fmt)
okibi_module(model LIBRARIES fmt::fmt)
okibi_module(script LIBRARIES fmt::fmt)
okibi_module(tabular LIBRARIES fmt::fmt FastFloat::fast_float PkgConfig::libdeflate)
okibi_library(okibi MODULES kernels ops nn optim model script tabular LIBRARIES okibi_checkpoint)
