/* What a pass over some rows is asked for, and how it is cut. */

#ifndef STEEPEST_KERNEL_H
#define STEEPEST_KERNEL_H

#include <stddef.h>
#include <stdint.h>

enum {
    BLOCK = 512,        /* rows that are added up at a time */
    STRIDE = BLOCK + 8, /* numbers from one column of the buffer to the next, not on the same lines of the cache */
    STRIP = 64,         /* rows of a matrix that are read at a time */
    GROUP = 64,         /* blocks that are added up before they are added to the total */
    LINE = 64,          /* bytes that are fetched from memory at once */
    AHEAD = 128,        /* columns of which the cache holds the next block beside this one */
    SAMPLED = 2048,     /* rows, in so many runs, whose mean is a provisional origin */
    RUNS = 32
};

typedef struct { /* columns of one type, side by side in memory, or apart */
    const char *data;
    ptrdiff_t row, column; /* bytes from one row, or column, to the next */
    size_t columns, size;  /* size of a number in bytes */
    char kind;             /* 'f', 'i' or 'u' */
} Part;

typedef struct {
    const Part *parts;
    size_t count, rows, columns; /* columns of all parts */
    const double *weights;       /* (rows,) or NULL */
    const double *unit;          /* (columns,) or NULL */
    double *origin;              /* (columns,) */
    double *total;               /* (columns + 1, columns + 1), symmetric in the end */
    double *least, *most;        /* (columns,) */
    double *buffer;              /* (columns + 1, STRIDE), aligned to LINE bytes */
    double *scratch;             /* (STRIP, columns) or (BLOCK,), the larger one */
    double *group;               /* like total, zeros; NULL if there are few blocks */
    const char **lines;          /* room for the lines of memory that a block can take */
} Pass;

#endif
