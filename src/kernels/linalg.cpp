#include "kernels/linalg.h"

#include <cblas.h>

#include <algorithm>
#include <climits>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <okibi/base.h>

// OpenBLAS holds LAPACK, whose Fortran functions no header of its BLAS declares. Behind the arguments stand the lengths
// of the texts among them.
extern "C" {
#define OKIBI_LAPACK(type, letter)                                                                                 \
  void letter##getrf_(const int*, const int*, type*, const int*, int*, int*);                                      \
  void letter##getrs_(const char*, const int*, const int*, const type*, const int*, const int*, type*, const int*, \
                      int*, size_t);                                                                               \
  void letter##potrf_(const char*, const int*, type*, const int*, int*, size_t);                                   \
  void letter##syevd_(const char*, const char*, const int*, type*, const int*, type*, type*, const int*, int*,     \
                      const int*, int*, size_t, size_t);                                                           \
  void letter##gesdd_(const char*, const int*, const int*, type*, const int*, type*, type*, const int*, type*,     \
                      const int*, type*, const int*, int*, int*, size_t);                                          \
  void letter##geqrf_(const int*, const int*, type*, const int*, type*, type*, const int*, int*);                  \
  void letter##orgqr_(const int*, const int*, const int*, type*, const int*, const type*, type*, const int*, int*);
OKIBI_LAPACK(float, s)
OKIBI_LAPACK(double, d)
#undef OKIBI_LAPACK
}

