/* Answers made of many products: in the worker's memory alone. In Redis the other workers would find them, but to fetch one
 * from there costs nearly half of what it costs to make it, and each fill is thrown away by the next write. */
#include "product_cache_internal.h"

#include "base/clock.h"

/* How an answer is held; tag, head and body stand behind it. */
struct held_answer {
    struct cache_generation generation;
    size_t tag_length;
    size_t head_length;
    size_t body_length;
    char bytes[];
};

static void note_cells(struct cache_generation *generation, enum cache_extent extent, struct text category)
{
    const uint32_t categories = cells_of(KIND_CATEGORIES, TEXT(""));

    switch (extent) {
    case CACHE_CATEGORY:
        generation->cell[0] = cells_of(KIND_CATEGORY, category);
        break;
    case CACHE_CATEGORIES:
        generation->cell[0] = categories;
        break;
    case CACHE_CATALOGUE:
    default:
        generation->cell[0] = cells_of(KIND_CATALOGUE, TEXT(""));
        break;
    }
    generation->cell[1] = categories;
}

struct cache_generation product_cache_generation(struct product_cache *cache, struct scope *scope,
                                                 enum cache_extent extent, struct text category)
{
    const int64_t now_ns = clock_monotonic_ns();
    struct cache_generation generation = {.usable = false};

    if (cache->options.many_hosts || !product_cache_is_ready(cache, now_ns)) {
        return generation;
    }
    note_cells(&generation, extent, category);
    generation.incarnation = cache->incarnation;
    generation.usable = true;
    for (size_t i = 0; i < CACHE_GENERATION_CELLS && generation.usable; i++) {
        generation.word[i] = product_cache_word(cache, scope, generation.cell[i], now_ns);
        /* The look for dead owners may have mapped another file. */
        generation.usable =
            cells_is_quiet(generation.word[i]) && cells_incarnation(cache->cells) == generation.incarnation;
    }
    return generation;
}

/* The cells must be ready. */
static bool is_current(const struct product_cache *cache, const struct cache_generation *generation)
{
    bool current = generation->usable && generation->incarnation == cache->incarnation;

    for (size_t i = 0; i < CACHE_GENERATION_CELLS && current; i++) {
        current = cells_word(cache->cells, generation->cell[i]) == generation->word[i];
    }
    return current;
}

bool product_cache_get_answer(struct product_cache *cache, struct text key, struct cached_answer *answer)
{
    const int64_t now_ns = clock_monotonic_ns();
    const struct held_answer *held =
        product_cache_is_ready(cache, now_ns) ? lru_get(cache->answers, key, now_ns) : NULL;

    if (held == NULL) {
        return false;
    }
    if (!is_current(cache, &held->generation)) {
        lru_drop(cache->answers, key);
        return false;
    }
    answer->tag = (struct text){.data = held->bytes, .length = held->tag_length};
    answer->head = (struct text){.data = answer->tag.data + held->tag_length, .length = held->head_length};
    answer->body = (struct text){.data = answer->head.data + held->head_length, .length = held->body_length};
    return true;
}

void product_cache_put_answer(struct product_cache *cache, struct text key, const struct cached_answer *answer,
                              const struct cache_generation *generation)
{
    const int64_t now_ns = clock_monotonic_ns();
    struct held_answer *held;

    /* One that is outdated already would never be served. */
    if (!generation->usable || !product_cache_is_ready(cache, now_ns) || !is_current(cache, generation)) {
        return;
    }
    held = lru_put(cache->answers, key, sizeof *held + answer->tag.length + answer->head.length + answer->body.length,
                   now_ns);
    if (held != NULL) {
        held->generation = *generation;
        held->tag_length = answer->tag.length;
        held->head_length = answer->head.length;
        held->body_length = answer->body.length;
        (void)text_put(text_put(text_put(held->bytes, answer->tag), answer->head), answer->body);
    }
}
