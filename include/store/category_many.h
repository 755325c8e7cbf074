/* Several categories in one statement. */
#ifndef STORE_CATEGORY_MANY_H
#define STORE_CATEGORY_MANY_H

#include "domain/category.h"
#include "store/pg.h"

#include <stddef.h>

/* The categories with these ids (36 characters, lower case), each once, in the order of their ids; what does not exist is
 * left out. STATUS_OK or as pg_exec. */
MUST_CHECK enum status category_store_get_many(struct pg *pg, struct scope *scope, const struct text *ids, size_t count,
                                               struct record **categories, size_t *found);

#endif
