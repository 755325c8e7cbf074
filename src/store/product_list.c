/* A page of a list: which source of rows answers, and what came back. */
#include "store/product_list.h"

#include "product_list_source.h"
#include "row.h"

/* Pages up to this many rows are read whole, which is some microseconds quicker for them. Larger ones are read row by
 * row, so that however large the products are a worker never holds much more than PAGE_BYTES_MAX of a page. */
#define WHOLE_PAGE_MAX 50
#define PAGE_BYTES_MAX ((size_t)8 << 20)

/* Larger pages are not to be expected of a glance. */
#define GLANCE_PAGE_MAX 100

#define SORTED_TRIES_MAX 2

/* --- what came back --- */

static size_t bytes_of(const struct record *product)
{
    size_t bytes = 0;
    for (size_t i = 0; i < PRODUCT_FIELD_COUNT; i++) {
        bytes += product->value[i].length;
    }
    return bytes;
}

/* How many of the rows make the page: at least one, at most limit, and less than PAGE_BYTES_MAX. */
static size_t page_rows(const struct record *products, size_t rows, size_t limit)
{
    size_t taken = 0;
    rows = rows < limit ? rows : limit;
    for (size_t bytes = 0; taken < rows; taken++) {
        bytes += bytes_of(&products[taken]);
        if (bytes >= PAGE_BYTES_MAX && taken > 0) {
            break;
        }
    }
    return taken;
}

static bool is_stop(const struct list_statement *statement, const struct pg_result *result, size_t row,
                    size_t key_column)
{
    const size_t column = key_column >= PRODUCT_FIELD_COUNT ? key_column + 1 : PRODUCT_FIELD_COUNT;
    return statement->has_stop && pg_is_true(result, row, column);
}

/* Timestamps are as row_read makes them, so that the place of a row is found in its record where it stands there. */
static struct product_place place_of(const struct pg_result *result, size_t row, size_t key_column,
                                     const struct record *product)
{
    return (struct product_place){
        .key = key_column < PRODUCT_FIELD_COUNT ? product->value[key_column] : pg_value(result, row, key_column),
        .id = product->value[PRODUCT_ID],
    };
}

static void reverse(struct record *products, size_t count)
{
    for (size_t i = 0; i + 1 < count - i; i++) {
        const struct record kept = products[i];
        products[i] = products[count - 1 - i];
        products[count - 1 - i] = kept;
    }
}

/* What a page is made of: rows of the result, the last of which may tell where the scan stopped. *short_page: it did before
 * the page was full. */
static enum status take_page(struct scope *scope, const struct product_query *query,
                             const struct list_statement *statement, const struct pg_result *result, bool full,
                             struct product_list *list, bool *short_page)
{
    const size_t key_column = list_key_column(query->sort);
    size_t rows = pg_rows(result);
    const bool stopped = rows > 0 && is_stop(statement, result, rows - 1, key_column);
    struct record *products = NULL;
    enum status status = row_read_all(scope->arena, &product_schema, result, rows, &products);

    if (status != STATUS_OK) {
        return status;
    }
    rows -= stopped;
    list->products = products;
    list->count = page_rows(products, rows, query->limit);
    const bool cut = list->count < rows || (full && !stopped);
    list->more = cut || stopped;
    *short_page = stopped && !cut;
    if (list->count > 0) {
        list->first = place_of(result, 0, key_column, &products[0]);
        list->last = place_of(result, list->count - 1, key_column, &products[list->count - 1]);
    }
    if (list->more) {
        list->beyond = cut ? list->last : place_of(result, rows, key_column, &products[rows]);
    }
    if (list_backward(query)) {
        const struct product_place kept = list->first;
        list->first = list->last;
        list->last = kept;
        reverse(products, list->count);
    }
    return STATUS_OK;
}

static enum status read_page(struct pg *pg, struct scope *scope, const struct list_request *request,
                             enum list_source source, enum list_ask ask, struct product_list *list, bool *short_page)
{
    const struct product_query *query = request->query;
    struct list_statement statement;
    struct pg_result *result = NULL;
    bool full = false;

    list_statement_make(&statement, request, source, ask, scope->arena);
    enum status status =
        query->limit <= WHOLE_PAGE_MAX
            ? pg_exec(pg, scope, statement.name, statement.sql, true, statement.values, statement.count, &result)
            : pg_read_bounded(pg, scope, statement.name, statement.sql, PAGE_BYTES_MAX, statement.values,
                              statement.count, 0, &result, &full);
    return status == STATUS_OK ? take_page(scope, query, &statement, result, full, list, short_page) : status;
}

/* --- from which source --- */

/* What a scan did not come upon may be so rare that all of it can be sorted. *sorted tells whether it was. Of a table that has
 * no statistics yet the guesses are wrong, so that another filter is tried where the first one takes more than it should. */
