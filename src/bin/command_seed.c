/* wares seed: fills the catalog with sample categories and products. */
#include "command.h"
#include "seed.h"

#include "base/clock.h"
#include "catalog/home.h"
#include "store/category_write.h"
#include "store/cells_store.h"
#include "store/product_bulk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BATCH 1000
#define PRODUCTS_DEFAULT 2000
#define CATEGORIES_DEFAULT 84 /* every department and section */
#define SEED_MAX 999999

static const char help[] =
    "usage: wares seed [--products N] [--categories N] [--seed N]\n"
    "\n"
    "Fills the catalog with sample categories and products. The same numbers always make the\n"
    "same ones: what is there already is left alone, and more can be added later.\n"
    "\n"
    "  --products N    how many products, 0 to " TEXT_OF(SEED_PRODUCTS_MAX) " (" TEXT_OF(
        PRODUCTS_DEFAULT) ")\n"
                          "  --categories N  how many categories, 1 to " TEXT_OF(SEED_CATEGORIES_MAX) " (" TEXT_OF(
                              CATEGORIES_DEFAULT) ")\n"
                                                  "  --seed N        another number makes other products, 0 "
                                                  "to " TEXT_OF(SEED_MAX) " (1)\n";

static const struct option options[] = {
    {"products", required_argument, NULL, 'p'},
    {"categories", required_argument, NULL, 'c'},
    {"seed", required_argument, NULL, 's'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct request {
    uint64_t products;
    uint64_t categories;
    uint64_t seed;
};

static int tell_failure(const struct command_session *session, enum status status)
{
    const char *reason = pg_last_error(session->pg);
    return command_fail("the database did not take it: %s", reason[0] != '\0' ? reason : status_name(status));
}

static enum status add_category(struct command_session *session, struct record *category)
{
    char now[CLOCK_TEXT_SIZE];
    enum status status = category_write_slug(session->pg, &session->scope, category->value[CATEGORY_ID],
                                             category->value[CATEGORY_NAME], &category->value[CATEGORY_SLUG]);

    clock_format_micros(clock_unix_us(), now);
    record_set(category, CATEGORY_VERSION, TEXT("1"));
    record_set(category, CATEGORY_CREATED_AT, text_of(now));
    record_set(category, CATEGORY_UPDATED_AT, text_of(now));
    if (status == STATUS_OK) {
        status = category_write_insert(session->pg, &session->scope, &(struct category_write){.record = category});
    }
    return status;
}

static enum status add_categories(struct command_session *session, const struct seed_plan *plan, uint64_t *added)
{
    enum status status = STATUS_OK;
    for (uint64_t i = 0; i < plan->categories && status == STATUS_OK; i++) {
        struct record category = seed_category(plan, i, session->scope.arena);
        status = add_category(session, &category);
        if (status == STATUS_OK) {
            *added += 1;
        } else if (status == STATUS_CONFLICT && strcmp(pg_constraint(session->pg), "category_pkey") == 0) {
            status = STATUS_OK;
        }
        arena_reset(session->scope.arena);
    }
    return status;
}

/* From the highest index, the oldest, to the lowest, so that rows lie in the order of their time. */
static enum status add_products(struct command_session *session, const struct seed_plan *plan, uint64_t products,
                                uint64_t *added)
{
    static struct record batch[BATCH];
    enum status status = STATUS_OK;
    uint64_t left = products;

    while (left > 0 && status == STATUS_OK) {
        size_t count = 0;
        uint64_t in = 0;
        while (left > 0 && count < BATCH) {
            batch[count++] = seed_product(plan, --left, session->scope.arena);
        }
        status = product_bulk_insert(session->pg, &session->scope, batch, count, &in);
        *added += in;
        arena_reset(session->scope.arena);
    }
    return status;
}

/* Lists that the pool keeps, and counts, are to have what was added. With many hosts it keeps none. */
static void tell_pool(struct command_session *session)
{
    char sentence[COMMAND_SENTENCE_MAX] = "";
    struct product_cache *cache;

    if (session->config.hosts == HOSTS_MANY || cells_store_noted(session->pg, &session->scope) != STATUS_OK) {
        return;
    }
    cache = command_cache(session);
    if (cache == NULL) {
        return;
    }
    if (catalog_home_compare(session->pg, &session->scope, cache, sentence, sizeof sentence) != STATUS_OK ||
        product_cache_replay(cache, &session->scope, &(struct cache_marks){.all_categories = true}) != STATUS_OK) {
        (void)fprintf(stderr, "wares: lists may be shown without this for up to WARES_CACHE_TTL: %s\n",
                      sentence[0] != '\0' ? sentence : "the shared cells cannot be used");
    }
    product_cache_free(cache);
}

static int fill(struct command_session *session, const void *context)
{
    const struct request *request = context;
    const struct seed_plan plan = {
        .seed = request->seed, .categories = request->categories, .currency = session->config.currency};
    const int64_t began_ns = clock_monotonic_ns();
    uint64_t categories = 0;
    uint64_t products = 0;

    enum status status = add_categories(session, &plan, &categories);
    if (status == STATUS_OK) {
        status = add_products(session, &plan, request->products, &products);
    }
    const int code = status == STATUS_OK ? 0 : tell_failure(session, status);
    tell_pool(session);
    if (code != 0) {
        return code;
    }
    (void)printf("added %" PRIu64 " categories and %" PRIu64 " products in %.1f s; %" PRIu64 " and %" PRIu64
                 " were there already\n",
                 categories, products, (double)(clock_monotonic_ns() - began_ns) / (double)CLOCK_NS_PER_S,
                 request->categories - categories, request->products - products);
    return 0;
}

/* Takes a number that an option was given; false where it is none, or out of its bounds. */
static bool take_number(const char *word, uint64_t least, uint64_t most, uint64_t *number)
{
    return text_to_u64(text_of(word), number) && *number >= least && *number <= most;
}

static int misused_number(const char *name, uint64_t least, uint64_t most)
{
    return command_misuse("seed", "--%s takes a number from %" PRIu64 " to %" PRIu64, name, least, most);
}

/* Reads the options. Returns -1 to go on, or the exit code. */
static int read_options(int argc, char **argv, struct request *request)
{
    int found = 0;
    opterr = 0;
    while ((found = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        switch (found) {
        case 'p':
            if (!take_number(optarg, 0, SEED_PRODUCTS_MAX, &request->products)) {
                return misused_number("products", 0, SEED_PRODUCTS_MAX);
            }
            break;
        case 'c':
            if (!take_number(optarg, 1, SEED_CATEGORIES_MAX, &request->categories)) {
                return misused_number("categories", 1, SEED_CATEGORIES_MAX);
            }
            break;
        case 's':
            if (!take_number(optarg, 0, SEED_MAX, &request->seed)) {
                return misused_number("seed", 0, SEED_MAX);
            }
            break;
        case 'h':
            (void)fputs(help, stdout);
            return 0;
        default:
            return command_bad_option("seed", options, found, argv);
        }
    }
    return optind < argc ? command_misuse("seed", "%s is one word too many", argv[optind]) : -1;
}

static int run(int argc, char **argv)
{
    struct request request = {.products = PRODUCTS_DEFAULT, .categories = CATEGORIES_DEFAULT, .seed = 1};
    int code = read_options(argc, argv, &request);

    return code < 0 ? command_carry_out(fill, &request) : code;
}

const struct command command_seed = {
    .name = "seed",
    .prose = "fills the catalog with sample categories and products",
    .run = run,
};
