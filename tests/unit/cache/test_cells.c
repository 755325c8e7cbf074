/* The shared cells, between processes that are killed, and under files that are removed. */
#include "cache/cells.h"

#include "../base/check.h"

#include "base/clock.h"

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DATABASE TEXT("7361/5/public")
#define YOUNG_MS (CELLS_VERIFY_MS * 5 / 2)

static char folder[64];
static bool backend_gone;
static unsigned asked;

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/wares-cells-XXXXXX");
    backend_gone = false;
    asked = 0;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static void remove_files(void)
{
    glob_t found = {0};
    char pattern[80];

    (void)snprintf(pattern, sizeof pattern, "%s/*", folder);
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            (void)unlink(found.gl_pathv[i]);
        }
    }
    globfree(&found);
}

static int tear_down(void **state)
{
    (void)state;
    remove_files();
    return rmdir(folder);
}

static bool is_gone(void *context, const struct cells_backend *backend)
{
    (void)context;
    assert_int_equal(backend->pid, 4711);
    assert_int_equal(backend->start_us, 99);
    asked++;
    return backend_gone;
}

static struct cells *open_cells(void)
{
    struct cells *cells = cells_new(folder);

    cells_set_backend(cells, (struct cells_backend){.pid = 4711, .start_us = 99});
    assert_int_equal(cells_attach(cells, DATABASE), STATUS_OK);
    assert_true(cells_ready(cells, clock_monotonic_ns()));
    return cells;
}

static uint32_t cell_of(const char *key)
{
    return cells_of('p', text_of(key));
}

static uint64_t word_of(const struct cells *cells, const char *key)
{
    return cells_word(cells, cell_of(key));
}

static enum status begin(struct cells *cells, const char *key)
{
    const uint32_t cell = cell_of(key);
    return cells_begin(cells, &cell, 1, clock_deadline_in_ms(5000));
}

static void mend(struct cells *cells, const char *key)
{
    cells_mend(cells, cell_of(key), is_gone, NULL);
}

/* --- words --- */

static void a_write_is_seen_by_other_processes(void **state)
{
    struct cells *writer = open_cells();
    struct cells *reader = open_cells();
    const uint64_t before = word_of(reader, "a");
    const uint64_t other = word_of(reader, "b");

    (void)state;
    assert_true(cells_incarnation(writer) != 0 && cells_incarnation(writer) == cells_incarnation(reader));
    assert_true(cells_is_quiet(before));
    assert_int_equal(begin(writer, "a"), STATUS_OK);
    assert_false(cells_is_quiet(word_of(reader, "a")));
    const uint64_t made = cells_end(writer);
    assert_true(cells_is_quiet(word_of(reader, "a")));
    assert_true(word_of(reader, "a") != before);
    assert_true(word_of(reader, "a") == made);
    assert_true(word_of(reader, "b") == other);
    cells_free(writer);
    cells_free(reader);
    cells_free(NULL);
}

/* Another write in between may have committed later than what this one made. */
static void a_write_that_was_overtaken_gives_no_word(void **state)
{
    struct cells *first = open_cells();
    struct cells *second = open_cells();

    (void)state;
    assert_int_equal(begin(first, "a"), STATUS_OK);
    assert_int_equal(begin(second, "a"), STATUS_OK);
    assert_false(cells_is_quiet(cells_end(second)));
    assert_false(cells_is_quiet(word_of(first, "a")));
    assert_false(cells_is_quiet(cells_end(first)));
    assert_true(cells_is_quiet(word_of(first, "a")));

    assert_int_equal(begin(first, "a"), STATUS_OK);
    assert_int_equal(begin(second, "a"), STATUS_OK);
    assert_false(cells_is_quiet(cells_end(first)));
    assert_false(cells_is_quiet(cells_end(second)));
    assert_int_equal(begin(first, "a"), STATUS_OK);
    assert_true(cells_is_quiet(cells_end(first)));
    cells_free(first);
    cells_free(second);
}

static void a_write_of_many_marks_all_of_them(void **state)
{
    static uint32_t marked[CELLS_MARKS_MAX + 1];
    struct cells *cells = open_cells();

    (void)state;
    for (uint32_t i = 0; i < CELLS_MARKS_MAX; i++) {
        marked[i] = i / 2; /* each twice */
    }
    assert_int_equal(cells_begin(cells, marked, CELLS_MARKS_MAX + 1, clock_deadline_in_ms(5000)), STATUS_TOO_LARGE);
    assert_true(cells_is_quiet(cells_word(cells, 0)));
    assert_int_equal(cells_begin(cells, marked, CELLS_MARKS_MAX, clock_deadline_in_ms(5000)), STATUS_OK);
    for (uint32_t i = 0; i < CELLS_MARKS_MAX / 2; i++) {
        assert_false(cells_is_quiet(cells_word(cells, i)));
    }
    (void)cells_end(cells);
    for (uint32_t i = 0; i < CELLS_MARKS_MAX / 2; i++) {
        assert_true(cells_is_quiet(cells_word(cells, i)));
    }
    cells_free(cells);
}

