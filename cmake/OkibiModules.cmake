# The modules and the libraries they make. Which module may include which: cmake/levels.txt, checked by
# tests/check_levels.py and printed in ARCHITECTURE.md.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt 9 CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(FastFloat CONFIG REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(hwy CONFIG REQUIRED)
find_package(OpenBLAS CONFIG REQUIRED)
pkg_check_modules(libdeflate REQUIRED IMPORTED_TARGET libdeflate)

# okibi_checkpoint: load and save. Its own I/O threads, never OpenMP; no BLAS, no curl: it starts in a millisecond.
okibi_module(base LIBRARIES fmt::fmt Threads::Threads)
okibi_module(io LIBRARIES fmt::fmt)
okibi_module(pickle LIBRARIES fmt::fmt)
okibi_module(tensor LIBRARIES fmt::fmt)
okibi_module(zip LIBRARIES fmt::fmt PkgConfig::libdeflate)
okibi_module(store LIBRARIES fmt::fmt)
okibi_module(checkpoint LIBRARIES fmt::fmt Threads::Threads)
okibi_module(inspect LIBRARIES fmt::fmt nlohmann_json::nlohmann_json)
okibi_library(okibi_checkpoint MODULES base io pickle tensor zip store checkpoint inspect)

# okibi: everything that computes.
add_library(openblas INTERFACE)
target_include_directories(openblas INTERFACE ${OpenBLAS_INCLUDE_DIRS})
target_link_libraries(openblas INTERFACE ${OpenBLAS_LIBRARIES})
okibi_module(kernels LIBRARIES fmt::fmt OpenMP::OpenMP_CXX hwy::hwy openblas)
okibi_module(ops LIBRARIES fmt::fmt)
okibi_module(nn LIBRARIES fmt::fmt)
okibi_module(optim LIBRARIES fmt::fmt)
okibi_module(model LIBRARIES fmt::fmt)
okibi_module(tabular LIBRARIES fmt::fmt FastFloat::fast_float)
okibi_library(okibi MODULES kernels ops nn optim model tabular LIBRARIES okibi_checkpoint)
