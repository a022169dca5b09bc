// kernels/linalg.h: LAPACK's factorisations, one matrix at a time. Matrices are stored by columns, as LAPACK has them,
// where nothing else is said; what is stored by rows is the transposed matrix stored by columns.
//
// Those that can fail give LAPACK's info: 0, or which pivot or minor was the first that would not do. T is float or
// double. Error(limit) for sides that LAPACK cannot count.
#pragma once

#include <cstdint>

namespace okibi::kernels {

// a (m, n) becomes its factors L and U; `pivots` (min(m, n)), counted from 1, are the rows that were exchanged.
template <class T>
int64_t lu_factor(int64_t m, int64_t n, T* a, int32_t* pivots);
// b (n, k) becomes the x of A·x = b.
template <class T>
void lu_solve(int64_t n, int64_t k, const T* lu, const int32_t* pivots, T* b);

// The triangle of a (n, n), stored by rows, becomes its factor; the other is left as it was.
template <class T>
int64_t cholesky(int64_t n, bool upper, T* a_by_rows);

// Of a symmetric a (n, n), stored by rows, of which one triangle is read: w (n) rising, and where wanted the vectors in
// place of a, one a row.
template <class T>
int64_t symmetric_eigen(int64_t n, bool upper, bool wants_vectors, T* a_by_rows, T* w);

// a (m, n), all stored by rows: a = u · s · vt with k = min(m, n), u (m, k) and vt (k, n), or (m, m) and (n, n) of the
// full ones. Without vectors u and vt may be null. What a holds is lost.
enum class SingularVectors : uint8_t { none, reduced, full };
template <class T>
int64_t svd(int64_t m, int64_t n, SingularVectors vectors, T* a_by_rows, T* u, T* s, T* vt);

// a (m, n) with r in its upper triangle and the reflectors below it; then, with `factors` (min(m, n)), the first
// `columns` of Q in place of those reflectors, for which a has room.
template <class T>
void qr(int64_t m, int64_t n, T* a, T* factors);
template <class T>
void qr_vectors(int64_t m, int64_t columns, int64_t reflectors, T* a, const T* factors);

// Both stored by rows. b (rows, columns) becomes the x of op(A)·x = b, or of x·op(A) = b where A stands on the right.
struct Triangle {
  bool left = true, upper = true, transposed = false, unit = false;
};
template <class T>
void solve_triangle(const Triangle& shape, int64_t rows, int64_t columns, const T* a, T* b);

}  // namespace okibi::kernels
