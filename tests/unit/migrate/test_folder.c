/* Tests of migrations read from a folder, and of the set built in. */
#include "migrate/migrate.h"

#include "base/arena.h"

#include "../base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct folder {
    struct arena *arena;
    char path[40];
    struct migration_set set;
    char error[300];
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof(*folder));
    folder->arena = arena_new(1024);
    (void)snprintf(folder->path, sizeof(folder->path), "/tmp/wares-test-XXXXXX");
    *state = folder;
    return mkdtemp(folder->path) == NULL;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    char command[80];
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder->path);
    int failed = system(command); /* NOLINT(cert-env33-c): the path is ours */
    arena_free(folder->arena);
    free(folder);
    return failed;
}

static void write_file(const struct folder *folder, const char *name, const char *text, size_t length)
{
    char path[200];
    (void)snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    FILE *file = fopen(path, "wbe");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static enum status read_folder(struct folder *folder)
{
    folder->error[0] = '\0';
    return migrations_from_folder(folder->path, folder->arena, &folder->set, folder->error, sizeof(folder->error));
}

static void files_are_read_in_order(void **state)
{
    struct folder *folder = *state;
    write_file(folder, "0002_second.sql", "SELECT 2", 8);
    write_file(folder, "0001_the-First.sql", "SELECT '\xc3\xa9'", 11);
    write_file(folder, ".hidden", "x", 1);
    assert_int_equal(read_folder(folder), STATUS_OK);
    assert_int_equal(folder->set.count, 2);
    assert_string_equal(folder->set.item[0].name, "0001_the-First.sql");
    assert_string_equal(folder->set.item[1].name, "0002_second.sql");
    assert_int_equal(folder->set.item[1].number, 2);
    assert_text(folder->set.item[1].sql, "SELECT 2");
    assert_int_equal(folder->set.item[1].sql.data[8], '\0');
}

static void a_folder_that_is_unfit_is_refused_with_the_name(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        const char *mentioned;
    } rows[] = {
        {"0001_a.sql~", "SELECT 1", "0001_a.sql~"}, {"readme.txt", "SELECT 1", "readme.txt"},
        {"0000_a.sql", "SELECT 1", "0000_a.sql"},   {"1000_a.sql", "SELECT 1", "1000_a.sql"},
        {"001_a.sql", "SELECT 1", "001_a.sql"},     {"0001_a'b.sql", "SELECT 1", "0001_a'b.sql"},
        {"0001_.sql", "SELECT 1", "0001_.sql"},     {"0001_a.SQL", "SELECT 1", "0001_a.SQL"},
        {"0002_a.sql", "SELECT 1", "0001"},         {"0001_a.sql", "", "0001_a.sql"},
        {"0001_a.sql", "caf\xe9", "0001_a.sql"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        void *made = NULL;
        assert_int_equal(make_folder(&made), 0);
        struct folder *folder = made;
        write_file(folder, rows[i].name, rows[i].text, strlen(rows[i].text));
        assert_row(read_folder(folder) == STATUS_INVALID, rows[i].name);
        assert_row(strstr(folder->error, rows[i].mentioned) != NULL, rows[i].name);
        assert_int_equal(remove_folder(&made), 0);
    }
}

static void a_nul_is_not_text(void **state)
{
    struct folder *folder = *state;
    write_file(folder, "0001_a.sql", "SELECT\0 1", 9);
    assert_int_equal(read_folder(folder), STATUS_INVALID);
    assert_non_null(strstr(folder->error, "UTF-8"));
}

static void a_number_stands_for_one_file(void **state)
{
    struct folder *folder = *state;
    write_file(folder, "0001_a.sql", "SELECT 1", 8);
    write_file(folder, "0001_b.sql", "SELECT 1", 8);
    assert_int_equal(read_folder(folder), STATUS_INVALID);
    assert_non_null(strstr(folder->error, "0001_a.sql"));
    assert_non_null(strstr(folder->error, "0001_b.sql"));
}

static void no_folder_and_no_file_are_refused(void **state)
{
    struct folder *folder = *state;
    assert_int_equal(read_folder(folder), STATUS_INVALID);
    assert_int_equal(rmdir(folder->path), 0);
    assert_int_equal(read_folder(folder), STATUS_INVALID);
    assert_non_null(strstr(folder->error, folder->path));
}

static void the_set_built_in_is_the_folder_of_the_source(void **state)
{
    struct folder *folder = *state;
    const struct migration_set built_in = migrations_built_in();
    /* By its own name: what folder->path names is removed with all that is in it. */
    assert_int_equal(
        migrations_from_folder("migrations", folder->arena, &folder->set, folder->error, sizeof(folder->error)),
        STATUS_OK);
    assert_int_equal(built_in.count, folder->set.count);
    for (size_t i = 0; i < built_in.count; i++) {
        assert_int_equal(built_in.item[i].number, i + 1);
        assert_string_equal(built_in.item[i].name, folder->set.item[i].name);
        assert_true(text_equal(built_in.item[i].sql, folder->set.item[i].sql));
        assert_int_equal(strlen(built_in.item[i].checksum), 64);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_are_read_in_order, make_folder, remove_folder),
        cmocka_unit_test(a_folder_that_is_unfit_is_refused_with_the_name),
        cmocka_unit_test_setup_teardown(a_nul_is_not_text, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_number_stands_for_one_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(no_folder_and_no_file_are_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(the_set_built_in_is_the_folder_of_the_source, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
