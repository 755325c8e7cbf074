/* The fields that versions set. */
#include "field_versions.h"

enum status expectation_fail(struct arena *arena, const struct expectation *expectation, int64_t version,
                             struct text set_by, struct change_result *result)
{
    const int64_t base = expectation_newest(expectation);

    result->current_version = version;
    result->changed = base > 0 && base < version ? fields_set_after(arena, set_by, base) : TEXT_ABSENT;
    return STATUS_STALE;
}

struct text fields_set_after(struct arena *arena, struct text set_by, int64_t version)
{
    struct text names = TEXT_ABSENT;
    struct text left = set_by;

    while (left.data != NULL) {
        struct text digits = TEXT_ABSENT;
        const struct text name = text_split(text_split(left, ',', &left), ':', &digits);
        uint64_t at = 0;

        if (text_to_u64(digits, &at) && (int64_t)at > version) {
            names =
                arena_printf(arena, "%.*s%s%.*s", TEXT_PRINT(names), names.data != NULL ? "," : "", TEXT_PRINT(name));
        }
    }
    return names;
}

bool fields_have(struct text list, const char *name)
{
    while (list.data != NULL) {
        if (text_equal(text_split(list, ',', &list), text_of(name))) {
            return true;
        }
    }
    return false;
}

struct text fields_add(struct arena *arena, struct text list, const char *name, int64_t version)
{
    return arena_printf(arena, "%.*s%s\"%s\":%lld", TEXT_PRINT(list), list.data != NULL ? "," : "", name,
                        (long long)version);
}

bool fields_compare(struct arena *arena, const struct schema *schema, const struct record *now,
                    const struct record *edited, struct text others, int64_t version, struct text *field_versions)
{
    struct text list = TEXT_ABSENT;

    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        if ((field->flags & FIELD_SERVER) != 0 || text_equal(now->value[i], edited->value[i])) {
            continue;
        }
        if (fields_have(others, field->name)) {
            return false;
        }
        list = fields_add(arena, list, field->name, version);
    }
    *field_versions = list.data != NULL ? arena_printf(arena, "{%.*s}", TEXT_PRINT(list)) : TEXT_ABSENT;
    return true;
}
