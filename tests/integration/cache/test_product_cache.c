/* Tests of cache/product_cache.h on one host: what is held, and that no order of reads, writes and losses makes an old
 * product be served. */
#include "cache_host.h"

#include <time.h>

#define L1 ((size_t)1 << 20)

static struct process with_memory(void **state)
{
    return process_of(*state, 0, false, L1);
}

static struct process without_memory(void **state)
{
    return process_of(*state, 0, false, 0);
}

/* --- what is held --- */

static void what_is_put_is_got_by_all(void **state)
{
    struct process one = with_memory(state);
    struct process other = without_memory(state);

    fill(&one, ID, 3);
    assert_int_equal(got(&one, ID), 3);
    assert_int_equal(got(&other, ID), 3);
    assert_int_equal(got(&other, OTHER_ID), 0);
    process_end(&one);
    process_end(&other);
}

static void what_is_corrupt_counts_as_not_cached_and_is_replaced(void **state)
{
    struct process one = without_memory(state);
    const struct text read[] = {TEXT("GET"), TEXT(KEY)};
    struct redis_answer entry;

    fill(&one, ID, 5);
    assert_int_equal(redis_call(one.redis, &one.own->scope, read, COUNT_OF(read), &entry), STATUS_OK);
    for (size_t length = 0; length < entry.string.length; length++) {
        const struct text set[] = {TEXT("SET"), TEXT(KEY), {.data = entry.string.data, .length = length}};
        (void)ask(&one, set, COUNT_OF(set));
        assert_int_equal(got(&one, ID), 0);
    }
    for (size_t i = 0; i < 53; i++) { /* all that stands before the JSON */
        char *damaged = arena_string(one.own->scope.arena, entry.string);
        const struct text set[] = {TEXT("SET"), TEXT(KEY), {.data = damaged, .length = entry.string.length}};
        damaged[i] = '~';
        (void)ask(&one, set, COUNT_OF(set));
        assert_int_equal(got(&one, ID), 0);
    }
    fill(&one, ID, 5);
    assert_int_equal(got(&one, ID), 5);
    process_end(&one);
}

static void a_key_of_another_type_is_replaced(void **state)
{
    struct process one = without_memory(state);
    const struct text push[] = {TEXT("RPUSH"), TEXT(KEY), TEXT("junk")};

    (void)ask(&one, push, COUNT_OF(push));
    assert_int_equal(got(&one, ID), 0);
    fill(&one, ID, 1);
    assert_int_equal(got(&one, ID), 1);
    process_end(&one);
}

static void entries_expire_apart(void **state)
{
    struct process one = without_memory(state);
    const struct text ask_ttl[] = {TEXT("PTTL"), TEXT(KEY)};
    const struct text delete[] = {TEXT("DEL"), TEXT(KEY)};
    long long least = TTL_S * 1000;
    long long most = 0;

    for (int i = 0; i < 50; i++) {
        fill(&one, ID, 1);
        const long long ttl = ask(&one, ask_ttl, COUNT_OF(ask_ttl));
        least = ttl < least ? ttl : least;
        most = ttl > most ? ttl : most;
        (void)ask(&one, delete, COUNT_OF(delete));
    }
    assert_in_range(least, TTL_S * 900 - 1000, TTL_S * 1000);
    assert_in_range(most, least + TTL_S * 20, TTL_S * 1000);
    process_end(&one);
}

static void without_redis_each_process_has_its_own(void **state)
{
    struct process one = with_memory(state);
    struct process other = with_memory(state);

    own_redis_end(one.own);
    fill(&one, ID, 1);
    assert_int_equal(got(&one, ID), 1);
    assert_int_equal(got(&other, ID), 0);
    write_whole(&other, ID);
    assert_int_equal(got(&one, ID), 0);
    process_end(&one);
    process_end(&other);
}

/* --- writes --- */

static void a_write_ends_what_all_hold(void **state)
{
    struct process writer = with_memory(state);
    struct process reader = with_memory(state);
    struct cache_ticket ticket;

    fill(&reader, ID, 1);
    fill(&writer, OTHER_ID, 1);
    begin_write(&writer, ID);
    assert_int_equal(got(&reader, ID), 0);
    assert_int_equal(got(&writer, ID), 0);
    assert_false(miss(&reader, ID).usable);
    end_write(&writer, CACHE_COMMITTED);
    assert_int_equal(got(&reader, ID), 0);
    assert_int_equal(got(&reader, OTHER_ID), 1);

    ticket = product_cache_written(writer.cache);
    put(&writer, ID, 2, &ticket);
    assert_int_equal(got(&reader, ID), 2);
    begin_write(&writer, ID);
    end_write(&writer, CACHE_ROLLED_BACK);
    assert_false(product_cache_written(writer.cache).usable);
    process_end(&writer);
    process_end(&reader);
}

