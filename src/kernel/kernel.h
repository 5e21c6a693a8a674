/* What a pass over some rows is asked for, and how it is cut. */

#ifndef STEEPEST_KERNEL_H
#define STEEPEST_KERNEL_H

#include <stddef.h>
#include <stdint.h>

enum { BLOCK = 512, STRIDE = BLOCK + 8, STRIP = 64, GROUP = 64, LINE = 64, SAMPLED = 2048, RUNS = 32 };
/* Rows are added up BLOCK at a time; a column of the buffer is STRIDE numbers apart from the next, so that
   columns do not compete for the same lines of the cache. Matrices are cut into strips of STRIP rows. GROUP
   blocks are added up before they are added to the total. LINE bytes are fetched from memory at once. A provisional
   origin is the mean of SAMPLED rows, in RUNS runs. */

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

void read_column(const Part *part, size_t column, size_t start, size_t rows, double *to);
void read_rows(const Part *part, size_t start, size_t rows, double *to);
size_t lines_of(const Pass *pass, size_t start);

#endif
