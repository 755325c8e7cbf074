/* The plans of the lists: every combination of filters and order that is accepted is asked of Postgres, and none may look
 * at more rows than its bound. On a build with sanitizers fewer combinations. */
#include "store/product_list.h"

#include "million.h"

#include "domain/timestamp.h"

#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define FILTERS_AT_ONCE 2
#else
#define FILTERS_AT_ONCE F_COUNT
#endif

/* --- every combination --- */

/* The filters, a bit each, and what a rare and what a usual value of them is. */
enum { F_MIN, F_MAX, F_CURRENCY, F_SKU, F_GROUP, F_IDS, F_AFTER, F_BEFORE, F_UPDATED, F_ATTRIBUTE, F_COUNT };

static void set_filters(struct product_filter *filter, unsigned bits)
{
    const struct text instant = {.data = "2026-01-03T00:00:00.000000Z", .length = TIMESTAMP_LENGTH};
    filter->min_price = bits >> F_MIN & 1U ? TEXT("9.5") : TEXT_ABSENT;
    filter->max_price = bits >> F_MAX & 1U ? TEXT("95") : TEXT_ABSENT;
    filter->currency = bits >> F_CURRENCY & 1U ? TEXT("EUR") : TEXT_ABSENT;
    filter->sku = bits >> F_SKU & 1U ? TEXT("s-256") : TEXT_ABSENT;
    filter->group_key = bits >> F_GROUP & 1U ? TEXT("G85") : TEXT_ABSENT;
    filter->ids[0] = bits >> F_IDS & 1U ? TEXT(PRODUCT) : TEXT_ABSENT;
    filter->id_count = bits >> F_IDS & 1U;
    filter->created_after = bits >> F_AFTER & 1U ? instant : TEXT_ABSENT;
    filter->created_before = bits >> F_BEFORE & 1U ? instant : TEXT_ABSENT;
    filter->updated_after = bits >> F_UPDATED & 1U ? instant : TEXT_ABSENT;
    filter->attribute_count = bits >> F_ATTRIBUTE & 1U;
    filter->attributes[0] = (struct attribute_filter){TEXT("colour"), TEXT("red")};
}

static void set_cursor(struct product_query *query)
{
    static const char *const keys[] = {"2026-01-02T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z", "50", "common t"};
    query->has_cursor = true;
    query->cursor = (struct cursor){.key_length = strlen(keys[query->sort]), .id = PRODUCT};
    memcpy(query->cursor.key, keys[query->sort], query->cursor.key_length);
}

#define SEEN_MAX (1U << 19U) /* a power of two, and twice as many as there are statements */
#define PROCESSES_MAX 4
#define FAULT_MAX (LIST_SQL_MAX + 4096)

/* What is enumerated: filters up to so many at once, with each of these sets of statuses. */
struct range {
    unsigned filters_max;
    uint32_t statuses_first;
    uint32_t statuses_last;
    bool run;        /* and not only planned */
    bool only_order; /* and only what is read in an order */
};

/* What one of several processes found. */
struct finding {
    unsigned long statements;
    char fault[FAULT_MAX];
};

struct proof {
    struct database *database;
    const struct range *range;
    struct finding *finding;
    uint64_t *seen; /* hashes of what was checked: requests share statements */
};

/* Where few rows are sorted, all of the filters stand between the bound and the order: they change nothing about what is
 * looked at, so that statements which differ by them alone count as one. */
static uint64_t hash_of(const struct list_statement *statement, enum list_source source)
{
    const char *sorted = strstr(statement->sql, "), few AS ");
    const char *bound = sorted != NULL ? sorted : strstr(statement->sql, ") product WHERE ");
    const char *order = strrchr(statement->sql, '\0');
    if (source < LIST_FEW_IDS || bound == NULL) {
        return hash_add(HASH_START, text_of(statement->sql));
    }
    while (strncmp(order, " ORDER BY ", 10) != 0) {
        order--;
    }
    const struct text read = {.data = statement->sql, .length = (size_t)(bound - statement->sql)};
    return hash_add(hash_add(HASH_START, read), (struct text){.data = order, .length = strcspn(order, "$")});
}

