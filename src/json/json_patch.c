/* JSON patch (RFC 6902): the operations, one after the other, on a copy of the document that is given out only once all
 * of them have succeeded. */
#include "json/patch.h"

#include "operation.h"
#include "pointer.h"
#include "tree.h"

#include "json/parse.h"

/* Longer names are not repeated in a fault. */
#define SHOWN_MAX 100

struct patching {
    struct json_object *document; /* the copy */
    struct tree_budget budget;
    struct faults *faults;
    const struct operation *operation; /* the current one */
};

/* Where a pointer leads. */
struct place {
    struct json_object *parent; /* NULL: the place is the whole document */
    const char *name;           /* where the parent is an object */
    size_t index;               /* where it is an array; its length for what is appended */
    struct json_object *value;  /* what is there; NULL where nothing is yet */
};

/* What a pointer is looked up for: where something may be put or where something must be. */
enum purpose { TO_PUT, TO_FIND };

/* --- faults --- */

static enum status refuse_excess(struct patching *patching, enum tree_excess excess)
{
    tree_excess_fault(excess, patching->operation->pointer, patching->faults);
    return STATUS_INVALID;
}

/* The pointer up to where rest begins, in quotes, or a word for it where it is long. */
static const char *shown(struct patching *patching, struct text pointer, struct text rest)
{
    size_t length = pointer.length - rest.length;
    if (length == 0) {
        return "the whole document";
    }
    return length > SHOWN_MAX ? "a place"
                              : arena_printf(patching->faults->arena, "\"%.*s\"", (int)length, pointer.data).data;
}

/* The name of a member that is like the one asked for, or NULL. */
static const char *nearest_member(struct patching *patching, struct json_object *object, struct text name)
{
    size_t count = 0;
    const char **names =
        arena_alloc(patching->faults->arena, (size_t)json_object_object_length(object) * sizeof(*names));
    struct tree_children members = tree_children_of(object);
    struct tree_child member;
    while (tree_next_child(&members, &member)) {
        names[count++] = member.name;
    }
    return text_nearest(name, names, count);
}

static enum status refuse_member(struct patching *patching, const char *where, const char *what,
                                 struct json_object *object, struct text name)
{
    const char *nearest = nearest_member(patching, object, name);
    if (nearest != NULL) {
        faults_add(patching->faults, FAULT_IN_BODY, where, "not_found",
                   "points to %s, which does not exist; did you mean \"%s\"?", what, nearest);
    } else {
        faults_add(patching->faults, FAULT_IN_BODY, where, "not_found", "points to %s, which does not exist", what);
    }
    return STATUS_CONFLICT;
}

static enum status refuse_index(struct patching *patching, const char *where, const char *what, size_t length,
                                enum purpose purpose)
{
    if (purpose == TO_PUT) {
        faults_add(patching->faults, FAULT_IN_BODY, where, "index",
                   "points to %s; the place in that array must be 0 to %zu, or - for its end", what, length);
    } else if (length == 0) {
        faults_add(patching->faults, FAULT_IN_BODY, where, "index", "points to %s; that array is empty", what);
    } else {
        faults_add(patching->faults, FAULT_IN_BODY, where, "index",
                   "points to %s; the place in that array must be 0 to %zu", what, length - 1);
    }
    return STATUS_CONFLICT;
}

/* --- places --- */

/* The last place of an array is its length, where something may be put. */
static bool find_index(struct text token, size_t length, enum purpose purpose, size_t *index)
{
    if (purpose == TO_PUT && text_equal(token, TEXT("-"))) {
        *index = length;
        return true;
    }
    return json_pointer_index(token, index) && (*index < length || (purpose == TO_PUT && *index == length));
}

/* Finds where the path or from of the operation leads; member is which of the two. */
static enum status find_place(struct patching *patching, const char *member, enum purpose purpose, struct place *place)
{
    struct arena *arena = patching->faults->arena;
    const char *where = fault_pointer(arena, patching->operation->pointer, text_of(member));
    struct text pointer = member[0] == 'f' ? patching->operation->from : patching->operation->path;
    struct text rest = pointer;
    *place = (struct place){.value = patching->document};
    while (rest.length > 0) {
        struct json_object *parent = place->value;
        struct text before = rest;
        struct text token = json_pointer_next(&rest, arena);
        enum purpose here = rest.length > 0 ? TO_FIND : purpose;
        *place = (struct place){.parent = parent, .name = token.data};
        if (json_object_is_type(parent, json_type_object)) {
            if (!json_object_object_get_ex(parent, token.data, &place->value) && here == TO_FIND) {
                return refuse_member(patching, where, shown(patching, pointer, rest), parent, token);
            }
        } else if (json_object_is_type(parent, json_type_array)) {
            size_t length = json_object_array_length(parent);
            if (!find_index(token, length, here, &place->index)) {
                return refuse_index(patching, where, shown(patching, pointer, rest), length, here);
            }
            place->value = json_object_array_get_idx(parent, place->index);
        } else {
            faults_add(patching->faults, FAULT_IN_BODY, where, "not_found",
                       "leads into %s, which is neither an object nor an array", shown(patching, pointer, before));
            return STATUS_CONFLICT;
        }
    }
    return STATUS_OK;
}

static void set_document(struct patching *patching, struct json_object *value)
{
    (void)json_object_put(patching->document);
    patching->document = value;
}