namespace okibi::kernels {
namespace {

// The function of T's precision, called.
#define OKIBI_CALL(T, name, ...)              \
  do {                                        \
    if constexpr (std::is_same_v<T, float>) { \
      s##name##_(__VA_ARGS__);                \
    } else {                                  \
      d##name##_(__VA_ARGS__);                \
    }                                         \
  } while (false)

int side(int64_t n) {
  if (n <= INT_MAX) return static_cast<int>(n);
  throw Error(ErrorKind::limit, "a side of the matrix is longer than LAPACK counts").found(std::to_string(n));
}
int leading(int64_t n) { return side(std::max<int64_t>(n, 1)); }

// Below 0 it is an argument that LAPACK refuses: the caller cannot help that.
int checked(int info, const char* name) {
  if (info >= 0) return info;
  throw Error(ErrorKind::internal, std::string("LAPACK refuses an argument of ") + name).found(std::to_string(-info));
}

// How much room LAPACK asked for; a float may have rounded it down.
template <class T>
int room(T asked) {
  return static_cast<int>(std::ceil(static_cast<double>(asked) * (1 + 4 * std::numeric_limits<T>::epsilon())));
}

}  // namespace

template <class T>
int64_t lu_factor(int64_t m, int64_t n, T* a, int32_t* pivots) {
  const int rows = side(m), columns = side(n), ld = leading(m);
  int info = 0;
  if (m > 0 && n > 0) OKIBI_CALL(T, getrf, &rows, &columns, a, &ld, pivots, &info);
  return checked(info, "getrf");
}

template <class T>
void lu_solve(int64_t n, int64_t k, const T* lu, const int32_t* pivots, T* b) {
  const int rows = side(n), columns = side(k), ld = leading(n);
  int info = 0;
  if (n > 0 && k > 0) OKIBI_CALL(T, getrs, "N", &rows, &columns, lu, &ld, pivots, b, &ld, &info, 1);
  checked(info, "getrs");
}

template <class T>
int64_t cholesky(int64_t n, bool upper, T* a) {
  const int rows = side(n), ld = leading(n);
  int info = 0;
  if (n > 0) OKIBI_CALL(T, potrf, upper ? "L" : "U", &rows, a, &ld, &info, 1);  // by columns it is the other triangle
  return checked(info, "potrf");
}

template <class T>
int64_t symmetric_eigen(int64_t n, bool upper, bool wants_vectors, T* a, T* w) {
  if (n == 0) return 0;
  const int rows = side(n), ld = leading(n), ask = -1;
  const char *job = wants_vectors ? "V" : "N", *triangle = upper ? "L" : "U";
  int info = 0, integers = 0;
  T asked = 0;
  OKIBI_CALL(T, syevd, job, triangle, &rows, a, &ld, w, &asked, &ask, &integers, &ask, &info, 1, 1);
  const int numbers = room(asked);
  std::vector<T> work(static_cast<size_t>(numbers));
  std::vector<int> integer_work(static_cast<size_t>(integers));
  OKIBI_CALL(T, syevd, job, triangle, &rows, a, &ld, w, work.data(), &numbers, integer_work.data(), &integers, &info, 1,
             1);
  return checked(info, "syevd");
}

// By columns the matrix is its transpose, (n, m) = v · s · uᵀ, and so are its results.
template <class T>
int64_t svd(int64_t m, int64_t n, SingularVectors vectors, T* a, T* u, T* s, T* vt) {
  const int64_t k = std::min(m, n);
  if (k == 0) return 0;
  const char* job = vectors == SingularVectors::none ? "N" : vectors == SingularVectors::full ? "A" : "S";
  const int rows = side(n), columns = side(m), ld = leading(n), ask = -1;
  const int ld_right = leading(vectors == SingularVectors::full ? m : k);
  T unused = 0, asked = 0;
  T *const left = vt ? vt : &unused, *const right = u ? u : &unused;
  std::vector<int> integer_work(static_cast<size_t>(8 * k));
  int info = 0;
  OKIBI_CALL(T, gesdd, job, &rows, &columns, a, &ld, s, left, &ld, right, &ld_right, &asked, &ask, integer_work.data(),
             &info, 1);
  const int numbers = room(asked);
  std::vector<T> work(static_cast<size_t>(numbers));
  OKIBI_CALL(T, gesdd, job, &rows, &columns, a, &ld, s, left, &ld, right, &ld_right, work.data(), &numbers,
             integer_work.data(), &info, 1);
  return checked(info, "gesdd");
}

template <class T>
void qr(int64_t m, int64_t n, T* a, T* factors) {
  if (m == 0 || n == 0) return;
  const int rows = side(m), columns = side(n), ld = leading(m), ask = -1;
  int info = 0;
  T asked = 0;
  OKIBI_CALL(T, geqrf, &rows, &columns, a, &ld, factors, &asked, &ask, &info);
  checked(info, "geqrf");
  const int numbers = room(asked);
  std::vector<T> work(static_cast<size_t>(numbers));
  OKIBI_CALL(T, geqrf, &rows, &columns, a, &ld, factors, work.data(), &numbers, &info);
  checked(info, "geqrf");
}

template <class T>
void qr_vectors(int64_t m, int64_t columns, int64_t reflectors, T* a, const T* factors) {
  if (m == 0 || columns == 0) return;
  const int rows = side(m), width = side(columns), count = side(reflectors), ld = leading(m), ask = -1;
  int info = 0;
  T asked = 0;
  OKIBI_CALL(T, orgqr, &rows, &width, &count, a, &ld, factors, &asked, &ask, &info);
  checked(info, "orgqr");
  const int numbers = room(asked);
  std::vector<T> work(static_cast<size_t>(numbers));
  OKIBI_CALL(T, orgqr, &rows, &width, &count, a, &ld, factors, work.data(), &numbers, &info);
  checked(info, "orgqr");
}

template <class T>
void solve_triangle(const Triangle& shape, int64_t rows, int64_t columns, const T* a, T* b) {
  if (rows == 0 || columns == 0) return;
  const int64_t n = shape.left ? rows : columns;
  const auto call = [&](auto trsm) {
    trsm(CblasRowMajor, shape.left ? CblasLeft : CblasRight, shape.upper ? CblasUpper : CblasLower,
         shape.transposed ? CblasTrans : CblasNoTrans, shape.unit ? CblasUnit : CblasNonUnit, side(rows), side(columns),
         T(1), a, side(n), b, side(columns));
  };
  if constexpr (std::is_same_v<T, float>) {
    call(cblas_strsm);
  } else {
    call(cblas_dtrsm);
  }
}

#define OKIBI_INSTANCES(T)                                                 \
  template int64_t lu_factor(int64_t, int64_t, T*, int32_t*);              \
  template void lu_solve(int64_t, int64_t, const T*, const int32_t*, T*);  \
  template int64_t cholesky(int64_t, bool, T*);                            \
  template int64_t symmetric_eigen(int64_t, bool, bool, T*, T*);           \
  template int64_t svd(int64_t, int64_t, SingularVectors, T*, T*, T*, T*); \
  template void qr(int64_t, int64_t, T*, T*);                              \
  template void qr_vectors(int64_t, int64_t, int64_t, T*, const T*);       \
  template void solve_triangle(const Triangle&, int64_t, int64_t, const T*, T*);
OKIBI_INSTANCES(float)
OKIBI_INSTANCES(double)
#undef OKIBI_INSTANCES

}  // namespace okibi::kernels
