#!/usr/bin/env bash
# A temporary Elasticsearch for the tests: one node, or a cluster of several.
#
#   eval "$(bash tests/elasticsearch.sh start DIR [NODES])"   DIR: a new or empty folder
#   bash tests/elasticsearch.sh again DIR N                   starts node N once more
#   bash tests/elasticsearch.sh stop DIR                      removes what it made in DIR
#   bash tests/elasticsearch.sh java                          prints the Java it would use
#
# The server is the one that Elasticsearch's own integration tests use, from Maven
# Central: no bundled Java, no licence of its own needed. It listens on loopback alone,
# without passwords. It needs Java 21 or newer (ES_JAVA_HOME, JAVA_HOME, or one that is
# installed) and Maven. Elasticsearch refuses to run as root, so then it runs as the
# user `nobody`. DIR/node-N/pid tells each node's process.
set -euo pipefail

VERSION=9.2.4
ARTIFACT=org.elasticsearch.distribution.integ-test-zip:elasticsearch:$VERSION:zip
HEAP=${BABELWIRE_TEST_ELASTICSEARCH_HEAP:-1g}
START_SECONDS=180
NEWEST_JAVA_TOO_OLD=20

fail() { echo "tests/elasticsearch.sh: $1" >&2; exit 1; }

is_new_enough() { # a Java home
  local found
  [ -x "$1/bin/java" ] || return 1
  found=$("$1/bin/java" -version 2>&1 | sed -nE '1s/.*"([0-9]+).*/\1/p')
  [ "${found:-0}" -gt "$NEWEST_JAVA_TOO_OLD" ]
}

java_home() {
  local folder
  for folder in "${ES_JAVA_HOME:-}" "${JAVA_HOME:-}" \
    $(find /usr/lib/jvm /opt/homebrew/opt/openjdk*/libexec -mindepth 1 -maxdepth 1 \
      2>/dev/null | sort -rV); do
    if [ -n "$folder" ] && is_new_enough "$folder"; then
      echo "$folder"
      return
    fi
  done
  fail "no Java newer than $NEWEST_JAVA_TOO_OLD: set ES_JAVA_HOME"
}

as_owner() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups \
      env HOME="$folder" "$@"
  else
    "$@"
  fi
}

unpack() { # the server's files into DIR/server
  local archive
  command -v mvn >/dev/null || fail "no mvn: install Maven"
  {
    mvn -q -B dependency:get "-Dartifact=$ARTIFACT" -Dtransitive=false &&
      mvn -q -B dependency:copy "-Dartifact=$ARTIFACT" "-DoutputDirectory=$folder"
  } >"$folder/maven.log" 2>&1 ||
    fail "$ARTIFACT could not be fetched: $(tail "$folder/maven.log")"
  archive=$folder/elasticsearch-$VERSION.zip
  python3 - "$archive" "$folder" <<'PYTHON'
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    for member in archive.infolist():
        path = archive.extract(member, sys.argv[2])
        if member.external_attr >> 16:
            os.chmod(path, member.external_attr >> 16)
PYTHON
  rm "$archive"
  mv "$folder/elasticsearch-$VERSION" "$folder/server"
}

free_ports() { # as many as asked for
  python3 - "$1" <<'PYTHON'
import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(each.getsockname()[1] for each in held))
PYTHON
}

configure() { # node number, its HTTP and transport ports, all nodes, all transports
  local place=$folder/node-$1
  mkdir -p "$place/config" "$place/data" "$place/logs" "$place/tmp"
  cp -r "$folder/server/config/." "$place/config/"
  cat >"$place/config/elasticsearch.yml" <<SETTINGS
cluster.name: babelwire-test-$$
node.name: node-$1
path.data: $place/data
path.logs: $place/logs
network.host: 127.0.0.1
http.port: $2
transport.port: $3
xpack.security.enabled: false
cluster.routing.allocation.disk.threshold_enabled: false
$4
SETTINGS
  printf -- '-Xms%s\n-Xmx%s\n' "$HEAP" "$HEAP" >"$place/config/jvm.options.d/heap.options"
  echo "http://127.0.0.1:$2" >"$place/url"
}

launch() { # node number
  local place=$folder/node-$1
  rm -f "$place/pid"
  (cd "$place" && as_owner env ES_JAVA_HOME="$java" ES_PATH_CONF="$place/config" \
    ES_TMPDIR="$place/tmp" "$folder/server/bin/elasticsearch" -d -p "$place/pid" \
    >"$place/start.log" 2>&1 </dev/null 3>&-) ||
    fail "no start: $(tail -n 20 "$place/start.log")"
}

wait_for() { # a URL of a node, how many nodes
  local tries=0
  until curl -s -f "$1/_cluster/health?wait_for_nodes=$2&timeout=1s" >/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt $START_SECONDS ] || fail "$1 did not come up; see $folder/node-*/logs"
    sleep 1
  done
}

start() {
  local nodes=$1 ports discovery seeds names number urls
  mkdir -p "$folder"
  [ ! -e "$folder/server" ] || fail "$folder is in use already: stop it first"
  java=$(java_home)
  unpack
  ports=($(free_ports $((nodes * 2))))
  seeds=$(printf '127.0.0.1:%s, ' "${ports[@]:nodes}")
  names=$(seq -s ', ' -f 'node-%g' "$nodes")
  discovery="discovery.seed_hosts: [${seeds%, }]
cluster.initial_master_nodes: [$names]"
  [ "$nodes" -gt 1 ] || discovery='discovery.type: single-node'
  for number in $(seq "$nodes"); do
    configure "$number" "${ports[number - 1]}" "${ports[nodes + number - 1]}" "$discovery"
  done
  [ "$(id -u)" != 0 ] || chown -R nobody "$folder"
  chmod 711 "$folder"
  as_owner test -w "$folder/node-1" || fail "the user nobody cannot reach $folder"
  for number in $(seq "$nodes"); do launch "$number"; done
  urls=$(cat "$folder"/node-*/url | paste -s -d ,)
  wait_for "$(cat "$folder/node-1/url")" "$nodes"
  echo "export BABELWIRE_TEST_ELASTICSEARCH='$urls'"
}

again() { # node number
  java=$(java_home)
  launch "$1"
  wait_for "$(cat "$folder/node-$1/url")" ">=1"
}

stop() {
  local pid
  for pid in "$folder"/node-*/pid; do
    [ ! -f "$pid" ] || kill -KILL "$(cat "$pid")" 2>/dev/null || true
  done
  rm -rf "$folder/server" "$folder"/node-* "$folder/maven.log"
  rmdir "$folder" 2>/dev/null || true
}

if [ "${1:-}" = java ]; then
  java_home
  exit
fi
[ $# -ge 2 ] || fail "expected: start DIR [NODES], again DIR N, stop DIR, or java"
case $2 in /*) folder=$2 ;; *) folder=$PWD/$2 ;; esac
case $1 in
  start) start "${3:-1}" ;;
  again) again "${3:?expected the number of a node}" ;;
  stop) stop ;;
  *) fail "found \"$1\", expected start, again or stop" ;;
esac
