#!/bin/sh
# Writes a C file with the migrations named as arguments, which must be 0001_name.sql, 0002_name.sql and so on.
# Bytes rather than string literals: ISO C has no long ones.
set -eu

number=0
table=

cat <<'END'
/* Made by src/migrate/embed.sh from the files in migrations. */
#include "migrate/migrate.h"

END

for file in "$@"; do
    name=${file##*/}
    number=$((number + 1))
    prefix=$(printf '%04d_' "$number")
    case $name in
    "$prefix"*.sql) ;;
    *)
        echo "embed.sh: $file: a file named ${prefix}*.sql must come next" >&2
        exit 1
        ;;
    esac
    checksum=$(sha256sum <"$file" | cut -d ' ' -f 1)
    printf 'static const unsigned char sql_%d[] = {\n' "$number"
    od -An -v -tx1 "$file" | sed 's/ \(..\)/0x\1,/g; s/^/    /'
    printf '    0x00};\n\n'
    table="$table    {.number = $number, .name = \"$name\", .checksum = \"$checksum\",
     .sql = {.data = (const char *)sql_$number, .length = sizeof(sql_$number) - 1}},
"
done

cat <<END
static const struct migration items[] = {
$table};

struct migration_set migrations_built_in(void)
{
    return (struct migration_set){.item = items, .count = sizeof(items) / sizeof(items[0])};
}
END
