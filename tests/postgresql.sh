#!/usr/bin/env bash
# A temporary PostgreSQL for the tests.
#
#   eval "$(bash tests/postgresql.sh start DIR)"   DIR: a new or empty folder
#   bash tests/postgresql.sh stop DIR              removes what it made in DIR
#
# It listens on a Unix socket inside DIR alone, and is made for speed, not for
# safety: what it holds is lost with the machine. PostgreSQL refuses to run as
# root, so then it runs as the user `postgres`, or `nobody`.
set -euo pipefail

SOCKET_PATH_LIMIT=90 # of 107 bytes, the rest is the socket's own name
PORT=5432            # only names the socket; other servers have other folders

fail() { echo "tests/postgresql.sh: $1" >&2; exit 1; }

binaries() { # the folder that has initdb: PATH first, then Debian's newest
  local folder
  if command -v initdb >/dev/null && command -v pg_ctl >/dev/null; then
    dirname "$(command -v pg_ctl)"
    return
  fi
  folder=$(find /usr/lib/postgresql /opt/homebrew/opt/postgresql* \
    -maxdepth 2 -type d -name bin 2>/dev/null | sort -V | tail -n 1)
  [ -x "$folder/initdb" ] || fail "no initdb: install PostgreSQL (Debian: apt-get install postgresql)"
  echo "$folder"
}

owner() { # who runs the server when this is root
  id -u postgres >/dev/null 2>&1 && echo postgres || echo nobody
}

as_owner() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid="$(owner)" --regid="$(id -g "$(owner)")" --clear-groups \
      env HOME="$folder" "$@"
  else
    "$@"
  fi
}

start() {
  [ ${#folder} -le $SOCKET_PATH_LIMIT ] || fail "$folder: too long a path for a socket"
  mkdir -p "$folder"
  [ ! -e "$folder/data" ] || fail "$folder/data is there already: stop it first"
  [ "$(id -u)" != 0 ] || chown "$(owner)" "$folder"
  chmod 700 "$folder"
  as_owner test -w "$folder" || fail "the user $(owner) cannot reach $folder"
  cd "$folder"
  as_owner "$bin/initdb" --pgdata="$folder/data" --username=postgres --auth=trust \
    --encoding=UTF8 --locale=C --no-sync >"$folder/initdb.log" ||
    fail "initdb failed: $(cat "$folder/initdb.log")"
  cat >>"$folder/data/postgresql.conf" <<SETTINGS
listen_addresses = ''
unix_socket_directories = '$folder'
port = $PORT
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 64MB
max_connections = 100
SETTINGS
  as_owner "$bin/pg_ctl" --pgdata="$folder/data" --log="$folder/server.log" \
    --wait start >/dev/null </dev/null 3>&- || fail "no start: $(tail "$folder/server.log")"
  echo "export BABELWIRE_TEST_POSTGRESQL='postgresql+psycopg://postgres@/postgres?host=$folder&port=$PORT'"
}

stop() {
  [ -d "$folder/data" ] || fail "$folder: no server was started there"
  cd "$folder"
  as_owner "$bin/pg_ctl" --pgdata="$folder/data" --mode=immediate --wait stop \
    >/dev/null || true
  rm -rf "$folder/data" "$folder/initdb.log" "$folder/server.log"
  cd / && rmdir "$folder" 2>/dev/null || true
}

[ $# = 2 ] || fail "expected: start DIR, or stop DIR"
case $2 in /*) folder=$2 ;; *) folder=$PWD/$2 ;; esac
bin=$(binaries)
case $1 in
  start) start ;;
  stop) stop ;;
  *) fail "found \"$1\", expected start or stop" ;;
esac
