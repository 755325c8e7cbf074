/* Tests of cache/product_cache.h with several hosts: their cells are apart, and Redis is all that they share. */
#include "cache_host.h"

#define L1 ((size_t)1 << 20)

static struct process on_host(void **state, int host)
{
    return process_of(*state, host, true, L1);
}

static void what_one_host_fills_others_get(void **state)
{
    struct process one = on_host(state, 0);
    struct process other = on_host(state, 1);

    fill(&one, ID, 3);
    assert_int_equal(got(&one, ID), 3);
    assert_int_equal(got(&other, ID), 3);
    assert_int_equal(got(&other, ID), 3); /* from its own memory, held against Redis */
    process_end(&one);
    process_end(&other);
}

static void one_lease_at_a_time(void **state)
{
    struct process one = on_host(state, 0);
    struct process other = on_host(state, 1);
    const struct cache_ticket ticket = miss(&one, ID);

    assert_true(ticket.usable);
    assert_false(miss(&other, ID).usable);
    put(&one, ID, 1, &ticket);
    assert_int_equal(got(&other, ID), 1);
    process_end(&one);
    process_end(&other);
}

static void a_write_on_one_host_ends_what_others_hold(void **state)
{
    struct process writer = on_host(state, 0);
    struct process reader = on_host(state, 1);

    fill(&reader, ID, 1);
    begin_write(&writer, ID);
    assert_int_equal(got(&reader, ID), 0);
    assert_false(miss(&reader, ID).usable);
    end_write(&writer, CACHE_COMMITTED);
    assert_int_equal(got(&reader, ID), 0);
    process_end(&writer);
    process_end(&reader);
}

static void a_fill_that_a_write_overtook_is_refused(void **state)
{
    struct process writer = on_host(state, 0);
    struct process reader = on_host(state, 1);
    const struct cache_ticket ticket = miss(&reader, ID);

    write_whole(&writer, ID);
    put(&reader, ID, 1, &ticket);
    assert_int_equal(got(&reader, ID), 0);
    assert_int_equal(got(&writer, ID), 0);
    process_end(&writer);
    process_end(&reader);
}

static void a_tombstone_is_there_until_the_last_writer_ends(void **state)
{
    struct process one = on_host(state, 0);
    struct process two = on_host(state, 1);
    struct process reader = on_host(state, 2);

    begin_write(&one, ID);
    begin_write(&two, ID);
    end_write(&one, CACHE_COMMITTED);
    assert_false(miss(&reader, ID).usable);
    end_write(&two, CACHE_ROLLED_BACK);
    fill(&reader, ID, 2);
    assert_int_equal(got(&one, ID), 2);

    begin_write(&one, ID);
    end_write(&one, CACHE_UNKNOWN);
    write_whole(&two, ID);
    assert_false(miss(&reader, ID).usable);
    process_end(&one);
    process_end(&two);
    process_end(&reader);
}

/* Tombstones, leases and the epoch are lost together. */
static void an_emptied_redis_takes_no_fill_from_before(void **state)
{
    struct process writer = on_host(state, 0);
    struct process reader = on_host(state, 1);
    const struct text flush = TEXT("FLUSHALL");
    struct cache_ticket ticket = miss(&reader, ID);

    begin_write(&writer, ID);
    (void)ask(&writer, &flush, 1);
    end_write(&writer, CACHE_COMMITTED);
    put(&reader, ID, 1, &ticket);
    assert_int_equal(got(&writer, ID), 0);

    (void)ask(&writer, &flush, 1);
    ticket = miss(&reader, ID);
    (void)ask(&writer, &flush, 1);
    put(&reader, ID, 1, &ticket);
    assert_int_equal(got(&reader, ID), 0);
    process_end(&writer);
    process_end(&reader);
}

/* A server that comes back with what it had saved before: the entry and its epoch are there, the write is not. */
static void a_redis_with_an_older_state_is_not_believed(void **state)
{
    struct own_redis *own = *state;
    struct process writer = on_host(state, 0);
    struct process reader = on_host(state, 1);
    const struct text save = TEXT("SAVE");
    char path[64];

    fill(&reader, ID, 1);
    assert_int_equal(got(&reader, ID), 1);
    (void)ask(&reader, &save, 1);
    write_whole(&writer, ID);
    own_redis_end(own);
    own_redis_start(own);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(got(&reader, ID), 0);
        assert_int_equal(got(&writer, ID), 0);
        (void)usleep(30000);
    }
    fill(&reader, ID, 2);
    assert_int_equal(got(&writer, ID), 2);
    (void)snprintf(path, sizeof path, "%s/dump.rdb", own->folder);
    (void)unlink(path);
    process_end(&writer);
    process_end(&reader);
}

/* The writer cannot reach Redis, which has the old entry: before anybody of its host reads there again the epoch is
 * another, for all hosts. */
static void a_write_that_redis_was_not_told_of_moves_the_epoch(void **state)
{
    struct own_redis *own = *state;
    struct process writer = on_host(state, 0);
    struct process neighbour = on_host(state, 0);
    struct process other = on_host(state, 1);

    fill(&neighbour, ID, 1);
    assert_int_equal(got(&other, ID), 1);
    assert_int_equal(got(&neighbour, ID), 1);
    assert_int_equal(kill(own->pid, SIGSTOP), 0);
    write_whole(&writer, ID);
    assert_int_equal(kill(own->pid, SIGCONT), 0);
    (void)usleep(20000);
    assert_int_equal(got(&neighbour, ID), 0);
    assert_int_equal(got(&other, ID), 0);
    process_end(&writer);
    process_end(&neighbour);
    process_end(&other);
}

