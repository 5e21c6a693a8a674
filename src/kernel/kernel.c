/* steepest._kernel: the pass over the rows of a chunk, compiled. `steepest/kernel.py` says what it is for.

   One function, `products`, for every instruction set that the machine has: it reads arrays through the
   buffer protocol, keeps no state, and lets other threads run. */

#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define LOOP(TYPE, N, FROM, STEP, TO)                                        \
    for (size_t i = 0; i < (N); i++) {                                       \
        TYPE number;                                                         \
        memcpy(&number, (FROM) + (ptrdiff_t)i * (ptrdiff_t)(STEP), sizeof number); \
        (TO)[i] = (double)number;                                            \
    }

static void read_numbers(const Part *part, const char *from, ptrdiff_t step, size_t n, double *to) {
    switch (part->kind * 16 + (int)part->size) {
        case 'f' * 16 + 8: LOOP(double, n, from, step, to) break;
        case 'f' * 16 + 4: LOOP(float, n, from, step, to) break;
        case 'i' * 16 + 8: LOOP(int64_t, n, from, step, to) break;
        case 'i' * 16 + 4: LOOP(int32_t, n, from, step, to) break;
        case 'i' * 16 + 2: LOOP(int16_t, n, from, step, to) break;
        case 'i' * 16 + 1: LOOP(int8_t, n, from, step, to) break;
        case 'u' * 16 + 8: LOOP(uint64_t, n, from, step, to) break;
        case 'u' * 16 + 4: LOOP(uint32_t, n, from, step, to) break;
        case 'u' * 16 + 2: LOOP(uint16_t, n, from, step, to) break;
        case 'u' * 16 + 1: LOOP(uint8_t, n, from, step, to) break;
    }
}

static void read_column(const Part *part, size_t column, size_t start, size_t rows, double *to) {
    const char *from = part->data + (ptrdiff_t)start * part->row + (ptrdiff_t)column * part->column;
    read_numbers(part, from, part->row, rows, to);
}

static void read_rows(const Part *part, size_t start, size_t rows, double *to) {
    for (size_t r = 0; r < rows; r++) {
        const char *from = part->data + (ptrdiff_t)(start + r) * part->row;
        read_numbers(part, from, (ptrdiff_t)part->size, part->columns, to + r * part->columns);
    }
}

/* Set the origin to the weighted mean of some rows, in runs spread over all of them. */
static void find_origin(const Pass *pass) {
    size_t runs = pass->rows > SAMPLED ? RUNS : 1, length = pass->rows / runs;
    size_t taken = (pass->rows < SAMPLED ? pass->rows : SAMPLED) / runs;
    double weight = 0, *origin = pass->origin, *x = pass->scratch;
    memset(origin, 0, 8 * pass->columns);
    for (size_t run = 0; run < runs; run++)
        for (size_t start = run * length, end = start + taken; start < end; start += STRIP) {
            size_t rows = end - start < STRIP ? end - start : STRIP;
            const double *w = pass->weights ? pass->weights + start : NULL;
            double *sum = origin;
            for (size_t r = 0; r < rows; r++) weight += w ? w[r] : 1;
            for (size_t i = 0; i < pass->count; sum += pass->parts[i++].columns) {
                const Part *part = pass->parts + i;
                int matrix = part->column == (ptrdiff_t)part->size;
                if (matrix) read_rows(part, start, rows, x);
                for (size_t j = 0; j < part->columns; j++) {
                    if (!matrix) read_column(part, j, start, rows, x);
                    for (size_t r = 0; r < rows; r++)
                        sum[j] += (w ? w[r] : 1) * x[matrix ? r * part->columns + j : r];
                }
            }
        }
    for (size_t j = 0; j < pass->columns; j++) {
        origin[j] /= weight;
        if (!isfinite(origin[j])) origin[j] = 0;
    }
}

/* List the lines of memory that hold the next block of rows, where numbers lie side by side and the cache has
   room for them. */
