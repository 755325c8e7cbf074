/* Migrations read from a folder. Touches files only. */
#include "migrate/migrate.h"

#include "base/arena.h"
#include "base/utf8.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)16 << 20)
#define NUMBER_DIGITS 4

static enum status refuse(char *error, size_t error_size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum status refuse(char *error, size_t error_size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error, error_size, format, arguments);
    va_end(arguments);
    return STATUS_INVALID;
}

/* NNNN_name.sql, where name has letters, digits, _ and -: nothing that would have to be quoted in SQL. */
static bool read_name(const char *name, unsigned *number)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const size_t length = strlen(name);
    uint64_t value = 0;

    if (length < NUMBER_DIGITS + strlen("_x.sql") || length > MIGRATION_NAME_MAX || name[NUMBER_DIGITS] != '_' ||
        !text_to_u64((struct text){.data = name, .length = NUMBER_DIGITS}, &value) ||
        strspn(name, allowed) != length - strlen(".sql") || strcmp(name + length - strlen(".sql"), ".sql") != 0) {
        return false;
    }
    *number = (unsigned)value;
    return true;
}

/* The file's text, terminated, in the arena. */
static enum status read_file(const char *folder, const char *name, struct arena *arena, struct text *sql, char *error,
                             size_t error_size)
{
    const char *path = arena_printf(arena, "%s/%s", folder, name).data;
    FILE *file = fopen(path, "rbe");
    enum status status = STATUS_OK;
    char *data = NULL;
    size_t length = 0;

    if (file == NULL) {
        return refuse(error, error_size, "%s: %s", path, strerror(errno));
    }
    if (fseek(file, 0, SEEK_END) == 0) {
        long end = ftell(file);
        length = end > 0 ? (size_t)end : 0;
    }
    if (length == 0 || length > FILE_BYTES_MAX) {
        status = refuse(error, error_size, "%s: it must have from 1 to %zu bytes", path, FILE_BYTES_MAX);
    } else {
        data = arena_alloc(arena, length + 1);
        rewind(file);
        if (fread(data, 1, length, file) != length) {
            status = refuse(error, error_size, "%s: it could not be read", path);
        } else if (memchr(data, '\0', length) != NULL || utf8_valid_prefix((struct text){data, length}) != length) {
            status = refuse(error, error_size, "%s: it is not UTF-8 text", path);
        }
    }
    (void)fclose(file);
    if (status == STATUS_OK) {
        *sql = (struct text){.data = data, .length = length};
    }
    return status;
}

/* Takes a file's name to its place in items, which has MIGRATIONS_MAX of them. */
static enum status take_name(const char *name, struct arena *arena, struct migration *items, size_t *count, char *error,
                             size_t error_size)
{
    unsigned number = 0;
    if (!read_name(name, &number) || number == 0 || number > MIGRATIONS_MAX) {
        return refuse(error, error_size, "%s: a migration is named NNNN_name.sql, from 0001 to %04d", name,
                      MIGRATIONS_MAX);
    }
    if (items[number - 1].name != NULL) {
        return refuse(error, error_size, "%s and %s have the same number", items[number - 1].name, name);
    }
    items[number - 1] = (struct migration){.number = number, .name = arena_string(arena, text_of(name))};
    *count = number > *count ? number : *count;
    return STATUS_OK;
}

enum status migrations_from_folder(const char *folder, struct arena *arena, struct migration_set *set, char *error,
                                   size_t error_size)
{
    struct migration *items = arena_alloc(arena, MIGRATIONS_MAX * sizeof(*items));
    enum status status = STATUS_OK;
    size_t count = 0;
    DIR *directory = opendir(folder);

    if (directory == NULL) {
        return refuse(error, error_size, "%s: %s", folder, strerror(errno));
    }
    for (const struct dirent *entry = readdir(directory); entry != NULL && status == STATUS_OK;
         entry = readdir(directory)) {
        if (entry->d_name[0] != '.') {
            status = take_name(entry->d_name, arena, items, &count, error, error_size);
        }
    }
    (void)closedir(directory);
    if (status == STATUS_OK && count == 0) {
        status = refuse(error, error_size, "%s: there is no migration in it", folder);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = items[i].name == NULL ? refuse(error, error_size, "%s: migration %04zu is missing", folder, i + 1)
                                       : read_file(folder, items[i].name, arena, &items[i].sql, error, error_size);
    }
    if (status == STATUS_OK) {
        *set = (struct migration_set){.item = items, .count = count};
    }
    return status;
}