/* A reader that is paused between its read of the database and its fill. */
static void a_fill_that_a_write_overtook_is_not_served(void **state)
{
    struct process writer = with_memory(state);
    struct process reader = with_memory(state);
    const struct cache_ticket ticket = miss(&reader, ID);

    write_whole(&writer, ID);
    put(&reader, ID, 1, &ticket);
    assert_int_equal(got(&reader, ID), 0);
    assert_int_equal(got(&writer, ID), 0);
    process_end(&writer);
    process_end(&reader);
}

/* As above, with the fill on its way to Redis already, or kept there over a restart. */
static void an_entry_that_comes_back_is_not_served(void **state)
{
    struct process one = without_memory(state);
    const struct text rename[] = {TEXT("RENAME"), TEXT(KEY), TEXT("kept")};
    const struct text back[] = {TEXT("RENAME"), TEXT("kept"), TEXT(KEY)};

    fill(&one, ID, 1);
    (void)ask(&one, rename, COUNT_OF(rename));
    write_whole(&one, ID);
    fill(&one, ID, 2);
    (void)ask(&one, back, COUNT_OF(back));
    assert_int_equal(got(&one, ID), 0);
    process_end(&one);
}

static void two_writers_at_once_leave_no_ticket(void **state)
{
    struct process one = with_memory(state);
    struct process other = with_memory(state);

    begin_write(&one, ID);
    begin_write(&other, ID);
    end_write(&one, CACHE_COMMITTED);
    end_write(&other, CACHE_COMMITTED);
    assert_false(product_cache_written(one.cache).usable);
    assert_false(product_cache_written(other.cache).usable);
    process_end(&one);
    process_end(&other);
}

static void put_here(struct process *process, const char *id, const struct cache_ticket *ticket)
{
    const struct cached_product product = {.version = 1, .json = TEXT("{\"version\":1}")};

    product_cache_put_here(process->cache, text_of(id), &product, ticket);
}

static void a_product_that_was_made_is_kept_here_unless_it_was_changed_since(void **state)
{
    struct process one = with_memory(state);
    struct process other = with_memory(state);
    struct cache_ticket ticket = product_cache_note(one.cache, TEXT(ID));

    put_here(&one, ID, &ticket);
    assert_int_equal(got(&one, ID), 1);
    assert_int_equal(got(&other, ID), 0);
    fill(&other, ID, 1);
    assert_int_equal(got(&other, ID), 1);
    write_whole(&other, ID);
    assert_int_equal(got(&one, ID), 0);
    ticket = product_cache_note(one.cache, TEXT(OTHER_ID));
    write_whole(&other, OTHER_ID);
    put_here(&one, OTHER_ID, &ticket);
    assert_int_equal(got(&one, OTHER_ID), 0);
    process_end(&one);
    process_end(&other);
}

/* The COMMIT may be on its way for as long as the backend is there. */
static void a_write_of_unknown_outcome_keeps_its_product_out(void **state)
{
    struct process writer = with_memory(state);
    struct process reader = with_memory(state);

    fill(&reader, ID, 1);
    begin_write(&writer, ID);
    end_write(&writer, CACHE_UNKNOWN);
    assert_int_equal(got(&reader, ID), 0);
    /* Its answer is replayed: what it owes is done, and the mark stays. */
    assert_int_equal(
        product_cache_replay(writer.cache, &writer.own->scope,
                             &(struct cache_marks){.products = &TEXT(ID), .product_count = 1, .all_categories = true}),
        STATUS_OK);
    assert_false(miss(&reader, ID).usable);
    host_backend_gone = true;
    (void)usleep(110000); /* between looks */
    fill(&reader, ID, 2);
    assert_int_equal(got(&reader, ID), 2);
    process_end(&writer);
    process_end(&reader);
}

