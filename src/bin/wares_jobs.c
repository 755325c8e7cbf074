/* wares-jobs: the runner of background jobs. */
#include "jobs.h"

int main(int argc, char **argv)
{
    return jobs_main(argc, argv, job_kinds, job_kind_count);
}
