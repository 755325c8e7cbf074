/* wares: the operator's command. Finds the command that is named and hands over to it. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {&command_export, &command_import, &command_jobs, &command_migrate,
                                                 &command_seed};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_help(void)
{
    (void)puts("usage: wares COMMAND [OPTION...]\n"
               "       wares --help | --version\n"
               "\n"
               "Commands; wares COMMAND --help tells more:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        (void)printf("  %-10s %s\n", commands[i]->name, commands[i]->prose);
    }
    (void)puts("\nConfiguration, from the environment:\n");
    config_print_help(stdout);
}

static int unknown_command(const char *name)
{
    const char *names[COMMAND_COUNT + 2] = {"--help", "--version"};
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i + 2] = commands[i]->name;
    }
    const char *nearest = text_nearest(text_of(name), names, COMMAND_COUNT + 2);
    const char *kind = name[0] == '-' ? "option" : "command";
    if (nearest != NULL) {
        return command_misuse("", "there is no %s %s, did you mean %s?", kind, name, nearest);
    }
    return command_misuse("", "there is no %s %s", kind, name);
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        return command_misuse("", "which command?");
    }
    if (strcmp(argv[1], "--help") == 0) {
        print_help();
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)puts("wares " WARES_VERSION);
        return 0;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i]->name) == 0) {
            return commands[i]->run(argc - 1, argv + 1);
        }
    }
    return unknown_command(argv[1]);
}

int main(int argc, char **argv)
{
    const int code = run(argc, argv);
    const bool told = fflush(stdout) == 0 && ferror(stdout) == 0;

    /* What was asked for and could not be said is no success. */
    return told || code != 0 ? code : command_fail("the answer cannot be written: %s", strerror(errno));
}