static void processes_that_write_at_once_lose_no_word(void **state)
{
    enum { PROCESSES = 4, WRITES = 2000 };
    struct cells *cells = open_cells();
    uint64_t before;

    (void)state;
    assert_int_equal(begin(cells, "a"), STATUS_OK); /* the file is old enough from here on */
    (void)cells_end(cells);
    before = word_of(cells, "a");
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            struct cells *own = open_cells();
            for (int j = 0; j < WRITES; j++) {
                if (begin(own, "a") != STATUS_OK) {
                    _exit(1);
                }
                (void)cells_end(own);
            }
            cells_free(own);
            cells_free(cells);
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;
        (void)wait(&status);
        assert_int_equal(status, 0);
    }
    assert_true(cells_is_quiet(word_of(cells, "a")));
    const uint64_t after = word_of(cells, "a");
    assert_int_equal(begin(cells, "a"), STATUS_OK);
    const uint64_t one = cells_end(cells) - after;
    assert_int_equal((after - before) / one, PROCESSES * WRITES);
    cells_free(cells);
}

/* --- owners that die --- */

/* A process that marks the key and is killed. */
static void die_marking(const char *key)
{
    int ready[2];
    char byte = 0;
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        struct cells *own = open_cells();
        if (begin(own, key) == STATUS_OK) {
            (void)!write(ready[1], "x", 1);
        }
        (void)pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(kill(pid, SIGKILL), 0);
    (void)waitpid(pid, NULL, 0);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

static void a_dead_writers_mark_stays_while_its_backend_is_there(void **state)
{
    struct cells *cells = open_cells();
    const uint64_t before = word_of(cells, "a");

    (void)state;
    die_marking("a");
    for (int i = 0; i < 3; i++) {
        mend(cells, "a");
        assert_false(cells_is_quiet(word_of(cells, "a")));
    }
    assert_int_equal(asked, 3);
    backend_gone = true;
    mend(cells, "a");
    assert_true(cells_is_quiet(word_of(cells, "a")));
    assert_true(word_of(cells, "a") != before);
    assert_int_equal(asked, 4);
    mend(cells, "a");
    assert_int_equal(asked, 4);
    cells_free(cells);
}

static void a_living_writers_mark_is_left_alone(void **state)
{
    struct cells *writer = open_cells();
    struct cells *reader = open_cells();

    (void)state;
    backend_gone = true;
    assert_int_equal(begin(writer, "a"), STATUS_OK);
    mend(reader, "a");
    mend(writer, "a");
    assert_int_equal(asked, 0);
    assert_false(cells_is_quiet(word_of(reader, "a")));
    (void)cells_end(writer);
    assert_true(cells_is_quiet(word_of(reader, "a")));
    cells_free(writer);
    cells_free(reader);
}

/* The dead one's mark is taken off together with the living one's, and not before. */
static void a_dead_ones_mark_beside_a_living_ones_waits_for_it(void **state)
{
    struct cells *writer = open_cells();
    struct cells *reader = open_cells();

    (void)state;
    backend_gone = true;
    die_marking("a");
    assert_int_equal(begin(writer, "a"), STATUS_OK);
    mend(reader, "a");
    assert_false(cells_is_quiet(word_of(reader, "a")));
    (void)cells_end(writer);
    mend(reader, "a");
    assert_true(cells_is_quiet(word_of(reader, "a")));
    cells_free(writer);
    cells_free(reader);
}

static void what_is_abandoned_is_as_a_dead_ones(void **state)
{
    struct cells *cells = open_cells();

    (void)state;
    assert_int_equal(begin(cells, "a"), STATUS_OK);
    cells_abandon(cells);
    mend(cells, "a");
    assert_false(cells_is_quiet(word_of(cells, "a")));
    /* The process goes on writing, the same key too. */
    assert_int_equal(begin(cells, "a"), STATUS_OK);
    (void)cells_end(cells);
    assert_false(cells_is_quiet(word_of(cells, "a")));
    backend_gone = true;
    mend(cells, "a");
    assert_true(cells_is_quiet(word_of(cells, "a")));
    cells_free(cells);
}

/* Writers are killed anywhere, over and over: no mark is lost, and after all are buried none is left. */
static void nothing_is_left_of_writers_killed_anywhere(void **state)
{
    enum { ROUNDS = 150 };
    static const char *const keys[] = {"a", "b", "c"};
    struct cells *cells = open_cells();

    (void)state;
    assert_int_equal(begin(cells, "a"), STATUS_OK);
    (void)cells_end(cells);
    for (unsigned round = 0; round < ROUNDS; round++) {
        pid_t pid = fork();
        if (pid == 0) {
            struct cells *own = open_cells();
            uint32_t marked[3];
            for (size_t i = 0; i < 3; i++) {
                marked[i] = cell_of(keys[i]);
            }
            while (cells_begin(own, marked, 3, CLOCK_FOREVER) == STATUS_OK) {
                (void)cells_end(own);
            }
            _exit(1);
        }
        (void)usleep(300 + clock_jitter(1500));
        assert_int_equal(kill(pid, SIGKILL), 0);
        (void)waitpid(pid, NULL, 0);
    }
    backend_gone = true;
    for (size_t i = 0; i < 3; i++) {
        mend(cells, keys[i]);
        assert_true(cells_is_quiet(word_of(cells, keys[i])));
    }
    cells_free(cells);
}

/* --- the file --- */

static void databases_are_apart(void **state)
{
    struct cells *one = open_cells();
    struct cells *other = cells_new(folder);

    (void)state;
    assert_false(cells_ready(other, clock_monotonic_ns()));
    assert_int_equal(cells_incarnation(other), 0);
    assert_int_equal(begin(other, "a"), STATUS_UNAVAILABLE);
    assert_int_equal(cells_attach(other, TEXT("7361/6/public")), STATUS_OK);
    assert_true(cells_incarnation(one) != cells_incarnation(other));
    assert_int_equal(begin(one, "a"), STATUS_OK);
    assert_true(cells_is_quiet(word_of(other, "a")));
    (void)cells_end(one);
    cells_free(one);
    cells_free(other);
}

/* Readers have so long to see that the file they had is gone. */
static void a_new_file_is_not_written_by_at_once(void **state)
{
    const int64_t made_ns = clock_monotonic_ns();
    struct cells *cells = open_cells();
    const uint32_t cell = cell_of("a");

    (void)state;
    assert_int_equal(cells_begin(cells, &cell, 1, clock_deadline_in_ms(10)), STATUS_UNAVAILABLE);
    assert_true(cells_is_quiet(word_of(cells, "a")));
    assert_int_equal(begin(cells, "a"), STATUS_OK);
    assert_true(clock_monotonic_ns() - made_ns >= YOUNG_MS * CLOCK_NS_PER_MS - CLOCK_NS_PER_MS);
    (void)cells_end(cells);
    cells_free(cells);
}

static void a_file_that_was_removed_is_left_by_all(void **state)
{
    struct cells *writer = open_cells();
    struct cells *reader = open_cells();
    const uint64_t old = cells_incarnation(reader);
    const int64_t now_ns = clock_monotonic_ns();

    (void)state;
    assert_true(cells_ready(reader, now_ns));
    remove_files();
    assert_int_equal(begin(writer, "a"), STATUS_OK); /* in the new file, after the readers' time */
    assert_true(cells_ready(reader, clock_monotonic_ns()));
    assert_true(cells_incarnation(reader) != old);
    assert_true(cells_incarnation(reader) == cells_incarnation(writer));
    assert_false(cells_is_quiet(word_of(reader, "a")));
    (void)cells_end(writer);
    assert_true(cells_is_quiet(word_of(reader, "a")));
    cells_free(writer);
    cells_free(reader);
}

/* Who maps the new file in mid-write notes words there that the write's end must change. */
static void a_file_that_is_removed_in_mid_write_is_ended_too(void **state)
{
    struct cells *writer = open_cells();
    struct cells *reader;
    uint64_t noted;

    (void)state;
    assert_int_equal(begin(writer, "a"), STATUS_OK);
    remove_files();
    reader = open_cells();
    noted = word_of(reader, "a");
    assert_true(cells_is_quiet(noted));
    assert_false(cells_is_quiet(cells_end(writer)));
    assert_true(word_of(reader, "a") != noted);
    assert_true(cells_incarnation(writer) == cells_incarnation(reader));
    cells_free(writer);
    cells_free(reader);
}

static void the_name_of_the_file(char path[128])
{
    glob_t found = {0};
    char pattern[80];

    (void)snprintf(pattern, sizeof pattern, "%s/cells-*", folder);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 1);
    (void)snprintf(path, 128, "%s", found.gl_pathv[0]);
    globfree(&found);
}

