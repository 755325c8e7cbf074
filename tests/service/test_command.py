"""The operator's command `wares`, on a database of its own in the Postgres of a stack."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import make_dsn

from stack import BUILD, Stack, environment

SECONDS = 120


class Command:
    """Runs `wares` with a database, and looks into it."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url

    def run(self, *words: object, **variables: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([BUILD / "wares", *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=SECONDS,
                              env=environment(**{"DATABASE_URL": self.database_url, **variables}))

    def succeed(self, *words: object, **variables: object) -> str:
        done = self.run(*words, **variables)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def fail(self, code: int, *words: object, **variables: object) -> str:
        """The one sentence that it ends with."""
        done = self.run(*words, **variables)
        assert done.returncode == code, done
        assert re.fullmatch(r"wares: [^\n]+\n", done.stderr), done.stderr
        return done.stderr

    def ask(self, sql: str) -> object:
        connection = psycopg2.connect(self.database_url)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchone()[0]
        finally:
            connection.close()


@pytest.fixture
def command(nginx_stack: Stack) -> Iterator[Command]:
    """With a new, empty database."""
    name = f"command_{os.urandom(4).hex()}"
    connection = nginx_stack.connect()
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield Command(make_dsn(nginx_stack.database_url, dbname=name))
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    connection.close()


@pytest.fixture
def idle() -> Command:
    """Without any database."""
    return Command("postgresql:///none?host=/nowhere")


def test_help_tells_commands_and_configuration(idle: Command) -> None:
    text = idle.succeed("--help")
    for word in ("migrate", "seed", "DATABASE_URL", "WARES_CURRENCY"):
        assert word in text
    assert idle.succeed("migrate", "--help").startswith("usage: wares migrate")
    assert idle.succeed("seed", "--help").startswith("usage: wares seed")
    assert re.fullmatch(r"wares \d+\.\d+\.\d+\n", idle.succeed("--version"))


@pytest.mark.parametrize(("words", "hint"), [
    ((), "which command"),
    (("sead",), "did you mean seed?"),
    (("--verson",), "did you mean --version?"),
    (("nothing-alike",), "there is no command nothing-alike"),
    (("migrate", "--dryrun"), "did you mean --dry-run?"),
    (("migrate", "--status", "--dry-run"), "two questions"),
    (("migrate", "--status=yes"), "--status takes no value"),
    (("migrate", "now"), "now is one word too many"),
    (("migrate", "--from"), "--from needs a value"),
    (("migrate", "-x"), "there is no option -x"),
    (("seed", "--products"), "--products needs a value"),
    (("seed", "--products", "-1"), "from 0 to 10000000"),
    (("seed", "--products", "1e3"), "from 0 to 10000000"),
    (("seed", "--categories", "0"), "from 1 to 660"),
    (("seed", "--seed", "x"), "from 0 to 999999"),
])
def test_misuse_is_one_sentence_with_a_hint(idle: Command, words: tuple[str, ...], hint: str) -> None:
    assert hint in idle.fail(2, *words)


def test_a_bad_configuration_is_named(idle: Command) -> None:
    assert "WARES_CURRENCY" in idle.fail(1, "migrate", WARES_CURRENCY="euro")


def test_a_database_that_is_away_is_told(idle: Command) -> None:
    for words in (("migrate",), ("migrate", "--status"), ("migrate", "--dry-run"), ("seed",)):
        assert "/nowhere" in idle.fail(1, *words)


def test_migrate_runs_what_is_pending_once(command: Command) -> None:
    assert re.fullmatch(r"(pending  -  +\d{4}_\w+\.sql\n)+", command.succeed("migrate", "--status"))
    assert command.succeed("migrate", "--dry-run").startswith("would run 0001_")
    assert command.ask("SELECT to_regclass('product')") is None
    ran = command.succeed("migrate")
    assert ran.startswith("running 0001_") and re.search(r"\n\d+ migrations? w(as|ere) run\n$", ran)
    assert command.succeed("migrate") == "nothing to run\n"
    assert command.succeed("migrate", "--dry-run") == "nothing to run\n"
    assert re.fullmatch(r"(applied  \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z  \d{4}_\w+\.sql\n)+",
                        command.succeed("migrate", "--status"))


def test_migrate_takes_files_from_a_folder(command: Command, tmp_path: Path) -> None:
    first, second = tmp_path / "0001_first.sql", tmp_path / "0002_second.sql"
    first.write_text("CREATE TABLE first (n int);\n")
    assert command.succeed("migrate", "--from", tmp_path) == "running 0001_first.sql\n1 migration was run\n"

    second.write_text("CREATE TABLE second (n int); COMMIT;\n")
    assert "0002_second.sql" in command.fail(1, "migrate", "--from", tmp_path)
    assert command.ask("SELECT to_regclass('second')") is None

    second.write_text("CREATE TABLE second (n int);\n")
    assert command.succeed("migrate", "--from", tmp_path).endswith("1 migration was run\n")

    first.write_text("CREATE TABLE first (n bigint);\n")
    for words in ((), ("--dry-run",), ("--status",)):
        assert "0001_first.sql has changed" in command.fail(1, "migrate", *words, "--from", tmp_path)

    first.write_text("CREATE TABLE first (n int);\n")
    second.unlink()
    assert "newer" in command.fail(1, "migrate", "--from", tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    assert "notes.txt" in command.fail(1, "migrate", "--from", tmp_path)
    assert "no-folder" in command.fail(1, "migrate", "--from", tmp_path / "no-folder")


def test_seed_wants_the_schema(command: Command) -> None:
    assert "run wares migrate" in command.fail(1, "seed")


def test_seed_adds_only_what_is_missing(command: Command) -> None:
    command.succeed("migrate")
    digest = "SELECT md5(string_agg(p::text, '' ORDER BY id)) FROM product p WHERE sku ~ '-000[0-4][0-9][0-9]$'"

    assert command.succeed("seed", "--products", 500).startswith("added 84 categories and 500 products in ")
    first = command.ask(digest)
    again = command.succeed("seed", "--products", 500)
    assert again.startswith("added 0 categories and 0 products in ")
    assert again.endswith("; 84 and 500 were there already\n")
    assert command.succeed("seed", "--products", 1234).startswith("added 0 categories and 734 products in ")
    assert command.ask(digest) == first
    assert command.succeed("seed", "--products", 10, "--seed", 7).startswith("added 84 categories and 10 products in ")
    assert command.ask("SELECT count(*) FROM product") == 1244
    assert command.succeed("seed", "--products", 0, "--categories", 660).startswith("added 576 categories and 0 ")


def test_seed_makes_the_same_everywhere(command: Command, nginx_stack: Stack) -> None:
    """The stack was seeded by run.sh, in another process and another database."""
    command.succeed("migrate")
    command.succeed("seed", "--products", 40)
    products = "SELECT string_agg(concat_ws('|', id, sku, name, price, category_id, attributes, created_at), e'\\n'" \
               " ORDER BY id) FROM product WHERE sku ~ '-0000[0-3][0-9]$'"
    assert command.ask(products) == Command(nginx_stack.database_url).ask(products)


def test_seeded_products_are_believable(command: Command) -> None:
    command.succeed("migrate")
    command.succeed("seed", "--products", 3000, WARES_CURRENCY="CHF")
    assert command.ask("SELECT count(DISTINCT name) FROM product") > 2500
    assert command.ask("SELECT count(DISTINCT category_id) FROM product") == 72
    assert command.ask("SELECT count(*) FROM product WHERE status = 'active'") > 2700
    assert command.ask("SELECT bool_and(currency = 'CHF' AND price BETWEEN 3 AND 700) FROM product")
    assert command.ask("SELECT bool_and(created_at < now() AND created_at = updated_at) FROM product")
    assert command.ask("SELECT bool_and(substr(id::text, 15, 1) = '7') FROM product")
    # Names and attributes belong to the category.
    assert command.ask("SELECT bool_and(p.name ~ 'g$' AND p.attributes::jsonb ? 'origin') FROM product p"
                       " JOIN category c ON c.id = p.category_id JOIN category d ON d.id = c.parent_id"
                       " WHERE d.name = 'Tea'")
    assert command.ask("SELECT max(depth) FROM (WITH RECURSIVE t AS (SELECT id, 1 AS depth FROM category"
                       " WHERE parent_id IS NULL UNION ALL SELECT c.id, depth + 1 FROM category c"
                       " JOIN t ON c.parent_id = t.id) SELECT depth FROM t) d") == 2
