/* Sample categories and products from their index. Pure: no clock, no chance but the seed's. */
#include "seed.h"

#include "base/clock.h"
#include "base/uuid.h"

#include <inttypes.h>
#include <string.h>

#define SECTION_COUNT (SEED_DEPARTMENTS * SEED_SECTIONS)
#define NEWEST_US (INT64_C(1735689600) * 1000000) /* 2025-01-01: what people add later is newer */
#define STEP_US (INT64_C(20) * 1000000)           /* between one product and the next older one, in the mean */

/* What kind of number is drawn for an index: each kind has its own sequence. */
enum draw {
    DRAW_CATEGORY_ID,
    DRAW_PRODUCT_ID,
    DRAW_CATEGORY,
    DRAW_SECTION,
    DRAW_ADJECTIVE,
    DRAW_MAKE,
    DRAW_SIZE,
    DRAW_PRICE,
    DRAW_PRICE_END,
    DRAW_STATUS,
    DRAW_PROSE,
    DRAW_COLOUR,
    DRAW_TIME,
};

/* Where a category stands in the shop. */
struct place {
    unsigned department;
    int section;   /* -1: all of the department */
    int adjective; /* -1: all of the section */
};

/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static uint64_t draw(const struct seed_plan *plan, uint64_t index, enum draw kind)
{
    return mix(mix(mix(plan->seed) ^ index) + kind);
}

static unsigned draw_below(const struct seed_plan *plan, uint64_t index, enum draw kind, unsigned bound)
{
    return (unsigned)(draw(plan, index, kind) % bound);
}

/* A UUID of version 7 whose time and random bits are given. */
static struct text make_id(struct arena *arena, int64_t unix_us, uint64_t high, uint64_t low)
{
    const uint64_t milliseconds = (uint64_t)(unix_us / 1000);
    unsigned char bytes[UUID_BYTES];
    char id[UUID_TEXT_LENGTH + 1];

    for (int i = 0; i < 6; i++) {
        bytes[i] = (unsigned char)(milliseconds >> (40 - 8 * i));
    }
    for (int i = 0; i < 2; i++) {
        bytes[6 + i] = (unsigned char)(high >> (8 - 8 * i));
    }
    for (int i = 0; i < 8; i++) {
        bytes[8 + i] = (unsigned char)(low >> (56 - 8 * i));
    }
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x70);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    uuid_from_bytes(bytes, id);
    return arena_copy(arena, text_of(id));
}

/* --- categories --- */

static struct place place_of(uint64_t index)
{
    if (index < SEED_DEPARTMENTS) {
        return (struct place){.department = (unsigned)index, .section = -1, .adjective = -1};
    }
    const unsigned section = (unsigned)(index - SEED_DEPARTMENTS) % SECTION_COUNT;
    const unsigned round = (unsigned)(index - SEED_DEPARTMENTS) / SECTION_COUNT;
    return (struct place){.department = section % SEED_DEPARTMENTS,
                          .section = (int)(section / SEED_DEPARTMENTS),
                          .adjective = (int)round - 1};
}

/* Before the products' ids, one millisecond after the other, so that a list by id has them in this order. */
static struct text category_id(const struct seed_plan *plan, uint64_t index, struct arena *arena)
{
    const uint64_t bits = draw(plan, index, DRAW_CATEGORY_ID);
    return make_id(arena, (int64_t)index * 1000, bits, mix(bits));
}

static struct text category_parent(const struct seed_plan *plan, struct place place, struct arena *arena)
{
    if (place.section < 0) {
        return TEXT_ABSENT;
    }
    uint64_t parent = place.department;
    if (place.adjective >= 0) {
        parent += SEED_DEPARTMENTS + (uint64_t)place.section * SEED_DEPARTMENTS;
    }
    return category_id(plan, parent, arena);
}

struct record seed_category(const struct seed_plan *plan, uint64_t index, struct arena *arena)
{
    const struct place place = place_of(index);
    const struct seed_department *department = &seed_departments[place.department];
    struct text name = text_of(department->name);
    struct record category = {0};

    if (place.adjective >= 0) {
        name = arena_printf(arena, "%s: %s", department->section[place.section].name,
                            department->adjective[place.adjective]);
    } else if (place.section >= 0) {
        name = text_of(department->section[place.section].name);
    }
    record_set(&category, CATEGORY_ID, category_id(plan, index, arena));
    record_set(&category, CATEGORY_PARENT_ID, category_parent(plan, place, arena));
    record_set(&category, CATEGORY_NAME, name);
    record_set(&category, CATEGORY_POSITION, arena_printf(arena, "%" PRIu64, index));
    return category;
}

/* --- products --- */

/* What one product is, before it is put into words. */
struct ware {
    const struct seed_department *department;
    const struct seed_section *section;
    uint64_t category;
    unsigned section_number;
    unsigned adjective;
    unsigned make;
    unsigned size;
};

static struct ware ware_of(const struct seed_plan *plan, uint64_t index)
{
    /* Departments stay empty where there are sections. */
    const uint64_t first = plan->categories > SEED_DEPARTMENTS ? SEED_DEPARTMENTS : 0;
    const uint64_t category = first + draw(plan, index, DRAW_CATEGORY) % (plan->categories - first);
    const struct place place = place_of(category);
    struct ware ware = {
        .department = &seed_departments[place.department],
        .category = category,
        .section_number =
            place.section >= 0 ? (unsigned)place.section : draw_below(plan, index, DRAW_SECTION, SEED_SECTIONS),
        .adjective =
            place.adjective >= 0 ? (unsigned)place.adjective : draw_below(plan, index, DRAW_ADJECTIVE, SEED_WORDS),
        .make = draw_below(plan, index, DRAW_MAKE, SEED_WORDS),
        .size = draw_below(plan, index, DRAW_SIZE, SEED_SIZES),
    };
    ware.section = &ware.department->section[ware.section_number];
    return ware;
}