/* What was cut, is of another boot or was never finished is made anew. */
static void a_file_that_is_not_whole_is_made_anew(void **state)
{
    static const char *const boot = "another boot";
    char path[128];
    struct cells *cells = open_cells();
    const uint64_t old = cells_incarnation(cells);
    struct stat found;
    int fd;

    (void)state;
    cells_free(cells);
    the_name_of_the_file(path);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);

    cells = open_cells();
    assert_true(cells_incarnation(cells) == old);
    cells_free(cells);

    fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, boot, strlen(boot), 8), strlen(boot));
    cells = open_cells();
    assert_true(cells_incarnation(cells) != old);
    cells_free(cells);

    assert_int_equal(ftruncate(fd, 4096), 0);
    cells = open_cells();
    assert_true(cells_incarnation(cells) != old);
    cells_free(cells);
    (void)close(fd);
}

static void where_nobody_can_have_the_file_the_cells_are_off(void **state)
{
    struct cells *cells = cells_new("/proc/nothing");

    (void)state;
    assert_int_equal(cells_attach(cells, DATABASE), STATUS_UNAVAILABLE);
    assert_false(cells_ready(cells, clock_monotonic_ns()));
    assert_int_equal(begin(cells, "a"), STATUS_OK);
    assert_false(cells_is_quiet(cells_end(cells)));
    cells_free(cells);
}