static bool is_seen(struct proof *proof, uint64_t hash)
{
    size_t at = hash & (SEEN_MAX - 1);
    while (proof->seen[at] != 0 && proof->seen[at] != hash) {
        at = (at + 1) & (SEEN_MAX - 1);
    }
    const bool seen = proof->seen[at] == hash;
    proof->seen[at] = hash;
    return seen;
}

/* False, with the fault told, where the statement is not bounded. */
static bool check(struct proof *proof, const struct list_request *request, enum list_source source, enum list_ask asked)
{
    struct database *database = proof->database;
    char *told = proof->finding->fault;
    struct list_statement statement;
    list_statement_make(&statement, request, source, asked, database->scope.arena);
    if (is_seen(proof, hash_of(&statement, source))) {
        return true;
    }
    proof->finding->statements++;
    struct text fault = TEXT_ABSENT;
    if (!ask_about(database, "plan_fault", "SELECT plan_fault($1, $2)", &statement, &fault)) {
        (void)snprintf(told, FAULT_MAX, "cannot be planned: %s", statement.sql);
    } else if (fault.data != NULL) {
        (void)snprintf(told, FAULT_MAX, "%.*s", TEXT_PRINT(fault));
    } else if (proof->range->run) {
        uint64_t rows = 0;
        struct text answer = TEXT_ABSENT;
        if (!ask_about(database, "rows_of", "SELECT rows_of($1, $2)", &statement, &answer) ||
            !text_to_u64(answer, &rows) || rows > LIST_SCAN_MAX + 1) {
            (void)snprintf(told, FAULT_MAX, "%.*s rows: %s", TEXT_PRINT(answer), statement.sql);
        }
    }
    arena_reset(database->scope.arena);
    return told[0] == '\0';
}

/* Every statement that a request may come to. */
static bool check_request(struct proof *proof, const struct list_request *request)
{
    if (list_source_applies(request, LIST_FEW_IDS)) {
        return check(proof, request, LIST_FEW_IDS, LIST_PAGE);
    }
    if (list_source_applies(request, LIST_FEW_SKU)) {
        return check(proof, request, LIST_FEW_SKU, LIST_PAGE);
    }
    const enum list_source first = list_source_applies(request, LIST_MERGE) ? LIST_MERGE : LIST_SCAN;
    /* A glance is the same with a smaller bound. */
    bool bounded = (proof->range->filters_max > 1 || check(proof, request, first, LIST_GLANCE)) &&
                   check(proof, request, first, LIST_PAGE);
    for (unsigned source = LIST_FEW_GROUP; source < LIST_SOURCE_COUNT && bounded; source++) {
        if (list_source_applies(request, (enum list_source)source) &&
            !(source == LIST_FEW_ATTRIBUTES && proof->range->only_order)) {
            bounded = check(proof, request, (enum list_source)source, LIST_SORTED) &&
                      check(proof, request, (enum list_source)source, LIST_PROBE);
        }
        if (source == LIST_FEW_GROUP && bounded && list_source_applies(request, LIST_FEW_GROUP)) {
            bounded = check(proof, request, LIST_FEW_GROUP, LIST_PAGE);
        }
    }
    return bounded;
}

/* The categories and orders of a filter: 4 categories, 4 orders both ways, with and without a cursor. A page before a
 * cursor is the same statement as one behind it in the other direction. */
static bool check_orders(struct proof *proof, unsigned filters, uint32_t statuses)
{
    bool bounded = true;
    for (unsigned i = 0; i < 64 && bounded; i++) {
        struct product_query query = {.limit = 50, .sort = (enum product_sort)(i % 4), .ascending = (i / 4 & 1U) != 0};
        struct list_request request = {.query = &query, .category = (enum list_category)(i / 16)};
        set_filters(&query.filter, filters);
        query.filter.statuses = statuses;
        if (i / 8 & 1U) {
            set_cursor(&query);
        }
        if (request.category != LIST_ANYWHERE) {
            query.filter.category_id = request.category == LIST_CATEGORY ? TEXT(LEAF) : TEXT(ROOT);
        }
        if (request.category == LIST_BRANCH) {
            request.branch = TEXT("{" ROOT "," LEAF ",01900000-0000-7000-8000-000000000006}");
        }
        bounded = check_request(proof, &request);
    }
    return bounded;
}