static struct text price(const struct seed_plan *plan, uint64_t index, const struct ware *ware, struct arena *arena)
{
    static const char *const ends[] = {"99", "95", "90", "50", "00", "49"};
    const unsigned span = ware->department->price_max - ware->department->price_min;
    /* Of two draws the lower: most things are cheap. */
    const uint64_t drawn = draw(plan, index, DRAW_PRICE);
    const unsigned one = (unsigned)(drawn % span);
    const unsigned other = (unsigned)((drawn >> 32) % span);
    const unsigned end = draw_below(plan, index, DRAW_PRICE_END, sizeof(ends) / sizeof(ends[0]));
    return arena_printf(arena, "%u.%s", ware->department->price_min + (one < other ? one : other), ends[end]);
}

static struct text description(const struct seed_plan *plan, uint64_t index, const struct ware *ware,
                               struct arena *arena)
{
    static const char *const lines[] = {
        "Chosen for everyday use.",        "Made in small batches.",
        "A favourite of our customers.",   "Comes in a plain box, ready to give.",
        "Lasts for years when cared for.", "Sent out within two working days.",
        "New in the range this season.",
    };
    const unsigned count = sizeof(lines) / sizeof(lines[0]);
    const unsigned drawn = draw_below(plan, index, DRAW_PROSE, count + 1);
    if (drawn == count) {
        return TEXT_ABSENT;
    }
    return arena_printf(arena, "%s %s %s. %s", ware->department->adjective[ware->adjective],
                        ware->department->make[ware->make], ware->section->noun, lines[drawn]);
}

static struct text attributes(const struct seed_plan *plan, uint64_t index, const struct ware *ware,
                              struct arena *arena)
{
    static const char *const colours[] = {"black", "white", "green", "blue", "red", "natural", "grey", "yellow"};
    const unsigned colour = draw_below(plan, index, DRAW_COLOUR, sizeof(colours) / sizeof(colours[0]));
    return arena_printf(arena, "{\"%s\": \"%s\", \"%s\": %u, \"colour\": \"%s\", \"style\": \"%s\"}",
                        ware->department->make_key, ware->department->make[ware->make], ware->department->size_key,
                        ware->department->size[ware->size], colours[colour],
                        ware->department->adjective[ware->adjective]);
}

static const char *product_status(const struct seed_plan *plan, uint64_t index)
{
    const unsigned drawn = draw_below(plan, index, DRAW_STATUS, 50);
    return drawn == 0 ? "draft" : (drawn == 1 ? "archived" : "active");
}

static struct text sku(const struct seed_plan *plan, uint64_t index, const struct ware *ware, struct arena *arena)
{
    return plan->seed == 1
               ? arena_printf(arena, "%s-%06" PRIu64, ware->department->code, index)
               : arena_printf(arena, "%s-%" PRIu64 "-%06" PRIu64, ware->department->code, plan->seed, index);
}

struct record seed_product(const struct seed_plan *plan, uint64_t index, struct arena *arena)
{
    const struct ware ware = ware_of(plan, index);
    const struct seed_department *department = ware.department;
    const uint64_t bits = draw(plan, index, DRAW_PRODUCT_ID);
    const int64_t at_us = NEWEST_US - (int64_t)index * STEP_US - (int64_t)(draw(plan, index, DRAW_TIME) % STEP_US);
    const struct text code = sku(plan, index, &ware, arena);
    char at[CLOCK_TEXT_SIZE];
    struct record product = {0};

    clock_format_micros(at_us, at);
    record_set(&product, PRODUCT_ID, make_id(arena, at_us, bits, mix(bits)));
    record_set(&product, PRODUCT_SKU, code);
    record_set(&product, PRODUCT_NAME,
               arena_printf(arena, "%s %s %s, %u %s", department->adjective[ware.adjective],
                            department->make[ware.make], ware.section->noun, department->size[ware.size],
                            department->unit));
    record_set(&product, PRODUCT_DESCRIPTION, description(plan, index, &ware, arena));
    record_set(&product, PRODUCT_PRICE, price(plan, index, &ware, arena));
    record_set(&product, PRODUCT_CURRENCY, text_of(plan->currency));
    record_set(&product, PRODUCT_CATEGORY_ID, category_id(plan, ware.category, arena));
    record_set(&product, PRODUCT_STATUS, text_of(product_status(plan, index)));
    record_set(&product, PRODUCT_ATTRIBUTES, attributes(plan, index, &ware, arena));
    record_set(&product, PRODUCT_IMAGES,
               arena_printf(arena, "[\"https://images.example.com/%.*s.jpg\"]", TEXT_PRINT(code)));
    /* What differs in size only is one group. */
    record_set(&product, PRODUCT_GROUP_KEY,
               arena_printf(arena, "%s-%u%u%u", department->code, ware.section_number, ware.adjective, ware.make));
    record_set(&product, PRODUCT_CREATED_AT, arena_copy(arena, text_of(at)));
    record_set(&product, PRODUCT_UPDATED_AT, product.value[PRODUCT_CREATED_AT]);
    return product;
}