/* Others may answer by it. */
static void where_others_may_have_the_file_nothing_is_written(void **state)
{
    struct cells *cells = open_cells();
    char path[128];

    (void)state;
    the_name_of_the_file(path);
    cells_free(cells);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/null", path), 0); /* cannot be opened, by root either */
    cells = cells_new(folder);
    assert_int_equal(cells_attach(cells, DATABASE), STATUS_CONFLICT);
    assert_false(cells_ready(cells, clock_monotonic_ns()));
    assert_int_equal(begin(cells, "a"), STATUS_UNAVAILABLE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(begin(cells, "a"), STATUS_OK);
    (void)cells_end(cells);
    cells_free(cells);
}

/* --- leases and debts --- */

static void one_has_the_lease_and_others_wait_a_little(void **state)
{
    struct cells *one = open_cells();
    struct cells *other = open_cells();
    int64_t began_ns;

    (void)state;
    assert_int_equal(cells_lease(one, 5, true), LEASE_MINE);
    began_ns = clock_monotonic_ns();
    assert_int_equal(cells_lease(other, 5, true), LEASE_OTHERS);
    assert_true(clock_monotonic_ns() - began_ns >= CLOCK_NS_PER_MS);
    assert_int_equal(cells_lease(other, 6, true), LEASE_MINE);
    cells_release(one, 5);
    assert_int_equal(cells_lease(other, 5, true), LEASE_MINE);
    (void)usleep(60000);
    assert_int_equal(cells_lease(one, 5, true), LEASE_MINE);
    cells_free(one);
    cells_free(other);
}

static void debts_are_seen_by_all_until_they_are_paid(void **state)
{
    struct cells *one = open_cells();
    struct cells *other = open_cells();
    uint64_t debt = cells_debt(one);

    (void)state;
    assert_true(debt != 0); /* what a file before owed is not known */
    cells_pay(one, debt);
    assert_int_equal(cells_debt(other), 0);
    cells_owe(one);
    debt = cells_debt(other);
    assert_true(debt != 0);
    cells_owe(one);
    cells_pay(other, debt);
    assert_true(cells_debt(other) > debt);
    cells_pay(one, cells_debt(one));
    cells_pay(other, debt);
    assert_int_equal(cells_debt(one), 0);
    cells_free(one);
    cells_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_write_is_seen_by_other_processes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_write_that_was_overtaken_gives_no_word, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_write_of_many_marks_all_of_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(processes_that_write_at_once_lose_no_word, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_dead_writers_mark_stays_while_its_backend_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_living_writers_mark_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_dead_ones_mark_beside_a_living_ones_waits_for_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_abandoned_is_as_a_dead_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_left_of_writers_killed_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(databases_are_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_new_file_is_not_written_by_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_was_removed_is_left_by_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_removed_in_mid_write_is_ended_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_whole_is_made_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_nobody_can_have_the_file_the_cells_are_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_others_may_have_the_file_nothing_is_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_has_the_lease_and_others_wait_a_little, set_up, tear_down),
        cmocka_unit_test_setup_teardown(debts_are_seen_by_all_until_they_are_paid, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