/* Its outcome is not known, and neither is what became of its messages to Redis. */
static void a_repair_drops_what_is_older(void **state)
{
    struct process one = on_host(state, 0);
    struct process other = on_host(state, 1);
    struct scope *scope = &one.own->scope;

    fill(&one, ID, 4);
    assert_int_equal(product_cache_repair(other.cache, scope, TEXT(ID), 3), STATUS_OK);
    assert_int_equal(product_cache_repair(other.cache, scope, TEXT(ID), 4), STATUS_OK);
    assert_int_equal(got(&one, ID), 4);
    assert_int_equal(product_cache_repair(other.cache, scope, TEXT(ID), 5), STATUS_OK);
    assert_int_equal(got(&one, ID), 0);
    process_end(&one);
    process_end(&other);
}

static void a_repair_waits_for_redis_and_leaves_writers_alone(void **state)
{
    struct process one = on_host(state, 0);
    struct process other = on_host(state, 1);

    begin_write(&one, ID);
    assert_int_equal(product_cache_repair(other.cache, &one.own->scope, TEXT(ID), 9), STATUS_OK);
    assert_false(miss(&other, ID).usable);
    end_write(&one, CACHE_COMMITTED);
    own_redis_end(one.own);
    assert_int_equal(product_cache_repair(other.cache, &one.own->scope, TEXT(ID), 9), STATUS_UNAVAILABLE);
    process_end(&one);
    process_end(&other);
}

static void without_redis_nothing_is_served(void **state)
{
    struct process one = on_host(state, 0);

    fill(&one, ID, 1);
    assert_int_equal(got(&one, ID), 1);
    own_redis_end(one.own);
    assert_int_equal(got(&one, ID), 0);
    assert_false(miss(&one, ID).usable);
    assert_int_equal(unproven(&one, ID), 1);
    process_end(&one);
}

static void what_is_damaged_is_not_served(void **state)
{
    static const char *const values[] = {"", "V", "T", "L", "=", "junk", "{\"version\":1}"};
    struct process one = on_host(state, 0);

    for (size_t i = 0; i < COUNT_OF(values); i++) {
        const struct text set[] = {TEXT("SET"), TEXT(KEY), text_of(values[i])};
        (void)ask(&one, set, COUNT_OF(set));
        assert_int_equal(got(&one, ID), 0);
        write_whole(&one, ID);
        fill(&one, ID, 1);
        assert_int_equal(got(&one, ID), 1);
        write_whole(&one, ID);
    }
    const struct text push[] = {TEXT("RPUSH"), TEXT(KEY), TEXT("junk")};
    (void)ask(&one, push, COUNT_OF(push));
    fill(&one, ID, 1);
    assert_int_equal(got(&one, ID), 1);
    process_end(&one);
}

static void a_write_of_many_products_marks_each(void **state)
{
    enum { COUNT = 1000 };
    struct process writer = on_host(state, 0);
    struct process reader = on_host(state, 1);
    struct text *ids = arena_alloc(writer.own->scope.arena, (COUNT + 1) * sizeof *ids);

    for (unsigned i = 0; i <= COUNT; i++) {
        ids[i] = arena_printf(writer.own->scope.arena, "01900000-0000-7000-8000-%012u", i);
    }
    fill(&reader, ids[COUNT - 1].data, 1);
    assert_int_equal(product_cache_begin_write(writer.cache, &writer.own->scope,
                                               &(struct cache_marks){.products = ids, .product_count = COUNT + 1}),
                     STATUS_TOO_LARGE);
    assert_int_equal(product_cache_begin_write(writer.cache, &writer.own->scope,
                                               &(struct cache_marks){.products = ids, .product_count = COUNT}),
                     STATUS_OK);
    assert_false(miss(&reader, ids[0].data).usable);
    assert_false(miss(&reader, ids[COUNT - 1].data).usable);
    end_write(&writer, CACHE_COMMITTED);
    fill(&reader, ids[COUNT - 1].data, 2);
    process_end(&writer);
    process_end(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_one_host_fills_others_get, hosts_reset),
        cmocka_unit_test_setup(one_lease_at_a_time, hosts_reset),
        cmocka_unit_test_setup(a_write_on_one_host_ends_what_others_hold, hosts_reset),
        cmocka_unit_test_setup(a_fill_that_a_write_overtook_is_refused, hosts_reset),
        cmocka_unit_test_setup(a_tombstone_is_there_until_the_last_writer_ends, hosts_reset),
        cmocka_unit_test_setup(an_emptied_redis_takes_no_fill_from_before, hosts_reset),
        cmocka_unit_test_setup(a_redis_with_an_older_state_is_not_believed, hosts_reset),
        cmocka_unit_test_setup(a_write_that_redis_was_not_told_of_moves_the_epoch, hosts_reset),
        cmocka_unit_test_setup(a_repair_drops_what_is_older, hosts_reset),
        cmocka_unit_test_setup(a_repair_waits_for_redis_and_leaves_writers_alone, hosts_reset),
        cmocka_unit_test_setup(without_redis_nothing_is_served, hosts_reset),
        cmocka_unit_test_setup(what_is_damaged_is_not_served, hosts_reset),
        cmocka_unit_test_setup(a_write_of_many_products_marks_each, hosts_reset),
    };
    return cmocka_run_group_tests(tests, hosts_set_up, hosts_tear_down);
}