static size_t lines_of(const Pass *pass, size_t start) {
    size_t rows = pass->rows - start < BLOCK ? pass->rows - start : BLOCK, lines = 0;
    for (size_t i = 0; rows && pass->columns <= AHEAD && i < pass->count; i++) {
        const Part *part = pass->parts + i;
        ptrdiff_t size = (ptrdiff_t)part->size, width = size * (ptrdiff_t)part->columns;
        int matrix = part->column == size && part->row == width;
        if (!matrix && part->row != size) continue;
        const char *from = part->data + (ptrdiff_t)start * part->row;
        for (size_t j = 0; j < (matrix ? 1 : part->columns); j++, from += part->column)
            for (ptrdiff_t at = 0; at < (ptrdiff_t)rows * part->row; at += LINE) pass->lines[lines++] = from + at;
    }
    return lines;
}

#define LANES 2
#if defined(__aarch64__)
#define TILE 5
#else
#define TILE 3
#endif
#define TARGET
#define NAME(name) basic_##name
#include "tiles.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define LANES 4
#define TILE 3
#define LOWER _mm256_min_pd
#define HIGHER _mm256_max_pd
#define TARGET __attribute__((target("avx2,fma")))
#define NAME(name) avx2_##name
#include "tiles.h"

#define LANES 8
#define TILE 5
#define LOWER _mm512_min_pd
#define HIGHER _mm512_max_pd
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma")))
#define NAME(name) avx512_##name
#include "tiles.h"
#endif

static const struct {
    const char *name;
    int lanes;
    void (*pass)(const Pass *);
} TARGETS[] = {
    {"basic", 2, basic_pass},
#if defined(__x86_64__)
    {"avx2", 4, avx2_pass},
    {"avx512", 8, avx512_pass},
#endif
};

static int supported(size_t target) {
#if defined(__x86_64__)
    if (target == 1) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (target == 2) return __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
    return 1;
}

static int is_numbers(const Py_buffer *view, char kind) {
    const char *format = view->format ? view->format : "B";
    const char *known = kind == 'f' ? "fd" : kind == 'i' ? "bhilq" : "?BHILQ";
    return format[0] && !format[1] && strchr(known, format[0]);
}

/* Describe an array (rows,) or (rows, columns). */
static int describe(const Py_buffer *view, Part *part) {
    part->kind = is_numbers(view, 'f') ? 'f' : is_numbers(view, 'i') ? 'i' : 'u';
    if ((view->ndim != 1 && view->ndim != 2) || !is_numbers(view, part->kind)) {
        PyErr_Format(PyExc_TypeError, "expected columns of numbers, got %d dimensions of %s", view->ndim,
                     view->format ? view->format : "bytes");
        return 0;
    }
    part->data = view->buf;
    part->size = (size_t)view->itemsize;
    part->row = view->strides[0];
    part->columns = view->ndim == 2 ? (size_t)view->shape[1] : 1;
    part->column = view->ndim == 2 ? view->strides[1] : view->itemsize;
    if (part->columns == 1) part->column = view->itemsize;
    return 1;
}

/* Look at an array of doubles, side by side, of a given number of them. */
static double *doubles(PyObject *object, Py_buffer *view, size_t count, int written) {
    if (PyObject_GetBuffer(object, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (written ? PyBUF_WRITABLE : 0)))
        return NULL;
    if (view->itemsize == 8 && is_numbers(view, 'f') && (size_t)view->len == 8 * count) return view->buf;
    PyErr_Format(PyExc_ValueError, "expected %zu doubles, got %zd bytes", count, view->len);
    return NULL;
}

/* Run a pass with memory of its own. */
static int run(Pass *pass, size_t target, int provisional) {
    size_t k = pass->columns + 1, scratch = STRIP * pass->columns;
    char *buffer = malloc(8 * k * STRIDE + LINE);
    pass->scratch = malloc(8 * (scratch < BLOCK ? BLOCK : scratch));
    pass->lines = malloc(k * (BLOCK * 8 / LINE) * sizeof *pass->lines);
    int grouped = pass->rows > 2 * GROUP * BLOCK;
    pass->group = grouped ? calloc(k * k, 8) : NULL;
    int there = buffer && pass->scratch && pass->lines && (pass->group || !grouped);
    if (there) {
        pass->buffer = (double *)(((uintptr_t)buffer + LINE - 1) / LINE * LINE);
        Py_BEGIN_ALLOW_THREADS
        if (provisional) find_origin(pass);
        TARGETS[target].pass(pass);
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < i; j++) pass->total[i * k + j] = pass->total[j * k + i];
        Py_END_ALLOW_THREADS
    }
    free(buffer), free(pass->scratch), free(pass->lines), free(pass->group);
    return there;
}

