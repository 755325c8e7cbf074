/* Tests of base/memory.h. */
#include "base/memory.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* AddressSanitizer would otherwise end the process itself where an allocation fails. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void new_memory_is_zeroed(void **state)
{
    (void)state;
    unsigned char *block = memory_new(100, 10);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(block[i], 0);
    }
    free(block);
}

static void resizing_keeps_what_was_there(void **state)
{
    (void)state;
    char *block = memory_resize(NULL, 4);
    memcpy(block, "abc", 4);
    block = memory_resize(block, 100000);
    assert_string_equal(block, "abc");
    free(block);
}

static void ask_for_too_many(void)
{
    volatile size_t count = SIZE_MAX / 2;
    free(memory_new(count, 4));
}

static void ask_for_too_much(void)
{
    volatile size_t size = PTRDIFF_MAX;
    free(memory_resize(NULL, size));
}

/* Runs it in a child, which must abort with one line that says why. */
static void assert_aborts(void (*run)(void))
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        run();
        _exit(0);
    }
    close(ends[1]);
    char said[8192] = {0};
    size_t length = 0;
    ssize_t count;
    while ((count = read(ends[0], said + length, sizeof said - 1 - length)) > 0) {
        length += (size_t)count;
    }
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(said, " error wares["));
    assert_non_null(strstr(said, "out of memory"));
}

static void exhaustion_aborts_with_a_line(void **state)
{
    (void)state;
    assert_aborts(ask_for_too_many);
    assert_aborts(ask_for_too_much);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_memory_is_zeroed),
        cmocka_unit_test(resizing_keeps_what_was_there),
        cmocka_unit_test(exhaustion_aborts_with_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
