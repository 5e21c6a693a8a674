/* The pass over the rows, for one width of vectors: included once for each, with LANES, TILE, TARGET and
   NAME, and LOWER and HIGHER, which compare vectors lane by lane.

   A block of rows is shifted to the origin, into a buffer that holds every column side by side; the products
   of the columns are then added up in tiles of TILE by TILE columns, whose sums, LANES of each, stay in
   registers. While that lasts, the next block is fetched from memory. */

#define VECTOR NAME(vector)
#define PANEL (24 * TILE) /* columns whose part of a block stays in the cache */
#define WHOLE ((TILE * TILE + LANES - 1) / LANES * LANES)

typedef double VECTOR __attribute__((vector_size(8 * LANES)));
typedef double NAME(anywhere) __attribute__((vector_size(8 * LANES), aligned(1), may_alias));
typedef int64_t NAME(mask) __attribute__((vector_size(8 * LANES)));

#define INLINE TARGET static inline __attribute__((always_inline))
#define AT(address) (*(NAME(anywhere) *)(address))
#define SHUFFLED __builtin_shufflevector
#define FROM(address) ((VECTOR) * (const NAME(anywhere) *)(address))

#ifndef LOWER
INLINE VECTOR NAME(chosen)(NAME(mask) which, VECTOR a, VECTOR b) {
    return (VECTOR)(((NAME(mask))a & which) | ((NAME(mask))b & ~which));
}
#define LOWER(a, b) NAME(chosen)((a) < (b), a, b)
#define HIGHER(a, b) NAME(chosen)((a) > (b), a, b)
#endif