PyDoc_STRVAR(products_doc,
    "products(target, parts, weights, unit, origin, provisional, total, least, most)\n--\n\n"
    "Add up the weighted products of rows about an origin, in units, and widen their range.\n\n"
    "If it is to be provisional, the origin is found first. Origin, total, least and most are written to.");

static PyObject *products(PyObject *module, PyObject *args) {
    PyObject *parts, *given[6]; /* weights, unit, origin, total, least, most */
    Py_ssize_t target;
    int provisional;
    (void)module;
    if (!PyArg_ParseTuple(args, "nO!OOOpOOO", &target, &PyTuple_Type, &parts, given, given + 1, given + 2,
                          &provisional, given + 3, given + 4, given + 5))
        return NULL;
    if (target < 0 || (size_t)target >= sizeof TARGETS / sizeof *TARGETS || !supported((size_t)target))
        return PyErr_Format(PyExc_ValueError, "no target %zd on this machine", target);
    size_t count = (size_t)PyTuple_Size(parts);
    Py_buffer *views = calloc(count + 6, sizeof *views), *others = views + count;
    Part *described = calloc(count + 1, sizeof *described);
    Pass pass = {.parts = described, .count = count};
    PyObject *result = NULL;
    if (!views || !described) {
        PyErr_NoMemory();
        goto done;
    }
    for (size_t i = 0; i < count; i++) {
        if (PyObject_GetBuffer(PyTuple_GetItem(parts, (Py_ssize_t)i), views + i, PyBUF_STRIDES | PyBUF_FORMAT) ||
            !describe(views + i, described + i))
            goto done;
        pass.columns += described[i].columns;
        if (i && (size_t)views[i].shape[0] != pass.rows) {
            PyErr_SetString(PyExc_ValueError, "parts differ in their rows");
            goto done;
        }
        pass.rows = (size_t)views[i].shape[0];
    }
    size_t k = pass.columns + 1;
    if ((given[0] != Py_None && !(pass.weights = doubles(given[0], others, pass.rows, 0))) ||
        (given[1] != Py_None && !(pass.unit = doubles(given[1], others + 1, pass.columns, 0))) ||
        !(pass.origin = doubles(given[2], others + 2, pass.columns, 1)) ||
        !(pass.total = doubles(given[3], others + 3, k * k, 1)) ||
        !(pass.least = doubles(given[4], others + 4, pass.columns, 1)) ||
        !(pass.most = doubles(given[5], others + 5, pass.columns, 1)))
        goto done;
    result = run(&pass, (size_t)target, provisional) ? Py_NewRef(Py_None) : PyErr_NoMemory();
done:
    for (size_t i = 0; views && i < count + 6; i++)
        if (views[i].obj) PyBuffer_Release(views + i);
    free(views), free(described);
    return result;
}

static PyMethodDef METHODS[] = {{"products", products, METH_VARARGS, products_doc}, {NULL, NULL, 0, NULL}};

/* Name the targets that this machine has, with their lanes, the widest one last. */
static int execute(PyObject *module) {
    PyObject *names = PyList_New(0);
#if defined(__x86_64__)
    __builtin_cpu_init();
#endif
    for (size_t i = 0; names && i < sizeof TARGETS / sizeof *TARGETS; i++) {
        PyObject *each = supported(i) ? Py_BuildValue("(si)", TARGETS[i].name, TARGETS[i].lanes) : NULL;
        if (each) PyList_Append(names, each);
        Py_XDECREF(each);
    }
    int failed = PyErr_Occurred() || PyModule_AddObjectRef(module, "TARGETS", names) ||
                 PyModule_AddIntConstant(module, "BLOCK", BLOCK) || PyModule_AddIntConstant(module, "GROUP", GROUP);
    Py_XDECREF(names);
    return failed ? -1 : 0;
}

static PyModuleDef_Slot SLOTS[] = {{Py_mod_exec, (void *)execute}, {0, NULL}};

static PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, "_kernel", "The pass over the rows of a chunk, compiled.", 0, METHODS, SLOTS, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModuleDef_Init(&MODULE); }