/* Every part-th combination, on a connection of its own. */
static void check_part(const struct range *range, struct finding *finding, unsigned part, unsigned parts)
{
    struct database database = {.pg = database_connect(0), .scope = database_scope()};
    struct proof proof = {.database = &database, .range = range, .finding = finding};
    unsigned number = 0;
    database.scope.deadline_ns = clock_deadline_in_ms(200000);
    proof.seen = calloc(SEEN_MAX, sizeof(*proof.seen));
    for (uint32_t statuses = range->statuses_first; statuses <= range->statuses_last; statuses++) {
        for (unsigned filters = 0; filters < 1U << F_COUNT; filters++) {
            if (bits_in(filters) <= range->filters_max && number++ % parts == part &&
                !check_orders(&proof, filters, statuses)) {
                statuses = range->statuses_last;
                break;
            }
        }
    }
    free(proof.seen);
    pg_free(database.pg);
    arena_free(database.scope.arena);
}

static void prove(const struct range *range)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const unsigned parts = processors < 1 ? 1 : processors > PROCESSES_MAX ? PROCESSES_MAX : (unsigned)processors;
    struct finding *findings =
        mmap(NULL, sizeof(*findings) * PROCESSES_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pids[PROCESSES_MAX];
    unsigned long statements = 0;

    assert_ptr_not_equal(findings, MAP_FAILED);
    for (unsigned part = 0; part < parts; part++) {
        pids[part] = fork();
        if (pids[part] == 0) {
            check_part(range, &findings[part], part, parts);
            _exit(0);
        }
    }
    for (unsigned part = 0; part < parts; part++) {
        int ended = -1;
        assert_int_equal(waitpid(pids[part], &ended, 0), pids[part]);
        if (ended != 0 || findings[part].fault[0] != '\0') {
            fail_msg("process %u ended with %d: %s", part, ended, findings[part].fault);
        }
        statements += findings[part].statements;
    }
    print_message("%lu statements\n", statements);
    (void)munmap(findings, sizeof(*findings) * PROCESSES_MAX);
}

static void every_combination_is_bounded_by_its_plan(void **state)
{
    (void)state;
    prove(&(struct range){.filters_max = FILTERS_AT_ONCE});
}

/* The status is a part of each stretch whichever it is, and several are merged. */
static void every_set_of_statuses_is_bounded_by_its_plan(void **state)
{
    (void)state;
    prove(&(struct range){.filters_max = 1, .statuses_first = 1, .statuses_last = 7});
}

/* The planner's word is held against what really happens. */
static void what_is_run_looks_at_no_more_rows_than_the_bound(void **state)
{
    (void)state;
    prove(&(struct range){.filters_max = 1, .run = true});
    prove(&(struct range){.filters_max = 0, .statuses_first = 7, .statuses_last = 7, .run = true});
}

/* A session that made its plans before the table was filled keeps them until the first ANALYZE. What is read in an order
 * has its index all the same. The index of attributes has none: until the table has statistics Postgres may read a whole
 * index that it thinks small instead, and the deadline is the bound. */
static void plans_of_a_new_table_are_bounded_too(void **state)
{
    run_sql(*state, check_functions);
    prove(&(struct range){.filters_max = 1, .only_order = true});
}

int main(void)
{
    const struct CMUnitTest full[] = {
        cmocka_unit_test_setup(every_combination_is_bounded_by_its_plan, million_take_time),
        cmocka_unit_test_setup(every_set_of_statuses_is_bounded_by_its_plan, million_take_time),
        cmocka_unit_test_setup(what_is_run_looks_at_no_more_rows_than_the_bound, million_take_time),
    };
    const struct CMUnitTest empty[] = {
        cmocka_unit_test_setup(plans_of_a_new_table_are_bounded_too, million_take_time),
    };
    const int failed = cmocka_run_group_tests(full, million_set_up, million_tear_down);
    return failed + cmocka_run_group_tests(empty, catalogue_set_up, database_tear_down);
}