/* Puts a value where TO_PUT found a place; the value is the document's, or released. */
static enum status put(struct patching *patching, const struct place *place, struct json_object *value)
{
    enum tree_excess excess = TREE_WITHIN;
    if (place->parent == NULL) {
        set_document(patching, value);
    } else if (json_object_is_type(place->parent, json_type_object)) {
        excess = tree_set_member(place->parent, place->name, value);
    } else {
        tree_insert(place->parent, place->index, value);
    }
    return excess == TREE_WITHIN ? STATUS_OK : refuse_excess(patching, excess);
}

/* Copies a value to where the path leads. */
static enum status put_copy(struct patching *patching, const struct place *place, struct json_object *value)
{
    struct text path = patching->operation->path;
    struct json_object *copy = NULL;
    enum tree_excess excess =
        tree_copy(value, json_pointer_depth(path), &patching->budget, patching->faults->arena, &copy);
    return excess == TREE_WITHIN ? put(patching, place, copy) : refuse_excess(patching, excess);
}

/* There is something, and it is not the whole document. */
static void take_away(const struct place *place)
{
    if (json_object_is_type(place->parent, json_type_object)) {
        json_object_object_del(place->parent, place->name);
    } else {
        tree_remove_element(place->parent, place->index);
    }
}

/* --- the operations --- */

static enum status apply_add(struct patching *patching)
{
    struct place place;
    enum status status = find_place(patching, "path", TO_PUT, &place);
    return status == STATUS_OK ? put_copy(patching, &place, patching->operation->value) : status;
}

static enum status apply_remove(struct patching *patching)
{
    struct place place;
    enum status status = find_place(patching, "path", TO_FIND, &place);
    if (status == STATUS_OK) {
        take_away(&place);
    }
    return status;
}

static enum status apply_replace(struct patching *patching)
{
    struct place place;
    enum status status = find_place(patching, "path", TO_FIND, &place);
    if (status == STATUS_OK && json_object_is_type(place.parent, json_type_array)) {
        /* Taken away first, so that it goes in where the old one was. */
        tree_remove_element(place.parent, place.index);
    }
    return status == STATUS_OK ? put_copy(patching, &place, patching->operation->value) : status;
}

static enum status apply_copy(struct patching *patching)
{
    struct place from;
    struct place place;
    enum status status = find_place(patching, "from", TO_FIND, &from);
    status = status == STATUS_OK ? find_place(patching, "path", TO_PUT, &place) : status;
    return status == STATUS_OK ? put_copy(patching, &place, from.value) : status;
}

/* Into itself it was refused already, so what is moved is not the whole document, or stays where it is. */
static enum status apply_move(struct patching *patching)
{
    const struct operation *operation = patching->operation;
    struct place place;
    enum status status = find_place(patching, "from", TO_FIND, &place);
    if (status != STATUS_OK || text_equal(operation->from, operation->path)) {
        return status;
    }
    enum tree_excess excess = tree_check_move(place.value, json_pointer_depth(operation->path), &patching->budget);
    if (excess != TREE_WITHIN) {
        return refuse_excess(patching, excess);
    }
    struct json_object *value = json_object_get(place.value);
    take_away(&place);
    status = find_place(patching, "path", TO_PUT, &place);
    if (status != STATUS_OK) {
        (void)json_object_put(value);
        return status;
    }
    return put(patching, &place, value);
}

static enum status apply_test(struct patching *patching)
{
    struct place place;
    bool equal = false;
    enum status status = find_place(patching, "path", TO_FIND, &place);
    if (status != STATUS_OK) {
        return status;
    }
    enum tree_excess excess = tree_equal(patching->operation->value, place.value, &patching->budget, &equal);
    if (excess != TREE_WITHIN) {
        return refuse_excess(patching, excess);
    }
    if (!equal) {
        faults_add(patching->faults, FAULT_IN_BODY, patching->operation->pointer, "test_failed",
                   "does not hold: the value at %s is another", shown(patching, patching->operation->path, TEXT("")));
        return STATUS_CONFLICT;
    }
    return STATUS_OK;
}

static enum status (*const appliers[OPERATION_KIND_COUNT])(struct patching *patching) = {
    [OPERATION_ADD] = apply_add,   [OPERATION_REMOVE] = apply_remove, [OPERATION_REPLACE] = apply_replace,
    [OPERATION_MOVE] = apply_move, [OPERATION_COPY] = apply_copy,     [OPERATION_TEST] = apply_test,
};

static enum status copy_document(struct patching *patching, struct json_object *target, const char *pointer)
{
    enum tree_excess excess = tree_copy(target, 0, &patching->budget, patching->faults->arena, &patching->document);
    tree_excess_fault(excess, pointer, patching->faults);
    return excess == TREE_WITHIN ? STATUS_OK : STATUS_INVALID;
}

enum status json_patch(struct json_object *target, struct json_object *patch, const char *pointer,
                       struct json_object **patched, struct faults *faults)
{
    struct patching patching = {.budget = {.values = JSON_VALUES_MAX, .bytes = JSON_PATCH_BYTES_MAX}, .faults = faults};
    struct operations operations = {.count = 0};
    enum status status = operations_read(patch, pointer, &operations, faults);
    status = status == STATUS_OK ? copy_document(&patching, target, pointer) : status;
    for (size_t i = 0; status == STATUS_OK && i < operations.count; i++) {
        patching.operation = &operations.item[i];
        status = appliers[patching.operation->kind](&patching);
    }
    if (status != STATUS_OK) {
        (void)json_object_put(patching.document);
        return status;
    }
    tree_keep(patching.document, faults->arena);
    *patched = patching.document;
    return STATUS_OK;
}