static enum status read_sorted(struct pg *pg, struct scope *scope, const struct list_request *request,
                               struct product_list *list, bool *sorted)
{
    struct product_list read = {0};
    enum list_source source = LIST_SCAN;
    uint32_t tried = 0;
    uint64_t rows = 0;
    enum status status = STATUS_OK;

    *sorted = false;
    for (unsigned i = 0; i < SORTED_TRIES_MAX && status == STATUS_OK && !*sorted && rows <= LIST_SORTED_GUESS_MAX;
         i++) {
        bool too_many = false;

        status = list_choose_sorted(pg, scope, request, tried, &source, &rows);
        if (status == STATUS_OK && rows <= LIST_SORTED_GUESS_MAX) {
            tried |= UINT32_C(1) << source;
            status = read_page(pg, scope, request, source, LIST_SORTED, &read, &too_many);
            *sorted = status == STATUS_OK && !too_many;
        }
    }
    if (*sorted) {
        *list = read;
    }
    return status;
}

/* True where a scan will fill the page within its bound, if it goes on as the glance at its beginning promises. */
static bool is_promising(const struct product_query *query, const struct product_list *glance)
{
    return (uint64_t)LIST_GLANCE_MAX * query->limit <= (uint64_t)LIST_SCAN_MAX * glance->count;
}

/* A page in an order that an index has: from a glance at its next rows; else from as many rows as one statement may look at,
 * where that promises more, or from all that one filter takes, sorted. Where it is neither full nor sorted it is short. */
static enum status read_ordered(struct pg *pg, struct scope *scope, const struct list_request *request,
                                enum list_source source, struct product_list *list)
{
    const bool glance = request->query->limit <= GLANCE_PAGE_MAX;
    bool walked = !glance;
    bool short_page = false;
    bool sorted = false;
    enum status status = read_page(pg, scope, request, source, glance ? LIST_GLANCE : LIST_PAGE, list, &short_page);

    if (status == STATUS_OK && short_page && glance && is_promising(request->query, list)) {
        walked = true;
        status = read_page(pg, scope, request, source, LIST_PAGE, list, &short_page);
    }
    if (status == STATUS_OK && short_page) {
        status = read_sorted(pg, scope, request, list, &sorted);
    }
    if (status == STATUS_OK && short_page && !sorted && !walked) {
        status = read_page(pg, scope, request, source, LIST_PAGE, list, &short_page);
    }
    return status;
}

/* A page by relevance has no row to stop at: the source is chosen before it, and stays the same for the pages behind the
 * first, whose ranks tell by what it was. Of what was not in a list of the newest there is a list only where none of them
 * matched. */
static enum status choose_ranked(struct pg *pg, struct scope *scope, const struct list_request *request,
                                 enum list_source *source)
{
    const struct product_query *query = request->query;
    uint64_t rank = 0;
    bool rare = false;
    enum status status = STATUS_OK;

    if (query->has_cursor && text_to_u64(cursor_key(&query->cursor), &rank) && rank >= LIST_RANK_NEWEST) {
        *source = LIST_SCAN;
        return STATUS_OK;
    }
    status = list_choose(pg, scope, request, source);
    if (status == STATUS_OK && *source == LIST_SCAN) {
        status = list_choose_rare(pg, scope, request, source, &rare);
    }
    if (query->has_cursor && *source == LIST_SCAN) {
        *source = LIST_FEW_SEARCH;
    }
    return status;
}

enum status product_list_read(struct pg *pg, struct scope *scope, const struct product_query *query,
                              struct product_list *list)
{
    const bool ranked = query->sort == SORT_RELEVANCE;
    struct product_search search = {0};
    struct list_request request;
    enum list_source source = LIST_SCAN;
    struct product_list read = {0};
    bool short_page = false;

    enum status status = list_prepare(pg, scope, query, &search, &request);
    if (status == STATUS_OK && list_finds_nothing(&request)) {
        *list = read;
        list->note = search.note;
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = ranked ? choose_ranked(pg, scope, &request, &source) : list_choose(pg, scope, &request, &source);
    }
    if (status == STATUS_OK) {
        status = ranked ? read_page(pg, scope, &request, source, LIST_PAGE, &read, &short_page)
                        : read_ordered(pg, scope, &request, source, &read);
    }
    if (status == STATUS_OK && ranked && source == LIST_SCAN && read.count == 0 && !query->has_cursor) {
        /* Many match, but none of the newest: those are ranked that the index of words comes upon first. */
        source = LIST_FEW_SEARCH;
        status = read_page(pg, scope, &request, source, LIST_PAGE, &read, &short_page);
    }
    if (status == STATUS_OK) {
        *list = read;
        list->note = search.note;
        list->note.newest_only = ranked && source == LIST_SCAN;
    }
    return status;
}