/* What is known to be old is not given, and what is too old neither. */
static void what_cannot_be_proven_is_given_unless_it_is_known_to_be_old(void **state)
{
    struct process writer = with_memory(state);
    struct process reader = with_memory(state);
    struct cached_product product = {0};
    int64_t age_ms = 0;

    assert_int_equal(unproven(&reader, ID), 0);
    fill(&reader, ID, 1);
    fill(&reader, OTHER_ID, 7);
    assert_int_equal(unproven(&reader, ID), 1);
    begin_write(&writer, ID);
    assert_int_equal(unproven(&reader, ID), 1);
    end_write(&writer, CACHE_UNKNOWN);
    assert_int_equal(got(&reader, ID), 0);
    assert_int_equal(unproven(&reader, ID), 1);
    host_backend_gone = true;
    (void)usleep(110000);
    assert_int_equal(got(&reader, ID), 0);
    assert_int_equal(unproven(&reader, ID), 0);

    fill(&reader, ID, 2);
    write_whole(&writer, ID);
    assert_int_equal(unproven(&reader, ID), 0);

    assert_int_equal(unproven(&reader, OTHER_ID), 7);
    (void)usleep(3000);
    assert_false(product_cache_get_unproven(reader.cache, TEXT(OTHER_ID), 1, &product, &age_ms));
    process_end(&writer);
    process_end(&reader);
}

static void a_killed_writers_product_is_out_until_its_backend_is_gone(void **state)
{
    struct process reader = with_memory(state);
    pid_t pid;

    fill(&reader, ID, 1);
    pid = fork();
    if (pid == 0) {
        struct process writer = with_memory(state);
        begin_write(&writer, ID);
        (void)kill(getpid(), SIGKILL);
    }
    (void)waitpid(pid, NULL, 0);
    assert_int_equal(got(&reader, ID), 0);
    assert_false(miss(&reader, ID).usable);
    host_backend_gone = true;
    (void)usleep(110000);
    fill(&reader, ID, 2);
    assert_int_equal(got(&reader, ID), 2);
    process_end(&reader);
}

static void nothing_is_written_before_the_database_is_known(void **state)
{
    struct own_redis *own = *state;
    struct redis *redis = connect_own(own, 0);
    struct product_cache *cache = product_cache_new(
        &(struct product_cache_options){.redis = redis, .ttl_s = 1, .folder = host_folders[0], .memory_max = L1});
    struct process process = {.own = own, .redis = redis, .cache = cache};

    assert_int_equal(try_begin(&process, ID), STATUS_UNAVAILABLE);
    assert_false(miss(&process, ID).usable);
    end_write(&process, CACHE_COMMITTED);
    process_end(&process);
}

/* --- lists --- */

/* --- answers made of many --- */

static struct cache_generation generation_of(struct process *process, enum cache_extent extent, struct text category)
{
    return product_cache_generation(process->cache, &process->own->scope, extent, category);
}

/* Keeps "body" under the key, as it was made of that. */
static void keep(struct process *process, const char *key, enum cache_extent extent, struct text category)
{
    const struct cache_generation generation = generation_of(process, extent, category);
    const struct cached_answer answer = {.head = TEXT("Head: 1\r\n"), .body = TEXT("body")};

    assert_true(generation.usable);
    product_cache_put_answer(process->cache, text_of(key), &answer, &generation);
}

static bool kept(struct process *process, const char *key)
{
    struct cached_answer answer;
    const bool found = product_cache_get_answer(process->cache, text_of(key), &answer);

    if (found) {
        assert_text(answer.head, "Head: 1\r\n");
        assert_text(answer.body, "body");
    }
    return found;
}

static void begin(struct process *process, const struct cache_marks *marks)
{
    assert_int_equal(product_cache_begin_write(process->cache, &process->own->scope, marks), STATUS_OK);
}

static void a_write_ends_the_answers_that_it_is_part_of(void **state)
{
    struct process writer = with_memory(state);
    struct process reader = with_memory(state);
    const struct text home = TEXT("home");
    const struct cache_marks marks = {.categories = &home, .category_count = 1};
    const struct cache_marks all = {.all_categories = true};

    keep(&reader, "home", CACHE_CATEGORY, home);
    keep(&reader, "away", CACHE_CATEGORY, TEXT("away"));
    keep(&reader, "catalogue", CACHE_CATALOGUE, TEXT_ABSENT);
    keep(&reader, "categories", CACHE_CATEGORIES, TEXT_ABSENT);
    assert_true(kept(&reader, "home") && kept(&reader, "away") && kept(&reader, "catalogue"));
    assert_false(kept(&reader, "hom") || kept(&writer, "home"));

    begin(&writer, &marks);
    assert_false(kept(&reader, "home") || kept(&reader, "catalogue"));
    assert_true(kept(&reader, "away") && kept(&reader, "categories"));
    assert_false(generation_of(&reader, CACHE_CATEGORY, home).usable);
    assert_false(generation_of(&reader, CACHE_CATALOGUE, TEXT_ABSENT).usable);
    end_write(&writer, CACHE_COMMITTED);
    assert_false(kept(&reader, "home") || kept(&reader, "catalogue"));
    assert_true(kept(&reader, "away") && kept(&reader, "categories"));

    keep(&reader, "home", CACHE_CATEGORY, home);
    begin(&writer, &all);
    end_write(&writer, CACHE_COMMITTED);
    assert_false(kept(&reader, "home") || kept(&reader, "away") || kept(&reader, "categories"));
    process_end(&writer);
    process_end(&reader);
}

