# shellcheck shell=bash
# What run.sh tells its user. A reader that went away (run.sh | head) must not end the run, so nothing here fails.

say() {
    printf '%s\n' "$*" 2>/dev/null || :
}

# Ends the run with one sentence; what was started is stopped on the way out.
fail() {
    printf 'run.sh: %s\n' "$*" >&2 2>/dev/null || :
    exit 1
}

# The last line of a log that says something, for the sentence of a failure.
last_words() {
    local words=""
    [[ ! -r $1 ]] || words=$(grep -av '^[[:space:]]*$' "$1" | tail -n 1) || :
    printf '%s' "${words:-it left no word in $1}"
}
