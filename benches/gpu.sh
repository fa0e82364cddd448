#!/bin/sh
# One visit to a GPU: what adlayer does there, and whether it is right.
#
#   benches/gpu.sh pack [FILE]   builds the kit: one archive (at most 20 MB) of stripped binaries, scenes and test data that
#                                needs nothing but a Vulkan loader and driver   [target/adlayer-gpu-kit.tar.xz]
#   gpu.sh [run]                 in the unpacked kit: measures first, checks afterwards, at most 9 minutes
#   gpu.sh quick                 the same in at most 3 minutes
#
#   DEVICE    gpu or gpu:NAME                           [gpu]
#   OUT       folder for logs and results               [gpu-bench]
#   PEERS     peers' results.jsonl, one line each with peer, R, replica_steps_per_s
#   TRY       settings tried in place, each NAME=VALUE   [see below]
#   MINUTES   limit of the whole                        [9; 3]
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)

pack() {
    project=$(dirname "$here")
    cd "$project"
    archive=${1:-target/adlayer-gpu-kit.tar.xz}
    kit=$(mktemp -d)
    trap 'rm -rf "$kit"' EXIT
    mkdir -p "$kit/adlayer-gpu-kit/bin" "$kit/adlayer-gpu-kit/tests"
    # Every executable of a build, by the name of its target.
    built() {
        "$@" --message-format=json | sed -n 's/.*"name":"\([a-z]*\)".*"executable":"\([^"]*\)".*/\1 \2/p' |
            while read -r name file; do
                strip -o "$kit/adlayer-gpu-kit/bin/$name" "$file"
            done
    }
    built cargo build --release --bin adlayer
    built cargo bench --no-run --bench gpu
    built cargo test --no-run --test twins --test physics
    cp -r scenes shaders src "$kit/adlayer-gpu-kit/"
    cp -r tests/data "$kit/adlayer-gpu-kit/tests/"
    cp "$0" "$kit/adlayer-gpu-kit/gpu.sh"
    mkdir -p "$(dirname "$archive")"
    tar -C "$kit" -cJf "$archive" adlayer-gpu-kit
    size=$(wc -c < "$archive")
    echo "$archive: $size bytes"
    [ "$size" -le 20000000 ] || { echo "more than 20 MB" >&2; exit 1; }
}

case ${1:-run} in
    pack) shift; pack "$@"; exit ;;
    run) minutes=${MINUTES:-9} each=2 replicas=256,1024,4096,16384 ;;
    quick) minutes=${MINUTES:-3} each=1.5 replicas=1024,4096 ;;
    *) echo "gpu.sh pack | run | quick, not \`$1\`" >&2; exit 2 ;;
esac

end=$(( $(date +%s) + minutes * 60 ))
bin=$here/bin
device=${DEVICE:-gpu}
out=${OUT:-$PWD/gpu-bench}
export ADLAYER_SCENES="$here/scenes" ADLAYER_PROJECT="$here" ADLAYER_REQUIRE_GPU=1 ADLAYER_TEST_BACKENDS=gpu
mkdir -p "$out"
: > "$out/adlayer.jsonl"

# Runs a command for at most so many seconds, and no longer than the visit lasts.
limited() {
    seconds=$1; shift
    left=$(( end - $(date +%s) ))
    [ "$left" -ge 5 ] || { echo "no time left for: $*" >&2; return 124; }
    [ "$seconds" -le "$left" ] || seconds=$left
    timeout -k 5 "$seconds" "$@"
}

echo "== $(date -u +%Y-%m-%d), $(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null || echo 'no nvidia-smi')"
limited 30 "$bin/adlayer" doctor || { echo "no GPU: see above" >&2; exit 69; }

echo "== measurements (replica-steps/s)"
limited $(( minutes * 25 )) "$bin/gpu" --table --device "$device" --seconds "$each" --R "$replicas" \
    2> "$out/measurements.log" | tee -a "$out/adlayer.jsonl" || { echo "the measurements ended early:"; tail -n 5 "$out/measurements.log"; }

echo "== settings, tried with W1 and the default scene"
for setting in ${TRY-ADLAYER_GPU_LISTS_FROM=1 ADLAYER_GPU_LISTS_FROM=1000 ADLAYER_GPU_SLAB=all ADLAYER_GPU_WORKGROUP=32 ADLAYER_GPU_WORKGROUP=64 ADLAYER_GPU_WORKGROUP=128}; do
    for only in W1 default; do
        limited 20 env "$setting" "$bin/gpu" --table --device "$device" --seconds "$each" --R 4096 --only "$only" 2>> "$out/measurements.log" |
            sed "s/\"workload\":\"/&$setting /" | tee -a "$out/settings.jsonl" || echo "$setting, $only: failed"
    done
done

echo "== checks"
limited $(( minutes * 10 )) "$bin/adlayer" verify --quick --device "$device" > "$out/verify.log" 2>&1 && echo "verify: passed" ||
    { echo "verify: FAILED or not finished"; tail -n 5 "$out/verify.log"; }
for name in twins physics; do
    limited $(( minutes * 15 )) "$bin/$name" > "$out/$name.log" 2>&1 && state=passed || state="FAILED or not finished"
    echo "$name: $state, $(grep -c '\.\.\. ok$' "$out/$name.log") bodies passed"
    grep '\.\.\. FAILED$' "$out/$name.log" || true
done

echo "== table"
cat "$out/adlayer.jsonl" ${PEERS:+"$PEERS"} | awk '
    function field(name,   s) {
        s = $0
        if (!match(s, "\"" name "\": *(\"[^\"]*\"|[-+.eE0-9]+)")) return ""
        s = substr(s, RSTART, RLENGTH); sub("^\"" name "\": *", "", s); gsub("\"", "", s)
        return s
    }
    function number(name, format,   s) { s = field(name); return s == "" ? "–" : sprintf(format, s) }
    {
        rate = field("replica_steps_per_s"); peer = field("peer"); work = field("workload"); r = field("R")
        if (rate == "" || r == "") next
        if (work == "") work = "W1"
        if (peer == "adlayer" && work == "W1") ours[r] = rate
        n++; peers[n] = peer; works[n] = work; rs[n] = r; rates[n] = rate
        rest[n] = sprintf("%s | %s | %s | %s | %s | %s", number("attempts_per_s", "%.3g"), number("cycle_over_md", "%.2f"),
            number("ms_per_cycle", "%.2f"), number("host_idle", "%.2f"), number("device_idle", "%.2f"),
            number("nanojoules_per_replica_step", "%.0f"))
    }
    END {
        print "| program | work | replicas | replica-steps/s | adlayer / it | attempts/s | cycle / dynamics | ms a cycle | host idle | device idle | nJ a replica-step |"
        print "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
        for (k = 1; k <= n; k++) {
            ratio = (works[k] == "W1" && peers[k] != "adlayer" && (rs[k] in ours)) ? sprintf("%.2f", ours[rs[k]] / rates[k]) : ""
            printf "| %s | %s | %d | %.3g | %s | %s |\n", peers[k], works[k], rs[k], rates[k], ratio, rest[k]
        }
    }' | tee "$out/table.md"