static void an_answer_that_a_write_overtook_is_not_kept(void **state)
{
    struct process writer = with_memory(state);
    struct process reader = with_memory(state);
    const struct text home = TEXT("home");
    const struct cached_answer answer = {.head = TEXT(""), .body = TEXT("old")};
    const struct cache_generation before = generation_of(&reader, CACHE_CATEGORY, home);

    begin(&writer, &(struct cache_marks){.categories = &home, .category_count = 1});
    product_cache_put_answer(reader.cache, TEXT("home"), &answer, &before);
    end_write(&writer, CACHE_COMMITTED);
    product_cache_put_answer(reader.cache, TEXT("home"), &answer, &before);
    assert_false(kept(&reader, "home"));
    process_end(&writer);
    process_end(&reader);
}

/* Its marks are on the lists too, and whoever asks for a list finds out that it is gone. */
static void a_dead_writer_keeps_lists_from_being_kept_until_its_backend_is_gone(void **state)
{
    struct process writer = with_memory(state);
    struct process reader = with_memory(state);
    const struct text home = TEXT("home");

    begin(&writer, &(struct cache_marks){.categories = &home, .category_count = 1});
    end_write(&writer, CACHE_UNKNOWN);
    assert_false(generation_of(&reader, CACHE_CATEGORY, home).usable);
    host_backend_gone = true;
    for (int i = 0; i < 100 && !generation_of(&reader, CACHE_CATEGORY, home).usable; i++) {
        (void)nanosleep(&(struct timespec){.tv_nsec = 10 * CLOCK_NS_PER_MS}, NULL);
    }
    keep(&reader, "home", CACHE_CATEGORY, home);
    assert_true(kept(&reader, "home"));
    process_end(&writer);
    process_end(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_put_is_got_by_all, hosts_reset),
        cmocka_unit_test_setup(what_is_corrupt_counts_as_not_cached_and_is_replaced, hosts_reset),
        cmocka_unit_test_setup(a_key_of_another_type_is_replaced, hosts_reset),
        cmocka_unit_test_setup(entries_expire_apart, hosts_reset),
        cmocka_unit_test_setup(without_redis_each_process_has_its_own, hosts_reset),
        cmocka_unit_test_setup(a_write_ends_what_all_hold, hosts_reset),
        cmocka_unit_test_setup(a_fill_that_a_write_overtook_is_not_served, hosts_reset),
        cmocka_unit_test_setup(an_entry_that_comes_back_is_not_served, hosts_reset),
        cmocka_unit_test_setup(two_writers_at_once_leave_no_ticket, hosts_reset),
        cmocka_unit_test_setup(a_product_that_was_made_is_kept_here_unless_it_was_changed_since, hosts_reset),
        cmocka_unit_test_setup(a_write_of_unknown_outcome_keeps_its_product_out, hosts_reset),
        cmocka_unit_test_setup(what_cannot_be_proven_is_given_unless_it_is_known_to_be_old, hosts_reset),
        cmocka_unit_test_setup(a_killed_writers_product_is_out_until_its_backend_is_gone, hosts_reset),
        cmocka_unit_test_setup(nothing_is_written_before_the_database_is_known, hosts_reset),
        cmocka_unit_test_setup(a_write_ends_the_answers_that_it_is_part_of, hosts_reset),
        cmocka_unit_test_setup(an_answer_that_a_write_overtook_is_not_kept, hosts_reset),
        cmocka_unit_test_setup(a_dead_writer_keeps_lists_from_being_kept_until_its_backend_is_gone, hosts_reset),
    };
    return cmocka_run_group_tests(tests, hosts_set_up, hosts_tear_down);
}
