#!/bin/sh
# Checks and measures adlayer on the GPU of this machine and prints the whole table; builds nothing.
# Needs, built beforehand:  cargo build --release && cargo bench --no-run --bench gpu && cargo test --no-run
#   BIN      folder of the binaries        [target/release/deps]
#   TESTS    folder of the test binaries   [target/debug/deps]
#   DEVICE   auto, gpu or gpu:NAME         [gpu]
#   PEERS    folder of the peers' results  [none]: results.jsonl, one line each with peer, R, replica_steps_per_s
#   SECONDS_EACH, REPLICAS                 [4; 256,1024,4096,16384]
#   CHECKS   test binaries that are run first [twins physics]
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
bin=${BIN:-$here/target/release/deps}
tests=${TESTS:-$here/target/debug/deps}
device=${DEVICE:-gpu}
out=${OUT:-$here/target/gpu-bench}
export ADLAYER_SCENES="${ADLAYER_SCENES:-$here/scenes}" ADLAYER_PROJECT="$here"
export ADLAYER_REQUIRE_GPU=1 ADLAYER_TEST_BACKENDS=gpu
mkdir -p "$out"

# The newest executable of a target's name.
newest() {
    find "$1" -maxdepth 1 -type f -perm -u+x -name "$2-*" ! -name '*.*' -printf '%T@ %p\n' | sort -rn | head -n 1 | cut -d' ' -f2-
}

echo "== checks"
for name in ${CHECKS:-twins physics}; do
    binary=$(newest "$tests" "$name")
    if [ -z "$binary" ]; then
        echo "$name: not built"
        continue
    fi
    if (cd "$here" && "$binary") > "$out/$name.log" 2>&1; then
        echo "$name: $(grep -c '\.\.\. ok$' "$out/$name.log") passed"
    else
        echo "$name: FAILED, see $out/$name.log"
        grep '\.\.\. FAILED$' "$out/$name.log" || true
    fi
done

echo "== measurements"
bench=$(newest "$bin" gpu)
[ -n "$bench" ] || { echo "the bench is not built: cargo bench --no-run --bench gpu" >&2; exit 66; }
date -u +%Y-%m-%d
"$bench" --table --device "$device" --seconds "${SECONDS_EACH:-4}" --R "${REPLICAS:-256,1024,4096,16384}" \
    | tee "$out/adlayer.jsonl"

echo "== table (replica-steps/s; ratio = adlayer W1 / peer)"
cat "$out/adlayer.jsonl" ${PEERS:+"$PEERS/results.jsonl"} | awk '
    function field(name,   s) {
        s = $0
        if (!match(s, "\"" name "\": *(\"[^\"]*\"|[-+.eE0-9]+)")) return ""
        s = substr(s, RSTART, RLENGTH); sub("^\"" name "\": *", "", s); gsub("\"", "", s)
        return s
    }
    {
        rate = field("replica_steps_per_s"); peer = field("peer"); work = field("workload"); r = field("R")
        if (rate == "" || r == "") next
        if (work == "") work = "W1"
        if (peer == "adlayer" && work == "W1") ours[r] = rate
        if (field("cycle_over_md") != "")
            notes[++m] = sprintf("%s: the whole cycle runs at %.2f of the rate of its dynamics alone; %.0f bytes read back a cycle; host idle %.2f, device idle %s",
                work, field("cycle_over_md"), field("bytes_read_per_cycle"), field("host_idle"),
                field("device_idle") == "" ? "(no clock)" : sprintf("%.2f", field("device_idle")))
        n++; peers[n] = peer; works[n] = work; rs[n] = r; rates[n] = rate
    }
    END {
        printf "%-24s %-8s %8s %14s %8s\n", "program", "work", "R", "replica-steps/s", "ratio"
        for (k = 1; k <= n; k++) {
            ratio = (works[k] == "W1" && peers[k] != "adlayer" && (rs[k] in ours)) ? sprintf("%.2f", ours[rs[k]] / rates[k]) : ""
            printf "%-24s %-8s %8d %14.3e %8s\n", peers[k], works[k], rs[k], rates[k], ratio
        }
        for (k = 1; k <= m; k++) print notes[k]
    }'
