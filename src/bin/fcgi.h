/* The parts of wares.fcgi. */
#ifndef BIN_FCGI_H
#define BIN_FCGI_H

#include "program.h"

#include "base/config.h"

#define FCGI_PROGRAM "wares.fcgi"
#define FCGI_LISTEN_FD 0 /* as FastCGI has it (FastCGI specification, section 2.2) */

/* Says why the program cannot start. Under a spawner standard error leads nowhere, so the system log gets it too. */
void fcgi_complain(const char *sentence);

/* Migrates before the first request, where Postgres answers. Where it does not, or the schema is refused, the start goes
 * on: the same is tried on every new connection. */
void fcgi_migrate_at_start(const struct config *config);

/* Builds the layers below, serves, and takes them down again. ready_fd as in struct worker_options. Returns the exit
 * status. */
int fcgi_run_worker(const struct config *config, int ready_fd);

#endif