/* Transpose LANES vectors. */
INLINE void NAME(transpose)(VECTOR *v) {
#if LANES == 2
    VECTOR a = SHUFFLED(v[0], v[1], 0, 2), b = SHUFFLED(v[0], v[1], 1, 3);
    v[0] = a, v[1] = b;
#elif LANES == 4
    VECTOR t[4];
    for (int i = 0; i < 4; i += 2) {
        t[i] = SHUFFLED(v[i], v[i + 1], 0, 4, 2, 6);
        t[i + 1] = SHUFFLED(v[i], v[i + 1], 1, 5, 3, 7);
    }
    for (int i = 0; i < 2; i++) {
        v[i] = SHUFFLED(t[i], t[i + 2], 0, 1, 4, 5);
        v[i + 2] = SHUFFLED(t[i], t[i + 2], 2, 3, 6, 7);
    }
#else
    VECTOR t[8], u[8];
    for (int i = 0; i < 8; i += 2) {
        t[i] = SHUFFLED(v[i], v[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        t[i + 1] = SHUFFLED(v[i], v[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (int i = 0; i < 8; i += i % 4 ? 3 : 1) {
        u[i] = SHUFFLED(t[i], t[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        u[i + 2] = SHUFFLED(t[i], t[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    for (int i = 0; i < 4; i++) {
        v[i] = SHUFFLED(u[i], u[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        v[i + 4] = SHUFFLED(u[i], u[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
#endif
}

/* Add up the numbers of each of LANES vectors. */
INLINE VECTOR NAME(sums)(const VECTOR *v) {
#if LANES == 2
    return SHUFFLED(v[0], v[1], 0, 2) + SHUFFLED(v[0], v[1], 1, 3);
#elif LANES == 4
    VECTOR t[2];
    for (int i = 0; i < 2; i++)
        t[i] = SHUFFLED(v[2 * i], v[2 * i + 1], 0, 4, 2, 6) + SHUFFLED(v[2 * i], v[2 * i + 1], 1, 5, 3, 7);
    return SHUFFLED(t[0], t[1], 0, 1, 4, 5) + SHUFFLED(t[0], t[1], 2, 3, 6, 7);
#else
    VECTOR t[4], u[2];
    for (int i = 0; i < 4; i++)
        t[i] = SHUFFLED(v[2 * i], v[2 * i + 1], 0, 8, 2, 10, 4, 12, 6, 14) +
               SHUFFLED(v[2 * i], v[2 * i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    for (int i = 0; i < 2; i++)
        u[i] = SHUFFLED(t[2 * i], t[2 * i + 1], 0, 1, 8, 9, 4, 5, 12, 13) +
               SHUFFLED(t[2 * i], t[2 * i + 1], 2, 3, 10, 11, 6, 7, 14, 15);
    return SHUFFLED(u[0], u[1], 0, 1, 2, 3, 8, 9, 10, 11) + SHUFFLED(u[0], u[1], 4, 5, 6, 7, 12, 13, 14, 15);
#endif
}

/* Shift a column, numbers side by side, into the buffer, and widen its range. */
TARGET static void NAME(column)(const char *x, size_t rows, double origin, double *z, double *least, double *most) {
    VECTOR low = *least - (VECTOR){0}, high = *most - (VECTOR){0};
    size_t r = 0;
    for (; r + LANES <= rows; r += LANES) {
        VECTOR v = FROM(x + 8 * r);
        low = LOWER(v, low);
        high = HIGHER(v, high);
        AT(z + r) = v - origin;
    }
    for (int i = 0; i < LANES; i++) {
        if (low[i] < *least) *least = low[i];
        if (high[i] > *most) *most = high[i];
    }
    for (; r < rows; r++) {
        double v;
        memcpy(&v, x + 8 * r, sizeof v);
        if (v < *least) *least = v;
        if (v > *most) *most = v;
        z[r] = v - origin;
    }
}

/* Shift a strip of at least LANES columns, rows side by side, into the buffer, and widen their ranges. */
TARGET static void NAME(strip)(const char *x, ptrdiff_t row, size_t rows, size_t columns, const double *origin,
                               double *z, double *least, double *most) {
    for (size_t last = columns - LANES, j = 0;; j = j + LANES < last ? j + LANES : last) {
        VECTOR shift = FROM(origin + j), low = FROM(least + j), high = FROM(most + j), v[LANES];
        for (size_t r = 0; r < rows; r += LANES) {
            size_t there = rows - r < LANES ? rows - r : LANES;
            for (size_t i = 0; i < LANES; i++) {
                v[i] = FROM(x + (ptrdiff_t)(r + (i < there ? i : 0)) * row + 8 * j);
                low = LOWER(v[i], low);
                high = HIGHER(v[i], high);
                v[i] -= shift;
            }
            NAME(transpose)(v);
            for (int i = 0; i < LANES; i++) AT(z + (j + i) * STRIDE + r) = v[i];
        }
        AT(least + j) = low, AT(most + j) = high;
        if (j == last) return;
    }
}

/* Fill the buffer with a part of some rows about the origin; its first column in the buffer is z. */
TARGET static void NAME(shifted)(const Pass *pass, const Part *part, size_t left, size_t start, size_t rows) {
    double *z = pass->buffer + (left + 1) * STRIDE, *least = pass->least + left, *most = pass->most + left;
    const double *origin = pass->origin + left;
    int numbers = part->kind == 'f' && part->size == 8;
    if (part->column != (ptrdiff_t)part->size || part->columns < LANES) {
        for (size_t j = 0; j < part->columns; j++) {
            const char *x = part->data + (ptrdiff_t)start * part->row + (ptrdiff_t)j * part->column;
            if (!numbers || part->row != 8) {
                read_column(part, j, start, rows, pass->scratch);
                x = (const char *)pass->scratch;
            }
            NAME(column)(x, rows, origin[j], z + j * STRIDE, least + j, most + j);
        }
        return;
    }
    for (size_t r = 0; r < rows; r += STRIP) {
        size_t some = rows - r < STRIP ? rows - r : STRIP;
        const char *x = part->data + (ptrdiff_t)(start + r) * part->row;
        ptrdiff_t row = part->row;
        if (!numbers) {
            read_rows(part, start + r, some, pass->scratch);
            x = (const char *)pass->scratch, row = 8 * (ptrdiff_t)part->columns;
        }
        NAME(strip)(x, row, some, part->columns, origin, z + r, least, most);
    }
}

/* Fill the buffer with weighted rows in their units, and with zeros up to a whole number of vectors; return
   that. */
TARGET static size_t NAME(filled)(const Pass *pass, size_t start, size_t rows) {
    size_t left = 0, whole = (rows + LANES - 1) / LANES * LANES;
    double *z = pass->buffer;
    for (size_t r = 0; r < rows; r++) z[r] = pass->weights ? __builtin_sqrt(pass->weights[start + r]) : 1;
    for (size_t i = 0; i < pass->count; left += pass->parts[i++].columns)
        NAME(shifted)(pass, pass->parts + i, left, start, rows);
    for (size_t j = 0; j <= pass->columns; j++) {
        double *column = z + j * STRIDE;
        for (size_t r = rows; r < whole; r++) column[r] = 0;
        if (!j) continue;
        for (size_t r = 0; r < whole && pass->unit; r += LANES) AT(column + r) /= pass->unit[j - 1];
        for (size_t r = 0; r < whole && pass->weights; r += LANES) AT(column + r) *= FROM(z + r);
    }
    return whole;
}

/* Add the products of some columns with others or, on the diagonal, among themselves; fetch lines meanwhile,
   some with every vector of rows. */
INLINE void NAME(tile)(int a, int b, int diagonal, const double *x, const double *y, size_t rows, double *to,
                       size_t k, const char *const *line, size_t some) {
    VECTOR sums[TILE][TILE], flat[WHOLE];
    double added[WHOLE];
    for (int i = 0; i < a; i++)
        for (int j = 0; j < b; j++) sums[i][j] = (VECTOR){0};
    for (size_t r = 0; r < rows; r += LANES) {
        VECTOR u[TILE];
        for (size_t i = 0; i < some; i++) __builtin_prefetch(*line++, 0, 2);
        for (int i = 0; i < a; i++) u[i] = FROM(x + i * STRIDE + r);
        for (int j = 0; j < b; j++) {
            VECTOR v = diagonal ? u[j] : FROM(y + j * STRIDE + r);
            for (int i = 0; i < a; i++)
                if (!diagonal || i <= j) sums[i][j] += u[i] * v;
        }
    }
#pragma GCC unroll 32
    for (int i = 0; i < WHOLE; i++) flat[i] = i < a * b ? sums[i / b][i % b] : (VECTOR){0};
    for (int i = 0; i < a * b; i += LANES) AT(added + i) = NAME(sums)(flat + i);
    for (int i = 0; i < a; i++)
        for (int j = 0; j < b; j++)
            if (!diagonal || i <= j) to[(size_t)i * k + j] += added[i * b + j];
}

TARGET static void NAME(any_tile)(int a, int b, int diagonal, const double *x, const double *y, size_t rows,
                                  double *to, size_t k, const char *const *line, size_t some) {
#define ALONE(A) case 8 * A: NAME(tile)(A, A, 1, x, y, rows, to, k, line, some); return;
#define PAIR(A, B) case 8 * A + B: NAME(tile)(A, B, 0, x, y, rows, to, k, line, some); return;
    switch (8 * a + (diagonal ? 0 : b)) {
        ALONE(1) ALONE(2) ALONE(3)
        PAIR(1, 1) PAIR(1, 2) PAIR(1, 3) PAIR(2, 1) PAIR(2, 2) PAIR(2, 3) PAIR(3, 1) PAIR(3, 2) PAIR(3, 3)
#if TILE == 5
        ALONE(4) ALONE(5)
        PAIR(1, 4) PAIR(1, 5) PAIR(2, 4) PAIR(2, 5) PAIR(3, 4) PAIR(3, 5)
        PAIR(4, 1) PAIR(4, 2) PAIR(4, 3) PAIR(4, 4) PAIR(4, 5)
        PAIR(5, 1) PAIR(5, 2) PAIR(5, 3) PAIR(5, 4) PAIR(5, 5)
#endif
    }
#undef ALONE
#undef PAIR
}

/* Add the products of all columns of rows in the buffer; fetch lines of memory meanwhile. */
TARGET static void NAME(products)(const double *z, size_t k, size_t rows, double *to, const char *const *line,
                                  size_t lines) {
#define LEAST(a, b) ((a) < (b) ? (a) : (b))
    size_t across = (k + TILE - 1) / TILE, steps = across * (across + 1) / 2 * (rows / LANES);
    size_t some = (lines + steps - 1) / steps, each = some * (rows / LANES);
    const char *const *end = line + lines;
    for (size_t above = 0; above < k; above += PANEL)
        for (size_t beside = above; beside < k; beside += PANEL)
            for (size_t i = above; i < LEAST(above + PANEL, k); i += TILE)
                for (size_t j = above == beside ? i : beside; j < LEAST(beside + PANEL, k); j += TILE) {
                    if ((size_t)(end - line) < each) some = each = 0;
                    NAME(any_tile)((int)LEAST(TILE, k - i), (int)LEAST(TILE, k - j), i == j, z + i * STRIDE,
                                   z + j * STRIDE, rows, to + i * k + j, k, line, some);
                    line += each;
                }
#undef LEAST
}

TARGET static void NAME(pass)(const Pass *pass) {
    size_t k = pass->columns + 1, blocks = 0;
    for (size_t start = 0; start < pass->rows; start += BLOCK) {
        size_t rows = pass->rows - start < BLOCK ? pass->rows - start : BLOCK;
        size_t whole = NAME(filled)(pass, start, rows);
        double *to = pass->group ? pass->group : pass->total;
        NAME(products)(pass->buffer, k, whole, to, pass->lines, lines_of(pass, start + rows));
        if (pass->group && (++blocks % GROUP == 0 || start + rows == pass->rows))
            for (size_t i = 0; i < k * k; i++) pass->total[i] += pass->group[i], pass->group[i] = 0;
    }
}

#undef VECTOR
#undef PANEL
#undef WHOLE
#undef LOWER
#undef HIGHER
#undef SHUFFLED
#undef INLINE
#undef AT
#undef FROM
#undef LANES
#undef TILE
#undef TARGET
#undef NAME
