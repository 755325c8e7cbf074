/* The statements about where the shared cells of a database are (cache/cells.h). */
#ifndef STORE_CELLS_STORE_H
#define STORE_CELLS_STORE_H

#include "store/pg.h"

struct cells_place {
    struct text boot;   /* what tells this run of the machine from others */
    struct text host;   /* its name */
    struct text folder; /* what tells the folder from others; "" where there is none that can be used */
    struct text path;
};

/* For who answers by these cells: notes that they are the ones. *before is where they were noted to be until now; its path
 * is absent where that was here, or nowhere. Writes nothing where nothing changes. */
MUST_CHECK enum status cells_store_announce(struct pg *pg, struct scope *scope, const struct cells_place *place,
                                            struct cells_place *before);

/* For who only writes: STATUS_CONFLICT where those of the database are noted to be elsewhere, which *elsewhere then tells.
 * The same machine, started anew since, is here: what was there is gone. */
MUST_CHECK enum status cells_store_compare(struct pg *pg, struct scope *scope, const struct cells_place *place,
                                           struct cells_place *elsewhere);

/* STATUS_NOT_FOUND where no pool has noted any. */
MUST_CHECK enum status cells_store_noted(struct pg *pg, struct scope *scope);

#endif
